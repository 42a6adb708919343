/* SPDX-License-Identifier: GPL-3.0-or-later */
/* live: what stands now, for `flows` and `blocks`: the latest fact of each conferencing flow that lives, and the blocks
 * that enforce told of. Bounded; a full table lets go of what was silent longest, and counts. */
#ifndef KEYFENCE_REPORT_LIVE_H
#define KEYFENCE_REPORT_LIVE_H

#include "message.h"

enum { LIVE_FLOWS = 1024, LIVE_BLOCKS = 2048 };

struct live_block {
	struct message_block block;
	uint64_t until_us, element, since_us;
	bool leaking;
};
struct live;

struct live *live_new(void); /* NULL: no memory */
void live_free(struct live *l);

void live_fact(struct live *l, const struct flow_fact *f);
void live_blocked(struct live *l, const struct message_blocked *m, uint64_t now_us);
void live_clear(struct live *l); /* inspect began anew: its flows are other ones */
void live_expire(struct live *l, uint64_t now_us); /* blocks past their time */

/* In the order of their rows; NULL: no flow there. */
const struct flow_fact *live_flow(const struct live *l, size_t i); /* i below LIVE_FLOWS */
size_t live_block_count(const struct live *l);
const struct live_block *live_block(const struct live *l, size_t i);

struct live_counters { uint64_t flows, flows_lost, blocks, blocks_lost; };
void live_counters(const struct live *l, struct live_counters *ret);

#endif
