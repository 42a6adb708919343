/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

bool control_request_sound(const struct control_request *q)
{
	return q->magic == CONTROL_MAGIC && q->verb >= CONTROL_STATUS && q->verb < CONTROL_VERBS &&
	       (q->flags & ~(uint32_t)(CONTROL_JSON | CONTROL_COLOUR)) == 0 && q->zero == 0;
}

bool control_changes(uint32_t verb)
{
	return verb >= CONTROL_UNBLOCK;
}

const char *control_folder(const char *variable, const char *otherwise, char *ret, size_t bytes)
{
	const char *told = getenv(variable);
	if (told == NULL || *told != '/')
		told = otherwise;
	snprintf(ret, bytes, "%.*s", (int)strcspn(told, ":"), told); /* systemd separates several by colons */
	return ret;
}

int control_connect(const char *folder)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	char own[sizeof to.sun_path];
	if (folder == NULL)
		folder = control_folder("RUNTIME_DIRECTORY", "/run/keyfence", own, sizeof own);
	if (snprintf(to.sun_path, sizeof to.sun_path, "%s/control.sock", folder) >= (int)sizeof to.sun_path)
		return -ENAMETOOLONG;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&to, sizeof to) < 0) {
		int error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

static int64_t clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Exactly n bytes by then. 0 or -errno; -EPROTO: the answer ends before. */
static int receive(int fd, void *to, size_t n, int64_t until_ms)
{
	for (size_t got = 0; got < n;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = until_ms - clock_ms();
		int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
		if (ready == 0)
			return -ETIMEDOUT;
		if (ready < 0 && errno != EINTR)
			return -errno;
		ssize_t r = recv(fd, (char *)to + got, n - got, MSG_DONTWAIT);
		if (r == 0)
			return -EPROTO;
		if (r < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		got += r > 0 ? (size_t)r : 0;
	}
	return 0;
}

int control_ask(int fd, const struct control_request *q, int timeout_ms, struct control_head *ret,
		char **ret_text)
{
	int64_t until = clock_ms() + timeout_ms;
	struct control_head head;
	if (send(fd, q, sizeof *q, MSG_NOSIGNAL) != (ssize_t)sizeof *q)
		return errno != 0 ? -errno : -EPROTO;
	int r = receive(fd, &head, sizeof head, until);
	if (r == 0 && (head.magic != CONTROL_MAGIC || head.bytes > CONTROL_BYTES_MOST))
		r = -EPROTO;
	char *text = r == 0 ? calloc(1, (size_t)head.bytes + 1) : NULL;
	if (r == 0 && text == NULL)
		r = -ENOMEM;
	if (r == 0)
		r = receive(fd, text, head.bytes, until);
	if (r < 0) {
		free(text);
		return r;
	}
	*ret = head;
	*ret_text = text;
	return 0;
}
