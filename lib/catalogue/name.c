/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "catalogue/name.h"

#include "base/address.h"
#include "book/nest.h"
#include "catalogue/catalogue.h"
#include "catalogue/pattern.h"

static uint8_t byte_fold(uint8_t c) /* 0: belongs to no host name */
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c | 0x20);
	bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
	return good ? c : 0;
}

bool name_fold(struct span name, uint8_t storage[NAME_BYTES], struct span *ret)
{
	struct address literal;
	if (name.len > 0 && name.at[name.len - 1] == '.')
		name.len--;
	if (name.len == 0 || name.len > NAME_BYTES)
		return false;
	uint8_t before = '.';
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = byte_fold(name.at[i]);
		if (c == 0 || (c == '.' && before == '.'))
			return false;
		storage[i] = before = c;
	}
	bool digit = before >= '0' && before <= '9'; /* no top domain ends so, an IPv4 address does */
	if (before == '.' || (digit && address_parse(span_of(storage, name.len), &literal)))
		return false;
	*ret = span_of(storage, name.len);
	return true;
}

struct span name_strip_star(struct span name)
{
	bool star = name.len > 2 && name.at[0] == '*' && name.at[1] == '.';
	return star ? span_of(name.at + 2, name.len - 2) : name;
}

/* First row of the name table whose tail is not before this one. */
static size_t first_of_tail(const struct book *b, struct span tail)
{
	size_t lo = 0, hi = b->count[BOOK_NAME];
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (span_order(book_span(b, book_name(b, mid)->tail), tail) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Row of the site table + 1. */
static uint16_t site_of_code(const struct book *b, uint16_t service, struct span code)
{
	size_t lo = 0, hi = b->count[BOOK_SITE];
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct book_site *s = book_site(b, mid);
		int c = s->service != service ? (s->service > service) - (s->service < service)
					      : span_order(book_span(b, s->code), code);
		if (c == 0)
			return (uint16_t)(mid + 1);
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return 0;
}

/* Whether the run from `start` can be a code of `bytes` and what may follow one: a letter behind two ("frn"),
 * any letters and digits behind three and more ("sjccv"), nothing behind one. `ends` has only ends that the
 * run reaches. */
static bool code_fits(const struct pattern_site *s, size_t start, size_t bytes, uint64_t ends)
{
	size_t end = start + bytes;
	bool exact = (ends >> end & 1) != 0;
	if (bytes > 2)
		return ends >> end != 0;
	bool letter = end < s->label.len && s->label.at[end] >= 'a' && s->label.at[end] <= 'z';
	return exact || (bytes == 2 && letter && (ends >> end & 2) != 0);
}

static uint16_t site_from(const struct book *b, uint16_t service, const struct pattern_site *s, size_t start)
{
	size_t end = start;
	while (end < s->label.len && s->label.at[end] != '-' && s->label.at[end] != '_')
		end++;
	uint64_t ends = s->ends & (UINT64_MAX >> (63 - end));
	for (size_t bytes = end - start; bytes > 0; bytes--) {
		uint16_t row = code_fits(s, start, bytes, ends)
				       ? site_of_code(b, service, span_of(s->label.at + start, bytes))
				       : 0;
		if (row != 0)
			return row;
	}
	return 0;
}

/* The last <site> with a known code speaks; where it may begin at several bytes, the first that makes a code.
 */
static uint16_t site_of(const struct book *b, uint16_t service, const struct pattern_sites *sites)
{
	for (size_t i = sites->count; i > 0; i--) {
		const struct pattern_site *s = &sites->at[i - 1];
		for (size_t start = 0; start < s->label.len; start++) {
			uint16_t row = (s->starts >> start & 1) != 0 ? site_from(b, service, s, start) : 0;
			if (row != 0)
				return row;
		}
	}
	return 0;
}

/* What stands before a tail, without the dot between them. */
static bool before_tail(struct span whole, size_t tail_bytes, struct span *ret)
{
	size_t n = whole.len - tail_bytes;
	bool dot = n == 0 || whole.at[n - 1] == '.';
	*ret = span_of(whole.at, n > 0 ? n - 1 : 0);
	return dot;
}

static bool row_matches(const struct book *b, const struct book_name *row, struct span name,
			struct pattern_sites *ret)
{
	struct span pattern, front;
	return before_tail(book_span(b, row->pattern), row->tail.bytes, &pattern) &&
	       before_tail(name, row->tail.bytes, &front) && pattern_name(pattern, front, ret);
}

/* What a look-up found so far. */
struct found {
	uint32_t suffix, pattern; /* rows + 1 */
	size_t literal;           /* of the pattern: bytes outside of tokens */
	struct pattern_sites sites;
};

static size_t literal_bytes(struct span pattern)
{
	size_t n = 0;
	bool token = false;
	for (size_t i = 0; i < pattern.len; i++) {
		token = token || pattern.at[i] == '<';
		n += !token;
		token = token && pattern.at[i] != '>';
	}
	return n;
}

static void row_try(const struct book *b, size_t i, struct span name, struct found *found)
{
	const struct book_name *row = book_name(b, i);
	struct pattern_sites sites;
	if ((row->flags & NAME_PATTERN) == 0) {
		found->suffix = found->suffix != 0 ? found->suffix : (uint32_t)i + 1;
		return;
	}
	if (!row_matches(b, row, name, &sites))
		return;
	size_t literal = literal_bytes(book_span(b, row->pattern));
	if (found->pattern == 0 || literal > found->literal) {
		found->pattern = (uint32_t)i + 1;
		found->literal = literal;
		found->sites = sites;
	}
}

/* From the longest tail to the shortest: a pattern that matches the whole name beats every suffix, and of several
 * under one tail the one that spells more out. */
uint32_t catalogue_name(const struct book *b, struct span name, uint16_t *ret_site_row)
{
	uint8_t storage[NAME_BYTES];
	struct found found = { 0 };
	*ret_site_row = 0;
	if (!name_fold(name, storage, &name))
		return 0;
	for (size_t at = 0; at < name.len && found.pattern == 0; at++) {
		struct span tail = span_of(name.at + at, name.len - at);
		if (at > 0 && name.at[at - 1] != '.')
			continue;
		for (size_t i = first_of_tail(b, tail); i < b->count[BOOK_NAME]; i++) {
			if (!span_equal(book_span(b, book_name(b, i)->tail), tail))
				break;
			row_try(b, i, name, &found);
		}
	}
	if (found.pattern == 0)
		return found.suffix;
	*ret_site_row = site_of(b, book_name(b, found.pattern - 1)->service, &found.sites);
	return found.pattern;
}
