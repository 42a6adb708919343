/* SPDX-License-Identifier: GPL-3.0-or-later */
/* batch: netlink messages as bytes: the table with its sets, chains and rules, elements in and out, and the end of a conntrack
 * entry. Only builds; nothing is sent here. Numbers and addresses only: no text comes in.
 * Source: linux/netfilter/nf_tables.h, nfnetlink.h, nfnetlink_conntrack.h.
 *
 *   table inet keyfence {
 *     set blocked4 { typeof client . server . proto . port; timeouts; size; }      set blocked6 likewise
 *     chain forward { type filter hook forward priority -10; policy accept;
 *       client . server . proto . dport @blocked4 goto cut                         from the client
 *       client . server . proto . sport @blocked4 counter drop                     from the server: its ends swapped
 *       (both again for IPv6)
 *     }
 *     chain cut { limit rate over 100/second burst 50 packets counter drop
 *       tcp: counter reject with tcp reset       others: counter reject with icmpx admin-prohibited
 *     }                                          without `reject`: counter drop
 *   } */
#ifndef KEYFENCE_DAEMON_ENFORCE_BATCH_H
#define KEYFENCE_DAEMON_ENFORCE_BATCH_H

#include "message.h"

/* What the kernel's set is asked for: client . server . proto . port. */
struct element_key {
	struct address client, server;
	uint16_t port;
	uint8_t proto, zero;
};
_Static_assert(sizeof(struct element_key) == 36, "a key is compared as bytes");

enum {
	BATCH_BYTES = 1 << 17,
	BATCH_ELEMENTS_MOST = 400
}; /* so many elements, and a table before them, always fit */
struct batch {
	uint8_t *bytes; /* BATCH_BYTES of the owner's, 8-byte aligned */
	size_t len;
	uint32_t first,
		last; /* sequence numbers of its messages; the frame around them has one before and one behind */
};

struct table_form {
	uint32_t set_size;
	bool owner, reject;
};

void batch_begin(struct batch *b, uint32_t sequence);
void batch_table(struct batch *b,
		 const struct table_form *form); /* the table and all that is in it, elements apart */
void batch_drop_table(struct batch *b);
void batch_put(struct batch *b, const struct element_key *key, uint64_t timeout_ms);
void batch_take(struct batch *b, const struct element_key *key);
void batch_end(struct batch *b); /* its last message asks for an answer */

/* One message of its own: ends the conntrack entry of exactly this flow, whichever end began it. */
size_t conntrack_delete(void *buffer, uint32_t sequence, const struct element_key *key, uint16_t client_port);

/* Notices of nf_tables, as received: somebody else than own_port took away something of our table. */
bool notices_tell_loss(struct span notices, uint32_t own_port);

extern const char table_name[];

#endif
