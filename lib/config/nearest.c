/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/schema.h"

enum { NEAREST_BYTES = 64 };

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;
	return ab < c ? ab : c;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* Edits between two words (insert, delete, change, swap of neighbours), case aside. */
static unsigned distance_of(struct span a, struct span b)
{
	unsigned row[3][NEAREST_BYTES + 1];
	for (unsigned j = 0; j <= b.len; j++)
		row[1][j] = j;
	for (unsigned i = 1; i <= a.len; i++) {
		unsigned *now = row[(i + 1) % 3], *up = row[i % 3], *upup = row[(i + 2) % 3];
		now[0] = i;
		for (unsigned j = 1; j <= b.len; j++) {
			uint8_t x = lower(a.at[i - 1]), y = lower(b.at[j - 1]);
			now[j] = least(up[j] + 1, now[j - 1] + 1, up[j - 1] + (x != y));
			bool swapped = i > 1 && j > 1 && x == lower(b.at[j - 2]) && y == lower(a.at[i - 2]);
			if (swapped && upup[j - 2] + 1 < now[j])
				now[j] = upup[j - 2] + 1;
		}
	}
	return row[(a.len + 1) % 3][b.len];
}

void nearest_try(struct nearest *n, struct span candidate)
{
	if (n->given.len > NEAREST_BYTES || candidate.len > NEAREST_BYTES || candidate.len == 0 ||
	    n->given.len == 0)
		return;
	size_t longer = n->given.len > candidate.len ? n->given.len : candidate.len;
	size_t gap = longer - (n->given.len < candidate.len ? n->given.len : candidate.len);
	if (gap >= n->distance)
		return;
	unsigned d = distance_of(n->given, candidate);
	if (d < n->distance && d < longer)
		n->distance = d, n->best = candidate;
}
