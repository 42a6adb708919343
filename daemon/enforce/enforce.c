/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "enforce/enforce.h"

#include <errno.h>
#include <time.h>

/* Packets that were on their way when the element came are through by then: what still passes, passes it. */
static const uint64_t LEAK_AFTER_US = 2000000, TOLD_AGAIN_US = 60000000;
static const uint64_t SECOND_US = 1000000;

static uint64_t clock_us(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t enforce_now(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* ---- telling ---- */

static struct message_blocked blocked(enum block_state state, const struct message_block *b,
				      const struct element *of)
{
	struct message_blocked m;
	memset(&m, 0, sizeof m);
	m.block = *b;
	m.state = (uint8_t)state;
	if (of != NULL) {
		uint64_t now = enforce_now();
		m.element = of->number;
		m.until_us = of->until_us > now ? clock_us(CLOCK_REALTIME) + (of->until_us - now) : 0;
	}
	return m;
}

static void tell_block(struct enforce *e, enum block_state state, const struct message_block *b,
		       const struct element *of)
{
	struct message_blocked m = blocked(state, b, of);
	tell_add(&e->tell, &m);
}

static void tell_refused(struct enforce *e, const struct message_block *b, enum block_refusal why)
{
	struct message_blocked m = blocked(BLOCK_REFUSED, b, NULL);
	m.refusal = (uint8_t)why;
	tell_seldom(&e->tell, &m, enforce_now());
}

static void tell_failed(struct enforce *e, const struct message_block *b, int error)
{
	struct message_blocked m = blocked(BLOCK_FAILED, b, NULL);
	m.error = error;
	tell_seldom(&e->tell, &m, enforce_now());
}

void enforce_tell_standing(struct enforce *e)
{
	for (; e->untold < e->elements.capacity && e->tell.count < TELL_QUEUE / 2; e->untold++) {
		const struct element *of = &e->elements.at[e->untold];
		if (element_stands(of))
			tell_block(e, BLOCK_RENEWED, &of->first, of);
	}
}

/* ---- the table ---- */

static struct table_form wished_form(const struct book_enforce *limits)
{
	return (struct table_form){ limits->max_blocks + TABLE_MARGIN, true, limits->reject != 0 };
}

static int raise_table(struct enforce *e)
{
	struct table_form form = wished_form(check_limits(&e->guard.book));
	int r = table_raise(&e->table, form, &e->elements, enforce_now());
	if (r == -EBUSY) {
		struct message_block none = { .generation = e->guard.book.header->generation };
		tell_block(e, BLOCK_CONFLICT, &none, NULL);
	}
	return r;
}

void enforce_restore(struct enforce *e)
{
	struct message_block none = { .generation = e->guard.book.header->generation };
	uint64_t now = enforce_now();
	int r = raise_table(e);
	if (r < 0)
		say("the table is gone and could not be put back: error %d", -r);
	if (r == -EBUSY || (e->conflict_us != 0 && now - e->conflict_us < TOLD_AGAIN_US))
		return;
	e->conflict_us = now;
	struct message_blocked m = blocked(BLOCK_CONFLICT, &none, NULL);
	m.error = r;
	tell_add(&e->tell, &m);
}

/* ---- requests ---- */

static void forget_flow(struct enforce *e, const struct message_block *b)
{
	struct element_key key = element_key_of(b);
	int r = table_forget_flow(&e->table, &key, b->client_port);
	if (r < 0 && !e->conntrack_failed) {
		e->conntrack_failed = true; /* our own chain drops all the same: a line, no alarm */
		say("conntrack entries cannot be ended: error %d", -r);
	}
}

static void apply(struct enforce *e, const struct message_block *b)
{
	struct element_key key = element_key_of(b);
	uint64_t timeout_us = check_limits(&e->guard.book)->timeout_s * SECOND_US, now = enforce_now();
	int r = table_put(&e->table, &key, timeout_us);
	if (r == -ENOENT) { /* no table: nobody told us */
		enforce_restore(e);
		r = table_put(&e->table, &key, timeout_us);
	}
	if (r < 0) {
		tell_failed(e, b, r);
		return;
	}
	forget_flow(e, b);
	tell_block(e, BLOCK_APPLIED, b, elements_add(&e->elements, b, now, now + timeout_us));
}

/* Asked for again: another flow of the same client to the same server; or packets that still pass. */
static void apply_again(struct enforce *e, const struct message_block *b, struct element *of)
{
	uint64_t timeout_us = check_limits(&e->guard.book)->timeout_s * SECOND_US, now = enforce_now();
	bool leaking = now - of->applied_us > LEAK_AFTER_US;
	int r = leaking ? table_renew(&e->table, &of->key, timeout_us) : 0;
	if (r == -ENOENT)
		enforce_restore(e);
	else if (r < 0)
		tell_failed(e, b, r);
	if (leaking && r == 0)
		elements_extend(&e->elements, of, now + timeout_us);
	forget_flow(e, b);
	uint64_t *told_us = leaking ? &of->leaked_us : &of->renewed_us;
	if (*told_us != 0 && now - *told_us < (leaking ? TOLD_AGAIN_US : SECOND_US))
		return;
	*told_us = now;
	tell_block(e, leaking ? BLOCK_LEAKING : BLOCK_RENEWED, b, of);
}

void enforce_block(struct enforce *e, const struct message_block *b)
{
	struct element_key key = element_key_of(b);
	struct element *standing = elements_find(&e->elements, &key);
	size_t count = e->elements.count < e->elements.capacity ? e->elements.count : SIZE_MAX;
	uint64_t spent_us = e->guard.budget.spent_until_us;
	enum block_refusal why = check_request(&e->guard, b, standing != NULL, count, enforce_now());
	if (e->guard.budget.spent_until_us != spent_us)
		tell_block(e, BLOCK_BUDGET_SPENT, b, NULL);
	if (why == REFUSED_NOT && standing == NULL && pardons_hold(&e->pardons, &key, enforce_now()))
		why = REFUSED_PARDONED;
	if (why != REFUSED_NOT)
		tell_refused(e, b, why);
	else if (standing == NULL)
		apply(e, b);
	else
		apply_again(e, b, standing);
}

/* ---- letting go ---- */

static void release(struct enforce *e, struct element *of)
{
	tell_block(e, BLOCK_RELEASED, &of->first, of);
	elements_remove(&e->elements, of);
}

static void unblock_one(struct enforce *e, struct element *of)
{
	int r = e->table.standing ? table_take(&e->table, &of->key) : 0;
	if (r < 0)
		tell_failed(e, &of->first, r);
	else
		release(e, of);
}

void enforce_pause(struct enforce *e)
{
	for (size_t i = 0; i < e->elements.capacity; i++)
		if (element_stands(&e->elements.at[i]))
			unblock_one(e, &e->elements.at[i]);
}

static void pardon(struct enforce *e, struct element *of)
{
	const struct book_enforce *limits = check_limits(&e->guard.book);
	pardons_add(&e->pardons, &of->key, enforce_now() + (limits != NULL ? limits->timeout_s * SECOND_US : 0));
	unblock_one(e, of);
}

void enforce_unblock(struct enforce *e, uint64_t number)
{
	struct element *one = number != 0 ? elements_by_number(&e->elements, number) : NULL;
	if (one != NULL)
		pardon(e, one);
	for (size_t i = 0; number == 0 && i < e->elements.capacity; i++)
		if (element_stands(&e->elements.at[i]))
			pardon(e, &e->elements.at[i]);
}

/* The kernel has let it go by its own clock. */
void enforce_expire(struct enforce *e)
{
	uint64_t now = enforce_now();
	for (size_t i = 0; e->elements.count > 0 && i < e->elements.capacity; i++)
		if (element_stands(&e->elements.at[i]) && e->elements.at[i].until_us <= now)
			release(e, &e->elements.at[i]);
}

static void release_all(struct enforce *e)
{
	for (size_t i = 0; i < e->elements.capacity; i++)
		if (element_stands(&e->elements.at[i]))
			release(e, &e->elements.at[i]);
}

void enforce_end(struct enforce *e)
{
	int r = table_lower(&e->table);
	if (r < 0)
		say("the table could not be taken down: error %d", -r);
	else
		release_all(e);
}

/* ---- the book ---- */

static bool is_as_wished(const struct table *t, struct table_form form)
{
	return t->standing && t->wish.set_size == form.set_size && t->wish.reject == form.reject;
}

int enforce_follow_book(struct enforce *e)
{
	const struct book_enforce *limits = check_limits(&e->guard.book);
	if (limits == NULL) {
		if (e->table.standing || e->elements.count > 0)
			enforce_end(e);
		return 0;
	}
	enforce_expire(e);
	for (size_t i = 0; i < e->elements.capacity; i++) {
		struct element *x = &e->elements.at[i];
		if (element_stands(x) &&
		    check_places(&e->guard.book, &x->key.client, &x->key.server) != REFUSED_NOT)
			unblock_one(e, x);
	}
	return is_as_wished(&e->table, wished_form(limits)) ? 0 : raise_table(e);
}
