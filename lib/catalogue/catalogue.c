/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "catalogue/catalogue.h"

#include "catalogue/name.h"
#include "catalogue/pattern.h"

enum {
	/* What only a call does: beside these a name tells the service, but the payload tells the roles. */
	TELLS_CALL = TELLS_SETUP | TELLS_SESSION | TELLS_KEYS | TELLS_CLEAR_KEYS | TELLS_MEDIA,
	/* What is conferencing even if no row claims it: a session, keys or media, but no mere set-up. */
	TELLS_CONFERENCE = TELLS_CALL & ~TELLS_SETUP,
	FRAMINGS = 16, /* rows that may match one finding; more are not looked at */
};

/* One match in the making. */
struct matching {
	const struct book *b;
	const struct clues *c;
	struct trace *t;
	const struct book_name *name;                 /* the row that a name found; NULL: none */
	const struct book_framing *framing[FRAMINGS]; /* the rows that match */
	size_t framing_count;
	bool call; /* a call's own payload, not a connection to a name */
	struct match m;
};

/* ---- names ---- */

static uint32_t name_look_up(struct matching *w, struct span name, unsigned by, uint16_t *ret_site_row)
{
	uint32_t row = catalogue_name(w->b, name, ret_site_row);
	trace_add(w->t, (struct trace_step){ .what = TRACE_NAME, .row = (uint16_t)row, .number = by }, name);
	return row;
}

static void site_take(struct matching *w, uint16_t site_row)
{
	if (site_row == 0)
		return;
	const struct book_site *s = book_site(w->b, site_row - 1u);
	w->m.site_row = site_row;
	w->m.site = s->place;
	w->m.site_unsure = s->unsure != 0;
}

static bool name_take(struct matching *w, struct span name, unsigned by)
{
	uint16_t site_row;
	uint32_t row = name_look_up(w, name, by, &site_row);
	if (row == 0)
		return false;
	w->name = book_name(w->b, row - 1);
	w->m.name = name;
	w->m.evidence |= (uint8_t)by;
	site_take(w, site_row);
	return true;
}

static bool name_equal(struct span a, struct span b)
{
	uint8_t a_storage[NAME_BYTES], b_storage[NAME_BYTES];
	return name_fold(a, a_storage, &a) && name_fold(b, b_storage, &b) && span_equal(a, b);
}

/* The name that the client told: SNI, or a declared one. A cover tells nothing. */
static bool stated_name(const struct finding *f, struct span *ret)
{
	uint8_t storage[NAME_BYTES];
	struct span folded;
	bool only_cert = (f->evidence & (EV_SNI | EV_CERT)) == EV_CERT;
	if (f->name_count == 0 || only_cert || (f->tells & TELLS_HIDDEN) != 0 ||
	    !name_fold(f->name[0], storage, &folded))
		return false;
	*ret = f->name[0];
	return true;
}

static size_t cert_names(const struct finding *f, const struct span **ret)
{
	bool sni = (f->evidence & EV_SNI) != 0;
	*ret = f->name + sni;
	return (f->evidence & EV_CERT) != 0 && f->name_count > sni ? (size_t)(f->name_count - sni) : 0;
}

static void stated_name_in_dns(struct matching *w)
{
	for (size_t i = 0; i < w->c->dns_count; i++)
		if (name_equal(w->m.name, w->c->dns_names[i])) {
			w->m.evidence |= EV_DNS;
			return;
		}
}

/* A site of the same service that another name of the server tells: a relay's geography name is asked for,
 * and the region stands in its CNAME. */
static void site_from_dns(struct matching *w)
{
	uint16_t site_row = 0;
	for (size_t i = 0; i < w->c->dns_count && site_row == 0; i++) {
		uint32_t row = catalogue_name(w->b, w->c->dns_names[i], &site_row);
		if (row != 0 && site_row != 0 && book_name(w->b, row - 1)->service == w->name->service)
			name_look_up(w, w->c->dns_names[i], EV_DNS, &site_row);
		else
			site_row = 0;
	}
	site_take(w, site_row);
}

/* What no row knows is still told as a name: the SNI, else the DNS name, else the certificate's. */
static struct span unknown_name(const struct clues *c)
{
	const struct span *cert;
	struct span name = { NULL, 0 };
	if (stated_name(c->finding, &name))
		return name;
	if (c->dns_count > 0)
		return c->dns_names[0];
	return cert_names(c->finding, &cert) > 0 ? name_strip_star(cert[0]) : name;
}

static bool names_decide(struct matching *w)
{
	const struct finding *f = w->c->finding;
	const struct span *cert;
	struct span stated;
	if (stated_name(f, &stated)) {
		if (name_take(w, stated, f->evidence & (EV_SNI | EV_DECLARED))) {
			stated_name_in_dns(w);
			return true;
		}
		if ((f->evidence & EV_SNI) != 0)
			return false; /* another site on a shared front: what else is called so does not
					 matter */
	}
	for (size_t i = 0; i < w->c->dns_count; i++)
		if (name_take(w, w->c->dns_names[i], EV_DNS))
			return true;
	for (size_t i = 0, n = cert_names(f, &cert); i < n; i++)
		if (name_take(w, name_strip_star(cert[i]), EV_CERT))
			return true;
	return false;
}

static void match_names(struct matching *w)
{
	w->m.name = unknown_name(w->c);
	if (!names_decide(w))
		return;
	if (w->m.site_row == 0)
		site_from_dns(w);
}

/* ---- framings ---- */

static bool number_among(const struct finding *f, uint16_t number)
{
	for (size_t i = 0; i < f->number_count; i++)
		if (f->number[i] == number)
			return true;
	return false;
}

static bool text_holds(const struct finding *f, enum finding_text which, struct span pattern)
{
	return f->text[which].len > 0 && pattern_text(pattern, f->text[which]);
}

static bool certificate_holds(const struct finding *f, struct span pattern)
{
	const struct span *cert;
	size_t n = cert_names(f, &cert);
	for (size_t i = 0; i < n; i++)
		if (pattern_text(pattern, cert[i]))
			return true;
	return text_holds(f, TEXT_CERTIFICATE, pattern);
}

static bool framing_holds(const struct book *b, const struct book_framing *r, const struct clues *c)
{
	struct span pattern = book_span(b, r->pattern);
	switch ((enum framing_is)r->is) {
	case FRAMING_NAME: return c->framing != NULL && span_equal(pattern, span_text(c->framing));
	case FRAMING_STUN_ATTRIBUTE: return number_among(c->finding, r->number);
	case FRAMING_REALM: return text_holds(c->finding, TEXT_REALM, pattern);
	case FRAMING_SOFTWARE: return text_holds(c->finding, TEXT_SOFTWARE, pattern);
	case FRAMING_USERNAME: return text_holds(c->finding, TEXT_USERNAME, pattern);
	case FRAMING_CERTIFICATE: return certificate_holds(c->finding, pattern);
	}
	return false;
}

static void match_framings(struct matching *w)
{
	for (size_t i = 0; i < w->b->count[BOOK_FRAMING] && w->framing_count < FRAMINGS; i++) {
		const struct book_framing *r = book_framing(w->b, i);
		if (!framing_holds(w->b, r, w->c))
			continue;
		trace_add(w->t, (struct trace_step){ .what = TRACE_FRAMING, .row = (uint16_t)(i + 1) },
			  (struct span){ NULL, 0 });
		w->framing[w->framing_count++] = r;
		w->call = w->call || r->is == FRAMING_NAME; /* a vendor's own framing is no TLS, even where it
							       only answers */
	}
}

static bool ports_hold(const struct book *b, const struct book_framing *r, const struct clues *c)
{
	for (size_t i = 0; i < r->port_count; i++) {
		const struct book_ports *p = book_ports(b, r->first_port + i);
		if (p->proto == c->proto && p->lo <= c->server_port && c->server_port <= p->hi)
			return true;
	}
	return false;
}

/* Of the rows that match, those of the service that a name told, if there are any; else those of the first.
 */
static uint16_t framing_service(const struct matching *w)
{
	for (size_t i = 0; w->name != NULL && i < w->framing_count; i++)
		if (w->framing[i]->service == w->name->service)
			return w->name->service;
	return w->framing_count > 0 ? w->framing[0]->service : (uint16_t)SERVICE_NONE;
}

/* ---- prefixes ---- */

uint32_t catalogue_prefix(const struct book *b, const struct address *a)
{
	size_t lo = 0, hi = b->count[BOOK_PREFIX]; /* lo: rows that begin at or before the address */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (address_compare(&book_prefix(b, mid)->prefix.at, a) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo != 0 && !prefix_holds(&book_prefix(b, lo - 1)->prefix, a))
		lo = book_prefix(b, lo - 1)->parent;
	return (uint32_t)lo;
}

/* From this row outwards, the narrowest prefix of a service: row + 1. */
static uint32_t prefix_of_service(const struct book *b, uint32_t row, uint16_t service)
{
	while (row != 0 && book_prefix(b, row - 1)->service != service)
		row = book_prefix(b, row - 1)->parent;
	return row;
}

/* The narrowest prefix that may name a service by itself. One that a narrower of the same service calls
 * shared may not. */
static uint32_t prefix_naming(const struct book *b, uint32_t narrowest)
{
	for (uint32_t row = narrowest; row != 0; row = book_prefix(b, row - 1)->parent) {
		const struct book_prefix *p = book_prefix(b, row - 1);
		if (p->place != PREFIX_SHARED && p->service > SERVICE_UNKNOWN &&
		    prefix_of_service(b, narrowest, p->service) == row)
			return row;
	}
	return 0;
}

static void match_prefix(struct matching *w)
{
	uint32_t narrowest = w->c->server != NULL ? catalogue_prefix(w->b, w->c->server) : 0, row = 0;
	if (w->m.service > SERVICE_UNKNOWN)
		row = prefix_of_service(w->b, narrowest, w->m.service);
	else if ((w->c->finding->tells & TELLS_CALL) != 0)
		row = prefix_naming(w->b, narrowest);
	trace_add(w->t,
		  (struct trace_step){ .what = TRACE_PREFIX, .row = (uint16_t)(row != 0 ? row : narrowest) },
		  (struct span){ NULL, 0 });
	if (row == 0)
		return;
	const struct book_prefix *p = book_prefix(w->b, row - 1);
	w->m.service = p->service;
	w->m.in_prefix = true;
	w->m.prefix_place = p->place;
	if (p->place != PREFIX_SHARED) /* there only names and payload count */
		w->m.evidence |= EV_PREFIX;
}

/* ---- what follows ---- */

/* Whether a finding says anything of whom the flow talks to, or only how far it came. */
static bool finding_speaks(const struct matching *w)
{
	const struct finding *f = w->c->finding;
	return w->call || w->framing_count > 0 || f->name_count > 0 || (f->evidence & EV_CERT) != 0 ||
	       (f->tells & TELLS_REQUEST) != 0;
}

/* Where name and framing differ: on TLS the name is meant, on a call's own payload the bytes are. */
static void settle_service(struct matching *w)
{
	uint16_t by_name = w->name != NULL ? w->name->service : (uint16_t)SERVICE_NONE;
	uint16_t by_framing = framing_service(w);
	w->m.service =
		by_framing != SERVICE_NONE && (w->call || by_name == SERVICE_NONE) ? by_framing : by_name;
	if (w->name == NULL || by_name == w->m.service)
		return;
	w->name = NULL; /* it tells of somebody else */
	w->m.evidence &= (uint8_t) ~(EV_SNI | EV_DNS | EV_CERT | EV_DECLARED);
	w->m.site = COUNTRY_NONE, w->m.site_row = 0, w->m.site_unsure = false;
}

static void take_name_row(struct matching *w)
{
	const struct book_name *n = w->name;
	w->m.component = n->component;
	w->m.path = n->path;
	if (w->call)
		return;
	w->m.roles |= n->roles;
	w->m.may |= n->may;
	w->m.standing = (n->flags & NAME_STANDING) != 0;
	if ((n->roles & ROLE_KEY) != 0)
		w->m.basis |= BASIS_SERVER;
}

static void take_framing_row(struct matching *w, const struct book_framing *r)
{
	w->m.roles |= r->roles;
	w->m.may |= r->may;
	if (w->m.component == 0)
		w->m.component = r->component;
	if (w->m.path == PATH_NONE)
		w->m.path = r->path;
	if ((r->roles & ROLE_KEY) != 0)
		w->m.basis |= r->basis != 0 ? r->basis : (uint8_t)BASIS_SERVER;
	if ((w->c->finding->tells & TELLS_MEDIA) != 0)
		w->m.media |= r->media;
	if (ports_hold(w->b, r, w->c))
		w->m.evidence |= EV_PORT;
}

static void take_rows(struct matching *w)
{
	if (w->name != NULL)
		take_name_row(w);
	for (size_t i = 0; i < w->framing_count; i++)
		if (w->framing[i]->service == w->m.service)
			take_framing_row(w, w->framing[i]);
}

static void take_tells(struct matching *w)
{
	unsigned tells = w->c->finding->tells;
	w->m.roles |= (uint8_t)roles_told(tells);
	w->m.basis |= (uint8_t)basis_told(tells);
	w->m.may &= (uint8_t)~w->m.roles;
}

static void settle_path(struct matching *w)
{
	unsigned tells = w->c->finding->tells;
	if ((tells & TELLS_PEER) != 0)
		w->m.path = PATH_PEER;
	else if ((tells & TELLS_RELAY) != 0)
		w->m.path = PATH_RELAY;
	else if (w->m.path == PATH_NONE && (w->name != NULL || w->m.in_prefix || !w->call))
		w->m.path = PATH_SERVER;
}

/* Whether the certificate names the service that was concluded. */
static bool cert_fits(const struct matching *w)
{
	const struct span *cert;
	size_t n = cert_names(w->c->finding, &cert);
	for (size_t i = 0; i < w->framing_count; i++)
		if (w->framing[i]->is == FRAMING_CERTIFICATE && w->framing[i]->service == w->m.service)
			return true;
	for (size_t i = 0; i < n; i++) {
		uint16_t site_row;
		struct span name = name_strip_star(cert[i]);
		uint32_t row = catalogue_name(w->b, name, &site_row);
		if ((row != 0 && book_name(w->b, row - 1)->service == w->m.service) ||
		    (w->name != NULL && name_equal(name, w->m.name)))
			return true;
	}
	return n == 0 && w->c->finding->text[TEXT_CERTIFICATE].len == 0;
}

/* A certificate of somebody else is no evidence for a service that something else told, and a cover for nothing. */
static void settle_evidence(struct matching *w)
{
	unsigned own = w->c->finding->evidence;
	if (w->m.service > SERVICE_UNKNOWN && (own & EV_CERT) != 0 && !cert_fits(w))
		own &= ~(unsigned)EV_CERT;
	if ((w->c->finding->tells & TELLS_HIDDEN) != 0)
		own &= ~(unsigned)EV_SNI;
	w->m.evidence |= (uint8_t)own;
}

struct match catalogue_match(const struct book *b, const struct clues *c, struct trace *t)
{
	struct matching w = { .b = b, .c = c, .t = t, .call = (c->finding->tells & TELLS_CALL) != 0 };
	match_framings(&w);
	if (!finding_speaks(&w))
		return (struct match){ .evidence = c->finding->evidence };
	match_names(&w);
	settle_service(&w);
	w.m.media = c->finding->media;
	match_prefix(&w);
	if (w.m.service == SERVICE_NONE && (c->finding->tells & TELLS_CONFERENCE) != 0)
		w.m.service = SERVICE_UNKNOWN;
	if (w.m.service != SERVICE_NONE) {
		take_rows(&w);
		take_tells(&w);
		settle_path(&w);
	}
	settle_evidence(&w);
	trace_add(t, (struct trace_step){ .what = TRACE_SERVICE, .row = w.m.service, .number = w.m.roles },
		  (struct span){ NULL, 0 });
	return w.m;
}
