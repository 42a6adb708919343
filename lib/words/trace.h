/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trace: a bounded list of what the judgements read, tried and concluded. Off (NULL) in the hot path; `explain`
 * is nothing but this list in words. A step names rows of the book by number, so that it stays a small value. */
#ifndef KEYFENCE_WORDS_TRACE_H
#define KEYFENCE_WORDS_TRACE_H

#include "words/values.h"

enum trace_what {
	TRACE_FINDING,        /* number: recogniser; text: the name told, if any; outcome: enum wire_result */
	TRACE_NAME,           /* a name was looked up: row of the name table + 1 (0: no row); text: the name; number: enum evidence it came by */
	TRACE_FRAMING,        /* row of the framing table that matched + 1 */
	TRACE_PREFIX,         /* row of the prefix table that holds the server + 1 (0: none) */
	TRACE_SERVICE,        /* row: service concluded; number: roles */
	TRACE_SOURCE,         /* a source spoke: row: source (255: site table), number: enum source_why, country */
	TRACE_LOCATED,        /* number: enum certainty; country: first candidate */
	TRACE_RULE,           /* row: rule; number: enum trace_rule; place: enum place_of */
	TRACE_VERDICT,        /* row: rule + 1 or 0; number: enum action */
};
/* Why a rule did or did not match a place. */
enum trace_rule {
	RULE_MATCHED, RULE_MATCHED_UNSURE, RULE_NOT_FROM, RULE_NOT_SERVICE, RULE_NOT_ROLE, RULE_NOT_BASIS, RULE_NOT_PATH,
	RULE_NOT_OPERATOR, RULE_INSIDE_FAILS, /* `inside: R`, and every candidate lies outside */
	RULE_OUTSIDE_FAILS,                   /* `outside: R`, and every candidate lies inside */
	RULE_UNSURE_NEXT,                     /* unsure, and the rule says next */
	RULE_EXCEPTED,                        /* an exception made it not match */
};
enum { TRACE_STEPS = 96, TRACE_TEXT_BYTES = 64 };
struct trace_step {
	uint8_t what, place;
	country says;
	uint16_t row;
	uint32_t number;
	uint8_t text_bytes;
	char text[TRACE_TEXT_BYTES]; /* hostile */
};
struct trace {
	uint16_t count, lost;
	struct trace_step step[TRACE_STEPS];
};

/* t may be NULL. The last TRACE_TEXT_BYTES of text are kept. */
static inline void trace_add(struct trace *t, struct trace_step step, struct span text)
{
	if (t == NULL)
		return;
	if (t->count == TRACE_STEPS) {
		t->lost++;
		return;
	}
	size_t n = text.len < TRACE_TEXT_BYTES ? text.len : TRACE_TEXT_BYTES;
	if (n > 0)
		memcpy(step.text, text.at + text.len - n, n);
	step.text_bytes = (uint8_t)n;
	t->step[t->count++] = step;
}

#endif
