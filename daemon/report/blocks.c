/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What enforce tells of blocks, as events. */
#include <string.h>

#include "report/live.h"
#include "report/report.h"

static const char *const refusals[] = {
	[REFUSED_NOT] = "",
	[REFUSED_PROTECTED] = "the server is protected",
	[REFUSED_LOCAL] = "the server is one of our own addresses",
	[REFUSED_UNANSWERED] = "the far end has not answered",
	[REFUSED_FULL] = "there are as many blocks as there may be",
	[REFUSED_BUDGET_CLIENT] = "this client has spent its budget of blocks",
	[REFUSED_BUDGET] = "the budget of all blocks is spent",
	[REFUSED_MALFORMED] = "the request makes no sense",
	[REFUSED_PAUSED] = "blocking is paused",
	[REFUSED_SHARED] = "many may stand behind this client",
	[REFUSED_PARDONED] = "somebody let it go",
};

static int code_of(unsigned state)
{
	switch (state) {
	case BLOCK_APPLIED: return CODE_BLOCK_APPLIED;
	case BLOCK_FAILED: return CODE_BLOCK_FAILED;
	case BLOCK_REFUSED: return CODE_BLOCK_REFUSED;
	case BLOCK_RELEASED: return CODE_BLOCK_RELEASED;
	case BLOCK_LEAKING: return CODE_BLOCK_LEAKING;
	case BLOCK_BUDGET_SPENT: return CODE_BUDGET_SPENT;
	case BLOCK_CONFLICT: return CODE_TABLE_CONFLICT;
	default: return -1; /* renewed: nothing that anybody need read */
	}
}

static const struct book *book_of(const struct report *r, uint32_t generation)
{
	if (r->former != NULL && r->former->book.header->generation == generation)
		return &r->former->book;
	return &r->now->book;
}

static void put_flow(struct notice *n, const struct book *b, const struct message_block *m)
{
	notice_address(n, NOTICE_CLIENT, &m->client);
	notice_number(n, NOTICE_CLIENT_PORT, m->client_port);
	notice_address(n, NOTICE_SERVER, &m->server);
	notice_number(n, NOTICE_SERVER_PORT, m->server_port);
	if (m->proto == PROTO_TCP || m->proto == PROTO_UDP)
		notice_number(n, NOTICE_TRANSPORT, m->proto);
	if (m->service > SERVICE_NONE && m->service < b->count[BOOK_SERVICE])
		notice_text(n, NOTICE_SERVICE, book_span(b, book_service(b, m->service)->name));
	if (m->rule > 0 && m->rule <= b->count[BOOK_RULE])
		notice_text(n, NOTICE_RULE, book_span(b, book_rule(b, m->rule - 1u)->name));
	notice_number(n, NOTICE_PACKETS, m->packets[0] + m->packets[1]);
	notice_number(n, NOTICE_BYTES, m->bytes[0] + m->bytes[1]);
}

/* The alert of the same flow learns what came of it. */
static void tell_ledger(struct report *r, const struct message_blocked *m)
{
	const struct message_block *b = &m->block;
	struct judged *j = r->now->book.header->generation == b->generation ? r->now : r->former;
	bool cut = m->state == BLOCK_APPLIED || m->state == BLOCK_RENEWED;
	if ((!cut && m->state != BLOCK_FAILED) || j == NULL || j->book.header->generation != b->generation)
		return;
	ledger_done(j->ledger, &b->client, b->service, b->rule, cut ? DONE_BLOCKED : DONE_FAILED);
	ledger_drain(r, j);
}

void block_told(struct report *r, const struct message_blocked *m)
{
	int code = code_of(m->state);
	live_blocked(r->live, m, clock_us());
	if (m->state <= BLOCK_CONFLICT)
		r->blocks[m->state]++;
	if (r->now != NULL)
		tell_ledger(r, m);
	if (code < 0 || r->now == NULL)
		return;
	if (code == CODE_BLOCK_REFUSED && storm_folds_refusal(&r->storm, now_ms()))
		return;
	struct notice n = notice_now(r, (enum code)code);
	if (m->state != BLOCK_CONFLICT && m->state != BLOCK_BUDGET_SPENT)
		put_flow(&n, book_of(r, m->block.generation), &m->block);
	if (m->element != 0)
		notice_number(&n, NOTICE_ELEMENT, m->element);
	if (m->state == BLOCK_RELEASED && now_ms() < r->unblock_until_ms &&
	    (r->unblock_element == 0 || r->unblock_element == m->element))
		notice_number(&n, NOTICE_UID, r->unblock_uid);
	if (m->state == BLOCK_APPLIED)
		notice_number(&n, NOTICE_UNTIL, m->until_us);
	if (m->refusal > REFUSED_NOT && m->refusal < sizeof refusals / sizeof refusals[0])
		notice_text(&n, NOTICE_REFUSAL, span_text(refusals[m->refusal]));
	if (m->error < 0 && m->error > -4096)
		notice_text(&n, NOTICE_ERROR, span_text(strerror(-m->error)));
	accept_notice(r, &n);
}
