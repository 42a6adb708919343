/* SPDX-License-Identifier: GPL-3.0-or-later */
/* schema: the keys of a map as rows of a table. schema_read walks a map of the YAML tree by its table, tells unknown,
 * missing and later keys, and lets each row's reader put the value into the caller's struct. */
#ifndef KEYFENCE_CONFIG_SCHEMA_H
#define KEYFENCE_CONFIG_SCHEMA_H

#include "config/load.h"

enum key_need {
	KEY_MAY,
	KEY_MUST,
	KEY_LATER, /* known, but of a version to come: refused by name */
};

struct key {
	const char *name;
	/* Puts the value into `into`, the key's field; after a mistake the field stays as it was. */
	void (*read)(struct load *l, const struct node *value, const struct key *key, void *into);
	size_t at; /* of the field */
	enum key_need need;
	enum word_set set; /* of read_word, read_words, read_paths */
	unsigned later;    /* read_word: 1 << value of words that are of a version to come */
	uint32_t least, most; /* read_count, read_rate, read_duration (seconds); most 0: no bounds */
};
/* The name of a key is the name of its field, so that no word is spelled twice. */
#define KEY(type, field_, reader, need_)                                                                \
	{                                                                                               \
		.name = #field_, .read = (reader), .at = offsetof(struct type, field_), .need = (need_) \
	}
#define KEY_WORD(type, field_, reader, need_, words)                                                     \
	{                                                                                                \
		.name = #field_, .read = (reader), .at = offsetof(struct type, field_), .need = (need_), \
		.set = (words)                                                                           \
	}
#define KEY_NUMBER(type, field_, reader, least_, most_)                                              \
	{                                                                                            \
		.name = #field_, .read = (reader), .at = offsetof(struct type, field_),              \
		.need = KEY_MAY, .least = (least_), .most = (most_)                                  \
	}
#define KEY_OF_LATER(name_)                       \
	{                                         \
		.name = #name_, .need = KEY_LATER \
	}
#define KEYS(table) table, sizeof table / sizeof *table

/* False: it is no map, or a key that must be there is not (told). Other mistakes do not hold the rest up. */
bool schema_read(struct load *l, const struct node *map, const char *what, const struct key *keys,
		 size_t count, void *into);

/* Readers, and the field each fills. */
typedef void key_reader(struct load *l, const struct node *value, const struct key *key, void *into);
key_reader read_node;     /* const struct node *: the value itself, for later */
key_reader read_map;      /* the same, and it must be a map */
key_reader read_list;     /* the same, and it must be a list */
key_reader read_text;     /* struct span: printable, not empty */
key_reader read_name;     /* struct span: letters, digits, `_`, `-`, `.`; at most 64 */
key_reader read_word;     /* unsigned: one word of key->set */
key_reader read_words;    /* unsigned: one word or a list of them; a set of bits */
key_reader read_paths;    /* unsigned: the same for words that are no bits: 1 << value */
key_reader read_bool;     /* bool */
key_reader read_country;  /* country */
key_reader read_degrees;  /* double */
key_reader read_duration; /* uint32_t: seconds */
key_reader read_count;    /* uint32_t */
key_reader read_rate;     /* uint32_t: a minute, as 64/m */
key_reader read_date;     /* struct span: 2026-11-01 */
key_reader read_instant;  /* uint64_t: us since 1970; a date is the first second of that day, in UTC */
key_reader read_prefix;   /* struct prefix */

/* The same checks for values that stand in lists. */
bool node_is(struct load *l, const struct node *n, enum node_kind kind, const char *what);
bool take_text(struct load *l, const struct node *n, struct span *ret);
bool take_name(struct load *l, const struct node *n, struct span *ret);
bool take_prefix(struct load *l, const struct node *n, struct prefix *ret);
bool take_country(struct load *l, const struct node *n, country *ret);
/* The items of a list, or the one text that stands for a list of one. NULL after the last. */
const struct node *item_first(const struct node *n);
const struct node *item_next(const struct node *list, const struct node *item);
/* What a value is called in a message: its key, or "this". */
const char *node_name(const struct node *n, struct shown *store);
/* Seconds since 1970 of "2026-11-01"; false: no such day. */
bool date_parse(struct span text, int64_t *ret_s);
void date_text(int64_t s, char ret[11]); /* "" outside the years 1970 to 9999 */

/* The nearest of some names: at most a third of the letters differ. */
struct nearest {
	struct span given, best;
	unsigned distance;
};
static inline struct nearest nearest_to(struct span given)
{
	return (struct nearest){ given, { NULL, 0 }, (unsigned)(given.len / 3 + 1) + 1 };
}
void nearest_try(struct nearest *n, struct span candidate);

#endif
