/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/show.h"

#include "geo/geo.h"

enum { SITE_TABLE = 255 }; /* location_source.source */

void show_set(struct text *t, const char *before, const char *between, enum word_set set, unsigned value)
{
	unsigned bit;
	const char *name;
	for (size_t i = 0; (name = word_at(set, i, &bit)) != NULL; i++)
		if (value & bit) {
			text_printf(t, "%s%s", before, name);
			before = between;
		}
}

void show_country(struct text *t, const struct book *b, const struct address *at, const struct location *l,
		  const char *between, const char *none)
{
	char two[3];
	if (l->count == 0)
		text_put(t, book_is_local(b, at) ? "local" : none);
	for (unsigned i = 0; i < l->count; i++)
		text_printf(t, "%s%s", i > 0 ? between : "", country_text(l->candidate[i], two));
}

void show_set_json(struct json *j, const char *key, enum word_set set, unsigned value)
{
	unsigned bit;
	const char *name;
	json_open(j, key, '[');
	for (size_t i = 0; (name = word_at(set, i, &bit)) != NULL; i++)
		if (value & bit)
			json_text(j, NULL, name);
	json_close(j, ']');
}

void show_address_json(struct json *j, const char *key, const struct address *a)
{
	char text[ADDRESS_TEXT_BYTES];
	json_text(j, key, address_text(a, text));
}

void show_uint_json(struct json *j, const char *key, uint64_t value)
{
	if (value != 0)
		json_uint(j, key, value);
	else
		json_null(j, key);
}

void show_text_json(struct json *j, const char *key, const char *text)
{
	json_text(j, key, *text != '\0' ? text : NULL);
}

void show_location_json(struct json *j, const struct location *l)
{
	char two[3];
	json_text(j, "country", l->count == 1 ? country_text(l->candidate[0], two) : NULL);
	json_open(j, "candidates", '[');
	for (unsigned i = 0; i < l->count; i++)
		json_text(j, NULL, country_text(l->candidate[i], two));
	json_close(j, ']');
	json_text(j, "certainty", word_name(WORDS_CERTAINTY, l->certainty));
	show_uint_json(j, "asn", l->asn);
}

/* Of a source of the policy its row; of the site table the code that the name told. */
static void source_origin_json(const struct book *b, struct json *j, const struct address *at,
			       const struct location *l, const struct location_source *s)
{
	struct geo_answer said = { 0 };
	if (s->source == SITE_TABLE) {
		if (l->site_row != 0) {
			json_text(j, "code", book_string(b, book_site(b, l->site_row - 1u)->code));
			json_text(j, "source", book_string(b, book_site(b, l->site_row - 1u)->source));
		}
		return;
	}
	const struct book_source *row = book_source(b, s->source);
	geo_ask(b, s->source, at, &said);
	json_text(j, "label", book_string(b, row->label));
	json_text(j, "file", book_string(b, row->file));
	show_text_json(j, "built", book_string(b, row->built));
	json_span(j, "note", book_span(b, said.note));
}

static void source_json(const struct book *b, struct json *j, const struct address *at,
			const struct location *l, const struct location_source *s)
{
	char two[3];
	json_open(j, NULL, '{');
	json_text(j, "kind", word_name(WORDS_KIND, s->kind));
	source_origin_json(b, j, at, l, s);
	json_text(j, "says", s->says != COUNTRY_NONE ? country_text(s->says, two) : NULL);
	json_bool(j, "counted", s->counted);
	json_text(j, "why", word_name(WORDS_WHY, s->why));
	json_close(j, '}');
}

void show_sources_json(const struct book *b, struct json *j, const struct address *at,
		       const struct location *l)
{
	json_open(j, "sources", '[');
	for (unsigned i = 0; i < l->source_count; i++)
		source_json(b, j, at, l, &l->source[i]);
	json_close(j, ']');
}

static void places_json(struct json *j, const struct flow_fact *f)
{
	json_open(j, "places", '[');
	for (unsigned i = 0; i < PLACES; i++) {
		if (!f->place[i].set)
			continue;
		json_open(j, NULL, '{');
		json_text(j, "place", word_name(WORDS_PLACE, i));
		show_address_json(j, "address", &f->place[i].at);
		json_uint(j, "port", f->place[i].port);
		show_location_json(j, &f->place[i].where);
		json_text(j, "verdict", word_name(WORDS_ACTION, f->place[i].verdict.action));
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void ends_json(struct json *j, const char *file, const struct flow_fact *f)
{
	json_span(j, "file", span_text(file));
	json_text(j, "proto", word_name(WORDS_PROTO, f->key.proto));
	show_address_json(j, "client", fact_client(f));
	json_uint(j, "client_port", fact_client_port(f));
	show_address_json(j, "server", fact_server(f));
	json_uint(j, "server_port", fact_server_port(f));
	json_uint(j, "vlan", f->vlan);
}

static void conclusion_json(const struct book *b, struct json *j, const struct flow_fact *f)
{
	bool conferencing = f->now.service != SERVICE_NONE;
	show_text_json(j, "service", book_string(b, book_service(b, f->now.service)->name));
	show_text_json(j, "component", book_string(b, book_component(b, f->now.component)->name));
	show_set_json(j, "roles", WORDS_ROLE, f->now.roles);
	show_set_json(j, "key_basis", WORDS_BASIS, f->now.basis);
	json_text(j, "stage", conferencing ? word_name(WORDS_STAGE, f->now.stage) : NULL);
	show_set_json(j, "media", WORDS_MEDIA, f->now.media);
	json_text(j, "path", word_name(WORDS_PATH, f->now.path));
	if (f->place[PLACE_PEER].set)
		show_address_json(j, "peer", &f->place[PLACE_PEER].at);
	else
		json_null(j, "peer");
	if (f->name_bytes > 0)
		json_span(j, "name", span_of(f->name, f->name_bytes));
	else
		json_null(j, "name");
	show_set_json(j, "evidence", WORDS_EVIDENCE, f->now.evidence);
	json_text(j, "strength",
		  conferencing ? word_name(WORDS_STRENGTH, strength_of(f->now.evidence)) : NULL);
}

void show_flow_json(const struct book *b, struct json *j, const char *file, const struct flow_fact *f)
{
	bool judged = f->now.service != SERVICE_NONE && book_settings(b)->has_policy;
	ends_json(j, file, f);
	conclusion_json(b, j, f);
	show_location_json(j, &f->place[PLACE_SERVER].where);
	if (f->place[PLACE_RELAY].set || f->place[PLACE_PEER].set)
		places_json(j, f);
	json_text(j, "verdict", judged ? word_name(WORDS_ACTION, f->verdict.action) : NULL);
	json_text(j, "rule",
		  judged && f->verdict.rule != 0 ? book_string(b, book_rule(b, f->verdict.rule - 1u)->name)
						 : NULL);
}

bool show_is_violation(const struct flow_fact *f)
{
	return verdict_acts(&f->verdict, f->now.stage);
}
