/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/stun_tcp.h"

#include "wire/wire.h"

enum framing { FRAMING_UNKNOWN, FRAMING_BARE, FRAMING_LENGTH, FRAMING_RELAY };
enum preface { PREFACE_UNKNOWN, PREFACE_NONE, PREFACE_SSLTCP, PREFACE_MICROSOFT };
enum { COOKIE_AT = 4, TELL_BYTES = 10, RELAY_CONTROL = 2, RELAY_DATA = 3, MESSAGES = 16384 };

/* ---- pseudo-TLS hellos ---- */

struct hello {
	enum preface is;
	bool client; /* and not the server's answer */
	struct span bytes;
	size_t free_from, free_bytes, free2_from, free2_bytes; /* runs that may hold anything */
};
#define FIXED(literal)                                          \
	{                                                       \
		(const uint8_t *)(literal), sizeof(literal) - 1 \
	}
#define ZEROS32 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
static const struct hello hellos[] = {
	{ PREFACE_SSLTCP, true,
	  FIXED("\x80\x46\x01\x03\x01\x00\x2d\x00\x00\x00\x10\x01\x00\x80\x03\x00\x80\x07\x00\xc0\x06\x00\x40"
		"\x02"
		"\x00\x80\x04\x00\x80\x00\x00\x04\x00\xfe\xff\x00\x00\x0a\x00\xfe\xfe\x00\x00\x09\x00\x00\x64"
		"\x00"
		"\x00\x62\x00\x00\x03\x00\x00\x06\x1f\x17\x0c\xa6\x2f\x00\x78\xfc\x46\x55\x2e\xb1\x83\x39\xf1"
		"\xea"),
	  0, 0, 0, 0 },
	{ PREFACE_SSLTCP, false,
	  FIXED("\x16\x03\x01\x00\x4a\x02\x00\x00\x46\x03\x01\x42\x85\x45\xa7\x27\xa9\x5d\xa0\xb3\xc5\xe7\x53"
		"\xda"
		"\x48\x2b\x3f\xc6\x5a\xca\x89\xc1\x58\x52\xa1\x78\x3c\x5b\x17\x46\x00\x85\x3f\x20\x0e\xd3\x06"
		"\x72"
		"\x5b\x5b\x1b\x5f\x15\xac\x13\xf9\x88\x53\x9d\x9b\xe8\x3d\x7b\x0c\x30\x32\x6e\x38\x4d\xa2\x75"
		"\x57"
		"\x41\x6c\x34\x5c\x00\x04\x00"),
	  0, 0, 0, 0 },
	{ PREFACE_MICROSOFT, true,
	  FIXED("\x16\x03\x01\x00\x2d\x01\x00\x00\x29\x03\x01" ZEROS32 "\x00\x00\x02\x00\x18\x01\x00"), 11,
	  32, 0, 0 },
	{ PREFACE_MICROSOFT, false,
	  FIXED("\x16\x03\x01\x00\x4e\x02\x00\x00\x46\x03\x01" ZEROS32 "\x20" ZEROS32
		"\x00\x18\x00\x0e\x00\x00\x00"),
	  11, 32, 44, 32 },
};

/* The hello that the front begins with; NULL: none, or *ret_open: one could still come. */
static const struct hello *hello_find(struct span front, bool *ret_open)
{
	*ret_open = false;
	for (size_t h = 0; h < sizeof hellos / sizeof *hellos; h++) {
		const struct hello *t = &hellos[h];
		size_t n = front.len < t->bytes.len ? front.len : t->bytes.len, i = 0;
		for (; i < n; i++)
			if (front.at[i] != t->bytes.at[i] && i - t->free_from >= t->free_bytes &&
			    i - t->free2_from >= t->free2_bytes)
				break;
		if (i == t->bytes.len)
			return t;
		*ret_open |= i == front.len;
	}
	return NULL;
}

/* WIRE_MATCH: a pseudo-TLS hello, which only such clients and relays send; WIRE_OTHER: none came first. */
static enum wire_result read_preface(const struct payload *p, struct stun_tcp_memory *m, struct finding *ret)
{
	struct stun_tcp_way *way = &m->way[p->from_hi & 1], *other = &m->way[(p->from_hi & 1) ^ 1];
	bool open;
	const struct hello *h = hello_find(p->bytes, &open);
	if (h == NULL) {
		way->preface = open ? PREFACE_UNKNOWN : PREFACE_NONE;
		return open ? WIRE_MORE : WIRE_OTHER;
	}
	bool answers = !h->client && other->preface == h->is;
	way->preface = (uint8_t)h->is;
	way->taken = (uint32_t)h->bytes.len;
	finding_init(ret);
	ret->evidence = (uint8_t)(EV_PAYLOAD | (answers ? EV_ANSWER : 0));
	ret->tells = (uint16_t)(TELLS_SETUP | (h->client ? TELLS_REQUEST : answers ? TELLS_ANSWER : 0));
	return WIRE_MATCH;
}

/* ---- which framing ---- */

/* The bytes there are could be those of a STUN message that begins here. */
static bool may_be_stun(struct span s)
{
	static const uint8_t cookie[] = { 0x21, 0x12, 0xA4, 0x42 };
	size_t n = s.len <= COOKIE_AT                  ? 0
		   : s.len - COOKIE_AT < sizeof cookie ? s.len - COOKIE_AT
						       : sizeof cookie;
	return (s.len == 0 || s.at[0] < 4) && (n == 0 || memcmp(s.at + COOKIE_AT, cookie, n) == 0);
}
static struct span span_after(struct span s, size_t n)
{
	return s.len > n ? span_of(s.at + n, s.len - n) : span_of(NULL, 0);
}

/* MS-TURN control frames hold a message with Microsoft's cookie, which the parser asks for. */
static bool may_be_relay(struct span s)
{
	return (s.len == 0 || s.at[0] == RELAY_CONTROL || s.at[0] == RELAY_DATA) &&
	       (s.len < 2 || s.at[1] == 0);
}

/* FRAMING_UNKNOWN with *ret_open: more bytes decide. */
static enum framing framing_of(struct span s, enum preface preface, bool *ret_open)
{
	struct cursor c = cursor_of(s);
	uint32_t length = cursor_uint(&c, 2);
	bool bare = may_be_stun(s), relay = preface == PREFACE_MICROSOFT && may_be_relay(s);
	bool fits = s.len >= 2 ? length >= STUN_HEADER_BYTES && length <= STUN_MOST_BYTES
			       : s.len == 0 || s.at[0] <= STUN_MOST_BYTES >> 8;
	bool prefixed = fits && may_be_stun(span_after(s, 2));
	*ret_open = bare || prefixed || relay;
	if (relay && s.len >= COOKIE_AT)
		return FRAMING_RELAY;
	if (bare && s.len >= 2 * COOKIE_AT)
		return FRAMING_BARE;
	return prefixed && s.len >= TELL_BYTES ? FRAMING_LENGTH : FRAMING_UNKNOWN;
}

/* ---- messages ---- */

struct frame_head {
	size_t head, body, pad;
};

/* False: lost. With too few bytes, *ret_more. */
static bool frame_read(struct span s, enum framing framing, struct frame_head *ret, bool *ret_more)
{
	struct cursor c = cursor_of(s);
	uint32_t a = cursor_uint(&c, 2);
	uint32_t b = framing == FRAMING_LENGTH ? 0 : cursor_uint(&c, 2);
	*ret_more = !cursor_ok(&c);
	if (*ret_more)
		return true;
	if (framing == FRAMING_LENGTH)
		*ret = (struct frame_head){ 2, a, 0 };
	else if (framing == FRAMING_RELAY)
		*ret = (struct frame_head){ 4, b, 0 };
	else if (a >> 14 == 0)
		*ret = (struct frame_head){ 0, STUN_HEADER_BYTES + b, 0 };
	else
		*ret = (struct frame_head){ 0, 4 + b, (4 - b % 4) % 4 };
	*ret_more = s.len < ret->head + ret->body + ret->pad;
	if (framing == FRAMING_RELAY)
		return a == RELAY_CONTROL << 8 || a == RELAY_DATA << 8;
	return framing == FRAMING_LENGTH || (a >> 14 == 0 && ret->body <= STUN_MOST_BYTES) || a >> 14 == 1;
}

/* Reads every whole message behind way->taken. told: ret holds something already. */
static enum wire_result read_messages(const struct payload *p, struct stun_tcp_memory *m, bool told,
				      struct finding *ret)
{
	struct stun_tcp_way *way = &m->way[p->from_hi & 1];
	struct frame_head f = { 0, 0, 0 };
	struct finding one;
	bool more = false;
	for (unsigned n = 0; n < MESSAGES; n++) {
		struct span rest = span_after(p->bytes, way->taken);
		if (!frame_read(rest, (enum framing)way->framing, &f, &more))
			return told ? WIRE_MATCH : WIRE_BROKEN;
		if (more)
			break;
		struct payload inner = *p;
		inner.bytes = span_of(rest.at + f.head, f.body);
		inner.offset = 0;
		way->taken += (uint32_t)(f.head + f.body + f.pad);
		enum wire_result how = turn_any(&inner, &m->turn, &one);
		if (how != WIRE_MATCH && how != WIRE_PIECES)
			continue;
		if (!told)
			finding_init(ret);
		told = true;
		one.piece_count = 0;
		turn_merge(ret, &one);
	}
	return told ? WIRE_MATCH : WIRE_MORE;
}

enum wire_result stun_tcp_whole(const struct payload *p, void *memory, struct finding *ret)
{
	struct stun_tcp_memory *m = memory;
	struct stun_tcp_way *way = &m->way[p->from_hi & 1];
	bool told = false, open;
	if (way->preface == PREFACE_UNKNOWN) {
		enum wire_result how = read_preface(p, m, ret);
		if (how == WIRE_MORE)
			return WIRE_MORE;
		told = how == WIRE_MATCH;
	}
	if (way->framing == FRAMING_UNKNOWN) {
		way->framing = (uint8_t)framing_of(span_after(p->bytes, way->taken),
						   (enum preface)way->preface, &open);
		if (way->framing == FRAMING_UNKNOWN)
			return told ? WIRE_MATCH : open ? WIRE_MORE : WIRE_OTHER;
	}
	return read_messages(p, m, told, ret);
}
