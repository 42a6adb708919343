/* SPDX-License-Identifier: GPL-3.0-or-later */
/* layout: the book's image: a header, then sections of equal elements, each 8-byte aligned, host byte order.
 * Texts are {at, bytes} into the TEXT section. Row numbers are indices; "+ 1" fields use 0 for none. Every
 * reference is checked once by book_open, so that readers cannot fail. */
#ifndef KEYFENCE_BOOK_LAYOUT_H
#define KEYFENCE_BOOK_LAYOUT_H

#include "words/values.h"

enum { BOOK_MAGIC = 0x4B464231, BOOK_VERSION = 1 }; /* "KFB1" */

struct book_text { uint32_t at, bytes; };

enum book_section_id {
	BOOK_TEXT, BOOK_SETTINGS, BOOK_SERVICE, BOOK_COMPONENT, BOOK_NAME, BOOK_SITE, BOOK_PREFIX, BOOK_FRAMING,
	BOOK_PORTS, BOOK_SOURCE, BOOK_RANGE4, BOOK_RANGE6, BOOK_REGION, BOOK_GROUP, BOOK_MEMBER, BOOK_RULE,
	BOOK_SERVICE_LIST, BOOK_COUNTRY_LIST, BOOK_EXCEPTION, BOOK_LOCAL, BOOK_RESOLVER, BOOK_INDEX4,
	BOOK_CAPTURE, BOOK_OUTPUT, BOOK_PROTECT, BOOK_ENFORCE, BOOK_SECTIONS,
};

struct book_section { uint64_t at, count; };
struct book_header {
	uint32_t magic, version;
	uint64_t bytes;              /* of the whole image */
	uint64_t hash;               /* SipHash-1-3 (key 0) of everything behind the header: names the book */
	uint32_t generation, zero;
	struct book_section section[BOOK_SECTIONS];
};

/* BOOK_SETTINGS: exactly one. */
struct book_settings {
	struct book_text site_name, policy_file;
	double latitude, longitude;  /* NaN: not given */
	uint32_t window_s;           /* alerts.window */
	country site_country;
	uint8_t mode, size, by_vlan, has_policy; /* has_policy 0: a catalogue-only book: no verdict, no location */
	uint8_t resolvers_auto, local_auto;
	uint8_t fences;              /* enum fencing */
	uint8_t zero[3];
};

/* Row 0 is "" (none), row 1 is `unknown`. */
struct book_service { struct book_text name, operator_name; country seat; uint8_t zero[6]; };
/* Row 0 is "" (none). */
struct book_component { struct book_text name; };

/* Names: sorted by `tail`, then longest `pattern` first. A suffix row has pattern == tail and matches that name
 * and everything below it. A pattern row matches a whole name; its tail is the literal labels behind its last
 * token (at least two labels). Tokens in patterns: <site> <n> <letters> <any> (catalogue.h). */
enum name_flag { NAME_STANDING = 1, NAME_PATTERN = 2, NAME_SHARED = 4 };
struct book_name {
	struct book_text tail, pattern, source, checked;
	uint16_t service, component;
	uint8_t roles, may, path, flags;
};
/* Sites: sorted by service, then code. */
struct book_site { struct book_text code, source; uint16_t service; country place; uint8_t unsure, zero[3]; };

/* Prefixes of the catalogue: sorted by first address, wider before narrower; parent + 1 is the row of the
 * narrowest prefix that holds this one. */
struct book_prefix {
	struct prefix prefix;       /* 17 bytes */
	uint8_t place;              /* enum prefix_place */
	uint16_t service;
	uint32_t parent;            /* + 1 */
	struct book_text source, checked;
};

/* Framings: rows ask one thing of a finding; sorted as written. */
struct book_framing {
	struct book_text pattern, source; /* framing's name, or the pattern of the text asked for */
	uint32_t first_port, port_count;  /* rows of BOOK_PORTS: strengthen, no condition */
	uint16_t service, component;
	uint16_t number;                  /* of FRAMING_STUN_ATTRIBUTE */
	uint8_t is;                       /* enum framing_is */
	uint8_t roles, may, basis, path, media;
};
struct book_ports { uint16_t lo, hi; uint8_t proto, zero[3]; };

/* Sources of location. A source's ranges are rows of RANGE4 and RANGE6, sorted by first, wider before narrower,
 * parent + 1 as above (nested only in provider lists and overrides; the narrowest speaks). */
enum source_has { SOURCE_HAS_COUNTRY = 1, SOURCE_HAS_ASN = 2, SOURCE_HAS_REGISTERED = 4 };
struct book_source {
	struct book_text label;     /* "aws", "ipfire", "mmdb", "override": what form it is */
	struct book_text file;      /* as named by the policy */
	struct book_text built;     /* date of the data, "2026-06-17", or its number, "change 391", or "" */
	uint64_t first4, count4, first6, count6;
	uint8_t kind;               /* enum kind */
	uint8_t has;
	uint16_t built_day;         /* days since 1970; 0: not known */
	uint32_t max_age_s;         /* older than that is told (DB_STALE), and never a verdict; 0: may be of any age */
};
struct book_range4 {
	uint32_t first, last, parent;
	uint32_t asn;               /* 0: not told */
	country says;               /* COUNTRY_NONE: named, but no country (GLOBAL, EU, AP, ??) */
	country registered;         /* of registered_country; only where says is none */
	struct book_text note;      /* region's name, override's note; bytes 0: none */
};
struct book_range6 {
	struct address first, last;
	uint32_t parent, asn;
	country says, registered;
	struct book_text note;
	uint32_t zero;
};

/* A set of countries: bit (a - 'A') * 26 + (b - 'A'). */
struct book_region { struct book_text name; uint64_t bits[11]; };
static inline bool region_holds(const struct book_region *r, country c)
{
	unsigned bit = ((unsigned)(c >> 8) - 'A') * 26u + ((unsigned)(c & 0xFF) - 'A');
	return c != COUNTRY_NONE && bit < 676 && (r->bits[bit / 64] >> bit % 64 & 1) != 0;
}

struct book_group { struct book_text name; uint32_t first_member, member_count; uint8_t shared, zero[7]; };
struct book_member { struct prefix prefix; uint8_t zero[7]; };

enum rule_flag { RULE_SERVICE_ANY = 1, /* `service: any`: every service, unknown left out */
		 RULE_SERVICE_EXCEPT = 2 /* the list is of those it is not for */ };
struct book_rule {
	struct book_text name;
	uint32_t first_service, service_count;   /* rows of BOOK_SERVICE_LIST; none: all services, unknown included */
	uint32_t first_operator, operator_count; /* rows of BOOK_COUNTRY_LIST */
	uint16_t group;                          /* + 1; 0: everybody */
	uint16_t inside, outside;                /* region row + 1 */
	uint8_t roles, basis, paths;             /* sets (paths: 1 << enum path); 0: no condition */
	uint8_t unsure, action, mode, flags;     /* mode: MODE_OBSERVE for itself, or the policy's */
	uint8_t zero[3];
};
struct book_exception {
	struct book_text owner, reason;
	uint64_t until_us;                       /* first instant at which it holds no more; 0: never ends is not allowed */
	uint16_t rule;
	uint16_t group;                          /* + 1; 0: everybody */
	uint8_t zero[4];
};

/* ---- what the daemon needs beside judgement ---- */

/* Interfaces, in the order of the policy; their rows are the numbers of the captures. */
struct book_capture { struct book_text interface; uint8_t side, zero[7]; };

enum output_kind { OUTPUT_JOURNAL, OUTPUT_SYSLOG, OUTPUT_JSON_FILE, OUTPUT_STDOUT, OUTPUT_KINDS };
enum output_transport { TRANSPORT_UNIX, TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORTS };
struct book_output {
	struct book_text target;  /* path of a file or socket, absolute; or the target as written */
	struct address host;      /* of UDP and TCP: an address, since report resolves no names */
	uint16_t port;
	uint8_t kind, transport, format, zero[3]; /* format: enum output_format */
};

/* BOOK_PROTECT: struct prefix: never blocked (enforce.protect; the supervisor adds what it reads from the kernel). */

/* BOOK_ENFORCE: none (the policy has no `enforce` and only observes) or one. */
struct book_enforce {
	uint32_t timeout_s, max_blocks, max_wide, budget_client, budget_servers, budget_blocks; /* budgets: a minute */
	uint8_t reject, zero[7];
};

#endif
