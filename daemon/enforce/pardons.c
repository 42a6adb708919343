/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "enforce/pardons.h"

void pardons_add(struct pardons *p, const struct element_key *key, uint64_t until_us)
{
	p->at[p->next] = (struct pardon){ *key, until_us };
	p->next = (p->next + 1) % PARDONS;
}

bool pardons_hold(const struct pardons *p, const struct element_key *key, uint64_t now_us)
{
	for (size_t i = 0; i < PARDONS; i++)
		if (p->at[i].until_us > now_us && memcmp(&p->at[i].key, key, sizeof *key) == 0)
			return true;
	return false;
}
