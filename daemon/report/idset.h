/* SPDX-License-Identifier: GPL-3.0-or-later */
/* idset: a bounded set of ids that are hashes; 0 is in none. What does not fit is not in it. */
#ifndef KEYFENCE_REPORT_IDSET_H
#define KEYFENCE_REPORT_IDSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IDSET_ROWS = 1 << 14, IDSET_MOST = IDSET_ROWS / 4 * 3 };
struct idset {
	uint64_t row[IDSET_ROWS]; /* at its place or behind it, no empty row between; 0: empty */
	size_t count;
};

void idset_add(struct idset *s, uint64_t id);
bool idset_has(const struct idset *s, uint64_t id);
bool idset_remove(struct idset *s, uint64_t id); /* whether it was there */

#endif
