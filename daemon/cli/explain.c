/* SPDX-License-Identifier: GPL-3.0-or-later */
/* explain: why flows were judged so. A first pass finds the flows; each chosen one is replayed with its trace on;
 * location and rules, which are pure, are asked again of what the flow came to. */
#include "cli/explain.h"

#include <stdlib.h>

#include "cli/pipeline.h"
#include "cli/show.h"
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
	struct explanation now;
};

/* Violations push out what was permitted. */
static void choose(void *user, const struct flow_fact *f)
{
	struct subject *s = user;
	if (f->kind != FACT_ENDED || f->now.service == SERVICE_NONE ||
	    (s->one_client && !address_equal(fact_client(f), &s->client)))
		return;
	s->violated |= show_is_violation(f);
	if (s->count < EXPLAINED) {
		s->flow[s->count++] = *f;
		return;
	}
	s->left_out++;
	for (size_t i = EXPLAINED; show_is_violation(f) && i-- > 0;)
		if (!show_is_violation(&s->flow[i])) {
			s->flow[i] = *f;
			return;
		}
}

static void ignore(void *user, const struct flow_fact *f)
{
	(void)user, (void)f;
}

static bool same_step(const struct trace_step *a, const struct trace_step *b)
{
	return a->what == b->what && a->row == b->row && a->number == b->number &&
	       a->text_bytes == b->text_bytes && memcmp(a->text, b->text, a->text_bytes) == 0;
}

/* The same row matches again with each finding: once is enough. */
static void drop_repeated(struct trace *t)
{
	uint16_t kept = 0;
	for (unsigned i = 0; i < t->count; i++) {
		bool known = false;
		for (unsigned n = 0; n < kept && !known; n++)
			known = same_step(&t->step[n], &t->step[i]);
		if (!known)
			t->step[kept++] = t->step[i];
	}
	t->count = kept;
}

static void ask_again(struct explanation *e)
{
	const struct flow_fact *f = e->flow;
	struct question q = { .flow = &f->now, .client = fact_client(f), .at_us = f->at_us };
	for (unsigned i = 0; i < PLACES; i++)
		q.place[i] = f->place[i].set ? &f->place[i].where : NULL;
	e->judged = (struct trace){ 0 };
	if (book_settings(e->book)->has_policy)
		e->verdict = policy_decide(e->book, &q, NULL, &e->judged);
}

bool catalogue_row_of(const struct book *b, const struct trace_step *s, struct catalogue_row *ret)
{
	*ret = (struct catalogue_row){ .checked = "" };
	uint16_t service = SERVICE_NONE;
	if (s->row == 0)
		return false;
	if (s->what == TRACE_NAME) {
		const struct book_name *row = book_name(b, s->row - 1u);
		service = row->service;
		ret->pattern = book_string(b, row->pattern), ret->source = book_string(b, row->source);
		ret->checked = book_string(b, row->checked), ret->roles = row->roles;
	} else if (s->what == TRACE_FRAMING) {
		const struct book_framing *row = book_framing(b, s->row - 1u);
		service = row->service;
		ret->pattern = book_string(b, row->pattern), ret->source = book_string(b, row->source);
		ret->kind = word_name(WORDS_FRAMING, row->is);
	} else if (s->what == TRACE_PREFIX) {
		const struct book_prefix *row = book_prefix(b, s->row - 1u);
		service = row->service;
		ret->pattern = prefix_text(&row->prefix, ret->is), ret->source = book_string(b, row->source);
		ret->checked = book_string(b, row->checked), ret->kind = word_name(WORDS_PREFIX, row->place);
	} else {
		return false;
	}
	ret->service = book_string(b, book_service(b, service)->name);
	return true;
}

static int explain_flow(struct subject *s, const struct flow_fact *f)
{
	struct explanation *e = &s->now;
	struct cli quiet = *s->cli;
	quiet.quiet = true;
	*e = (struct explanation){ .book = s->book, .file = s->cli->args[f->source], .flow = f };
	struct pipeline p = { .cli = &quiet,
			      .book = s->book,
			      .fact = ignore,
			      .options = { .trace = &e->found, .trace_flow = f->id } };
	int status = pipeline_run(&p);
	drop_repeated(&e->found);
	ask_again(e);
	if (s->cli->json)
		explanation_json(e);
	else
		explanation_text(e);
	return status;
}

static void say_rest(const struct subject *s)
{
	FILE *to = s->cli->json ? stderr : stdout;
	if (s->left_out > 0 && !(s->cli->json && s->cli->quiet))
		fprintf(to, "%zu more conferencing flows; name a client's address to see its own\n",
			s->left_out);
	if (s->count == 0 && !(s->cli->json && s->cli->quiet))
		fputs("no conferencing flow was seen\n", to);
}

static int explain_all(struct subject *s)
{
	struct pipeline p = { .cli = s->cli, .book = s->book, .user = s, .fact = choose };
	int status = pipeline_run(&p);
	for (size_t i = 0; i < s->count; i++) {
		int r = explain_flow(s, &s->flow[i]);
		status = status == STATUS_DONE ? r : status;
	}
	say_rest(s);
	return status == STATUS_DONE && s->violated ? STATUS_VIOLATED : status;
}

/* A second pass over standard input would find it empty. */
static bool reads_standard_input(const struct cli *c)
{
	for (int i = 0; i < c->arg_count; i++)
		if (strcmp(c->args[i], "-") == 0)
			return true;
	return false;
}

static int open_and_explain(const struct cli *files, struct subject *s)
{
	struct library lib;
	if (files->arg_count == 0)
		return complain(STATUS_USAGE, "explain: name a capture, and a client's address if you like");
	if (reads_standard_input(files))
		return complain(
			STATUS_USAGE,
			"explain: reads a capture more than once, which - does not allow; name a file");
	int status = library_open(files, &lib);
	s->cli = files;
	s->book = &lib.book;
	if (status == STATUS_DONE)
		status = explain_all(s);
	library_close(&lib);
	return status;
}

int verb_explain(const struct cli *c)
{
	struct cli files = *c;
	struct subject *s = calloc(1, sizeof *s);
	if (s == NULL)
		return complain(STATUS_OURS, "no memory");
	if (files.arg_count > 1 && address_parse(span_text(c->args[c->arg_count - 1]), &s->client)) {
		s->one_client = true;
		files.arg_count--;
	}
	int status = open_and_explain(&files, s);
	free(s);
	return status;
}
