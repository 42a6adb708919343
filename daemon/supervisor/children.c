/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The three processes that stay: started, linked, given the book, and started again. Start, restart and reload are one path. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/supervisor.h"

enum {
	LINK_ROOM = 1024,     /* messages on their way */
	LINK_ROOM_LEAST = 64, /* ... where the kernel gives no more */
	SAID_MOST = 16,       /* deaths in a row that are said one by one, then each so-manieth */
	PAUSE_MS = 20,
	PAUSES_MOST = 5, /* a process that dies again and again waits a little longer each time */
};
static const uint64_t EARLY_US = 10000000, READY_US = 20000000, STOP_US = 4000000;

static const enum process order[] = { PROCESS_REPORT, PROCESS_ENFORCE, PROCESS_INSPECT };
enum { STAYING = sizeof order / sizeof *order };

void children_init(struct supervisor *s)
{
	for (unsigned i = 0; i < PROCESSES; i++)
		s->child[i] = (struct child){ .owner = s, .role = i, .link = -1 };
	s->child[PROCESS_REPORT].wanted = s->child[PROCESS_INSPECT].wanted = true;
}

struct child *child_running(struct supervisor *s, enum process role)
{
	return s->child[role].pid != 0 ? &s->child[role] : NULL;
}

/* ---- links ---- */

static int make_pair(int ret[2])
{
	int r = message_pair(LINK_ROOM, ret);
	return r == -ENOBUFS ? message_pair(LINK_ROOM_LEAST, ret) : r;
}

static void close_pair(const int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

static void link_peers(struct child *a, struct child *b)
{
	int fd[2];
	struct message_link to_a = { a->role }, to_b = { b->role };
	int r = make_pair(fd);
	if (r < 0) {
		say("no link between %s and %s: %s", process_name(a->role), process_name(b->role),
		    strerror(-r));
		return;
	}
	message_send(a->link, VERB_LINK, &to_b, fd[0]);
	message_send(b->link, VERB_LINK, &to_a, fd[1]);
	close_pair(fd);
}

static void link_all(struct child *c)
{
	for (size_t i = 0; i < STAYING; i++)
		if (order[i] != c->role && child_running(c->owner, order[i]) != NULL)
			link_peers(c, &c->owner->child[order[i]]);
}

/* ---- death ---- */

static void forget(struct child *c)
{
	c->death = sd_event_source_disable_unref(c->death);
	c->hearing = sd_event_source_disable_unref(c->hearing);
	c->overdue = sd_event_source_disable_unref(c->overdue);
	if (c->link >= 0)
		close(c->link);
	c->link = -1;
	c->pid = 0;
	c->sent = c->generation = 0;
}

static void say_death(const struct child *c)
{
	if (c->ended >= 0)
		say("%s ended with status %d", process_name(c->role), c->ended);
	else
		say("%s was ended by signal %d (%s)", process_name(c->role), -c->ended, strsignal(-c->ended));
}

static int start_again(sd_event_source *source, uint64_t at_us, void *child);

/* It never ran before: another try would end the same way. */
static void fail(struct supervisor *s, const struct child *c)
{
	children_stop(s, c->ended > 0 ? c->ended : STATUS_OURS);
}

static void count_death(struct child *c)
{
	bool early = now_us() - c->started_us < EARLY_US;
	c->early = early ? c->early + 1 : 0;
	c->restarts++;
	c->untold = true;
	if (c->early <= SAID_MOST || c->restarts % SAID_MOST == 0)
		say_death(c);
	if (c->role == PROCESS_REPORT)
		c->owner->report_knows = false;
}

static int hear_death(sd_event_source *source, const siginfo_t *info, void *child)
{
	struct child *c = child;
	struct supervisor *s = c->owner;
	(void)source;
	c->ended = info->si_code == CLD_EXITED ? info->si_status : -info->si_status;
	forget(c);
	if (s->stopping) {
		children_stop(s, s->status);
		return 0;
	}
	if (!c->wanted)
		return 0;
	count_death(c);
	if (!s->ready && c->ended != STATUS_AGAIN) {
		fail(s, c);
		return 0;
	}
	unsigned pauses = c->early <= 1 ? 0 : c->early - 1 < PAUSES_MOST ? c->early - 1 : PAUSES_MOST;
	call_later(s, &c->again, pauses * PAUSE_MS * 1000ull, start_again, c);
	return 0;
}

void child_kill(struct child *c, const char *why)
{
	say("%s %s: it is ended", process_name(c->role), why);
	if (c->pid != 0)
		kill(c->pid, SIGKILL); /* not yet waited for, so the number is still its own */
}

/* ---- start ---- */

static int watch(struct child *c)
{
	struct supervisor *s = c->owner;
	int r = sd_event_add_child(s->event, &c->death, c->pid, WEXITED, hear_death, c);
	if (r >= 0)
		r = sd_event_add_io(s->event, &c->hearing, c->link, EPOLLIN, talk_hear, c);
	return r;
}

static int run(struct child *c)
{
	struct supervisor *s = c->owner;
	char *argv[] = { NULL, NULL };
	struct given g = { .in = -1, .out = -1, .count = 1 };
	int fd[2];
	int r = make_pair(fd);
	if (r < 0)
		return r;
	g.from3[0] = fd[1];
	if (c->role == PROCESS_ENFORCE)
		for (; g.count <= NETLINKS; g.count++)
			g.from3[g.count] = s->netlink[g.count - 1];
	pid_t pid = process_run(c->role, argv, &g);
	close(fd[1]);
	if (pid < 0) {
		close(fd[0]);
		return pid;
	}
	c->pid = pid;
	c->link = fd[0];
	return watch(c);
}

static void start(struct child *c)
{
	struct supervisor *s = c->owner;
	c->started_us = now_us();
	if (c->role == PROCESS_INSPECT)
		s->gone = 0;
	int r = run(c);
	if (r < 0) {
		say("%s cannot be started: %s", process_name(c->role), strerror(-r));
		children_stop(s, STATUS_OURS);
		return;
	}
	link_all(c);
	if (s->paused)
		message_send(c->link, VERB_PAUSE, NULL, -1);
}

static int start_again(sd_event_source *source, uint64_t at_us, void *child)
{
	struct child *c = child;
	struct supervisor *s = c->owner;
	(void)source, (void)at_us;
	c->again = sd_event_source_disable_unref(c->again);
	if (s->stopping || !c->wanted || c->pid != 0)
		return 0;
	start(c);
	children_advance(s);
	return 0;
}

/* ---- the book ---- */

static int hear_overdue(sd_event_source *source, uint64_t at_us, void *child)
{
	struct child *c = child;
	(void)source, (void)at_us;
	c->overdue = sd_event_source_disable_unref(c->overdue);
	child_kill(c, "does not take its book");
	return 0;
}

static void send_book(struct child *c)
{
	struct supervisor *s = c->owner;
	int r = message_send(c->link, VERB_BOOK, &s->held.told, s->held.memfd);
	if (r < 0 && r != -EPIPE) { /* of one that is gone, its death is heard */
		child_kill(c, "does not listen");
		return;
	}
	c->sent = s->held.told.generation;
	call_later(s, &c->overdue, READY_US, hear_overdue, c);
}

/* true: it has the book in force. */
static bool follows(struct child *c)
{
	uint32_t generation = c->owner->held.told.generation;
	if (c->pid == 0)
		return false;
	if (c->sent != generation)
		send_book(c);
	return c->generation == generation;
}

static void want_enforce(struct supervisor *s)
{
	struct child *c = &s->child[PROCESS_ENFORCE];
	c->wanted = book_settings(&s->held.book)->mode == MODE_ENFORCE;
	if (c->wanted || c->pid == 0)
		return;
	message_send(c->link, VERB_STOP, NULL, -1); /* the table goes with it */
}

static void become_ready(struct supervisor *s)
{
	if (!s->ready)
		service_state("READY=1");
	s->ready = true;
	service_status(s);
}

/* Enforce has a book before inspect, so that what is protected now is protected before anybody asks for a block. Each waits
 * for the one before it only at the first start: what was killed comes back alone. */
void children_advance(struct supervisor *s)
{
	if (s->held.memfd < 0 || s->stopping)
		return;
	want_enforce(s);
	bool all = true;
	for (size_t i = 0; i < STAYING && !s->stopping; i++) {
		struct child *c = &s->child[order[i]];
		if (!c->wanted)
			continue;
		if (c->pid == 0 && c->again == NULL && (all || s->ready))
			start(c);
		bool may = c->role != PROCESS_INSPECT || all || !s->child[PROCESS_ENFORCE].wanted ||
			   s->child[PROCESS_ENFORCE].generation == s->held.told.generation;
		all = may && follows(c) && all;
	}
	talk_ended(s);
	if (all && !s->stopping)
		become_ready(s);
}

/* ---- the end ---- */

static int hear_late(sd_event_source *source, uint64_t at_us, void *child)
{
	struct child *c = child;
	(void)source, (void)at_us;
	c->overdue = sd_event_source_disable_unref(c->overdue);
	child_kill(c, "does not end");
	return 0;
}

/* Inspect first: what it still has to say is heard. */
void children_stop(struct supervisor *s, int status)
{
	if (!s->stopping)
		service_state("STOPPING=1");
	s->stopping = true;
	s->status = status;
	for (size_t i = STAYING; i-- > 0;) {
		struct child *c = child_running(s, order[i]);
		if (c == NULL)
			continue;
		if (message_send(c->link, VERB_STOP, NULL, -1) < 0)
			kill(c->pid, SIGTERM);
		call_later(s, &c->overdue, STOP_US, hear_late, c);
		return;
	}
	sd_event_exit(s->event, status);
}
