/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "event/say.h"

static struct span clipped(struct span s)
{
	return span_of(s.at, s.len < SAY_MOST ? s.len : SAY_MOST);
}

struct span say_book_text(const struct book *b, struct book_text t)
{
	return clipped(book_span(b, t));
}

struct span say_service(const struct book *b, unsigned service)
{
	bool there = service < b->count[BOOK_SERVICE];
	return there ? say_book_text(b, book_service(b, service)->name) : span_text("");
}

struct span say_component(const struct book *b, unsigned component)
{
	bool there = component < b->count[BOOK_COMPONENT];
	return there ? say_book_text(b, book_component(b, component)->name) : span_text("");
}

const struct book_rule *say_rule_row(const struct book *b, unsigned rule)
{
	return rule > 0 && rule <= b->count[BOOK_RULE] ? book_rule(b, rule - 1) : NULL;
}

struct span say_rule(const struct book *b, unsigned rule)
{
	const struct book_rule *r = say_rule_row(b, rule);
	return r != NULL ? say_book_text(b, r->name) : span_text("");
}

void say_source(const struct book *b, const struct location *at, const struct location_source *s,
		struct span *ret_label, struct span *ret_file, struct span *ret_built)
{
	*ret_label = *ret_file = *ret_built = span_text("");
	if (s->kind == KIND_SITE && at->site_row > 0 && at->site_row <= b->count[BOOK_SITE]) {
		*ret_label = say_book_text(b, book_site(b, at->site_row - 1u)->code);
	} else if (s->kind != KIND_SITE && s->source < b->count[BOOK_SOURCE]) {
		const struct book_source *row = book_source(b, s->source);
		*ret_label = say_book_text(b, row->label);
		*ret_file = say_book_text(b, row->file);
		*ret_built = say_book_text(b, row->built);
	}
}

struct span say_name(const struct event_place *p)
{
	return span_of(p->name, p->name_bytes < FACT_NAME_BYTES ? p->name_bytes : FACT_NAME_BYTES);
}

unsigned say_candidates(const struct location *at)
{
	return at->count < CANDIDATES ? at->count : CANDIDATES;
}

unsigned say_places(const struct meeting *m)
{
	return m->place_count < EVENT_PLACES ? m->place_count : EVENT_PLACES;
}

const char *say_severity(unsigned severity, unsigned *ret_syslog)
{
	static const struct {
		unsigned from, code;
		const char *word;
	} steps[] = { { 90, 2, "critical" }, { 70, 3, "error" }, { 50, 4, "warning" }, { 25, 5, "notice" } };
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (severity >= steps[i].from) {
			*ret_syslog = steps[i].code;
			return steps[i].word;
		}
	*ret_syslog = 6;
	return "information";
}

unsigned say_role(enum code code, unsigned roles)
{
	if (code == CODE_KEY_REGION)
		return ROLE_KEY;
	if (code == CODE_MEDIA_REGION)
		return ROLE_MEDIA;
	if (code == CODE_SIGNALLING_REGION)
		return ROLE_SIGNALLING;
	if (code == CODE_WEB_REGION)
		return ROLE_WEB;
	static const unsigned by_weight[] = { ROLE_KEY, ROLE_MEDIA, ROLE_SIGNALLING, ROLE_WEB };
	for (size_t i = 0; i < sizeof by_weight / sizeof by_weight[0]; i++)
		if ((roles & by_weight[i]) != 0)
			return by_weight[i];
	return 0;
}

void say_countries(struct text *t, const country *list, size_t n, const char *link)
{
	char two[3];
	for (size_t i = 0; i < n; i++) {
		text_put(t, i > 0 ? link : "");
		text_plain(t, span_text(country_text(list[i], two)));
	}
}
