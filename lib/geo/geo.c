/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "geo/geo.h"

enum { SITE_TABLE = 255 }; /* location_source.source of a place told by a host name */

/* ---- one source ---- */

/* Rows that begin at or before the address, counted in the section: row + 1 of the last of them, 0 if none. */
static size_t last_begun4(const struct book *b, const struct book_source *s, uint32_t v4)
{
	size_t lo = (size_t)s->first4, hi = (size_t)(s->first4 + s->count4);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (book_range4(b, mid)->first <= v4)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > s->first4 ? lo : 0;
}

static size_t last_begun6(const struct book *b, const struct book_source *s, const struct address *a)
{
	size_t lo = (size_t)s->first6, hi = (size_t)(s->first6 + s->count6);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (address_compare(&book_range6(b, mid)->first, a) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > s->first6 ? lo : 0;
}

static bool ask4(const struct book *b, const struct book_source *s, uint32_t v4, struct geo_answer *ret)
{
	size_t row = last_begun4(b, s, v4);
	while (row != 0 && book_range4(b, row - 1)->last < v4)
		row = book_range4(b, row - 1)->parent;
	if (row == 0)
		return false;
	const struct book_range4 *r = book_range4(b, row - 1);
	*ret = (struct geo_answer){ r->says, r->registered, r->asn, r->note };
	return true;
}

static bool ask6(const struct book *b, const struct book_source *s, const struct address *a,
		 struct geo_answer *ret)
{
	size_t row = last_begun6(b, s, a);
	while (row != 0 && address_compare(&book_range6(b, row - 1)->last, a) < 0)
		row = book_range6(b, row - 1)->parent;
	if (row == 0)
		return false;
	const struct book_range6 *r = book_range6(b, row - 1);
	*ret = (struct geo_answer){ r->says, r->registered, r->asn, r->note };
	return true;
}

/* RFC 6052 s2.1: behind the well-known prefix of NAT64 stands the IPv4 address that is really meant. */
static struct address meant_by(const struct address *a)
{
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xFF, 0x9B };
	return memcmp(a->bytes, nat64, sizeof nat64) == 0 ? address_from(span_of(a->bytes + 12, 4)) : *a;
}

bool geo_ask(const struct book *b, size_t source, const struct address *at, struct geo_answer *ret)
{
	const struct book_source *s = book_source(b, source);
	struct address meant = meant_by(at);
	return address_is_v4(&meant) ? ask4(b, s, address_v4(&meant), ret) : ask6(b, s, &meant, ret);
}

/* ---- all sources ---- */

struct locating {
	const struct book *b;
	const struct match *m; /* NULL: the address alone */
	struct trace *t;
	struct address at;
	bool overridden;
	country provided[CANDIDATES]; /* what providers name */
	unsigned provided_count;
	struct location where;
};

static bool in_prefix_of(const struct locating *l, enum prefix_place place)
{
	return l->m != NULL && l->m->in_prefix && l->m->prefix_place == place;
}

static bool provider_names(const struct locating *l, country c)
{
	for (unsigned i = 0; i < l->provided_count; i++)
		if (l->provided[i] == c)
			return true;
	return false;
}

/* Joins the candidates. False: there are CANDIDATES others already. */
static bool candidate_add(struct location *w, country c, enum kind kind)
{
	unsigned i = 0;
	while (i < w->count && w->candidate[i] != c)
		i++;
	if (i == CANDIDATES)
		return false;
	if (i == w->count)
		w->candidate[w->count++] = c;
	w->kinds[i] |= (uint8_t)kind;
	return true;
}

static void source_tell(struct locating *l, struct location_source s)
{
	struct location *w = &l->where;
	trace_add(
		l->t,
		(struct trace_step){ .what = TRACE_SOURCE, .row = s.source, .number = s.why, .says = s.says },
		(struct span){ NULL, 0 });
	if (w->source_count < LOCATION_SOURCES)
		w->source[w->source_count++] = s;
}

static void source_counts(struct locating *l, struct location_source s)
{
	s.counted = candidate_add(&l->where, s.says, s.kind);
	source_tell(l, s);
}

static void source_shown(struct locating *l, struct location_source s, enum source_why why)
{
	s.why = (uint8_t)why;
	source_tell(l, s);
}

static void take_override(struct locating *l, struct location_source s)
{
	if (l->overridden)
		source_shown(l, s, WHY_OVERRIDDEN);
	else
		source_counts(l, s);
	l->overridden = true;
}

static void take_provider(struct locating *l, struct location_source s)
{
	if (l->overridden) {
		source_shown(l, s, WHY_OVERRIDDEN);
		return;
	}
	if (l->provided_count < CANDIDATES && !provider_names(l, s.says))
		l->provided[l->provided_count++] = s.says;
	source_counts(l, s);
}

static void take_database(struct locating *l, struct location_source s)
{
	bool seat = in_prefix_of(l, PREFIX_VENDOR_WIDE) && s.says == book_service(l->b, l->m->service)->seat;
	if (l->overridden)
		source_shown(l, s, WHY_OVERRIDDEN);
	else if (in_prefix_of(l, PREFIX_ANYCAST))
		source_shown(l, s, WHY_ANYCAST);
	else if (seat)
		source_shown(l, s, WHY_REGISTRANT);
	else if (l->provided_count > 0 && !provider_names(l, s.says))
		source_shown(l, s, WHY_PROVIDER_SPEAKS);
	else
		source_counts(l, s);
}

static void take_answer(struct locating *l, size_t source, const struct geo_answer *a)
{
	const struct book_source *row = book_source(l->b, source);
	struct location_source s = { .says = a->says, .source = (uint8_t)source, .kind = row->kind };
	if (l->where.asn == 0)
		l->where.asn = a->asn;
	if (a->says == COUNTRY_NONE && row->has == SOURCE_HAS_ASN)
		return; /* it was never asked for a country */
	/* Where a database has nothing better, the registrant's country counts, and is told as no more than that. */
	if (a->says == COUNTRY_NONE && row->kind == KIND_DATABASE && a->registered != COUNTRY_NONE)
		s.says = a->registered, s.why = WHY_REGISTRANT;
	if (s.says == COUNTRY_NONE)
		source_shown(l, s, WHY_NO_COUNTRY);
	else if (row->kind == KIND_OVERRIDE)
		take_override(l, s);
	else if (row->kind == KIND_PROVIDER)
		take_provider(l, s);
	else
		take_database(l, s);
}

static void ask_kind(struct locating *l, enum kind kind)
{
	struct geo_answer a;
	for (size_t i = 0; i < l->b->count[BOOK_SOURCE]; i++)
		if (book_source(l->b, i)->kind == kind && geo_ask(l->b, i, &l->at, &a))
			take_answer(l, i, &a);
}

static struct location_source site_source(const struct locating *l)
{
	return (struct location_source){ .says = l->m->site, .source = SITE_TABLE, .kind = KIND_SITE };
}

static void take_site(struct locating *l)
{
	if (l->m == NULL || l->m->site == COUNTRY_NONE || l->m->site_unsure)
		return;
	if (l->overridden)
		source_shown(l, site_source(l), WHY_OVERRIDDEN);
	else
		source_counts(l, site_source(l));
}

/* Last of all: it confirms nothing and never stands alone, but makes a place disputed that others put elsewhere. */
static void take_unsure_site(struct locating *l)
{
	if (l->m == NULL || l->m->site == COUNTRY_NONE || !l->m->site_unsure)
		return;
	bool named = l->where.count > 0;
	for (unsigned i = 0; i < l->where.count; i++)
		named = named && l->where.candidate[i] != l->m->site;
	if (l->overridden)
		source_shown(l, site_source(l), WHY_OVERRIDDEN);
	else if (named)
		source_counts(l, site_source(l));
	else
		source_shown(l, site_source(l), WHY_UNSURE_ALONE);
}

static enum certainty certainty_of(const struct location *w)
{
	if (w->count == 0)
		return CERTAINTY_NONE;
	if (w->count > 1)
		return CERTAINTY_DISPUTED;
	return __builtin_popcount(w->kinds[0]) > 1 ? CERTAINTY_CONFIRMED : CERTAINTY_PLAUSIBLE;
}

struct location geo_locate(const struct book *b, const struct address *at, const struct match *m,
			   struct trace *t)
{
	struct locating l = { .b = b, .m = m, .t = t, .at = meant_by(at) };
	if (m != NULL) {
		l.where.site_row = m->site_row;
		l.where.prefix_place = m->in_prefix ? m->prefix_place : 0;
	}
	ask_kind(&l, KIND_OVERRIDE);
	if (address_class_of(&l.at) == ADDRESS_GLOBAL) { /* elsewhere only the administrator can know */
		ask_kind(&l, KIND_PROVIDER);
		take_site(&l);
		ask_kind(&l, KIND_DATABASE);
		take_unsure_site(&l);
	}
	l.where.certainty = (uint8_t)certainty_of(&l.where);
	trace_add(t,
		  (struct trace_step){
			  .what = TRACE_LOCATED, .number = l.where.certainty, .says = l.where.candidate[0] },
		  (struct span){ NULL, 0 });
	return l.where;
}
