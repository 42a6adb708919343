/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "cli/explain.h"
#include "cli/show.h"
#include "engine/engine.h"

enum { PAGE_BYTES = 131072 };

static void put_headline(struct text *t, const struct book *b, const struct flow_fact *f)
{
	char client[ADDRESS_TEXT_BYTES], server[ADDRESS_TEXT_BYTES];
	text_printf(t, "%s  %s %s port %u -> %s port %u\n",
		    book_string(b, book_service(b, f->now.service)->name),
		    word_name(WORDS_PROTO, f->key.proto), address_text(fact_client(f), client),
		    fact_client_port(f), address_text(fact_server(f), server), fact_server_port(f));
	show_set(t, "  roles    ", "+", WORDS_ROLE, f->now.roles);
	show_set(t, " (keys by ", "+", WORDS_BASIS, f->now.basis);
	text_put(t, f->now.basis != 0 ? ")" : "");
	show_set(t, ", ", "+", WORDS_MEDIA, f->now.media);
	if (f->now.path != PATH_NONE)
		text_printf(t, ", path %s", word_name(WORDS_PATH, f->now.path));
	text_printf(t, ", stage %s\n", word_name(WORDS_STAGE, f->now.stage));
	show_set(t, "  evidence ", "+", WORDS_EVIDENCE, f->now.evidence);
	text_printf(t, ": %s\n", word_name(WORDS_STRENGTH, strength_of(f->now.evidence)));
}

static void put_finding(struct text *t, const struct trace_step *s)
{
	text_printf(t, "  found    %s", engine_recogniser(s->row));
	show_set(t, ": ", ", ", WORDS_TELLS, s->number);
	text_put(t, s->text_bytes > 0 ? ": " : "");
	text_plain(t, span_of(s->text, s->text_bytes));
	text_put(t, "\n");
}

static void put_row_source(struct text *t, const struct catalogue_row *row)
{
	text_printf(t, " [%s%s%s]\n", row->source, *row->checked != '\0' ? ", checked " : "", row->checked);
}

static void put_name(struct text *t, const struct book *b, const struct trace_step *s)
{
	struct catalogue_row row;
	text_put(t, "  name     ");
	text_plain(t, span_of(s->text, s->text_bytes));
	show_set(t, ", told by ", "+", WORDS_EVIDENCE, s->number);
	if (!catalogue_row_of(b, s, &row)) {
		text_put(t, ": no row of the catalogue\n");
		return;
	}
	text_printf(t, ": %s, row %s", row.service, row.pattern);
	show_set(t, ", roles ", "+", WORDS_ROLE, row.roles);
	put_row_source(t, &row);
}

static void put_step(struct text *t, const struct book *b, const struct trace_step *s)
{
	struct catalogue_row row;
	switch (s->what) {
	case TRACE_FINDING: put_finding(t, s); break;
	case TRACE_NAME: put_name(t, b, s); break;
	case TRACE_FRAMING:
		if (!catalogue_row_of(b, s, &row))
			break;
		text_printf(t, "  framing  %s %s: %s", row.kind, row.pattern, row.service);
		put_row_source(t, &row);
		break;
	case TRACE_PREFIX:
		if (!catalogue_row_of(b, s, &row)) {
			text_put(t, "  prefix   in no prefix of the catalogue\n");
			break;
		}
		text_printf(t, "  prefix   %s: %s, %s", row.pattern, row.service, row.kind);
		put_row_source(t, &row);
		break;
	default: break; /* services are told by the headline; judgements are asked again below */
	}
}

static void put_source(struct text *t, const struct book *b, const struct location *l,
		       const struct location_source *s)
{
	char two[3];
	text_printf(t, "  source   %-9s %s ", word_name(WORDS_KIND, s->kind),
		    s->says != COUNTRY_NONE ? country_text(s->says, two) : "--");
	if (s->kind != KIND_SITE)
		text_printf(t, "%s, %s", book_string(b, book_source(b, s->source)->file),
			    book_string(b, book_source(b, s->source)->built));
	else if (l->site_row != 0)
		text_printf(t, "site `%s`", book_string(b, book_site(b, l->site_row - 1u)->code));
	text_printf(t, ": %s\n", word_name(WORDS_WHY, s->why));
}

static void put_places(struct text *t, const struct book *b, const struct flow_fact *f)
{
	for (unsigned i = 0; i < PLACES; i++) {
		const struct place_fact *p = &f->place[i];
		char text[ADDRESS_TEXT_BYTES];
		if (!p->set)
			continue;
		for (unsigned n = 0; n < p->where.source_count; n++)
			put_source(t, b, &p->where, &p->where.source[n]);
		text_printf(t, "  place    %s %s: ", word_name(WORDS_PLACE, i), address_text(&p->at, text));
		show_country(t, b, &p->at, &p->where, " or ", "no country");
		text_printf(t, ", %s\n", word_name(WORDS_CERTAINTY, p->where.certainty));
	}
}

static void put_verdict(struct text *t, const struct explanation *e)
{
	const struct verdict *v = &e->verdict;
	for (unsigned i = 0; i < e->judged.count; i++) {
		const struct trace_step *s = &e->judged.step[i];
		if (s->what == TRACE_RULE)
			text_printf(t, "  rule     %s: %s (%s)\n",
				    book_string(e->book, book_rule(e->book, s->row)->name),
				    word_name(WORDS_RULE_STEP, s->number), word_name(WORDS_PLACE, s->place));
	}
	text_printf(t, "  verdict  %s%s%s%s\n", word_name(WORDS_ACTION, v->action),
		    v->rule != 0 ? " by " : ": no rule matches",
		    v->rule != 0 ? book_string(e->book, book_rule(e->book, v->rule - 1u)->name) : "",
		    e->flow->flags & FLOW_BOTH_LOCAL          ? "; both ends are local: not judged"
		    : v->observe && v->action == ACTION_BLOCK ? " (observe: it would block)"
							      : "");
}

void explanation_text(const struct explanation *e)
{
	static char storage[PAGE_BYTES];
	struct text t = text_in(storage, sizeof storage);
	put_headline(&t, e->book, e->flow);
	for (unsigned i = 0; i < e->found.count; i++)
		put_step(&t, e->book, &e->found.step[i]);
	if (e->found.lost > 0)
		text_printf(&t, "  (%u more steps)\n", e->found.lost);
	if (book_settings(e->book)->has_policy) {
		put_places(&t, e->book, e->flow);
		put_verdict(&t, e);
	}
	text_put(&t, "\n");
	fputs(storage, stdout);
}
