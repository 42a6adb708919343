/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/node.h"

#include <stdlib.h>
#include <yaml.h>

struct parse {
	yaml_parser_t yaml;
	struct arena *arena;
	struct config_report *report;
	const char *file;
	struct span bytes;
	size_t nodes;
	bool stop; /* no further event makes sense; a mistake was told, or memory ended */
};

static struct where mark_where(const struct parse *p, yaml_mark_t m)
{
	return (struct where){ p->file, (uint32_t)m.line + 1, (uint32_t)m.column + 1 };
}

/* The reader's errors come with an offset in bytes only. */
static struct where offset_where(const struct parse *p, size_t offset)
{
	struct where at = { p->file, 1, 1 };
	for (size_t i = 0; i < offset && i < p->bytes.len; i++) {
		at.column++;
		if (p->bytes.at[i] == '\n')
			at.line++, at.column = 1;
	}
	return at;
}

static void tell_broken(struct parse *p)
{
	const yaml_parser_t *y = &p->yaml;
	p->stop = true;
	const char *problem = y->problem != NULL ? y->problem : "it cannot be read";
	if (y->error == YAML_MEMORY_ERROR)
		p->arena->failed = true;
	else if (y->error == YAML_READER_ERROR)
		report_mistake(p->report, offset_where(p, y->problem_offset),
			       "no YAML: %s; plain UTF-8 text would be right", problem);
	else if (y->context != NULL)
		report_mistake(p->report, mark_where(p, y->problem_mark),
			       "no YAML: %s, %s (begun in line %zu)", y->context, problem,
			       y->context_mark.line + 1);
	else
		report_mistake(p->report, mark_where(p, y->problem_mark), "no YAML: %s", problem);
}

static bool take_event(struct parse *p, yaml_event_t *ret)
{
	if (p->stop)
		return false;
	if (yaml_parser_parse(&p->yaml, ret) != 0)
		return true;
	tell_broken(p);
	return false;
}

static struct node *new_node(struct parse *p, const yaml_event_t *e, enum node_kind kind)
{
	struct where at = mark_where(p, e->start_mark);
	if (++p->nodes > NODES_MOST) {
		report_mistake(p->report, at, "more than %d values in one file; smaller files would be right",
			       NODES_MOST);
		p->stop = true;
		return NULL;
	}
	struct node *n = arena_take(p->arena, sizeof *n);
	if (n == NULL) {
		p->stop = true;
		return NULL;
	}
	n->file = p->file, n->line = at.line, n->column = at.column, n->kind = (uint8_t)kind;
	return n;
}

static void refuse_decoration(struct parse *p, struct node *n, const yaml_char_t *anchor,
			      const yaml_char_t *tag)
{
	if (anchor != NULL)
		report_mistake(p->report, node_where(n),
			       "the anchor `&%s` is not allowed; write the value where it is used",
			       SHOW(span_text((const char *)anchor)));
	if (tag != NULL)
		report_mistake(p->report, node_where(n), "the tag `%s` is not allowed; write the bare value",
			       SHOW(span_text((const char *)tag)));
	n->bad = n->bad || anchor != NULL || tag != NULL;
}

static struct node *parse_value(struct parse *p, yaml_event_t *e, unsigned depth);

static void append(struct node *parent, struct node **last, struct node *child)
{
	if (*last == NULL)
		parent->first = child;
	else
		(*last)->next = child;
	*last = child;
	parent->count++;
}

static void parse_list(struct parse *p, struct node *list, unsigned depth)
{
	struct node *last = NULL;
	yaml_event_t e;
	while (take_event(p, &e)) {
		bool end = e.type == YAML_SEQUENCE_END_EVENT;
		struct node *child = end ? NULL : parse_value(p, &e, depth);
		yaml_event_delete(&e);
		if (end)
			return;
		if (child != NULL)
			append(list, &last, child);
	}
}

static int key_order(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;
	size_t n = x->key.len < y->key.len ? x->key.len : y->key.len;
	int c = memcmp(x->key.at, y->key.at, n);
	if (c == 0)
		c = (x->key.len > y->key.len) - (x->key.len < y->key.len);
	if (c == 0)
		c = (x->key_line > y->key_line) - (x->key_line < y->key_line);
	return c != 0 ? c : (x->key_column > y->key_column) - (x->key_column < y->key_column);
}

/* Sorted, so that a file of nothing but keys costs no square of their number. */
static void refuse_duplicates(struct parse *p, struct node *map)
{
	if (map->count < 2 || p->stop)
		return;
	struct node **sorted = malloc(map->count * sizeof *sorted);
	if (sorted == NULL) {
		p->arena->failed = p->stop = true;
		return;
	}
	size_t n = 0;
	for (struct node *c = map->first; c != NULL; c = c->next)
		sorted[n++] = c;
	qsort(sorted, n, sizeof *sorted, key_order);
	for (size_t i = 1; i < n; i++)
		if (span_equal(sorted[i - 1]->key, sorted[i]->key)) {
			report_mistake(p->report, node_where_key(sorted[i]),
				       "the key `%s` stands here again; once would be right (it stands in "
				       "line %u, too)",
				       SHOW(sorted[i]->key), sorted[i - 1]->key_line);
			sorted[i]->bad = true;
		}
	free(sorted);
}

static void parse_map(struct parse *p, struct node *map, unsigned depth)
{
	struct node *last = NULL;
	yaml_event_t e;
	while (take_event(p, &e)) {
		bool end = e.type == YAML_MAPPING_END_EVENT;
		struct node *key = end ? NULL : parse_value(p, &e, depth);
		yaml_event_delete(&e);
		if (end || key == NULL || !take_event(p, &e))
			break;
		struct node *value = parse_value(p, &e, depth);
		yaml_event_delete(&e);
		if (value == NULL)
			break;
		if (key->kind != NODE_TEXT && !key->bad)
			report_mistake(p->report, node_where(key),
				       "a key is a list or a map; a plain text would be right");
		if (key->kind != NODE_TEXT || key->bad)
			continue;
		value->key = key->text, value->key_line = key->line, value->key_column = key->column;
		append(map, &last, value);
	}
	refuse_duplicates(p, map);
}

static struct node *parse_nested(struct parse *p, const yaml_event_t *e, unsigned depth)
{
	bool list = e->type == YAML_SEQUENCE_START_EVENT;
	struct node *n = new_node(p, e, list ? NODE_LIST : NODE_MAP);
	if (n == NULL)
		return NULL;
	if (depth == NODE_DEPTH) {
		report_mistake(p->report, node_where(n), "nested deeper than %d; nothing here needs that",
			       NODE_DEPTH);
		p->stop = true;
		return NULL;
	}
	if (list) {
		refuse_decoration(p, n, e->data.sequence_start.anchor, e->data.sequence_start.tag);
		parse_list(p, n, depth + 1);
	} else {
		refuse_decoration(p, n, e->data.mapping_start.anchor, e->data.mapping_start.tag);
		parse_map(p, n, depth + 1);
	}
	return p->stop ? NULL : n;
}

/* NULL only when the parse stops. */
static struct node *parse_value(struct parse *p, yaml_event_t *e, unsigned depth)
{
	if (e->type == YAML_SEQUENCE_START_EVENT || e->type == YAML_MAPPING_START_EVENT)
		return parse_nested(p, e, depth);
	struct node *n = new_node(p, e, NODE_TEXT);
	if (n == NULL)
		return NULL;
	if (e->type == YAML_ALIAS_EVENT) {
		report_mistake(p->report, node_where(n),
			       "the alias `*%s` is not allowed; write the value itself",
			       SHOW(span_text((const char *)e->data.alias.anchor)));
		n->text = span_of("", 0);
		n->bad = true;
		return n;
	}
	refuse_decoration(p, n, e->data.scalar.anchor, e->data.scalar.tag);
	n->text = arena_copy(p->arena, span_of(e->data.scalar.value, e->data.scalar.length));
	n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	p->stop = p->arena->failed;
	return n;
}

static struct node *parse_documents(struct parse *p)
{
	struct node *root = NULL;
	yaml_event_t e;
	for (bool end = false; !end && take_event(p, &e);) {
		end = e.type == YAML_STREAM_END_EVENT;
		if (e.type == YAML_DOCUMENT_START_EVENT && root != NULL) {
			report_mistake(p->report, mark_where(p, e.start_mark),
				       "a second document begins; one document a file would be right");
			p->stop = true;
		} else if (e.type != YAML_STREAM_START_EVENT && e.type != YAML_DOCUMENT_START_EVENT &&
			   e.type != YAML_DOCUMENT_END_EVENT && !end) {
			root = parse_value(p, &e, 0);
		}
		yaml_event_delete(&e);
	}
	return p->stop ? NULL : root;
}

struct node *node_parse(struct arena *a, struct config_report *r, const char *file, struct span bytes)
{
	struct parse p = { .arena = a, .report = r, .file = arena_text(a, file), .bytes = bytes };
	if (a->failed || yaml_parser_initialize(&p.yaml) == 0) {
		a->failed = true;
		return NULL;
	}
	yaml_parser_set_encoding(&p.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p.yaml, bytes.len > 0 ? bytes.at : (const unsigned char *)"",
				     bytes.len);
	struct node *root = parse_documents(&p);
	if (root == NULL && !p.stop)
		report_mistake(r, (struct where){ p.file, 1, 1 },
			       "the file is empty; a map of keys would be right");
	yaml_parser_delete(&p.yaml);
	return root;
}

const struct node *node_find(const struct node *map, const char *key)
{
	for (const struct node *c = map->kind == NODE_MAP ? map->first : NULL; c != NULL; c = c->next)
		if (span_equal(c->key, span_text(key)))
			return c;
	return NULL;
}
