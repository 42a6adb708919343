/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/tls.h"

#include "wire/certificate.h"
#include "wire/host.h"

enum record_type {
	RECORD_CCS = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_DATA = 23,
	RECORD_HEARTBEAT = 24
};
enum message_type { CLIENT_HELLO = 1, SERVER_HELLO = 2, CERTIFICATE = 11 };
enum extension_type { EXT_SERVER_NAME = 0, EXT_ALPN = 16, EXT_SUPPORTED_VERSIONS = 43 };
enum {
	RECORD_HEAD = 5,
	MESSAGE_HEAD = 4,
	RECORD_PLAIN = 16384,         /* RFC 8446 s5.1 */
	RECORD_SEALED = 16384 + 2048, /* RFC 5246 s6.2.3; TLS 1.3 allows 256 more than plain */
	RECORDS = 4096,               /* of a handshake: in a view fit 2816 of one byte */
	MESSAGES = 16,                /* of a server's flight */
	HELLO_BYTES = 16384,
	EXTENSIONS = 256,
	VERSION_1_3 = 0x0304,
	LASTING_US = 1000000,
	HOLE_BYTES = 1 << 20, /* so far behind, a missing segment will not be sent again */
};
enum way_flag { WAY_CHANGED = 1, WAY_REPLIED = 2, WAY_LATE = 4 };
enum memory_flag { MEMORY_1_3 = 1, MEMORY_CERTIFICATE = 2 /* looked at, whatever came of it */ };
enum { TELLS_ALL = TELLS_REQUEST | TELLS_ANSWER | TELLS_ENCRYPTED | TELLS_DATA | TELLS_LASTING };

/* ---- hellos ---- */

static bool is_grease(struct span id) /* RFC 8701 s2: 0x?a?a with equal bytes */
{
	return id.len == 2 && id.at[0] == id.at[1] && (id.at[0] & 0x0F) == 0x0A;
}

/* ServerNameList: the first host_name; a list without one is well-formed. */
static void read_server_name(struct cursor *c, struct tls_hello *hello)
{
	struct cursor list = cursor_of(cursor_vector(c, 2));
	if (list.rest.len == 0)
		cursor_fail(c);
	while (cursor_more(&list)) {
		uint32_t type = cursor_uint(&list, 1);
		struct span name = cursor_vector(&list, 2);
		if (type == 0 && hello->server_name.len == 0)
			hello->server_name = name;
	}
	if (!cursor_ok(&list) || c->rest.len != 0)
		cursor_fail(c);
}

static void read_alpn(struct cursor *c, struct tls_hello *hello)
{
	struct cursor list = cursor_of(cursor_vector(c, 2));
	while (cursor_more(&list)) {
		struct span id = cursor_vector(&list, 1);
		if (hello->alpn.len == 0 && !is_grease(id))
			hello->alpn = id;
	}
	if (!cursor_ok(&list) || c->rest.len != 0)
		cursor_fail(c);
}

/* RFC 8446 s4.2.1: in a ServerHello it is the one chosen version. */
static void read_chosen_version(struct cursor *c, struct tls_hello *hello)
{
	hello->version = (uint16_t)cursor_uint(c, 2);
	if (c->rest.len != 0)
		cursor_fail(c);
}

static bool read_extension(uint32_t type, struct span value, bool client, struct tls_hello *hello)
{
	struct cursor c = cursor_of(value);
	if (client && type == EXT_SERVER_NAME)
		read_server_name(&c, hello);
	else if (client && type == EXT_ALPN)
		read_alpn(&c, hello);
	else if (client && type == TLS_ECH)
		hello->ech = true;
	else if (!client && type == EXT_SUPPORTED_VERSIONS)
		read_chosen_version(&c, hello);
	return cursor_ok(&c);
}

/* The extensions are the rest of a hello; one of SSL 3 or early TLS may have none. */
static bool read_extensions(struct cursor *c, bool client, struct tls_hello *hello)
{
	if (!cursor_more(c))
		return cursor_ok(c);
	struct cursor list = cursor_of(cursor_vector(c, 2));
	for (unsigned n = 0; cursor_more(&list); n++) {
		uint32_t type = cursor_uint(&list, 2);
		struct span value = cursor_vector(&list, 2);
		if (n == EXTENSIONS || !cursor_ok(&list) || !read_extension(type, value, client, hello))
			return false;
	}
	return cursor_ok(&list) && cursor_ok(c) && c->rest.len == 0;
}

/* What both hellos begin with, up to the session id. */
static bool read_opening(struct cursor *c, struct tls_hello *hello)
{
	hello->version = (uint16_t)cursor_uint(c, 2);
	cursor_take(c, 32); /* random */
	return cursor_vector(c, 1).len <= 32 && hello->version >> 8 == 3;
}

static enum wire_result open_message(struct span message, enum message_type type, struct cursor *ret)
{
	struct cursor c = cursor_of(message);
	if (cursor_uint(&c, 1) != (uint32_t)type)
		return WIRE_OTHER;
	*ret = cursor_of(cursor_vector(&c, 3));
	return cursor_ok(&c) && c.rest.len == 0 ? WIRE_MATCH : WIRE_BROKEN;
}

enum wire_result tls_parse_client_hello(struct span message, struct tls_hello *ret)
{
	struct cursor c;
	struct tls_hello hello = { 0 };
	enum wire_result opened = open_message(message, CLIENT_HELLO, &c);
	if (opened != WIRE_MATCH)
		return opened;
	bool good = read_opening(&c, &hello);
	size_t suites = cursor_vector(&c, 2).len, compressions = cursor_vector(&c, 1).len;
	if (!good || suites < 2 || suites % 2 != 0 || compressions < 1 || !read_extensions(&c, true, &hello))
		return WIRE_BROKEN;
	*ret = hello;
	return WIRE_MATCH;
}

enum wire_result tls_parse_server_hello(struct span message, struct tls_hello *ret)
{
	struct cursor c;
	struct tls_hello hello = { 0 };
	enum wire_result opened = open_message(message, SERVER_HELLO, &c);
	if (opened != WIRE_MATCH)
		return opened;
	bool good = read_opening(&c, &hello);
	cursor_take(&c, 3); /* suite, compression */
	if (!good || !read_extensions(&c, false, &hello))
		return WIRE_BROKEN;
	*ret = hello;
	return WIRE_MATCH;
}

/* Fronts of ECH providers: the name outside is theirs, the site's is inside. Source: the public_name that
 * Cloudflare publishes in the ech= of its HTTPS records (RFC 9848, RFC 9849 s6.1). */
bool tls_is_cover(struct span server_name)
{
	struct span cover = span_text("cloudflare-ech.com");
	bool same = server_name.len == cover.len;
	for (size_t i = 0; same && i < cover.len; i++)
		same = server_name.at[i] == cover.at[i] ||
		       (cover.at[i] >= 'a' && (server_name.at[i] | 0x20) == cover.at[i]);
	return same;
}

/* ---- handshake messages over records ---- */

/* Joins messages that span records. No state: what one call leaves here, the next call overwrites. */
static _Thread_local uint8_t joined[HELLO_BYTES + MESSAGE_HEAD];

/* Walks the handshake bytes of the records at the front of a stream. */
struct handshake {
	struct cursor front; /* behind the record at hand */
	struct span record;  /* what is left of it, as far as it is there */
	unsigned records;
	bool ended; /* a record of another kind follows */
	bool broken;
};

/* A server may warn (unrecognized_name) before its hello, so alerts are stepped over. */
static bool handshake_next_record(struct handshake *h)
{
	while (h->front.rest.len >= RECORD_HEAD && !h->ended && !h->broken) {
		struct cursor c = h->front;
		uint32_t type = cursor_uint(&c, 1), version = cursor_uint(&c, 2), length = cursor_uint(&c, 2);
		h->ended = type != RECORD_HANDSHAKE && type != RECORD_ALERT;
		h->broken = !h->ended && (version >> 8 != 3 || (version & 0xFF) > 4 || length < 1 ||
					  length > RECORD_PLAIN || ++h->records > RECORDS);
		if (h->ended || h->broken)
			return false;
		h->record = cursor_take(&c, length < c.rest.len ? length : c.rest.len);
		h->front = c;
		if (type == RECORD_HANDSHAKE)
			return h->record.len > 0;
	}
	return false;
}

/* Takes n bytes from the record at hand and those behind it, and copies them unless `to` is NULL. Returns how
 * many there were. */
static size_t handshake_gather(struct handshake *h, size_t n, uint8_t *to)
{
	size_t got = 0;
	while (got < n && (h->record.len > 0 || handshake_next_record(h))) {
		size_t some = h->record.len < n - got ? h->record.len : n - got;
		if (to != NULL)
			memcpy(to + got, h->record.at, some);
		h->record = span_of(h->record.at + some, h->record.len - some);
		got += some;
	}
	return got;
}

/* The next whole message. WIRE_MORE: it is not all there; WIRE_OTHER: none follows. */
static enum wire_result handshake_next(struct handshake *h, struct span *ret)
{
	uint8_t head[MESSAGE_HEAD];
	struct handshake ahead = *h;
	size_t got = handshake_gather(&ahead, MESSAGE_HEAD, head);
	if (got < MESSAGE_HEAD)
		return ahead.broken || (ahead.ended && got > 0) ? WIRE_BROKEN
		       : ahead.ended                            ? WIRE_OTHER
								: WIRE_MORE;
	struct cursor c = cursor_of(span_of(head + 1, 3));
	size_t bytes = MESSAGE_HEAD + cursor_uint(&c, 3);
	if (bytes > sizeof joined)
		return WIRE_BROKEN;
	if (handshake_gather(&ahead, bytes - MESSAGE_HEAD, NULL) < bytes - MESSAGE_HEAD)
		return ahead.broken || ahead.ended ? WIRE_BROKEN : WIRE_MORE;
	if (h->record.len == 0)
		handshake_next_record(h);
	bool at_once = h->record.len >= bytes;
	*ret = span_of(at_once ? h->record.at : joined, bytes);
	handshake_gather(h, bytes, at_once ? NULL : joined);
	return WIRE_MATCH;
}

/* ---- records over segments ---- */

/* The bytes of one segment, or of the front of a view. */
struct stretch {
	uint32_t at;
	struct span bytes;
	uint64_t at_us;
	uint8_t way;
};

/* Whether offset a lies before b, on a circle. */
static bool offset_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static bool is_record_head(struct span head)
{
	struct cursor c = cursor_of(head);
	uint32_t type = cursor_uint(&c, 1), version = cursor_uint(&c, 2), length = cursor_uint(&c, 2);
	return cursor_ok(&c) && type >= RECORD_CCS && type <= RECORD_HEARTBEAT && version >> 8 == 3 &&
	       (version & 0xFF) <= 4 && length <= RECORD_SEALED;
}

/* One record, whose header is at offset `at`. Late segments show records out of order: so offsets tell which one
 * lies behind the ChangeCipherSpec. */
static void see_record(struct tls_memory *m, const struct stretch *s, uint32_t at, uint8_t type)
{
	struct tls_way *w = &m->way[s->way], *other = &m->way[!s->way];
	bool client = m->client == s->way + 1, answered = m->told & TELLS_ANSWER;
	if (type == RECORD_CCS && !(w->flags & WAY_CHANGED)) {
		w->flags |= WAY_CHANGED;
		w->changed_at = at;
	} else if (type != RECORD_CCS && offset_before(w->last_at, at)) {
		w->last_at = at;
	}
	if (type != RECORD_DATA || (client && !answered)) /* 0-RTT data proves nothing of the far end */
		return;
	w->data = w->data < UINT8_MAX ? (uint8_t)(w->data + 1) : w->data;
	if (!client && other->data >= 2)
		w->flags |= WAY_REPLIED;
	if (answered && s->at_us > m->answered_us + LASTING_US)
		w->flags |= WAY_LATE;
}

/* Walks the records that begin in the stretch. False: what should be a header is none; the lane then stands
 * at the end of the stretch, and tries again with the next. */
static bool lane_walk(struct tls_lane *lane, struct tls_memory *m, const struct stretch *s)
{
	for (;;) {
		uint32_t want = lane->next + lane->have, skip = want - s->at;
		if (skip >= s->bytes.len) /* before it, or behind */
			return true;
		struct cursor c = cursor_of(s->bytes);
		cursor_take(&c, skip);
		size_t missing = RECORD_HEAD - (size_t)lane->have;
		struct span some = cursor_take(&c, missing < c.rest.len ? missing : c.rest.len);
		memcpy(lane->part + lane->have, some.at, some.len);
		lane->have = (uint8_t)(lane->have + some.len);
		if (lane->have < RECORD_HEAD)
			return true;
		bool good = is_record_head(span_of(lane->part, RECORD_HEAD));
		uint32_t length = (uint32_t)lane->part[3] << 8 | lane->part[4];
		uint32_t at = lane->next;
		lane->next = good ? lane->next + RECORD_HEAD + length : s->at + (uint32_t)s->bytes.len;
		lane->have = 0;
		if (!good)
			return false;
		see_record(m, s, at, lane->part[0]);
	}
}

/* Leaves a lane at the gap, and goes on at this stretch as if a record began there. */
static void open_hole(struct tls_way *w, uint32_t at)
{
	w->hole = w->main;
	w->hole_end = at;
	w->holed = true;
	w->main = (struct tls_lane){ .next = at };
}

/* A late segment. Up to the hole's end its lane is alone. If a record ends right there, the other lane
 * guessed well and goes on; else it guessed badly, and this one takes its place as soon as it has come as
 * far. */
static void fill_hole(struct tls_way *w, struct tls_memory *m, const struct stretch *s)
{
	if (offset_before(w->hole_end + HOLE_BYTES, w->main.next)) {
		w->holed = false;
		return;
	}
	uint32_t inside = w->hole_end - s->at;
	struct stretch low = *s;
	if (inside < s->bytes.len)
		low.bytes.len = inside;
	bool good = !offset_before(s->at, w->hole_end) || lane_walk(&w->hole, m, &low);
	bool met = w->hole.next == w->hole_end && w->hole.have == 0;
	if (good && !met)
		good = lane_walk(&w->hole, m, s);
	w->holed = good && !met;
	if (w->holed && !offset_before(w->hole.next, w->main.next)) {
		w->main = w->hole;
		w->holed = false;
	}
}

/* Sees each record once, whatever part of the way comes again, as segment or as front. False at once if it ends
 * before the next header: most segments lie inside one record. */
static bool follow(struct tls_memory *m, const struct payload *p)
{
	struct tls_way *w = &m->way[p->from_hi & 1];
	uint32_t want = w->main.next + w->main.have;
	if (p->bytes.len == 0 || (!w->holed && !offset_before(want, p->offset + (uint32_t)p->bytes.len)))
		return false;
	struct stretch s = { p->offset, p->bytes, p->at_us, p->from_hi & 1 };
	if (w->holed)
		fill_hole(w, m, &s);
	if (offset_before(w->main.next + w->main.have, s.at))
		open_hole(w, s.at);
	lane_walk(&w->main, m, &s);
	return true;
}

/* ---- what there is to tell ---- */

/* TLS 1.2 and older: a record behind the ChangeCipherSpec was seen. */
static bool is_sealed(const struct tls_way *w)
{
	return w->data > 0 || (w->flags & WAY_CHANGED && offset_before(w->changed_at, w->last_at));
}

/* What of ENCRYPTED, DATA and LASTING holds by now. */
static unsigned reached(const struct tls_memory *m)
{
	if (!(m->told & TELLS_ANSWER))
		return 0;
	const struct tls_way *client = &m->way[m->client - 1], *server = &m->way[2 - m->client];
	bool both = client->data > 0 && server->data > 0, newer = m->flags & MEMORY_1_3;
	bool sealed = newer ? both : is_sealed(client) && is_sealed(server);
	bool data = newer ? (server->flags & WAY_REPLIED) != 0 : both;
	bool lasting = data && client->flags & server->flags & WAY_LATE;
	return (sealed ? TELLS_ENCRYPTED : 0u) | (data ? TELLS_DATA : 0u) | (lasting ? TELLS_LASTING : 0u);
}

static unsigned take_news(struct tls_memory *m)
{
	unsigned news = reached(m) & ~(unsigned)m->told;
	m->told = (uint16_t)(m->told | news);
	return news;
}

static enum wire_result tell(unsigned tells, enum wire_result otherwise, struct finding *ret)
{
	if (tells == 0)
		return otherwise;
	finding_init(ret);
	ret->tells = (uint16_t)tells;
	return WIRE_MATCH;
}

static void tell_hello(const struct tls_hello *hello, struct finding *ret)
{
	bool named = host_is_name(hello->server_name);
	tell(TELLS_REQUEST | (hello->ech && tls_is_cover(hello->server_name) ? TELLS_HIDDEN : 0u), WIRE_MATCH,
	     ret);
	ret->evidence = named ? EV_SNI : EV_PAYLOAD;
	ret->text[TEXT_ALPN] = hello->alpn;
	if (named)
		finding_add_name(ret, hello->server_name);
	if (hello->ech)
		finding_add_number(ret, TLS_ECH);
}

static enum wire_result read_client(const struct payload *p, struct tls_memory *m, struct handshake *h,
				    struct finding *ret)
{
	struct span message;
	struct tls_hello hello;
	enum wire_result r = handshake_next(h, &message);
	if (r == WIRE_MATCH)
		r = tls_parse_client_hello(message, &hello);
	if (r != WIRE_MATCH)
		return r;
	m->client = (uint8_t)((p->from_hi & 1) + 1);
	m->told |= TELLS_REQUEST;
	follow(m, p);
	tell_hello(&hello, ret);
	return WIRE_MATCH;
}

/* The leaf among the messages of a server's flight (RFC 5246 s7.4.2): the first of the list. */
static bool find_leaf(struct handshake *h, struct certificate *ret)
{
	struct span message;
	for (unsigned n = 0; n < MESSAGES && handshake_next(h, &message) == WIRE_MATCH; n++) {
		struct cursor c;
		if (open_message(message, CERTIFICATE, &c) != WIRE_MATCH)
			continue;
		struct cursor list = cursor_of(cursor_vector(&c, 3));
		struct span leaf = cursor_vector(&list, 3);
		return cursor_ok(&c) && cursor_ok(&list) && certificate_parse(leaf, ret) == WIRE_MATCH;
	}
	return false;
}

/* A certificate counts only once both ends went on behind it: anybody can show one that is public. */
static enum wire_result read_certificate(struct tls_memory *m, struct handshake *h, unsigned tells,
					 struct finding *ret)
{
	struct certificate leaf = { 0 };
	m->flags |= MEMORY_CERTIFICATE;
	if (!find_leaf(h, &leaf) || leaf.name_count == 0)
		return tell(tells, WIRE_OTHER, ret);
	tell(tells | TELLS_ENCRYPTED, WIRE_MATCH, ret);
	ret->evidence = EV_CERT;
	ret->text[TEXT_CERTIFICATE] = leaf.common_name;
	for (size_t i = 0; i < leaf.name_count; i++)
		finding_add_name(ret, leaf.name[i]);
	return WIRE_MATCH;
}

static enum wire_result read_answer(const struct payload *p, struct tls_memory *m, struct handshake *h)
{
	struct span message;
	struct tls_hello hello;
	enum wire_result r = handshake_next(h, &message);
	if (r == WIRE_MATCH)
		r = tls_parse_server_hello(message, &hello);
	if (r != WIRE_MATCH)
		return r;
	bool newer = hello.version == VERSION_1_3 || hello.version >> 8 == 0x7F; /* 7f..: drafts of 1.3 */
	m->flags |= newer ? MEMORY_1_3 : 0;
	m->told |= TELLS_ANSWER;
	m->answered_us = p->at_us;
	return WIRE_MATCH;
}

static enum wire_result read_server(const struct payload *p, struct tls_memory *m, struct handshake *h,
				    struct finding *ret)
{
	bool before = m->told & TELLS_ANSWER;
	struct handshake from_hello = *h;
	enum wire_result r = before ? WIRE_MATCH : read_answer(p, m, h);
	if (r != WIRE_MATCH)
		return r;
	follow(m, p);
	unsigned tells = take_news(m) | (before ? 0u : TELLS_ANSWER);
	bool done = m->flags & (MEMORY_1_3 | MEMORY_CERTIFICATE);
	if (!done && m->told & TELLS_ENCRYPTED)
		r = read_certificate(m, &from_hello, tells, ret);
	else
		r = tell(tells, done ? WIRE_OTHER : WIRE_MORE, ret);
	if (r == WIRE_MATCH && !before)
		ret->evidence |= EV_ANSWER;
	return r;
}

/* Whether a front may begin a handshake with a hello, by its first bytes; *ret_type is 0 while they do not
 * reach. */
static enum wire_result read_first(struct handshake h, uint8_t *ret_type)
{
	struct span front = h.front.rest;
	bool record = front.len > 0 && (front.at[0] == RECORD_HANDSHAKE || front.at[0] == RECORD_ALERT);
	if (!record || (front.len > 1 && front.at[1] != 3) || (front.len > 2 && front.at[2] > 4))
		return front.len == 0 ? WIRE_MORE : WIRE_OTHER;
	*ret_type = 0;
	if (handshake_gather(&h, 1, ret_type) < 1)
		return h.broken ? WIRE_BROKEN : h.ended ? WIRE_OTHER : WIRE_MORE;
	return *ret_type == CLIENT_HELLO || *ret_type == SERVER_HELLO ? WIRE_MATCH : WIRE_OTHER;
}

enum wire_result tls_whole(const struct payload *p, void *memory, struct finding *ret)
{
	struct tls_memory *m = memory;
	struct handshake h = { .front = cursor_of(p->bytes) };
	uint8_t type, self = (uint8_t)((p->from_hi & 1) + 1);
	if (m->client == self) { /* its hello was told: only what follows counts */
		follow(m, p);
		return tell(take_news(m), WIRE_OTHER, ret);
	}
	enum wire_result r = read_first(h, &type);
	if (r != WIRE_MATCH)
		return r;
	if (type == CLIENT_HELLO)
		return m->client == 0 ? read_client(p, m, &h, ret) : WIRE_OTHER;
	return m->client != 0 ? read_server(p, m, &h, ret) : WIRE_MORE;
}

enum wire_result tls_recognise(const struct payload *p, void *memory, struct finding *ret)
{
	struct tls_memory *m = memory;
	if ((m->told & TELLS_ALL) == TELLS_ALL)
		return WIRE_OTHER;
	if (m->client == 0)
		return WIRE_MORE;
	return tell(follow(m, p) ? take_news(m) : 0, WIRE_MORE, ret);
}
