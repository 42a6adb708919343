/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/look.h"

#include "engine/state.h"

bool engine_look(struct engine *e, const struct flow_key *key, uint64_t id, struct flow_look *ret)
{
	const struct flow *f = flow_find(e->flows, key);
	if (f == NULL || flow_id(f) != id)
		return false;
	unsigned client = f->now.client_is_hi;
	for (unsigned i = 0; i < 2; i++) {
		ret->packets[i] = f->way[client ^ i].packets;
		ret->bytes[i] = f->way[client ^ i].bytes;
	}
	ret->closed = f->marks & FLOW_CLOSED;
	return true;
}
