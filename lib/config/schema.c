/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/schema.h"

#include "base/text.h"

static const char *const kind_names[] = {
	[NODE_TEXT] = "a text", [NODE_LIST] = "a list", [NODE_MAP] = "a map"
};

const char *node_name(const struct node *n, struct shown *store)
{
	if (n->key.at == NULL)
		return "this";
	return show_span(store, n->key);
}
#define NAME_OF(node) node_name(node, &(struct shown){ { 0 } })

bool node_is(struct load *l, const struct node *n, enum node_kind kind, const char *what)
{
	if (n->kind == kind && !n->bad)
		return true;
	if (!n->bad && n->kind == NODE_TEXT && n->text.len == 0 && !n->quoted)
		report_mistake(l->report, node_where(n), "`%s` is empty; %s would be right", NAME_OF(n),
			       what);
	else if (!n->bad)
		report_mistake(l->report, node_where(n), "`%s` is %s; %s would be right", NAME_OF(n),
			       kind_names[n->kind], what);
	return false;
}

static const struct key *key_find(const struct key *keys, size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal(name, span_text(keys[i].name)))
			return &keys[i];
	return NULL;
}

static void tell_unknown(struct load *l, const struct node *value, const char *what, const struct key *keys,
			 size_t count)
{
	struct nearest near = nearest_to(value->key);
	char all[512];
	struct text t = text_in(all, sizeof all);
	for (size_t i = 0; i < count; i++) {
		nearest_try(&near, span_text(keys[i].name));
		if (keys[i].need != KEY_LATER)
			text_printf(&t, "%s`%s`", t.len > 0 ? ", " : "", keys[i].name);
	}
	if (near.best.len > 0)
		report_mistake(l->report, node_where_key(value),
			       "unknown key `%s` in %s; `%s` would be right", SHOW(value->key), what,
			       SHOW(near.best));
	else
		report_mistake(l->report, node_where_key(value), "unknown key `%s` in %s; known are %s",
			       SHOW(value->key), what, all);
}

bool schema_read(struct load *l, const struct node *map, const char *what, const struct key *keys,
		 size_t count, void *into)
{
	if (!node_is(l, map, NODE_MAP, "a map of keys"))
		return false;
	for (const struct node *c = map->first; c != NULL; c = c->next) {
		const struct key *k = key_find(keys, count, c->key);
		if (c->bad)
			continue;
		if (k == NULL)
			tell_unknown(l, c, what, keys, count);
		else if (k->need == KEY_LATER)
			report_mistake(l->report, node_where_key(c),
				       "`%s` is known but not yet available in this version; leave it out",
				       k->name);
		else
			k->read(l, c, k, (uint8_t *)into + k->at);
	}
	bool whole = true;
	for (size_t i = 0; i < count; i++)
		if (keys[i].need == KEY_MUST && node_find(map, keys[i].name) == NULL) {
			report_mistake(l->report, node_where(map), "%s has no `%s`; it must be there", what,
				       keys[i].name);
			whole = false;
		}
	return whole;
}

const struct node *item_first(const struct node *n)
{
	return n->kind == NODE_TEXT ? n : n->first;
}
const struct node *item_next(const struct node *list, const struct node *item)
{
	return list->kind == NODE_TEXT ? NULL : item->next;
}

void read_node(struct load *l, const struct node *value, const struct key *key, void *into)
{
	(void)l, (void)key;
	*(const struct node **)into = value;
}

void read_map(struct load *l, const struct node *value, const struct key *key, void *into)
{
	if (node_is(l, value, NODE_MAP, "a map"))
		read_node(l, value, key, into);
}

void read_list(struct load *l, const struct node *value, const struct key *key, void *into)
{
	if (node_is(l, value, NODE_LIST, "a list"))
		read_node(l, value, key, into);
}

bool take_text(struct load *l, const struct node *n, struct span *ret)
{
	if (!node_is(l, n, NODE_TEXT, "a text"))
		return false;
	bool printable = n->text.len > 0 && n->text.len <= 1024;
	for (size_t i = 0; printable && i < n->text.len; i++)
		printable = n->text.at[i] >= 0x20 && n->text.at[i] != 0x7F;
	if (printable)
		*ret = n->text;
	else
		report_mistake(l->report, node_where(n),
			       "`%s` is \"%s\"; 1 to 1024 printable characters would be right", NAME_OF(n),
			       SHOW(n->text));
	return printable;
}

bool take_name(struct load *l, const struct node *n, struct span *ret)
{
	if (!node_is(l, n, NODE_TEXT, "a name"))
		return false;
	bool clean = n->text.len > 0 && n->text.len <= 64;
	for (size_t i = 0; clean && i < n->text.len; i++) {
		uint8_t c = n->text.at[i], letter = c | 0x20;
		clean = (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
			c == '.';
	}
	if (clean)
		*ret = n->text;
	else
		report_mistake(l->report, node_where(n),
			       "`%s` is no name; 1 to 64 letters, digits, `-`, `_` and `.` would be right",
			       SHOW(n->text));
	return clean;
}

void read_text(struct load *l, const struct node *value, const struct key *key, void *into)
{
	(void)key;
	take_text(l, value, into);
}

void read_name(struct load *l, const struct node *value, const struct key *key, void *into)
{
	(void)key;
	take_name(l, value, into);
}

static bool take_word(struct load *l, const struct node *n, enum word_set set, unsigned *ret)
{
	char all[256];
	struct text t = text_in(all, sizeof all);
	struct nearest near = nearest_to(n->text);
	unsigned value;
	const char *name;
	for (size_t i = 0; (name = word_at(set, i, &value)) != NULL; i++) {
		text_printf(&t, "%s`%s`", t.len > 0 ? ", " : "", name);
		nearest_try(&near, span_text(name));
	}
	if (!node_is(l, n, NODE_TEXT, all))
		return false;
	if (word_find(set, n->text, ret))
		return true;
	if (near.best.len > 0)
		report_mistake(l->report, node_where(n), "unknown word `%s`; `%s` would be right",
			       SHOW(n->text), SHOW(near.best));
	else
		report_mistake(l->report, node_where(n), "unknown word `%s`; one of %s would be right",
			       SHOW(n->text), all);
	return false;
}

void read_word(struct load *l, const struct node *value, const struct key *key, void *into)
{
	unsigned v;
	if (!take_word(l, value, key->set, &v))
		return;
	if ((key->later >> v & 1) != 0)
		report_mistake(l->report, node_where(value),
			       "`%s` is known but not yet available in this version; leave `%s` out",
			       word_name(key->set, v), key->name);
	else
		*(unsigned *)into = v;
}

static void read_set(struct load *l, const struct node *value, const struct key *key, unsigned *into,
		     bool shift)
{
	unsigned set = 0, v;
	if (!node_is(l, value, value->kind == NODE_MAP ? NODE_LIST : value->kind,
		     "a word or a list of words"))
		return;
	for (const struct node *i = item_first(value); i != NULL; i = item_next(value, i))
		if (take_word(l, i, key->set, &v))
			set |= shift ? 1u << v : v;
	if (value->kind == NODE_LIST && value->count == 0)
		report_mistake(l->report, node_where(value),
			       "`%s` is an empty list; leave the key out, or name a word", key->name);
	*into = set;
}

void read_words(struct load *l, const struct node *value, const struct key *key, void *into)
{
	read_set(l, value, key, into, false);
}

void read_paths(struct load *l, const struct node *value, const struct key *key, void *into)
{
	read_set(l, value, key, into, true);
}

void read_bool(struct load *l, const struct node *value, const struct key *key, void *into)
{
	(void)key;
	if (!node_is(l, value, NODE_TEXT, "true or false"))
		return;
	bool yes = span_equal(value->text, span_text("true")),
	     no = span_equal(value->text, span_text("false"));
	if (yes || no)
		*(bool *)into = yes;
	else
		report_mistake(l->report, node_where(value), "`%s` is `%s`; true or false would be right",
			       NAME_OF(value), SHOW(value->text));
}
