/* SPDX-License-Identifier: GPL-3.0-or-later */
/* state: the ledger's own insides, shared by its files. */
#ifndef KEYFENCE_LEDGER_STATE_H
#define KEYFENCE_LEDGER_STATE_H

#include "ledger/gathering.h"
#include "ledger/ledger.h"
#include "ledger/outbox.h"

enum { FLOWS_PER_MEETING = 16 };
static const uint64_t MEETING_QUIET_US =
	120 * 1000000ull; /* without a packet that keeps it open, it has ended */

struct ledger {
	const struct book *book;
	uint64_t clock_us;
	bool acted; /* blocks are carried out, not only meant */
	uint64_t said_us; /* the time of the last event: none is earlier */
	uint64_t serials; /* of gatherings and alerts, so far */
	struct roll *roll;
	struct gatherings *gatherings;
	struct outbox out;
	uint32_t *noticed; /* by service: day since 1970 of its last LOC_NONE, + 1 */
	struct ledger_counters count;
};

/* ---- alert.c ---- */

/* What a flow of a gathering says of alerts: opens one, adds to one, tells a new country. Its traffic is in the
 * sums of the gathering already. */
void alert_note(struct ledger *l, struct gathering *g, struct member *m);
/* The event of an alert as it stands now. */
void alert_event(const struct ledger *l, const struct gathering *g, const struct alert *a,
		 enum alert_state state, struct event *ret);
/* Whether this conclusion has alerted already: the same rule, no new country. */
bool alert_is_old(const struct member *m);
/* What came of a block, if the gathering has an alert of that rule that does not say so yet. */
void alert_done(struct ledger *l, struct gathering *g, uint16_t rule, enum done done);
/* A place that some rule was unsure of: counted, and told once a day for each service. */
void alert_unsure(struct ledger *l, struct member *m);
/* Id of a meeting, or of a window: kind tells them apart where the times are equal. */
uint64_t gathering_id(const struct book *b, enum gathering_kind kind, const struct party *p,
		      uint64_t first_us);

#endif
