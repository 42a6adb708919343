/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hostile names and any numbers in every field: the JSON is one valid line, the text is printable and no line of it
 * wider than 100 columns. */
#include "event/event.h"

#include "../unit/json_valid.h"
#include "../unit/ledger_book.h"

static void must(bool so)
{
	if (!so)
		abort();
}

static uint64_t number(struct cursor *c)
{
	uint64_t size = cursor_uint(c, 1) % 9;
	return size > 0 ? cursor_uint64(c, size) : 0;
}

static country any_country(struct cursor *c)
{
	return (country)((unsigned)('A' + cursor_uint(c, 1) % 26) << 8 |
			 (unsigned)('A' + cursor_uint(c, 1) % 26));
}

static void fill_location(struct cursor *c, struct location *ret)
{
	ret->count = (uint8_t)(cursor_uint(c, 1) % (CANDIDATES + 2));
	ret->certainty = (uint8_t)(cursor_uint(c, 1) % 5);
	ret->source_count = (uint8_t)cursor_uint(c, 1);
	ret->site_row = (uint16_t)(cursor_uint(c, 1) % 4);
	ret->asn = (uint32_t)number(c);
	for (unsigned i = 0; i < CANDIDATES; i++)
		ret->candidate[i] = any_country(c);
	for (unsigned i = 0; i < LOCATION_SOURCES; i++)
		ret->source[i] = (struct location_source){ .says = any_country(c),
							   .source = (uint8_t)cursor_uint(c, 1),
							   .kind = (uint8_t)(1u << cursor_uint(c, 1) % 4),
							   .counted = cursor_uint(c, 1) & 1 };
}

static void fill_place(struct cursor *c, struct event_place *ret)
{
	struct span at = cursor_take(c, cursor_uint(c, 1) & 1 ? 4 : 16), name = cursor_vector(c, 1);
	ret->at = address_from(at);
	ret->via = address_from(cursor_take(c, 16));
	ret->port = (uint16_t)cursor_uint(c, 2);
	ret->proto = cursor_uint(c, 1) & 1 ? PROTO_TCP : PROTO_UDP;
	ret->place = (uint8_t)(cursor_uint(c, 1) % PLACES);
	ret->roles = (uint8_t)cursor_uint(c, 1), ret->basis = (uint8_t)cursor_uint(c, 1);
	ret->media = (uint8_t)cursor_uint(c, 1), ret->evidence = (uint8_t)cursor_uint(c, 1);
	ret->stage = (uint8_t)(cursor_uint(c, 1) % 3), ret->path = (uint8_t)(cursor_uint(c, 1) % 4);
	ret->verdict = (struct verdict){ .rule = (uint16_t)(cursor_uint(c, 1) % 9),
					 .action = (uint8_t)(cursor_uint(c, 1) % 3),
					 .unsure = cursor_uint(c, 1) & 1,
					 .observe = cursor_uint(c, 1) & 1 };
	ret->packets[0] = number(c), ret->bytes[1] = number(c);
	ret->flows = (uint32_t)number(c);
	ret->name_cut = cursor_uint(c, 1) & 1;
	ret->name_bytes = (uint8_t)name.len;
	if (name.len > 0)
		memcpy(ret->name, name.at, name.len < FACT_NAME_BYTES ? name.len : FACT_NAME_BYTES);
	fill_location(c, &ret->where);
}

static void fill(struct cursor *c, struct event *e)
{
	e->id = number(c), e->alert_id = number(c), e->at_us = number(c);
	e->code = (uint8_t)(cursor_uint(c, 1) % CODES);
	e->state = (uint8_t)(cursor_uint(c, 1) % 3);
	e->done = (uint8_t)(cursor_uint(c, 1) % 6);
	e->severity = (uint8_t)(cursor_uint(c, 1) % 101);
	e->without_meeting = cursor_uint(c, 1) & 1;
	e->rule = (uint16_t)(cursor_uint(c, 1) % 9), e->service = (uint16_t)(cursor_uint(c, 1) % 6);
	e->component = (uint16_t)(cursor_uint(c, 1) % 4), e->vlan = (uint16_t)cursor_uint(c, 2);
	e->meeting.client = address_from(cursor_take(c, 4));
	e->meeting.first_us = number(c), e->meeting.last_us = number(c);
	e->meeting.service = e->service;
	e->meeting.bytes[0] = number(c), e->meeting.packets[1] = number(c);
	e->violating_count = (uint8_t)cursor_uint(c, 1);
	for (int i = 0; i < 8; i++)
		e->violating[i] = any_country(c);
	fill_place(c, &e->worst);
	e->meeting.place_count = (uint8_t)(cursor_uint(c, 1) % (EVENT_PLACES + 1));
	for (unsigned i = 0; i < e->meeting.place_count; i++) {
		if (cursor_more(c))
			fill_place(c, &e->meeting.place[i]);
		else
			e->meeting.place[i] = e->worst; /* few bytes make a full event */
	}
}

static void check_json(const struct text *t)
{
	must(!t->cut && strlen(t->at) == t->len && strchr(t->at, '\n') == NULL && json_valid(t->at, t->len));
}

static void check_plain(const struct text *t)
{
	size_t column = 0;
	must(!t->cut && t->len > 0 && t->at[t->len - 1] == '\n');
	for (size_t i = 0; i < t->len; i++) {
		column = t->at[i] == '\n' ? 0 : column + 1;
		must(column <= 100 && (t->at[i] == '\n' || (t->at[i] >= 0x20 && t->at[i] < 0x7F)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char storage[EVENT_JSON_BYTES];
	static struct event e;
	struct cursor c = cursor_of(span_of(data, len));
	memset(&e, 0, sizeof e);
	fill(&c, &e);
	struct text t = text_in(storage, sizeof storage);
	event_json(ledger_book(), &e, &t);
	check_json(&t);
	t = text_in(storage, sizeof storage);
	meeting_json(ledger_book(), &e.meeting, &t);
	check_json(&t);
	t = text_in(storage, sizeof storage);
	event_text(ledger_book(), &e, false, &t);
	check_plain(&t);
	t = text_in(storage, sizeof storage);
	meeting_text(ledger_book(), &e.meeting, false, &t);
	check_plain(&t);
	return 0;
}
