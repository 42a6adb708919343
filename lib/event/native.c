/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Source: systemd, "Native Journal Protocol" (a field is NAME=value and a line end; names are upper-case letters, digits
 * and underscores; a name may stand several times), and systemd.journal-fields(7). Values are escaped to one line, so
 * the form with a length is never needed. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "event/fields.h"
#include "event/say.h"
#include "event/when.h"

enum { FIELD_NAME_BYTES = 64 };

static bool put_bit(const struct field *f, unsigned bits, size_t part, struct text *ret)
{
	unsigned bit;
	const char *name;
	for (size_t i = 0; (name = word_at(f->words, i, &bit)) != NULL; i++)
		if ((bits & bit) != 0 && part-- == 0) {
			text_put(ret, name);
			return true;
		}
	return false;
}

static bool put_word(const struct field *f, unsigned number, struct text *ret)
{
	const char *word = word_name(f->words, number);
	text_put(ret, word != NULL ? word : "");
	return word != NULL;
}

static bool put_single(const struct field *f, const struct value *v, struct text *ret)
{
	char address[ADDRESS_TEXT_BYTES], two[3];
	switch (f->type) {
	case FIELD_TEXT: text_plain(ret, v->text); return true;
	case FIELD_TIME:
	case FIELD_SECONDS: when_rfc3339(ret, v->number); return true;
	case FIELD_ID: text_printf(ret, "%016" PRIx64, v->number); return true;
	case FIELD_WORD: return put_word(f, (unsigned)v->number, ret);
	case FIELD_ADDRESS: text_put(ret, address_text(v->address, address)); return true;
	case FIELD_COUNTRY: text_put(ret, country_text((country)v->number, two)); return true;
	case FIELD_NUMBER:
	case FIELD_BOOL:
	case FIELD_TRUE:
		text_printf(ret, "%" PRIu64, v->number);
		return f->type != FIELD_TRUE || v->number != 0;
	default: return false;
	}
}

bool value_text(const struct field *f, const struct value *v, size_t part, struct text *ret)
{
	char two[3];
	if (f->type == FIELD_WORDS)
		return put_bit(f, (unsigned)v->number, part, ret);
	if (f->type == FIELD_COUNTRIES) {
		text_put(ret, part < v->count ? country_text(v->list[part], two) : "");
		return part < v->count;
	}
	return part == 0 && put_single(f, v, ret);
}

/* keyfence.alert.id becomes KEYFENCE_ALERT_ID, event.id KEYFENCE_EVENT_ID. */
static void put_name(struct text *t, const char *ecs)
{
	char name[FIELD_NAME_BYTES];
	size_t n = 0, own = strlen("keyfence.");
	if (strncmp(ecs, "keyfence.", own) == 0)
		ecs += own;
	for (; *ecs != '\0' && n < sizeof name - 1; ecs++)
		if (*ecs != '@')
			name[n++] = *ecs == '.' ? '_' : (char)toupper((unsigned char)*ecs);
	name[n] = '\0';
	text_printf(t, "KEYFENCE_%s=", name);
}

static void put_field(struct text *t, const struct field *f, const struct value *v)
{
	for (size_t part = 0;; part++) {
		struct text begun = *t;
		put_name(t, f->ecs);
		if (!value_text(f, v, part, t)) {
			*t = begun;
			t->at[t->len] = '\0';
			return;
		}
		text_put(t, "\n");
	}
}

static void put_fields(struct text *t, const struct fields *table, const struct view *v)
{
	for (size_t i = 0; i < table->count; i++) {
		struct value value = { 0 };
		if (table->row[i].type != FIELD_WRITTEN && table->row[i].get(v, &value))
			put_field(t, &table->row[i], &value);
	}
}

static void put_priority(struct text *t, unsigned severity)
{
	unsigned syslog;
	say_severity(severity, &syslog);
	text_printf(t, "\nPRIORITY=%u\n", syslog);
}

void event_native(const struct book *b, const struct event *e, struct text *ret)
{
	struct view v = { .b = b, .e = e, .m = &e->meeting, .p = &e->worst };
	char client[ADDRESS_TEXT_BYTES];
	text_printf(ret, "MESSAGE=%s: ", word_name(WORDS_CODE, e->code));
	text_plain(ret, say_service(b, e->service));
	text_printf(ret, " of client %s: ", address_text(&e->meeting.client, client));
	event_reason(b, e, ret);
	put_priority(ret, e->severity);
	put_fields(ret, &event_fields, &v);
}

void notice_native(const struct book *b, const struct notice *n, struct text *ret)
{
	struct view v = { .b = b, .n = n };
	text_printf(ret, "MESSAGE=%s: ", word_name(WORDS_CODE, n->code));
	notice_sentence(n, ret);
	put_priority(ret, notice_severity(n->code));
	put_fields(ret, &notice_fields, &v);
	for (unsigned key = 0; key < NOTICE_KEYS; key++) {
		struct value value = { 0 };
		if (notice_value(n, key, &value))
			put_field(ret, notice_field(key), &value);
	}
}
