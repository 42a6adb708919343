/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pattern: the two small languages of the catalogue. Both match a whole text or nothing, are told what they
 * match byte by byte, and take at most (bytes of the text) x (width of the pattern) steps, whatever the text
 * is.
 *
 * Names: the tokens of catalogue.h. Labels are matched one to one, since no token holds a dot.
 * Texts: `*` any run, also none; {base64:N} {hex:N} {HEX:N} {alnum:N} {digits:N} exactly N bytes of
 * A-Za-z0-9+/, 0-9a-f, 0-9A-F, A-Za-z0-9, 0-9; {Base64:N} is base64 with letters of both cases among them;
 * anything else is itself, case kept. A brace that begins no such token is itself. */
#ifndef KEYFENCE_CATALOGUE_PATTERN_H
#define KEYFENCE_CATALOGUE_PATTERN_H

#include "base/cursor.h"

/* REALM, SOFTWARE and USERNAME of STUN are no longer (RFC 8489 s14.3, s14.9, s14.14); a longer text matches
 * nothing. */
enum { PATTERN_LABEL_BYTES = 63, PATTERN_SITES = 4, PATTERN_TEXT_BYTES = 763 };

/* Where one <site> may lie in its label: bit p of `starts` says that it may begin at byte p, bit p of `ends`
 * that it may end before byte p. A start and an end go together if only letters and digits lie between them.
 */
struct pattern_site {
	struct span label;
	uint64_t starts, ends;
};
struct pattern_sites {
	size_t count; /* in their order; those behind the first PATTERN_SITES are not told */
	struct pattern_site at[PATTERN_SITES];
};

/* name: lower case, without empty labels. ret is written only on true; its spans borrow from name. */
bool pattern_name(struct span pattern, struct span name, struct pattern_sites *ret);
bool pattern_text(struct span pattern, struct span text);

#endif
