/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/teams.h"

enum {
	ACKNOWLEDGEMENT = 0x03,
	CLIENT_MESSAGE = 0x06,
	SERVER_MESSAGE = 0x07,
	BLOCK_BYTES = 16,
	BLOCKS_LEAST = 2,
	GUID_BYTES = 36
};

static enum wire_result match(const struct teams_memory *m, unsigned tells, struct finding *ret)
{
	finding_init(ret);
	ret->evidence = EV_PAYLOAD;
	ret->tells = (uint16_t)(TELLS_SETUP | tells);
	ret->token = m->session;
	return WIRE_MATCH;
}

/* Both sides send whole blocks of 16; only the server stands on the port. */
static enum wire_result see_message(const struct payload *p, uint8_t type, struct cursor *c,
				    struct teams_memory *m, struct finding *ret)
{
	bool to_server = p->to_port == TEAMS_PORT;
	size_t sealed = c->rest.len;
	if (sealed % BLOCK_BYTES != 0 || sealed / BLOCK_BYTES < BLOCKS_LEAST)
		return WIRE_OTHER;
	if (p->from_port != p->to_port && to_server != (type == CLIENT_MESSAGE))
		return WIRE_OTHER;
	m->message = type;
	m->message_hi = p->from_hi;
	if (type == CLIENT_MESSAGE)
		m->session = cursor_uint64(c, 8);
	if (m->matched == 0)
		return WIRE_MORE;
	return match(m, type == CLIENT_MESSAGE ? TELLS_REQUEST : 0, ret);
}

/* 8-4-4-4-12 lower-case hexadecimal digits */
static bool is_guid(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		bool digit = (s.at[i] >= '0' && s.at[i] <= '9') || (s.at[i] >= 'a' && s.at[i] <= 'f');
		if (dash ? s.at[i] != '-' : !digit)
			return false;
	}
	return s.len == GUID_BYTES;
}

static enum wire_result see_acknowledgement(const struct payload *p, struct span guid, struct teams_memory *m,
					    struct finding *ret)
{
	if (!is_guid(guid))
		return WIRE_OTHER;
	if (m->message == 0) /* joined in the middle: the message comes again, or the next one does */
		return WIRE_MORE;
	m->matched = 1;
	return match(m, m->message_hi != p->from_hi ? TELLS_ANSWER : 0, ret);
}

enum wire_result teams_recognise(const struct payload *p, void *memory, struct finding *ret)
{
	struct cursor c = cursor_of(p->bytes);
	uint8_t type = (uint8_t)cursor_uint(&c, 1);
	if (!cursor_ok(&c) || (p->from_port != TEAMS_PORT && p->to_port != TEAMS_PORT))
		return WIRE_OTHER;
	if (type == ACKNOWLEDGEMENT)
		return see_acknowledgement(p, c.rest, memory, ret);
	if (type == CLIENT_MESSAGE || type == SERVER_MESSAGE)
		return see_message(p, type, &c, memory, ret);
	return WIRE_OTHER;
}
