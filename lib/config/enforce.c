/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Enforce: how long and how much may be blocked, and what never. Where a policy enforces, what it leaves out is as
 * the defaults say. */
#include "config/schema.h"

enum {
	TIMEOUT_LEAST_S = 10,
	TIMEOUT_MOST_S = 86400, /* every block ends, even if nobody is left to end it */
	BLOCKS_MOST = 1 << 20,
	WIDE_MOST = 1 << 16,
	BUDGET_MOST = 1000000,
};

struct enforce_form {
	uint32_t timeout, max_blocks, max_wide;
	bool reject;
	const struct node *protect, *budget;
};
static const struct key enforce_keys[] = {
	KEY_NUMBER(enforce_form, timeout, read_duration, TIMEOUT_LEAST_S, TIMEOUT_MOST_S),
	KEY(enforce_form, reject, read_bool, KEY_MAY),
	KEY(enforce_form, protect, read_node, KEY_MAY),
	KEY_NUMBER(enforce_form, max_blocks, read_count, 1, BLOCKS_MOST),
	KEY_NUMBER(enforce_form, max_wide, read_count, 0, WIDE_MOST),
	KEY(enforce_form, budget, read_map, KEY_MAY),
};

struct budget_form {
	uint32_t client, servers, blocks;
};
static const struct key budget_keys[] = {
	KEY_NUMBER(budget_form, client, read_rate, 1, BUDGET_MOST),
	KEY_NUMBER(budget_form, servers, read_rate, 1, BUDGET_MOST),
	KEY_NUMBER(budget_form, blocks, read_rate, 1, BUDGET_MOST),
};

static void protect_load(struct load *l, const struct node *list)
{
	struct prefix p;
	if (list == NULL ||
	    !node_is(l, list, list->kind == NODE_MAP ? NODE_LIST : list->kind, "a list of prefixes"))
		return;
	for (const struct node *i = item_first(list); i != NULL; i = item_next(list, i))
		if (take_prefix(l, i, &p))
			book_write(l->writer, BOOK_PROTECT, &p);
}

/* Before NAT is the only place where a block meets the one whom it is meant for. */
static void check_captures(struct load *l, const struct node *mode)
{
	size_t captures = book_written(l->writer, BOOK_CAPTURE);
	const char *inside = word_name(WORDS_SIDE, SIDE_INSIDE);
	for (size_t i = 0; i < captures; i++)
		if (((const struct book_capture *)book_row(l->writer, BOOK_CAPTURE, i))->side == SIDE_INSIDE)
			return;
	report_mistake(
		l->report, node_where(mode),
		"the mode is `%s`, but %s; a capture with side %s would be right, as [{interface: br-lan, "
		"side: %s}]",
		SHOW(mode->text),
		captures > 0
			? "no capture stands inside: behind NAT and at a mirror port nothing can be blocked"
			: "there is no `capture`",
		inside, inside);
}

void enforce_load(struct load *l, const struct node *enforce, const struct node *mode)
{
	struct enforce_form f = { .timeout = 600, .max_blocks = 16384, .max_wide = 256, .reject = true };
	struct budget_form b = { .client = 64, .servers = 64, .blocks = 2000 };
	if (mode != NULL)
		check_captures(l, mode);
	if (enforce == NULL && mode == NULL)
		return;
	if (enforce != NULL)
		schema_read(l, enforce, "`enforce`", KEYS(enforce_keys), &f);
	if (f.budget != NULL)
		schema_read(l, f.budget, "`budget`", KEYS(budget_keys), &b);
	protect_load(l, f.protect);
	struct book_enforce e = { .timeout_s = f.timeout,
				  .max_blocks = f.max_blocks,
				  .max_wide = f.max_wide,
				  .budget_client = b.client,
				  .budget_servers = b.servers,
				  .budget_blocks = b.blocks,
				  .reject = f.reject };
	book_write(l->writer, BOOK_ENFORCE, &e);
}
