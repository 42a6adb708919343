/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ledger_book: the small book and the flow facts that the tests of ledger and event are made of. */
#ifndef KEYFENCE_TESTS_LEDGER_BOOK_H
#define KEYFENCE_TESTS_LEDGER_BOOK_H

#include <stdio.h>
#include <stdlib.h>

#include "book/writer.h"

enum { ZOOM = 2, TEAMS = 3, BOOK_SERVICES };
/* Rows + 1, as verdicts name them. */
enum { KEYS_NEVER = 1, MEDIA_FRIENDS, NO_ZOOM, SIGNALLING_NEVER, MEDIA_NEVER, KEYS_FRIENDS, BOOK_RULES };
enum { SOURCE_IPFIRE, SOURCE_AWS };
enum { IN_CN = 'C' << 8 | 'N', IN_US = 'U' << 8 | 'S', IN_HK = 'H' << 8 | 'K', IN_DE = 'D' << 8 | 'E' };
#define SECOND 1000000ull

static inline struct book_text ledger_text(struct book_writer *w, const char *s)
{
	return book_write_text(w, span_text(s));
}

static inline void ledger_rule(struct book_writer *w, const char *name, uint8_t roles, uint16_t inside,
			       uint16_t outside, uint8_t action)
{
	struct book_rule r = { .name = ledger_text(w, name),
			       .roles = roles,
			       .inside = inside,
			       .outside = outside,
			       .action = action };
	book_write(w, BOOK_RULE, &r);
}

static inline void ledger_tables(struct book_writer *w)
{
	struct book_service zoom = { .name = ledger_text(w, "zoom") },
			    teams = { .name = ledger_text(w, "teams") };
	book_write(w, BOOK_SERVICE, &zoom);
	book_write(w, BOOK_SERVICE, &teams);
	struct book_component phone = { .name = ledger_text(w, "phone") };
	book_write(w, BOOK_COMPONENT, &phone);
	struct book_site tj = { .code = ledger_text(w, "tj"), .service = ZOOM, .place = IN_CN };
	book_write(w, BOOK_SITE, &tj);
	struct book_source ipfire = { .label = ledger_text(w, "ipfire"),
				      .file = ledger_text(w, "geo/geoip"),
				      .built = ledger_text(w, "2026-06-17"),
				      .kind = KIND_DATABASE };
	struct book_source aws = { .label = ledger_text(w, "aws"),
				   .file = ledger_text(w, "aws-ip-ranges.json"),
				   .built = ledger_text(w, "2026-06-01"),
				   .kind = KIND_PROVIDER };
	struct book_range4 wide = {
		.first = 0x34500000, .last = 0x345FFFFF, .says = IN_US, .note = ledger_text(w, "GLOBAL")
	};
	struct book_range4 narrow = {
		.first = 0x34519600, .last = 0x345196FF, .says = IN_CN, .note = ledger_text(w, "cn-north-1")
	};
	struct book_range6 six = { .says = IN_US, .note = ledger_text(w, "us-east-1") };
	address_parse(span_text("2001:db8::"), &six.first);
	address_parse(span_text("2001:db8::ffff"), &six.last);
	book_write(w, BOOK_RANGE4, &wide);
	book_write(w, BOOK_RANGE4, &narrow);
	book_write(w, BOOK_RANGE6, &six);
	aws.first4 = aws.first6 = 0, aws.count4 = 2, aws.count6 = 1;
	book_write(w, BOOK_SOURCE, &ipfire);
	book_write(w, BOOK_SOURCE, &aws);
	struct book_region never = { .name = ledger_text(w, "never") },
			   friends = { .name = ledger_text(w, "friends") };
	book_write(w, BOOK_REGION, &never);
	book_write(w, BOOK_REGION, &friends);
	ledger_rule(w, "keys-never", ROLE_KEY, 1, 0, ACTION_BLOCK);
	ledger_rule(w, "media-friends", ROLE_MEDIA, 0, 2, ACTION_ALERT);
	ledger_rule(w, "no-zoom", 0, 0, 0, ACTION_ALERT);
	ledger_rule(w, "signalling-never", ROLE_SIGNALLING, 1, 0, ACTION_ALERT);
	ledger_rule(w, "media-never", ROLE_MEDIA, 1, 0, ACTION_ALERT);
	ledger_rule(w, "keys-friends", ROLE_KEY, 0, 2, ACTION_BLOCK);
}

static inline const struct book *ledger_book(void)
{
	static uint8_t *image;
	static struct book book;
	if (image != NULL)
		return &book;
	struct book_writer *w = book_writer_new();
	struct book_settings s = { .site_name = ledger_text(w, "gw1"),
				   .policy_file = ledger_text(w, "keyfence.yaml"),
				   .window_s = 300,
				   .site_country = 'T' << 8 | 'W',
				   .has_policy = 1 };
	book_write(w, BOOK_SETTINGS, &s);
	ledger_tables(w);
	size_t bytes;
	const char *why = "no image";
	if (book_writer_image(w, 1, &image, &bytes) != 0 ||
	    book_open(span_of(image, bytes), &book, &why) != 0) {
		fprintf(stderr, "the book of the test: %s\n", why);
		abort();
	}
	book_writer_free(w);
	return &book;
}

/* ---- facts ---- */

static inline struct location located(country first, country second, uint8_t certainty)
{
	struct location at = { .candidate = { first, second },
			       .kinds = { KIND_DATABASE, KIND_PROVIDER },
			       .count = (uint8_t)((first != 0) + (second != 0)),
			       .certainty = certainty };
	if (first == COUNTRY_NONE)
		return at;
	at.source_count = 2;
	at.source[0] = (struct location_source){
		.says = first, .source = SOURCE_IPFIRE, .kind = KIND_DATABASE, .counted = 1
	};
	at.source[1] = (struct location_source){ .says = second != 0 ? second : first,
						 .source = SOURCE_AWS,
						 .kind = KIND_PROVIDER,
						 .counted = certainty != CERTAINTY_PLAUSIBLE };
	return at;
}

/* A flow of client 10.0.0.1 to a server of that last byte, judged and in use, 10 s old at its first fact. */
static inline struct flow_fact a_flow(uint64_t id, uint16_t service, uint8_t roles, uint64_t at_s)
{
	struct flow_fact f = {
		.id = id,
		.at_us = at_s * SECOND,
		.first_us = (at_s - 10) * SECOND,
		.last_us = at_s * SECOND,
		.packets = { 10, 20 },
		.bytes = { 1000, 2000 },
		.key = { .lo = address_from_v4(0x0A000001),
			 .hi = address_from_v4(0x34519600 + (uint32_t)(id & 0xFF)),
			 .lo_port = (uint16_t)(40000 + id),
			 .hi_port = 443,
			 .proto = PROTO_TCP },
		.now = { .service = service,
			 .roles = roles,
			 .stage = STAGE_USED,
			 .path = PATH_SERVER,
			 .basis = (roles & ROLE_KEY) != 0 ? BASIS_SERVER : 0,
			 .evidence = EV_SNI | EV_ANSWER },
		.kind = FACT_CHANGED,
	};
	f.place[PLACE_SERVER].at = f.key.hi;
	f.place[PLACE_SERVER].port = 443;
	f.place[PLACE_SERVER].set = 1;
	f.place[PLACE_SERVER].where = located(IN_US, 0, CERTAINTY_CONFIRMED);
	f.name_bytes = (uint8_t)snprintf(f.name, sizeof f.name, "host%u.zoom.us", (unsigned)(id & 0xFF));
	return f;
}

static inline void violate(struct flow_fact *f, uint16_t rule, struct location where)
{
	uint8_t action = rule == KEYS_NEVER || rule == KEYS_FRIENDS ? ACTION_BLOCK : ACTION_ALERT;
	f->place[PLACE_SERVER].where = where;
	f->verdict = (struct verdict){ .rule = rule, .action = action, .place = PLACE_SERVER, .observe = 1 };
	f->place[PLACE_SERVER].verdict = f->verdict;
	f->now.rule = rule;
	f->now.action = action;
}

/* The same flow later: more traffic (way by way), another kind of fact. */
static inline struct flow_fact later(struct flow_fact f, uint8_t kind, uint64_t at_s, uint64_t last_s,
				     uint64_t more)
{
	f.kind = kind;
	f.at_us = at_s * SECOND;
	f.last_us = last_s * SECOND;
	f.packets[0] += more, f.packets[1] += 2 * more;
	f.bytes[0] += 100 * more, f.bytes[1] += 200 * more;
	return f;
}

#endif
