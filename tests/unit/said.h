/* SPDX-License-Identifier: GPL-3.0-or-later */
/* said: DNS messages told to a place table, each by what differs from one common exchange. */
#ifndef KEYFENCE_TESTS_SAID_H
#define KEYFENCE_TESTS_SAID_H

#include "check.h"
#include "places/places.h"

enum { A = 1, CNAME = 5, AAAA = 28, DNAME = 39, ANY = 255 };

static const uint64_t key[2] = { 0, 0 };
static uint64_t now_us = 1700000000u * 1000000ull;

/* ---- messages and packets ---- */

static struct address addr(const char *text)
{
	struct address a;
	if (!address_parse(span_text(text), &a))
		abort();
	return a;
}

/* One message of the client at `client`:`port` to, or from, the server; everything that a forger can vary. */
struct said {
	const char *client, *server, *question;
	uint16_t port, id, type, server_port, proto;
	bool answer, truncated;
	uint8_t rcode;
	const char *records; /* "owner type target-or-address ttl; ..." */
};

static uint16_t put_name(struct dns_message *m, const char *name)
{
	uint16_t at = m->names_bytes;
	memcpy(m->names + at, name, strlen(name) + 1);
	m->names_bytes = (uint16_t)(at + strlen(name) + 1);
	return at;
}

static void put_records(struct dns_message *m, const char *records)
{
	char owner[300], target[300];
	unsigned type, ttl;
	int used = 0;
	for (const char *at = records;
	     sscanf(at, " %299s %u %299s %u%n", owner, &type, target, &ttl, &used) == 4;) {
		struct dns_record *r = &m->record[m->record_count++];
		*r = (struct dns_record){ .type = (uint16_t)type,
					  .ttl_s = ttl,
					  .owner = put_name(m, strcmp(owner, "-") ? owner : "") };
		if (type == A || type == AAAA)
			r->at = addr(target);
		else
			r->target = put_name(m, strcmp(target, "-") ? target : "");
		at += used;
		at += *at == ';';
	}
}

static inline enum dns_doubt tell(struct places *t, struct said s)
{
	static struct dns_message m;
	memset(&m, 0, sizeof m);
	m.id = s.id, m.answer = s.answer, m.truncated = s.truncated, m.rcode = s.rcode, m.type = s.type;
	m.question_bytes = (uint8_t)strlen(s.question);
	memcpy(m.question, s.question, strlen(s.question) + 1);
	put_records(&m, s.records != NULL ? s.records : "");
	struct address client = addr(s.client), server = addr(s.server);
	bool client_is_hi = address_compare(&client, &server) > 0;
	struct packet p = { .at_us = now_us, .from_hi = client_is_hi != s.answer };
	p.key.lo = client_is_hi ? server : client, p.key.hi = client_is_hi ? client : server;
	p.key.lo_port = client_is_hi ? s.server_port : s.port,
	p.key.hi_port = client_is_hi ? s.port : s.server_port;
	p.key.proto = (uint8_t)s.proto;
	return places_dns(t, &m, &p);
}

#define ASKS                                                                                                \
	.client = "10.0.0.7", .server = "192.0.2.53", .port = 40000, .id = 7, .type = A, .server_port = 53, \
	.proto = PROTO_UDP, .question = "zoom.us"
#define SAYS(...) ((struct said){ ASKS, .answer = true, __VA_ARGS__ })
#define RIGHT .records = "zoom.us 1 170.114.0.1 300"
#pragma GCC diagnostic ignored "-Woverride-init" /* a row says what it changes of ASKS */
#ifdef __clang__
#pragma clang diagnostic ignored "-Winitializer-overrides"
#endif

/* The names of an address, in one line. */
static inline const char *names_of(const struct places *t, const char *at)
{
	static char line[PLACE_NAMES * 256];
	struct span names[PLACE_NAMES];
	struct address a = addr(at);
	size_t n = places_names(t, &a, now_us, names), used = 0;
	line[0] = '\0';
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(line + used, sizeof line - used, "%s%.*s%s", i > 0 ? " " : "",
					 (int)names[i].len, (const char *)names[i].at,
					 names[i].len == 0 ? "." : "");
	return line;
}
#define NAMES(t, at, want) CHECK(strcmp(names_of(t, at), want) == 0, "%s: %s", at, names_of(t, at))

static inline struct places *fresh(void)
{
	return places_new(1024, key, NULL, 0);
}

/* Asks for a name and answers it. */
static inline enum dns_doubt name_it(struct places *t, const char *client, const char *name, const char *at,
				     unsigned ttl_s)
{
	char records[600];
	snprintf(records, sizeof records, "%s 1 %s %u", name, at, ttl_s);
	tell(t, (struct said){ ASKS, .client = client, .question = name });
	return tell(t, SAYS(.client = client, .question = name, .records = records));
}

#endif
