/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check: the smallest test harness: CHECK counts and prints, check_done closes. */
#ifndef KEYFENCE_TESTS_CHECK_H
#define KEYFENCE_TESTS_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

static unsigned check_passed, check_failed;

/* The condition, then a printf text that names the row. */
#define CHECK(condition, ...)                                                                                    \
	do {                                                                                                     \
		if (condition) {                                                                                 \
			check_passed++;                                                                          \
		} else {                                                                                         \
			check_failed++;                                                                          \
			printf("%s:%d: not so: %s: ", __FILE__, __LINE__, #condition);                           \
			printf(__VA_ARGS__);                                                                     \
			putchar('\n');                                                                           \
		}                                                                                                \
	} while (0)

static inline int check_done(void)
{
	printf("%u passed, %u failed\n", check_passed, check_failed);
	return check_failed > 0 || check_passed == 0;
}

/* Bytes of a string literal without its NUL. */
#define BYTES(literal) ((struct span){ (const uint8_t *)(literal), sizeof(literal) - 1 })

/* Hexadecimal text (blanks ignored) into heap memory of exactly that size; free() the span's at. */
static inline struct span check_hex(const char *text)
{
	uint8_t *out = malloc(strlen(text) / 2 + 1);
	size_t n = 0;
	int high = -1;
	for (; *text != '\0'; text++) {
		int v = *text >= '0' && *text <= '9' ? *text - '0' :
			*text >= 'a' && *text <= 'f' ? *text - 'a' + 10 :
			*text >= 'A' && *text <= 'F' ? *text - 'A' + 10 : -1;
		if (v < 0)
			continue;
		if (high < 0) {
			high = v;
			continue;
		}
		out[n++] = (uint8_t)(high << 4 | v);
		high = -1;
	}
	uint8_t *exact = malloc(n > 0 ? n : 1);
	memcpy(exact, out, n);
	free(out);
	return span_of(exact, n);
}

/* A copy in a heap block of exactly n bytes, so that ASan sees the first byte read too far. */
static inline struct span check_cut(struct span whole, size_t n)
{
	uint8_t *exact = malloc(n > 0 ? n : 1);
	if (n > 0)
		memcpy(exact, whole.at, n);
	return span_of(exact, n);
}

#endif
