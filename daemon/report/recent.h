/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recent: what happened in the last minute and in the last hour, since a person who looks wants to know what is so now, and
 * counters only grow. Counters of a process that began anew count from there. */
#ifndef KEYFENCE_REPORT_RECENT_H
#define KEYFENCE_REPORT_RECENT_H

#include <stddef.h>
#include <stdint.h>

/* offered = filtered + dropped + delivered, to the packet; delivered holds undecoded, and that not_ip (ARP and the
 * like, which is nothing to see). */
struct accounting {
	uint64_t offered, filtered, dropped, delivered, undecoded, not_ip;
};

enum trouble {
	TROUBLE_FACTS_LOST,
	TROUBLE_BLOCKS_LOST,
	TROUBLE_EVICTED,
	TROUBLE_SPOOL_LOST,
	TROUBLE_SPOOL_FAILED,
	TROUBLE_ALERTS_LOST,
	TROUBLE_UNSURE,
	TROUBLE_REFUSED,
	TROUBLE_FAILED,
	TROUBLE_LEAKED,
	TROUBLE_FOLDED,
	TROUBLE_RESTARTS, /* and one each for the other processes */
	TROUBLES = TROUBLE_RESTARTS + 5,
};

enum { RECENT_SECONDS = 60, RECENT_PARTS = 12 /* of an hour */ };
struct recent {
	struct {
		uint64_t at_ms;
		struct accounting sum;
	} second[RECENT_SECONDS + 1];
	size_t seconds, parts; /* how many there ever were */
	struct {
		uint64_t at_ms, sum[TROUBLES];
	} part[RECENT_PARTS + 1];
};

/* The counters as they are now, about once a second. */
void recent_account(struct recent *r, uint64_t now_ms, const struct accounting *sum);
struct accounting recent_minute(const struct recent *r, uint64_t now_ms);
/* The same, as often as one likes; kept every five minutes. */
void recent_count(struct recent *r, uint64_t now_ms, const uint64_t sum[TROUBLES]);
/* ret: what came to it within the last hour. */
void recent_hour(const struct recent *r, uint64_t now_ms, const uint64_t sum[TROUBLES],
		 uint64_t ret[TROUBLES]);

#endif
