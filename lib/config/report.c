/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* asprintf */
#include "config/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

enum { REPORT_WARNINGS = 64, REPORT_LINE_BYTES = 6144, SHOWN_BYTES = 72 };

struct entry {
	char *line;
	uint32_t file, at_line, at_column;
	bool warning;
};

struct config_report {
	struct entry entry[CONFIG_MISTAKES + REPORT_WARNINGS];
	size_t count, kept[2], told[2]; /* [0] mistakes, [1] warnings */
	char **file;
	uint32_t files;
	char more[2][48];
};

struct config_report *config_report_new(void)
{
	return calloc(1, sizeof(struct config_report));
}

void config_report_free(struct config_report *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		free(r->entry[i].line);
	for (size_t i = 0; i < r->files; i++)
		free(r->file[i]);
	free(r->file);
	free(r);
}

size_t config_mistakes(const struct config_report *r)
{
	return r->told[0];
}
size_t config_warnings(const struct config_report *r)
{
	return r->told[1];
}

const char *config_line(const struct config_report *r, size_t i, bool *ret_warning)
{
	if (i < r->count) {
		*ret_warning = r->entry[i].warning;
		return r->entry[i].line;
	}
	i -= r->count;
	for (unsigned w = 0; w < 2; w++) {
		bool more = r->told[w] > r->kept[w];
		if (more && i == 0) {
			*ret_warning = w == 1;
			return r->more[w];
		}
		i -= more;
	}
	return NULL;
}

static uint32_t file_number(struct config_report *r, const char *file)
{
	for (uint32_t i = 0; i < r->files; i++)
		if (strcmp(r->file[i], file) == 0)
			return i;
	char **grown = realloc(r->file, (r->files + 1) * sizeof *grown);
	if (grown != NULL)
		r->file = grown;
	char *copy = grown != NULL ? strdup(file) : NULL;
	if (copy == NULL)
		return UINT32_MAX; /* no memory: it stands last */
	r->file[r->files] = copy;
	return r->files++;
}

void report_file(struct config_report *r, const char *file)
{
	file_number(r, file);
}

const char *show_span(struct shown *store, struct span hostile)
{
	bool cut = hostile.len > SHOWN_BYTES;
	struct text t = text_in(store->text, sizeof store->text - 4);
	text_plain(&t, span_of(hostile.at, cut ? SHOWN_BYTES : hostile.len));
	if (cut || t.cut)
		memcpy(store->text + strlen(store->text), "...", 4);
	return store->text;
}

static bool comes_after(const struct entry *a, const struct entry *b)
{
	if (a->file != b->file)
		return a->file > b->file;
	return a->at_line != b->at_line ? a->at_line > b->at_line : a->at_column > b->at_column;
}

static void keep(struct config_report *r, struct entry e)
{
	size_t i = r->count++;
	for (; i > 0 && comes_after(&r->entry[i - 1], &e); i--)
		r->entry[i] = r->entry[i - 1];
	r->entry[i] = e;
}

static void tell(struct config_report *r, struct where at, bool warning, const char *format, va_list args)
{
	static const char *const names[2] = { "mistake", "warning" };
	static const size_t most[2] = { CONFIG_MISTAKES, REPORT_WARNINGS };
	uint32_t number = file_number(r, at.file);
	r->told[warning]++;
	if (r->kept[warning] == most[warning]) {
		size_t more = r->told[warning] - r->kept[warning];
		snprintf(r->more[warning], sizeof r->more[warning], "and %zu more %s%s", more, names[warning],
			 more > 1 ? "s" : "");
		return;
	}
	char line[REPORT_LINE_BYTES], said[1024];
	struct text t = text_in(line, sizeof line);
	text_plain(&t, span_text(at.file));
	if (at.line > 0)
		text_printf(&t, ":%u:%u", at.line, at.column);
	vsnprintf(said, sizeof said, format, args);
	text_printf(&t, ": %s", said);
	struct entry e = { strdup(line), number, at.line, at.column, warning };
	if (e.line == NULL)
		return;
	r->kept[warning]++;
	keep(r, e);
}

void report_mistake(struct config_report *r, struct where at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	tell(r, at, false, format, args);
	va_end(args);
}

void report_warning(struct config_report *r, struct where at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	tell(r, at, true, format, args);
	va_end(args);
}
