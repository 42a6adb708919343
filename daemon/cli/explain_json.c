/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "cli/explain.h"
#include "cli/show.h"
#include "engine/engine.h"

/* A step is at most a text of 64 bytes, six each when escaped, and the words of one row. */
enum { OBJECT_BYTES = 262144 };

static void finding_json(struct json *j, const struct trace_step *s)
{
	json_text(j, "recogniser", engine_recogniser(s->row));
	show_set_json(j, "tells", WORDS_TELLS, s->number);
	if (s->text_bytes > 0)
		json_span(j, "name", span_of(s->text, s->text_bytes));
}

static void row_json(struct json *j, const struct book *b, const struct trace_step *s)
{
	struct catalogue_row row;
	if (s->what == TRACE_NAME) {
		json_span(j, "name", span_of(s->text, s->text_bytes));
		show_set_json(j, "told_by", WORDS_EVIDENCE, s->number);
	}
	if (!catalogue_row_of(b, s, &row)) {
		json_null(j, "row");
		return;
	}
	json_text(j, "row", row.pattern);
	if (row.kind != NULL)
		json_text(j, "kind", row.kind);
	json_text(j, "service", row.service);
	if (s->what == TRACE_NAME)
		show_set_json(j, "roles", WORDS_ROLE, row.roles);
	json_text(j, "source", row.source);
	show_text_json(j, "checked", row.checked);
}

/* All steps of one kind. */
static void steps_json(struct json *j, const char *key, const struct explanation *e, enum trace_what what)
{
	json_open(j, key, '[');
	for (unsigned i = 0; i < e->found.count; i++) {
		const struct trace_step *s = &e->found.step[i];
		if (s->what != what || (s->row == 0 && (what == TRACE_FRAMING || what == TRACE_PREFIX)))
			continue; /* looked for, and there is none */
		json_open(j, NULL, '{');
		if (what == TRACE_FINDING)
			finding_json(j, s);
		else
			row_json(j, e->book, s);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void located_json(struct json *j, const struct explanation *e)
{
	json_open(j, "located", '[');
	for (unsigned i = 0; i < PLACES; i++) {
		const struct place_fact *p = &e->flow->place[i];
		if (!p->set)
			continue;
		json_open(j, NULL, '{');
		json_text(j, "place", word_name(WORDS_PLACE, i));
		show_address_json(j, "address", &p->at);
		json_bool(j, "local", book_is_local(e->book, &p->at));
		show_location_json(j, &p->where);
		show_sources_json(e->book, j, &p->at, &p->where);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void rules_json(struct json *j, const struct explanation *e)
{
	json_open(j, "rules", '[');
	for (unsigned i = 0; i < e->judged.count; i++) {
		const struct trace_step *s = &e->judged.step[i];
		if (s->what != TRACE_RULE)
			continue;
		json_open(j, NULL, '{');
		json_text(j, "rule", book_string(e->book, book_rule(e->book, s->row)->name));
		json_text(j, "place", word_name(WORDS_PLACE, s->place));
		json_bool(j, "matched", s->number == RULE_MATCHED || s->number == RULE_MATCHED_UNSURE);
		json_text(j, "why", word_name(WORDS_RULE_STEP, s->number));
		json_close(j, '}');
	}
	json_close(j, ']');
	json_bool(j, "only_observes", e->verdict.observe);
	json_bool(j, "both_local", e->flow->flags & FLOW_BOTH_LOCAL);
}

void explanation_json(const struct explanation *e)
{
	static char storage[OBJECT_BYTES];
	struct text t = text_in(storage, sizeof storage);
	struct json j = json_on(&t);
	json_open(&j, NULL, '{');
	show_flow_json(e->book, &j, e->file, e->flow);
	steps_json(&j, "findings", e, TRACE_FINDING);
	steps_json(&j, "names", e, TRACE_NAME);
	steps_json(&j, "framings", e, TRACE_FRAMING);
	steps_json(&j, "prefixes", e, TRACE_PREFIX);
	json_uint(&j, "steps_lost", e->found.lost);
	located_json(&j, e);
	rules_json(&j, e);
	json_close(&j, '}');
	puts(storage);
}
