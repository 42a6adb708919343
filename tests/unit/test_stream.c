/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow/stream.h"

#include "check.h"

/* ---- rows: pieces in order, what each gives, and the front at the end ---- */
enum { PIECES = 6 };
static const struct row {
	const char *name;
	struct {
		uint32_t at;
		const char *text;
		enum stream_put want;
	} piece[PIECES];
	const char *front; /* NULL: none, in conflict */
} rows[] = {
	{ "in order", { { 0, "abc", STREAM_GREW }, { 3, "def", STREAM_GREW } }, "abcdef" },
	{ "swapped", { { 3, "def", STREAM_SAME }, { 0, "abc", STREAM_GREW } }, "abcdef" },
	{ "a hole stays", { { 0, "abc", STREAM_GREW }, { 4, "ef", STREAM_SAME } }, "abc" },
	{ "repeat",
	  { { 0, "abc", STREAM_GREW }, { 0, "abc", STREAM_SAME }, { 1, "bcd", STREAM_GREW } },
	  "abcd" },
	{ "repeat inside", { { 0, "abcdef", STREAM_GREW }, { 2, "cd", STREAM_SAME } }, "abcdef" },
	{ "covers two ranges",
	  { { 1, "b", STREAM_SAME }, { 3, "d", STREAM_SAME }, { 0, "abcde", STREAM_GREW } },
	  "abcde" },
	{ "bridges two ranges",
	  { { 0, "ab", STREAM_GREW }, { 4, "ef", STREAM_SAME }, { 1, "bcde", STREAM_GREW } },
	  "abcdef" },
	{ "differs behind",
	  { { 0, "abc", STREAM_GREW }, { 2, "Xd", STREAM_CONFLICT }, { 3, "d", STREAM_CONFLICT } },
	  NULL },
	{ "differs in front", { { 2, "cd", STREAM_SAME }, { 0, "abX", STREAM_CONFLICT } }, NULL },
	{ "differs in the second range only",
	  { { 1, "b", STREAM_SAME }, { 3, "d", STREAM_SAME }, { 0, "abcX", STREAM_CONFLICT } },
	  NULL },
	{ "differs in the last byte", { { 0, "abc", STREAM_GREW }, { 0, "abX", STREAM_CONFLICT } }, NULL },
	{ "touches only",
	  { { 2, "cd", STREAM_SAME }, { 4, "ef", STREAM_SAME }, { 0, "ab", STREAM_GREW } },
	  "abcdef" },
	{ "nothing", { { 0, "", STREAM_SAME }, { 7, "", STREAM_SAME } }, "" },
	{ "keep-alive before the start",
	  { { UINT32_MAX, "x", STREAM_SAME }, { 0, "abc", STREAM_GREW } },
	  "abc" },
	{ "reaches over the start", { { UINT32_MAX - 1, "xyabc", STREAM_GREW } }, "abc" },
	{ "far away",
	  { { 0, "a", STREAM_GREW }, { STREAM_BYTES, "z", STREAM_FULL }, { 1, "b", STREAM_GREW } },
	  "ab" },
	{ "over the end", { { STREAM_BYTES - 1, "yz", STREAM_FULL }, { 0, "a", STREAM_GREW } }, "a" },
};

static void check_row(struct streams *p, const struct row *r)
{
	uint32_t number = stream_open(p);
	for (size_t i = 0; i < PIECES && r->piece[i].text != NULL; i++) {
		struct span bytes = check_cut(span_text(r->piece[i].text), strlen(r->piece[i].text));
		enum stream_put got = stream_put(p, number, r->piece[i].at, bytes);
		CHECK(got == r->piece[i].want, "%s: piece %zu gave %d", r->name, i, got);
		free((void *)bytes.at);
	}
	struct span front = stream_front(p, number);
	CHECK(span_equal(front, r->front ? span_text(r->front) : span_of(NULL, 0)), "%s: front %.*s", r->name,
	      (int)front.len, (const char *)front.at);
	stream_close(p, number);
	CHECK(stream_put(p, number, 0, BYTES("a")) == STREAM_GONE, "%s: closed", r->name);
}

static void check_full(void)
{
	static uint8_t bytes[STREAM_BYTES + 100];
	struct streams *p = streams_new(1);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	uint32_t number = stream_open(p);
	CHECK(stream_put(p, number, 0, span_of(bytes, sizeof bytes)) == STREAM_GREW, "cut at the end");
	CHECK(span_equal(stream_front(p, number), span_of(bytes, STREAM_BYTES)), "all of it");
	CHECK(stream_put(p, number, STREAM_BYTES - 1, span_of(bytes + STREAM_BYTES - 1, 2)) == STREAM_FULL,
	      "full");
	CHECK(stream_put(p, number, 0, span_of(bytes, 10)) == STREAM_SAME, "repeat in a full view");
	streams_free(p);
}

static void check_holes(void)
{
	struct streams *p = streams_new(1);
	for (uint32_t front = 0; front < 2; front++) {
		uint32_t number = stream_open(p), at = 2;
		if (front)
			stream_put(p, number, 0, BYTES("a"));
		for (unsigned i = 0; i < STREAM_HOLES; i++, at += 2)
			CHECK(stream_put(p, number, at, BYTES("c")) == STREAM_SAME, "hole %u", i);
		CHECK(stream_put(p, number, at, BYTES("c")) == STREAM_FULL, "a hole too many");
		CHECK(stream_put(p, number, at - 1, BYTES("c")) == STREAM_SAME,
		      "joins the last: no new hole");
		CHECK(stream_put(p, number, 3, BYTES("c")) == STREAM_SAME, "fills a hole");
		CHECK(stream_put(p, number, 0, BYTES("ab")) == STREAM_GREW, "the front still grows");
		CHECK(stream_front(p, number).len == 5, "up to the next hole");
	}
	CHECK(streams_taken(p) == 1, "of two");
	streams_free(p);
}

static void check_pool(void)
{
	struct streams *p = streams_new(3);
	uint32_t a = stream_open(p), b = stream_open(p), c = stream_open(p);
	CHECK(a != 0 && b != 0 && c != 0 && a != b && b != c && a != c, "numbers");
	stream_put(p, b, 0, BYTES("bb"));
	uint32_t d = stream_open(p);
	CHECK(streams_taken(p) == 1 && stream_put(p, a, 0, BYTES("a")) == STREAM_GONE, "the oldest went");
	CHECK(stream_front(p, a).len == 0, "and shows nothing");
	CHECK(stream_front(p, d).len == 0, "the new one is empty");
	stream_close(p, a); /* not the view that d has now */
	CHECK(stream_put(p, d, 0, BYTES("d")) == STREAM_GREW, "lives");
	stream_close(p, b);
	uint32_t e = stream_open(p);
	CHECK(streams_taken(p) == 1 && e != b && stream_front(p, e).len == 0, "a closed place is used again");
	uint32_t f = stream_open(p);
	CHECK(streams_taken(p) == 2 && stream_put(p, c, 0, BYTES("c")) == STREAM_GONE,
	      "c was the oldest then");
	CHECK(stream_put(p, d, 1, BYTES("d")) == STREAM_GREW &&
		      stream_put(p, f, 0, BYTES("f")) == STREAM_GREW,
	      "others");
	stream_close(p, d), stream_close(p, e), stream_close(p, f), stream_close(p, f), stream_close(p, 0);
	CHECK(stream_put(p, 0, 0, BYTES("x")) == STREAM_GONE &&
		      stream_put(p, 77, 0, BYTES("x")) == STREAM_GONE,
	      "none");
	a = stream_open(p), b = stream_open(p), c = stream_open(p);
	stream_close(p, b);
	CHECK(streams_taken(p) == 2 && (d = stream_open(p)) != 0 && streams_taken(p) == 2,
	      "one of the middle closed");
	stream_open(p);
	CHECK(stream_put(p, a, 0, BYTES("a")) == STREAM_GONE &&
		      stream_put(p, c, 0, BYTES("c")) == STREAM_GREW,
	      "a went");
	stream_open(p);
	CHECK(stream_put(p, c, 1, BYTES("c")) == STREAM_GONE &&
		      stream_put(p, d, 0, BYTES("d")) == STREAM_GREW,
	      "then c");
	for (int i = 0; i < 10; i++)
		CHECK(stream_open(p) != 0, "again");
	CHECK(streams_taken(p) == 14, "ten more");
	streams_free(p);
	streams_free(NULL);
	CHECK(streams_new(0) == NULL, "no views, no pool");
}

static void check_numbers(void)
{
	struct streams *p = streams_new(1 << 16);
	uint32_t first = stream_open(p);
	stream_close(p, first);
	for (unsigned i = 0; i < 1 << 16; i++) {
		uint32_t next = stream_open(p);
		if (next == 0 || (next == first && i != (1 << 16) - 2))
			CHECK(false, "number %u at %u", next, i);
		stream_close(p, next);
	}
	CHECK(streams_taken(p) == 0, "none taken");
	streams_free(p);
}

int main(void)
{
	struct streams *p = streams_new(2);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		check_row(p, &rows[i]);
	streams_free(p);
	check_full();
	check_holes();
	check_pool();
	check_numbers();
	return check_done();
}
