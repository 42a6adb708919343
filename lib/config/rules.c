/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules and their exceptions. */
#include "config/schema.h"

enum { RULES_MOST = 4096, EXCEPTIONS_MOST = 4096 };

struct rule_form {
	struct span name;
	const struct node *from, *service, *operator, * inside, *outside;
	unsigned role, basis, path, action, unsure, mode;
};
static const struct key rule_keys[] = {
	KEY(rule_form, name, read_name, KEY_MUST),
	KEY(rule_form, from, read_node, KEY_MAY),
	KEY(rule_form, service, read_node, KEY_MAY),
	KEY_WORD(rule_form, role, read_words, KEY_MAY, WORDS_ROLE),
	KEY_WORD(rule_form, basis, read_words, KEY_MAY, WORDS_BASIS),
	KEY_WORD(rule_form, path, read_paths, KEY_MAY, WORDS_PATH),
	KEY(rule_form, operator, read_node, KEY_MAY),
	KEY(rule_form, inside, read_node, KEY_MAY),
	KEY(rule_form, outside, read_node, KEY_MAY),
	KEY_WORD(rule_form, action, read_word, KEY_MUST, WORDS_ACTION),
	KEY_WORD(rule_form, unsure, read_word, KEY_MAY, WORDS_UNSURE),
	KEY_WORD(rule_form, mode, read_word, KEY_MAY, WORDS_MODE),
	KEY_OF_LATER(when),
	KEY_OF_LATER(country),
	KEY_OF_LATER(asn),
	KEY_OF_LATER(vlan),
	KEY_OF_LATER(width),
	KEY_OF_LATER(running),
};

/* The row + 1 of what a text names in a section; 0 and a mistake if there is none. */
static uint16_t named_row(struct load *l, const struct node *n, enum book_section_id id, const char *what)
{
	size_t row;
	if (!node_is(l, n, NODE_TEXT, "a name"))
		return 0;
	if (load_find(l, id, n->text, &row))
		return (uint16_t)(row + 1);
	struct span near = load_nearest(l, id, n->text);
	if (near.len > 0)
		report_mistake(l->report, node_where(n), "there is no %s `%s`; `%s` would be right", what,
			       SHOW(n->text), SHOW(near));
	else
		report_mistake(l->report, node_where(n),
			       "there is no %s `%s`; the name of one that is defined would be right", what,
			       SHOW(n->text));
	return 0;
}

static void service_list(struct load *l, const struct node *list, struct book_rule *r)
{
	r->first_service = (uint32_t)book_written(l->writer, BOOK_SERVICE_LIST);
	if (!node_is(l, list, list->kind == NODE_MAP ? NODE_LIST : list->kind,
		     "a service or a list of services"))
		return;
	if (list->kind == NODE_LIST && list->count == 0)
		report_mistake(l->report, node_where(list),
			       "`%s` is an empty list; services would be right, or no `service` for all",
			       SHOW(list->key));
	for (const struct node *i = item_first(list); i != NULL; i = item_next(list, i)) {
		uint16_t row = named_row(l, i, BOOK_SERVICE, "service");
		if (row == 0)
			continue;
		row--;
		book_write(l->writer, BOOK_SERVICE_LIST, &row);
		r->service_count++;
	}
}

struct except_form {
	const struct node *except;
};
static const struct key except_keys[] = { KEY(except_form, except, read_node, KEY_MUST) };

static void rule_services(struct load *l, const struct node *n, struct book_rule *r)
{
	struct except_form f = { 0 };
	if (n == NULL)
		return;
	if (n->kind == NODE_TEXT && span_equal(n->text, span_text("any"))) {
		r->flags |= RULE_SERVICE_ANY;
	} else if (n->kind != NODE_MAP) {
		service_list(l, n, r);
	} else if (schema_read(l, n, "`service`", KEYS(except_keys), &f) && f.except != NULL) {
		r->flags |= RULE_SERVICE_EXCEPT;
		service_list(l, f.except, r);
	}
}

static void rule_operators(struct load *l, const struct node *n, struct book_rule *r)
{
	r->first_operator = (uint32_t)book_written(l->writer, BOOK_COUNTRY_LIST);
	if (n == NULL ||
	    !node_is(l, n, n->kind == NODE_MAP ? NODE_LIST : n->kind, "a country or a list of countries"))
		return;
	if (n->kind == NODE_LIST && n->count == 0)
		report_mistake(l->report, node_where(n),
			       "`operator` is an empty list; countries would be right");
	for (const struct node *i = item_first(n); i != NULL; i = item_next(n, i)) {
		country c;
		if (!take_country(l, i, &c))
			continue;
		book_write(l->writer, BOOK_COUNTRY_LIST, &c);
		r->operator_count++;
	}
}

static void check_unsure(struct load *l, const struct node *at, const struct rule_form *f)
{
	if (f->outside != NULL && node_find(at, "unsure") == NULL)
		report_mistake(l->report, node_where_key(f->outside),
			       "a rule with `%s` does not say what happens to a place that may lie on either "
			       "side; `unsure` with "
			       "permit, alert, block or next would be right",
			       SHOW(f->outside->key));
	const struct node *unsure = node_find(at, "unsure");
	if (unsure != NULL && f->outside == NULL && f->inside == NULL)
		report_mistake(
			l->report, node_where_key(unsure),
			"`unsure` without a region says nothing: such a rule is never unsure; leave it out");
}

/* A rule may only observe where the policy enforces; never the other way round. */
static void check_mode(struct load *l, const struct node *at, const struct rule_form *f, enum mode mode)
{
	if (f->mode == MODE_ENFORCE && mode == MODE_OBSERVE)
		report_mistake(
			l->report, node_where(node_find(at, "mode")),
			"the policy only observes, so that no rule can do more; leave it out, or give the "
			"policy this mode");
}

static void rule_load(struct load *l, const struct node *n, enum mode mode)
{
	struct rule_form f = { .action = ACTION_ALERT, .unsure = UNSURE_UNSET, .mode = mode };
	size_t other;
	schema_read(l, n, "the rule", KEYS(rule_keys), &f);
	if (n->kind != NODE_MAP)
		return;
	check_unsure(l, n, &f);
	check_mode(l, n, &f, mode);
	if (f.name.len > 0 && load_find(l, BOOK_RULE, f.name, &other))
		report_mistake(l->report, node_where(node_find(n, "name")),
			       "a rule `%s` is there already; a name of its own would be right",
			       SHOW(f.name));
	struct book_rule r = { .name = book_write_text(l->writer, f.name) };
	rule_services(l, f.service, &r);
	rule_operators(l, f.operator, & r);
	r.group = f.from != NULL ? named_row(l, f.from, BOOK_GROUP, "group") : 0;
	r.inside = f.inside != NULL ? named_row(l, f.inside, BOOK_REGION, "region") : 0;
	r.outside = f.outside != NULL ? named_row(l, f.outside, BOOK_REGION, "region") : 0;
	r.roles = (uint8_t)f.role, r.basis = (uint8_t)f.basis, r.paths = (uint8_t)f.path;
	r.action = (uint8_t)f.action, r.unsure = (uint8_t)f.unsure, r.mode = (uint8_t)f.mode;
	book_write(l->writer, BOOK_RULE, &r);
}

void rules_load(struct load *l, const struct node *rules, enum mode mode)
{
	for (const struct node *i = rules != NULL ? rules->first : NULL; i != NULL; i = i->next) {
		if (book_written(l->writer, BOOK_RULE) >= RULES_MOST) {
			report_mistake(l->report, node_where(i), "too many rules; at most %d would be right",
				       RULES_MOST);
			return;
		}
		rule_load(l, i, mode);
	}
}

struct exception_form {
	const struct node *rule, *from;
	uint64_t until;
	struct span owner, reason;
};
static const struct key exception_keys[] = {
	KEY(exception_form, rule, read_node, KEY_MUST),     KEY(exception_form, from, read_node, KEY_MAY),
	KEY(exception_form, until, read_instant, KEY_MUST), KEY(exception_form, owner, read_text, KEY_MUST),
	KEY(exception_form, reason, read_text, KEY_MUST),
};

static void exception_load(struct load *l, const struct node *n)
{
	struct exception_form f = { 0 };
	if (!schema_read(l, n, "the exception", KEYS(exception_keys), &f) || f.rule == NULL)
		return;
	uint16_t rule = named_row(l, f.rule, BOOK_RULE, "rule");
	uint16_t group = f.from != NULL ? named_row(l, f.from, BOOK_GROUP, "group") : 0;
	if (rule == 0 || f.until == 0 || (f.from != NULL && group == 0))
		return;
	if (f.until <= l->q->now_us)
		report_warning(l->report, node_where(node_find(n, "until")),
			       "this exception has ended: the rule `%s` is whole again; leave it out, or "
			       "give it a later end",
			       SHOW(f.rule->text));
	struct book_exception e = { .owner = book_write_text(l->writer, f.owner),
				    .reason = book_write_text(l->writer, f.reason),
				    .until_us = f.until,
				    .rule = (uint16_t)(rule - 1),
				    .group = group };
	book_write(l->writer, BOOK_EXCEPTION, &e);
}

void exceptions_load(struct load *l, const struct node *exceptions)
{
	for (const struct node *i = exceptions != NULL ? exceptions->first : NULL; i != NULL; i = i->next) {
		if (book_written(l->writer, BOOK_EXCEPTION) >= EXCEPTIONS_MOST) {
			report_mistake(l->report, node_where(i),
				       "too many exceptions; at most %d would be right", EXCEPTIONS_MOST);
			return;
		}
		exception_load(l, i);
	}
}
