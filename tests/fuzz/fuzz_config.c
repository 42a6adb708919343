/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a policy: either mistakes are told, each a clean line, or there is a book that opens. The catalogue is
 * one small service, made once. */
#define _GNU_SOURCE
#include "catalogue.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_lines(const struct config_report *r)
{
	const char *line;
	bool warning;
	for (size_t i = 0; (line = config_line(r, i, &warning)) != NULL; i++)
		for (const char *c = line; *c != '\0'; c++)
			if (*c < 0x20 || *c > 0x7E) /* a terminal must not be steered by a policy */
				abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char path[64];
	int fd = bytes_as_file(data, len, path);
	struct config_report *r = config_report_new();
	struct config_request q = { .policy = path,
				    .catalogue = catalogue_folder(),
				    .tables = catalogue_folder() };
	uint8_t *image = NULL;
	size_t bytes = 0;
	struct book b;
	int result = config_load(&q, r, &image, &bytes);
	if ((result == 0) != (config_mistakes(r) == 0))
		abort();
	if (result == 0 && book_open(span_of(image, bytes), &b, NULL) != 0)
		abort();
	check_lines(r);
	free(image);
	config_report_free(r);
	close(fd);
	return 0;
}
