/* SPDX-License-Identifier: GPL-3.0-or-later */
/* traffic: packets and bytes each way, [0] from the client. A fact tells the sums of its flow so far; what is
 * added anywhere is the difference to what was told before. */
#ifndef KEYFENCE_LEDGER_TRAFFIC_H
#define KEYFENCE_LEDGER_TRAFFIC_H

#include <stdint.h>

struct traffic {
	uint64_t packets[2], bytes[2];
};

static inline uint64_t traffic_rest(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static inline struct traffic traffic_less(const struct traffic *a,
					  const struct traffic *b) /* never below 0 */
{
	struct traffic t;
	for (int way = 0; way < 2; way++) {
		t.packets[way] = traffic_rest(a->packets[way], b->packets[way]);
		t.bytes[way] = traffic_rest(a->bytes[way], b->bytes[way]);
	}
	return t;
}

static inline void traffic_add(uint64_t packets[2], uint64_t bytes[2], const struct traffic *t)
{
	for (int way = 0; way < 2; way++) {
		packets[way] += t->packets[way];
		bytes[way] += t->bytes[way];
	}
}

static inline void traffic_take(uint64_t packets[2], uint64_t bytes[2], const struct traffic *t)
{
	for (int way = 0; way < 2; way++) {
		packets[way] = traffic_rest(packets[way], t->packets[way]);
		bytes[way] = traffic_rest(bytes[way], t->bytes[way]);
	}
}

#endif
