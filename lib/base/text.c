/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

void text_put_span(struct text *t, struct span piece)
{
	size_t room = t->cap > t->len ? t->cap - t->len - 1 : 0;
	size_t n = piece.len < room ? piece.len : room;
	if (n > 0)
		memcpy(t->at + t->len, piece.at, n);
	t->len += n;
	if (t->cap > 0)
		t->at[t->len] = '\0';
	t->cut |= n < piece.len;
}

void text_put(struct text *t, const char *piece)
{
	text_put_span(t, span_text(piece));
}

void text_printf(struct text *t, const char *format, ...)
{
	size_t room = t->cap > t->len ? t->cap - t->len : 0;
	va_list args;
	va_start(args, format);
	int n = vsnprintf(room > 0 ? t->at + t->len : NULL, room, format, args);
	va_end(args);
	if (n < 0)
		return;
	t->cut |= (size_t)n >= room;
	t->len += (size_t)n < room ? (size_t)n : (room > 0 ? room - 1 : 0);
}

/* How many bytes the UTF-8 character at the front has; 0 if it is none (RFC 3629 s4). */
static size_t take_utf8(struct span s, uint32_t *ret)
{
	uint8_t b = s.at[0];
	size_t n = b < 0x80 ? 1 : b >= 0xC2 && b < 0xE0 ? 2 : b >= 0xE0 && b < 0xF0 ? 3 : b >= 0xF0 && b < 0xF5 ? 4 : 0;
	if (n == 0 || n > s.len)
		return 0;
	uint32_t v = n == 1 ? b : (uint32_t)b & (0x7Fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s.at[i] & 0xC0) != 0x80)
			return 0;
		v = v << 6 | (s.at[i] & 0x3F);
	}
	bool overlong = (n == 3 && v < 0x800) || (n == 4 && v < 0x10000);
	if (overlong || v > 0x10FFFF || (v >= 0xD800 && v < 0xE000))
		return 0;
	*ret = v;
	return n;
}

static bool is_harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x61C || (c >= 0x200B && c <= 0x200F) ||
	       (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
}

/* Most text is plain and goes through in one piece. */
static size_t clean_run(struct span s)
{
	size_t n = 0;
	while (n < s.len && s.at[n] >= 0x20 && s.at[n] < 0x7F && s.at[n] != '"' && s.at[n] != '\\')
		n++;
	return n;
}

void text_json(struct text *t, struct span hostile)
{
	text_put(t, "\"");
	while (hostile.len > 0) {
		uint32_t c = 0xFFFD;
		size_t n = clean_run(hostile);
		if (n > 0) {
			text_put_span(t, span_of(hostile.at, n));
			hostile = (struct span){ hostile.at + n, hostile.len - n };
			continue;
		}
		n = take_utf8(hostile, &c);
		if (n == 0)
			text_put(t, "\xEF\xBF\xBD");
		else if (c == '"' || c == '\\')
			text_printf(t, "\\%c", (char)c);
		else if (is_harmful(c))
			text_printf(t, "\\u%04x", c);
		else
			text_put_span(t, span_of(hostile.at, n));
		n = n > 0 ? n : 1;
		hostile = (struct span){ hostile.at + n, hostile.len - n };
	}
	text_put(t, "\"");
}

void text_plain(struct text *t, struct span hostile)
{
	for (size_t i = 0; i < hostile.len; i++) {
		if (hostile.at[i] < 0x20 || hostile.at[i] > 0x7E || hostile.at[i] == '\\')
			text_printf(t, "\\x%02x", hostile.at[i]);
		else
			text_put_span(t, span_of(hostile.at + i, 1));
	}
}
