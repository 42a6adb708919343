/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyfence-inspect: starts, reads the wire, and ends. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "inspect/inspect.h"
#include "startup.h"

enum {
	BATCH = 64,
	TURN_BATCHES = 64, /* until the links are heard again, at most */
	LINKS = 4,
};
static const uint64_t TICK_US = 100000, HURRY_US = 5000, HURRY_FOR_US = 500000, COUNTERS_US = 1000000,
		      FAREWELL_US = 1000000;
static const int64_t STEP_US = 2000000; /* what is no more drift */
static const uint64_t LATE_US = 20000;  /* a frame may come so much later than its stamp says */

void say(const char *format, ...)
{
	char line[512];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	fprintf(stderr, "keyfence-inspect: %s\n", line);
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t now_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_us(void)
{
	return read_clock(CLOCK_REALTIME);
}

void stop(struct inspect *i, int status)
{
	i->stopping = true;
	i->status = status;
}

/* ---- frames ---- */

/* A block is asked for before the fact is told: it is what cannot wait. */
void judge_drain(struct inspect *i)
{
	static struct flow_fact f;
	while (engine_take(i->engine, &f)) {
		watch_fact(i, &f);
		outbox_put(&i->facts, &i->report, &f);
	}
}

static void judge_frames(struct inspect *i)
{
	struct frame frames[BATCH];
	size_t n = BATCH;
	for (unsigned turn = 0; turn < TURN_BATCHES && n > 0; turn++) {
		n = sources_take(&i->sources, frames, BATCH);
		for (size_t done = 0; done < n;) {
			done += engine_batch(i->engine, frames + done, n - done);
			judge_drain(i);
		}
	}
}

/* ---- the clock ---- */

static void tell_gone(struct inspect *i)
{
	for (size_t n = 0; n < i->sources.count; n++) {
		struct source *s = &i->sources.at[n];
		struct message_gone m = { (uint32_t)n, s->error };
		if (s->error < 0 && !s->told)
			s->told = message_send(i->supervisor, VERB_GONE, &m, -1) == 0;
	}
}

static void tell_counters(struct inspect *i)
{
	static struct message_counters m;
	memset(&m, 0, sizeof m);
	m.at_us = clock_us();
	engine_counters(i->engine, &m.engine);
	sources_count(&i->sources, &m);
	m.facts_lost = i->facts.lost;
	m.blocks_lost = i->blocks.lost;
	m.generation = i->book.header->generation;
	if (i->report >= 0)
		message_send(i->report, VERB_COUNTERS, &m, -1);
}

/* An interface that goes away is first told to be down; that it is gone shows a little later, and nobody tells. */
static uint64_t tick_us(const struct inspect *i, uint64_t now)
{
	return now < i->hurry_until_us ? HURRY_US : TICK_US;
}

/* Stamps and the time of day step together. Ahead, the engine follows, and what is too old ends. Back, it would stand still until
 * the clock has caught up: so all flows end, and it begins anew. */
static void follow_clock(struct inspect *i, uint64_t now)
{
	int64_t ahead = (int64_t)(clock_us() - now), step = ahead - i->clock_ahead;
	bool began = i->clock_ahead == 0;
	i->clock_ahead = ahead;
	if (began || step > -STEP_US)
		return;
	say("the clock was set back by %lld s: flows begin anew", (long long)(-step / 1000000));
	i->ending = true;
	for (bool over = false; !over; judge_drain(i))
		over = engine_end(i->engine);
	i->ending = false;
}

/* While frames wait they are the clock; else the time of day is. */
static void tick(struct inspect *i)
{
	uint64_t now = now_us();
	if (now - i->ticked_us < tick_us(i, now))
		return;
	i->ticked_us = now;
	follow_clock(i, now);
	if (sources_look(&i->sources))
		i->hurry_until_us = now + HURRY_FOR_US;
	engine_tick(i->engine, sources_wait(&i->sources) ? clock_us() - LATE_US : engine_now(i->engine));
	judge_drain(i);
	watch_turn(i);
	tell_gone(i);
	if (now - i->counted_us < COUNTERS_US)
		return;
	i->counted_us = now;
	tell_counters(i);
}

/* ---- the loop ---- */

static int wait_ms(const struct inspect *i)
{
	uint64_t now = now_us(), since = now - i->ticked_us, most = tick_us(i, now);
	if (!i->started)
		return -1;
	if (!sources_wait(&i->sources) || since >= most)
		return 0;
	return (int)((most - since + 999) / 1000);
}

static void wait_for_something(struct inspect *i)
{
	struct pollfd p[LINKS + CAPTURES_MOST] = {
		{ .fd = i->signals, .events = POLLIN },
		{ .fd = i->supervisor, .events = POLLIN },
		{ .fd = i->facts.count > 0 ? i->report : -1, .events = POLLOUT },
		{ .fd = i->blocks.count > 0 ? i->enforce : -1, .events = POLLOUT },
	};
	struct sources *s = &i->sources;
	for (size_t n = 0; n < s->count; n++)
		p[LINKS + n] = (struct pollfd){ .fd = s->at[n].error == 0 ? live_fd(s->at[n].live) : -1,
						.events = POLLIN };
	poll(p, LINKS + s->count, wait_ms(i));
	for (size_t n = 0; n < s->count; n++) {
		s->at[n].ready |= p[LINKS + n].revents != 0;
		if (p[LINKS + n].revents & POLLERR)
			i->hurry_until_us = now_us() + HURRY_FOR_US;
	}
}

static void hear_signals(struct inspect *i)
{
	struct signalfd_siginfo s;
	while (read(i->signals, &s, sizeof s) == (ssize_t)sizeof s)
		if (s.ssi_signo != SIGHUP)
			stop(i, STATUS_DONE);
}

static void run(struct inspect *i)
{
	while (!i->stopping) {
		wait_for_something(i);
		hear_signals(i);
		hear_supervisor(i);
		if (!i->started || i->stopping)
			continue;
		outbox_flush(&i->blocks, &i->enforce);
		outbox_flush(&i->facts, &i->report);
		judge_frames(i);
		tick(i);
	}
}

/* ---- the end ---- */

static void wait_for_report(struct inspect *i, uint64_t until)
{
	outbox_flush(&i->facts, &i->report);
	for (uint64_t now; i->facts.count > 0 && i->report >= 0 && (now = now_us()) < until;) {
		struct pollfd p = { .fd = i->report, .events = POLLOUT };
		poll(&p, 1, (int)((until - now + 999) / 1000));
		outbox_flush(&i->facts, &i->report);
	}
}

/* What was captured is judged, every flow ends, and report gets what is left if it takes it soon. */
static void end_flows(struct inspect *i)
{
	uint64_t until = now_us() + FAREWELL_US;
	do
		judge_frames(i);
	while (!sources_wait(&i->sources) && now_us() < until - FAREWELL_US / 2);
	i->ending = true;
	for (bool over = false; !over;) {
		over = engine_end(i->engine);
		judge_drain(i);
		wait_for_report(i, until);
	}
	tell_counters(i);
}

int main(void)
{
	static struct inspect i;
	i.signals = startup_signals();
	i.supervisor = startup_link(LINK_SUPERVISOR);
	i.report = i.enforce = -1;
	if (i.supervisor < 0 || i.signals < 0) {
		say("is started by keyfenced, not by hand");
		return STATUS_UNAVAILABLE;
	}
	run(&i);
	if (i.started && i.status != STATUS_UNAVAILABLE && i.status != STATUS_OURS)
		end_flows(&i);
	return i.status;
}
