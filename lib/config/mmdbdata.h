/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmdbdata: the data section of an MMDB file, every value checked before anything is read from it.
 * Source: MaxMind DB File Format Specification 2.0, "Output Data Section". Each value is walked once, so the work is
 * bounded by the bytes, whatever the pointers do; nesting is bounded, so a circle is found. Borrows the bytes. */
#ifndef KEYFENCE_CONFIG_MMDBDATA_H
#define KEYFENCE_CONFIG_MMDBDATA_H

#include "base/cursor.h"

enum { MMDB_DEPTH = 128 };

struct mmdb_data {
	struct span bytes;
	uint8_t *
		walked; /* a bit for each byte at which a sound value begins; NULL: values are walked again */
	uint64_t steps; /* that may still be taken; more means that values overlap */
	const char *fault; /* what is wrong; NULL: nothing so far */
	size_t fault_at;   /* where, in bytes */
};

/* Whether the value at an offset, and all that it points to, is sound; if not, d->fault says why. */
bool mmdb_data_check(struct mmdb_data *d, size_t at);
/* The value under a path of keys (NULL behind the last) of a sound value. */
enum mmdb_found { MMDB_FOUND_NOTHING, MMDB_FOUND_TEXT, MMDB_FOUND_NUMBER };
enum mmdb_found mmdb_data_find(struct mmdb_data *d, size_t at, const char *const *path, struct span *ret_text,
			       uint64_t *ret_number);
/* Whether a list or map stands under a path, and all of its values are texts. */
bool mmdb_data_texts(struct mmdb_data *d, size_t at, const char *const *path);
/* Where the value at an offset really stands: behind its pointer, if it is one. Of a sound value. */
size_t mmdb_data_target(struct mmdb_data *d, size_t at);

#endif
