/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "fences.h"
#include "inspect/inspect.h"

enum { FACTS_WAITING = 4096, BLOCKS_WAITING = 512 };

/* ---- the first book: all that this process will ever have ---- */

static int prepare_memory(struct inspect *i)
{
	struct engine_options o = { 0 };
	const struct book *b = &i->book;
	if (getrandom(o.hash_key, sizeof o.hash_key, 0) != (ssize_t)sizeof o.hash_key)
		return -EIO;
	for (size_t n = 0; n < b->count[BOOK_CAPTURE] && n < CAPTURES_MOST; n++)
		o.sides[o.captures++] = book_capture(b, n)->side;
	i->engine = engine_new(b, &o);
	int r = i->engine != NULL ? 0 : -ENOMEM;
	if (r == 0)
		r = outbox_init(&i->facts, VERB_FACT, FACTS_WAITING);
	if (r == 0)
		r = outbox_init(&i->blocks, VERB_BLOCK, BLOCKS_WAITING);
	if (r == 0)
		r = watch_init(&i->watch);
	return r;
}

/* Without landlock a process that holds nothing and may open nothing (seccomp) is still well fenced; without the others it is
 * not, whatever the policy says. */
static int raise_fences(const struct book *b)
{
	unsigned missing = 0;
	bool strict = book_settings(b)->fences == FENCING_STRICT;
	int r = fences_raise(PROCESS_INSPECT, NULL, 0, &missing);
	for (unsigned f = 1; f <= FENCE_SYSCALLS; f <<= 1)
		if (missing & f)
			say("fence %s cannot be raised: %s%s", fence_name((enum fence)f), strerror(-r),
			    !strict && f == FENCE_FILES ? ": goes on without it" : "");
	return missing == 0 || (!strict && missing == FENCE_FILES) ? 0 : r;
}

static void first_book(struct inspect *i)
{
	int r = prepare_memory(i);
	if (r < 0) {
		say("cannot start: %s", strerror(-r));
		stop(i, STATUS_OURS);
		return;
	}
	r = sources_open(&i->sources, &i->book);
	if (r < 0) {
		stop(i, r == -EPERM ? STATUS_PRIVILEGE : STATUS_OURS);
		return;
	}
	if (raise_fences(&i->book) < 0) {
		stop(i, STATUS_OURS);
		return;
	}
	i->started = true;
}

/* ---- a later one ---- */

static bool is_same_capture(const struct book *a, const struct book *b, size_t row)
{
	const struct book_capture *x = book_capture(a, row), *y = book_capture(b, row);
	return x->side == y->side && span_equal(book_span(a, x->interface), book_span(b, y->interface));
}

/* What was opened or sized at the start stays as it is as long as this process lives. */
static bool is_same_start(const struct book *a, const struct book *b)
{
	bool same = a->count[BOOK_CAPTURE] == b->count[BOOK_CAPTURE] &&
		    book_settings(a)->size == book_settings(b)->size &&
		    book_settings(a)->by_vlan == book_settings(b)->by_vlan;
	for (size_t row = 0; same && row < a->count[BOOK_CAPTURE]; row++)
		same = is_same_capture(a, b, row);
	return same;
}

/* Flows are judged again, and asked for again where they must be. */
static void use_book(struct inspect *i, const struct book *b)
{
	judge_drain(i);
	struct book former = i->book;
	i->book = *b;
	engine_book(i->engine, &i->book);
	message_unmap_book(&former);
	if (i->blocks.count == 0)
		return;
	outbox_clear(&i->blocks); /* of a generation that nobody takes any more */
	watch_clear(&i->watch);
}

static void take_book(struct inspect *i, const struct message_book *m, int memfd)
{
	struct book book;
	struct message_ready ready = { m->generation };
	int r = message_map_book(m, memfd, &book);
	if (r < 0) {
		say("a book that cannot be opened: %s", strerror(-r));
		stop(i, STATUS_OURS);
		return;
	}
	if (!i->started) {
		i->book = book;
		first_book(i);
	} else if (is_same_start(&i->book, &book))
		use_book(i, &book);
	else {
		message_unmap_book(&book);
		stop(i, STATUS_AGAIN);
	}
	if (!i->stopping)
		message_send(i->supervisor, VERB_READY, &ready, -1);
}

/* ---- links ---- */

static void replace_link(int *link, int fd)
{
	if (*link >= 0)
		close(*link);
	*link = fd;
}

static void take_link(struct inspect *i, const struct message_link *m, int fd)
{
	if (m->to == PROCESS_ENFORCE)
		replace_link(&i->enforce, fd);
	else if (m->to == PROCESS_REPORT) {
		bool again = i->started;
		replace_link(&i->report, fd);
		if (again) { /* a ledger that knows nothing: live flows are told again */
			judge_drain(i);
			engine_book(i->engine, &i->book);
		}
	} else
		close(fd);
}

static void take(struct inspect *i, const struct message *m, int fd)
{
	switch (m->verb) {
	case VERB_BOOK: take_book(i, &m->body.book, fd); break;
	case VERB_LINK: take_link(i, &m->body.link, fd); break;
	case VERB_STOP: stop(i, sources_gone(&i->sources) ? STATUS_AGAIN : STATUS_DONE); break;
	default: break; /* paused is only who blocks */
	}
}

void hear_supervisor(struct inspect *i)
{
	static struct message m;
	int fd, r;
	while (!i->stopping && (r = message_receive(i->supervisor, PROCESS_SUPERVISOR, PROCESS_INSPECT, &m,
						    &fd)) != -EAGAIN) {
		if (r < 0)
			stop(i, r == -EPIPE ? STATUS_UNAVAILABLE : STATUS_OURS);
		else
			take(i, &m, fd);
	}
}
