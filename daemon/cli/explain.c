/* SPDX-License-Identifier: GPL-3.0-or-later */
/* explain: the trace in words. A first pass finds the flows; each chosen one is replayed with its trace on; location and
 * rules, which are pure, are asked again of what the flow came to. */
#include <stdlib.h>

#include "base/text.h"
#include "catalogue/catalogue.h"
#include "cli/pipeline.h"
#include "geo/geo.h"
#include "policy/policy.h"

enum { EXPLAINED = 24 };

struct subject {
	const struct cli *cli;
	const struct book *book;
	struct address client;
	bool one_client;
	struct flow_fact flow[EXPLAINED];
	size_t count, left_out;
	bool violated;
};

static bool is_violation(const struct flow_fact *f)
{
	return f->verdict.action != ACTION_PERMIT;
}

/* Violations push out what was permitted. */
static void choose(void *user, const struct flow_fact *f)
{
	struct subject *s = user;
	if (f->kind != FACT_ENDED || f->now.service == SERVICE_NONE ||
	    (s->one_client && !address_equal(fact_client(f), &s->client)))
		return;
	s->violated |= is_violation(f);
	if (s->count < EXPLAINED) {
		s->flow[s->count++] = *f;
		return;
	}
	s->left_out++;
	for (size_t i = EXPLAINED; is_violation(f) && i-- > 0;)
		if (!is_violation(&s->flow[i])) {
			s->flow[i] = *f;
			return;
		}
}

static void ignore(void *user, const struct flow_fact *f)
{
	(void)user, (void)f;
}

static void print_set(const char *before, const char *between, enum word_set set, unsigned value)
{
	unsigned bit;
	const char *name;
	for (size_t i = 0; (name = word_at(set, i, &bit)) != NULL; i++)
		if (value & bit) {
			printf("%s%s", before, name);
			before = between;
		}
}

static void print_hostile(const char *text, size_t bytes)
{
	char storage[512];
	struct text t = text_in(storage, sizeof storage);
	text_plain(&t, span_of(text, bytes));
	fputs(storage, stdout);
}

static void print_row_source(const struct book *b, struct book_text source, struct book_text checked)
{
	printf(" [%s%s%s]", book_string(b, source), checked.bytes > 0 ? ", checked " : "", book_string(b, checked));
}

static void explain_name(const struct book *b, const struct trace_step *s)
{
	printf("  name     ");
	print_hostile(s->text, s->text_bytes);
	print_set(", told by ", "+", WORDS_EVIDENCE, s->number);
	if (s->row == 0) {
		puts(": no row of the catalogue");
		return;
	}
	const struct book_name *row = book_name(b, s->row - 1u);
	printf(": %s, row %s", book_string(b, book_service(b, row->service)->name), book_string(b, row->pattern));
	print_set(", roles ", "+", WORDS_ROLE, row->roles);
	print_row_source(b, row->source, row->checked);
	putchar('\n');
}

static void explain_step(const struct book *b, const struct trace_step *s)
{
	switch (s->what) {
	case TRACE_FINDING:
		printf("  found    %s", engine_recogniser(s->row));
		print_set(": ", ", ", WORDS_TELLS, s->number);
		if (s->text_bytes > 0) {
			fputs(": ", stdout);
			print_hostile(s->text, s->text_bytes);
		}
		putchar('\n');
		break;
	case TRACE_NAME: explain_name(b, s); break;
	case TRACE_FRAMING:
		if (s->row == 0)
			break;
		printf("  framing  %s %s: %s", word_name(WORDS_FRAMING, book_framing(b, s->row - 1u)->is),
		       book_string(b, book_framing(b, s->row - 1u)->pattern),
		       book_string(b, book_service(b, book_framing(b, s->row - 1u)->service)->name));
		print_row_source(b, book_framing(b, s->row - 1u)->source, (struct book_text){ 0, 0 });
		putchar('\n');
		break;
	case TRACE_PREFIX:
		if (s->row == 0) {
			puts("  prefix   in no prefix of the catalogue");
			break;
		}
		char text[PREFIX_TEXT_BYTES];
		printf("  prefix   %s: %s, %s", prefix_text(&book_prefix(b, s->row - 1u)->prefix, text),
		       book_string(b, book_service(b, book_prefix(b, s->row - 1u)->service)->name),
		       word_name(WORDS_PREFIX, book_prefix(b, s->row - 1u)->place));
		print_row_source(b, book_prefix(b, s->row - 1u)->source, book_prefix(b, s->row - 1u)->checked);
		putchar('\n');
		break;
	default: break; /* services are told by the headline; judgements are asked again below */
	}
}

static void explain_source(const struct book *b, const struct location *l, const struct location_source *s)
{
	char two[3];
	printf("  source   %-9s %s ", word_name(WORDS_KIND, s->kind), s->says != COUNTRY_NONE ? country_text(s->says, two) : "--");
	if (s->source != 255)
		printf("%s, %s", book_string(b, book_source(b, s->source)->file), book_string(b, book_source(b, s->source)->built));
	else if (l->site_row != 0)
		printf("site `%s`", book_string(b, book_site(b, l->site_row - 1u)->code));
	printf(": %s\n", word_name(WORDS_WHY, s->why));
}

static void explain_judgement(const struct book *b, const struct flow_fact *f)
{
	struct trace t = { 0 };
	struct question q = { .flow = &f->now, .client = fact_client(f), .at_us = f->at_us };
	for (unsigned i = 0; i < PLACES; i++) {
		const struct location *l = &f->place[i].where;
		char text[ADDRESS_TEXT_BYTES], two[3];
		if (!f->place[i].set)
			continue;
		q.place[i] = l;
		for (unsigned n = 0; n < l->source_count; n++)
			explain_source(b, l, &l->source[n]);
		printf("  place    %s %s:", word_name(WORDS_PLACE, i), address_text(&f->place[i].at, text));
		for (unsigned n = 0; n < l->count; n++)
			printf("%s %s", n > 0 ? " or" : "", country_text(l->candidate[n], two));
		printf("%s, %s\n", l->count > 0 ? "" : " no country", word_name(WORDS_CERTAINTY, l->certainty));
	}
	struct verdict v = policy_decide(b, &q, NULL, &t);
	for (unsigned i = 0; i < t.count; i++)
		if (t.step[i].what == TRACE_RULE)
			printf("  rule     %s: %s (%s)\n", book_string(b, book_rule(b, t.step[i].row)->name),
			       word_name(WORDS_RULE_STEP, t.step[i].number), word_name(WORDS_PLACE, t.step[i].place));
	printf("  verdict  %s%s%s%s\n", word_name(WORDS_ACTION, v.action), v.rule != 0 ? " by " : ": no rule matches",
	       v.rule != 0 ? book_string(b, book_rule(b, v.rule - 1u)->name) : "",
	       f->flags & FLOW_BOTH_LOCAL ? "; both ends are local: not judged" :
	       v.observe && v.action == ACTION_BLOCK ? " (observe: it would block)" : "");
}

static void print_headline(const struct book *b, const struct flow_fact *f)
{
	char client[ADDRESS_TEXT_BYTES], server[ADDRESS_TEXT_BYTES];
	printf("%s  %s %s port %u -> %s port %u\n", book_string(b, book_service(b, f->now.service)->name),
	       word_name(WORDS_PROTO, f->key.proto), address_text(fact_client(f), client), fact_client_port(f),
	       address_text(fact_server(f), server), fact_server_port(f));
	print_set("  roles    ", "+", WORDS_ROLE, f->now.roles);
	print_set(" (keys by ", "+", WORDS_BASIS, f->now.basis);
	fputs(f->now.basis != 0 ? ")" : "", stdout);
	print_set(", ", "+", WORDS_MEDIA, f->now.media);
	if (f->now.path != PATH_NONE)
		printf(", path %s", word_name(WORDS_PATH, f->now.path));
	printf(", stage %s\n", word_name(WORDS_STAGE, f->now.stage));
	print_set("  evidence ", "+", WORDS_EVIDENCE, f->now.evidence);
	printf(": %s\n", word_name(WORDS_STRENGTH, strength_of(f->now.evidence)));
}

/* The same row matches again with each finding: once is enough. */
static bool is_repeated(const struct trace *t, unsigned i)
{
	const struct trace_step *s = &t->step[i];
	for (unsigned n = 0; n < i; n++) {
		const struct trace_step *o = &t->step[n];
		if (o->what == s->what && o->row == s->row && o->number == s->number && o->text_bytes == s->text_bytes &&
		    memcmp(o->text, s->text, s->text_bytes) == 0)
			return true;
	}
	return false;
}

static int explain_flow(const struct subject *s, const struct flow_fact *f)
{
	struct trace t = { 0 };
	struct cli quiet = *s->cli;
	quiet.quiet = true;
	struct pipeline p = { .cli = &quiet, .book = s->book, .fact = ignore,
			      .options = { .trace = &t, .trace_flow = f->id } };
	int status = pipeline_run(&p);
	print_headline(s->book, f);
	for (unsigned i = 0; i < t.count; i++)
		if (!is_repeated(&t, i))
			explain_step(s->book, &t.step[i]);
	if (t.lost > 0)
		printf("  (%u more steps)\n", t.lost);
	if (book_settings(s->book)->has_policy)
		explain_judgement(s->book, f);
	putchar('\n');
	return status;
}

static int explain_all(struct subject *s)
{
	struct pipeline p = { .cli = s->cli, .book = s->book, .user = s, .fact = choose };
	int status = pipeline_run(&p);
	for (size_t i = 0; i < s->count && status == STATUS_DONE; i++)
		status = explain_flow(s, &s->flow[i]);
	if (s->left_out > 0)
		printf("%zu more conferencing flows; name a client's address to see its own\n", s->left_out);
	if (s->count == 0)
		puts("no conferencing flow was seen");
	return status == STATUS_DONE && s->violated ? STATUS_VIOLATED : status;
}

int verb_explain(const struct cli *c)
{
	struct library lib;
	struct cli files = *c;
	struct subject *s = calloc(1, sizeof *s);
	if (s == NULL)
		return complain(STATUS_OURS, "no memory");
	if (files.arg_count > 1 && address_parse(span_text(c->args[c->arg_count - 1]), &s->client)) {
		s->one_client = true;
		files.arg_count--;
	}
	if (files.arg_count == 0) {
		free(s);
		return complain(STATUS_USAGE, "explain: name a capture, and a client's address if you like");
	}
	int status = library_open(c, &lib);
	s->cli = &files;
	s->book = &lib.book;
	if (status == STATUS_DONE)
		status = explain_all(s);
	library_close(&lib);
	free(s);
	return status;
}
