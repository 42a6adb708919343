/* SPDX-License-Identifier: GPL-3.0-or-later */
/* look: what the engine has counted of one flow by now. Facts tell when a conclusion changes; whoever watches what became of a
 * block must know whether packets still come. */
#ifndef KEYFENCE_ENGINE_LOOK_H
#define KEYFENCE_ENGINE_LOOK_H

#include "engine/engine.h"

struct flow_look {
	uint64_t packets[2], bytes[2]; /* [0] from the client, [1] from the server */
	bool closed;                   /* its ends, or somebody in their name, have closed it */
};

/* False: the flow of this key is no more, or is another one than this id's. */
bool engine_look(struct engine *e, const struct flow_key *key, uint64_t id, struct flow_look *ret);

#endif
