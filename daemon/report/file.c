/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of JSON to a file, or to standard output. A line that was torn (by a crash, a full disk) is ended before the next
 * one begins, so that it costs only itself; the event is written again whole. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/output.h"

enum { SETTLE_MS = 100, MODE = 0640 };

static int end_torn_line(int fd)
{
	struct stat st;
	char last;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	if (pread(fd, &last, 1, st.st_size - 1) == 1 && last == '\n')
		return 0;
	return write(fd, "\n", 1) == 1 ? 0 : errno != 0 ? -errno : -EIO;
}

static int open_file(struct output *o)
{
	int fd = open(o->target, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, MODE);
	if (fd < 0)
		return -errno;
	int r = end_torn_line(fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	o->fd = fd;
	return 0;
}

static int send_file(struct output *o)
{
	while (o->frame_sent < o->frame_bytes) {
		ssize_t n = write(o->fd, o->frame + o->frame_sent, o->frame_bytes - o->frame_sent);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EWOULDBLOCK ? -EAGAIN : -errno;
		o->frame_sent += (size_t)n;
	}
	return 0;
}

static int check_file(struct output *o, uint64_t *ret_unread)
{
	(void)o;
	*ret_unread = 0;
	return 0;
}

static int confirm_file(struct output *o)
{
	if (fdatasync(o->fd) < 0 && errno != EINVAL &&
	    errno != EROFS) /* of a pipe there is nothing to sync */
		return -errno;
	return 0;
}

const struct transport by_file = { .open = open_file,
				   .send = send_file,
				   .check = check_file,
				   .confirm = confirm_file,
				   .settle_ms = SETTLE_MS,
				   .is_file = true };

/* ---- standard output: shared with others, so its flags are not ours to change ---- */

static int open_stdout(struct output *o)
{
	o->fd = STDOUT_FILENO;
	o->frame_bytes = o->frame_sent = 0;
	if (o->confirmed > 0) {
		o->frame[0] = '\n';
		o->frame_bytes = 1;
	}
	return 0;
}

/* A pipe that can be written to takes PIPE_BUF bytes without waiting (pipe(7)). */
static int send_stdout(struct output *o)
{
	while (o->frame_sent < o->frame_bytes) {
		struct pollfd p = { .fd = o->fd, .events = POLLOUT };
		size_t left = o->frame_bytes - o->frame_sent;
		if (poll(&p, 1, 0) <= 0)
			return -EAGAIN;
		ssize_t n = write(o->fd, o->frame + o->frame_sent, left < PIPE_BUF ? left : PIPE_BUF);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EWOULDBLOCK ? -EAGAIN : -errno;
		o->frame_sent += (size_t)n;
	}
	return 0;
}

const struct transport by_stdout = { .open = open_stdout, .send = send_stdout, .check = check_file };

const struct transport *transport_of(const struct book_output *row)
{
	if (row->kind == OUTPUT_JSON_FILE)
		return &by_file;
	if (row->kind == OUTPUT_STDOUT)
		return &by_stdout;
	if (row->kind == OUTPUT_JOURNAL || (row->kind == OUTPUT_SYSLOG && row->transport == TRANSPORT_UNIX))
		return &by_unix;
	if (row->kind != OUTPUT_SYSLOG)
		return NULL;
	return row->transport == TRANSPORT_UDP ? &by_udp : row->transport == TRANSPORT_TCP ? &by_tcp : NULL;
}
