/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers to `flows`, `meetings` and `blocks`: a line or an object for each that stands now. */
#include <inttypes.h>

#include "base/json.h"
#include "event/when.h"
#include "report/desk.h"
#include "report/live.h"

enum { LINE_ROOM = 8192 }; /* a list ends where not even one more line is sure to fit */

static bool has_room(const struct text *t)
{
	return t->cap - t->len > LINE_ROOM;
}

static void put_set(struct text *t, enum word_set set, unsigned bits)
{
	const char *name, *plus = "";
	unsigned bit;
	for (size_t i = 0; (name = word_at(set, i, &bit)) != NULL; i++)
		if ((bits & bit) != 0) {
			text_printf(t, "%s%s", plus, name);
			plus = "+";
		}
	text_put(t, *plus == '\0' ? "-" : "");
}

static void json_set(struct json *j, const char *key, enum word_set set, unsigned bits)
{
	const char *name;
	unsigned bit;
	json_open(j, key, '[');
	for (size_t i = 0; (name = word_at(set, i, &bit)) != NULL; i++)
		if ((bits & bit) != 0)
			json_text(j, NULL, name);
	json_close(j, ']');
}

static void json_address(struct json *j, const char *key, const struct address *a)
{
	char text[ADDRESS_TEXT_BYTES];
	json_text(j, key, address_text(a, text));
}

static void put_end(struct text *t, const struct address *a, unsigned port)
{
	char address[ADDRESS_TEXT_BYTES];
	text_printf(t, address_is_v4(a) ? "%s:%u" : "[%s]:%u", address_text(a, address), port);
}

static void put_candidates(struct text *t, const struct location *at)
{
	char two[3];
	text_put(t, at->count == 0 ? "??" : "");
	for (unsigned i = 0; i < at->count && i < CANDIDATES; i++)
		text_printf(t, "%s%s", i > 0 ? "|" : "", country_text(at->candidate[i], two));
}

/* ---- flows ---- */

static struct span service_of(const struct book *b, unsigned service)
{
	return service < b->count[BOOK_SERVICE] ? book_span(b, book_service(b, service)->name)
						: span_text("");
}

static struct span rule_of(const struct book *b, unsigned rule) /* + 1 */
{
	return rule > 0 && rule <= b->count[BOOK_RULE] ? book_span(b, book_rule(b, rule - 1u)->name)
						       : span_text("");
}

static void flow_json(const struct book *b, const struct flow_fact *f, struct text *t)
{
	struct json j = json_on(t);
	const struct location *at = &f->place[PLACE_SERVER].where;
	char two[3];
	json_open(&j, NULL, '{');
	json_text(&j, "proto", word_name(WORDS_PROTO, f->key.proto));
	json_address(&j, "client", fact_client(f));
	json_uint(&j, "client_port", fact_client_port(f));
	json_address(&j, "server", fact_server(f));
	json_uint(&j, "server_port", fact_server_port(f));
	json_span(&j, "service", service_of(b, f->now.service));
	json_set(&j, "roles", WORDS_ROLE, f->now.roles);
	json_set(&j, "key_basis", WORDS_BASIS, f->now.basis);
	json_set(&j, "media", WORDS_MEDIA, f->now.media);
	json_text(&j, "stage", word_name(WORDS_STAGE, f->now.stage));
	json_text(&j, "path", word_name(WORDS_PATH, f->now.path));
	json_span(&j, "name", span_of(f->name, f->name_bytes));
	json_open(&j, "candidates", '[');
	for (unsigned i = 0; i < at->count && i < CANDIDATES; i++)
		json_text(&j, NULL, country_text(at->candidate[i], two));
	json_close(&j, ']');
	json_text(&j, "certainty", word_name(WORDS_CERTAINTY, at->certainty));
	json_text(&j, "verdict", word_name(WORDS_ACTION, f->verdict.action));
	json_span(&j, "rule", rule_of(b, f->verdict.rule));
	json_uint(&j, "packets", f->packets[0] + f->packets[1]);
	json_uint(&j, "bytes", f->bytes[0] + f->bytes[1]);
	json_time(&j, "first", f->first_us);
	json_time(&j, "last", f->last_us);
	json_bool(&j, "one_way", (f->flags & FLOW_ONE_WAY) != 0);
	json_close(&j, '}');
	text_put(t, "\n");
}

static void put_cell(struct text *t, const struct text *cell, int wide)
{
	text_printf(t, "%-*s ", wide, cell->at);
}

static void flow_line(const struct book *b, const struct flow_fact *f, struct text *t)
{
	char storage[128];
	struct text cell = text_in(storage, sizeof storage);
	text_plain(&cell, service_of(b, f->now.service));
	put_cell(t, &cell, 8);
	text_printf(t, "%s ", word_name(WORDS_PROTO, f->key.proto));
	cell = text_in(storage, sizeof storage);
	put_end(&cell, fact_client(f), fact_client_port(f));
	put_cell(t, &cell, 22);
	cell = text_in(storage, sizeof storage);
	put_end(&cell, fact_server(f), fact_server_port(f));
	put_cell(t, &cell, 22);
	cell = text_in(storage, sizeof storage);
	put_set(&cell, WORDS_ROLE, f->now.roles);
	put_cell(t, &cell, 20);
	text_printf(t, "%-7s ", word_name(WORDS_STAGE, f->now.stage));
	put_candidates(t, &f->place[PLACE_SERVER].where);
	text_printf(t, " %s %s %" PRIu64 " packets ",
		    word_name(WORDS_CERTAINTY, f->place[PLACE_SERVER].where.certainty),
		    word_name(WORDS_ACTION, f->verdict.action), f->packets[0] + f->packets[1]);
	text_plain(t, span_of(f->name, f->name_bytes));
	text_put(t, "\n");
}

void answer_flows(struct report *r, bool json, struct text *ret)
{
	for (size_t i = 0; i < LIVE_FLOWS && has_room(ret); i++) {
		const struct flow_fact *f = live_flow(r->live, i);
		if (f == NULL || f->generation != r->now->book.header->generation)
			continue; /* of a former book: judged again within a moment */
		if (json)
			flow_json(&r->now->book, f, ret);
		else
			flow_line(&r->now->book, f, ret);
	}
}

/* ---- meetings ---- */

void answer_meetings(struct report *r, bool json, bool colour, struct text *ret)
{
	static struct meeting m;
	uint32_t at = LEDGER_BEGIN;
	while (ret->cap - ret->len > EVENT_JSON_BYTES && ledger_open_meeting(r->now->ledger, &at, &m)) {
		if (json) {
			meeting_json(&r->now->book, &m, ret);
			text_put(ret, "\n");
		} else {
			meeting_text(&r->now->book, &m, colour, ret);
		}
	}
}

/* ---- blocks ---- */

/* Rows of a former book name nothing in this one. */
static unsigned row_now(const struct book *b, const struct message_block *m, unsigned row)
{
	return m->generation == b->header->generation ? row : 0;
}

static void block_json(const struct book *b, const struct live_block *block, struct text *t)
{
	struct json j = json_on(t);
	const struct message_block *m = &block->block;
	json_open(&j, NULL, '{');
	json_uint(&j, "number", block->element);
	json_address(&j, "client", &m->client);
	json_address(&j, "server", &m->server);
	json_text(&j, "proto", word_name(WORDS_PROTO, m->proto));
	json_uint(&j, "server_port", m->server_port);
	json_span(&j, "service", service_of(b, row_now(b, m, m->service)));
	json_span(&j, "rule", rule_of(b, row_now(b, m, m->rule)));
	json_time(&j, "since", block->since_us);
	json_time(&j, "until", block->until_us);
	json_bool(&j, "leaking", block->leaking);
	json_close(&j, '}');
	text_put(t, "\n");
}

static void block_line(const struct book *b, const struct live_block *block, struct text *t)
{
	char client[ADDRESS_TEXT_BYTES], storage[128];
	const struct message_block *m = &block->block;
	struct text cell = text_in(storage, sizeof storage);
	text_printf(t, "%-6" PRIu64 " %-16s ", block->element, address_text(&m->client, client));
	put_end(&cell, &m->server, m->server_port);
	put_cell(t, &cell, 22);
	const char *proto = word_name(WORDS_PROTO, m->proto);
	text_printf(t, "%s until ", proto != NULL ? proto : "?");
	when_clock(t, block->until_us);
	text_put(t, " UTC  ");
	text_plain(t, rule_of(b, row_now(b, m, m->rule)));
	text_put(t, block->leaking ? "  PACKETS STILL PASS\n" : "\n");
}

void answer_blocks(struct report *r, bool json, struct text *ret)
{
	for (size_t i = 0; i < live_block_count(r->live) && has_room(ret); i++) {
		if (json)
			block_json(&r->now->book, live_block(r->live, i), ret);
		else
			block_line(&r->now->book, live_block(r->live, i), ret);
	}
}
