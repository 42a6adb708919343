/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json_valid: whether a text is exactly one JSON value (RFC 8259) in UTF-8 without control characters: a second
 * opinion on what our writer writes, sharing no code with it. */
#ifndef KEYFENCE_TESTS_JSON_VALID_H
#define KEYFENCE_TESTS_JSON_VALID_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct json_walk {
	const unsigned char *at, *end;
	unsigned depth;
};

static bool json_value(struct json_walk *w);

static inline bool json_is(struct json_walk *w, char c)
{
	if (w->at == w->end || *w->at != (unsigned char)c)
		return false;
	w->at++;
	return true;
}

static inline bool json_literal(struct json_walk *w, const char *word)
{
	size_t n = strlen(word);
	if ((size_t)(w->end - w->at) < n || memcmp(w->at, word, n) != 0)
		return false;
	w->at += n;
	return true;
}

static inline bool json_digits(struct json_walk *w)
{
	const unsigned char *from = w->at;
	while (w->at < w->end && *w->at >= '0' && *w->at <= '9')
		w->at++;
	return w->at > from;
}

static inline bool json_number(struct json_walk *w)
{
	json_is(w, '-');
	const unsigned char *from = w->at;
	if (!json_digits(w) || (*from == '0' && w->at - from > 1))
		return false;
	if (json_is(w, '.') && !json_digits(w))
		return false;
	if (json_is(w, 'e') || json_is(w, 'E')) {
		(void)(json_is(w, '+') || json_is(w, '-'));
		return json_digits(w);
	}
	return true;
}

static inline bool json_escape(struct json_walk *w)
{
	if (w->at == w->end)
		return false;
	unsigned char c = *w->at++;
	if (c != 'u')
		return strchr("\"\\/bfnrt", c) != NULL && c != 0;
	for (int i = 0; i < 4; i++, w->at++)
		if (w->at == w->end || strchr("0123456789abcdefABCDEF", *w->at) == NULL || *w->at == 0)
			return false;
	return true;
}

/* The bytes behind a lead byte; RFC 3629 s4, table by table. */
static inline bool json_utf8(struct json_walk *w, unsigned char lead)
{
	unsigned n = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
	unsigned char lo = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
	unsigned char hi = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
	if (lead < 0xC2 || lead > 0xF4 || (size_t)(w->end - w->at) < n)
		return false;
	for (; n > 0; n--, lo = 0x80, hi = 0xBF, w->at++)
		if (*w->at < lo || *w->at > hi)
			return false;
	return true;
}

static inline bool json_string(struct json_walk *w)
{
	if (!json_is(w, '"'))
		return false;
	while (w->at < w->end && *w->at != '"') {
		unsigned char c = *w->at++;
		if (c < 0x20 || c == 0x7F)
			return false;
		if ((c == '\\' && !json_escape(w)) || (c >= 0x80 && !json_utf8(w, c)))
			return false;
	}
	return json_is(w, '"');
}

static inline bool json_members(struct json_walk *w, char close, bool keys)
{
	if (json_is(w, close))
		return true;
	do {
		if (keys && (!json_string(w) || !json_is(w, ':')))
			return false;
		if (!json_value(w))
			return false;
	} while (json_is(w, ','));
	return json_is(w, close);
}

static bool json_value(struct json_walk *w)
{
	bool ok;
	if (++w->depth > 32 || w->at == w->end)
		return false;
	switch (*w->at) {
	case '{': w->at++, ok = json_members(w, '}', true); break;
	case '[': w->at++, ok = json_members(w, ']', false); break;
	case '"': ok = json_string(w); break;
	case 't': ok = json_literal(w, "true"); break;
	case 'f': ok = json_literal(w, "false"); break;
	case 'n': ok = json_literal(w, "null"); break;
	default: ok = json_number(w); break;
	}
	w->depth--;
	return ok;
}

static inline bool json_valid(const char *text, size_t len)
{
	struct json_walk w = { (const unsigned char *)text, (const unsigned char *)text + len, 0 };
	return json_value(&w) && w.at == w.end;
}

#endif
