/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/zoom.h"

enum {
	NAT_REQUEST = 0x0001,
	NAT_ANSWER = 0x0002,
	NAT_REQUEST_BYTES = 0x18,
	NAT_ANSWER_BYTES = 0x0c,
	NAT_TEXT = 0x0101,
	NAT_OUTER = 0x0103,
	STUN_COOKIE = 0x2112A442,
	ID_BYTES = 16,
	TOKEN_BYTES = 64,
	HELLO_MOST = 256,
	ANSWER_BYTES_V2 = 35,
	ANSWER_MOST = 64,
	PING_BYTES = 13,
	PING_MOST = 128,
	CLOSE_MOST = 128,
	HELLO_TRIES_MS = 60000,
	RTP_DYNAMIC = 96,
	RTP_STEP = 64,
	RTP_ENOUGH = 3,
	VOTES_ENOUGH = 3,

	UUID_BYTES = 36,
	PEER_END_BYTES = 4,
};

/* First byte of a datagram. */
enum outer {
	NAT_TEST = 0x00,
	CLIENT_HELLO = 0x01,
	SERVER_HELLO = 0x02,
	PING = 0x03,
	PONG = 0x04,
	DATA = 0x05,
	CLOSE = 0x07,
	PEER_HELLO = 0x1f
};

/* First byte of the inner header. */
enum inner {
	KEEP_ALIVE = 0x0a,
	BIND = 0x0c,
	BIND_ANSWER = 0x0d,
	SCREEN_WRAP = 0x0d,
	AUDIO = 0x0f,
	VIDEO = 0x10,
	PROBE = 0x15,
	SCREEN = 0x1e,
	RTCP_FIRST = 0x21,
	RTCP_LAST = 0x23
};

enum asked { ASKED_NAT = 1, ASKED_HELLO = 2, ASKED_PEER = 3, ASKED_BY_HI = 4 };

enum zoom_state {
	OPEN_SERVER = 1, /* believed: a flow with a server */
	OPEN_PEER = 2,   /* believed: a flow between two clients */
	LAYOUT_V2 = 4,
	LAYOUT_V3 = 8, /* told by the hellos; none: joined in the middle */
	SAW_PING = 16,
	SAW_DATA = 32,      /* of the candidate session */
	SESSION_GIVEN = 64, /* by a server hello */
};

/* What one payload says, before it is a finding. */
struct saying {
	uint16_t tells, told_port;
	uint8_t media, told_as;
	struct address told;
	uint64_t token;
};

/* RTP inside an inner header. */
struct rtp_inside {
	uint32_t ssrc;
	uint16_t sequence;
	uint8_t type;
};

static uint64_t hash_of(struct span s)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a: links flows, defends nothing */
	for (size_t i = 0; i < s.len; i++)
		h = (h ^ s.at[i]) * 0x100000001b3u;
	return h;
}

static bool all_zero(struct span s)
{
	uint8_t bits = 0;
	for (size_t i = 0; i < s.len; i++)
		bits |= s.at[i];
	return bits == 0;
}

/* ---- NAT test ---- */

static void remember_asked(struct zoom_memory *m, enum asked what, const struct payload *p, struct span id)
{
	memcpy(m->asked_id, id.at, ID_BYTES);
	m->asked = (uint8_t)(what | (p->from_hi != 0 ? ASKED_BY_HI : 0));
}

/* The other end asked with this id. */
static bool was_asked(const struct zoom_memory *m, enum asked what, const struct payload *p, struct span id)
{
	unsigned asked = what | (p->from_hi == 0 ? ASKED_BY_HI : 0);
	return m->asked == asked && memcmp(m->asked_id, id.at, ID_BYTES) == 0;
}

/* 0001 0018 id[16] 0101 0014 "1234567890123456789\0" (zoom.pcap F34, zoom_p2p.pcapng F8) */
static enum wire_result see_nat_request(struct cursor *c, const struct payload *p, struct zoom_memory *m,
					struct span id, struct saying *ret)
{
	static const uint8_t text[20] = "1234567890123456789";
	if (cursor_uint(c, 2) != NAT_TEXT || cursor_uint(c, 2) != sizeof text ||
	    !span_equal(cursor_take(c, sizeof text), span_of(text, sizeof text)) || c->rest.len != 0)
		return WIRE_OTHER;
	remember_asked(m, ASKED_NAT, p, id);
	*ret = (struct saying){ .tells = TELLS_SETUP | TELLS_REQUEST, .token = hash_of(id) };
	return WIRE_MATCH;
}

/* 0002 000c id[16] 0103 0008 00 01 port ipv4: plain, not XORed (zoom.pcap F60) */
static enum wire_result see_nat_answer(struct cursor *c, const struct payload *p, const struct zoom_memory *m,
				       struct span id, struct saying *ret)
{
	if (cursor_uint(c, 2) != NAT_OUTER || cursor_uint(c, 2) != 8 || cursor_uint(c, 2) != 1)
		return WIRE_OTHER;
	uint16_t port = (uint16_t)cursor_uint(c, 2);
	uint32_t ipv4 = cursor_uint(c, 4);
	if (!cursor_ok(c) || c->rest.len != 0)
		return WIRE_OTHER;
	uint16_t answer = was_asked(m, ASKED_NAT, p, id) ? TELLS_ANSWER : 0;
	*ret = (struct saying){ .tells = (uint16_t)(TELLS_SETUP | answer),
				.token = hash_of(id),
				.told = address_from_v4(ipv4),
				.told_port = port,
				.told_as = TOLD_CLIENT_OUTER };
	return WIRE_MATCH;
}

/* c stands behind the first byte. */
static enum wire_result see_nat_test(struct cursor *c, const struct payload *p, struct zoom_memory *m,
				     struct saying *ret)
{
	uint32_t type = cursor_uint(c, 1), bytes = cursor_uint(c, 2);
	struct cursor peek = *c;
	uint32_t cookie = cursor_uint(&peek, 4);
	struct span id = cursor_take(c, ID_BYTES);
	if (!cursor_ok(c) || cookie == STUN_COOKIE)
		return WIRE_OTHER;
	if (type == NAT_REQUEST && bytes == NAT_REQUEST_BYTES)
		return see_nat_request(c, p, m, id, ret);
	if (type == NAT_ANSWER && bytes == NAT_ANSWER_BYTES)
		return see_nat_answer(c, p, m, id, ret);
	return WIRE_OTHER;
}

/* ---- hellos of server flows ---- */

/* By the version of either hello; 0: not told. */
static void open_server(struct zoom_memory *m, uint32_t version)
{
	unsigned layout = version == 0 ? 0 : version >= 3 ? LAYOUT_V3 : LAYOUT_V2;
	unsigned kept = m->state & ~(layout != 0 ? (unsigned)(LAYOUT_V2 | LAYOUT_V3) : 0u);
	m->state = (uint8_t)(kept | OPEN_SERVER | layout);
}

static void give_session(struct zoom_memory *m, uint32_t session)
{
	m->session = session;
	m->state |= SESSION_GIVEN;
}

/* 01 version16 id[16] 0:32 2:32 first-time32 time32 0x40:32 token[64] ... (zoom.pcap F386, zoom_test.pcap F9;
 * the times differ where it is sent again, F18) */
static enum wire_result see_client_hello(struct cursor *c, const struct payload *p, struct zoom_memory *m,
					 struct saying *ret)
{
	uint32_t version = cursor_uint(c, 2);
	struct span id = cursor_take(c, ID_BYTES);
	uint32_t zero = cursor_uint(c, 4), two = cursor_uint(c, 4);
	uint32_t time = cursor_uint(c, 4), now = cursor_uint(c, 4), token_bytes = cursor_uint(c, 4);
	if (!cursor_ok(c) || (version != 2 && version != 3) || zero != 0 || two != 2 ||
	    now - time > HELLO_TRIES_MS || token_bytes != TOKEN_BYTES || p->bytes.len > HELLO_MOST ||
	    all_zero(id))
		return WIRE_OTHER;
	remember_asked(m, ASKED_HELLO, p, id);
	open_server(m, version);
	*ret = (struct saying){ .tells = TELLS_SETUP | TELLS_REQUEST, .token = hash_of(id) };
	return WIRE_MATCH;
}

/* 02 version16 id[16] session32 time32 0:64 ...; version 1 answers 2 in 35 bytes, 3 answers 3 in 44
 * (zoom.pcap F395, zoom_test.pcap F12) */
static enum wire_result see_server_hello(struct cursor *c, const struct payload *p, struct zoom_memory *m,
					 struct saying *ret)
{
	uint32_t version = cursor_uint(c, 2);
	struct span id = cursor_take(c, ID_BYTES);
	uint32_t session = cursor_uint(c, 4);
	cursor_take(c, 4);
	struct span zero = cursor_take(c, 8);
	size_t most = version == 1 ? ANSWER_BYTES_V2 : ANSWER_MOST;
	if (!cursor_ok(c) || (version != 1 && version != 3) || session == 0 || !all_zero(zero) ||
	    all_zero(id) || p->bytes.len > most)
		return WIRE_OTHER;
	give_session(m, session);
	open_server(m, version);
	uint16_t answer = was_asked(m, ASKED_HELLO, p, id) ? TELLS_ANSWER : 0;
	*ret = (struct saying){ .tells = (uint16_t)(TELLS_SETUP | answer), .token = hash_of(id) };
	return WIRE_MATCH;
}

/* ---- sessions ---- */

/* A candidate's packet: it is the flow's session once pings and data, three of them, show the same. */
static bool session_won(struct zoom_memory *m, uint32_t session, unsigned saw)
{
	if (session != m->session) {
		m->session = session;
		m->votes = 0;
		m->state &= (uint8_t) ~(SAW_PING | SAW_DATA);
	}
	m->state |= (uint8_t)saw;
	if (m->votes < VOTES_ENOUGH)
		m->votes++;
	return m->votes == VOTES_ENOUGH && (m->state & SAW_PING) != 0 && (m->state & SAW_DATA) != 0;
}

/* Does a packet of this session belong to the flow? */
static enum wire_result see_session(struct zoom_memory *m, uint32_t session, unsigned saw)
{
	if (session == 0)
		return WIRE_OTHER;
	if ((m->state & SESSION_GIVEN) != 0)
		return session == m->session ? WIRE_MATCH : WIRE_OTHER;
	bool won = session_won(m, session, saw);
	if (won && (m->state & OPEN_SERVER) == 0) {
		give_session(m, session);
		open_server(m, 3); /* v2 data has no session */
	}
	return (m->state & OPEN_SERVER) != 0 ? WIRE_MATCH : WIRE_MORE;
}

/* 03 sequence32 time32 session32 ...; 04 repeats the twelve (zoom.pcap F396, F397; F701 to F704) */
static enum wire_result see_ping(struct cursor *c, const struct payload *p, struct zoom_memory *m, bool pong,
				 struct saying *ret)
{
	uint32_t sequence = cursor_uint(c, 4), time = cursor_uint(c, 4), session = cursor_uint(c, 4);
	if (!cursor_ok(c) || p->bytes.len > PING_MOST || session == 0)
		return WIRE_OTHER;
	uint32_t ping = (sequence * 0x9E3779B1u ^ time ^ session * 0x85EBCA77u) | 1; /* 0: no ping yet */
	bool echo = pong && ping == m->ping[p->from_hi == 0];
	if (echo && (m->state & OPEN_SERVER) == 0) {
		open_server(m, 0);
		give_session(m, session);
	}
	enum wire_result r = see_session(m, session, SAW_PING);
	if (r == WIRE_OTHER)
		return WIRE_OTHER;
	if (!pong)
		m->ping[p->from_hi != 0] = ping;
	*ret = (struct saying){ .tells = (uint16_t)(TELLS_SETUP | (echo ? TELLS_ANSWER : 0)),
				.token = (uint64_t)session << 32 | ping };
	return r;
}

/* ---- inner headers ---- */

static bool read_rtp(struct span inner, size_t at, struct rtp_inside *ret)
{
	struct cursor c = cursor_of(inner);
	cursor_take(&c, at);
	uint32_t first = cursor_uint(&c, 1), type = cursor_uint(&c, 1) & 0x7F, sequence = cursor_uint(&c, 2);
	cursor_take(&c, 4);
	uint32_t ssrc = cursor_uint(&c, 4);
	if (!cursor_ok(&c) || first >> 6 != 2 || type < RTP_DYNAMIC || ssrc == 0)
		return false;
	*ret = (struct rtp_inside){ ssrc, (uint16_t)sequence, (uint8_t)type };
	return true;
}

/* 0 behind the end. */
static uint32_t byte_at(struct span s, size_t at)
{
	struct cursor c = cursor_of(s);
	cursor_take(&c, at);
	return cursor_uint(&c, 1);
}

/* 17: length of the RTP packet, that ends the datagram (a capture may end it sooner) */
static bool audio_fits(struct span inner)
{
	uint32_t bytes = byte_at(inner, 17) << 8 | byte_at(inner, 18);
	return inner.len > 19 && inner.len - 19 <= bytes;
}

/* RTP 20 behind the type, or 24 where 02 tells of four bytes more, or where nothing else fits
 * (Michel et al., IMC 2022, have 24 for all). */
static bool read_video(struct span inner, struct rtp_inside *ret)
{
	bool longer = byte_at(inner, 20) == 2;
	return (!longer && read_rtp(inner, 20, ret)) || read_rtp(inner, 24, ret);
}

/* Screen share of a server flow: 0d, time and sequence, sub-type at 7 (v3; at 4 in v2), RTP 20 behind the
 * sub-type. */
static size_t wrap_bytes(const struct zoom_memory *m)
{
	return (m->state & LAYOUT_V2) != 0 ? 4 : 7;
}

/* Audio, video or screen with RTP at its place: its kind; else 0. */
static uint8_t media_of(struct span inner, const struct zoom_memory *m, struct rtp_inside *ret)
{
	size_t wrap = wrap_bytes(m);
	switch (byte_at(inner, 0)) {
	case AUDIO: return audio_fits(inner) && read_rtp(inner, 19, ret) ? MEDIA_AUDIO : 0;
	case VIDEO: return read_video(inner, ret) ? MEDIA_VIDEO : 0;
	case SCREEN: return read_rtp(inner, 20, ret) ? MEDIA_SCREEN : 0;
	case SCREEN_WRAP:
		return byte_at(inner, wrap) == SCREEN && read_rtp(inner, wrap + 20, ret) ? MEDIA_SCREEN : 0;
	default: return 0;
	}
}

/* 0c/0d 01 conference[16] ssrc32 kind8 ...: the same conference in all flows of a meeting (zoom.pcap F399,
 * F400); of the screen it is wrapped (F677, zoom_test.pcap F22). */
static uint64_t conference_of(struct span inner, const struct zoom_memory *m)
{
	size_t at = byte_at(inner, 1) == 1 ? 0 : wrap_bytes(m);
	bool bind = byte_at(inner, at) == BIND || (at == 0 && byte_at(inner, 0) == BIND_ANSWER);
	struct cursor c = cursor_of(inner);
	cursor_take(&c, at + 2);
	struct span id = cursor_take(&c, ID_BYTES);
	return bind && byte_at(inner, at + 1) == 1 && cursor_ok(&c) ? hash_of(id) : 0;
}

static bool inner_known(struct span inner)
{
	uint32_t type = byte_at(inner, 0), next = byte_at(inner, 1);
	if (type >= RTCP_FIRST && type <= RTCP_LAST)
		return byte_at(inner, 16) >> 6 == 2 && byte_at(inner, 17) >= 200 && byte_at(inner, 17) <= 207;
	return type == BIND || type == BIND_ANSWER || (type == KEEP_ALIVE && next == 6) ||
	       (type == PROBE && next == 1) || type == AUDIO || type == VIDEO || type == SCREEN;
}

/* RTP of one source, in sequence, three times. The source is kept as a hash of its SSRC and type; another one
 * between (forward error correction has a type and a sequence of its own) costs a packet. */
static bool rtp_in_sequence(struct zoom_stream *s, const struct rtp_inside *rtp)
{
	uint16_t source = (uint16_t)(((rtp->ssrc ^ (uint32_t)rtp->type << 24) * 0x9E3779B1u >> 18) << 2);
	uint16_t step = (uint16_t)(rtp->sequence - s->sequence), seen = s->source_seen & 3;
	if (seen > 0 && (s->source_seen & ~3) != source) {
		s->source_seen--;
		return false;
	}
	seen = seen > 0 && step >= 1 && step <= RTP_STEP ? (uint16_t)(seen + (seen < RTP_ENOUGH)) : 1;
	*s = (struct zoom_stream){ rtp->sequence, source | seen };
	return seen == RTP_ENOUGH;
}

/* Has the flow shown that it is a flow of this state (OPEN_SERVER or OPEN_PEER)? *media becomes what it
 * carried until then, once it has. */
static enum wire_result see_media(uint8_t *media, const struct rtp_inside *rtp, const struct payload *p,
				  struct zoom_memory *m, unsigned open)
{
	if ((m->state & open) != 0)
		return WIRE_MATCH;
	if (*media == 0)
		return WIRE_OTHER;
	m->kinds |= *media;
	if (!rtp_in_sequence(&m->stream[p->from_hi != 0][*media == MEDIA_AUDIO], rtp))
		return WIRE_MORE;
	m->state |= (uint8_t)open;
	*media = m->kinds;
	return WIRE_MATCH;
}

static enum wire_result see_inner(struct span inner, const struct payload *p, struct zoom_memory *m,
				  unsigned open, struct saying *ret)
{
	struct rtp_inside rtp = { 0 };
	if (!inner_known(inner))
		return WIRE_OTHER;
	uint8_t media = media_of(inner, m, &rtp);
	enum wire_result r = see_media(&media, &rtp, p, m, open);
	if (r != WIRE_MATCH)
		return r;
	unsigned path = open == OPEN_PEER ? TELLS_PEER : 0;
	*ret = (struct saying){ .tells = (uint16_t)((media != 0 ? TELLS_MEDIA : TELLS_SETUP) | path),
				.media = media,
				.token = media != 0 ? rtp.ssrc : conference_of(inner, m) };
	return WIRE_MATCH;
}

/* 05 sequence16 session32 direction8 inner (zoom_test.pcap F21) */
static enum wire_result see_data_v3(struct cursor c, const struct payload *p, struct zoom_memory *m,
				    struct saying *ret)
{
	cursor_take(&c, 2);
	uint32_t session = cursor_uint(&c, 4);
	cursor_take(&c, 1);
	struct span inner = cursor_rest(&c);
	if (!cursor_ok(&c) || inner.len == 0)
		return WIRE_OTHER;
	if (!inner_known(inner) && (m->state & SESSION_GIVEN) == 0)
		return WIRE_OTHER;
	/* Blank, as anonymisers leave it, it is evidence neither for nor against: RTP in sequence decides. */
	bool blank = session == 0 && (m->state & SESSION_GIVEN) == 0;
	enum wire_result by_session = blank ? WIRE_MORE : see_session(m, session, SAW_DATA);
	if (by_session == WIRE_OTHER)
		return WIRE_OTHER;
	enum wire_result r = see_inner(inner, p, m, OPEN_SERVER, ret);
	if (r == WIRE_MATCH && (ret->tells & TELLS_MEDIA) != 0 && (m->state & LAYOUT_V2) == 0)
		m->state |= LAYOUT_V3; /* RTP stood where v3 has it */
	if (r == WIRE_MATCH)
		return r;
	*ret = (struct saying){ .tells = TELLS_SETUP }; /* an inner type that we do not know */
	return by_session;
}

/* v2: 05 inner (zoom.pcap F404). A flow joined in the middle may be either. */
static enum wire_result see_data(struct cursor *c, const struct payload *p, struct zoom_memory *m,
				 struct saying *ret)
{
	enum wire_result v2 = WIRE_OTHER, v3 = WIRE_OTHER;
	if ((m->state & LAYOUT_V3) == 0 && ((m->state & LAYOUT_V2) != 0 || (m->state & SESSION_GIVEN) == 0))
		v2 = see_inner(c->rest, p, m, OPEN_SERVER, ret);
	if (v2 == WIRE_MATCH || (m->state & LAYOUT_V2) != 0)
		return v2;
	v3 = see_data_v3(*c, p, m, ret);
	if (v3 == WIRE_OTHER && (m->state & LAYOUT_V3) == 0)
		v3 = see_inner(c->rest, p, m, OPEN_SERVER, ret);
	return v2 == WIRE_MORE && v3 == WIRE_OTHER ? v2 : v3;
}

/* ---- peers ---- */

/* Who sent the first hello of a peer flow is the client, since the gateway lets in only what was asked for. */
static bool peer_asked(const struct payload *p, struct zoom_memory *m)
{
	unsigned asked = ASKED_PEER | (p->from_hi != 0 ? ASKED_BY_HI : 0u);
	if ((m->asked & ASKED_PEER) != ASKED_PEER)
		m->asked = (uint8_t)asked;
	return m->asked == asked;
}

/* 1f 02 to32 from32 x32 count32 x32 port16 len32 address-text 0x24:32 uuid-text 0:32: where the sender
 * believes the receiver to be (zoom_p2p.pcapng F63) */
static enum wire_result see_peer_hello(struct cursor *c, const struct payload *p, struct zoom_memory *m,
				       struct saying *ret)
{
	uint32_t two = cursor_uint(c, 1), to = cursor_uint(c, 4), from = cursor_uint(c, 4);
	cursor_take(c, 12);
	uint16_t port = (uint16_t)cursor_uint(c, 2);
	struct span text = cursor_vector(c, 4);
	uint32_t uuid_bytes = cursor_uint(c, 4);
	struct address told;
	if (!cursor_ok(c) || two != 2 || to == 0 || from == 0 || to == from || port == 0 ||
	    uuid_bytes != UUID_BYTES || !address_parse(text, &told))
		return WIRE_OTHER;
	struct span uuid = cursor_take(c, c->rest.len < UUID_BYTES ? c->rest.len : UUID_BYTES);
	if (c->rest.len > PEER_END_BYTES || !all_zero(c->rest))
		return WIRE_OTHER;
	m->state |= OPEN_PEER;
	*ret = (struct saying){ .tells = TELLS_SETUP | TELLS_PEER,
				.told = told,
				.told_port = port,
				.told_as = peer_asked(p, m) ? TOLD_PEER : TOLD_CLIENT_OUTER,
				.token = hash_of(uuid) };
	return WIRE_MATCH;
}

static enum wire_result see_close(const struct payload *p, const struct zoom_memory *m, struct saying *ret)
{
	if ((m->state & OPEN_SERVER) == 0 || p->bytes.len < PING_BYTES || p->bytes.len > CLOSE_MOST)
		return WIRE_OTHER;
	*ret = (struct saying){ .tells = TELLS_CLOSE };
	return WIRE_MATCH;
}

static enum wire_result see_datagram(const struct payload *p, struct zoom_memory *m, struct saying *ret)
{
	struct cursor c = cursor_of(p->bytes);
	switch (cursor_uint(&c, 1)) {
	case NAT_TEST: return see_nat_test(&c, p, m, ret);
	case CLIENT_HELLO: return see_client_hello(&c, p, m, ret);
	case SERVER_HELLO: return see_server_hello(&c, p, m, ret);
	case PING: return see_ping(&c, p, m, false, ret);
	case PONG: return see_ping(&c, p, m, true, ret);
	case DATA: return see_data(&c, p, m, ret);
	case CLOSE: return see_close(p, m, ret);
	case PEER_HELLO: return see_peer_hello(&c, p, m, ret);
	default: return see_inner(p->bytes, p, m, OPEN_PEER, ret);
	}
}

enum wire_result zoom_recognise(const struct payload *p, void *memory, struct finding *ret)
{
	struct saying says;
	enum wire_result r = see_datagram(p, memory, &says);
	if (r != WIRE_MATCH)
		return r;
	finding_init(ret);
	ret->evidence = EV_PAYLOAD;
	ret->tells = says.tells;
	ret->media = says.media;
	ret->told_as = says.told_as;
	ret->told = says.told;
	ret->told_port = says.told_port;
	ret->token = says.token;
	return WIRE_MATCH;
}
