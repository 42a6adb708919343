/* SPDX-License-Identifier: GPL-3.0-or-later */
/* storm: more alerts than anybody reads are counted instead of told one by one, so that who provokes them fills neither the
 * spool nor the SOC's day, and no journal drops lines. A bucket of tokens for what opens an alert, another for refused
 * blocks. What an alert says after it was told passes always; what a folded one says is folded, its flows counted when
 * it closes. Times are the caller's, in ms of a clock that never runs back. */
#ifndef KEYFENCE_REPORT_STORM_H
#define KEYFENCE_REPORT_STORM_H

#include "event/event.h"
#include "report/idset.h"

enum { STORM_AT_ONCE = 300, STORM_A_MINUTE = 180 };

struct bucket {
	uint64_t at_ms, milli;
};
struct storm {
	struct bucket alerts, refusals;
	struct idset folded; /* alerts that are open and were not told */
	struct storm_counts {
		uint64_t alerts, flows, refusals;
	} untold, in_all; /* untold: by an event of the storm */
	uint64_t due_ms;  /* when the next event of the storm may be told; 0: there is none */
};

/* true: e is not to be told; it is counted. */
bool storm_folds(struct storm *s, const struct event *e, uint64_t now_ms);
bool storm_folds_refusal(struct storm *s, uint64_t now_ms);
/* Is it time to tell what was folded? Then those are *ret, and count as told. The first soon, then one a minute. */
bool storm_due(struct storm *s, uint64_t now_ms, bool at_once, struct storm_counts *ret);

#endif
