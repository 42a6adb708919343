/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyfence-enforce: starts, listens to its links, and ends. Everything that it holds was given to it: its links, three netlink
 * sockets, one folder. When the supervisor is gone it ends with 69 and leaves the table as it is: the elements run out. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/siphash.h"
#include "enforce/enforce.h"
#include "enforce/kernel.h"
#include "fences.h"
#include "startup.h"

enum {
	STATUS_DONE = 0,
	STATUS_UNAVAILABLE = 69,
	STATUS_OURS = 70,
	STATUS_PRIVILEGE = 77,
	STATUS_CONFIG = 78
};
enum {
	TURN_MESSAGES = 64,
	TICK_MS = 1000,
	NOTICE_BYTES = 16384,
	LISTEN_BYTES = 8 << 20,
	FALLBACK_BLOCKS = 16384
};
static const uint64_t LOOK_AGAIN_US = 5000000;

struct links {
	int supervisor, inspect, signals;
	bool stop, started;
	int status;
	uint64_t looked_us, lost_said;
};

void say(const char *format, ...)
{
	char line[512];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	fprintf(stderr, "keyfence-enforce: %s\n", line);
}

static void stop(struct links *l, int status)
{
	l->stop = true;
	l->status = status;
}

/* ---- start ---- */

/* The listener hears our own changes, too: one table full of elements must fit. */
static int prepare_sockets(struct table *t)
{
	int bytes = LISTEN_BYTES;
	uint32_t port;
	t->requests = startup_link(NETLINK_REQUESTS);
	t->conntrack = startup_link(NETLINK_CONNTRACK);
	if (t->requests < 0 || t->conntrack < 0 || startup_link(NETLINK_EVENTS) < 0)
		return -EBADF;
	setsockopt(NETLINK_EVENTS, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
	int r = kernel_prepare(t->requests, &t->port);
	if (r == 0)
		r = kernel_prepare(t->conntrack, &port);
	return r;
}

/* A mirror of another boot is of no use. Where /proc does not tell (ProcSubset=pid), a folder in memory is of this one. */
static int name_boot(const char *folder, uint64_t ret[2])
{
	static const uint64_t keys[2][2] = { { 1, 2 }, { 3, 4 } };
	char id[64];
	struct statfs where;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, id, sizeof id) : -1;
	if (fd >= 0)
		close(fd);
	for (size_t i = 0; n > 0 && i < 2; i++)
		ret[i] = siphash13(keys[i], id, (size_t)n);
	if (n <= 0)
		ret[0] = ret[1] = 0;
	return n > 0 || (statfs(folder, &where) == 0 && where.f_type == TMPFS_MAGIC) ? 0 : -ENOENT;
}

static void open_mirror(struct elements *e)
{
	uint64_t boot[2];
	const char *named = getenv("RUNTIME_DIRECTORY");
	char folder[4096];
	if (named == NULL || *named == '\0') {
		say("no RUNTIME_DIRECTORY: blocks do not outlive a restart");
		return;
	}
	snprintf(folder, sizeof folder, "%.*s", (int)strcspn(named, ":"), named);
	int r = name_boot(folder, boot);
	if (r == 0)
		r = elements_open_mirror(e, folder, boot);
	if (r < 0)
		say("%s/blocks: %s: blocks do not outlive a restart", folder, strerror(-r));
}

static int prepare_memory(struct enforce *e)
{
	uint64_t keys[6];
	const struct book *b = &e->guard.book;
	size_t most = b->count[BOOK_ENFORCE] > 0 ? book_enforce(b, 0)->max_blocks : FALLBACK_BLOCKS;
	if (getrandom(keys, sizeof keys, 0) != (ssize_t)sizeof keys)
		return -EIO;
	memcpy(e->guard.budget.key, keys, sizeof e->guard.budget.key);
	memcpy(e->tell.key, keys + 2, sizeof e->tell.key);
	int r = elements_new(most, keys + 4, &e->elements);
	if (r == 0)
		open_mirror(&e->elements);
	return r;
}

static int raise_fences(void)
{
	unsigned missing = 0;
	int r = fences_raise(PROCESS_ENFORCE, NULL, 0, &missing);
	for (unsigned f = 1; f <= FENCE_SYSCALLS; f <<= 1)
		if (missing & f)
			say("fence %s cannot be raised: %s", fence_name((enum fence)f), strerror(-r));
	return r;
}

static void report_start(const struct enforce *e)
{
	const struct table_form *f = &e->table.form;
	if (!e->table.standing)
		say("observe: no table");
	else
		say("table inet %s stands%s, %s; %zu blocks put back", table_name,
		    f->owner ? ", owned" : ", not owned: this kernel cannot", f->reject ? "rejects" : "drops",
		    e->elements.count);
}

static int start_table(struct enforce *e, struct links *l)
{
	int r = enforce_follow_book(e);
	if (r == 0 && e->table.standing && !e->table.form.owner)
		r = kernel_listen(NETLINK_EVENTS); /* what nobody else can take away needs no watch */
	if (r == 0)
		return 0;
	say("table inet %s: %s", table_name, r == -EBUSY ? "owned by another process" : strerror(-r));
	stop(l, r == -EBUSY ? STATUS_UNAVAILABLE : r == -EPERM ? STATUS_PRIVILEGE : STATUS_OURS);
	return r;
}

/* ---- the supervisor ---- */

static void first_book(struct enforce *e, struct links *l)
{
	if (prepare_memory(e) < 0 || raise_fences() < 0) {
		stop(l, STATUS_OURS);
		return;
	}
	if (start_table(e, l) == 0)
		report_start(e);
	l->started = true;
	if (e->guard.paused && e->table.standing)
		enforce_pause(e);
	enforce_tell_standing(e); /* before anything new stands, which is told by itself */
}

static void take_book(struct enforce *e, struct links *l, const struct message_book *m, int memfd)
{
	struct book book;
	int r = message_map_book(m, memfd, &book);
	if (r < 0) {
		say("a book that cannot be opened: %s", strerror(-r));
		stop(l, STATUS_OURS);
		return;
	}
	message_unmap_book(&e->guard.book);
	e->guard.book = book;
	if (!l->started)
		first_book(e, l);
	else
		start_table(e, l);
	struct message_ready ready = { m->generation };
	if (!l->stop)
		message_send(l->supervisor, VERB_READY, &ready, -1);
}

static void replace_link(int *link, int fd)
{
	if (*link >= 0)
		close(*link);
	*link = fd;
}

static void take_link(struct enforce *e, struct links *l, const struct message_link *m, int fd)
{
	if (m->to == PROCESS_REPORT) {
		replace_link(&e->tell.link, fd);
		e->untold = 0;
		enforce_tell_standing(e);
	} else if (m->to == PROCESS_INSPECT)
		replace_link(&l->inspect, fd);
	else
		close(fd);
}

/* Whoever pauses wants the network as if we were not there: what stands goes, too. */
static void pause_all(struct enforce *e, const struct links *l)
{
	e->guard.paused = true;
	if (l->started)
		enforce_pause(e);
}

static void hear_supervisor(struct enforce *e, struct links *l)
{
	struct message m;
	int fd, r;
	while (!l->stop && (r = message_receive(l->supervisor, PROCESS_SUPERVISOR, PROCESS_ENFORCE, &m,
						&fd)) != -EAGAIN) {
		if (r < 0) {
			stop(l, r == -EPIPE ? STATUS_UNAVAILABLE : STATUS_OURS);
			return;
		}
		switch (m.verb) {
		case VERB_BOOK: take_book(e, l, &m.body.book, fd); break;
		case VERB_LINK: take_link(e, l, &m.body.link, fd); break;
		case VERB_PAUSE: pause_all(e, l); break;
		case VERB_RESUME: e->guard.paused = false; break;
		default: stop(l, STATUS_DONE); break;
		}
	}
}

/* ---- the others ---- */

/* Whoever breaks the rules is started anew by the supervisor. */
static void lose_link(const struct links *l, int *link, enum process who, int error)
{
	struct message_broken m = { who };
	replace_link(link, -1);
	if (error == -EPROTO)
		message_send(l->supervisor, VERB_BROKEN, &m, -1);
}

static void hear_inspect(struct enforce *e, struct links *l)
{
	struct message m;
	int fd, r = 0;
	for (int i = 0; l->inspect >= 0 && i < TURN_MESSAGES; i++) {
		r = message_receive(l->inspect, PROCESS_INSPECT, PROCESS_ENFORCE, &m, &fd);
		if (r == -EAGAIN)
			return;
		if (r < 0)
			lose_link(l, &l->inspect, PROCESS_INSPECT, r);
		else
			enforce_block(e, &m.body.block);
	}
}

static void hear_report(struct enforce *e, struct links *l)
{
	struct message m;
	int fd, r = 0;
	for (int i = 0; e->tell.link >= 0 && i < TURN_MESSAGES; i++) {
		r = message_receive(e->tell.link, PROCESS_REPORT, PROCESS_ENFORCE, &m, &fd);
		if (r == -EAGAIN)
			return;
		if (r < 0)
			lose_link(l, &e->tell.link, PROCESS_REPORT, r);
		else
			enforce_unblock(e, m.body.unblock.element);
	}
}

static void tell_report(struct enforce *e, const struct links *l)
{
	bool there = true;
	if (e->tell.link < 0)
		return;
	do {
		enforce_tell_standing(e);
		there = tell_flush(&e->tell);
	} while (there && e->tell.count == 0 && e->untold < e->elements.capacity);
	if (!there)
		lose_link(l, &e->tell.link, PROCESS_REPORT, -EPIPE);
}

static void hear_events(struct enforce *e, struct links *l)
{
	uint8_t bytes[NOTICE_BYTES];
	bool loss = false;
	for (int i = 0; i < TURN_MESSAGES; i++) {
		struct sockaddr_nl from = { 0 };
		socklen_t len = sizeof from;
		ssize_t n = recvfrom(NETLINK_EVENTS, bytes, sizeof bytes, MSG_DONTWAIT,
				     (struct sockaddr *)&from, &len);
		if (n < 0 && errno != ENOBUFS)
			break;
		uint64_t now = enforce_now();
		if (n < 0 &&
		    now - l->looked_us > LOOK_AGAIN_US) { /* we missed some: anything may have happened */
			l->looked_us = now;
			loss = true;
		}
		loss |= n > 0 && from.nl_pid == 0 &&
			notices_tell_loss(span_of(bytes, (size_t)n), e->table.port);
	}
	if (loss && e->table.standing)
		enforce_restore(e);
}

/* ---- the loop ---- */

static void wait_for_something(const struct enforce *e, const struct links *l)
{
	struct pollfd p[] = {
		{ .fd = l->signals, .events = POLLIN },
		{ .fd = l->supervisor, .events = POLLIN },
		{ .fd = l->started ? l->inspect : -1, .events = POLLIN },
		{ .fd = l->started ? e->tell.link : -1,
		  .events = (short)(e->tell.count > 0 ? POLLIN | POLLOUT : POLLIN) },
		{ .fd = e->table.standing && !e->table.form.owner ? NETLINK_EVENTS : -1, .events = POLLIN },
	};
	poll(p, sizeof p / sizeof *p, TICK_MS);
}

static void say_lost(const struct enforce *e, struct links *l)
{
	if (e->tell.lost == l->lost_said)
		return;
	l->lost_said = e->tell.lost;
	say("report does not keep up: %llu events lost so far", (unsigned long long)l->lost_said);
}

static void run(struct enforce *e, struct links *l)
{
	uint64_t ticked_us = 0;
	while (!l->stop) {
		struct signalfd_siginfo s;
		wait_for_something(e, l);
		while (read(l->signals, &s, sizeof s) == (ssize_t)sizeof s)
			if (s.ssi_signo != SIGHUP)
				stop(l, STATUS_DONE);
		hear_supervisor(e, l);
		if (!l->started || l->stop)
			continue;
		if (e->table.standing && !e->table.form.owner)
			hear_events(e, l);
		hear_report(e, l);
		hear_inspect(e, l);
		if (enforce_now() - ticked_us >= TICK_MS * 1000) {
			ticked_us = enforce_now();
			enforce_expire(e);
			say_lost(e, l);
		}
		tell_report(e, l);
	}
}

int main(void)
{
	static struct enforce e;
	static struct links l;
	l.signals = startup_signals();
	l.supervisor = startup_link(LINK_SUPERVISOR);
	l.inspect = e.tell.link = -1;
	if (l.supervisor < 0 || l.signals < 0) {
		say("is started by keyfenced, not by hand");
		return STATUS_UNAVAILABLE;
	}
	int r = prepare_sockets(&e.table);
	if (r < 0) {
		say("netlink sockets: %s", strerror(-r));
		return STATUS_UNAVAILABLE;
	}
	run(&e, &l);
	if (l.started && l.status == STATUS_DONE)
		enforce_end(&e);
	tell_flush(&e.tell);
	return l.status;
}
