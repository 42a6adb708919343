/* SPDX-License-Identifier: GPL-3.0-or-later */
/* load: what the parts of config share while one configuration is read. Each part reads its trees or files,
 * tells mistakes to the report and writes its rows to the book's writer; load.c calls them in their order. */
#ifndef KEYFENCE_CONFIG_LOAD_H
#define KEYFENCE_CONFIG_LOAD_H

#include "book/writer.h"
#include "config/arena.h"
#include "config/node.h"
#include "config/report.h"

enum { PROVIDER_FILE_BYTES = 64 << 20, TABLE_FILE_BYTES = 8 << 20, LIST_FILE_BYTES = 8 << 20 };

struct load {
	const struct config_request *q;
	struct config_report *report;
	struct arena arena;
	struct book_writer *writer;
	const char *tables; /* directory, or NULL where there is none */
	bool country_told;  /* some source names countries by database */
	bool input_bad;     /* a database named in the request is bad */
	bool input_unread;  /* a file of the request could not be read */
};

/* The row of a section whose elements begin with their name (services, regions, groups, rules); false if there is
 * none. */
bool load_find(struct load *l, enum book_section_id id, struct span name, size_t *ret_row);
/* " (did you mean ...?)" needs the nearest of a section's names; empty if none is near. */
struct span load_nearest(struct load *l, enum book_section_id id, struct span name);

void catalogue_load(struct load *l, const char *directory);
void policy_load(struct load *l, const struct node *root);
/* The parts of a policy, in the order in which they lean on each other. */
void regions_builtin(struct load *l);
void regions_load(struct load *l, const struct node *regions);
void groups_load(struct load *l, const struct node *groups);
void rules_load(struct load *l, const struct node *rules, enum mode mode); /* mode: the policy's */
void exceptions_load(struct load *l, const struct node *exceptions);
void rules_warn_hidden(struct load *l, const struct node *rules);
void geo_load(struct load *l, const struct node *geo);
/* What the daemon needs beside judgement: interfaces, outputs, what enforce may do. */
void captures_load(struct load *l, const struct node *captures);
void alerts_load(struct load *l, const struct node *alerts, bool captures, uint32_t *ret_window_s);
void enforce_load(struct load *l, const struct node *enforce, const struct node *mode);
/* What the request knows of the gateway; last, since it leans on captures. */
void gateway_load(struct load *l, const struct node *local, const struct book_settings *s);

/* One source of location. `named` is where the policy names it (line 0: the request does), `shown` how it is
 * called in the book and in messages, `path` where it is. */
struct source_file {
	struct where named;
	struct span shown;
	const char *path;
	uint32_t max_age_s; /* 0: any age will do */
};
enum mmdb_need { MMDB_COUNTRY, MMDB_ASN };
/* false: it was refused, and the report says why. *ret_unread: it could not be read at all. */
bool mmdb_load(struct load *l, const struct source_file *f, enum mmdb_need need, bool *ret_unread);
bool ipfire_load(struct load *l, const struct source_file *f, bool *ret_unread);
bool aws_load(struct load *l, const struct source_file *f, bool *ret_unread);
bool azure_load(struct load *l, const struct source_file *f, bool *ret_unread);

/* Begins a source at the end of the range tables; closes it with what was appended since, unless `ok` is false. */
struct book_source source_begin(struct load *l, enum kind kind, const char *label, struct span shown);
void source_end(struct load *l, struct book_source *s, bool ok);
/* Appends a prefix to the tables of the source that is open. */
void range_write(struct load *l, const struct prefix *p, country says, struct book_text note);
/* Ranges of a database, told in order: neighbours that say the same become one. Flush before source_end. */
struct ranges {
	struct load *l;
	struct book_range4 last4;
	struct book_range6 last6;
	bool begun4, begun6;
};
void ranges_add4(struct ranges *r, const struct book_range4 *add);
void ranges_add6(struct ranges *r, const struct book_range6 *add);
void ranges_flush(struct ranges *r);
/* The date of the data (seconds since 1970), and a warning where it is older than max_age. */
void source_date(struct load *l, const struct source_file *f, int64_t built_s, struct book_source *s);

#endif
