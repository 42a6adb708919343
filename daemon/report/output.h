/* SPDX-License-Identifier: GPL-3.0-or-later */
/* output: one receiver, and the face of its transport. Private to outputs and the transports. */
#ifndef KEYFENCE_REPORT_OUTPUT_H
#define KEYFENCE_REPORT_OUTPUT_H

#include "report/outputs.h"

enum {
	OUTPUT_TARGET_BYTES = 1032, /* the longest path of a file that a policy may name */
	OUTPUT_FRAME_BYTES = EVENT_JSON_BYTES + 16384,
	OUTPUT_REPLAYED = 64
};

enum output_link { LINK_CLOSED, LINK_CONNECTING, LINK_OPEN };

struct output {
	const struct transport *by;
	char name[SPOOL_NAME_BYTES], target[OUTPUT_TARGET_BYTES];
	struct address host;
	uint16_t port;
	uint8_t kind, format;

	int fd;
	enum output_link link;
	bool blocked; /* the transport takes no more: wait until it can be written to */
	uint64_t opened_ms, retry_ms, wait_ms, paced_ms;
	uint64_t confirmed, sent;
	/* What is being confirmed: events up to mark, handed over at mark_ms when `written` was mark_written; acknowledged_ms:
	 * since when the receiver's side is known to have them, 0: not yet. */
	uint64_t mark, mark_ms, mark_written, acknowledged_ms;
	/* Of transports that replay: what was handed over on this connection last, a ring. */
	struct {
		uint64_t seq, at_ms;
	} handed[OUTPUT_REPLAYED];
	size_t handed_first, handed_count;
	uint64_t written; /* bytes handed over on this connection */
	uint64_t unread, progress_ms;
	bool down; /* told */
	int error;
	uint64_t events, reconnects, refused;

	char *frame; /* OUTPUT_FRAME_BYTES: one event as this receiver wants it */
	size_t frame_bytes, frame_sent;
	uint64_t peer[3]; /* unix: which socket it is at the path */
};

struct transport {
	int (*open)(struct output *o); /* fd; 0, -EINPROGRESS, or -errno and nothing is open */
	/* The frame, from frame_sent on. 0: all of it; -EAGAIN: not now, frame_sent tells how far; -EMSGSIZE: never;
	 * other -errno: the connection is over. */
	int (*send)(struct output *o);
	/* Still well? *ret_unread: bytes that the receiver may still lack. 0 or -errno. */
	int (*check)(struct output *o, uint64_t *ret_unread);
	/* Before a mark is confirmed: 0 or -errno. NULL: nothing to do. */
	int (*confirm)(struct output *o);
	uint32_t settle_ms; /* from the receiver's acknowledgement to confirming */
	bool replays;       /* what was confirmed may be lost all the same: the last of it goes again */
	uint32_t paced;    /* events at once, then PACE_MS nothing: what a receiver's buffer surely holds; 0: it pushes back */
	bool probes;        /* while it is down, one event at a time finds out */
	bool is_file;
};
extern const struct transport by_unix, by_udp, by_tcp, by_file, by_stdout;

/* The transport of a row, and the row's name. NULL: none such. */
const struct transport *transport_of(const struct book_output *row);

/* Lays the event into o->frame as the receiver wants it: journal fields, RFC 3164, RFC 5424 (with its length before it on
 * TCP: RFC 6587 s3.4.1), or a line of JSON. */
void frame_event(struct output *o, const struct record *r);
void frame_init(void); /* the host's name, the local zone: once at start */

#endif
