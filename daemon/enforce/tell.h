/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tell: what enforce tells report: a bounded queue, so that a slow or absent report costs no block, and what was refused or failed told
 * once for client and server in a minute, so that nobody floods the log by asking. */
#ifndef KEYFENCE_DAEMON_ENFORCE_TELL_H
#define KEYFENCE_DAEMON_ENFORCE_TELL_H

#include "message.h"

enum { TELL_QUEUE = 2048, TELL_REFUSALS = 4096, TELL_WAYS = 8 };

struct told_refusal {
	struct address client, server;
	uint64_t at_us;
};
struct tell {
	int link; /* -1: report is not there */
	uint64_t key[2];
	size_t head, count;
	uint64_t lost; /* the queue was full */
	struct message_blocked queue[TELL_QUEUE];
	struct told_refusal refusal[TELL_REFUSALS];
};

void tell_add(struct tell *t, const struct message_blocked *m);
/* What was not done: once a minute for client and server. */
void tell_seldom(struct tell *t, const struct message_blocked *m, uint64_t now_us);
/* Sends what the link takes. False: the link is gone (the queue stays for the next one). */
bool tell_flush(struct tell *t);

#endif
