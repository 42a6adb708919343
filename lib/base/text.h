/* SPDX-License-Identifier: GPL-3.0-or-later */
/* text: a bounded text in the caller's storage, always ending in NUL; what does not fit is left out and
 * `cut` says so. The one place where bytes from the wire are escaped: text_json for JSON, text_plain for
 * people's terminals. Nothing is allocated. */
#ifndef KEYFENCE_BASE_TEXT_H
#define KEYFENCE_BASE_TEXT_H

#include "base/cursor.h"

struct text {
	char *at;
	size_t cap, len; /* cap counts the NUL; len does not */
	bool cut;
};

static inline struct text text_in(char *storage, size_t cap)
{
	if (cap > 0)
		storage[0] = '\0';
	return (struct text){ storage, cap, 0, false };
}

void text_put(struct text *t, const char *piece);
void text_put_span(struct text *t, struct span piece); /* as it is: only for bytes known to be clean */
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* RFC 8259 s7: the string in quotes. Bytes that are no UTF-8 (RFC 3629) come as U+FFFD; C0 and C1
 * controls, DEL, and the bidirectional and line-separator characters are \u-escaped, so that a line stays
 * a line in every viewer. */
void text_json(struct text *t, struct span hostile);

/* For a terminal or a one-line log: everything outside printable ASCII, and the backslash, as \xHH. */
void text_plain(struct text *t, struct span hostile);

#endif
