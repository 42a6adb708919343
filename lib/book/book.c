/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "book/book.h"

#include <errno.h>
#include <math.h>

#include "base/siphash.h"
#include "book/nest.h"
#include "book/writer.h"

enum {
	ROLES_ALL = 15,
	BASIS_ALL = 7,
	MEDIA_ALL = 7,
	SOURCES_MAX = 255
}; /* location_source.source 255 is the site table */

static const uint64_t key_zero[2];

static const struct {
	size_t bytes, align;
} elements[BOOK_SECTIONS] = {
#define ELEMENT(id, type) [id] = { sizeof(type), _Alignof(type) }
	ELEMENT(BOOK_TEXT, char),
	ELEMENT(BOOK_SETTINGS, struct book_settings),
	ELEMENT(BOOK_SERVICE, struct book_service),
	ELEMENT(BOOK_COMPONENT, struct book_component),
	ELEMENT(BOOK_NAME, struct book_name),
	ELEMENT(BOOK_SITE, struct book_site),
	ELEMENT(BOOK_PREFIX, struct book_prefix),
	ELEMENT(BOOK_FRAMING, struct book_framing),
	ELEMENT(BOOK_PORTS, struct book_ports),
	ELEMENT(BOOK_SOURCE, struct book_source),
	ELEMENT(BOOK_RANGE4, struct book_range4),
	ELEMENT(BOOK_RANGE6, struct book_range6),
	ELEMENT(BOOK_REGION, struct book_region),
	ELEMENT(BOOK_GROUP, struct book_group),
	ELEMENT(BOOK_MEMBER, struct book_member),
	ELEMENT(BOOK_RULE, struct book_rule),
	ELEMENT(BOOK_SERVICE_LIST, uint16_t),
	ELEMENT(BOOK_COUNTRY_LIST, country),
	ELEMENT(BOOK_EXCEPTION, struct book_exception),
	ELEMENT(BOOK_LOCAL, struct prefix),
	ELEMENT(BOOK_RESOLVER, struct prefix),
	ELEMENT(BOOK_INDEX4, uint32_t),
	ELEMENT(BOOK_CAPTURE, struct book_capture),
	ELEMENT(BOOK_OUTPUT, struct book_output),
	ELEMENT(BOOK_PROTECT, struct prefix),
	ELEMENT(BOOK_ENFORCE, struct book_enforce),
#undef ELEMENT
};

size_t book_element_bytes(enum book_section_id id)
{
	return elements[id].bytes;
}

static bool text_ok(const struct book *b, struct book_text t)
{
	const char *texts = b->section[BOOK_TEXT];
	size_t count = b->count[BOOK_TEXT];
	return t.at < count && t.bytes < count - t.at && texts[t.at + t.bytes] == '\0';
}

static bool list_ok(const struct book *b, enum book_section_id id, uint64_t first, uint64_t count)
{
	return first <= b->count[id] && count <= b->count[id] - first;
}

static bool country_ok(country c)
{
	uint8_t high = (uint8_t)(c >> 8), low = (uint8_t)(c & 0xFF);
	return c == COUNTRY_NONE || (high >= 'A' && high <= 'Z' && low >= 'A' && low <= 'Z');
}

static bool word_ok(enum word_set set, unsigned value)
{
	return word_name(set, value) != NULL;
}
static bool set_ok(unsigned set, unsigned all)
{
	return (set & ~all) == 0;
}
static bool path_ok(unsigned path)
{
	return path == PATH_NONE || word_ok(WORDS_PATH, path);
}

static bool prefix_ok(const struct prefix *p)
{
	if (p->bits > 128)
		return false;
	unsigned left = p->bits % 8, from = p->bits / 8;
	if (left > 0 && (p->at.bytes[from++] & 0xFF >> left) != 0)
		return false;
	for (; from < 16; from++)
		if (p->at.bytes[from] != 0)
			return false;
	return true;
}

/* One check a section: is this row whole, given that every text section and count is known. */
static bool settings_ok(const struct book *b, size_t row)
{
	const struct book_settings *s = book_settings_row(b, row);
	bool place = (isnan(s->latitude) && isnan(s->longitude)) ||
		     (fabs(s->latitude) <= 90 && fabs(s->longitude) <= 180);
	return text_ok(b, s->site_name) && text_ok(b, s->policy_file) && place &&
	       country_ok(s->site_country) && word_ok(WORDS_MODE, s->mode) && word_ok(WORDS_SIZE, s->size) &&
	       s->by_vlan < 2 && s->has_policy < 2 && s->resolvers_auto < 2 && s->local_auto < 2 &&
	       word_ok(WORDS_FENCING, s->fences);
}

static bool service_ok(const struct book *b, size_t row)
{
	const struct book_service *s = book_service(b, row);
	return text_ok(b, s->name) && text_ok(b, s->operator_name) && country_ok(s->seat);
}

static bool component_ok(const struct book *b, size_t row)
{
	return text_ok(b, book_component(b, row)->name);
}

/* Sorted as the writer sorts, no row twice. */
static bool name_follows(const struct book *b, size_t row)
{
	const struct book_name *n = book_name(b, row), *before = book_name(b, row - 1);
	struct span pattern = book_span(b, n->pattern), other = book_span(b, before->pattern);
	int c = span_order(book_span(b, before->tail), book_span(b, n->tail));
	if (c == 0)
		c = (other.len < pattern.len) - (other.len > pattern.len);
	return (c != 0 ? c : span_order(other, pattern)) < 0;
}

static bool name_ok(const struct book *b, size_t row)
{
	const struct book_name *n = book_name(b, row);
	if (!text_ok(b, n->tail) || !text_ok(b, n->pattern) || !text_ok(b, n->source) ||
	    !text_ok(b, n->checked))
		return false;
	struct span tail = book_span(b, n->tail), pattern = book_span(b, n->pattern);
	bool ends = tail.len > 0 && tail.len <= pattern.len &&
		    memcmp(pattern.at + pattern.len - tail.len, tail.at, tail.len) == 0;
	bool whole = (n->flags & NAME_PATTERN) != 0 || tail.len == pattern.len;
	return ends && whole && n->service < b->count[BOOK_SERVICE] &&
	       n->component < b->count[BOOK_COMPONENT] && set_ok(n->roles, ROLES_ALL) &&
	       set_ok(n->may, ROLES_ALL) && path_ok(n->path) &&
	       set_ok(n->flags, NAME_STANDING | NAME_PATTERN | NAME_SHARED) &&
	       (row == 0 || name_follows(b, row));
}

static bool site_follows(const struct book *b, size_t row)
{
	const struct book_site *s = book_site(b, row), *before = book_site(b, row - 1);
	if (s->service != before->service)
		return s->service > before->service;
	return span_order(book_span(b, before->code), book_span(b, s->code)) < 0;
}

static bool site_ok(const struct book *b, size_t row)
{
	const struct book_site *s = book_site(b, row);
	return text_ok(b, s->code) && text_ok(b, s->source) && s->code.bytes > 0 &&
	       s->service < b->count[BOOK_SERVICE] && country_ok(s->place) && s->unsure < 2 &&
	       (row == 0 || site_follows(b, row));
}

static bool parent_ok(const struct nest *n, const void *rows, size_t first, size_t row)
{
	uint32_t want, is;
	memcpy(&is, (const uint8_t *)rows + row * n->element_bytes + n->parent_at, sizeof is);
	return nest_parent(n, rows, first, row, &want) && want == is;
}

static bool catalogue_prefix_ok(const struct book *b, size_t row)
{
	const struct book_prefix *p = book_prefix(b, row);
	return prefix_ok(&p->prefix) && word_ok(WORDS_PREFIX, p->place) &&
	       p->service < b->count[BOOK_SERVICE] && text_ok(b, p->source) && text_ok(b, p->checked) &&
	       parent_ok(&nest_prefix, b->section[BOOK_PREFIX], 0, row);
}

static bool framing_ok(const struct book *b, size_t row)
{
	const struct book_framing *f = book_framing(b, row);
	return text_ok(b, f->pattern) && text_ok(b, f->source) &&
	       list_ok(b, BOOK_PORTS, f->first_port, f->port_count) && f->service < b->count[BOOK_SERVICE] &&
	       f->component < b->count[BOOK_COMPONENT] && word_ok(WORDS_FRAMING, f->is) &&
	       set_ok(f->roles, ROLES_ALL) && set_ok(f->may, ROLES_ALL) && set_ok(f->basis, BASIS_ALL) &&
	       path_ok(f->path) && set_ok(f->media, MEDIA_ALL);
}

static bool ports_ok(const struct book *b, size_t row)
{
	const struct book_ports *p = book_ports(b, row);
	return p->lo <= p->hi && word_ok(WORDS_PROTO, p->proto);
}

static bool source_ok(const struct book *b, size_t row)
{
	const struct book_source *s = book_source(b, row);
	if (!text_ok(b, s->label) || !text_ok(b, s->file) || !text_ok(b, s->built) ||
	    !word_ok(WORDS_KIND, s->kind) ||
	    !set_ok(s->has, SOURCE_HAS_COUNTRY | SOURCE_HAS_ASN | SOURCE_HAS_REGISTERED) ||
	    row >= SOURCES_MAX || !list_ok(b, BOOK_RANGE4, s->first4, s->count4) ||
	    !list_ok(b, BOOK_RANGE6, s->first6, s->count6))
		return false;
	for (size_t i = s->first4; i < s->first4 + s->count4; i++)
		if (!parent_ok(&nest_range4, b->section[BOOK_RANGE4], s->first4, i))
			return false;
	for (size_t i = s->first6; i < s->first6 + s->count6; i++)
		if (!parent_ok(&nest_range6, b->section[BOOK_RANGE6], s->first6, i))
			return false;
	return true;
}

static bool range4_ok(const struct book *b, size_t row)
{
	const struct book_range4 *r = book_range4(b, row);
	return r->first <= r->last && country_ok(r->says) && country_ok(r->registered) && text_ok(b, r->note);
}

static bool range6_ok(const struct book *b, size_t row)
{
	const struct book_range6 *r = book_range6(b, row);
	return address_compare(&r->first, &r->last) <= 0 && country_ok(r->says) &&
	       country_ok(r->registered) && text_ok(b, r->note);
}

static bool region_ok(const struct book *b, size_t row)
{
	return text_ok(b, book_region(b, row)->name);
}

static bool group_ok(const struct book *b, size_t row)
{
	const struct book_group *g = book_group(b, row);
	return text_ok(b, g->name) && list_ok(b, BOOK_MEMBER, g->first_member, g->member_count) &&
	       g->shared < 2;
}

static bool member_ok(const struct book *b, size_t row)
{
	return prefix_ok(&book_member(b, row)->prefix);
}

static bool rule_ok(const struct book *b, size_t row)
{
	const struct book_rule *r = book_rule(b, row);
	unsigned paths = 1u << PATH_SERVER | 1u << PATH_RELAY | 1u << PATH_PEER;
	return text_ok(b, r->name) && list_ok(b, BOOK_SERVICE_LIST, r->first_service, r->service_count) &&
	       list_ok(b, BOOK_COUNTRY_LIST, r->first_operator, r->operator_count) &&
	       r->group <= b->count[BOOK_GROUP] && r->inside <= b->count[BOOK_REGION] &&
	       r->outside <= b->count[BOOK_REGION] && set_ok(r->roles, ROLES_ALL) &&
	       set_ok(r->basis, BASIS_ALL) && set_ok(r->paths, paths) &&
	       (r->unsure == UNSURE_UNSET || word_ok(WORDS_UNSURE, r->unsure)) &&
	       word_ok(WORDS_ACTION, r->action) && word_ok(WORDS_MODE, r->mode) &&
	       set_ok(r->flags, RULE_SERVICE_ANY | RULE_SERVICE_EXCEPT);
}

static bool service_list_ok(const struct book *b, size_t row)
{
	return book_service_list(b)[row] < b->count[BOOK_SERVICE];
}

static bool country_list_ok(const struct book *b, size_t row)
{
	country c = book_country_list(b)[row];
	return c != COUNTRY_NONE && country_ok(c);
}

static bool exception_ok(const struct book *b, size_t row)
{
	const struct book_exception *e = book_exception(b, row);
	return text_ok(b, e->owner) && text_ok(b, e->reason) && e->until_us != 0 &&
	       e->rule < b->count[BOOK_RULE] && e->group <= b->count[BOOK_GROUP];
}

static bool local_ok(const struct book *b, size_t row)
{
	return prefix_ok(book_local(b, row));
}
static bool resolver_ok(const struct book *b, size_t row)
{
	return prefix_ok(book_resolver(b, row));
}

static bool protect_ok(const struct book *b, size_t row)
{
	return prefix_ok(book_protect(b, row));
}

static bool capture_ok(const struct book *b, size_t row)
{
	const struct book_capture *c = book_capture(b, row);
	return text_ok(b, c->interface) && c->interface.bytes > 0 && c->side <= SIDE_MIRROR;
}

static bool output_ok(const struct book *b, size_t row)
{
	const struct book_output *o = book_output(b, row);
	return text_ok(b, o->target) && o->kind < OUTPUT_KINDS && o->transport < TRANSPORTS && o->format < FORMATS;
}

static bool enforce_ok(const struct book *b, size_t row)
{
	const struct book_enforce *e = book_enforce(b, row);
	return e->timeout_s > 0 && e->max_blocks > 0 && e->reject <= 1;
}

/* Rows are references and values only; TEXT is held by what refers to it. In this order: a check may lean on
 * sections before it (sources on ranges). */
static const struct {
	enum book_section_id id;
	bool (*ok)(const struct book *b, size_t row);
	const char *why;
	size_t least, most;
} checks[] = {
	{ BOOK_SETTINGS, settings_ok, "the settings are not one sound row", 1, 1 },
	{ BOOK_SERVICE, service_ok, "a service's row is not sound", 2, UINT16_MAX },
	{ BOOK_COMPONENT, component_ok, "a component's row is not sound", 1, UINT16_MAX },
	{ BOOK_NAME, name_ok, "a name's row is not sound or out of order", 0, UINT32_MAX },
	{ BOOK_SITE, site_ok, "a site's row is not sound or out of order", 0, UINT16_MAX },
	{ BOOK_PREFIX, catalogue_prefix_ok, "a prefix's row is not sound or out of order", 0, UINT32_MAX },
	{ BOOK_FRAMING, framing_ok, "a framing's row is not sound", 0, UINT32_MAX },
	{ BOOK_PORTS, ports_ok, "a row of ports is not sound", 0, UINT32_MAX },
	{ BOOK_RANGE4, range4_ok, "an IPv4 range is not sound", 0, UINT32_MAX },
	{ BOOK_RANGE6, range6_ok, "an IPv6 range is not sound", 0, UINT32_MAX },
	{ BOOK_SOURCE, source_ok, "a source's row is not sound or its ranges are out of order", 0,
	  SOURCES_MAX },
	{ BOOK_REGION, region_ok, "a region's row is not sound", 0, UINT16_MAX - 1 },
	{ BOOK_MEMBER, member_ok, "a group's prefix is not sound", 0, UINT32_MAX },
	{ BOOK_GROUP, group_ok, "a group's row is not sound", 0, UINT16_MAX - 1 },
	{ BOOK_RULE, rule_ok, "a rule's row is not sound", 0, UINT16_MAX - 1 },
	{ BOOK_SERVICE_LIST, service_list_ok, "a rule's service is not there", 0, UINT32_MAX },
	{ BOOK_COUNTRY_LIST, country_list_ok, "a rule's country is none", 0, UINT32_MAX },
	{ BOOK_EXCEPTION, exception_ok, "an exception's row is not sound", 0, UINT16_MAX },
	{ BOOK_LOCAL, local_ok, "a local prefix is not sound", 0, UINT32_MAX },
	{ BOOK_RESOLVER, resolver_ok, "a resolver's prefix is not sound", 0, UINT32_MAX },
	{ BOOK_INDEX4, NULL, "the index is not empty: this version has none", 0, 0 },
	{ BOOK_CAPTURE, capture_ok, "a capture's row is not sound", 0, 16 },
	{ BOOK_OUTPUT, output_ok, "an output's row is not sound", 0, 64 },
	{ BOOK_PROTECT, protect_ok, "a protected prefix is not sound", 0, UINT32_MAX },
	{ BOOK_ENFORCE, enforce_ok, "what enforce is told is not one sound row", 0, 1 },
};

static const char *open_sections(struct span image, struct book *b)
{
	for (size_t id = 0; id < BOOK_SECTIONS; id++) {
		struct book_section s = b->header->section[id];
		if (s.at % 8 != 0 || s.at < sizeof *b->header || s.at > image.len ||
		    s.count > (image.len - s.at) / elements[id].bytes)
			return "a section lies outside the image";
		b->section[id] = image.at + s.at;
		b->count[id] = s.count;
	}
	const char *texts = b->section[BOOK_TEXT];
	return b->count[BOOK_TEXT] == 0 || texts[0] != '\0' ? "the texts do not begin with the empty one"
							    : NULL;
}

static const char *check_rows(const struct book *b)
{
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		size_t count = b->count[checks[i].id];
		if (count < checks[i].least || count > checks[i].most)
			return checks[i].why;
		for (size_t row = 0; row < count; row++)
			if (!checks[i].ok(b, row))
				return checks[i].why;
	}
	return NULL;
}

static const char *open_image(struct span image, struct book *b)
{
	if (image.len < sizeof *b->header || (uintptr_t)image.at % 8 != 0)
		return "too short for a book, or not aligned";
	b->header = (const struct book_header *)(const void *)image.at;
	if (b->header->magic != BOOK_MAGIC || b->header->version != BOOK_VERSION)
		return "no book of this version";
	if (b->header->bytes != image.len)
		return "the book is cut or has more behind its end";
	if (b->header->hash !=
	    siphash13(key_zero, image.at + sizeof *b->header, image.len - sizeof *b->header))
		return "the bytes are not those that its hash names";
	const char *why = open_sections(image, b);
	return why != NULL ? why : check_rows(b);
}

int book_open(struct span image, struct book *ret, const char **ret_why)
{
	struct book b = { 0 };
	const char *why = open_image(image, &b);
	if (why != NULL) {
		if (ret_why != NULL)
			*ret_why = why;
		return -EINVAL;
	}
	*ret = b;
	return 0;
}

bool book_is_local(const struct book *b, const struct address *a)
{
	for (size_t i = 0; i < b->count[BOOK_LOCAL]; i++)
		if (prefix_holds(book_local(b, i), a))
			return true;
	bool told = book_settings(b)->local_auto == 0 && b->count[BOOK_LOCAL] > 0;
	return !told && address_is_local_space(a);
}

uint64_t book_next_change(const struct book *b, uint64_t at_us)
{
	uint64_t next = UINT64_MAX;
	for (size_t i = 0; i < b->count[BOOK_EXCEPTION]; i++) {
		uint64_t until = book_exception(b, i)->until_us;
		if (until > at_us && until < next)
			next = until;
	}
	return next;
}

enum code book_rule_code(const struct book *b, size_t row, unsigned roles)
{
	static const struct {
		enum role role;
		enum code code;
	} codes[] = {
		{ ROLE_KEY, CODE_KEY_REGION },
		{ ROLE_MEDIA, CODE_MEDIA_REGION },
		{ ROLE_SIGNALLING, CODE_SIGNALLING_REGION },
		{ ROLE_WEB, CODE_WEB_REGION },
	};
	const struct book_rule *r = book_rule(b, row);
	if (r->roles != 0)
		roles = (r->roles & roles) != 0 ? r->roles & roles : r->roles;
	else if (r->inside == 0 && r->outside == 0)
		return CODE_SERVICE_BANNED;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if ((roles & codes[i].role) != 0)
			return codes[i].code;
	return CODE_SERVICE_BANNED;
}
