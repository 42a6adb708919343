/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* qsort_r */
#include "book/writer.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/siphash.h"
#include "book/nest.h"

struct rows {
	uint8_t *at;
	size_t count, room; /* elements */
};

/* Texts already written, by hash: open addressing; bytes 0 is a free slot, since "" is never looked up. */
struct text_set {
	struct book_text *slot;
	size_t slots, used;
};

struct book_writer {
	struct rows rows[BOOK_SECTIONS];
	struct text_set texts;
	int failed; /* -errno, sticky */
};

static const uint64_t key_zero[2];

static void *writer_grow(struct book_writer *w, enum book_section_id id, size_t more)
{
	struct rows *r = &w->rows[id];
	size_t bytes = book_element_bytes(id), room = r->room > 0 ? r->room : 64;
	if (w->failed < 0)
		return NULL;
	if (more > UINT32_MAX || r->count + more > UINT32_MAX) { /* rows and texts are told in 32 bits */
		w->failed = -EOVERFLOW;
		return NULL;
	}
	while (room < r->count + more)
		room *= 2;
	if (room > r->room) {
		uint8_t *at = realloc(r->at, room * bytes);
		if (at == NULL) {
			w->failed = -ENOMEM;
			return NULL;
		}
		r->at = at, r->room = room;
	}
	void *place = r->at + r->count * bytes;
	memset(place, 0, more * bytes);
	r->count += more;
	return place;
}

struct book_writer *book_writer_new(void)
{
	struct book_writer *w = calloc(1, sizeof *w);
	if (w == NULL)
		return NULL;
	writer_grow(w, BOOK_TEXT, 1); /* {0, 0} is "" and ends in NUL like every text */
	struct book_service unknown = { .name = book_write_text(w, span_text("unknown")) };
	book_write(w, BOOK_SERVICE, &(struct book_service){ 0 });
	book_write(w, BOOK_SERVICE, &unknown);
	book_write(w, BOOK_COMPONENT, &(struct book_component){ 0 });
	if (w->failed < 0) {
		book_writer_free(w);
		return NULL;
	}
	return w;
}

void book_writer_free(struct book_writer *w)
{
	for (unsigned id = 0; w != NULL && id < BOOK_SECTIONS; id++)
		free(w->rows[id].at);
	if (w != NULL)
		free(w->texts.slot);
	free(w);
}

struct span book_written_text(const struct book_writer *w, struct book_text t)
{
	return span_of(w->rows[BOOK_TEXT].at + t.at, t.bytes);
}

/* The slot of a text: its own, or the free one where it belongs. */
static struct book_text *text_slot(const struct book_writer *w, struct span text)
{
	size_t at = (size_t)siphash13(key_zero, text.at, text.len);
	for (;; at++) {
		struct book_text *s = &w->texts.slot[at & (w->texts.slots - 1)];
		if (s->bytes == 0 || span_equal(book_written_text(w, *s), text))
			return s;
	}
}

static bool texts_grow(struct book_writer *w)
{
	struct text_set old = w->texts;
	if (old.used * 2 < old.slots)
		return true;
	size_t slots = old.slots > 0 ? old.slots * 2 : 256;
	struct book_text *slot = calloc(slots, sizeof *slot);
	if (slot == NULL) {
		w->failed = -ENOMEM;
		return false;
	}
	w->texts = (struct text_set){ slot, slots, old.used };
	for (size_t i = 0; i < old.slots; i++)
		if (old.slot[i].bytes > 0)
			*text_slot(w, book_written_text(w, old.slot[i])) = old.slot[i];
	free(old.slot);
	return true;
}

struct book_text book_write_text(struct book_writer *w, struct span text)
{
	struct book_text none = { 0, 0 };
	if (text.len == 0 || w->failed < 0 || !texts_grow(w))
		return none;
	struct book_text *slot = text_slot(w, text);
	if (slot->bytes > 0)
		return *slot;
	uint8_t *place = writer_grow(w, BOOK_TEXT, text.len + 1);
	if (place == NULL)
		return none;
	memcpy(place, text.at, text.len);
	*slot = (struct book_text){ (uint32_t)(place - w->rows[BOOK_TEXT].at), (uint32_t)text.len };
	w->texts.used++;
	return *slot;
}

size_t book_write(struct book_writer *w, enum book_section_id id, const void *element)
{
	size_t row = w->rows[id].count;
	void *place = writer_grow(w, id, 1);
	if (place == NULL)
		return 0;
	memcpy(place, element, book_element_bytes(id));
	return row;
}

size_t book_written(const struct book_writer *w, enum book_section_id id)
{
	return w->rows[id].count;
}

void *book_row(struct book_writer *w, enum book_section_id id, size_t row)
{
	return row < w->rows[id].count ? w->rows[id].at + row * book_element_bytes(id) : NULL;
}

static int name_order(const void *a, const void *b, void *writer)
{
	const struct book_name *x = a, *y = b;
	struct span px = book_written_text(writer, x->pattern), py = book_written_text(writer, y->pattern);
	int c = span_order(book_written_text(writer, x->tail), book_written_text(writer, y->tail));
	if (c == 0)
		c = (px.len < py.len) - (px.len > py.len);
	return c != 0 ? c : span_order(px, py);
}

static int site_order(const void *a, const void *b, void *writer)
{
	const struct book_site *x = a, *y = b;
	int c = (x->service > y->service) - (x->service < y->service);
	return c != 0 ? c
		      : span_order(book_written_text(writer, x->code), book_written_text(writer, y->code));
}

static void writer_sort(struct book_writer *w, enum book_section_id id,
			int (*order)(const void *, const void *, void *))
{
	if (w->rows[id].count > 1)
		qsort_r(w->rows[id].at, w->rows[id].count, book_element_bytes(id), order, w);
}

/* Databases come sorted: a million rows are then only looked through. */
static bool is_sorted(const struct nest *n, const uint8_t *rows, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (n->order(rows + (i - 1) * n->element_bytes, rows + i * n->element_bytes) > 0)
			return false;
	return true;
}

static bool writer_nest(struct book_writer *w, enum book_section_id id, const struct nest *n, uint64_t first,
			uint64_t count)
{
	struct rows *r = &w->rows[id];
	if (first > r->count || count > r->count - first)
		return false;
	if (count == 0)
		return true;
	if (!is_sorted(n, r->at + first * n->element_bytes, count))
		qsort(r->at + first * n->element_bytes, count, n->element_bytes, n->order);
	for (size_t row = first; row < first + count; row++) {
		uint32_t parent;
		if (!nest_parent(n, r->at, first, row, &parent))
			return false;
		*nest_parent_of(n, r->at, row) = parent;
	}
	return true;
}

static bool writer_arrange(struct book_writer *w)
{
	writer_sort(w, BOOK_NAME, name_order);
	writer_sort(w, BOOK_SITE, site_order);
	bool nests = writer_nest(w, BOOK_PREFIX, &nest_prefix, 0, w->rows[BOOK_PREFIX].count);
	const struct book_source *s = (const struct book_source *)w->rows[BOOK_SOURCE].at;
	for (size_t i = 0; nests && i < w->rows[BOOK_SOURCE].count; i++)
		nests = writer_nest(w, BOOK_RANGE4, &nest_range4, s[i].first4, s[i].count4) &&
			writer_nest(w, BOOK_RANGE6, &nest_range6, s[i].first6, s[i].count6);
	return nests;
}

static void write_default_settings(struct book_writer *w)
{
	struct book_settings none = { .latitude = NAN,
				      .longitude = NAN,
				      .window_s = 300,
				      .size = SIZE_MEDIUM,
				      .resolvers_auto = 1,
				      .local_auto = 1 };
	if (w->rows[BOOK_SETTINGS].count == 0)
		book_write(w, BOOK_SETTINGS, &none);
}

int book_writer_image(struct book_writer *w, uint32_t generation, uint8_t **ret_image, size_t *ret_bytes)
{
	write_default_settings(w);
	if (w->failed < 0)
		return w->failed;
	if (!writer_arrange(w))
		return -EINVAL;
	struct book_header h = { .magic = BOOK_MAGIC, .version = BOOK_VERSION, .generation = generation };
	uint64_t bytes = sizeof h;
	for (unsigned id = 0; id < BOOK_SECTIONS; id++) {
		h.section[id] = (struct book_section){ bytes, w->rows[id].count };
		bytes += (w->rows[id].count * book_element_bytes(id) + 7) / 8 * 8;
	}
	uint8_t *image = calloc(1, bytes);
	if (image == NULL)
		return -ENOMEM;
	for (unsigned id = 0; id < BOOK_SECTIONS; id++)
		if (w->rows[id].count > 0)
			memcpy(image + h.section[id].at, w->rows[id].at,
			       w->rows[id].count * book_element_bytes(id));
	h.bytes = bytes;
	h.hash = siphash13(key_zero, image + sizeof h, bytes - sizeof h);
	memcpy(image, &h, sizeof h);
	*ret_image = image, *ret_bytes = bytes;
	return 0;
}
