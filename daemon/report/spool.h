/* SPDX-License-Identifier: GPL-3.0-or-later */
/* spool: what was accepted stands in stable storage until every output has it. SQLite (WAL, synchronous=FULL): a table of
 * events in the order of acceptance, and for each output a cursor: the last event that it is known to have.
 *
 * Accepted means committed: spool_put only gathers, and spool_commit makes one transaction of what was gathered (group
 * commit: the caller calls it every 10 ms or 32 events). A number is never given twice. A cursor may lag behind after a
 * crash: that costs duplicates, which the event's id tells, never a loss.
 * Bounded by bytes: when full, the oldest of the least class goes first (information, health, updates, alerts, key
 * alerts, what tells of losses), and some room is made at once, so that telling of a loss makes none. What some output
 * still lacked is counted as lost, by class, in the same transaction.
 * One process at a time: another finds the file locked (-EBUSY).
 * Text is held as given. All functions give 0 or -errno (-EIO for what SQLite has no better word for). */
#ifndef KEYFENCE_REPORT_SPOOL_H
#define KEYFENCE_REPORT_SPOOL_H

#include "event/notice.h"

enum spool_class { SPOOL_INFO, SPOOL_HEALTH, SPOOL_UPDATE, SPOOL_ALERT, SPOOL_KEY, SPOOL_LOSS, SPOOL_CLASSES };
enum { SPOOL_GROUP = 32, SPOOL_PENDING_MOST = 512 };

struct record {
	uint64_t seq, id, at_us;
	uint8_t class, code, priority; /* priority: of syslog, RFC 5424 s6.2.1 */
	struct span json, brief;       /* brief: for receivers that cut; may be the same bytes */
	struct span native;            /* fields of the journal, one a line */
};

struct spool;

/* Opens or makes FOLDER/spool.db. A file that is no sound database is put aside as spool.db.damaged, and a new one begins:
 * *ret_damaged tells. most_bytes: of all events together. */
int spool_open(const char *folder, uint64_t most_bytes, struct spool **ret, bool *ret_damaged);
void spool_limit(struct spool *s, uint64_t most_bytes);
void spool_close(struct spool *s); /* takes NULL; commits nothing */

/* Gathers a copy of one event; its seq is given at the commit. -ENOBUFS: SPOOL_PENDING_MOST wait because the commits fail:
 * the least of them, or this one, went, and is counted. */
int spool_put(struct spool *s, const struct record *r);
size_t spool_pending(const struct spool *s);
/* Makes all that was gathered, and the cursors, stable. On failure everything stays gathered. */
int spool_commit(struct spool *s);

/* The next event behind seq: 1; 0: none; -errno. The spans are valid until the next call on this spool. */
int spool_next(struct spool *s, uint64_t seq, struct record *ret);

/* ---- cursors ---- */
enum { SPOOL_OUTPUTS = 32, SPOOL_NAME_BYTES = 160 };

/* The outputs there are now, by name: known ones keep their cursor, new ones begin with what is accepted from now on (in a
 * spool that never had an output: with its first event), others are forgotten. ret_seq: the cursors. */
int spool_outputs(struct spool *s, const char *const *names, size_t count, uint64_t *ret_seq);
/* This output is known to have everything up to seq; written with the next commit. What stands behind keep (at most seq)
 * stays for it all the same, while there is room: it may have to be sent again. */
void spool_confirm(struct spool *s, size_t output, uint64_t seq, uint64_t keep);
/* What a full spool loses, it takes from outputs that are down, as long as that is enough: those that are up get a quarter
 * of its room more to catch up. All are up at first. */
void spool_down(struct spool *s, size_t output, bool down);
/* Cursors have moved since the last commit. */
bool spool_has_moved(const struct spool *s);

struct spool_counters {
	uint64_t accepted, events, bytes, most_bytes, last_seq;
	uint64_t lost[SPOOL_CLASSES]; /* since spool_open, and not told yet (spool_lost_told) */
	uint64_t lost_first, lost_last;
	uint64_t lost_in_all, failures; /* failures: commits */
};
void spool_counters(const struct spool *s, struct spool_counters *ret);
/* An event that tells of these losses was put: they are counted no more. With lost events that nobody could be told of
 * before a crash, the count is found again at the next start. */
void spool_lost_told(struct spool *s, const struct spool_counters *told);
/* Events that this output still lacks. */
uint64_t spool_waiting(struct spool *s, size_t output);

#endif
