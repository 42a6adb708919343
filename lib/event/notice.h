/* SPDX-License-Identifier: GPL-3.0-or-later */
/* notice: the second, small kind of event: what the daemon says of itself (its health, its book, its outputs) and of
 * what it did (blocks). A code, and values of a fixed table of keys; severity, sentence and field names follow from
 * code and key, so that every notice of one code reads alike in every rendering.
 * Values are copied in. Texts are hostile; what does not fit is cut. A notice is a value: no pointers. */
#ifndef KEYFENCE_EVENT_NOTICE_H
#define KEYFENCE_EVENT_NOTICE_H

#include "event/event.h"

/* In the order of the fields; those of one object stand together. */
enum notice_key {
	NOTICE_UID,
	NOTICE_ERROR,
	NOTICE_PROCESS,
	NOTICE_STATUS,
	NOTICE_CLIENT,
	NOTICE_CLIENT_PORT,
	NOTICE_SERVER,
	NOTICE_SERVER_PORT,
	NOTICE_TRANSPORT,
	NOTICE_SERVICE,
	NOTICE_RULE,
	NOTICE_PACKETS,
	NOTICE_BYTES, /* that passed before a block: what leaked */
	NOTICE_ELEMENT,
	NOTICE_UNTIL,
	NOTICE_REFUSAL,
	NOTICE_BOOK,
	NOTICE_GENERATION,
	NOTICE_FILE,
	NOTICE_RULES,
	NOTICE_MODE,
	NOTICE_RESTARTS,
	NOTICE_INTERFACE,
	NOTICE_OUTPUT,
	NOTICE_LOST,
	NOTICE_LOST_INFO,
	NOTICE_LOST_HEALTH,
	NOTICE_LOST_UPDATES,
	NOTICE_LOST_ALERTS,
	NOTICE_LOST_KEYS,
	NOTICE_FIRST,
	NOTICE_LAST,
	NOTICE_FOLDED, /* what an alert storm counted instead of telling it */
	NOTICE_FOLDED_FLOWS,
	NOTICE_FOLDED_REFUSALS,
	/* Accounting (design section 4): offered = filtered + dropped + delivered, and what became of those. */
	NOTICE_OFFERED,
	NOTICE_FILTERED,
	NOTICE_DROPPED,
	NOTICE_DELIVERED,
	NOTICE_UNDECODED,
	NOTICE_NO_PORTS,
	NOTICE_FRAGMENT,
	NOTICE_NOT_UNICAST,
	NOTICE_DUPLICATE,
	NOTICE_OUTSIDE,
	NOTICE_TRACKED,
	NOTICE_FLOWS,
	NOTICE_EVICTED,
	NOTICE_FACTS_LOST,
	NOTICE_BLOCKS_LOST,
	NOTICE_MEETINGS,
	NOTICE_ALERTS,
	NOTICE_ALERTS_LOST,
	NOTICE_UNSURE,
	NOTICE_CONFERENCING, /* bytes; and those of it that pass between strangers */
	NOTICE_FOREIGN,
	NOTICE_SPOOLED,
	NOTICE_SPOOL_BYTES,
	NOTICE_OUTPUTS_DOWN,
	NOTICE_UPTIME,
	NOTICE_KEYS,
};

enum { NOTICE_TEXT_BYTES = 1024 };

struct notice {
	uint64_t id, at_us;
	uint64_t has; /* bits of enum notice_key */
	uint64_t number
		[NOTICE_KEYS]; /* of texts: where it begins << 16 | bytes; of addresses: which of the two */
	struct address address[2];
	uint16_t text_bytes;
	uint8_t code;
	char text[NOTICE_TEXT_BYTES];
};
_Static_assert(NOTICE_KEYS <= 64, "`has` is 64 bits");

struct notice notice_of(enum code code, uint64_t id, uint64_t at_us);
void notice_number(struct notice *n, enum notice_key key, uint64_t value);
void notice_text(struct notice *n, enum notice_key key, struct span hostile);
void notice_address(struct notice *n, enum notice_key key, const struct address *a);

uint8_t notice_severity(enum code code);
/* One sentence, clean text. */
void notice_sentence(const struct notice *n, struct text *ret);
/* The same values by name, for renderings: the key's field; false: the notice does not have it. */
struct field;
struct value;
const struct field *notice_field(enum notice_key key);
bool notice_value(const struct notice *n, enum notice_key key, struct value *ret);
/* One ECS JSON object without line end; always less than EVENT_JSON_BYTES. */
void notice_json(const struct book *b, const struct notice *n, struct text *ret);
void notice_native(const struct book *b, const struct notice *n, struct text *ret); /* as event_native */

#endif
