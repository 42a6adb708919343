/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Holds of every message that is read: its names are clean and lie inside their storage, its records point at
 * names, and one byte less is not the same message. */
#include <stdlib.h>

#include "wire/dns.h"

static void hold(bool so)
{
	if (!so)
		abort();
}

static bool is_clean(const char *text, size_t bytes, bool lower)
{
	for (size_t i = 0; i < bytes; i++) {
		char b = text[i];
		bool upper = b >= 'A' && b <= 'Z';
		if (!(b >= 'a' && b <= 'z') && !(b >= '0' && b <= '9') && b != '-' && b != '_' && b != '.' &&
		    !upper)
			return false;
		if ((upper && lower) || (b == '.' && (i == 0 || i + 1 == bytes || text[i - 1] == '.')))
			return false;
	}
	return bytes < DNS_NAME_BYTES;
}

/* Whether a name begins here: at the front, or behind a NUL. */
static bool begins(const struct dns_message *m, uint16_t at)
{
	return at < m->names_bytes && (at == 0 || m->names[at - 1] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct dns_message m, less;
	enum wire_result got = dns_parse(span_of(data, len), &m);
	hold(got == WIRE_MATCH || got == WIRE_BROKEN || got == WIRE_OTHER);
	if (got != WIRE_MATCH)
		return 0;
	hold(len >= 17 && m.record_count <= DNS_ANSWERS && m.names_bytes <= sizeof m.names);
	hold(m.names_bytes == 0 || m.names[m.names_bytes - 1] == '\0');
	hold(m.question[m.question_bytes] == '\0' && is_clean(m.question, m.question_bytes, false));
	for (size_t i = 0; i < m.record_count; i++) {
		const struct dns_record *r = &m.record[i];
		hold(begins(&m, r->owner) && is_clean(m.names + r->owner, strlen(m.names + r->owner), true));
		hold(begins(&m, r->target) &&
		     is_clean(m.names + r->target, strlen(m.names + r->target), true));
		hold(r->type == 1 || r->type == 5 || r->type == 28 || r->type == 39);
		hold(r->type != 1 || address_is_v4(&r->at));
		hold(r->ttl_s <= INT32_MAX);
	}
	hold(dns_parse(span_of(data, len - 1), &less) != WIRE_MATCH);
	return 0;
}
