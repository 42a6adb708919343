/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Databases change under a running daemon: looked at every few seconds, and read again when one is other than it was and has
 * not changed since the last look (somebody may still be writing it). The policy itself is read when somebody asks for it. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "supervisor/supervisor.h"

static const uint64_t LOOK_US = 5000000;

static struct seen look(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return (struct seen){ -1, 0 };
	return (struct seen){ st.st_size,
			      st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec + (int64_t)st.st_ino };
}

static bool same(struct seen a, struct seen b)
{
	return a.bytes == b.bytes && a.changed_ns == b.changed_ns;
}

/* One that is gone is no change: an update by removing and writing comes back. */
static bool has_changed(struct watched *w)
{
	struct seen now = look(w->path);
	bool rests = same(now, w->seen);
	w->seen = now;
	return rests && now.bytes >= 0 && !same(now, w->read);
}

static int turn(sd_event_source *source, uint64_t at_us, void *supervisor)
{
	struct supervisor *s = supervisor;
	bool changed = false;
	(void)source, (void)at_us;
	for (size_t i = 0; i < s->watched_count; i++)
		if (has_changed(&s->watched[i])) {
			say("%s has changed", s->watched[i].path);
			s->watched[i].read = s->watched[i].seen; /* told once, also if it is refused */
			changed = true;
		}
	if (changed)
		reload_start(s, 0);
	call_later(s, &s->watch_due, LOOK_US, turn, s);
	return 0;
}

/* Paths in a policy start where the policy stands. */
static void name_file(const struct supervisor *s, const char *file, char ret[PATH_BYTES])
{
	const char *slash = file[0] == '/' ? NULL : strrchr(s->policy, '/');
	int folder = slash != NULL ? (int)(slash - s->policy) + 1 : 0;
	snprintf(ret, PATH_BYTES, "%.*s%s", folder, s->policy, file);
}

void watch_begin(struct supervisor *s)
{
	const struct book *b = &s->held.book;
	s->watched_count = 0;
	for (size_t i = 0; i < b->count[BOOK_SOURCE] && s->watched_count < WATCHED_MOST; i++) {
		struct watched *w = &s->watched[s->watched_count];
		if (book_source(b, i)->file.bytes == 0)
			continue; /* overrides stand in the policy */
		name_file(s, book_string(b, book_source(b, i)->file), w->path);
		w->read = w->seen = look(w->path);
		s->watched_count += w->read.bytes >= 0;
	}
	call_later(s, &s->watch_due, LOOK_US, turn, s);
}
