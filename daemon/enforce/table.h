/* SPDX-License-Identifier: GPL-3.0-or-later */
/* table: our table in the kernel: raised with what the elements hold, kept, and taken down. Each change is one batch, which is
 * done whole or not at all. Errors are -errno of the kernel. */
#ifndef KEYFENCE_DAEMON_ENFORCE_TABLE_H
#define KEYFENCE_DAEMON_ENFORCE_TABLE_H

#include "enforce/elements.h"

struct table {
	int requests, conntrack; /* sockets */
	uint32_t port;           /* of requests: who we are in notices */
	uint32_t sequence;
	struct table_form wish,
		form; /* as it was asked for; as it was raised: owner and reject where the kernel could */
	bool standing;
	_Alignas(8) uint8_t bytes[BATCH_BYTES];
};

enum {
	TABLE_MARGIN = 256
}; /* the kernel frees what ran out only after a while: it must never find its own limit */

/* Puts our table in the place of any of that name, in one batch with its first elements, and then the rest. form: what is
 * wished for; less is taken where the kernel knows no better. -EBUSY: somebody else owns one of that name. */
int table_raise(struct table *t, struct table_form form, const struct elements *e, uint64_t now_us);
int table_lower(struct table *t); /* 0 also when there is none */

int table_put(struct table *t, const struct element_key *key, uint64_t timeout_us);
int table_renew(struct table *t, const struct element_key *key, uint64_t timeout_us);
int table_take(struct table *t, const struct element_key *key); /* 0 also when it has run out */
/* The flow's conntrack entry, so that nothing that remembers it lets it through. 0 also when there is none. */
int table_forget_flow(struct table *t, const struct element_key *key, uint16_t client_port);

#endif
