/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel says of this gateway, added to what the policy says: where the policy leaves it to us (auto), the gateway's
 * own addresses and the networks on its inside interfaces are local, and its resolvers are believed. What keeps the gateway
 * itself alive is protected in any case. */
#include "config/load.h"

static bool is_inside(struct load *l, const char *interface)
{
	for (size_t i = 0; i < book_written(l->writer, BOOK_CAPTURE); i++) {
		const struct book_capture *c = book_row(l->writer, BOOK_CAPTURE, i);
		if (c->side == SIDE_INSIDE &&
		    span_equal(book_written_text(l->writer, c->interface), span_text(interface)))
			return true;
	}
	return false;
}

static bool holds(struct load *l, enum book_section_id id, const struct prefix *p)
{
	for (size_t i = 0; i < book_written(l->writer, id); i++) {
		struct prefix other;
		memcpy(&other, book_row(l->writer, id, i), sizeof other);
		if (other.bits <= p->bits && prefix_holds(&other, &p->at))
			return true;
	}
	return false;
}

static void add(struct load *l, enum book_section_id id, const struct prefix *p)
{
	if (!holds(l, id, p))
		book_write(l->writer, id, p);
}

/* Clients there would be taken for strangers. A private network may have been left out on purpose: a list without auto is
 * all that is local. */
static void check_inside(struct load *l, const struct gateway_prefix *g, const struct node *local)
{
	static const char lacks[] =
		"`local` lacks %s, which is on the inside interface %s; auto or that prefix would be right";
	char text[PREFIX_TEXT_BYTES];
	struct where at = local != NULL ? node_where(local) : (struct where){ l->q->policy, 0, 0 };
	if (holds(l, BOOK_LOCAL, &g->prefix))
		return;
	if (address_is_local_space(&g->prefix.at))
		report_warning(l->report, at, lacks, prefix_text(&g->prefix, text), g->interface);
	else
		report_mistake(l->report, at, lacks, prefix_text(&g->prefix, text), g->interface);
}

void gateway_load(struct load *l, const struct node *local, const struct book_settings *s)
{
	const struct config_gateway *g = &l->q->gateway;
	for (size_t i = 0; s->local_auto && i < g->local_count; i++)
		add(l, BOOK_LOCAL, &g->local[i]);
	for (size_t i = 0; i < g->prefix_count; i++) {
		if (!is_inside(l, g->prefix[i].interface))
			continue;
		if (s->local_auto)
			add(l, BOOK_LOCAL, &g->prefix[i].prefix);
		else
			check_inside(l, &g->prefix[i], local);
	}
	for (size_t i = 0; s->resolvers_auto && i < g->resolver_count; i++)
		add(l, BOOK_RESOLVER, &g->resolver[i]);
	for (size_t i = 0; i < g->protect_count; i++)
		add(l, BOOK_PROTECT, &g->protect[i]);
}
