/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Syslog over TCP. Plain TCP has no answer of the receiver: bytes that its kernel has acknowledged may still die with the
 * process, and only a reset within the time that is waited tells. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "report/output.h"
#include "report/socket.h"

enum { SETTLE_MS = 2000, USER_TIMEOUT_MS = 30000, DRAIN_BYTES = 4096, DRAINS = 4 };

static int open_tcp(struct output *o)
{
	struct sockaddr_storage to;
	socklen_t len = socket_address(o, &to);
	int on = 1;
	unsigned timeout_ms = USER_TIMEOUT_MS; /* a peer that acknowledges nothing is gone */
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
	int r = connect(fd, (const struct sockaddr *)&to, len) < 0 ? -errno : 0;
	if (r < 0 && r != -EINPROGRESS) {
		close(fd);
		return r;
	}
	o->fd = fd;
	return r;
}

/* What a receiver of syslog says is nothing to us; that it ends is. */
static int check_tcp(struct output *o, uint64_t *ret_unread)
{
	uint8_t drain[DRAIN_BYTES];
	int r = socket_check(o, ret_unread);
	for (unsigned i = 0; i < DRAINS && r == 0; i++) {
		ssize_t n = recv(o->fd, drain, sizeof drain, MSG_DONTWAIT);
		if (n == 0)
			return -ECONNRESET;
		if (n < 0)
			return errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
	}
	return r;
}

const struct transport by_tcp = {
	.open = open_tcp, .send = socket_send, .check = check_tcp, .settle_ms = SETTLE_MS, .replays = true
};
