/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fields: the one table of what an event says. A row is a fact's name in ECS (dotted), its type, and who reads it
 * from the event; renderings walk the table. Rows of one object stand together. Names of the parts of lists (places,
 * sources) and of meetings are tables of their own, with the list's name before each. */
#ifndef KEYFENCE_EVENT_FIELDS_H
#define KEYFENCE_EVENT_FIELDS_H

#include "base/json.h"
#include "event/notice.h"

/* What a row reads from; only what the table is about need be there. */
struct view {
	const struct book *b;
	const struct event *e;
	const struct meeting *m;
	const struct event_place *p;
	const struct notice *n;
	const struct location *at; /* and its source s */
	const struct location_source *s;
	unsigned without; /* rows with a `spare` of at most this are left out */
};

enum field_type {
	FIELD_TEXT, /* text: hostile or not, always escaped */
	FIELD_NUMBER,
	FIELD_TIME,    /* number: microseconds since 1970; RFC 3339 */
	FIELD_SECONDS, /* the same as seconds with six decimals */
	FIELD_ID,      /* number, as 16 hex digits */
	FIELD_WORD,    /* number: a value of the set `words` */
	FIELD_WORDS,   /* number: bits of the set `words`; a list */
	FIELD_ADDRESS,
	FIELD_COUNTRY,   /* number */
	FIELD_COUNTRIES, /* list, count */
	FIELD_BOOL,
	FIELD_TRUE,    /* there only where it is so */
	FIELD_WRITTEN, /* by `write`: lists of objects, made texts */
};
struct value {
	uint64_t number;
	struct span text;
	const struct address *address;
	const country *list;
	size_t count;
};
enum { FIELD_SPARES = 5 }; /* one above the highest `spare` */
struct field {
	const char *ecs;
	enum field_type type;
	enum word_set words;
	bool (*get)(const struct view *v, struct value *ret); /* false: the event does not have it */
	void (*write)(const struct view *v, struct json *j, const char *key);
	unsigned spare; /* 0: never left out; else the order in which a short rendering does without it */
};
struct fields {
	const struct field *row;
	size_t count;
	const char *under; /* left out of the names: "keyfence.places." */
};

extern const struct fields event_fields, place_fields, source_fields, meeting_fields, notice_fields;

/* The value as one line of clean text; of a set or a list, its part number `part`. false: there is none (more). */
bool value_text(const struct field *f, const struct value *v, size_t part, struct text *ret);
/* The members of one object; the caller opens and closes it. */
void fields_json(const struct fields *t, const struct view *v, struct json *j);

#endif
