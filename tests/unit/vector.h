/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vector: reads a file of hexadecimal text below tests/unit/vectors. */
#ifndef KEYFENCE_TESTS_VECTOR_H
#define KEYFENCE_TESTS_VECTOR_H

#include "check.h"

/* Bytes in an exact heap block; free() the span's at. Empty if there is no such file. */
static inline struct span vector_hex(const char *folder, const char *name)
{
	static char text[1 << 17];
	char path[512];
	snprintf(path, sizeof path, "%s/tests/unit/vectors/%s/%s.hex", TEST_SOURCE, folder, name);
	FILE *f = fopen(path, "r");
	size_t n = f != NULL ? fread(text, 1, sizeof text - 1, f) : 0;
	if (f != NULL)
		fclose(f);
	CHECK(n > 0, "%s", path);
	text[n] = '\0';
	return check_hex(text);
}

#endif
