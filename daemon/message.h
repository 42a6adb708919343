/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message: the verbs between processes. Numbered, of fixed size, over SOCK_SEQPACKET pairs; the receiver checks every one as
 * if a stranger had sent it, and a wrong verb, size or direction ends the sender's process (-EPROTO tells the caller to).
 * No paths, no rule text, no names of interfaces go over these links: what needs them stands in the book.
 *
 *   supervisor -> inspect, report, enforce   BOOK (with the sealed memfd), LINK (with a socket), STOP, PAUSE, RESUME
 *   inspect    -> supervisor                 READY, GONE
 *   report, enforce -> supervisor            BROKEN: a peer sent them what it may not
 *   inspect    -> report                     FACT, COUNTERS
 *   inspect    -> enforce                    BLOCK
 *   enforce    -> report                     BLOCKED
 *   enforce    -> supervisor                 READY
 *   report     -> supervisor                 READY, ASK
 *   report     -> enforce                    UNBLOCK (asked for through the supervisor's say: it carries the ASK's number)
 *   supervisor -> report                     SAY, RESTARTED, LOADED
 * All structs are host order and zero-padded; both ends are the same build (VERSION is checked by BOOK). */
#ifndef KEYFENCE_DAEMON_MESSAGE_H
#define KEYFENCE_DAEMON_MESSAGE_H

#include "engine/engine.h"

enum process { PROCESS_SUPERVISOR, PROCESS_PREPARE, PROCESS_INSPECT, PROCESS_REPORT, PROCESS_ENFORCE, PROCESSES };

/* Descriptors at exec. Every other link comes as a VERB_LINK, at start as after a restart of the process at its other end. */
enum {
	LINK_SUPERVISOR = 3,
	NETLINK_REQUESTS = 4, NETLINK_EVENTS = 5, NETLINK_CONNTRACK = 6, /* of enforce: opened by the supervisor */
};

enum verb {
	VERB_BOOK = 1, VERB_LINK, VERB_STOP, VERB_PAUSE, VERB_RESUME,
	VERB_READY, VERB_GONE,
	VERB_FACT, VERB_COUNTERS,
	VERB_BLOCK, VERB_BLOCKED, VERB_UNBLOCK,
	VERB_ASK, VERB_SAY, VERB_RESTARTED, VERB_LOADED,
	VERB_BROKEN,
	VERBS,
};

enum { BOOK_VERSION_SENT = BOOK_VERSION, MESSAGE_SAY_BYTES = 1024, CAPTURES_MOST = 16 };

struct message_book { uint64_t bytes, hash; uint32_t generation, version; }; /* + descriptor of the sealed memfd */
struct message_link { uint32_t to; };                                        /* enum process; + descriptor: replaces the link */
struct message_ready { uint32_t generation; };
struct message_gone { uint32_t capture; int32_t error; };                    /* row of the book's captures; -errno */
struct message_counters {
	uint64_t at_us;
	struct engine_counters engine;
	struct { uint64_t received, dropped, dropped_by_interface, filtered; uint8_t up, pad[7]; } capture[CAPTURES_MOST];
	uint64_t facts_lost, blocks_lost;
	uint32_t captures, generation;
};
/* As narrow as its evidence: client . server . proto . port. */
struct message_block {
	uint64_t flow;          /* id of the flow fact */
	uint64_t decided_us;    /* packets' clock */
	struct address client, server;
	uint64_t packets[2], bytes[2]; /* passed before: what leaked */
	uint16_t client_port, server_port;
	uint16_t rule, service;
	uint8_t proto, evidence, roles, answered; /* answered: the far end answered (design section 10) */
	uint32_t generation;
};
enum block_state { BLOCK_APPLIED, BLOCK_RENEWED, BLOCK_FAILED, BLOCK_REFUSED, BLOCK_RELEASED, BLOCK_LEAKING, BLOCK_BUDGET_SPENT,
		   BLOCK_CONFLICT };
enum block_refusal { REFUSED_NOT, REFUSED_PROTECTED, REFUSED_LOCAL, REFUSED_UNANSWERED, REFUSED_FULL, REFUSED_BUDGET_CLIENT,
		     REFUSED_BUDGET, REFUSED_MALFORMED, REFUSED_PAUSED, REFUSED_SHARED, REFUSED_PARDONED };
struct message_blocked {
	struct message_block block;
	uint64_t until_us, element; /* element: number of the block */
	int32_t error;              /* -errno of BLOCK_FAILED */
	uint8_t state, refusal, pad[2];
};
struct message_unblock { uint64_t element; uint32_t ask, uid; }; /* element 0: all */
enum ask { ASK_RELOAD = 1, ASK_PAUSE, ASK_RESUME, ASK_UNBLOCK };
struct message_ask { uint64_t argument; uint32_t ask, number, uid; };
struct message_say { uint32_t number; int32_t status; uint32_t more; uint32_t bytes; char text[MESSAGE_SAY_BYTES]; };
/* known: told before, to a report that is no more; only the count is new to this one. */
struct message_restarted { uint32_t process; int32_t status; uint64_t count; uint32_t known, zero; };
/* Inspect, which reads what strangers send, accuses nobody. */
struct message_broken { uint32_t process; };
struct message_loaded { uint64_t hash; uint32_t generation; int32_t status; };

union message_body {
	struct message_book book;
	struct message_link link;
	struct message_ready ready;
	struct message_gone gone;
	struct flow_fact fact;
	struct message_counters counters;
	struct message_block block;
	struct message_blocked blocked;
	struct message_unblock unblock;
	struct message_ask ask;
	struct message_say say;
	struct message_restarted restarted;
	struct message_loaded loaded;
	struct message_broken broken;
};
struct message {
	uint32_t verb, bytes; /* bytes: of the body, exactly that verb's */
	union message_body body;
};

/* Sends one message without waiting; pass: a descriptor that goes with it, or -1. 0; -EAGAIN: the receiver is slow (nothing was
 * sent); -EPIPE: it is gone; other -errno. */
int message_send(int link, enum verb verb, const void *body, int pass);
/* Receives one. from, to: who sits at the ends: only the verbs of that direction are let in. *ret_passed is a descriptor that is
 * the caller's now, or -1. 0; -EAGAIN: none there; -EPIPE: the peer is gone; -EPROTO: wrong verb, size, direction, or a
 * descriptor where none belongs: end the sender's process. */
int message_receive(int link, enum process from, enum process to, struct message *ret, int *ret_passed);
size_t message_bytes(enum verb verb);                                /* of a verb's body */
bool message_allowed(enum process from, enum process to, enum verb verb);
/* An AF_UNIX SOCK_SEQPACKET pair, close-on-exec, with room for at least `room` of the largest message. 0 or -errno. */
int message_pair(size_t room, int ret[2]);

/* The book of a VERB_BOOK: checks the seals (F_SEAL_WRITE, _GROW, _SHRINK, _SEAL), size, hash and version, maps it read-only and
 * opens it. The descriptor is closed. 0 or -errno, and nothing is mapped. */
int message_map_book(const struct message_book *m, int memfd, struct book *ret);
void message_unmap_book(struct book *b);

#endif
