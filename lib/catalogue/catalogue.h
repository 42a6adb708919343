/* SPDX-License-Identifier: GPL-3.0-or-later */
/* catalogue: findings -> service, component, roles, path. Pure look-ups in the book; cannot fail.
 *
 * Names: longest match wins; a pattern that matches the whole name beats every suffix. Tokens of patterns, each at
 * least one character, never a dot: <n> digits; <letters> letters or nothing; <any> letters, digits, `-`, `_`;
 * <site> letters and digits that begin with a letter: its place is that of the longest code of the service's sites
 * that the run begins with, where a code of two letters may be followed by at most one letter more, and a longer one
 * by any letters and digits. A later <site> (".sjc.zoom.us") speaks before an earlier one. Without a known code the
 * row matches all the same, and tells no place.
 *
 * What decides: a name (SNI unless it is a cover; else what DNS called the server; else the certificate's), then
 * framing rows, then, only beside a finding that sets up, keys or is media, the vendor's prefix. No prefix and no port
 * alone makes a service. A finding of a session, of keys or of media that no row claims is SERVICE_UNKNOWN. */
#ifndef KEYFENCE_CATALOGUE_CATALOGUE_H
#define KEYFENCE_CATALOGUE_CATALOGUE_H

#include "book/book.h"
#include "words/trace.h"

struct clues {
	const struct finding *finding;
	const char *framing;           /* the recogniser's name */
	const struct address *server;
	const struct span *dns_names;  /* newest first */
	size_t dns_count;
	uint16_t server_port;
	uint8_t proto;
};

struct match catalogue_match(const struct book *b, const struct clues *c, struct trace *t);

/* The name alone: row of the name table + 1 (0: none); *ret_site_row as in match. For `keyfence catalogue` and tests. */
uint32_t catalogue_name(const struct book *b, struct span name, uint16_t *ret_site_row);
/* The narrowest catalogue prefix that holds an address: row + 1. */
uint32_t catalogue_prefix(const struct book *b, const struct address *a);

#endif
