/* SPDX-License-Identifier: GPL-3.0-or-later */
/* places: the bounded table address -> what is known of it: the names that DNS gave it, and its location under
 * the present book. Sized at start; a full one forgets the place that was quiet longest among a few, and counts.
 *
 * DNS is believed only (RFC 5452 s9; design section 5): an answer inside the question's bailiwick, to a question
 * that was really asked (same ports, id, name and type, at most 20 s before), by the server that was asked, which
 * must be one of the resolvers where they are configured. The first answer wins. */
#ifndef KEYFENCE_PLACES_PLACES_H
#define KEYFENCE_PLACES_PLACES_H

#include "words/values.h"

enum { PLACE_NAMES = 8 }; /* names kept for an address, newest first */

struct places;

/* Room for `most` addresses. resolvers: those that may be believed, borrowed until places_believe or the end; count
 * 0: any server that is asked. NULL: no memory. */
struct places *places_new(size_t most, const uint64_t hash_key[2], const struct prefix *resolvers,
			  size_t resolver_count);
void places_free(struct places *t);
/* From now on others may be believed; what was believed before stays. */
void places_believe(struct places *t, const struct prefix *resolvers, size_t resolver_count);

/* A DNS message that passed: a question is remembered, an answer is held against it and, when believed, gives
 * each A/AAAA address the question's name and the names of the CNAME chain (question first). The packet's key and
 * direction tell who sent it. Returns what became of it (DNS_BELIEVED for a question too), after counting it. */
enum dns_doubt places_dns(struct places *t, const struct dns_message *m, const struct packet *from);

/* Names of an address, newest first, question's name before its aliases; at most PLACE_NAMES. Spans borrow from
 * the table until its next change. Names are kept for max(TTL, 60 s) up to one day, and while `keep` says so. */
size_t places_names(const struct places *t, const struct address *at, uint64_t now_us, struct span ret[PLACE_NAMES]);

/* The location of an address under a generation of the book, remembered; NULL if not known yet or of another
 * generation. site_row is part of the question, since a name's site is part of a location. */
const struct location *places_location(const struct places *t, const struct address *at, uint32_t generation,
				       uint16_t site_row);
void places_locate(struct places *t, const struct address *at, uint64_t now_us, uint32_t generation,
		   uint16_t site_row, const struct location *where);

/* Counters since start, by enum dns_doubt; [DNS_BELIEVED] counts answers that were believed. */
const uint64_t *places_doubts(const struct places *t);
uint64_t places_evicted(const struct places *t);
/* Resolvers that were seen answering (without configured ones): how many. */
size_t places_resolvers_seen(const struct places *t);

#endif
