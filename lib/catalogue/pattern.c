/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "catalogue/pattern.h"

enum { ELEMENTS = 80 }; /* of one label's pattern; a longer one matches nothing */

enum element_kind { ELEMENT_BYTE, ELEMENT_DIGITS, ELEMENT_LETTERS, ELEMENT_ANY, ELEMENT_SITE };

struct element {
	uint8_t kind, byte; /* byte: of ELEMENT_BYTE */
};

static const struct token {
	const char *spelled;
	enum element_kind kind;
} tokens[] = {
	{ "<n>", ELEMENT_DIGITS },
	{ "<letters>", ELEMENT_LETTERS },
	{ "<any>", ELEMENT_ANY },
	{ "<site>", ELEMENT_SITE },
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}
static bool is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}
static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool begins(struct span text, const char *with)
{
	size_t n = strlen(with);
	return text.len >= n && memcmp(text.at, with, n) == 0;
}

/* Everything before the next dot, which is taken too. */
static struct span label_take(struct cursor *c)
{
	const uint8_t *dot = c->rest.len > 0 ? memchr(c->rest.at, '.', c->rest.len) : NULL;
	size_t n = dot != NULL ? (size_t)(dot - c->rest.at) : c->rest.len;
	struct span label = cursor_take(c, n);
	if (dot != NULL)
		cursor_take(c, 1);
	return label;
}

static struct element element_take(struct cursor *c)
{
	for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
		if (begins(c->rest, tokens[i].spelled)) {
			cursor_take(c, strlen(tokens[i].spelled));
			return (struct element){ (uint8_t)tokens[i].kind, 0 };
		}
	return (struct element){ ELEMENT_BYTE, (uint8_t)cursor_uint(c, 1) };
}

static bool element_holds(struct element e, uint8_t c)
{
	switch ((enum element_kind)e.kind) {
	case ELEMENT_BYTE: return c == e.byte;
	case ELEMENT_DIGITS: return is_digit(c);
	case ELEMENT_LETTERS: return is_lower(c);
	case ELEMENT_ANY: return is_lower(c) || is_digit(c) || c == '-' || c == '_';
	case ELEMENT_SITE: return is_lower(c) || is_digit(c);
	}
	return false;
}

/* Sets of positions in a label are bits: position p is before byte p, and 63 bytes have 64 positions. */
static uint64_t bytes_held(struct element e, struct span label)
{
	uint64_t held = 0;
	for (size_t p = 0; p < label.len; p++)
		if (element_holds(e, label.at[p]))
			held |= UINT64_C(1) << p;
	return held;
}

static uint64_t letters_of(struct span label)
{
	return bytes_held((struct element){ ELEMENT_LETTERS, 0 }, label);
}

/* The positions that an element can lead to from any of `from`. */
static uint64_t element_forward(struct element e, uint64_t from, struct span label)
{
	uint64_t held = bytes_held(e, label), to;
	if (e.kind == ELEMENT_BYTE)
		return (from & held) << 1;
	to = (e.kind == ELEMENT_SITE ? from & letters_of(label) : from & held) << 1;
	for (size_t p = 0; p < label.len; p++)
		to |= (to & held & UINT64_C(1) << p) << 1;
	return e.kind == ELEMENT_LETTERS ? from | to : to;
}

/* The positions from which an element can lead to any of `to`. */
static uint64_t element_backward(struct element e, uint64_t to, struct span label)
{
	uint64_t held = bytes_held(e, label), from = to >> 1 & held;
	if (e.kind == ELEMENT_BYTE)
		return from;
	for (size_t p = label.len; p > 0; p--)
		from |= (from & UINT64_C(1) << p) >> 1 & held;
	if (e.kind == ELEMENT_SITE)
		from &= letters_of(label);
	return e.kind == ELEMENT_LETTERS ? from | to : from;
}

static void note_site(struct pattern_sites *s, struct pattern_site site)
{
	if (s->count < PATTERN_SITES)
		s->at[s->count++] = site;
}

/* Forward to see whether the label matches at all, back again to see which positions lie on a way through. */
static bool label_match(struct span pattern, struct span label, struct pattern_sites *sites)
{
	struct cursor c = cursor_of(pattern);
	struct element element[ELEMENTS];
	uint64_t reach[ELEMENTS + 1] = { 1 };
	struct pattern_site site[PATTERN_SITES];
	size_t n = 0, site_count = 0;
	if (label.len > PATTERN_LABEL_BYTES)
		return false;
	for (; cursor_more(&c); n++) {
		if (n == ELEMENTS || reach[n] == 0)
			return false;
		element[n] = element_take(&c);
		reach[n + 1] = element_forward(element[n], reach[n], label);
	}
	uint64_t on_way = UINT64_C(1) << label.len;
	if ((reach[n] & on_way) == 0)
		return false;
	for (; n > 0; n--) {
		uint64_t before = element_backward(element[n - 1], on_way, label) & reach[n - 1];
		if (element[n - 1].kind == ELEMENT_SITE && site_count < PATTERN_SITES)
			site[site_count++] = (struct pattern_site){ label, before, on_way };
		on_way = before;
	}
	while (site_count > 0)
		note_site(sites, site[--site_count]);
	return true;
}

/* Most rows under a busy tail fall away by their first bytes. */
static bool literal_front_fits(struct span pattern, struct span name)
{
	size_t n = 0;
	while (n < pattern.len && n < name.len && pattern.at[n] != '<' && pattern.at[n] == name.at[n])
		n++;
	return n == pattern.len || pattern.at[n] == '<';
}

bool pattern_name(struct span pattern, struct span name, struct pattern_sites *ret)
{
	struct cursor p = cursor_of(pattern), n = cursor_of(name);
	struct pattern_sites sites = { 0 };
	if (!literal_front_fits(pattern, name))
		return false;
	while (cursor_more(&p) && cursor_more(&n))
		if (!label_match(label_take(&p), label_take(&n), &sites))
			return false;
	if (cursor_more(&p) || cursor_more(&n))
		return false;
	*ret = sites;
	return true;
}

/* ---- texts ---- */

enum run_class { RUN_LITERAL, RUN_BASE64, RUN_BASE64_MIXED, RUN_HEX_LOWER, RUN_HEX_UPPER, RUN_ALNUM, RUN_DIGITS };

struct run {
	enum run_class class;
	uint8_t byte;   /* of RUN_LITERAL */
	size_t width;   /* bytes of the text that it takes */
	size_t spelled; /* bytes of the pattern */
};

static const struct run_name {
	const char *spelled;
	enum run_class class;
} run_names[] = {
	{ "{base64:", RUN_BASE64 }, { "{Base64:", RUN_BASE64_MIXED }, { "{hex:", RUN_HEX_LOWER }, { "{HEX:", RUN_HEX_UPPER },
	{ "{alnum:", RUN_ALNUM },   { "{digits:", RUN_DIGITS },
};

/* "36}" behind the colon: 1 to PATTERN_TEXT_BYTES. */
static bool run_width(struct span rest, struct run *run)
{
	size_t n = 0, width = 0;
	for (; n < rest.len && n < 3 && is_digit(rest.at[n]); n++)
		width = width * 10 + (size_t)(rest.at[n] - '0');
	if (n == rest.len || rest.at[n] != '}' || width == 0 || width > PATTERN_TEXT_BYTES)
		return false;
	run->width = width;
	run->spelled += n + 1;
	return true;
}

static struct run run_at(struct span pattern)
{
	for (size_t i = 0; pattern.at[0] == '{' && i < sizeof run_names / sizeof run_names[0]; i++) {
		size_t n = strlen(run_names[i].spelled);
		struct run run = { .class = run_names[i].class, .spelled = n };
		if (begins(pattern, run_names[i].spelled) &&
		    run_width(span_of(pattern.at + n, pattern.len - n), &run))
			return run;
	}
	return (struct run){ RUN_LITERAL, pattern.at[0], 1, 1 };
}

static bool run_holds(const struct run *r, uint8_t c)
{
	switch (r->class) {
	case RUN_LITERAL: return c == r->byte;
	case RUN_BASE64:
	case RUN_BASE64_MIXED: return is_lower(c) || is_upper(c) || is_digit(c) || c == '+' || c == '/';
	case RUN_HEX_LOWER: return is_digit(c) || (c >= 'a' && c <= 'f');
	case RUN_HEX_UPPER: return is_digit(c) || (c >= 'A' && c <= 'F');
	case RUN_ALNUM: return is_lower(c) || is_upper(c) || is_digit(c);
	case RUN_DIGITS: return is_digit(c);
	}
	return false;
}

static bool run_fits(const struct run *r, struct span text) /* text has at least its width */
{
	bool lower = false, upper = false;
	for (size_t i = 0; i < r->width; i++) {
		if (!run_holds(r, text.at[i]))
			return false;
		lower = lower || is_lower(text.at[i]);
		upper = upper || is_upper(text.at[i]);
	}
	return r->class != RUN_BASE64_MIXED || (lower && upper);
}

/* A star is tried again only until the next one is reached: what is left to it then can only be less. */
bool pattern_text(struct span pattern, struct span text)
{
	size_t p = 0, at = 0, star_p = 0, star_at = 0; /* star_p: behind the last star; 0: none yet */
	if (text.len > PATTERN_TEXT_BYTES)
		return false;
	while (p < pattern.len || at < text.len) {
		if (p < pattern.len && pattern.at[p] == '*') {
			star_p = ++p, star_at = at;
			continue;
		}
		struct run run = { 0 };
		if (p < pattern.len) {
			run = run_at(span_of(pattern.at + p, pattern.len - p));
			if (run.width > text.len - at)
				return false; /* a later start leaves even less */
			if (run_fits(&run, span_of(text.at + at, run.width))) {
				p += run.spelled, at += run.width;
				continue;
			}
		}
		if (star_p == 0)
			return false;
		if (star_p == pattern.len)
			return true;
		p = star_p, at = ++star_at;
	}
	return true;
}
