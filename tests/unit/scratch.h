/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scratch: a directory of its own for tests of what reads files, and one load of a configuration in it. */
#ifndef KEYFENCE_TESTS_SCRATCH_H
#define KEYFENCE_TESTS_SCRATCH_H

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "config/config.h"

static char scratch_at[64];

static inline void scratch_new(void)
{
	snprintf(scratch_at, sizeof scratch_at, "/tmp/keyfence-test-XXXXXX");
	if (mkdtemp(scratch_at) == NULL) {
		perror(scratch_at);
		exit(1);
	}
}

static inline const char *scratch_path(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof paths[0], "%s/%s", scratch_at, name);
	return path;
}

static inline void scratch_write(const char *name, struct span bytes)
{
	FILE *f = fopen(scratch_path(name), "wb");
	if (f == NULL || fwrite(bytes.at, 1, bytes.len, f) != bytes.len || fclose(f) != 0) {
		perror(name);
		exit(1);
	}
}

static inline void scratch_text(const char *name, const char *text)
{
	scratch_write(name, span_text(text));
}
static inline void scratch_directory(const char *name)
{
	mkdir(scratch_path(name), 0700);
}

static inline int scratch_remove(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st, (void)flag, (void)at;
	return remove(path);
}
static inline void scratch_done(void)
{
	nftw(scratch_at, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* A load, what it said, and the book if there is one. */
struct loaded {
	int result;
	struct config_report *report;
	uint8_t *image;
	struct book book;
};

static inline struct loaded load_request(const struct config_request *q)
{
	struct loaded l = { .report = config_report_new() };
	size_t bytes = 0;
	const char *why = "";
	l.result = config_load(q, l.report, &l.image, &bytes);
	if (l.result == 0)
		CHECK(book_open(span_of(l.image, bytes), &l.book, &why) == 0, "%s", why);
	return l;
}

static inline void loaded_done(struct loaded *l)
{
	free(l->image);
	config_report_free(l->report);
}

/* Whether some line of the report holds a text; all lines on standard output otherwise. */
static inline bool report_has(const struct config_report *r, const char *text)
{
	const char *line;
	bool warning;
	for (size_t i = 0; (line = config_line(r, i, &warning)) != NULL; i++)
		if (strstr(line, text) != NULL)
			return true;
	for (size_t i = 0; (line = config_line(r, i, &warning)) != NULL; i++)
		printf("  %s%s\n", warning ? "warning: " : "", line);
	return false;
}

#endif
