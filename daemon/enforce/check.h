/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check: may this be blocked at all? Asked in enforce itself of every request, whoever sent it, before anything is built: what
 * inspect believes is not enough. Pure but for the budget, which a request that passes is charged to. */
#ifndef KEYFENCE_DAEMON_ENFORCE_CHECK_H
#define KEYFENCE_DAEMON_ENFORCE_CHECK_H

#include "enforce/budget.h"

struct guard {
	struct book book;
	bool paused;
	struct budget budget;
};

/* The book may block: it says enforce, and its limits. NULL: it may not. */
const struct book_enforce *check_limits(const struct book *b);

/* standing: there is such an element already, so that nothing new is asked for. elements: how many stand.
 * REFUSED_NOT: block it. */
enum block_refusal check_request(struct guard *g, const struct message_block *r, bool standing,
				 size_t elements, uint64_t now_us);

/* The part that holds at any time: the server is none of ours, the client is. Also asked of what stands, when a book changes,
 * and of what the mirror gives back. */
enum block_refusal check_places(const struct book *b, const struct address *client,
				const struct address *server);

#endif
