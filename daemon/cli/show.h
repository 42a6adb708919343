/* SPDX-License-Identifier: GPL-3.0-or-later */
/* show: parts that several verbs print: sets, places and sources, in words and as JSON. JSON has the names of design
 * section 11. Nothing is allocated; what is printed is cut at the text's end. */
#ifndef KEYFENCE_DAEMON_CLI_SHOW_H
#define KEYFENCE_DAEMON_CLI_SHOW_H

#include "base/json.h"
#include "book/book.h"

/* The names of the members of a set, each behind `before`, from the second on behind `between`; nothing if empty. */
void show_set(struct text *t, const char *before, const char *between, enum word_set set, unsigned value);
/* "CN or US"; of an address inside "local"; else `none`. */
void show_country(struct text *t, const struct book *b, const struct address *at, const struct location *l,
		  const char *between, const char *none);

void show_set_json(struct json *j, const char *key, enum word_set set, unsigned value);
void show_address_json(struct json *j, const char *key, const struct address *a);
void show_uint_json(struct json *j, const char *key, uint64_t value);   /* 0: null */
void show_text_json(struct json *j, const char *key, const char *text); /* "": null */
/* country, candidates, certainty, asn */
void show_location_json(struct json *j, const struct location *l);
/* sources: what each says of the address, its file and date, and whether it counts */
void show_sources_json(const struct book *b, struct json *j, const struct address *at,
		       const struct location *l);

/* Who, where to, and what it was taken for: file ... rule, of `flows --json`. */
void show_flow_json(const struct book *b, struct json *j, const char *file, const struct flow_fact *f);
/* The flow broke a rule: blocked since it was answered, or alerted and used. */
bool show_is_violation(const struct flow_fact *f);

#endif
