/* SPDX-License-Identifier: GPL-3.0-or-later */
/* roll: the bounded table of the flows that the ledger follows, by the id of their facts, with what each has
 * already added to the sums. Sized once; the owner makes room by removing the one that was heard of longest ago. */
#ifndef KEYFENCE_LEDGER_ROLL_H
#define KEYFENCE_LEDGER_ROLL_H

#include "ledger/list.h"
#include "ledger/traffic.h"
#include "words/values.h"

enum { ROLL_NONE = UINT32_MAX, ROLL_JOINED = 4 };

/* Whose flows belong together: one client and one service. */
struct party {
	struct address client;
	uint16_t service;
};

struct member {
	struct flow_fact fact; /* the last one */
	struct party party;
	struct traffic counted;       /* what the last fact told: already in the sums of its gathering */
	struct traffic joined_at;     /* of counted, what was there before it joined its gathering */
	struct traffic alerted;       /* of counted, what alerts already stand for */
	uint32_t gathering;           /* row; ROLL_NONE: in none */
	bool holds;                   /* counted as one that keeps its meeting open */
	bool active;                  /* had a packet in the last two minutes, as far as told */
	bool old;                     /* its first packet lies before any meeting that starts from now on */
	bool unsure;                  /* counted as unsure */
	uint64_t joined[ROLL_JOINED]; /* serials of the alerts that count it, latest first; 0: none */
	uint16_t alerted_rule;        /* + 1: what its conclusion alerted for last; 0: it did not */
	country alerted_in[CANDIDATES];
};

struct roll;

/* hash_key: so that a client cannot choose addresses that fall into one bucket; no order hangs on it. NULL: no memory */
struct roll *roll_new(uint32_t size, uint64_t hash_key);
void roll_free(struct roll *r);
void roll_clear(struct roll *r);
struct member *roll_at(struct roll *r, uint32_t row);
uint32_t roll_find(const struct roll *r, uint64_t id); /* ROLL_NONE: not there */
bool roll_full(const struct roll *r);
uint32_t roll_oldest(const struct roll *r);                            /* ROLL_NONE: the roll is empty */
uint32_t roll_add(struct roll *r, uint64_t id, const struct party *p); /* zeroed; the roll must not be full */
void roll_heard(struct roll *r, uint32_t row);                         /* makes it the youngest */
void roll_move(struct roll *r, uint32_t row,
	       const struct party *p); /* it turned out to be of another party */
void roll_remove(struct roll *r, uint32_t row);
/* Walks one party's flows in the order in which they came: row ROLL_NONE starts, ROLL_NONE ends. */
uint32_t roll_next(const struct roll *r, const struct party *p, uint32_t row);

bool party_equal(const struct party *a, const struct party *b);
uint64_t party_hash(const struct party *p, uint64_t hash_key);

#endif
