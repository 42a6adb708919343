/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cursor: a forward walk over bytes we do not trust. A read past the end gives 0 or an empty span and
 * fails the cursor, as does every read after it: parse straight down, then ask cursor_ok(). Loops ask
 * cursor_more(), which also stops on failure. Borrows; integers are big-endian. Failure is sticky, and a
 * piece comes out with its own bounds, so that no parser does arithmetic on offsets. */
#ifndef KEYFENCE_BASE_CURSOR_H
#define KEYFENCE_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes; not a string. at may be NULL when len is 0. */
struct span {
	const uint8_t *at;
	size_t len;
};

struct cursor {
	struct span rest;
	bool failed;
};

static inline struct span span_of(const void *at, size_t len) { return (struct span){ at, len }; }
static inline struct span span_text(const char *text) { return span_of(text, strlen(text)); }

static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline struct cursor cursor_of(struct span s) { return (struct cursor){ s, false }; }
static inline bool cursor_ok(const struct cursor *c) { return !c->failed; }
static inline bool cursor_more(const struct cursor *c) { return !c->failed && c->rest.len > 0; }
static inline void cursor_fail(struct cursor *c) { c->failed = true; }

static inline struct span cursor_take(struct cursor *c, size_t n) /* the only bounds check */
{
	c->failed = c->failed || n > c->rest.len;
	if (c->failed || n == 0)
		return (struct span){ NULL, 0 };
	struct span s = { c->rest.at, n };
	c->rest = (struct span){ s.at + n, c->rest.len - n };
	return s;
}

static inline uint64_t cursor_uint64(struct cursor *c, size_t bytes) /* 1 to 8 */
{
	struct span s = cursor_take(c, bytes);
	uint64_t v = 0;
	for (size_t i = 0; i < s.len; i++)
		v = v << 8 | s.at[i];
	return v;
}

static inline uint32_t cursor_uint(struct cursor *c, size_t bytes) /* 1 to 4 */
{
	return (uint32_t)cursor_uint64(c, bytes);
}

/* A piece whose own length (bytes wide) stands before it, as in TLS vectors. */
static inline struct span cursor_vector(struct cursor *c, size_t bytes)
{
	return cursor_take(c, cursor_uint(c, bytes));
}

/* All that is left; leaves nothing. */
static inline struct span cursor_rest(struct cursor *c) { return cursor_take(c, c->rest.len); }

#endif
