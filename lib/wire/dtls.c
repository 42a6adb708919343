/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/dtls.h"

#include "wire/certificate.h"
#include "wire/host.h"
#include "wire/wire.h"

enum record_type {
	R_CCS = 20,
	R_HANDSHAKE = 22,
	R_DATA = 23,
	R_CID = 25,
	R_LAST = 26,
	R_UNIFIED = 32,
	R_UNIFIED_LAST = 63
};
enum message_type { M_CLIENT_HELLO = 1, M_SERVER_HELLO = 2, M_VERIFY = 3, M_CERTIFICATE = 11 };
enum extension { X_SERVER_NAME = 0, X_USE_SRTP = 14, X_ALPN = 16 };
enum {
	RECORD_MOST = 16384 + 2048,
	FRAGMENT_HEAD = 12,
	HEAD_BYTES = 4,    /* type and length, as in TLS */
	SEQUENCE_LAST = 4, /* a certificate is the third message after a cookie, at most */
	EXTENSIONS = 64,
	TAG_LEAST = 16, /* a 1.3 record holds at least its tag */
};
enum { WAY_CLIENT = 1, WAY_ENCRYPTED = 2, WAY_DATA = 4, WAY_MIDFLOW = 8 }; /* dtls_memory.way */
enum { FLOW_SRTP = 1, FLOW_FAMILIAR = 2 }; /* dtls_memory.flow; familiar: DTLS beyond doubt */

/* One datagram as it is read. */
struct reading {
	const struct payload *p;
	struct dtls_memory *m;
	struct finding *f;
	unsigned way;
	bool broken, handshake; /* handshake: some of it in the clear */
};
struct record {
	uint8_t type; /* enum record_type; R_UNIFIED for all of 1.3's */
	uint16_t epoch;
	uint64_t number;
	struct span body;
};
struct fragment {
	uint8_t type;
	uint16_t sequence;
	uint32_t length, offset;
	struct span head, body;
};

/* RFC 9147 s4: 0 0 1 C S L E E, [connection id], number of 1 or 2 bytes, [length]. */
static bool unified_take(struct cursor *c, struct record *ret)
{
	uint32_t bits = cursor_uint(c, 1);
	cursor_take(c, bits & 8 ? 2 : 1);
	size_t bytes = bits & 4 ? cursor_uint(c, 2) : c->rest.len;
	*ret = (struct record){ .type = R_UNIFIED, .epoch = bits & 3, .body = cursor_take(c, bytes) };
	return cursor_ok(c) && (bits & 16) == 0 && bytes >= TAG_LEAST;
}

static bool is_version(uint32_t v)
{
	return v == 0xFEFF || v == 0xFEFD || v == 0x0100;
}

/* familiar: the flow showed a hello, so that heads with little or no magic may be taken. */
static bool record_take(struct cursor *c, bool familiar, struct record *ret)
{
	uint8_t first = c->rest.len > 0 ? c->rest.at[0] : 0;
	if (first >= R_UNIFIED && first <= R_UNIFIED_LAST)
		return familiar && unified_take(c, ret);
	uint32_t type = cursor_uint(c, 1), version = cursor_uint(c, 2), epoch = cursor_uint(c, 2);
	uint64_t number = cursor_uint64(c, 6);
	struct span body;
	if (type == R_CID) /* the length of the id was agreed in the handshake: it cannot be walked past */
		body = cursor_rest(c);
	else
		body = cursor_vector(c, 2);
	*ret = (struct record){ (uint8_t)type, (uint16_t)epoch, number, body };
	return cursor_ok(c) && type >= R_CCS && type <= R_LAST && is_version(version) &&
	       body.len <= RECORD_MOST && (type != R_CID || familiar) && (type != R_DATA || epoch > 0);
}

static bool type_known(uint32_t type)
{
	const uint32_t known = 1u << 0 | 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 8 | 1u << 11 |
			       1u << 12 | 1u << 13 | 1u << 14 | 1u << 15 | 1u << 16 | 1u << 20 | 1u << 21 |
			       1u << 22 | 1u << 23;
	return type < 32 && (known >> type & 1) != 0;
}

static bool fragment_take(struct cursor *c, struct fragment *ret)
{
	struct span head = span_of(c->rest.at, c->rest.len < HEAD_BYTES ? c->rest.len : HEAD_BYTES);
	uint32_t type = cursor_uint(c, 1), length = cursor_uint(c, 3), sequence = cursor_uint(c, 2);
	uint32_t offset = cursor_uint(c, 3);
	struct span body = cursor_vector(c, 3);
	*ret = (struct fragment){ (uint8_t)type, (uint16_t)sequence, length, offset, head, body };
	return cursor_ok(c) && type_known(type) && body.len <= length && offset <= length - body.len;
}

static bool fragments_sound(struct span body)
{
	struct cursor c = cursor_of(body);
	struct fragment f;
	unsigned n = 0;
	while (cursor_more(&c))
		if (n++ == DTLS_RECORDS || !fragment_take(&c, &f))
			return false;
	return n > 0;
}

/* Every record and every handshake message in the clear, before anything of them is believed. */
static bool chain_sound(struct span datagram, bool familiar, bool *ret_hello)
{
	struct cursor c = cursor_of(datagram);
	struct record r;
	*ret_hello = false;
	for (unsigned n = 0; cursor_more(&c); n++) {
		if (n == DTLS_RECORDS || !record_take(&c, familiar, &r))
			return false;
		if (r.type == R_HANDSHAKE && r.epoch == 0) {
			if (!fragments_sound(r.body))
				return false;
			*ret_hello = familiar = true;
		}
	}
	return true;
}

static void read_server_name(struct finding *f, struct span value)
{
	struct cursor c = cursor_of(value);
	struct cursor list = cursor_of(cursor_vector(&c, 2));
	uint32_t kind = cursor_uint(&list, 1);
	struct span name = cursor_vector(&list, 2);
	if (cursor_ok(&list) && kind == 0 && host_is_name(name) && finding_add_name(f, name))
		f->evidence |= EV_SNI;
}
static struct span first_protocol(struct span value)
{
	struct cursor c = cursor_of(value);
	struct cursor list = cursor_of(cursor_vector(&c, 2));
	return cursor_vector(&list, 1);
}

/* False: they break their framing. A hello without extensions ends before them. */
static bool read_extensions(struct reading *r, struct cursor *c, bool client)
{
	if (!cursor_more(c))
		return cursor_ok(c);
	struct cursor list = cursor_of(cursor_vector(c, 2));
	for (unsigned n = 0; cursor_more(&list); n++) {
		uint32_t type = cursor_uint(&list, 2);
		struct span value = cursor_vector(&list, 2);
		if (n == EXTENSIONS || !cursor_ok(&list))
			return false;
		if (type == X_USE_SRTP && value.len > 4)
			r->m->flow |= FLOW_SRTP;
		else if (type == X_SERVER_NAME && client)
			read_server_name(r->f, value);
		else if (type == X_ALPN)
			r->f->text[TEXT_ALPN] = first_protocol(value);
	}
	return cursor_ok(&list) && cursor_ok(c) && c->rest.len == 0;
}

/* version random session_id cookie cipher_suites compression extensions (RFC 6347 s4.2.1) */
static bool read_client_hello(struct reading *r, struct span body)
{
	struct cursor c = cursor_of(body);
	cursor_take(&c, 2 + 32);
	cursor_vector(&c, 1);
	cursor_vector(&c, 1);
	struct span suites = cursor_vector(&c, 2), compression = cursor_vector(&c, 1);
	if (!cursor_ok(&c) || suites.len < 2 || suites.len % 2 != 0 || compression.len == 0)
		return false;
	return read_extensions(r, &c, true);
}
static bool read_server_hello(struct reading *r, struct span body)
{
	struct cursor c = cursor_of(body);
	cursor_take(&c, 2 + 32);
	cursor_vector(&c, 1);
	cursor_take(&c, 2 + 1);
	return cursor_ok(&c) && read_extensions(r, &c, false);
}

/* Names only where media keys are agreed, or an ICE check was seen: the certificate of a VPN is none of ours. */
static bool read_certificate(struct reading *r, struct span body)
{
	struct cursor c = cursor_of(body);
	struct cursor list = cursor_of(cursor_vector(&c, 3));
	struct span leaf = cursor_vector(&list, 3);
	struct certificate found;
	bool wanted = (r->m->flow & FLOW_SRTP) != 0 || (r->p->context & (TELLS_SESSION | TELLS_KEYS)) != 0;
	if (!cursor_ok(&c) || !cursor_ok(&list))
		return body.len == 3; /* a client without a certificate sends an empty list */
	if (!wanted || certificate_parse(leaf, &found) != WIRE_MATCH)
		return true;
	r->f->text[TEXT_CERTIFICATE] = found.common_name;
	for (unsigned i = 0; i < found.name_count; i++)
		finding_add_name(r->f, found.name[i]);
	return true;
}

/* One whole message. */
static void see_message(struct reading *r, uint8_t type, struct span body)
{
	bool sound = true;
	if (type == M_CLIENT_HELLO)
		sound = read_client_hello(r, body);
	else if (type == M_SERVER_HELLO)
		sound = read_server_hello(r, body);
	else if (type == M_CERTIFICATE)
		sound = read_certificate(r, body);
	r->broken |= !sound;
}

static void see_pieces(struct reading *r, const struct fragment *g)
{
	bool wanted = g->type == M_CLIENT_HELLO || g->type == M_SERVER_HELLO || g->type == M_CERTIFICATE;
	size_t most = g->type == M_CERTIFICATE ? DTLS_CERTIFICATE_BYTES : DTLS_HELLO_BYTES;
	if (!wanted || g->sequence > SEQUENCE_LAST || g->length > most)
		return;
	struct piece head = { 0, g->head, (uint8_t)g->sequence };
	struct piece body = { HEAD_BYTES + g->offset, g->body, (uint8_t)g->sequence };
	unsigned need = g->offset == 0 ? 2 : 1; /* the head once, with the first bytes */
	if (r->f->piece_count + need > FINDING_PIECES)
		return; /* it will be sent again */
	if (g->offset == 0)
		r->f->piece[r->f->piece_count++] = head;
	r->f->piece[r->f->piece_count++] = body;
}

/* Who asked and who answered shows with the first fragment. */
static void see_direction(struct reading *r, const struct fragment *g)
{
	bool asked = (r->m->way[r->way ^ 1] & WAY_CLIENT) != 0;
	if (g->offset != 0)
		return;
	if (g->type == M_CLIENT_HELLO) {
		r->m->way[r->way] |= WAY_CLIENT;
		r->f->tells |= TELLS_REQUEST;
	} else if (g->type == M_SERVER_HELLO || g->type == M_VERIFY) {
		r->f->tells |= asked ? TELLS_ANSWER : 0;
		r->f->evidence |= asked ? EV_ANSWER : 0;
	}
}

static void see_handshake(struct reading *r, struct span body)
{
	struct cursor c = cursor_of(body);
	struct fragment g;
	while (cursor_more(&c) && fragment_take(&c, &g)) {
		see_direction(r, &g);
		if (g.body.len == g.length)
			see_message(r, g.type, g.body);
		else
			see_pieces(r, &g);
	}
	r->handshake = true;
	r->m->flow |= FLOW_FAMILIAR;
}

static void see_record(struct reading *r, const struct record *rec)
{
	uint8_t *way = &r->m->way[r->way];
	if (rec->type == R_HANDSHAKE && rec->epoch == 0)
		see_handshake(r, rec->body);
	if (rec->type == R_CCS || rec->type == R_CID || rec->epoch > 0 || rec->type == R_UNIFIED)
		*way |= WAY_ENCRYPTED;
	/* 1.3 hides the type; its epoch 3 is the first of application data (RFC 9147 s6.1) */
	if ((rec->type == R_DATA && rec->epoch > 0) || (rec->type == R_UNIFIED && rec->epoch == 3) ||
	    rec->type == R_CID)
		*way |= WAY_DATA;
}

/* What the two ends together have shown, and what the flow makes of it. */
static void settle(struct reading *r)
{
	uint8_t both = r->m->way[0] & r->m->way[1];
	r->f->evidence |= EV_PAYLOAD;
	r->f->tells |= both & WAY_ENCRYPTED ? TELLS_ENCRYPTED : 0;
	r->f->tells |= both & WAY_DATA ? TELLS_DATA : 0;
	r->f->tells |= r->handshake && (r->m->flow & FLOW_SRTP) != 0 ? TELLS_KEYS : 0;
	r->f->tells |= (r->p->context & TELLS_SESSION) != 0 ? TELLS_SETUP : 0;
}

/* A lone datagram of encrypted records is DTLS by chance once in 2^37: the second one decides. */
static bool midflow_sure(struct dtls_memory *m, unsigned way, struct span datagram)
{
	struct cursor c = cursor_of(datagram);
	struct record r;
	if (!record_take(&c, false, &r))
		return false;
	uint32_t now = (uint32_t)r.epoch << 24 | (uint32_t)(r.number & 0xFFFFFF);
	bool sure = (m->way[way] & WAY_MIDFLOW) != 0 && now > m->last[way];
	m->way[way] |= WAY_MIDFLOW;
	m->last[way] = now;
	m->flow |= sure ? FLOW_FAMILIAR : 0;
	return sure;
}

static bool has_magic(struct span s)
{
	return s.len >= 13 && s.at[0] >= R_CCS && s.at[0] <= R_LAST && s.at[1] == 0xFE &&
	       (s.at[2] | 2) == 0xFF;
}

/* One record of application data fills the datagram: most packets of a VPN, or of a call in data channels. */
static bool is_lone_data(struct span s)
{
	return has_magic(s) && s.at[0] == R_DATA && (s.at[3] | s.at[4]) != 0 &&
	       (size_t)(s.at[11] << 8 | s.at[12]) + 13 == s.len && s.len <= RECORD_MOST + 13;
}

enum wire_result dtls_recognise(const struct payload *p, void *memory, struct finding *ret)
{
	struct dtls_memory *m = memory;
	bool familiar = (m->flow & FLOW_FAMILIAR) != 0, hello;
	if (familiar && is_lone_data(p->bytes)) {
		m->way[p->from_hi & 1] |= WAY_ENCRYPTED | WAY_DATA;
		finding_init(ret);
		settle(&(struct reading){ .p = p, .m = m, .f = ret });
		return WIRE_MATCH;
	}
	if (!chain_sound(p->bytes, familiar, &hello) || p->bytes.len == 0)
		return has_magic(p->bytes) ? WIRE_BROKEN : WIRE_OTHER;
	if (!familiar && !hello && !midflow_sure(m, p->from_hi & 1, p->bytes))
		return WIRE_MORE;
	struct dtls_memory before = *m;
	struct reading r = { .p = p, .m = m, .f = ret, .way = p->from_hi & 1 };
	struct cursor c = cursor_of(p->bytes);
	struct record rec;
	finding_init(ret);
	while (cursor_more(&c) && record_take(&c, familiar || hello, &rec))
		see_record(&r, &rec);
	if (r.broken) {
		*m = before;
		return WIRE_BROKEN;
	}
	settle(&r);
	return ret->piece_count > 0 ? WIRE_PIECES : WIRE_MATCH;
}

enum wire_result dtls_whole(const struct payload *p, void *memory, struct finding *ret)
{
	struct dtls_memory *m = memory;
	struct cursor c = cursor_of(p->bytes);
	uint32_t type = cursor_uint(&c, 1), length = cursor_uint(&c, 3);
	size_t most = type == M_CERTIFICATE ? DTLS_CERTIFICATE_BYTES : DTLS_HELLO_BYTES;
	if (cursor_ok(&c) && (length > most || !type_known(type)))
		return WIRE_OTHER;
	struct span body = cursor_take(&c, length);
	if (!cursor_ok(&c))
		return WIRE_MORE;
	struct dtls_memory before = *m;
	struct reading r = { .p = p, .m = m, .f = ret, .way = p->from_hi & 1, .handshake = true };
	finding_init(ret);
	see_message(&r, (uint8_t)type, body);
	if (r.broken) {
		*m = before;
		return WIRE_BROKEN;
	}
	settle(&r);
	return WIRE_MATCH;
}
