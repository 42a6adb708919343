/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a database of countries, then of AS numbers: it is refused in one line, or its ranges make a book that
 * opens and name only countries that there are; asked for numbers alone, none. */
#define _GNU_SOURCE
#include <errno.h>

#include "book/regions.h"
#include "catalogue.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_book(const struct book *b)
{
	for (size_t i = 0; i < b->count[BOOK_RANGE4]; i++) {
		const struct book_range4 *r = book_range4(b, i);
		if ((r->says != COUNTRY_NONE && !country_known(r->says)) || r->parent != 0)
			abort();
	}
	for (size_t i = 0; i < b->count[BOOK_RANGE6]; i++) {
		const struct book_range6 *r = book_range6(b, i);
		if ((r->says != COUNTRY_NONE && !country_known(r->says)) || r->parent != 0)
			abort();
	}
	if (b->count[BOOK_SOURCE] != 1)
		abort();
}

static void load(const struct config_request *q)
{
	struct config_report *r = config_report_new();
	uint8_t *image = NULL;
	size_t bytes = 0;
	struct book b;
	int result = config_load(q, r, &image, &bytes);
	if (result != 0 && result != -EBADMSG)
		abort();
	if (config_mistakes(r) != (result == 0 ? 0 : 1))
		abort();
	if (result == 0 && book_open(span_of(image, bytes), &b, NULL) != 0)
		abort();
	if (result == 0)
		check_book(&b);
	if (result == 0 && q->asn_db != NULL && book_source(&b, 0)->has != SOURCE_HAS_ASN)
		abort();
	free(image);
	config_report_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char path[64];
	int fd = bytes_as_file(data, len, path);
	load(&(struct config_request){ .catalogue = catalogue_folder(), .country_db = path });
	load(&(struct config_request){ .catalogue = catalogue_folder(), .asn_db = path });
	close(fd);
	return 0;
}
