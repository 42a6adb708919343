/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/pipeline.h"

#include <errno.h>
#include <unistd.h>

enum { PROGRESS_FROM_BYTES = 32 << 20, PROGRESS_EVERY = 4096 };

static void take_facts(const struct pipeline *p, struct engine *e)
{
	struct flow_fact f;
	while (engine_take(e, &f))
		p->fact(p->user, &f);
}

static void end_input(const struct pipeline *p, struct engine *e)
{
	while (!engine_end(e))
		take_facts(p, e);
	take_facts(p, e);
	if (p->ended != NULL)
		p->ended(p->user);
}

static void show_progress(const char *path, const struct capture *cap, uint64_t packets, bool done)
{
	uint64_t total, at = capture_position(cap, &total);
	if (total < PROGRESS_FROM_BYTES)
		return;
	unsigned percent = (unsigned)(at * 100 / total);
	char bar[41];
	for (unsigned i = 0; i < 40; i++)
		bar[i] = i * 100 < percent * 40 ? '#' : '.';
	bar[40] = '\0';
	fprintf(stderr, "\r[%s] %3u %% %llu packets  %s", bar, percent, (unsigned long long)packets, path);
	if (done)
		fputs("\r\033[K", stderr);
}

static void subtract(const struct engine_counters *before, struct engine_counters *after)
{
	_Static_assert(sizeof *after % sizeof(uint64_t) == 0, "counters are all 64 bits wide");
	uint64_t *to = (uint64_t *)after;
	const uint64_t *from = (const uint64_t *)before;
	for (size_t i = 0; i < sizeof *after / sizeof *to; i++)
		to[i] -= from[i];
}

static int read_file(const struct pipeline *p, struct engine *e, const char *path, uint16_t number)
{
	struct capture *cap;
	char why[CAPTURE_WHY_BYTES] = "";
	struct frame frames[CAPTURE_BATCH];
	struct engine_counters before, after;
	bool bar = isatty(STDERR_FILENO) && !p->cli->quiet;
	uint64_t packets = 0;
	int n, r = capture_open_file(path, number, &cap, why);
	if (r < 0)
		return complain(r == -EBADMSG ? STATUS_DATA : STATUS_IO, "%s: %s", path, why);
	engine_counters(e, &before);
	while ((n = capture_read(cap, frames, CAPTURE_BATCH, why)) > 0) {
		if (packets == 0 && frames[0].at_us < engine_now(e))
			end_input(p, e);
		for (size_t done = 0; done < (size_t)n;) {
			done += engine_batch(e, frames + done, (size_t)n - done);
			take_facts(p, e);
		}
		packets += (uint64_t)n;
		if (bar && packets % PROGRESS_EVERY < (uint64_t)n)
			show_progress(path, cap, packets, false);
	}
	if (bar)
		show_progress(path, cap, packets, true);
	capture_close(cap);
	engine_counters(e, &after);
	subtract(&before, &after);
	if (p->file != NULL)
		p->file(p->user, path, &after);
	return n < 0 ? complain(STATUS_DATA, "%s: %s", path, why) : STATUS_DONE;
}

int pipeline_run(const struct pipeline *p)
{
	struct engine_options options = p->options;
	memset(options.sides, p->cli->side, sizeof options.sides);
	struct engine *e = engine_new(p->book, &options);
	int status = STATUS_DONE;
	if (e == NULL)
		return complain(STATUS_OURS, "no memory for the tables; a smaller `size` needs less");
	for (int i = 0; i < p->cli->arg_count; i++) {
		int r = read_file(p, e, p->cli->args[i], (uint16_t)i);
		if (status == STATUS_DONE)
			status = r;
	}
	end_input(p, e);
	engine_free(e);
	return status;
}
