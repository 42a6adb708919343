/* SPDX-License-Identifier: GPL-3.0-or-later */
/* questions: the bounded memory of DNS questions that were really asked, and what is wrong with an answer that
 * belongs to none of them. Source: RFC 5452 s9 (what must match), s9.1 (the first answer wins). Old questions stay
 * as long as there is room, so that a late answer can be told from one that nobody asked for. */
#ifndef KEYFENCE_PLACES_QUESTIONS_H
#define KEYFENCE_PLACES_QUESTIONS_H

#include "places/ways.h"
#include "words/values.h"

enum { QUESTION_OPEN_US = 20 * 1000000 };

/* Who asked whom what. */
struct exchange {
	struct address client, server;
	uint16_t client_port, id, type;
	uint8_t proto;
	uint64_t name; /* keyed hash of the question's folded name */
};

struct question {
	struct way way;
	struct exchange x;
	uint64_t asked_us, answer; /* answer: digest of the one that was believed, if answered */
	bool answered;
};

struct questions {
	struct ways ways;
	uint64_t key[2];
	/* Hints, number of a question + 1, newest only: by all but the port, and by all but the id. One that was
	 * overwritten costs the exact kind of a doubt, never belief. */
	uint32_t *but_port, *but_id;
	size_t hints; /* a power of two */
};

bool questions_init(struct questions *t, size_t most, const uint64_t hash_key[2]);
void questions_done(struct questions *t);

/* tag: of the client, as in ways.h. A question that is asked again once it was answered is open again. */
void questions_ask(struct questions *t, const struct exchange *x, uint16_t tag, uint64_t at_us);
/* The question that an answer of this exchange belongs to: DNS_BELIEVED, and *ret. Else what is wrong with it. */
enum dns_doubt questions_match(const struct questions *t, const struct exchange *x, uint64_t at_us,
			       struct question **ret);

#endif
