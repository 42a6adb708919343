/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "report/desk.h"
#include "report/live.h"
#include "report/report.h"
#include "startup.h"

enum {
	POLLED_MOST = 64,
	TICK_MS = 1000,
	COMMIT_MS = 10,
	FAREWELL_MS = 1500, /* at the end: outputs get what is left, so long */
	FOLDER_BYTES = 4096,
	SPOOL_BYTES = 64 << 20,
};

void say(const char *format, ...)
{
	char line[512];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	fprintf(stderr, "keyfence-report: %s\n", line);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t now_ms(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

uint64_t clock_us(void)
{
	return clock_ns(CLOCK_REALTIME) / 1000;
}

/* ---- start ---- */

/* Its turns never wait for a peer. */
static int link_at(int fd)
{
	if (startup_link(fd) < 0)
		return -1;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}

static int start_spool(struct report *r)
{
	char folder[FOLDER_BYTES];
	control_folder("STATE_DIRECTORY", "/var/lib/keyfence", folder, sizeof folder);
	int error = spool_open(folder, SPOOL_BYTES, &r->spool, &r->damaged);
	if (error < 0)
		say("%s/spool.db: %s", folder,
		    error == -EBUSY ? "another keyfence-report has it" : strerror(-error));
	return error == 0 ? REPORT_DONE : error == -EBUSY ? REPORT_UNAVAILABLE : REPORT_IO;
}

static int start_desk(struct report *r)
{
	char folder[FOLDER_BYTES];
	control_folder("RUNTIME_DIRECTORY", "/run/keyfence", folder, sizeof folder);
	int error = desk_open(folder, &r->desk);
	if (error < 0)
		say("%s/control.sock: %s", folder, strerror(-error));
	return error == 0 ? REPORT_DONE : REPORT_IO;
}

static int start(struct report *r)
{
	umask(0027);
	r->began_ms = now_ms();
	r->supervisor = link_at(LINK_SUPERVISOR);
	r->inspect = r->enforce = -1;
	if (r->supervisor < 0) {
		say("is started by keyfenced, not by hand");
		return REPORT_UNAVAILABLE;
	}
	if (getrandom(r->id_key, sizeof r->id_key, 0) != (ssize_t)sizeof r->id_key)
		return REPORT_OURS;
	int status = start_spool(r);
	if (status == REPORT_DONE)
		status = start_desk(r);
	if (status != REPORT_DONE)
		return status;
	r->live = live_new();
	r->outputs = outputs_new(r->spool, accept_output, r);
	return r->live != NULL && r->outputs != NULL ? REPORT_DONE : REPORT_OURS;
}

/* ---- the loop ---- */

static size_t poll_links(const struct report *r, struct pollfd *ret)
{
	const int links[REPORT_LINKS] = { r->supervisor, r->inspect, r->enforce };
	size_t n = 0;
	if (r->now == NULL) { /* what cannot be judged yet waits */
		ret[n++] = (struct pollfd){ .fd = r->supervisor, .events = POLLIN };
		return n;
	}
	for (unsigned i = 0; i < REPORT_LINKS; i++)
		if (links[i] >= 0)
			ret[n++] = (struct pollfd){ .fd = links[i], .events = POLLIN };
	return n;
}

static void wait_for_something(const struct report *r, int signals, int due_ms)
{
	struct pollfd p[POLLED_MOST];
	size_t n = poll_links(r, p);
	p[n++] = (struct pollfd){ .fd = signals, .events = POLLIN };
	n += desk_poll(r->desk, p + n, POLLED_MOST - n);
	n += outputs_poll(r->outputs, p + n, POLLED_MOST - n);
	if (r->gathered_ms != 0 && r->retry_ms == 0)
		due_ms = due_ms < COMMIT_MS ? due_ms : COMMIT_MS;
	poll(p, n, due_ms < TICK_MS ? due_ms : TICK_MS);
}

static void hear_signals(struct report *r, int signals)
{
	struct signalfd_siginfo s;
	while (read(signals, &s, sizeof s) == (ssize_t)sizeof s) {
		if (s.ssi_signo == SIGHUP)
			outputs_reopen(r->outputs);
		else
			r->stopping = true;
	}
}

static void tick(struct report *r)
{
	uint64_t now = now_ms();
	if (now < r->tick_ms)
		return;
	r->tick_ms = now + TICK_MS;
	books_tick(r);
	health_tick(r);
	accept_storm(r);
	accept_losses(r);
	if (spool_has_moved(r->spool) && r->gathered_ms == 0)
		r->gathered_ms = now;
}

static void run(struct report *r, int signals)
{
	int due = 0;
	while (!r->stopping) {
		wait_for_something(r, signals, due);
		hear_signals(r, signals);
		links_hear(r);
		desk_turn(r->desk, r);
		tick(r);
		accept_commit(r);
		due = outputs_turn(r->outputs, now_ms());
	}
}

/* Meetings close, what they say becomes stable, and the outputs get it if they take it soon. */
static void stop(struct report *r)
{
	uint64_t until = now_ms() + FAREWELL_MS;
	if (r->status == REPORT_AGAIN) { /* it is back at once, and what is open goes on */
		accept_commit(r);
		return;
	}
	books_end(r);
	accept_storm(r);
	accept_commit(r);
	while (now_ms() < until && !outputs_idle(r->outputs)) {
		struct pollfd p[POLLED_MOST];
		int due = outputs_turn(r->outputs, now_ms());
		poll(p, outputs_poll(r->outputs, p, POLLED_MOST), due < COMMIT_MS ? due : COMMIT_MS);
		accept_commit(r);
	}
	accept_commit(r);
}

static void end(struct report *r)
{
	desk_close(r->desk);
	outputs_free(r->outputs);
	books_free(r);
	spool_close(r->spool);
	live_free(r->live);
}

int main(void)
{
	static struct report r;
	int signals = startup_signals();
	int status = start(&r);
	if (status == REPORT_DONE) {
		run(&r, signals);
		stop(&r);
		status = r.status;
	}
	end(&r);
	return status;
}
