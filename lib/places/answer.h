/* SPDX-License-Identifier: GPL-3.0-or-later */
/* answer: what of a DNS answer belongs to its question: the chain of aliases that begins at the question's name,
 * and the addresses, of the kind that was asked for, at names of that chain. All else is outside the bailiwick. */
#ifndef KEYFENCE_PLACES_ANSWER_H
#define KEYFENCE_PLACES_ANSWER_H

#include "words/values.h"

enum { ANSWER_ALIASES = 10 }; /* followed; more are a loop or a game */

/* Borrows from the message; the question's name, folded, is its own: do not copy. */
struct answer {
	char question[DNS_NAME_BYTES];
	const char *chain[ANSWER_ALIASES + 1]; /* the question's name first */
	size_t names, count;
	const struct dns_record *take[DNS_ANSWERS]; /* addresses that belong to the question */
	uint8_t depth[DNS_ANSWERS];                 /* at which name of the chain each stands */
	uint64_t digest;                            /* of those addresses, in whatever order */
	bool outside;                               /* there were records that do not belong */
};

void answer_read(const struct dns_message *m, const uint64_t hash_key[2], struct answer *ret);

/* Of the question's name, folded: a sender that varies case to be harder to forge (0x20) has it echoed, but
 * resolvers that lower it are common enough that another case is believed as well. */
uint64_t answer_name_hash(const struct dns_message *m, const uint64_t hash_key[2]);

#endif
