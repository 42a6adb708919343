/* SPDX-License-Identifier: GPL-3.0-or-later */
/* when: times as text, in UTC, without the C library's zones. Times are microseconds since 1970. */
#ifndef KEYFENCE_EVENT_WHEN_H
#define KEYFENCE_EVENT_WHEN_H

#include "base/text.h"

void when_rfc3339(struct text *t, uint64_t at_us); /* 2020-04-03T08:12:01.000250Z (RFC 3339 s5.6) */
void when_plain(struct text *t, uint64_t at_us);   /* 2020-04-03 08:12:01 */
void when_clock(struct text *t, uint64_t at_us);   /* 08:12:01 */
bool when_same_day(uint64_t a_us, uint64_t b_us);
void when_lasting(struct text *t, uint64_t us); /* 0.3 s, 19 min 21 s, 3 h 02 min */

#endif
