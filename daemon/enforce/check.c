/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "enforce/check.h"

enum { EVERY_ROLE = ROLE_WEB | ROLE_SIGNALLING | ROLE_KEY | ROLE_MEDIA };

/* An address that one machine can have, and that routers carry. */
static bool is_unicast(const struct address *a)
{
	enum address_class class = address_class_of(a);
	return class == ADDRESS_GLOBAL || class == ADDRESS_PRIVATE;
}

/* IPv4 in IPv4-mapped form is IPv4 everywhere, so both ends are of one family, or it is no flow. */
static bool is_well_formed(const struct message_block *r)
{
	bool proto = r->proto == PROTO_TCP || r->proto == PROTO_UDP;
	bool numbers = r->client_port != 0 && r->server_port != 0 && r->answered <= 1 &&
		       (r->roles & ~EVERY_ROLE) == 0 && r->roles != 0;
	return proto && numbers && address_is_v4(&r->client) == address_is_v4(&r->server);
}

static bool is_member(const struct book *b, const struct book_group *g, const struct address *client)
{
	for (size_t i = 0; i < g->member_count; i++)
		if (prefix_holds(&book_member(b, g->first_member + i)->prefix, client))
			return true;
	return false;
}

/* The book of this generation really says so: its rule blocks (or does where it is unsure), for this client. */
static bool is_ordered(const struct book *b, const struct message_block *r)
{
	if (r->generation != b->header->generation || check_limits(b) == NULL)
		return false;
	if (r->rule == 0 || r->rule > b->count[BOOK_RULE] || r->service >= b->count[BOOK_SERVICE])
		return false;
	const struct book_rule *rule = book_rule(b, r->rule - 1u);
	if (rule->mode != MODE_ENFORCE || (rule->action != ACTION_BLOCK && rule->unsure != UNSURE_BLOCK))
		return false;
	return rule->group == 0 || is_member(b, book_group(b, rule->group - 1u), &r->client);
}

static bool is_shared(const struct book *b, const struct address *client)
{
	for (size_t i = 0; i < b->count[BOOK_GROUP]; i++)
		if (book_group(b, i)->shared && is_member(b, book_group(b, i), client))
			return true;
	return false;
}

static bool holds(const struct prefix *rows, size_t n, const struct address *a)
{
	for (size_t i = 0; i < n; i++)
		if (prefix_holds(&rows[i], a))
			return true;
	return false;
}

/* Where our own alerts go to. */
static bool is_log_receiver(const struct book *b, const struct address *a)
{
	for (size_t i = 0; i < b->count[BOOK_OUTPUT]; i++) {
		const struct book_output *o = book_output(b, i);
		if (o->kind == OUTPUT_SYSLOG && o->transport != TRANSPORT_UNIX && address_equal(&o->host, a))
			return true;
	}
	return false;
}

/* What a network cannot do without is not cut off by port either, whoever serves it: names, addresses, time (IANA). */
static bool is_lifeline(const struct message_block *r)
{
	static const uint16_t udp[] = { 53, 67, 68, 123, 546, 547 };
	for (size_t i = 0; r->proto == PROTO_UDP && i < sizeof udp / sizeof *udp; i++)
		if (r->server_port == udp[i])
			return true;
	return r->proto == PROTO_TCP && r->server_port == 53;
}

static enum block_refusal check_server(const struct book *b, const struct address *server)
{
	if (!is_unicast(server) || holds(book_protect(b, 0), b->count[BOOK_PROTECT], server) ||
	    holds(book_resolver(b, 0), b->count[BOOK_RESOLVER], server) || is_log_receiver(b, server))
		return REFUSED_PROTECTED;
	return book_is_local(b, server) ? REFUSED_LOCAL : REFUSED_NOT;
}

/* IPv4 inside IPv6: 6to4 (RFC 3056), the NAT64 prefix (RFC 6052), IPv4-compatible (RFC 4291 s2.5.5.1). */
static bool inner_v4(const struct address *a, struct address *ret)
{
	static const uint8_t compatible[12] = { 0 }, nat64[12] = { 0, 0x64, 0xFF, 0x9B };
	const uint8_t *at = NULL;
	if (a->bytes[0] == 0x20 && a->bytes[1] == 0x02)
		at = a->bytes + 2;
	else if (memcmp(a->bytes, nat64, 12) == 0 || memcmp(a->bytes, compatible, 12) == 0)
		at = a->bytes + 12;
	if (at != NULL)
		*ret = address_from(span_of(at, 4));
	return at != NULL;
}

const struct book_enforce *check_limits(const struct book *b)
{
	bool enforces = book_settings(b)->has_policy && book_settings(b)->mode == MODE_ENFORCE;
	return enforces && b->count[BOOK_ENFORCE] > 0 ? book_enforce(b, 0) : NULL;
}

enum block_refusal check_places(const struct book *b, const struct address *client,
				const struct address *server)
{
	struct address inner;
	enum block_refusal why = check_server(b, server);
	if (why == REFUSED_NOT && inner_v4(server, &inner))
		why = check_server(b, &inner);
	if (why == REFUSED_NOT && (!is_unicast(client) || !book_is_local(b, client)))
		why = REFUSED_LOCAL;
	return why;
}

enum block_refusal check_request(struct guard *g, const struct message_block *r, bool standing,
				 size_t elements, uint64_t now_us)
{
	if (!is_well_formed(r) || !is_ordered(&g->book, r))
		return REFUSED_MALFORMED;
	if (g->paused)
		return REFUSED_PAUSED;
	if (!r->answered && !(r->evidence & EV_DNS)) /* one packet that anybody can forge blocks nothing */
		return REFUSED_UNANSWERED;
	enum block_refusal places = check_places(&g->book, &r->client, &r->server);
	if (places != REFUSED_NOT || is_lifeline(r))
		return places != REFUSED_NOT ? places : REFUSED_PROTECTED;
	if (is_shared(&g->book, &r->client) && strength_of(r->evidence) == STRENGTH_WEAK)
		return REFUSED_SHARED; /* one of many could cut off the rest with what a client can forge */
	if (standing)
		return REFUSED_NOT;
	if (elements >= check_limits(&g->book)->max_blocks)
		return REFUSED_FULL;
	return budget_take(&g->budget, check_limits(&g->book), &r->client, now_us);
}
