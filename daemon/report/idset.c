/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/idset.h"

static size_t place_of(const struct idset *s, uint64_t id)
{
	size_t i = (size_t)(id % IDSET_ROWS);
	while (s->row[i] != 0 && s->row[i] != id)
		i = (i + 1) % IDSET_ROWS;
	return i;
}

void idset_add(struct idset *s, uint64_t id)
{
	size_t i = place_of(s, id);
	if (id == 0 || s->row[i] == id || s->count >= IDSET_MOST)
		return;
	s->row[i] = id;
	s->count++;
}

bool idset_has(const struct idset *s, uint64_t id)
{
	return id != 0 && s->row[place_of(s, id)] == id;
}

/* Those behind it move up, so that a search that ends at an empty row is right. */
bool idset_remove(struct idset *s, uint64_t id)
{
	size_t hole = place_of(s, id);
	if (id == 0 || s->row[hole] == 0)
		return false;
	s->count--;
	for (size_t i = (hole + 1) % IDSET_ROWS; s->row[i] != 0; i = (i + 1) % IDSET_ROWS) {
		size_t home = (size_t)(s->row[i] % IDSET_ROWS);
		if ((i + IDSET_ROWS - home) % IDSET_ROWS >= (i + IDSET_ROWS - hole) % IDSET_ROWS) {
			s->row[hole] = s->row[i];
			hole = i;
		}
	}
	s->row[hole] = 0;
	return true;
}
