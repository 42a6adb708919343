/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/certificate.h"
#include "wire/host.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool is_inside(struct span part, const uint8_t *data, size_t len)
{
	return part.len == 0 || (part.at >= data && part.len <= len && part.at + part.len <= data + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct certificate c = { .name_count = 255 };
	if (certificate_parse(span_of(data, len), &c) != WIRE_MATCH) {
		if (c.name_count != 255)
			abort(); /* written without a match */
		return 0;
	}
	if (c.name_count > FINDING_NAMES || !is_inside(c.common_name, data, len))
		abort();
	for (size_t i = 0; i < c.name_count; i++)
		if (!is_inside(c.name[i], data, len) || !host_is_pattern(c.name[i]))
			abort();
	return 0;
}
