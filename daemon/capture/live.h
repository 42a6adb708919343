/* SPDX-License-Identifier: GPL-3.0-or-later */
/* live: libpcap on one interface behind a small face. What needs a privilege, a file or a new socket happens in live_open; what
 * comes after it makes only the calls that inspect's fence lets through (fences.c).
 * Source: pcap(3), packet(7). The ring is handed over block by block, when a block is full or a millisecond old, and be there but
 * one frame in it: half of that is what a verdict waits for, and a reader may be held up for as many milliseconds as the ring has
 * blocks. Handing over every packet costs ten times the processor at 20,000 packets a second.
 * Nothing is filtered out: every frame has its place in the accounting. A filter that takes all is set and locked all the same,
 * so that nobody can ask for less or more later. Frames are whole, up to LIVE_FRAME_BYTES: hellos and certificates come in merged
 * segments of 64 kB. */
#ifndef KEYFENCE_DAEMON_LIVE_H
#define KEYFENCE_DAEMON_LIVE_H

#include "capture/capture.h"

struct live;

enum { LIVE_BATCH = 64, LIVE_FRAME_BYTES = 1 << 17 };

struct live_options {
	const char *interface;
	size_t ring_bytes;   /* in whole blocks of 256 kB; the kernel may give less */
	uint16_t source;     /* numbers its frames */
	bool promiscuous;    /* for a mirror port: frames that are addressed to nobody here */
};

/* 0; -ENODEV: no such interface; -ENETDOWN: it is down; -EPERM; or another -errno, and why in ret_why (at least
 * CAPTURE_WHY_BYTES). */
int live_open(const struct live_options *o, struct live **ret, char *ret_why);
/* Behind a fence that lets no setsockopt through a capture stays open until the process ends. NULL is fine. */
void live_close(struct live *l);
int live_fd(const struct live *l); /* for poll: readable when there are frames, or when the interface changed */

/* Up to most (at most LIVE_BATCH) frames that wait, valid until the next call; 0: none now. -ENODEV: the interface is gone for
 * good, also when another one of its name comes; -EIO: libpcap gave up. What was captured before has been delivered. */
int live_read(struct live *l, struct frame *ret, size_t most);
/* 1: up and running; 0: down; -ENODEV: gone. An interface that was renamed is still the same. */
int live_state(struct live *l);

/* Since live_open, never running back although the kernel's own counts do: received and dropped, and what still waits in the ring,
 * are all that passed the interface, to the packet (but for the loopback, where every packet passes twice and libpcap leaves one
 * of the two out). by_interface: lost before they came to us, as far as the driver says. */
struct live_counters { uint64_t dropped, received, by_interface; };
void live_count(struct live *l, struct live_counters *ret);

#endif
