/* SPDX-License-Identifier: GPL-3.0-or-later */
/* summary: the end of a replay in a few lines: each meeting, where its keys and media went, and what rule it broke. */
#ifndef KEYFENCE_DAEMON_CLI_SUMMARY_H
#define KEYFENCE_DAEMON_CLI_SUMMARY_H

#include "event/event.h"

enum { SUMMARY_LINES = 64, SUMMARY_ALERTS = 64, SUMMARY_TEXT_BYTES = 600 };

struct summary {
	struct { uint64_t id; char text[SUMMARY_TEXT_BYTES]; } meeting[SUMMARY_LINES], alert[SUMMARY_ALERTS];
	size_t meetings, alerts, meetings_left_out, alerts_left_out;
};

void summary_meeting(struct summary *s, const struct book *b, const struct meeting *m);
void summary_alert(struct summary *s, const struct book *b, const struct event *closed);
void summary_print(const struct summary *s, bool colour);

#endif
