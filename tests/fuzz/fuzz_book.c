/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a book's image, magic, length and hash made good: if it opens, every row of every section can be read
 * through the readers without a further check, every text ends in NUL, and every walk over parents ends. */
#include <stdint.h>
#include <stdlib.h>

#include "base/siphash.h"
#include "book/book.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint64_t sum; /* so that no read is left out */

static void read_text(const struct book *b, struct book_text t)
{
	struct span s = book_span(b, t);
	for (size_t i = 0; i < s.len; i++)
		sum += s.at[i];
	if (book_string(b, t)[t.bytes] != '\0')
		abort();
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void read_names(const struct book *b)
{
	for (size_t i = 0; i < b->count[BOOK_SERVICE]; i++)
		read_text(b, book_service(b, i)->name), read_text(b, book_service(b, i)->operator_name);
	for (size_t i = 0; i < b->count[BOOK_COMPONENT]; i++)
		read_text(b, book_component(b, i)->name);
	for (size_t i = 0; i < b->count[BOOK_NAME]; i++) {
		const struct book_name *n = book_name(b, i);
		read_text(b, n->tail), read_text(b, n->pattern), read_text(b, n->source),
			read_text(b, n->checked);
		read_text(b, book_service(b, n->service)->name),
			read_text(b, book_component(b, n->component)->name);
	}
	for (size_t i = 0; i < b->count[BOOK_SITE]; i++) {
		const struct book_site *s = book_site(b, i);
		read_text(b, s->code), read_text(b, s->source),
			read_text(b, book_service(b, s->service)->name);
	}
	for (size_t i = 0; i < b->count[BOOK_FRAMING]; i++) {
		const struct book_framing *f = book_framing(b, i);
		read_text(b, f->pattern), read_text(b, f->source);
		for (uint32_t p = 0; p < f->port_count; p++)
			must(book_ports(b, f->first_port + p)->lo <= book_ports(b, f->first_port + p)->hi);
		must(word_name(WORDS_FRAMING, f->is) != NULL);
	}
}

static void read_places(const struct book *b)
{
	for (size_t i = 0; i < b->count[BOOK_PREFIX]; i++)
		for (size_t up = i + 1; up != 0; up = book_prefix(b, up - 1)->parent) {
			must(prefix_holds(&book_prefix(b, up - 1)->prefix, &book_prefix(b, i)->prefix.at));
			must(book_prefix(b, up - 1)->parent < up);
		}
	for (size_t s = 0; s < b->count[BOOK_SOURCE]; s++) {
		const struct book_source *source = book_source(b, s);
		read_text(b, source->label), read_text(b, source->file), read_text(b, source->built);
		for (size_t i = source->first4; i < source->first4 + source->count4; i++)
			for (size_t up = i + 1; up != 0; up = book_range4(b, up - 1)->parent) {
				const struct book_range4 *r = book_range4(b, up - 1);
				must(r->first <= book_range4(b, i)->first &&
				     r->last >= book_range4(b, i)->last);
				must(r->parent < up && (r->parent == 0 || r->parent > source->first4));
				read_text(b, r->note);
			}
		for (size_t i = source->first6; i < source->first6 + source->count6; i++)
			for (size_t up = i + 1; up != 0; up = book_range6(b, up - 1)->parent) {
				must(book_range6(b, up - 1)->parent < up);
				read_text(b, book_range6(b, up - 1)->note);
			}
	}
}

static void read_policy(const struct book *b)
{
	for (size_t i = 0; i < b->count[BOOK_GROUP]; i++)
		for (uint32_t m = 0; m < book_group(b, i)->member_count; m++)
			sum += book_member(b, book_group(b, i)->first_member + m)->prefix.bits;
	for (size_t i = 0; i < b->count[BOOK_REGION]; i++) {
		read_text(b, book_region(b, i)->name);
		sum += region_holds(book_region(b, i), country_from(span_text("TW")));
	}
	for (size_t i = 0; i < b->count[BOOK_RULE]; i++) {
		const struct book_rule *r = book_rule(b, i);
		read_text(b, r->name);
		for (uint32_t s = 0; s < r->service_count; s++)
			read_text(b, book_service(b, book_service_list(b)[r->first_service + s])->name);
		for (uint32_t c = 0; c < r->operator_count; c++)
			sum += book_country_list(b)[r->first_operator + c];
		if (r->group > 0)
			read_text(b, book_group(b, r->group - 1u)->name);
		if (r->inside > 0)
			read_text(b, book_region(b, r->inside - 1u)->name);
		if (r->outside > 0)
			read_text(b, book_region(b, r->outside - 1u)->name);
		must(word_name(WORDS_ACTION, r->action) != NULL);
	}
	for (size_t i = 0; i < b->count[BOOK_EXCEPTION]; i++) {
		const struct book_exception *e = book_exception(b, i);
		read_text(b, e->owner), read_text(b, e->reason), read_text(b, book_rule(b, e->rule)->name);
	}
}

static void read_daemon(const struct book *b)
{
	for (size_t i = 0; i < b->count[BOOK_CAPTURE]; i++)
		read_text(b, book_capture(b, i)->interface);
	for (size_t i = 0; i < b->count[BOOK_OUTPUT]; i++)
		read_text(b, book_output(b, i)->target);
	for (size_t i = 0; i < b->count[BOOK_PROTECT]; i++)
		must(book_protect(b, i)->bits <= 128);
	for (size_t i = 0; i < b->count[BOOK_ENFORCE]; i++)
		must(book_enforce(b, i)->timeout_s > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct book_header h;
	struct book b;
	if (len < sizeof h)
		return 0;
	uint8_t *image = malloc(len); /* aligned, and exactly as long */
	memcpy(image, data, len);
	memcpy(&h, image, sizeof h);
	h.magic = BOOK_MAGIC, h.version = BOOK_VERSION, h.bytes = len;
	h.hash = siphash13((const uint64_t[2]){ 0, 0 }, image + sizeof h, len - sizeof h);
	memcpy(image, &h, sizeof h);
	const char *why = NULL;
	if (book_open(span_of(image, len), &b, &why) == 0) {
		struct address a = address_from_v4(0x0A000001);
		read_text(&b, book_settings(&b)->site_name), read_text(&b, book_settings(&b)->policy_file);
		sum += book_is_local(&b, &a) + book_next_change(&b, 0);
		read_names(&b);
		read_places(&b);
		read_policy(&b);
		read_daemon(&b);
	} else if (why == NULL) {
		abort();
	}
	free(image);
	return 0;
}
