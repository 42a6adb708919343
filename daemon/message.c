/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* the seals of a memfd */
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_BYTES = offsetof(struct message, body), PASSED_MOST = 4, CHARGED_TIMES = 3 };
static const uint64_t BOOK_BYTES_MOST = 2ull << 30; /* prepare may have no more memory than that */

/* ---- the table: who may say what to whom ---- */

#define FROM(process) (1u << (process))
enum {
	SUPERVISOR = FROM(PROCESS_SUPERVISOR),
	INSPECT = FROM(PROCESS_INSPECT),
	REPORT = FROM(PROCESS_REPORT),
	ENFORCE = FROM(PROCESS_ENFORCE),
};
static const struct row {
	uint16_t bytes;
	uint8_t from, to; /* sets of processes */
	uint8_t passes;   /* a descriptor comes with it */
} rows[VERBS] = {
	[VERB_BOOK] = { sizeof(struct message_book), SUPERVISOR, INSPECT | REPORT | ENFORCE, 1 },
	[VERB_LINK] = { sizeof(struct message_link), SUPERVISOR, INSPECT | REPORT | ENFORCE, 1 },
	[VERB_STOP] = { 0, SUPERVISOR, INSPECT | REPORT | ENFORCE, 0 },
	[VERB_PAUSE] = { 0, SUPERVISOR, INSPECT | REPORT | ENFORCE, 0 },
	[VERB_RESUME] = { 0, SUPERVISOR, INSPECT | REPORT | ENFORCE, 0 },
	[VERB_READY] = { sizeof(struct message_ready), INSPECT | REPORT | ENFORCE, SUPERVISOR, 0 },
	[VERB_GONE] = { sizeof(struct message_gone), INSPECT, SUPERVISOR, 0 },
	[VERB_FACT] = { sizeof(struct flow_fact), INSPECT, REPORT, 0 },
	[VERB_COUNTERS] = { sizeof(struct message_counters), INSPECT, REPORT, 0 },
	[VERB_BLOCK] = { sizeof(struct message_block), INSPECT, ENFORCE, 0 },
	[VERB_BLOCKED] = { sizeof(struct message_blocked), ENFORCE, REPORT, 0 },
	[VERB_UNBLOCK] = { sizeof(struct message_unblock), REPORT, ENFORCE, 0 },
	[VERB_ASK] = { sizeof(struct message_ask), REPORT, SUPERVISOR, 0 },
	[VERB_SAY] = { sizeof(struct message_say), SUPERVISOR, REPORT, 0 },
	[VERB_RESTARTED] = { sizeof(struct message_restarted), SUPERVISOR, REPORT, 0 },
	[VERB_LOADED] = { sizeof(struct message_loaded), SUPERVISOR, REPORT, 0 },
	[VERB_BROKEN] = { sizeof(struct message_broken), REPORT | ENFORCE, SUPERVISOR, 0 },
};

size_t message_bytes(enum verb verb)
{
	return (unsigned)verb < VERBS ? rows[verb].bytes : 0;
}

bool message_allowed(enum process from, enum process to, enum verb verb)
{
	if ((unsigned)verb >= VERBS || (unsigned)from >= PROCESSES || (unsigned)to >= PROCESSES)
		return false;
	return rows[verb].from & FROM(from) && rows[verb].to & FROM(to);
}

/* ---- sending ---- */

union passing {
	struct cmsghdr header;
	uint8_t bytes[CMSG_SPACE(sizeof(int) * PASSED_MOST)];
};

static void attach(struct msghdr *h, union passing *control, int pass)
{
	memset(control, 0, sizeof *control);
	h->msg_control = control;
	h->msg_controllen = CMSG_SPACE(sizeof pass);
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof pass);
	memcpy(CMSG_DATA(c), &pass, sizeof pass);
}

static int send_error(int error)
{
	switch (error) {
	case EWOULDBLOCK:
	case ENOBUFS: return -EAGAIN;
	case ECONNRESET:
	case ENOTCONN:
	case ECONNREFUSED: return -EPIPE;
	default: return -error;
	}
}

int message_send(int link, enum verb verb, const void *body, int pass)
{
	if ((unsigned)verb >= VERBS || rows[verb].from == 0 || (pass >= 0) != rows[verb].passes)
		return -EINVAL;
	uint32_t head[2] = { verb, rows[verb].bytes };
	struct iovec parts[2] = { { head, sizeof head }, { (void *)(uintptr_t)body, rows[verb].bytes } };
	struct msghdr h = { .msg_iov = parts, .msg_iovlen = rows[verb].bytes > 0 ? 2 : 1 };
	union passing control;
	if (pass >= 0)
		attach(&h, &control, pass);
	ssize_t n;
	do
		n = sendmsg(link, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? send_error(errno) : 0;
}

/* ---- receiving ---- */

struct passed {
	int fd[PASSED_MOST];
	size_t count;
};

static void take_passed(struct msghdr *h, struct passed *ret)
{
	ret->count = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || c->cmsg_len < CMSG_LEN(0))
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n && ret->count < PASSED_MOST; i++)
			memcpy(&ret->fd[ret->count++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
	}
}

static void close_passed(const struct passed *p)
{
	for (size_t i = 0; i < p->count; i++)
		close(p->fd[i]);
}

/* The verb's own checks are the receiver's; here stands what every message must be. */
static bool is_sound(const struct message *m, size_t n, int flags, const struct passed *p, enum process from,
		     enum process to)
{
	if (flags & (MSG_TRUNC | MSG_CTRUNC) || n < HEADER_BYTES)
		return false;
	if (!message_allowed(from, to, m->verb))
		return false;
	const struct row *r = &rows[m->verb];
	return m->bytes == r->bytes && n == HEADER_BYTES + (size_t)r->bytes && p->count == r->passes;
}

int message_receive(int link, enum process from, enum process to, struct message *ret, int *ret_passed)
{
	union passing control;
	struct passed passed;
	struct iovec part = { ret, sizeof *ret };
	struct msghdr h = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	ssize_t n;
	*ret_passed = -1;
	do
		n = recvmsg(link, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return send_error(errno);
	take_passed(&h, &passed);
	if (n == 0 && passed.count == 0 && !(h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return -EPIPE; /* no message of ours is empty; the kernel echoes MSG_CMSG_CLOEXEC among the flags */
	if (!is_sound(ret, (size_t)n, h.msg_flags & (MSG_TRUNC | MSG_CTRUNC), &passed, from, to)) {
		close_passed(&passed);
		return -EPROTO;
	}
	if (passed.count == 1)
		*ret_passed = passed.fd[0];
	return 0;
}

/* ---- pairs ---- */

/* What the kernel charges for a message goes beyond its bytes: the block that holds it is a power of two. */
static int make_room(int fd, size_t room)
{
	int cost = (int)(room * sizeof(struct message) * CHARGED_TIMES), has = 0;
	socklen_t len = sizeof has;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &cost, sizeof cost) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &cost, sizeof cost); /* up to net.core.wmem_max */
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &has, &len) < 0)
		return -errno;
	return has >= cost ? 0 : -ENOBUFS;
}

int message_pair(size_t room, int ret[2])
{
	int fd[2];
	if (room > INT32_MAX / (sizeof(struct message) * CHARGED_TIMES))
		return -EINVAL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) < 0)
		return -errno;
	int r = make_room(fd[0], room);
	if (r == 0)
		r = make_room(fd[1], room);
	if (r < 0) {
		close(fd[0]);
		close(fd[1]);
		return r;
	}
	ret[0] = fd[0], ret[1] = fd[1];
	return 0;
}

/* ---- the book ---- */

static int check_memfd(const struct message_book *m, int memfd)
{
	enum { SEALS = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL };
	struct stat st;
	int seals = fcntl(memfd, F_GET_SEALS);
	if (seals < 0)
		return -errno;
	if ((seals & SEALS) != SEALS)
		return -EPERM; /* it could change under our eyes */
	if (fstat(memfd, &st) < 0)
		return -errno;
	bool sound = m->version == BOOK_VERSION_SENT && m->bytes >= sizeof(struct book_header) &&
		     m->bytes <= BOOK_BYTES_MOST && (uint64_t)st.st_size == m->bytes;
	return sound ? 0 : -EBADMSG;
}

static int open_mapped(const struct message_book *m, const void *image, struct book *ret)
{
	struct book b;
	if (book_open((struct span){ image, m->bytes }, &b, NULL) < 0)
		return -EBADMSG;
	if (b.header->hash != m->hash || b.header->generation != m->generation)
		return -EBADMSG;
	*ret = b;
	return 0;
}

int message_map_book(const struct message_book *m, int memfd, struct book *ret)
{
	int r = check_memfd(m, memfd);
	void *image = MAP_FAILED;
	if (r == 0) {
		image = mmap(NULL, m->bytes, PROT_READ, MAP_SHARED, memfd, 0);
		r = image == MAP_FAILED ? -errno : open_mapped(m, image, ret);
	}
	if (r < 0 && image != MAP_FAILED)
		munmap(image, m->bytes);
	close(memfd);
	return r;
}

void message_unmap_book(struct book *b)
{
	if (b->header == NULL)
		return;
	munmap((void *)(uintptr_t)b->header, b->header->bytes);
	memset(b, 0, sizeof *b);
}
