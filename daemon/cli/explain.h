/* SPDX-License-Identifier: GPL-3.0-or-later */
/* explain: one flow's trace as a value, and its two renderings: words, and a JSON object. */
#ifndef KEYFENCE_DAEMON_CLI_EXPLAIN_H
#define KEYFENCE_DAEMON_CLI_EXPLAIN_H

#include "book/book.h"
#include "words/trace.h"

struct explanation {
	const struct book *book;
	const char *file; /* of the flow's first packet */
	const struct flow_fact *flow;
	struct trace found;  /* what was read and looked up; each step once */
	struct trace judged; /* which rules were tried; empty without a policy */
	struct verdict verdict;
};

/* The row of the catalogue that a step names: a name, a framing or a prefix. */
struct catalogue_row {
	char is[PREFIX_TEXT_BYTES]; /* of a prefix: it */
	const char *pattern;        /* name's pattern, framing's text, or is */
	const char *service, *source, *checked;
	const char *kind; /* of a framing what it asks for, of a prefix what stands there; else NULL */
	uint8_t roles;    /* of a name */
};
/* false: the step names no row. */
bool catalogue_row_of(const struct book *b, const struct trace_step *s, struct catalogue_row *ret);

void explanation_text(const struct explanation *e);
void explanation_json(const struct explanation *e);

#endif
