/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "control.h"

static const struct control_request good = { .magic = CONTROL_MAGIC, .verb = CONTROL_STATUS };

static void check_requests(void)
{
	static const struct {
		const char *name;
		struct control_request q;
		bool sound;
	} rows[] = {
		{ "status", { .magic = CONTROL_MAGIC, .verb = CONTROL_STATUS }, true },
		{ "the last verb", { .magic = CONTROL_MAGIC, .verb = CONTROL_RELOAD }, true },
		{ "both flags", { .magic = CONTROL_MAGIC, .verb = CONTROL_FLOWS, .flags = 3 }, true },
		{ "any argument",
		  { .magic = CONTROL_MAGIC, .verb = CONTROL_UNBLOCK, .argument = UINT64_MAX },
		  true },
		{ "other magic", { .magic = CONTROL_MAGIC + 1, .verb = CONTROL_STATUS }, false },
		{ "no verb", { .magic = CONTROL_MAGIC }, false },
		{ "a verb too high", { .magic = CONTROL_MAGIC, .verb = CONTROL_VERBS }, false },
		{ "a verb far too high", { .magic = CONTROL_MAGIC, .verb = UINT32_MAX }, false },
		{ "a flag of nobody", { .magic = CONTROL_MAGIC, .verb = CONTROL_STATUS, .flags = 4 }, false },
		{ "no zero", { .magic = CONTROL_MAGIC, .verb = CONTROL_STATUS, .zero = 1 }, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK(control_request_sound(&rows[i].q) == rows[i].sound, "%s", rows[i].name);
	for (uint32_t verb = CONTROL_STATUS; verb < CONTROL_VERBS; verb++)
		CHECK(control_changes(verb) == (verb > CONTROL_BLOCKS), "verb %u", verb);
	_Static_assert(sizeof(struct control_request) == 24 && sizeof(struct control_head) == 16, "no holes");
}

static void check_folders(void)
{
	static const struct {
		const char *told, *want;
	} rows[] = {
		{ NULL, "/run/x" }, { "", "/run/x" },      { "relative", "/run/x" },
		{ "/a/b", "/a/b" }, { "/a/b:/c", "/a/b" }, { "/toolongforthis", "/toolong" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char path[9];
		if (rows[i].told != NULL)
			setenv("RUNTIME_DIRECTORY", rows[i].told, 1);
		else
			unsetenv("RUNTIME_DIRECTORY");
		control_folder("RUNTIME_DIRECTORY", "/run/x", path, sizeof path);
		CHECK(strcmp(path, rows[i].want) == 0, "%s: %s", rows[i].told, path);
	}
}

/* ---- a daemon that answers with these bytes, in pieces ---- */

struct server {
	int fd;
	struct span answer;
	size_t piece;
	bool hangs; /* says nothing more, and stays */
	pthread_t thread;
	struct control_request heard;
};

static void *serve(void *server)
{
	struct server *s = server;
	if (recv(s->fd, &s->heard, sizeof s->heard, MSG_WAITALL) != (ssize_t)sizeof s->heard)
		memset(&s->heard, 0, sizeof s->heard);
	for (size_t at = 0; at < s->answer.len; at += s->piece) {
		size_t n = s->answer.len - at < s->piece ? s->answer.len - at : s->piece;
		if (send(s->fd, s->answer.at + at, n, MSG_NOSIGNAL) < 0)
			break;
	}
	if (s->hangs)
		recv(s->fd, &(char){ 0 }, 1, 0);
	close(s->fd);
	return NULL;
}

static int asked(struct span answer, size_t piece, bool hangs, struct control_head *ret, char **ret_text)
{
	int fd[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
		abort();
	struct server s = { .fd = fd[1], .answer = answer, .piece = piece, .hangs = hangs };
	pthread_create(&s.thread, NULL, serve, &s);
	int r = control_ask(fd[0], &good, hangs ? 100 : 5000, ret, ret_text);
	close(fd[0]);
	pthread_join(s.thread, NULL);
	CHECK(memcmp(&s.heard, &good, sizeof good) == 0, "the request as it was");
	return r;
}

static struct span answer_of(uint32_t magic, uint32_t bytes, int32_t status, const char *text)
{
	static uint8_t whole[256];
	struct control_head head = { .magic = magic, .bytes = bytes, .status = status };
	memcpy(whole, &head, sizeof head);
	memcpy(whole + sizeof head, text, strlen(text));
	return span_of(whole, sizeof head + strlen(text));
}

static void check_answers(void)
{
	struct control_head head;
	char *text = NULL;
	struct span whole = answer_of(CONTROL_MAGIC, 9, 78, "two\nlines");
	for (size_t piece = 1; piece <= whole.len; piece += 6) {
		int r = asked(whole, piece, false, &head, &text);
		CHECK(r == 0 && head.status == 78 && strcmp(text, "two\nlines") == 0, "pieces of %zu: %d",
		      piece, r);
		free(text);
		text = NULL;
	}
	for (size_t n = 0; n < whole.len; n++)
		CHECK(asked(span_of(whole.at, n), 64, false, &head, &text) == -EPROTO, "cut to %zu", n);
	CHECK(asked(span_of(whole.at, 20), 64, true, &head, &text) == -ETIMEDOUT, "no end");
	whole = answer_of(CONTROL_MAGIC + 1, 3, 0, "abc");
	CHECK(asked(whole, 64, false, &head, &text) == -EPROTO, "other magic");
	whole = answer_of(CONTROL_MAGIC, CONTROL_BYTES_MOST + 1, 0, "abc");
	CHECK(asked(whole, 64, true, &head, &text) == -EPROTO, "more than there may be");
	whole = answer_of(CONTROL_MAGIC, 0, 0, "");
	CHECK(asked(whole, 64, false, &head, &text) == 0 && strcmp(text, "") == 0, "nothing to say");
	free(text);
}

static void check_connect(void)
{
	char long_path[200];
	memset(long_path, 'a', sizeof long_path);
	long_path[0] = '/';
	long_path[sizeof long_path - 1] = '\0';
	CHECK(control_connect(long_path) == -ENAMETOOLONG, "a path that no socket can have");
	CHECK(control_connect("/nonexistent") == -ENOENT, "no daemon");
}

int main(void)
{
	check_requests();
	check_folders();
	check_answers();
	check_connect();
	return check_done();
}
