/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "report/spool.h"

enum {
	EVENT_BYTES = 1000,
	MUCH = 1 << 20,
	TEN_EVENTS = 10 * EVENT_BYTES + 60
}; /* some have a brief of their own */

static char folder[] = "/tmp/keyfence-test-XXXXXX";

static void put_away(void)
{
	static const char *const names[] = {
		"spool.db",         "spool.db-wal",         "spool.db-shm",
		"spool.db.damaged", "spool.db.damaged-wal", "spool.db.damaged-shm"
	};
	char path[128];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
}

static struct spool *opened(uint64_t most)
{
	struct spool *s = NULL;
	bool damaged = true;
	int r = spool_open(folder, most, &s, &damaged);
	CHECK(r == 0 && !damaged, "open: %d", r);
	if (s == NULL)
		exit(check_done());
	return s;
}

static int put(struct spool *s, uint64_t id, enum spool_class class)
{
	static char json[EVENT_BYTES - 8], native[8] = "A=b\nC=d\n";
	memset(json, 'a' + (int)(id % 26), sizeof json);
	struct record r = { .id = id,
			    .at_us = id * 10,
			    .class = (uint8_t) class,
			    .code = 3,
			    .priority = 4,
			    .json = span_of(json, sizeof json),
			    .brief = span_of(json, id % 2 == 0 ? sizeof json : 10),
			    .native = span_of(native, sizeof native) };
	if (id % 2 != 0)
		r.brief.at = (const uint8_t *)native; /* other bytes: kept beside */
	if (id % 2 != 0)
		r.brief.len = 4;
	return spool_put(s, &r);
}

static void put_many(struct spool *s, uint64_t first, uint64_t last, enum spool_class class)
{
	for (uint64_t id = first; id <= last; id++) {
		CHECK(put(s, id, class) == 0, "put %d", (int)id);
		if (spool_pending(s) == SPOOL_GROUP)
			CHECK(spool_commit(s) == 0, "commit");
	}
	CHECK(spool_commit(s) == 0, "commit");
}

/* The ids from a place on, as one text. */
static const char *ids(struct spool *s, uint64_t behind)
{
	static char text[512];
	struct text t = text_in(text, sizeof text);
	struct record r;
	while (spool_next(s, behind, &r) == 1) {
		text_printf(&t, "%s%d", t.len > 0 ? " " : "", (int)r.id);
		behind = r.seq;
	}
	return text;
}

static void check_ids(struct spool *s, const char *want, const char *name)
{
	const char *has = ids(s, 0);
	CHECK(strcmp(has, want) == 0, "%s: \"%s\"", name, has);
}

static void two_outputs(struct spool *s, uint64_t seq[2])
{
	static const char *const names[] = { "one", "two" };
	CHECK(spool_outputs(s, names, 2, seq) == 0, "outputs");
}

/* ---- cases ---- */

static void check_order(void)
{
	struct record r;
	struct spool *s = opened(MUCH);
	CHECK(put(s, 5, SPOOL_KEY) == 0 && put(s, 6, SPOOL_INFO) == 0, "put");
	CHECK(spool_pending(s) == 2 && spool_next(s, 0, &r) == 0, "nothing is accepted before the commit");
	CHECK(spool_commit(s) == 0 && spool_pending(s) == 0, "commit");
	CHECK(spool_next(s, 0, &r) == 1 && r.id == 5 && r.seq == 1 && r.at_us == 50, "the first");
	CHECK(r.class == SPOOL_KEY && r.code == 3 && r.priority == 4, "its numbers");
	CHECK(r.json.len == EVENT_BYTES - 8 && r.json.at[0] == 'f', "its text");
	CHECK(r.brief.len == 4 && memcmp(r.brief.at, "A=b\n", 4) == 0 && r.native.len == 8,
	      "its other texts");
	CHECK(spool_next(s, 1, &r) == 1 && r.id == 6 && r.brief.len == r.json.len,
	      "the second, brief as it is");
	CHECK(spool_next(s, 2, &r) == 0, "no third");
	spool_close(s);
	s = opened(MUCH);
	check_ids(s, "5 6", "after a restart");
	spool_close(s);
	put_away();
}

static void check_cursors(void)
{
	static const char *const others[] = { "two", "three" };
	uint64_t seq[2];
	struct spool *s = opened(MUCH);
	put_many(s, 1, 4, SPOOL_ALERT);
	two_outputs(s, seq);
	CHECK(seq[0] == 0 && seq[1] == 0, "a spool that never had an output begins with its first event");
	spool_confirm(s, 0, 4, 4);
	spool_confirm(s, 1, 2, 2);
	CHECK(spool_has_moved(s) && spool_commit(s) == 0 && !spool_has_moved(s), "commit");
	check_ids(s, "3 4", "what both have is forgotten");
	CHECK(spool_waiting(s, 0) == 0 && spool_waiting(s, 1) == 2, "waiting");
	spool_confirm(s, 1, 1, 1);
	CHECK(!spool_has_moved(s), "a cursor never runs back");
	spool_close(s);
	s = opened(MUCH);
	CHECK(spool_outputs(s, others, 2, seq) == 0 && seq[0] == 2 && seq[1] == 4, "known, and new: %d %d",
	      (int)seq[0], (int)seq[1]);
	spool_confirm(s, 0, 4, 4);
	CHECK(spool_commit(s) == 0, "commit");
	check_ids(s, "", "all delivered");
	put_many(s, 9, 9, SPOOL_ALERT);
	struct record r;
	CHECK(spool_next(s, 0, &r) == 1 && r.seq == 5, "no number is given twice: %d", (int)r.seq);
	spool_close(s);
	put_away();
}

static void check_kept(void)
{
	uint64_t seq[2];
	struct spool *s = opened(TEN_EVENTS);
	two_outputs(s, seq);
	put_many(s, 1, 6, SPOOL_ALERT);
	spool_confirm(s, 0, 6, 6);
	spool_confirm(s, 1, 6, 3);
	CHECK(spool_commit(s) == 0, "commit");
	check_ids(s, "4 5 6", "what may have to go again stays");
	CHECK(spool_waiting(s, 1) == 0, "and waits for nobody");
	put_many(s, 7, 15, SPOOL_INFO);
	check_ids(s, "7 8 9 10 11 12 13 14 15", "while there is room");
	struct spool_counters c;
	spool_counters(s, &c);
	CHECK(c.lost_in_all == 0, "nobody lacked it: %d", (int)c.lost_in_all);
	spool_close(s);
	put_away();
}

static void check_bound(void)
{
	uint64_t seq[2];
	struct spool_counters c;
	struct spool *s = opened(TEN_EVENTS);
	two_outputs(s, seq);
	spool_down(s, 0, true);
	spool_down(s, 1, true);
	put_many(s, 1, 2, SPOOL_KEY);
	put_many(s, 3, 5, SPOOL_ALERT);
	put_many(s, 6, 8, SPOOL_INFO);
	put_many(s, 9, 10, SPOOL_UPDATE);
	spool_counters(s, &c);
	CHECK(c.events == 10 && c.lost_in_all == 0 && c.accepted == 10, "just full");
	put_many(s, 11, 13, SPOOL_KEY);
	check_ids(s, "1 2 3 4 5 10 11 12 13", "information first, then updates, the oldest first");
	spool_counters(s, &c);
	CHECK(c.lost[SPOOL_INFO] == 3 && c.lost[SPOOL_UPDATE] == 1 && c.lost_in_all == 4, "counted by class");
	CHECK(c.lost_first == 6 && c.lost_last == 9 && c.accepted == 13, "from %d to %d", (int)c.lost_first,
	      (int)c.lost_last);
	CHECK(c.bytes <= TEN_EVENTS, "bytes %d", (int)c.bytes);
	spool_close(s);
	s = opened(TEN_EVENTS);
	spool_counters(s, &c);
	CHECK(c.lost[SPOOL_INFO] == 3 && c.lost[SPOOL_UPDATE] == 1,
	      "what nobody was told of is known after a restart");
	spool_lost_told(s, &c);
	CHECK(spool_commit(s) == 0, "commit");
	spool_close(s);
	s = opened(TEN_EVENTS);
	spool_counters(s, &c);
	CHECK(c.lost[SPOOL_INFO] == 0 && c.lost[SPOOL_UPDATE] == 0, "and told once");
	spool_close(s);
	put_away();
}

/* An output that is up loses nothing for one that is down. */
static void check_fair(void)
{
	uint64_t seq[2];
	struct spool_counters c;
	struct spool *s = opened(TEN_EVENTS);
	two_outputs(s, seq);
	spool_down(s, 1, true);
	put_many(s, 1, 9, SPOOL_KEY);
	spool_confirm(s, 0, 9, 9);
	put_many(s, 10, 12, SPOOL_INFO);
	check_ids(s, "4 5 6 7 8 9 10 11 12", "key alerts that the one has, before information that it lacks");
	put_many(s, 13, 25, SPOOL_INFO);
	spool_counters(s, &c);
	CHECK(c.bytes <= 13 * EVENT_BYTES, "a quarter more at most: %d", (int)c.bytes);
	CHECK(c.accepted == 25 && c.events + c.lost_in_all == 25, "%d there, %d lost", (int)c.events,
	      (int)c.lost_in_all);
	spool_close(s);
	put_away();
}

static void check_pending(void)
{
	struct spool_counters c;
	struct spool *s = opened(MUCH * 8ull);
	for (uint64_t id = 1; id <= SPOOL_PENDING_MOST; id++)
		put(s, id, id == 3 ? SPOOL_INFO : SPOOL_ALERT);
	CHECK(put(s, 1000, SPOOL_KEY) == -ENOBUFS, "one goes for it");
	CHECK(put(s, 1001, SPOOL_INFO) == -ENOBUFS, "it goes itself");
	CHECK(spool_pending(s) == SPOOL_PENDING_MOST && spool_commit(s) == 0, "commit");
	spool_counters(s, &c);
	CHECK(c.lost[SPOOL_INFO] == 2 && c.lost_in_all == 2 && c.accepted == SPOOL_PENDING_MOST, "counted");
	struct record r;
	CHECK(spool_next(s, 2, &r) == 1 && r.id == 4, "the information went");
	CHECK(spool_next(s, SPOOL_PENDING_MOST - 1, &r) == 1 && r.id == 1000, "the key alert is there");
	spool_close(s);
	put_away();
}

static void check_damaged(void)
{
	char path[128], garbage[4096];
	struct spool *s = opened(MUCH);
	put_many(s, 1, 40, SPOOL_ALERT);
	spool_close(s);
	snprintf(path, sizeof path, "%s/spool.db", folder);
	memset(garbage, 0x5A, sizeof garbage);
	int fd = open(path, O_WRONLY);
	CHECK(pwrite(fd, garbage, sizeof garbage, 4096) == sizeof garbage, "write");
	close(fd);
	bool damaged = false;
	CHECK(spool_open(folder, MUCH, &s, &damaged) == 0 && damaged, "put aside, and begun anew");
	check_ids(s, "", "empty");
	put_many(s, 1, 1, SPOOL_ALERT);
	spool_close(s);
	struct stat st;
	snprintf(path, sizeof path, "%s/spool.db.damaged", folder);
	CHECK(stat(path, &st) == 0, "the old one is kept");
	put_away();
}

/* A process that dies between commits loses what was not committed, and nothing else. */
static void check_death(void)
{
	struct spool *s;
	pid_t pid = fork();
	if (pid == 0) {
		bool damaged;
		if (spool_open(folder, MUCH, &s, &damaged) < 0)
			_exit(1);
		put(s, 1, SPOOL_ALERT);
		spool_commit(s);
		put(s, 2, SPOOL_ALERT);
		raise(SIGKILL);
	}
	int status;
	waitpid(pid, &status, 0);
	CHECK(WIFSIGNALED(status), "status %d", status);
	s = opened(MUCH);
	check_ids(s, "1", "accepted is committed");
	spool_close(s);
	put_away();
}

/* A full disk (here: a file that may not grow): nothing is lost, and it goes on when there is room. */
static void check_no_room(void)
{
	struct rlimit all, little;
	struct spool *s = opened(MUCH);
	put_many(s, 1, 2, SPOOL_ALERT);
	getrlimit(RLIMIT_FSIZE, &all);
	signal(SIGXFSZ, SIG_IGN);
	little = all;
	little.rlim_cur = 4096;
	setrlimit(RLIMIT_FSIZE, &little);
	for (uint64_t id = 3; id <= 9; id++)
		put(s, id, SPOOL_ALERT);
	int r = spool_commit(s);
	CHECK(r < 0 && spool_pending(s) == 7, "%d, %zu wait", r, spool_pending(s));
	check_ids(s, "1 2", "not accepted");
	setrlimit(RLIMIT_FSIZE, &all);
	CHECK(spool_commit(s) == 0, "room again");
	check_ids(s, "1 2 3 4 5 6 7 8 9", "all there");
	struct spool_counters c;
	spool_counters(s, &c);
	CHECK(c.accepted == 9 && c.events == 9 && c.failures == 1 && c.lost_in_all == 0, "counted");
	spool_close(s);
	put_away();
}

static void check_one_process(void)
{
	struct spool *s = opened(MUCH), *second;
	put_many(s, 1, 1, SPOOL_ALERT);
	pid_t pid = fork();
	if (pid == 0) {
		bool damaged;
		_exit(spool_open(folder, MUCH, &second, &damaged) == -EBUSY ? 0 : 1);
	}
	int status;
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a second one gets -EBUSY: %d", status);
	put_many(s, 2, 2, SPOOL_ALERT);
	check_ids(s, "1 2", "the first goes on");
	spool_close(s);
	put_away();
	CHECK(spool_open("/nonexistent", MUCH, &second, &(bool){ false }) < 0, "no folder");
}

int main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	check_order();
	check_cursors();
	check_kept();
	check_bound();
	check_fair();
	check_pending();
	check_damaged();
	check_death();
	check_no_room();
	check_one_process();
	rmdir(folder);
	return check_done();
}
