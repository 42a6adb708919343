/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The catalogue: every *.yaml of a directory, in the order of their names; one service a file. */
#include <stdlib.h>

#include "config/file.h"
#include "config/service.h"

struct operator_form {
	struct span name;
	country seat;
};
static const struct key operator_keys[] = {
	KEY(operator_form, name, read_text, KEY_MUST),
	KEY(operator_form, seat, read_country, KEY_MUST),
};

struct service_form {
	struct span service, sites_source;
	const struct node *operator, * names, *sites, *prefixes, *wire;
};
static const struct key service_keys[] = {
	KEY(service_form, service, read_name, KEY_MUST),     KEY(service_form, operator, read_map, KEY_MUST),
	KEY(service_form, names, read_list, KEY_MAY),        KEY(service_form, sites, read_map, KEY_MAY),
	KEY(service_form, sites_source, read_text, KEY_MAY), KEY(service_form, prefixes, read_list, KEY_MAY),
	KEY(service_form, wire, read_list, KEY_MAY),
};

void claim_add(struct service *s, struct claims *c, struct claim claim)
{
	if (c->count == c->room) {
		size_t room = c->room > 0 ? c->room * 2 : 256;
		struct claim *grown = realloc(c->at, room * sizeof *grown);
		if (grown == NULL) {
			s->l->arena.failed = true;
			return;
		}
		c->at = grown, c->room = room;
	}
	claim.service = s->row;
	c->at[c->count++] = claim;
}

uint16_t component_row(struct load *l, struct span name)
{
	size_t row;
	if (name.len == 0)
		return 0;
	if (load_find(l, BOOK_COMPONENT, name, &row))
		return (uint16_t)row;
	if (book_written(l->writer, BOOK_COMPONENT) == UINT16_MAX)
		return 0;
	return (uint16_t)book_write(l->writer, BOOK_COMPONENT,
				    &(struct book_component){ book_write_text(l->writer, name) });
}

/* False: the name is taken, or cannot be a service's. */
static bool write_service(struct service *s, const struct service_form *f, const struct node *root)
{
	struct load *l = s->l;
	struct operator_form op = { 0 };
	size_t other;
	if (f->operator!= NULL)
		schema_read(l, f->operator, "the operator", KEYS(operator_keys), &op);
	const struct node *at = node_find(root, "service");
	if (load_find(l, BOOK_SERVICE, f->service, &other) || span_equal(f->service, span_text("any"))) {
		report_mistake(l->report, node_where(at),
			       "the service `%s` is there already; a name of its own would be right",
			       SHOW(f->service));
		return false;
	}
	if (book_written(l->writer, BOOK_SERVICE) >= 4096) {
		report_mistake(l->report, node_where(at), "more than 4096 services; fewer would be right");
		return false;
	}
	struct book_service row = {
		book_write_text(l->writer, f->service), book_write_text(l->writer, op.name), op.seat, { 0 }
	};
	s->name = f->service;
	s->row = (uint16_t)book_write(l->writer, BOOK_SERVICE, &row);
	return true;
}

static void service_load(struct service *s)
{
	struct load *l = s->l;
	struct span bytes;
	int r = file_read(&l->arena, s->file, TABLE_FILE_BYTES, &bytes, NULL);
	if (r < 0) {
		report_mistake(l->report, (struct where){ s->file, 0, 0 }, "cannot be read: %s",
			       file_error(r));
		return;
	}
	struct service_form f = { 0 };
	const struct node *root = node_parse(&l->arena, l->report, s->file, bytes);
	if (root == NULL || !schema_read(l, root, "the service", KEYS(service_keys), &f) ||
	    f.service.len == 0 || !write_service(s, &f, root))
		return;
	names_load(s, f.names);
	sites_load(s, f.sites, f.sites_source);
	prefixes_load(s, f.prefixes);
	wire_load(s, f.wire);
}

static int claim_order(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	size_t n = x->text.len < y->text.len ? x->text.len : y->text.len;
	int c = memcmp(x->text.at, y->text.at, n);
	if (c == 0)
		c = (x->text.len > y->text.len) - (x->text.len < y->text.len);
	return c != 0 ? c : (x->row > y->row) - (x->row < y->row);
}

static const char *service_text(struct load *l, uint16_t row, struct shown *store)
{
	const struct book_service *s = book_row(l->writer, BOOK_SERVICE, row);
	return show_span(store, book_written_text(l->writer, s->name));
}

/* Every row needs a name or prefix of its own, since the book looks up by it. */
static void refuse_claimed_twice(struct load *l, struct claims *c, const char *what)
{
	if (c->count > 1)
		qsort(c->at, c->count, sizeof *c->at, claim_order);
	for (size_t i = 1; i < c->count; i++) {
		const struct claim *a = &c->at[i - 1], *b = &c->at[i];
		if (span_equal(a->text, b->text))
			report_mistake(
				l->report, b->where,
				"the same %s stands in service `%s` (%s:%u); one row for it would be right",
				what, service_text(l, a->service, &(struct shown){ { 0 } }),
				SHOW(span_text(a->where.file)), a->where.line);
	}
}

void catalogue_load(struct load *l, const char *directory)
{
	const char **names;
	size_t count;
	struct where at = { directory, 0, 0 };
	int r = directory_list(&l->arena, directory, ".yaml", &names, &count);
	if (r < 0)
		report_mistake(
			l->report, at,
			"the catalogue cannot be read: %s; a directory of service files would be right",
			file_error(r));
	else if (count == 0)
		report_mistake(l->report, at,
			       "the catalogue is empty; files of services would be right, as zoom.yaml");
	struct claims taken_names = { 0 }, taken_prefixes = { 0 };
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct service s = { .l = l,
				     .file = path_join(&l->arena, directory, names[i]),
				     .names = &taken_names,
				     .prefixes = &taken_prefixes };
		service_load(&s);
	}
	if (!l->arena.failed) {
		refuse_claimed_twice(l, &taken_names, "name");
		refuse_claimed_twice(l, &taken_prefixes, word_name(WORDS_EVIDENCE, EV_PREFIX));
	}
	free(taken_names.at);
	free(taken_prefixes.at);
}
