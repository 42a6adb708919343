/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Regions (sets of countries, built in and of the policy) and groups (sets of clients). */
#include "book/regions.h"

#include "config/schema.h"

enum { REGIONS_MOST = 1024, GROUPS_MOST = 1024 };

void regions_builtin(struct load *l)
{
	struct book_region r = { 0 };
	const char *name;
	for (size_t i = 0; (name = region_builtin(i, r.bits)) != NULL; i++) {
		r.name = book_write_text(l->writer, span_text(name));
		book_write(l->writer, BOOK_REGION, &r);
	}
}

/* Regions may name each other, in any order: rows are filled on demand, `open` while they are on the way. */
struct region_work {
	const struct node *node;
	size_t row;
	enum { REGION_NEW, REGION_OPEN, REGION_DONE } state;
};
struct regions_work {
	struct load *l;
	struct region_work *at;
	size_t count, builtin;
};

static void region_fill(struct regions_work *w, struct region_work *r);

static void bits_add(uint64_t bits[11], country c)
{
	unsigned bit = ((unsigned)(c >> 8) - 'A') * 26u + ((unsigned)(c & 0xFF) - 'A');
	bits[bit / 64] |= (uint64_t)1 << bit % 64;
}

static void tell_no_region(struct load *l, const struct node *item)
{
	struct span near = load_nearest(l, BOOK_REGION, item->text);
	if (near.len > 0)
		report_mistake(l->report, node_where(item),
			       "`%s` is no country and no region; the region `%s` would be right",
			       SHOW(item->text), SHOW(near));
	else
		report_mistake(l->report, node_where(item),
			       "`%s` is no country and no region; two letters of ISO 3166-1 in upper case or "
			       "a region's name "
			       "would be right",
			       SHOW(item->text));
}

static void region_item(struct regions_work *w, struct region_work *r, const struct node *item)
{
	struct load *l = w->l;
	struct book_region *mine = book_row(l->writer, BOOK_REGION, r->row);
	size_t other;
	if (!node_is(l, item, NODE_TEXT, "a country or a region"))
		return;
	country c = country_from(item->text);
	char upper[3];
	if (c != COUNTRY_NONE && country_known(c) &&
	    span_equal(item->text, span_text(country_text(c, upper)))) {
		bits_add(mine->bits, c);
		return;
	}
	if (!load_find(l, BOOK_REGION, item->text, &other)) {
		if (c != COUNTRY_NONE && country_known(c))
			take_country(l, item, &c); /* says that it is not in upper case */
		else
			tell_no_region(l, item);
		return;
	}
	if (other >= w->builtin)
		region_fill(w, &w->at[other - w->builtin]);
	if (other >= w->builtin && w->at[other - w->builtin].state == REGION_OPEN) {
		report_mistake(l->report, node_where(item),
			       "the region `%s` holds itself in a circle; countries would be right",
			       SHOW(item->text));
		return;
	}
	const struct book_region *theirs = book_row(l->writer, BOOK_REGION, other);
	for (size_t i = 0; i < sizeof mine->bits / sizeof *mine->bits; i++)
		mine->bits[i] |= theirs->bits[i];
}

static void region_fill(struct regions_work *w, struct region_work *r)
{
	struct load *l = w->l;
	if (r->state != REGION_NEW)
		return;
	r->state = REGION_OPEN;
	const struct node *n = r->node;
	if (node_is(l, n, n->kind == NODE_MAP ? NODE_LIST : n->kind, "a list of countries and regions")) {
		if (n->kind == NODE_LIST && n->count == 0)
			report_mistake(l->report, node_where(n),
				       "the region `%s` is empty; countries or regions would be right",
				       SHOW(n->key));
		for (const struct node *i = item_first(n); i != NULL; i = item_next(n, i))
			region_item(w, r, i);
	}
	r->state = REGION_DONE;
}

/* A key that names something: checked as a name is. */
static bool key_is_name(struct load *l, const struct node *n)
{
	struct node as_text = *n;
	struct span name;
	as_text.kind = NODE_TEXT, as_text.text = n->key, as_text.line = n->key_line,
	as_text.column = n->key_column;
	return take_name(l, &as_text, &name);
}

void regions_load(struct load *l, const struct node *regions)
{
	struct regions_work w = { .l = l, .builtin = book_written(l->writer, BOOK_REGION) };
	if (regions == NULL)
		return;
	size_t room = regions->count < REGIONS_MOST ? regions->count : REGIONS_MOST, other;
	w.at = arena_take(&l->arena, (room + 1) * sizeof *w.at);
	for (const struct node *i = regions->first; w.at != NULL && i != NULL; i = i->next) {
		country c = country_from(i->key);
		if (!key_is_name(l, i))
			continue;
		if (w.count == room || load_find(l, BOOK_REGION, i->key, &other) ||
		    (c != COUNTRY_NONE && country_known(c))) {
			report_mistake(l->report, node_where_key(i), "%s; %s",
				       w.count == room
					       ? "too many regions"
					       : "this is a country, or a region that is there already",
				       w.count == room ? "at most 1024 would be right"
						       : "a name of its own would be right");
			continue;
		}
		struct book_region row = { .name = book_write_text(l->writer, i->key) };
		w.at[w.count++] =
			(struct region_work){ i, book_write(l->writer, BOOK_REGION, &row), REGION_NEW };
	}
	for (size_t i = 0; i < w.count; i++)
		region_fill(&w, &w.at[i]);
}

struct group_form {
	const struct node *prefixes, *shared;
};
static const struct key group_keys[] = {
	KEY(group_form, prefixes, read_node, KEY_MAY),
	KEY(group_form, shared, read_node, KEY_MAY),
};

static void members_load(struct load *l, const struct node *list, struct book_group *g)
{
	if (!node_is(l, list, list->kind == NODE_MAP ? NODE_LIST : list->kind, "a list of prefixes"))
		return;
	for (const struct node *i = item_first(list); i != NULL; i = item_next(list, i)) {
		struct book_member m = { 0 };
		if (!take_prefix(l, i, &m.prefix))
			continue;
		book_write(l->writer, BOOK_MEMBER, &m);
		g->member_count++;
	}
	if (list->kind == NODE_LIST && list->count == 0)
		report_mistake(l->report, node_where(list), "`%s` is an empty list; prefixes would be right",
			       SHOW(list->key));
}

/* `shared: true` beside prefixes, or `shared: [prefixes]` alone: behind each address may be many people. */
static void group_load(struct load *l, const struct node *n)
{
	struct group_form f = { 0 };
	struct book_group g = { .name = book_write_text(l->writer, n->key),
				.first_member = (uint32_t)book_written(l->writer, BOOK_MEMBER) };
	bool whole = schema_read(l, n, "the group", KEYS(group_keys), &f);
	bool by_list = f.shared != NULL && (f.shared->kind == NODE_LIST || f.prefixes == NULL),
	     shared = by_list;
	if (whole && ((f.prefixes == NULL && f.shared == NULL) || (by_list && f.prefixes != NULL))) {
		report_mistake(l->report, node_where(n),
			       "a group needs its clients once; `prefixes` (and `%s: true`, where many share "
			       "an address) or "
			       "`%s` with prefixes would be right",
			       group_keys[1].name, group_keys[1].name);
		whole = false;
	}
	if (whole && f.shared != NULL && !by_list)
		read_bool(l, f.shared, &group_keys[1], &shared);
	if (whole)
		members_load(l, by_list ? f.shared : f.prefixes, &g);
	g.shared = shared;
	book_write(l->writer, BOOK_GROUP, &g); /* a broken one, too: rules that name it are not wrong */
}

void groups_load(struct load *l, const struct node *groups)
{
	for (const struct node *i = groups != NULL ? groups->first : NULL; i != NULL; i = i->next) {
		if (!key_is_name(l, i))
			continue;
		if (book_written(l->writer, BOOK_GROUP) >= GROUPS_MOST) {
			report_mistake(l->report, node_where_key(i),
				       "too many groups; at most %d would be right", GROUPS_MOST);
			return;
		}
		group_load(l, i);
	}
}
