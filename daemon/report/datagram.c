/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Datagrams to a socket of this host (syslog, journald) and over UDP. The library calls for both block when the receiver
 * does not read; these do not. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "report/output.h"
#include "report/socket.h"

enum {
	SEND_ROOM_BYTES = 1 << 20,
	UDP_SETTLE_MS = 1000,
	UDP_AT_ONCE = 16 /* of 2 KiB, by 4 KiB each: a third of the usual buffer */
};

/* ---- to a path ---- */

static int connect_path(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int room = SEND_ROOM_BYTES, fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	memcpy(to.sun_path, path, strnlen(path, sizeof to.sun_path - 1));
	if (connect(fd, (const struct sockaddr *)&to, sizeof to) < 0) {
		int error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

/* Which socket stands at the path: each bind makes a file of its own. */
static int identify(const char *path, uint64_t ret[3])
{
	struct stat st;
	if (stat(path, &st) < 0)
		return -errno;
	ret[0] = (uint64_t)st.st_dev;
	ret[1] = (uint64_t)st.st_ino;
	ret[2] = (uint64_t)st.st_ctim.tv_sec * 1000000000u + (uint64_t)st.st_ctim.tv_nsec;
	return 0;
}

static int open_unix(struct output *o)
{
	int r = identify(o->target, o->peer);
	int fd = r == 0 ? connect_path(o->target) : r;
	if (fd < 0)
		return fd;
	o->fd = fd;
	return 0;
}

int socket_send(struct output *o)
{
	ssize_t n;
	do
		n = send(o->fd, o->frame + o->frame_sent, o->frame_bytes - o->frame_sent,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EWOULDBLOCK || errno == ENOBUFS ? -EAGAIN : -errno;
	o->frame_sent += (size_t)n;
	return o->frame_sent == o->frame_bytes ? 0 : -EAGAIN;
}

int socket_check(struct output *o, uint64_t *ret_unread)
{
	int error = 0, unread = 0;
	socklen_t len = sizeof error;
	if (getsockopt(o->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || ioctl(o->fd, SIOCOUTQ, &unread) < 0)
		return -errno;
	*ret_unread = (uint64_t)unread;
	return -error;
}

/* What the receiver has not read is charged to us (unread > 0), unless it died: then it is gone. So the socket that they
 * went to must live still: it answers, and the file at the path is the same. */
static int confirm_unix(struct output *o)
{
	uint64_t now[3];
	int r = identify(o->target, now), probe;
	if (r < 0)
		return r;
	if (memcmp(now, o->peer, sizeof now) != 0)
		return -ECONNRESET;
	probe = connect_path(o->target);
	if (probe < 0)
		return probe;
	close(probe);
	return 0;
}

/* The kernel charges more than the bytes of a datagram: only an empty queue tells that all was read. */
static int check_unix(struct output *o, uint64_t *ret_unread)
{
	int r = socket_check(o, ret_unread);
	if (r == 0 && *ret_unread > 0)
		*ret_unread += o->written;
	return r;
}

const struct transport by_unix = {
	.open = open_unix, .send = socket_send, .check = check_unix, .confirm = confirm_unix
};

/* ---- over UDP ---- */

socklen_t socket_address(const struct output *o, struct sockaddr_storage *ret)
{
	struct sockaddr_in *four = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
	memset(ret, 0, sizeof *ret);
	if (address_is_v4(&o->host)) {
		four->sin_family = AF_INET;
		four->sin_port = htons(o->port);
		memcpy(&four->sin_addr, o->host.bytes + 12, 4);
		return sizeof *four;
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(o->port);
	memcpy(&six->sin6_addr, o->host.bytes, 16);
	return sizeof *six;
}

static int open_udp(struct output *o)
{
	struct sockaddr_storage to;
	socklen_t len = socket_address(o, &to);
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&to, len) < 0) {
		int error = -errno;
		close(fd);
		return error;
	}
	o->fd = fd;
	return 0;
}

const struct transport by_udp = { .open = open_udp,
				  .send = socket_send,
				  .check = socket_check,
				  .settle_ms = UDP_SETTLE_MS,
				  .paced = UDP_AT_ONCE,
				  .probes = true };
