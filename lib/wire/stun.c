/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/stun.h"

enum attribute {
	A_MAPPED = 0x0001,
	A_USERNAME = 0x0006,
	A_INTEGRITY = 0x0008,
	A_CHANNEL = 0x000C,
	A_LIFETIME = 0x000D,
	A_MS_ALTERNATE = 0x000E,
	A_MS_COOKIE = 0x000F,
	A_MS_DESTINATION = 0x0011,
	A_PEER = 0x0012, /* MS-TURN: REMOTE-ADDRESS, plain */
	A_DATA = 0x0013,
	A_REALM = 0x0014,
	A_NONCE = 0x0015, /* MS-TURN: REALM */
	A_RELAYED = 0x0016,
	A_INTEGRITY_SHA256 = 0x001C,
	A_XOR_MAPPED = 0x0020,
	A_PRIORITY = 0x0024,
	A_XOR_MAPPED_OLD = 0x8020,
	A_SOFTWARE = 0x8022,
	A_ALTERNATE = 0x8023,
	A_FINGERPRINT = 0x8028,
	A_MS_SESSION = 0x8095,
	A_GOOG_INTEGRITY = 0xC060,
	A_DTLS = 0xC070,
};
enum {
	COOKIE_AT = 4,
	ID_BYTES = 12,
	TEXT_BYTES = 763, /* RFC 8489 s14.9 */
	MS_COOKIE = 0x72C64BC6,
	FINGERPRINT_XOR = 0x5354554E,
};

/* CRC-32 (IEEE 802.3, reflected), a nibble at a time: a small table is enough for messages this short. */
static uint32_t crc32_of(struct span s)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
		0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
		0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
	};
	uint32_t crc = 0xFFFFFFFF;
	for (size_t i = 0; i < s.len; i++) {
		crc ^= s.at[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

/* type, high to low: 0 0 m11..m7 C1 m6..m4 C0 m3..m0 (RFC 8489 figure 3) */
static uint16_t method_of(uint32_t t)
{
	return (uint16_t)((t >> 2 & 0xF80) | (t >> 1 & 0x70) | (t & 0xF));
}
static uint8_t class_of(uint32_t t)
{
	return (uint8_t)((t >> 7 & 2) | (t >> 4 & 1));
}

/* What the IETF gave a number to, 8020 (an old XOR-MAPPED-ADDRESS that many servers send) included. */
static bool is_standard(uint32_t type)
{
	if (type < 0x40)
		return type != A_MS_ALTERNATE && type != A_MS_COOKIE && type != A_MS_DESTINATION;
	return (type >= 0x8000 && type <= 0x8004) || type == A_XOR_MAPPED_OLD ||
	       (type >= 0x8022 && type <= 0x8030 && type != 0x8024 && type != 0x8026);
}
static bool is_microsoft(uint32_t type)
{
	return type == A_MS_ALTERNATE || type == A_MS_COOKIE || type == A_MS_DESTINATION || type == 0x8006 ||
	       type == 0x8008 || (type >= 0x8032 && type <= 0x8039) || (type >= 0x8050 && type <= 0x8070) ||
	       type == 0x8090 || type == A_MS_SESSION;
}

/* When full, a number of Microsoft's takes the place of the last one of nobody in particular. */
static void keep_number(struct stun_message *s, uint16_t type)
{
	unsigned n = s->number_count;
	for (unsigned i = 0; i < n; i++)
		if (s->number[i] == type)
			return;
	if (n < FINDING_NUMBERS) {
		s->number[s->number_count++] = type;
		return;
	}
	while (n > 0 && is_microsoft(s->number[n - 1]))
		n--;
	if (n > 0 && is_microsoft(type))
		s->number[n - 1] = type;
}

/* 00 family port address; the first byte is to be ignored. Unless plain, XORed with bytes 4 to 19 of the message:
 * the cookie, then the id (RFC 8489 s14.2). Another length than its family's is no address. */
static void keep_address(struct stun_address *ret, struct span value, const uint8_t *mask)
{
	struct cursor c = cursor_of(value);
	cursor_take(&c, 1);
	uint32_t family = cursor_uint(&c, 1), port = cursor_uint(&c, 2);
	struct span ip = cursor_take(&c, family == 1 ? 4 : family == 2 ? 16 : value.len);
	if (ret->set || !cursor_ok(&c) || c.rest.len > 0)
		return;
	uint8_t bytes[16];
	for (size_t i = 0; i < ip.len; i++)
		bytes[i] = mask != NULL ? ip.at[i] ^ mask[i] : ip.at[i];
	if (mask != NULL)
		port ^= (uint32_t)mask[0] << 8 | mask[1];
	*ret = (struct stun_address){ address_from(span_of(bytes, ip.len)), (uint16_t)port, true };
}

static void keep_text(struct span *ret, struct span value, size_t most)
{
	if (ret->at == NULL && value.len <= most)
		*ret = value;
}
static uint32_t number_of(struct span value)
{
	struct cursor c = cursor_of(value);
	return cursor_uint(&c, 4);
}

/* Attributes that mean one thing in every dialect. */
static void read_common(struct stun_message *s, uint32_t type, struct span value, const uint8_t *mask)
{
	switch (type) {
	case A_USERNAME:
		s->saw |= STUN_SAW_USERNAME;
		keep_text(&s->username, value, TEXT_BYTES);
		break;
	case A_PRIORITY: s->saw |= STUN_SAW_PRIORITY; break;
	case A_INTEGRITY:
	case A_INTEGRITY_SHA256:
	case A_GOOG_INTEGRITY: s->saw |= STUN_SAW_INTEGRITY; break;
	case A_LIFETIME:
		s->saw |= value.len == 4 ? STUN_SAW_LIFETIME : 0;
		s->lifetime_s = number_of(value);
		break;
	case A_CHANNEL: s->channel = value.len == 4 ? (uint16_t)(number_of(value) >> 16) : 0; break;
	case A_DATA: keep_text(&s->data, value, STUN_MOST_BYTES); break;
	case A_DTLS: keep_text(&s->dtls, value, STUN_MOST_BYTES); break;
	case A_SOFTWARE: keep_text(&s->software, value, TEXT_BYTES); break;
	case A_MS_SESSION: keep_text(&s->session, value, 8); break;
	case A_XOR_MAPPED:
	case A_XOR_MAPPED_OLD: keep_address(&s->mapped, value, mask); break;
	case A_RELAYED: keep_address(&s->relayed, value, mask); break;
	case A_ALTERNATE: keep_address(&s->other, value, NULL); break;
	default: break;
	}
}

/* Attributes whose meaning depends on the dialect. plain: MAPPED-ADDRESS, judged when all are read. */
static void read_dialect(struct stun_message *s, uint32_t type, struct span value, const uint8_t *mask,
			 struct stun_address *plain)
{
	if (type == A_MAPPED)
		keep_address(plain, value, NULL);
	else if (type == (s->ms_turn ? A_NONCE : A_REALM))
		keep_text(&s->realm, value, TEXT_BYTES);
	else if (type == A_PEER)
		keep_address(&s->peer, value, s->ms_turn ? NULL : mask);
	else if (s->ms_turn && type == A_MS_DESTINATION)
		keep_address(&s->peer, value, NULL);
	else if (s->ms_turn && type == A_MS_ALTERNATE)
		keep_address(&s->other, value, NULL);
}

/* RFC 3489 s11.2 and the old XOR-MAPPED-ADDRESS and SERVER (draft-ietf-behave-rfc3489bis). */
static bool classic_knows(uint32_t type)
{
	return (type >= 0x0001 && type <= 0x000B) || (type >= 0x8020 && type <= 0x8022);
}

struct reading {
	struct stun_message *to;
	struct span whole;
	struct stun_address plain;
	unsigned count;
	bool sealed; /* MESSAGE-INTEGRITY was there */
};

static void read_attribute(struct cursor *c, struct reading *r)
{
	struct stun_message *s = r->to;
	struct span before = span_of(r->whole.at, r->whole.len - c->rest.len);
	uint32_t type = cursor_uint(c, 2), bytes = cursor_uint(c, 2);
	struct span value = cursor_take(c, bytes);
	if (r->count++ == 0)
		s->ms_turn = type == A_MS_COOKIE && bytes == 4 && number_of(value) == MS_COOKIE;
	size_t pad = s->ms_turn ? 0 : (4 - bytes % 4) % 4;
	cursor_take(c, pad < c->rest.len ? pad : c->rest.len); /* some senders leave out the last one */
	if (r->count > STUN_ATTRIBUTES || (s->classic && !s->ms_turn && !classic_knows(type)))
		cursor_fail(c);
	if (type == A_FINGERPRINT && !s->classic) {
		bool right = bytes == 4 && number_of(value) == (crc32_of(before) ^ FINGERPRINT_XOR);
		if (!right || c->rest.len > 0) /* it is the last one (RFC 8489 s14.7) */
			cursor_fail(c);
		s->saw |= STUN_SAW_FINGERPRINT;
		return;
	}
	if (!cursor_ok(c) || (r->sealed && type != A_INTEGRITY_SHA256))
		return;
	r->sealed |= type == A_INTEGRITY;
	if (!is_standard(type))
		keep_number(s, (uint16_t)type);
	read_common(s, type, value, r->whole.at + COOKIE_AT);
	read_dialect(s, type, value, r->whole.at + COOKIE_AT, &r->plain);
}

/* Binding and SharedSecret of RFC 3489, and the methods of the TURN drafts of its time. */
static bool classic_type(uint32_t type)
{
	static const uint16_t types[] = { 0x0001, 0x0101, 0x0111, 0x0002, 0x0102, 0x0112, 0x0003, 0x0103,
					  0x0113, 0x0004, 0x0104, 0x0114, 0x0115, 0x0006, 0x0106, 0x0116 };
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i] == type)
			return true;
	return false;
}

/* In an MS-TURN Allocate answer MAPPED-ADDRESS is the relayed address (MS-TURN 3.2.5.1; observed: teams.pcap
 * frame 1275). Elsewhere it says what XOR-MAPPED-ADDRESS says, which is to be preferred: some NATs rewrite it. */
static void settle_plain(struct stun_message *s, const struct stun_address *plain)
{
	if (!plain->set)
		return;
	if (s->ms_turn && s->method == STUN_ALLOCATE && s->class == STUN_SUCCESS)
		s->relayed = *plain;
	else if (!s->ms_turn && !s->mapped.set)
		s->mapped = *plain;
}

enum wire_result stun_parse(struct span message, struct stun_message *ret)
{
	struct cursor c = cursor_of(message);
	uint32_t type = cursor_uint(&c, 2), bytes = cursor_uint(&c, 2), cookie = cursor_uint(&c, 4);
	struct span id = cursor_take(&c, ID_BYTES);
	bool classic = cookie != STUN_COOKIE;
	if (!cursor_ok(&c) || type >> 14 != 0 ||
	    (classic && (bytes != c.rest.len || bytes == 0 || !classic_type(type))))
		return WIRE_OTHER;
	if (bytes != c.rest.len || message.len > STUN_MOST_BYTES) /* one datagram, one message */
		return classic ? WIRE_OTHER : WIRE_BROKEN;
	struct stun_message s = { .method = method_of(type), .class = class_of(type), .classic = classic };
	s.id = classic ? span_of(message.at + COOKIE_AT, ID_BYTES + 4) : id;
	struct reading r = { .to = &s, .whole = message };
	while (cursor_more(&c))
		read_attribute(&c, &r);
	if (!cursor_ok(&c))
		return classic && !s.ms_turn ? WIRE_OTHER : WIRE_BROKEN;
	settle_plain(&s, &r.plain);
	*ret = s;
	return WIRE_MATCH;
}
