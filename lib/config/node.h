/* SPDX-License-Identifier: GPL-3.0-or-later */
/* node: a YAML file as a tree in which every node knows its line and column. A strict part of YAML 1.1: one
 * document, texts as keys; anchors, aliases, tags, merge keys and duplicate keys are mistakes.
 * Bounded: depth, nodes, and (by file_read) bytes. Lives in the arena. */
#ifndef KEYFENCE_CONFIG_NODE_H
#define KEYFENCE_CONFIG_NODE_H

#include "config/arena.h"
#include "config/report.h"

enum { NODE_DEPTH = 32, NODES_MOST = 500000 };
enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
	const char *file;
	struct node *first, *next; /* children of a list or map, in their order */
	struct span text;          /* NUL behind it */
	struct span key;           /* of a map's child */
	uint32_t line, column, key_line, key_column;
	uint32_t count; /* children */
	uint8_t kind;
	bool quoted; /* a text that is no plain one */
	bool bad;    /* a mistake was told of it already */
};

/* NULL: no tree can be made of it, and the report says why; also when there is no memory (arena->failed). */
struct node *node_parse(struct arena *a, struct config_report *r, const char *file, struct span bytes);
/* The child of a map by its key, or NULL. */
const struct node *node_find(const struct node *map, const char *key);

static inline struct where node_where(const struct node *n)
{
	return (struct where){ n->file, n->line, n->column };
}
static inline struct where node_where_key(const struct node *n)
{
	return (struct where){ n->file, n->key_line, n->key_column };
}

#endif
