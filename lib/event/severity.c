/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "event/event.h"

enum {
	SEVERITY_KEY_CONFIRMED = 90, /* a key server in a forbidden region, confirmed */
	SEVERITY_KEY = 75,           /* the same, plausible */
	SEVERITY_FORBIDDEN = 70,     /* media, or keys agreed by handshake, in a forbidden region */
	SEVERITY_OUTSIDE = 50,       /* media outside the permitted region; a banned service */
	SEVERITY_DISPUTED = 35,
	SEVERITY_NOWHERE = 25,
};

static uint8_t severity_of_region(const struct book_rule *r, enum code code, const struct event_place *p)
{
	if (code == CODE_KEY_REGION && (p->basis & (BASIS_SERVER | BASIS_CLEAR)) != 0)
		return p->where.certainty == CERTAINTY_CONFIRMED ? SEVERITY_KEY_CONFIRMED : SEVERITY_KEY;
	if (code == CODE_KEY_REGION || (code == CODE_MEDIA_REGION && r->inside != 0))
		return SEVERITY_FORBIDDEN;
	return SEVERITY_OUTSIDE;
}

uint8_t event_severity(const struct book *b, enum code code, uint16_t rule, const struct event_place *p)
{
	if (code == CODE_LOC_NONE || rule == 0 || rule > b->count[BOOK_RULE])
		return SEVERITY_NOWHERE;
	const struct book_rule *r = book_rule(b, rule - 1u);
	if (code == CODE_SERVICE_BANNED || (r->inside == 0 && r->outside == 0))
		return SEVERITY_OUTSIDE; /* where it stands does not matter */
	if (p->where.certainty == CERTAINTY_NONE)
		return SEVERITY_NOWHERE;
	if (p->where.certainty == CERTAINTY_DISPUTED || p->where.certainty == CERTAINTY_CONTRADICTED)
		return SEVERITY_DISPUTED;
	return severity_of_region(r, code, p);
}
