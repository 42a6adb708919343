/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Source: Elastic Common Schema, the released version that the table names; dotted names become nested objects. */
#include <inttypes.h>
#include <stdio.h>

#include "event/fields.h"
#include "event/when.h"

enum { NAME_BYTES = 32 };

/* Which objects are open: those of the last name written. */
struct walk {
	struct json *j;
	const char *name;
	unsigned depth;
};

/* How many bytes of whole objects two names share. */
static size_t shared(const char *a, const char *b, unsigned *ret_objects)
{
	size_t same = 0;
	*ret_objects = 0;
	for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
		if (a[i] == '.') {
			same = i + 1;
			++*ret_objects;
		}
	return same;
}

/* Closes and opens objects until the name's last part can be written; returns that. */
static const char *enter(struct walk *w, const char *name)
{
	unsigned objects;
	const char *rest = name + shared(name, w->name, &objects);
	for (; w->depth > objects; w->depth--)
		json_close(w->j, '}');
	for (const char *dot = strchr(rest, '.'); dot != NULL; dot = strchr(rest, '.')) {
		char part[NAME_BYTES];
		snprintf(part, sizeof part, "%.*s", (int)(dot - rest), rest);
		json_open(w->j, part, '{');
		w->depth++;
		rest = dot + 1;
	}
	w->name = name;
	return rest;
}

static void write_time(struct json *j, const char *key, uint64_t at_us)
{
	char storage[40];
	struct text t = text_in(storage, sizeof storage);
	when_rfc3339(&t, at_us);
	json_text(j, key, storage);
}

static void write_id(struct json *j, const char *key, uint64_t id)
{
	char storage[17];
	snprintf(storage, sizeof storage, "%016" PRIx64, id);
	json_text(j, key, storage);
}

static void write_words(struct json *j, const char *key, enum word_set set, unsigned bits)
{
	unsigned bit;
	const char *name;
	json_open(j, key, '[');
	for (size_t i = 0; (name = word_at(set, i, &bit)) != NULL; i++)
		if ((bits & bit) != 0)
			json_text(j, NULL, name);
	json_close(j, ']');
}

static void write_country(struct json *j, const char *key, country c)
{
	char two[3];
	json_text(j, key, country_text(c, two));
}

static void write_value(struct json *j, const char *key, const struct field *f, const struct value *value)
{
	char address[ADDRESS_TEXT_BYTES];
	switch (f->type) {
	case FIELD_TEXT: json_span(j, key, value->text); break;
	case FIELD_NUMBER: json_uint(j, key, value->number); break;
	case FIELD_TIME: write_time(j, key, value->number); break;
	case FIELD_SECONDS: json_time(j, key, value->number); break;
	case FIELD_ID: write_id(j, key, value->number); break;
	case FIELD_WORD: json_text(j, key, word_name(f->words, (unsigned)value->number)); break;
	case FIELD_WORDS: write_words(j, key, f->words, (unsigned)value->number); break;
	case FIELD_ADDRESS: json_text(j, key, address_text(value->address, address)); break;
	case FIELD_COUNTRY: write_country(j, key, (country)value->number); break;
	case FIELD_COUNTRIES:
		json_open(j, key, '[');
		for (size_t i = 0; i < value->count; i++)
			write_country(j, NULL, value->list[i]);
		json_close(j, ']');
		break;
	case FIELD_BOOL:
	case FIELD_TRUE: json_bool(j, key, value->number != 0); break;
	case FIELD_WRITTEN: break;
	}
}

static void write_field(struct walk *w, const struct field *f, const char *name, const struct view *v,
			const struct value *value)
{
	if (f->type == FIELD_TRUE && value->number == 0)
		return;
	const char *key = enter(w, name);
	if (f->type == FIELD_WRITTEN)
		f->write(v, w->j, key);
	else
		write_value(w->j, key, f, value);
}

static void leave(struct walk *w)
{
	for (; w->depth > 0; w->depth--)
		json_close(w->j, '}');
}

static void walk_fields(struct walk *w, const struct fields *t, const struct view *v)
{
	size_t under = strlen(t->under);
	for (size_t i = 0; i < t->count; i++) {
		const struct field *f = &t->row[i];
		struct value value = { 0 };
		if ((f->spare == 0 || f->spare > v->without) && f->get(v, &value))
			write_field(w, f, f->ecs + under, v, &value);
	}
}

void fields_json(const struct fields *t, const struct view *v, struct json *j)
{
	struct walk w = { j, "", 0 };
	walk_fields(&w, t, v);
	leave(&w);
}

static void write_event(const struct book *b, const struct event *e, unsigned without, struct text *ret)
{
	struct json j = json_on(ret);
	struct view v = { .b = b, .e = e, .m = &e->meeting, .p = &e->worst, .without = without };
	json_open(&j, NULL, '{');
	fields_json(&event_fields, &v, &j);
	json_close(&j, '}');
}

void event_json(const struct book *b, const struct event *e, struct text *ret)
{
	write_event(b, e, 0, ret);
}

void event_json_brief(const struct book *b, const struct event *e, size_t most, struct text *ret)
{
	struct text begun = *ret;
	for (unsigned without = 0; without == 0 || (without < FIELD_SPARES && ret->len - begun.len > most); without++) {
		*ret = begun;
		write_event(b, e, without, ret);
	}
}

void meeting_json(const struct book *b, const struct meeting *m, struct text *ret)
{
	struct json j = json_on(ret);
	struct view v = { .b = b, .m = m };
	json_open(&j, NULL, '{');
	fields_json(&meeting_fields, &v, &j);
	json_close(&j, '}');
}

void notice_json(const struct book *b, const struct notice *n, struct text *ret)
{
	struct json j = json_on(ret);
	struct view v = { .b = b, .n = n };
	struct walk w = { &j, "", 0 };
	json_open(&j, NULL, '{');
	walk_fields(&w, &notice_fields, &v);
	for (unsigned key = 0; key < NOTICE_KEYS; key++) {
		const struct field *f = notice_field(key);
		struct value value = { 0 };
		if (notice_value(n, key, &value))
			write_field(&w, f, f->ecs, &v, &value);
	}
	leave(&w);
	json_close(&j, '}');
}
