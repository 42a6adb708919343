/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>

#include "base/json.h"
#include "cli/cli.h"

static void print_source(const struct book *b, const struct book_source *s)
{
	printf("  %-9s %s, %s: %" PRIu64 " ranges\n", word_name(WORDS_KIND, s->kind), book_string(b, s->file),
	       s->built.bytes > 0 ? book_string(b, s->built) : "no date", s->count4 + s->count6);
}

static void print_book(const struct book *b)
{
	const struct book_settings *set = book_settings(b);
	printf("book %016" PRIx64 ": %zu services, %zu names, %zu sites, %zu prefixes, %zu framings\n", b->header->hash,
	       b->count[BOOK_SERVICE] - 2, b->count[BOOK_NAME], b->count[BOOK_SITE], b->count[BOOK_PREFIX],
	       b->count[BOOK_FRAMING]);
	printf("policy: site %s, mode %s, size %s, %zu rules, %zu exceptions\n", book_string(b, set->site_name),
	       word_name(WORDS_MODE, set->mode), word_name(WORDS_SIZE, set->size), b->count[BOOK_RULE],
	       b->count[BOOK_EXCEPTION]);
	puts("location:");
	for (size_t i = 0; i < b->count[BOOK_SOURCE]; i++)
		print_source(b, book_source(b, i));
}

int verb_check(const struct cli *c)
{
	struct library lib;
	if (c->config == NULL)
		return complain(STATUS_USAGE, "check: name a policy with -c FILE");
	int status = library_open(c, &lib);
	if (status == STATUS_DONE && c->json)
		printf("{\"policy\":\"sound\",\"book\":\"%016" PRIx64 "\",\"rules\":%zu}\n", lib.book.header->hash,
		       lib.book.count[BOOK_RULE]);
	else if (status == STATUS_DONE)
		print_book(&lib.book);
	library_close(&lib);
	return status;
}
