/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Name and text patterns over hostile input: a pattern, a line end, then what it is held against. Both matchers must
 * agree with a plain backtracking one where that is affordable; what is told of sites lies in the name; and a look-up
 * in a book finds only rows whose tail the name ends in. */
#include <stdlib.h>

#include "book/writer.h"
#include "catalogue/catalogue.h"
#include "catalogue/name.h"
#include "catalogue/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { PLAIN_BYTES = 14 }; /* the plain matchers take exponential time */

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct span skip(struct span s, size_t n)
{
	return span_of(s.at + n, s.len - n);
}
static bool begins(struct span s, const char *with)
{
	return s.len >= strlen(with) && memcmp(s.at, with, strlen(with)) == 0;
}

/* ---- the plain matcher of names ---- */

enum token { TOKEN_N, TOKEN_LETTERS, TOKEN_ANY, TOKEN_SITE, TOKENS };

static bool token_holds(enum token t, uint8_t c, size_t i)
{
	bool digit = c >= '0' && c <= '9', letter = c >= 'a' && c <= 'z';
	switch (t) {
	case TOKEN_N: return digit;
	case TOKEN_LETTERS: return letter;
	case TOKEN_ANY: return digit || letter || c == '-' || c == '_';
	case TOKEN_SITE: return letter || (digit && i > 0);
	case TOKENS: break;
	}
	return false;
}

static bool plain_name(struct span p, struct span n)
{
	static const char *const spelled[TOKENS] = { "<n>", "<letters>", "<any>", "<site>" };
	if (p.len == 0)
		return n.len == 0;
	for (unsigned t = 0; t < TOKENS; t++) {
		if (!begins(p, spelled[t]))
			continue;
		struct span behind = skip(p, strlen(spelled[t]));
		if (t == TOKEN_LETTERS && plain_name(behind, n))
			return true;
		for (size_t i = 0; i < n.len && token_holds((enum token)t, n.at[i], i); i++)
			if (plain_name(behind, skip(n, i + 1)))
				return true;
		return false;
	}
	return n.len > 0 && p.at[0] == n.at[0] && plain_name(skip(p, 1), skip(n, 1));
}

/* ---- the plain matcher of texts: stars and single bytes ---- */

static bool plain_text(struct span p, struct span t)
{
	if (p.len == 0)
		return t.len == 0;
	if (p.at[0] == '*')
		return plain_text(skip(p, 1), t) || (t.len > 0 && plain_text(p, skip(t, 1)));
	return t.len > 0 && p.at[0] == t.at[0] && plain_text(skip(p, 1), skip(t, 1));
}

/* ---- a book ---- */

static const struct book *book_once(void)
{
	static const char *const names[][2] = {
		{ "zoom.us", "zoom.us" },
		{ "zoom.us", "zoom<site><n>zc.<site>.zoom.us" },
		{ "wbx2.com", "<any>-<site>.wbx2.com" },
		{ "a.b", "<site><letters><n><any>.<any><any><any>.a.b" },
	};
	static const char *const sites[] = { "a", "ab", "abc", "fr", "fra", "sjc" };
	static struct book b;
	if (b.header != NULL)
		return &b;
	struct book_writer *w = book_writer_new();
	struct book_service s = { .name = book_write_text(w, span_text("some")) };
	book_write(w, BOOK_SERVICE, &s);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct book_name row = { .tail = book_write_text(w, span_text(names[i][0])),
					 .pattern = book_write_text(w, span_text(names[i][1])),
					 .service = 2,
					 .flags = names[i][0] == names[i][1] ? 0 : NAME_PATTERN };
		book_write(w, BOOK_NAME, &row);
	}
	for (size_t i = 0; i < sizeof sites / sizeof sites[0]; i++) {
		struct book_site row = { .code = book_write_text(w, span_text(sites[i])),
					 .service = 2,
					 .place = country_from(span_text("DE")) };
		book_write(w, BOOK_SITE, &row);
	}
	static uint8_t *image;
	size_t bytes = 0;
	must(book_writer_image(w, 1, &image, &bytes) == 0 && book_open(span_of(image, bytes), &b, NULL) == 0);
	book_writer_free(w);
	return &b;
}

static void check_look_up(struct span name)
{
	const struct book *b = book_once();
	uint8_t storage[NAME_BYTES];
	struct span folded = { NULL, 0 };
	uint16_t site_row;
	uint32_t row = catalogue_name(b, name, &site_row);
	bool is_name = name_fold(name, storage, &folded);
	must(row <= b->count[BOOK_NAME] && site_row <= b->count[BOOK_SITE]);
	must((row != 0 || site_row == 0) && (is_name || row == 0));
	if (row == 0)
		return;
	struct span tail = book_span(b, book_name(b, row - 1)->tail);
	must(folded.len >= tail.len && memcmp(folded.at + folded.len - tail.len, tail.at, tail.len) == 0);
	must(folded.len == tail.len || folded.at[folded.len - tail.len - 1] == '.');
}

static void check_sites(struct span name, const struct pattern_sites *s)
{
	must(s->count <= PATTERN_SITES);
	for (size_t i = 0; i < s->count; i++) {
		const struct pattern_site *site = &s->at[i];
		must(site->label.len > 0 && site->label.len <= PATTERN_LABEL_BYTES);
		must(site->label.at >= name.at &&
		     site->label.len <= (size_t)(name.at + name.len - site->label.at));
		must(site->starts >> site->label.len == 0 && site->ends >> site->label.len <= 1);
		must(site->starts != 0 && site->ends != 0 && (site->ends & 1) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span all = span_of(data, len);
	const uint8_t *end = len > 0 ? memchr(data, '\n', len) : NULL;
	struct span pattern = span_of(data, end != NULL ? (size_t)(end - data) : 0);
	struct span text = end != NULL ? skip(all, pattern.len + 1) : all;
	struct pattern_sites sites = { 0 };
	uint8_t storage[NAME_BYTES];
	struct span name;
	bool braces = pattern.len > 0 && memchr(pattern.at, '{', pattern.len) != NULL;
	bool got = pattern_text(pattern, text);
	if (!braces && pattern.len <= PLAIN_BYTES && text.len <= PLAIN_BYTES)
		must(got == plain_text(pattern, text));
	check_look_up(text);
	if (!name_fold(text, storage, &name))
		return 0;
	got = pattern_name(pattern, name, &sites);
	if (got)
		check_sites(name, &sites);
	bool ends_in_dot = pattern.len > 0 && pattern.at[pattern.len - 1] == '.'; /* no row's does */
	if (!ends_in_dot && pattern.len <= 4 * PLAIN_BYTES && name.len <= PLAIN_BYTES)
		must(got == plain_name(pattern, name));
	return 0;
}
