/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A caller says anything to the control socket: it gets an answer of ours to a whole request, nothing to less, and whoever
 * asks after it is answered as ever. The rest of the input is what a supervisor says to a question that went on. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../unit/ledger_book.h"
#include "control.h"
#include "report/desk.h"
#include "report/live.h"

static struct report r;
static struct judged judged;
static uint64_t at_ms;
static char folder[] = "/tmp/keyfence-fuzz-XXXXXX";
static int supervisor;

void say(const char *format, ...)
{
	(void)format;
}

uint64_t now_ms(void)
{
	return at_ms;
}

uint64_t clock_us(void)
{
	return at_ms * 1000;
}

static void start(void)
{
	int fd[2];
	bool damaged;
	if (mkdtemp(folder) == NULL || spool_open(folder, 1 << 20, &r.spool, &damaged) < 0 ||
	    desk_open(folder, &r.desk) < 0 || message_pair(16, fd) < 0)
		abort();
	judged.book = *ledger_book();
	judged.ledger = ledger_new(&judged.book, 8);
	r.now = &judged;
	r.live = live_new();
	r.outputs = outputs_new(r.spool, accept_output, &r);
	r.supervisor = fd[0], supervisor = fd[1];
	r.inspect = r.enforce = -1;
	struct flow_fact f = a_flow(1, ZOOM, ROLE_KEY, 1000);
	violate(&f, KEYS_NEVER, located(IN_CN, 0, CERTAINTY_CONFIRMED));
	f.generation = judged.book.header->generation;
	fact_take(&r, &f);
}

static void end(void)
{
	char path[64];
	desk_close(r.desk);
	spool_close(r.spool);
	static const char *const names[] = { "spool.db", "spool.db-wal", "spool.db-shm" };
	for (unsigned i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

static void turns(void)
{
	for (unsigned i = 0; i < 3; i++) {
		struct pollfd p[32];
		if (desk_poll(r.desk, p, 32) == 0)
			abort();
		desk_turn(r.desk, &r);
	}
}

/* What came, whole: a head, clean text. Returns the bytes. */
static size_t take_answer(int fd, bool colour)
{
	static char answer[sizeof(struct control_head) + CONTROL_BYTES_MOST + 1];
	size_t n = 0;
	ssize_t got = 1;
	while (got > 0 && n < sizeof answer) {
		turns();
		got = recv(fd, answer + n, sizeof answer - n, MSG_DONTWAIT);
		n += got > 0 ? (size_t)got : 0;
	}
	struct control_head head;
	if (n == 0)
		return 0;
	if (n < sizeof head)
		abort();
	memcpy(&head, answer, sizeof head);
	if (head.magic != CONTROL_MAGIC || head.zero != 0 || head.bytes != n - sizeof head || head.status < 0)
		abort();
	for (size_t i = sizeof head; i < n; i++)
		if ((answer[i] < ' ' && answer[i] != '\n' && !(colour && answer[i] == '\033')) ||
		    answer[i] == 127)
			abort();
	return n;
}

/* The supervisor's word to the question that this caller asked, if it asked one. */
static void play_supervisor(const uint8_t *data, size_t len)
{
	static struct message m;
	struct message_say word = { .status = (int32_t)(len % 80) };
	int passed;
	if (message_receive(supervisor, PROCESS_REPORT, PROCESS_SUPERVISOR, &m, &passed) != 0)
		return;
	if (m.verb != VERB_ASK || m.body.ask.uid != geteuid() || m.body.ask.ask < ASK_RELOAD ||
	    m.body.ask.ask > ASK_UNBLOCK)
		abort();
	word.number = m.body.ask.number;
	word.bytes = (uint32_t)(len > 0 ? data[0] * 8 : 0); /* also more than there is room for */
	memcpy(word.text, data, len < sizeof word.text ? len : sizeof word.text);
	desk_said(r.desk, &r, &word);
}

static void ask(const uint8_t *data, size_t len, bool must_answer)
{
	int fd = control_connect(folder);
	if (fd < 0)
		abort();
	size_t sent = len < 4096 ? len : 4096;
	if (sent > 0 && send(fd, data, sent, MSG_NOSIGNAL) != (ssize_t)sent)
		abort();
	turns();
	play_supervisor(data + sent / 2, len - sent / 2);
	struct control_request q = { 0 };
	bool whole = len >= sizeof q;
	memcpy(&q, data, whole ? sizeof q : 0);
	size_t n = take_answer(fd, (q.flags & CONTROL_COLOUR) != 0);
	if ((n > 0 && !whole) || (n == 0 && must_answer))
		abort();
	close(fd);
	turns();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool started;
	static const struct control_request status = { .magic = CONTROL_MAGIC, .verb = CONTROL_STATUS };
	if (!started) {
		at_ms = 1000000;
		start();
		atexit(end);
	}
	started = true;
	ask(data, len, len == sizeof(struct control_request));
	at_ms += 100;
	ask((const uint8_t *)&status, sizeof status, true);
	return 0;
}
