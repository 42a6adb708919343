/* SPDX-License-Identifier: GPL-3.0-or-later */
/* outputs: what was accepted goes to every receiver, each at its own pace. An output reads the spool from its cursor,
 * hands events to its transport, and confirms them when the receiver is known to have them; a receiver that is down,
 * slow or dies never holds up the loop or another output. What was handed over and not confirmed is sent again after a
 * reconnect: at least once, and event.id tells the copies.
 *
 * Confirmed is, by transport (facts: SIOCOUTQ(7), and what was seen of receivers that die):
 *   file, stdout      written whole; a file is also synced
 *   unix datagrams    the receiver has read them (SIOCOUTQ 0), and the socket at the path is still the one they went to
 *   UDP               the kernel sent them, and no refusal came back within a second
 *   TCP               the peer's kernel has acknowledged them, and the connection stood for two seconds after that
 * A kernel acknowledges what its process never reads, and nothing on our side shows it (900 of 1,000 lines to a receiver that
 * was stopped, then killed). So when a TCP connection breaks, the last 64 events that it was given within ten minutes go
 * again, confirmed or not.
 * Nothing blocks: times are the caller's (milliseconds of a clock that never runs back). */
#ifndef KEYFENCE_REPORT_OUTPUTS_H
#define KEYFENCE_REPORT_OUTPUTS_H

#include <poll.h>

#include "report/spool.h"

enum { OUTPUTS_BURST = 512 }; /* events to one output in one turn */

struct output;
struct outputs;

/* Told once when an output goes down (error: -errno) and once when it is up again. */
typedef void output_told(void *user, const char *name, int error);

/* The spool is borrowed. NULL: no memory. */
struct outputs *outputs_new(struct spool *s, output_told *told, void *user);
void outputs_free(struct outputs *o); /* takes NULL */

/* Takes the book's outputs (none: standard output); those there were already keep their connections. 0 or -errno. */
int outputs_take(struct outputs *o, const struct book *b);
/* The folders of its files, which must stay reachable behind a fence. Returns how many. */
enum { OUTPUTS_FOLDER_BYTES = 1032 };
size_t outputs_folders(const struct outputs *o, char (*ret)[OUTPUTS_FOLDER_BYTES], size_t room);
/* Files are closed and opened again (they may have been rotated away). */
void outputs_reopen(struct outputs *o);

/* One turn of all: connect, send, confirm. Returns in how many ms the next turn is due at the latest. */
int outputs_turn(struct outputs *o, uint64_t now_ms);
/* What to wait for; returns how many. */
size_t outputs_poll(const struct outputs *o, struct pollfd *ret, size_t room);
/* Everything is confirmed everywhere. */
bool outputs_idle(const struct outputs *o);

struct output_state {
	const char *name;
	uint64_t confirmed, sent, events, reconnects,
		refused; /* refused: too long for the receiver, passed over */
	int error;       /* of the last failure, while down; 0: up */
};
size_t outputs_count(const struct outputs *o);
void outputs_state(const struct outputs *o, size_t i, struct output_state *ret);

#endif
