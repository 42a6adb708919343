/* SPDX-License-Identifier: GPL-3.0-or-later */
/* desk: the control socket: who asks, what they may ask, and when they get their answer. Whoever can connect (the socket's
 * group) may look; what changes anything is for root and for the daemon's own user, and goes on to the supervisor as a
 * number with the caller's uid. Nobody can hold it up: bounded callers, a bounded time to ask, answers that do not wait. */
#ifndef KEYFENCE_REPORT_DESK_H
#define KEYFENCE_REPORT_DESK_H

#include <poll.h>

#include "report/report.h"

/* Opens FOLDER/control.sock. 0 or -errno. */
int desk_open(const char *folder, struct desk **ret);
void desk_close(struct desk *d); /* takes NULL; the path goes */

size_t desk_poll(const struct desk *d, struct pollfd *ret, size_t room);
void desk_turn(struct desk *d, struct report *r);
/* What the supervisor says to a question that went on to it. */
void desk_said(struct desk *d, struct report *r, const struct message_say *m);

/* status.c, lists.c: answers. text has room for DESK_ANSWER_BYTES. */
enum { DESK_ANSWER_BYTES = 1 << 20 };
bool answer_status(struct report *r, bool json, struct text *ret); /* all is well */
void answer_flows(struct report *r, bool json, struct text *ret);
void answer_meetings(struct report *r, bool json, bool colour, struct text *ret);
void answer_blocks(struct report *r, bool json, struct text *ret);

#endif
