/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/spool.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	PATH_BYTES = 4096,
	BUSY_MS = 2000,
	ROOM_MADE = 64 /* of a full spool one part in so many is made free */,
	OVER_MOST = 4 /* one part in so many above it */
};

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	INSERT,
	NEXT,
	LEAST,
	REMOVE,
	DELIVERED,
	FORGET,
	SUM,
	WAITING,
	CURSOR_GET,
	CURSOR_SET,
	CURSOR_ANY,
	CURSOR_CLEAR,
	LOST_SET,
	LOST_GET,
	SEQUENCE,
	STATEMENTS,
};
static const char *const sql[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[INSERT] = "INSERT INTO events(class, code, priority, id, at_us, json, brief, native, bytes)"
		   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[NEXT] =
		"SELECT seq, class, code, priority, id, at_us, json, brief, native FROM events WHERE seq > ?1"
		" ORDER BY seq LIMIT 1",
	[LEAST] = "SELECT seq, class, bytes FROM events WHERE +seq <= ?1 ORDER BY class, seq LIMIT 1",
	[REMOVE] = "DELETE FROM events WHERE seq = ?1",
	[DELIVERED] = "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM events WHERE seq <= ?1",
	[FORGET] = "DELETE FROM events WHERE seq <= ?1",
	[SUM] = "SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM events",
	[WAITING] = "SELECT COUNT(*) FROM events WHERE seq > ?1",
	[CURSOR_GET] = "SELECT seq FROM cursors WHERE output = ?1",
	[CURSOR_SET] = "INSERT OR REPLACE INTO cursors(output, seq) VALUES(?1, ?2)",
	[CURSOR_ANY] = "SELECT COUNT(*) FROM cursors",
	[CURSOR_CLEAR] = "DELETE FROM cursors",
	[LOST_SET] = "INSERT OR REPLACE INTO lost(class, events, first, last) VALUES(?1, ?2, ?3, ?4)",
	[LOST_GET] = "SELECT class, events, first, last FROM lost",
	[SEQUENCE] = "SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'events'",
};
/* AUTOINCREMENT: a number is not given again when the last event is gone, or cursors would stand before it. */
static const char schema[] =
	"PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	"PRAGMA journal_size_limit = 4194304; PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY;"
	"CREATE TABLE IF NOT EXISTS events(seq INTEGER PRIMARY KEY AUTOINCREMENT, class INTEGER, code "
	"INTEGER,"
	" priority INTEGER, id INTEGER, at_us INTEGER, json TEXT, brief TEXT, native TEXT, bytes INTEGER);"
	"CREATE INDEX IF NOT EXISTS by_class ON events(class, seq);"
	"CREATE TABLE IF NOT EXISTS cursors(output TEXT PRIMARY KEY, seq INTEGER);"
	"CREATE TABLE IF NOT EXISTS lost(class INTEGER PRIMARY KEY, events INTEGER, first INTEGER, last "
	"INTEGER);";

struct cursor_of {
	char name[SPOOL_NAME_BYTES];
	uint64_t seq, keep;
	bool down;
};

struct spool {
	sqlite3 *db;
	sqlite3_stmt *statement[STATEMENTS];
	bool reading; /* NEXT stands on a row that the caller may still look at */
	bool moved, lost_moved;
	struct record *pending; /* one block each behind json.at */
	size_t pending_count, output_count;
	struct cursor_of output[SPOOL_OUTPUTS];
	struct spool_counters count;
};

static int error_of(int r)
{
	switch (r & 0xFF) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE: return 0;
	case SQLITE_FULL: return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return -EBUSY;
	case SQLITE_NOMEM: return -ENOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return -EBADMSG;
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM: return -EACCES;
	default: return -EIO;
	}
}

/* ---- statements ---- */

static void end_reading(struct spool *s)
{
	if (s->reading)
		sqlite3_reset(s->statement[NEXT]);
	s->reading = false;
}

static sqlite3_stmt *bind(struct spool *s, enum statement which, size_t n, const uint64_t *values)
{
	sqlite3_stmt *st = s->statement[which];
	sqlite3_reset(st);
	for (size_t i = 0; i < n; i++)
		sqlite3_bind_int64(st, (int)i + 1, (sqlite3_int64)values[i]);
	return st;
}

static int run(struct spool *s, enum statement which, size_t n, const uint64_t *values)
{
	sqlite3_stmt *st = bind(s, which, n, values);
	sqlite3_step(st);
	return error_of(sqlite3_reset(st));
}

/* The first row's numbers; false: no row. */
static bool ask(struct spool *s, enum statement which, size_t n, const uint64_t *values, size_t columns,
		uint64_t *ret)
{
	sqlite3_stmt *st = bind(s, which, n, values);
	bool row = sqlite3_step(st) == SQLITE_ROW;
	for (size_t i = 0; row && i < columns; i++)
		ret[i] = (uint64_t)sqlite3_column_int64(st, (int)i);
	sqlite3_reset(st);
	return row;
}

/* ---- open, close ---- */

static bool is_sound(sqlite3 *db)
{
	sqlite3_stmt *st = NULL;
	bool sound = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &st, NULL) == SQLITE_OK &&
		     sqlite3_step(st) == SQLITE_ROW &&
		     strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;
	sqlite3_finalize(st);
	return sound;
}

static int open_database(const char *path, sqlite3 **ret)
{
	sqlite3 *db = NULL;
	int r = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
				NULL);
	if (r == SQLITE_OK) {
		sqlite3_busy_timeout(db, BUSY_MS); /* the one before us may still be ending */
		r = sqlite3_exec(db, schema, NULL, NULL, NULL);
	}
	if (r == SQLITE_OK && !is_sound(db))
		r = SQLITE_CORRUPT;
	if (r != SQLITE_OK) {
		sqlite3_close(db);
		return error_of(r);
	}
	*ret = db;
	return 0;
}

static void put_aside(const char *path)
{
	static const char *const tails[] = { "", "-wal", "-shm" };
	char from[PATH_BYTES + 16], to[PATH_BYTES + 32];
	for (size_t i = 0; i < 3; i++) {
		snprintf(from, sizeof from, "%s%s", path, tails[i]);
		snprintf(to, sizeof to, "%s.damaged%s", path, tails[i]);
		rename(from, to);
	}
}

static void count_rows(struct spool *s)
{
	uint64_t n[4];
	if (ask(s, SUM, 0, NULL, 2, n))
		s->count.events = n[0], s->count.bytes = n[1];
	if (ask(s, SEQUENCE, 0, NULL, 1, n))
		s->count.last_seq = n[0];
	sqlite3_stmt *st = bind(s, LOST_GET, 0, NULL);
	while (sqlite3_step(st) == SQLITE_ROW) {
		unsigned class = (unsigned)sqlite3_column_int(st, 0);
		if (class >= SPOOL_CLASSES)
			continue;
		s->count.lost[class] = (uint64_t)sqlite3_column_int64(st, 1);
		s->count.lost_first = (uint64_t)sqlite3_column_int64(st, 2);
		s->count.lost_last = (uint64_t)sqlite3_column_int64(st, 3);
	}
	sqlite3_reset(st);
}

static int prepare(struct spool *s)
{
	for (unsigned i = 0; i < STATEMENTS; i++) {
		int r = sqlite3_prepare_v3(s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statement[i],
					   NULL);
		if (r != SQLITE_OK)
			return error_of(r);
	}
	count_rows(s);
	return 0;
}

int spool_open(const char *folder, uint64_t most_bytes, struct spool **ret, bool *ret_damaged)
{
	char path[PATH_BYTES];
	struct spool *s = calloc(1, sizeof *s);
	*ret_damaged = false;
	if (s == NULL || (s->pending = calloc(SPOOL_PENDING_MOST, sizeof *s->pending)) == NULL) {
		spool_close(s);
		return -ENOMEM;
	}
	uint64_t seed;
	sqlite3_randomness(sizeof seed,
			   &seed); /* it reads its seed from a device, which later is out of reach */
	snprintf(path, sizeof path, "%s/spool.db", folder);
	int r = open_database(path, &s->db);
	if (r == -EBADMSG) {
		*ret_damaged = true;
		put_aside(path);
		r = open_database(path, &s->db);
	}
	s->count.most_bytes = most_bytes;
	if (r == 0)
		r = prepare(s);
	if (r < 0) {
		spool_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

void spool_limit(struct spool *s, uint64_t most_bytes)
{
	s->count.most_bytes = most_bytes;
}

static void drop_pending(struct spool *s, size_t i)
{
	free((void *)(uintptr_t)s->pending[i].json.at);
	memmove(&s->pending[i], &s->pending[i + 1], (--s->pending_count - i) * sizeof *s->pending);
}

void spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	while (s->pending_count > 0)
		drop_pending(s, s->pending_count - 1);
	free(s->pending);
	for (unsigned i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(s->statement[i]);
	sqlite3_close(s->db);
	free(s);
}

/* ---- losses ---- */

static void count_lost(struct spool *s, unsigned class, uint64_t seq)
{
	struct spool_counters *c = &s->count;
	uint64_t untold = 0;
	for (unsigned i = 0; i < SPOOL_CLASSES; i++)
		untold += c->lost[i];
	if (untold == 0)
		c->lost_first = c->lost_last = seq;
	if (seq != 0 && (seq < c->lost_first || c->lost_first == 0))
		c->lost_first = seq;
	if (seq > c->lost_last)
		c->lost_last = seq;
	c->lost[class]++;
	c->lost_in_all++;
	s->lost_moved = true;
}

void spool_lost_told(struct spool *s, const struct spool_counters *told)
{
	for (unsigned i = 0; i < SPOOL_CLASSES; i++)
		s->count.lost[i] -= told->lost[i];
	s->lost_moved = true;
}

/* ---- put ---- */

static struct record copy_of(const struct record *r)
{
	struct record copy = *r;
	bool same = r->brief.at == r->json.at;
	uint8_t *block = malloc(r->json.len + (same ? 0 : r->brief.len) + r->native.len + 1);
	if (block == NULL)
		return (struct record){ 0 };
	memcpy(block, r->json.at, r->json.len);
	copy.json.at = copy.brief.at = block;
	block += r->json.len;
	if (!same) {
		memcpy(block, r->brief.at, r->brief.len);
		copy.brief.at = block;
		block += r->brief.len;
	}
	memcpy(block, r->native.at, r->native.len);
	copy.native.at = block;
	return copy;
}

/* Room in a full list: the oldest of the least class goes, unless the new one is less still. */
static bool make_room(struct spool *s, unsigned class)
{
	size_t least = 0;
	for (size_t i = 1; i < s->pending_count; i++)
		if (s->pending[i].class < s->pending[least].class)
			least = i;
	bool new_goes = class < s->pending[least].class;
	count_lost(s, new_goes ? class : s->pending[least].class, 0);
	if (!new_goes)
		drop_pending(s, least);
	return !new_goes;
}

int spool_put(struct spool *s, const struct record *r)
{
	bool full = s->pending_count == SPOOL_PENDING_MOST;
	end_reading(s);
	if (full && !make_room(s, r->class))
		return -ENOBUFS;
	struct record copy = copy_of(r);
	if (copy.json.at == NULL) {
		count_lost(s, r->class, 0);
		return -ENOMEM;
	}
	s->pending[s->pending_count++] = copy;
	return full ? -ENOBUFS : 0;
}

size_t spool_pending(const struct spool *s)
{
	return s->pending_count;
}

/* ---- commit: inside one transaction ---- */

static int insert(struct spool *s, const struct record *r)
{
	bool same = r->brief.at == r->json.at;
	uint64_t bytes = r->json.len + (same ? 0 : r->brief.len) + r->native.len;
	const uint64_t numbers[5] = { r->class, r->code, r->priority, r->id, r->at_us };
	sqlite3_stmt *st = bind(s, INSERT, 5, numbers);
	sqlite3_bind_text(st, 6, (const char *)r->json.at, (int)r->json.len, SQLITE_STATIC);
	if (same)
		sqlite3_bind_null(st, 7);
	else
		sqlite3_bind_text(st, 7, (const char *)r->brief.at, (int)r->brief.len, SQLITE_STATIC);
	sqlite3_bind_text(st, 8, (const char *)r->native.at, (int)r->native.len, SQLITE_STATIC);
	sqlite3_bind_int64(st, 9, (sqlite3_int64)bytes);
	sqlite3_step(st);
	int error = error_of(sqlite3_reset(st));
	if (error < 0)
		return error;
	s->count.events++;
	s->count.bytes += bytes;
	s->count.last_seq = (uint64_t)sqlite3_last_insert_rowid(s->db);
	s->count.accepted++;
	return 0;
}

static int write_cursors(struct spool *s)
{
	int error = run(s, CURSOR_CLEAR, 0, NULL);
	for (size_t i = 0; i < s->output_count && error == 0; i++) {
		sqlite3_stmt *st = s->statement[CURSOR_SET];
		sqlite3_reset(st);
		sqlite3_bind_text(st, 1, s->output[i].name, -1, SQLITE_STATIC);
		sqlite3_bind_int64(st, 2, (sqlite3_int64)s->output[i].seq);
		sqlite3_step(st);
		error = error_of(sqlite3_reset(st));
	}
	return error;
}

static int write_lost(struct spool *s)
{
	int error = 0;
	for (unsigned i = 0; i < SPOOL_CLASSES && error == 0; i++) {
		const uint64_t row[4] = { i, s->count.lost[i], s->count.lost_first, s->count.lost_last };
		error = run(s, LOST_SET, 4, row);
	}
	return error;
}

/* What every output has; kept: but for what one of them may need again. */
static int forget_delivered(struct spool *s, bool kept)
{
	uint64_t least = UINT64_MAX, n[2];
	for (size_t i = 0; i < s->output_count; i++) {
		uint64_t seq = kept ? s->output[i].keep : s->output[i].seq;
		least = seq < least ? seq : least;
	}
	if (s->output_count == 0 || !ask(s, DELIVERED, 1, &least, 2, n) || n[0] == 0)
		return 0;
	s->count.events -= n[0];
	s->count.bytes -= n[1];
	return run(s, FORGET, 1, &least);
}

/* Up to there the outputs that are up have everything: what goes, goes from those that are down. */
static uint64_t behind_those_up(const struct spool *s)
{
	uint64_t least = INT64_MAX;
	for (size_t i = 0; i < s->output_count; i++)
		if (!s->output[i].down && s->output[i].seq < least)
			least = s->output[i].seq;
	return least;
}

static int trim_to(struct spool *s, uint64_t bytes, uint64_t up_to)
{
	uint64_t row[3];
	int error = 0;
	while (error == 0 && s->count.bytes > bytes && ask(s, LEAST, 1, &up_to, 3, row)) {
		error = run(s, REMOVE, 1, row);
		s->count.events--;
		s->count.bytes -= row[2];
		count_lost(s, row[1] < SPOOL_CLASSES ? (unsigned)row[1] : SPOOL_INFO, row[0]);
	}
	return error;
}

static int trim(struct spool *s)
{
	uint64_t most = s->count.most_bytes, hard = most + most / OVER_MOST;
	if (s->count.bytes <= most)
		return 0;
	int error = forget_delivered(s, false);
	if (error == 0)
		error = trim_to(s, most - most / ROOM_MADE, behind_those_up(s));
	if (error == 0 && s->count.bytes > hard)
		error = trim_to(s, most - most / ROOM_MADE, INT64_MAX);
	return error;
}

static int write_all(struct spool *s)
{
	int error = s->moved ? write_cursors(s) : 0;
	if (error == 0 && s->moved)
		error = forget_delivered(s, true);
	for (size_t i = 0; i < s->pending_count && error == 0; i++)
		error = insert(s, &s->pending[i]);
	if (error == 0)
		error = trim(s);
	if (error == 0 && s->lost_moved)
		error = write_lost(s);
	return error;
}

int spool_commit(struct spool *s)
{
	end_reading(s);
	if (s->pending_count == 0 && !s->moved && !s->lost_moved)
		return 0;
	struct spool_counters before = s->count;
	int error = run(s, BEGIN, 0, NULL);
	if (error == 0)
		error = write_all(s);
	if (error == 0)
		error = run(s, COMMIT, 0, NULL);
	if (error < 0) {
		if (!sqlite3_get_autocommit(s->db))
			run(s, ROLLBACK, 0, NULL);
		s->count = before;
		s->count.failures++;
		return error;
	}
	while (s->pending_count > 0)
		drop_pending(s, s->pending_count - 1);
	s->moved = s->lost_moved = false;
	return 0;
}

/* ---- reading ---- */

static struct span column(sqlite3_stmt *st, int i)
{
	const void *at = sqlite3_column_text(st, i);
	return span_of(at, (size_t)sqlite3_column_bytes(st, i));
}

int spool_next(struct spool *s, uint64_t seq, struct record *ret)
{
	end_reading(s);
	sqlite3_stmt *st = bind(s, NEXT, 1, &seq);
	if (sqlite3_step(st) != SQLITE_ROW)
		return error_of(sqlite3_reset(st));
	s->reading = true;
	*ret = (struct record){
		.seq = (uint64_t)sqlite3_column_int64(st, 0),
		.class = (uint8_t)sqlite3_column_int(st, 1),
		.code = (uint8_t)sqlite3_column_int(st, 2),
		.priority = (uint8_t)sqlite3_column_int(st, 3),
		.id = (uint64_t)sqlite3_column_int64(st, 4),
		.at_us = (uint64_t)sqlite3_column_int64(st, 5),
		.json = column(st, 6),
		.brief = column(st, 7),
		.native = column(st, 8),
	};
	if (ret->brief.len == 0)
		ret->brief = ret->json;
	return 1;
}

uint64_t spool_waiting(struct spool *s, size_t output)
{
	uint64_t n = 0;
	end_reading(s);
	if (output < s->output_count)
		ask(s, WAITING, 1, &s->output[output].seq, 1, &n);
	return n;
}

/* ---- outputs ---- */

static uint64_t cursor_get(struct spool *s, const char *name, uint64_t otherwise)
{
	sqlite3_stmt *st = s->statement[CURSOR_GET];
	uint64_t seq = otherwise;
	sqlite3_reset(st);
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	if (sqlite3_step(st) == SQLITE_ROW)
		seq = (uint64_t)sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return seq;
}

int spool_outputs(struct spool *s, const char *const *names, size_t count, uint64_t *ret_seq)
{
	uint64_t known = 0;
	if (count > SPOOL_OUTPUTS)
		return -EINVAL;
	int error = spool_commit(s); /* the cursors of those there were */
	if (error < 0)
		return error;
	ask(s, CURSOR_ANY, 0, NULL, 1, &known);
	uint64_t otherwise = known > 0 ? s->count.last_seq : 0;
	for (size_t i = 0; i < count; i++)
		ret_seq[i] = cursor_get(s, names[i], otherwise);
	s->output_count = count;
	for (size_t i = 0; i < count; i++) {
		snprintf(s->output[i].name, sizeof s->output[i].name, "%s", names[i]);
		s->output[i].seq = s->output[i].keep = ret_seq[i];
		s->output[i].down = false;
	}
	s->moved = true;
	return spool_commit(s);
}

void spool_confirm(struct spool *s, size_t output, uint64_t seq, uint64_t keep)
{
	if (output < s->output_count && seq > s->output[output].seq) {
		s->output[output].seq = seq;
		s->output[output].keep = keep < seq ? keep : seq;
		s->moved = true;
	}
}

void spool_down(struct spool *s, size_t output, bool down)
{
	if (output < s->output_count)
		s->output[output].down = down;
}

bool spool_has_moved(const struct spool *s)
{
	return s->moved || s->lost_moved;
}

void spool_counters(const struct spool *s, struct spool_counters *ret)
{
	*ret = s->count;
}
