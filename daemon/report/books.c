/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/report.h"

enum { FORMER_MS = 5000 }; /* facts of the former book that are still on their way */

static const struct {
	size_t meetings;
	uint64_t spool_bytes;
} sizes[] = {
	[SIZE_SMALL] = { 256, 16 << 20 },
	[SIZE_MEDIUM] = { 2048, 64 << 20 },
	[SIZE_LARGE] = { 8192, 256 << 20 },
};

static unsigned size_of(const struct book *b)
{
	unsigned size = book_settings(b)->size;
	return size <= SIZE_LARGE ? size : SIZE_MEDIUM;
}

static void leave(struct report *r, struct judged **which)
{
	struct judged *j = *which;
	if (j == NULL)
		return;
	if (j->ledger != NULL) {
		ledger_end(j->ledger);
		ledger_drain(r, j);
		ledger_free(j->ledger);
	}
	message_unmap_book(&j->book);
	free(j);
	*which = NULL;
}

static int open_judged(const struct message_book *m, int memfd, struct judged **ret)
{
	struct judged *j = calloc(1, sizeof *j);
	if (j == NULL) {
		close(memfd);
		return -ENOMEM;
	}
	int error = message_map_book(m, memfd, &j->book);
	if (error == 0 && (j->ledger = ledger_new(&j->book, sizes[size_of(&j->book)].meetings)) == NULL) {
		message_unmap_book(&j->book);
		error = -ENOMEM;
	}
	if (error < 0) {
		free(j);
		return error;
	}
	ledger_acted(j->ledger, book_settings(&j->book)->mode == MODE_ENFORCE);
	*ret = j;
	return error;
}

static void tell_loaded(struct report *r)
{
	const struct book *b = &r->now->book;
	struct notice n = notice_now(r, CODE_POLICY_LOADED);
	put_uid(r, &n);
	notice_number(&n, NOTICE_BOOK, b->header->hash);
	notice_number(&n, NOTICE_GENERATION, b->header->generation);
	notice_text(&n, NOTICE_FILE, book_span(b, book_settings(b)->policy_file));
	notice_number(&n, NOTICE_RULES, b->count[BOOK_RULE]);
	notice_number(&n, NOTICE_MODE, book_settings(b)->mode);
	accept_notice(r, &n);
}

static void tell_damage(struct report *r)
{
	struct notice n = notice_now(r, CODE_SPOOL_LOST);
	notice_text(&n, NOTICE_ERROR,
		    span_text("the spool was damaged and put aside; how many is not known"));
	accept_notice(r, &n);
	r->damaged = false;
}

/* Facts of the book that goes may still come: its ledger stays a while. One that is there already ends now. */
void book_take(struct report *r, const struct message_book *m, int memfd)
{
	struct judged *next;
	int error = open_judged(m, memfd, &next);
	if (error < 0) {
		say("a book that cannot be taken: %s", strerror(-error));
		return;
	}
	leave(r, &r->former);
	r->former = r->now;
	if (r->former != NULL)
		r->former->leaves_ms = now_ms() + FORMER_MS;
	r->now = next;
	spool_limit(r->spool, sizes[size_of(&next->book)].spool_bytes);
	error = outputs_take(r->outputs, &next->book);
	if (error < 0) {
		say("the outputs: %s", strerror(-error));
		r->status = error == -ENOMEM ? REPORT_OURS : REPORT_IO;
		r->stopping = true;
		return;
	}
	r->status = fence_for_book(r);
	if (r->status != REPORT_DONE) {
		r->stopping = true;
		return;
	}
	r->stale_ms = 0;
	if (r->damaged)
		tell_damage(r);
	tell_loaded(r);
	struct message_ready ready = { next->book.header->generation };
	message_send(r->supervisor, VERB_READY, &ready, -1);
}

void books_tick(struct report *r)
{
	if (r->former != NULL && now_ms() >= r->former->leaves_ms)
		leave(r, &r->former);
	if (r->now != NULL) {
		ledger_tick(r->now->ledger, clock_us());
		ledger_drain(r, r->now);
	}
}

void books_end(struct report *r)
{
	leave(r, &r->former);
	if (r->now == NULL)
		return;
	ledger_end(r->now->ledger);
	ledger_drain(r, r->now);
}

void books_free(struct report *r)
{
	leave(r, &r->former);
	leave(r, &r->now);
}
