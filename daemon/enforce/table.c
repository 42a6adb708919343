/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "enforce/table.h"

#include <errno.h>

#include "enforce/kernel.h"

enum { TRIES_MOST = 6, CONNTRACK_BYTES = 256 };

static struct batch begin(struct table *t)
{
	struct batch b = { .bytes = t->bytes };
	batch_begin(&b, t->sequence);
	return b;
}

static int finish(struct table *t, struct batch *b, uint32_t *ret_place)
{
	batch_end(b);
	t->sequence = b->last + 1; /* the end of the batch has a number, too */
	return kernel_ask(t->requests, b->bytes, b->len, b->first, b->last, ret_place);
}

/* What lasts less than a millisecond is not worth a round. */
static uint64_t timeout_ms(uint64_t us)
{
	return us / 1000 > 0 ? us / 1000 : 1;
}

/* ---- the whole table ---- */

/* Puts elements from *slot on until the batch is full, and moves *slot on. */
static void put_some(struct batch *b, const struct elements *e, uint64_t now_us, size_t *slot)
{
	for (size_t n = 0; *slot < e->capacity && n < BATCH_ELEMENTS_MOST; ++*slot) {
		const struct element *x = &e->at[*slot];
		if (!element_stands(x) || x->until_us <= now_us)
			continue;
		batch_put(b, &x->key, timeout_ms(x->until_us - now_us));
		n++;
	}
}

static int raise_once(struct table *t, const struct table_form *form, bool replace, const struct elements *e,
		      uint64_t now_us, uint32_t *ret_place)
{
	size_t slot = 0;
	struct batch b = begin(t);
	if (replace)
		batch_drop_table(&b);
	batch_table(&b, form);
	put_some(&b, e, now_us, &slot);
	int r = finish(t, &b, ret_place);
	while (r == 0 && slot < e->capacity) {
		b = begin(t);
		uint32_t before = b.last, unused;
		put_some(&b, e, now_us, &slot);
		if (b.last > before)
			r = finish(t, &b, &unused);
	}
	return r;
}

static bool is_unknown(int error)
{
	return error == -EOPNOTSUPP || error == -EINVAL || error == -ENOENT;
}

/* Makes less of the wish, by the message that failed. False: it is not for want of anything. */
static bool wish_less(struct table_form *form, bool *replace, int error, uint32_t place)
{
	if (*replace && place == 0 && error == -ENOENT)
		return *replace = false, true; /* there was none */
	if (place == UINT32_MAX || !is_unknown(error))
		return false;
	if (place == *replace && form->owner) /* Linux before 5.12 */
		return form->owner = false, true;
	if (place > *replace && form->reject)
		return form->reject = false, true;
	return false;
}

int table_raise(struct table *t, struct table_form form, const struct elements *e, uint64_t now_us)
{
	bool replace = true, again = true;
	t->wish = form;
	int r = -EIO;
	for (int i = 0; again && i < TRIES_MOST; i++) {
		uint32_t place = UINT32_MAX;
		r = raise_once(t, &form, replace, e, now_us, &place);
		again = r < 0 && wish_less(&form, &replace, r, place);
		if (r == -EPERM && place != UINT32_MAX)
			r = -EBUSY; /* we may send, but not on this table */
	}
	if (r == 0) {
		t->form = form;
		t->standing = true;
	}
	return r;
}

int table_lower(struct table *t)
{
	uint32_t place;
	struct batch b = begin(t);
	batch_drop_table(&b);
	int r = finish(t, &b, &place);
	if (r == 0 || r == -ENOENT)
		t->standing = false;
	return r == -ENOENT ? 0 : r;
}

/* ---- elements ---- */

static int put(struct table *t, const struct element_key *key, uint64_t timeout_us, bool take_first)
{
	uint32_t place;
	struct batch b = begin(t);
	if (take_first)
		batch_take(&b, key);
	batch_put(&b, key, timeout_ms(timeout_us));
	return finish(t, &b, &place);
}

int table_put(struct table *t, const struct element_key *key, uint64_t timeout_us)
{
	int r = put(t, key, timeout_us, false);
	return r == -EEXIST ? put(t, key, timeout_us, true) : r;
}

/* Before Linux 6.12 adding it again changes nothing, and says so to nobody; so it goes and comes, in one batch. */
int table_renew(struct table *t, const struct element_key *key, uint64_t timeout_us)
{
	int r = put(t, key, timeout_us, true);
	return r == -ENOENT ? put(t, key, timeout_us, false) : r;
}

int table_take(struct table *t, const struct element_key *key)
{
	uint32_t place;
	struct batch b = begin(t);
	batch_take(&b, key);
	int r = finish(t, &b, &place);
	return r == -ENOENT ? 0 : r;
}

int table_forget_flow(struct table *t, const struct element_key *key, uint16_t client_port)
{
	uint64_t bytes[CONNTRACK_BYTES / sizeof(uint64_t)];
	uint32_t place, sequence = ++t->sequence;
	size_t len = conntrack_delete(bytes, sequence, key, client_port);
	int r = kernel_ask(t->conntrack, bytes, len, sequence, sequence, &place);
	return r == -ENOENT ? 0 : r;
}
