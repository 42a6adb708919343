/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/dns.h"

enum {
	HEADER_BYTES = 12,
	NAME_WIRE_BYTES = 255, /* RFC 1035 s2.3.4: lengths and root included */
	LABEL_BYTES = 63,
	POINTER = 0xC0,
	HOPS = 10,    /* pointers followed for one name; they go strictly backwards as well */
	STEPS = 4096, /* labels and pointers of one message: work is bounded whatever the counts say (RFC
			 9267) */
	FLAG_ANSWER = 0x8000,
	FLAGS_OPCODE = 0x7800,
	FLAG_TRUNCATED = 0x0200,
	FLAG_Z = 0x0040, /* must be zero: RFC 1035 s4.1.1, what RFC 2535 left of it */
	FLAGS_RCODE = 0x000F,
	TTL_NEGATIVE = 1u << 31, /* counts as 0: RFC 2181 s8 */
};
enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28, TYPE_DNAME = 39, TYPE_OPT = 41, CLASS_IN = 1 };

struct reader {
	struct span whole;
	struct cursor c; /* over the whole message: an offset is what lies before the rest */
	unsigned steps;
};

struct name {
	char text[DNS_NAME_BYTES]; /* as sent, without trailing dot, NUL-ended */
	size_t len;
	size_t wire_bytes; /* 1: the root */
	bool odd;          /* has bytes that no host name has */
};

static size_t offset_of(const struct reader *r, const struct cursor *c)
{
	return r->whole.len - c->rest.len;
}

/* Letters, digits, hyphen, and the underscore of service names. */
static bool is_plain(uint8_t b)
{
	return (b >= '0' && b <= '9') || ((b | 0x20) >= 'a' && (b | 0x20) <= 'z') || b == '-' || b == '_';
}

static bool add_label(struct name *n, struct span label)
{
	n->wire_bytes += 1 + label.len;
	if (n->wire_bytes > NAME_WIRE_BYTES)
		return false;
	if (n->len > 0)
		n->text[n->len++] = '.';
	for (size_t i = 0; i < label.len; i++) {
		n->odd |= !is_plain(label.at[i]);
		n->text[n->len++] = (char)label.at[i];
	}
	return true;
}

/* One label; length 0 is the root, which ends the name. */
static void read_label(struct cursor *at, uint32_t bytes, struct name *n)
{
	if (bytes > LABEL_BYTES) /* 40-bf: RFC 6891 s5 ended the last use of them */
		cursor_fail(at);
	struct span label = cursor_take(at, bytes);
	if (label.len > 0 && !add_label(n, label))
		cursor_fail(at);
}

/* A pointer leads strictly before the piece of the name that it ends: then no loop can be. */
static void follow(const struct reader *r, struct cursor *at, size_t to, size_t *piece)
{
	if (!cursor_ok(at) || to < HEADER_BYTES || to >= *piece) {
		cursor_fail(at);
		return;
	}
	*at = cursor_of(r->whole);
	cursor_take(at, to);
	*piece = to;
}

/* The name at the reader, which stands behind it afterwards, or has failed. */
static void read_name(struct reader *r, struct name *ret)
{
	struct cursor at = r->c;
	size_t piece = offset_of(r, &at);
	unsigned hops = 0;
	ret->len = 0;
	ret->wire_bytes = 1;
	ret->odd = false;
	for (uint32_t first = 1; first != 0 && cursor_ok(&at);) {
		first = cursor_uint(&at, 1);
		size_t to = first < POINTER ? 0 : (first - POINTER) << 8 | cursor_uint(&at, 1);
		if (first < POINTER)
			read_label(&at, first, ret);
		if (hops == 0)
			r->c = at;
		if (first >= POINTER && ++hops <= HOPS)
			follow(r, &at, to, &piece);
		if (hops > HOPS || r->steps == 0)
			cursor_fail(&at);
		r->steps -= r->steps > 0;
	}
	if (!cursor_ok(&at))
		cursor_fail(&r->c);
	/* A name with other bytes is no host's. It is kept as "", which matches nothing: no dot or NUL inside
	 * a label can pass for another name. */
	if (ret->odd)
		ret->len = 0;
	ret->text[ret->len] = '\0';
}

static void fold(struct name *n) /* RFC 4343: ASCII only */
{
	for (size_t i = 0; i < n->len; i++)
		n->text[i] = (char)(n->text[i] | (n->text[i] >= 'A' && n->text[i] <= 'Z' ? 0x20 : 0));
}

/* Offset of the folded name in the message's own storage, where each stands once. */
static uint16_t keep_name(struct reader *r, struct dns_message *m, struct name *n)
{
	fold(n);
	size_t at = 0;
	for (; at < m->names_bytes; at += strlen(m->names + at) + 1)
		if (strcmp(m->names + at, n->text) == 0)
			return (uint16_t)at;
	if (n->len + 1 > sizeof m->names - at) {
		cursor_fail(&r->c);
		return 0;
	}
	memcpy(m->names + at, n->text, n->len + 1);
	m->names_bytes = (uint16_t)(at + n->len + 1);
	return (uint16_t)at;
}

/* The data of a record whose kind we believe; all of it must be used. */
static void read_data(struct reader *r, size_t bytes, struct dns_message *m, struct dns_record *record)
{
	size_t begin = offset_of(r, &r->c);
	if (record->type == TYPE_A || record->type == TYPE_AAAA) {
		struct span address = cursor_take(&r->c, record->type == TYPE_A ? 4 : 16);
		record->at = address_from(address);
	} else {
		struct name target;
		read_name(r, &target);
		record->target = keep_name(r, m, &target);
	}
	if (offset_of(r, &r->c) - begin != bytes)
		cursor_fail(&r->c);
}

static bool is_believed(uint32_t type, uint32_t class)
{
	return class == CLASS_IN &&
	       (type == TYPE_A || type == TYPE_AAAA || type == TYPE_CNAME || type == TYPE_DNAME);
}

/* Walks one record. m: the answer section, whose records are kept. */
static void read_record(struct reader *r, struct dns_message *m)
{
	struct name owner;
	read_name(r, &owner);
	uint32_t type = cursor_uint(&r->c, 2), class = cursor_uint(&r->c, 2);
	uint32_t ttl_s = cursor_uint(&r->c, 4), bytes = cursor_uint(&r->c, 2);
	if (m == NULL || !is_believed(type, class)) {
		cursor_take(&r->c, bytes);
		if (type == TYPE_OPT && owner.wire_bytes != 1) /* RFC 6891 s6.1.2 */
			cursor_fail(&r->c);
		return;
	}
	struct dns_record record = { .type = (uint16_t)type, .ttl_s = ttl_s < TTL_NEGATIVE ? ttl_s : 0 };
	record.owner = keep_name(r, m, &owner);
	read_data(r, bytes, m, &record);
	if (cursor_ok(&r->c))
		m->record[m->record_count++] = record;
}

static void read_question(struct reader *r, struct dns_message *m, uint32_t *ret_class)
{
	struct name asked;
	read_name(r, &asked);
	m->type = (uint16_t)cursor_uint(&r->c, 2);
	*ret_class = cursor_uint(&r->c, 2);
	m->question_bytes = (uint8_t)asked.len;
	memcpy(m->question, asked.text, asked.len + 1);
}

/* What a message holds, and not all that it could hold: that is 5 kB. */
static void copy_message(const struct dns_message *m, struct dns_message *ret)
{
	memcpy(ret, m, offsetof(struct dns_message, question));
	memcpy(ret->question, m->question, m->question_bytes + 1u);
	ret->record_count = m->record_count;
	memcpy(ret->record, m->record, m->record_count * sizeof m->record[0]);
	ret->names_bytes = m->names_bytes;
	memcpy(ret->names, m->names, m->names_bytes);
}

enum wire_result dns_parse(struct span datagram, struct dns_message *ret)
{
	struct reader r = { datagram, cursor_of(datagram), STEPS };
	struct dns_message m;
	m.id = (uint16_t)cursor_uint(&r.c, 2);
	m.record_count = 0;
	m.names_bytes = 0;
	uint32_t flags = cursor_uint(&r.c, 2), questions = cursor_uint(&r.c, 2),
		 answers = cursor_uint(&r.c, 2);
	uint32_t others = cursor_uint(&r.c, 2);
	others += cursor_uint(&r.c, 2);
	if (!cursor_ok(&r.c) || (flags & (FLAGS_OPCODE | FLAG_Z)) != 0 || questions != 1 ||
	    answers > DNS_ANSWERS)
		return WIRE_OTHER;
	m.answer = (flags & FLAG_ANSWER) != 0;
	m.truncated = (flags & FLAG_TRUNCATED) != 0;
	m.rcode = flags & FLAGS_RCODE;
	uint32_t class;
	read_question(&r, &m, &class);
	for (; answers > 0 && cursor_ok(&r.c); answers--)
		read_record(&r, &m);
	for (; others > 0 && cursor_ok(&r.c); others--)
		read_record(&r, NULL);
	if (!cursor_ok(&r.c) || cursor_more(&r.c)) /* one datagram, one message: exact to its last byte */
		return WIRE_BROKEN;
	if (class != CLASS_IN) /* CHAOS asks a server of itself, mDNS sets a bit here: no host of the Internet
				  is named */
		return WIRE_OTHER;
	copy_message(&m, ret);
	return WIRE_MATCH;
}
