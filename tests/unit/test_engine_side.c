/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the captures stand: copies at a mirror port, outside beside inside, outside alone; and that every packet is in one
 * counter. */
#include "book/writer.h"
#include "check.h"
#include "engine/engine.h"
#include "frames.h"

enum { T0 = 1700000000, BETWEEN = 4, ETHERNET = 14 };
static const uint64_t second = 1000000;
static struct book book;

/* 203.0.113.7 is the gateway's own address outside. */
static uint8_t *make_book(void)
{
	struct book_writer *w = book_writer_new();
	struct book_settings set = { .size = SIZE_SMALL };
	struct prefix own = { 0 };
	uint8_t *image = NULL;
	size_t bytes = 0;
	const char *why = "";
	CHECK(prefix_parse(span_text("203.0.113.7/32"), &own, NULL), "a prefix");
	book_write(w, BOOK_SETTINGS, &set);
	book_write(w, BOOK_LOCAL, &own);
	CHECK(book_writer_image(w, 1, &image, &bytes) == 0, "a book");
	CHECK(book_open(span_of(image, bytes), &book, &why) == 0, "it opens: %s", why);
	book_writer_free(w);
	return image;
}

static struct engine *begin(uint8_t first, uint8_t others, size_t captures)
{
	struct engine_options o = { .every_flow = true, .captures = captures };
	memset(o.sides, others, sizeof o.sides);
	o.sides[0] = first;
	return engine_new(&book, &o);
}

static struct flow_fact last, of_first; /* of capture 0 */
static size_t flows_told;

static void finish(struct engine *e)
{
	flows_told = 0;
	of_first.flags = 0;
	for (bool done = false; !done;) {
		done = engine_end(e);
		while (engine_take(e, &last)) {
			flows_told++;
			of_first = last.source == 0 ? last : of_first;
		}
	}
	engine_free(e);
}

/* Every packet is in one counter. */
static void check_sum(const char *name, const struct engine_counters *c, uint64_t packets, uint64_t bytes)
{
	uint64_t all = c->duplicate_packets + c->outside_packets,
		 all_bytes = c->duplicate_bytes + c->outside_bytes;
	for (unsigned i = 0; i < DECODED_KINDS; i++)
		all += c->decoded_packets[i], all_bytes += c->decoded_bytes[i];
	CHECK(c->offered_packets == packets && c->offered_bytes == bytes, "%s: offered %llu", name,
	      (unsigned long long)c->offered_packets);
	CHECK(all == packets && all_bytes == bytes, "%s: %llu of %llu packets counted", name,
	      (unsigned long long)all, (unsigned long long)packets);
}

/* ---- copies ---- */

/* 10.0.0.1:4000 to 198.18.0.1:5000, "payload", in every form that a frame can have here. */
enum form { FORM_V4, FORM_V6, FORM_FRAGMENT, FORM_ARP, FORM_CUT, FORM_RAW };

static void make_v6(struct made_frame *m)
{
	memset(m, 0, sizeof *m);
	put_uint(m->bytes + 12, 0x86DD, 2);
	uint8_t *ip = m->bytes + ETHERNET;
	ip[0] = 0x60;
	put_uint(ip + 4, 8 + 7, 2);
	ip[6] = PROTO_UDP;
	ip[7] = 64;
	put_uint(ip + 8, 0x20010DB8, 4);
	put_uint(ip + 24, 0x20010DB8, 4);
	ip[23] = 1, ip[39] = 2;
	put_uint(ip + 40, 4000 << 16 | 5000, 4);
	put_uint(ip + 44, 15, 2);
	memcpy(ip + 48, "payload", 7);
	m->frame = (struct frame){ .bytes = span_of(m->bytes, ETHERNET + 55),
				   .wire_bytes = ETHERNET + 55,
				   .linktype = 1 };
}

static void make(struct made_frame *m, enum form form)
{
	make_udp(m, (struct ends){ 0x0A000001, 0xC6120001, 4000, 5000 }, BYTES("payload"), 0);
	uint8_t *ip = m->bytes + ETHERNET;
	put_uint(ip + 4, 0x1234, 2);
	put_uint(ip + 10, 0xBEEF, 2);
	if (form == FORM_V6)
		make_v6(m);
	if (form == FORM_FRAGMENT)
		put_uint(ip + 6, 0x0010, 2);
	if (form == FORM_ARP)
		put_uint(m->bytes + 12, 0x0806, 2);
	if (form == FORM_CUT)
		m->frame.bytes.len = ETHERNET + 12;
	if (form == FORM_RAW) {
		m->frame.linktype = 101;
		m->frame.bytes.len -= ETHERNET;
		memmove(m->bytes, m->bytes + ETHERNET, m->frame.bytes.len);
	}
	m->frame.wire_bytes += 60; /* the capture took less */
}

static void tag(struct made_frame *m)
{
	memmove(m->bytes + 16, m->bytes + 12, m->frame.bytes.len - 12);
	put_uint(m->bytes + 12, 0x8100, 2);
	put_uint(m->bytes + 14, 42, 2);
	m->frame.bytes.len += 4;
	m->frame.wire_bytes += 4;
}

static const struct copy_row {
	const char *name;
	enum form form;
	bool dropped;
	unsigned apart_us, between; /* of other packets, in the time that lies between */
	size_t at;                  /* the copy's byte here, from the IP header on, is another */
	bool changed, tagged, padded, back, other_source;
} copy_rows[] = {
	{ "the same again", FORM_V4, true, .apart_us = 10 },
	{ "at the same time", FORM_V4, true, .apart_us = 0 },
	{ "another class", FORM_V4, true, .changed = true, .at = 1 },
	{ "another identification", FORM_V4, false, .changed = true, .at = 5 },
	{ "another offset", FORM_V4, false, .changed = true, .at = 6 },
	{ "another TTL", FORM_V4, true, .changed = true, .at = 8 },
	{ "another protocol", FORM_V4, false, .changed = true, .at = 9 },
	{ "another checksum, high byte", FORM_V4, true, .changed = true, .at = 10 },
	{ "another checksum, low byte", FORM_V4, true, .changed = true, .at = 11 },
	{ "another sender", FORM_V4, false, .changed = true, .at = 12 },
	{ "another receiver", FORM_V4, false, .changed = true, .at = 19 },
	{ "another port", FORM_V4, false, .changed = true, .at = 20 },
	{ "the last byte is another", FORM_V4, false, .changed = true, .at = 34 },
	{ "behind the last byte another", FORM_V4, true, .padded = true, .changed = true, .at = 36 },
	{ "with a VLAN tag", FORM_V4, true, .tagged = true },
	{ "padded", FORM_V4, true, .padded = true },
	{ "after 1 ms", FORM_V4, true, .apart_us = 1000 },
	{ "after more than 1 ms", FORM_V4, false, .apart_us = 1001 },
	{ "stamped before it", FORM_V4, true, .apart_us = 1000, .back = true },
	{ "stamped long before it", FORM_V4, false, .apart_us = 1001, .back = true },
	{ "two packets between", FORM_V4, true, .apart_us = 10, .between = 2 },
	{ "three packets between", FORM_V4, false, .apart_us = 10, .between = 3 },
	{ "from another capture", FORM_V4, false, .other_source = true },
	{ "IPv6", FORM_V6, true, .apart_us = 10 },
	{ "IPv6: another hop limit", FORM_V6, true, .changed = true, .at = 7 },
	{ "IPv6: another class", FORM_V6, false, .changed = true, .at = 1 },
	{ "IPv6: another receiver", FORM_V6, false, .changed = true, .at = 39 },
	{ "IPv6: the last byte is another", FORM_V6, false, .changed = true, .at = 54 },
	{ "IPv6: padded", FORM_V6, true, .padded = true, .changed = true, .at = 57 },
	{ "a fragment", FORM_FRAGMENT, true, .apart_us = 0 },
	{ "no link", FORM_RAW, true, .apart_us = 0 },
	{ "no IP", FORM_ARP, false, .apart_us = 0 },
	{ "cut within the header", FORM_CUT, false, .apart_us = 0 },
};

/* What the engine was given. */
static uint64_t sent_packets, sent_bytes;

static void send(struct engine *e, struct made_frame *m, uint64_t at_us, uint16_t source)
{
	struct flow_fact f;
	m->frame.at_us = at_us;
	m->frame.source = source;
	CHECK(engine_batch(e, &m->frame, 1) == 1, "taken");
	while (engine_take(e, &f))
		continue;
	sent_packets++;
	sent_bytes += m->frame.wire_bytes;
}

static void check_copy(const struct copy_row *r, enum side side)
{
	static struct made_frame first, copy, other;
	struct engine *e = begin((uint8_t)side, (uint8_t)side, 2);
	struct engine_counters c;
	uint64_t at_us = T0 * second + 5000;
	sent_packets = sent_bytes = 0;
	make(&first, r->form);
	copy = first;
	copy.frame.bytes.at = copy.bytes;
	if (r->padded)
		copy.frame.bytes.len += 4, copy.frame.wire_bytes += 4;
	if (r->changed)
		copy.bytes[ETHERNET + r->at] ^= 1;
	if (r->tagged)
		tag(&copy);
	send(e, &first, at_us, 0);
	for (uint32_t i = 0; i < r->between; i++) {
		make_udp(&other, (struct ends){ 0x0A000002, 0xC6120001, (uint16_t)i, 1 }, BYTES("other"), 0);
		send(e, &other, at_us + i, 0);
	}
	send(e, &copy, r->back ? at_us - r->apart_us : at_us + r->apart_us, r->other_source);
	engine_counters(e, &c);
	bool dropped = r->dropped && side == SIDE_MIRROR;
	CHECK(c.duplicate_packets == dropped && c.duplicate_bytes == (dropped ? copy.frame.wire_bytes : 0),
	      "%s on side %u", r->name, side);
	CHECK(c.outside_packets == 0, "%s: outside", r->name);
	check_sum(r->name, &c, sent_packets, sent_bytes);
	finish(e);
}

/* Copies of copies: a loop in the mirrored network. And what was dropped moves the clock, as everything does. */
static void check_many_copies(void)
{
	static struct made_frame m;
	struct engine *e = begin(SIDE_MIRROR, SIDE_MIRROR, 1);
	struct engine_counters c;
	make(&m, FORM_V4);
	for (unsigned i = 0; i < 10; i++)
		send(e, &m, T0 * second + i * 900, 20); /* of a source behind the last one */
	engine_counters(e, &c);
	CHECK(c.duplicate_packets == 9 && c.decoded_packets[DECODED] == 1, "%llu copies",
	      (unsigned long long)c.duplicate_packets);
	CHECK(engine_now(e) == T0 * second + 9 * 900, "the clock goes on");
	finish(e);
}

/* ---- outside ---- */

static const struct outside_row {
	const char *name;
	enum side first, second;
	size_t captures;
	unsigned tracked, outside;
	unsigned flags; /* of the first one's flow */
} outside_rows[] = {
	{ "inside and outside", SIDE_INSIDE, SIDE_OUTSIDE, 2, 1, 1, 0 },
	{ "outside and inside", SIDE_OUTSIDE, SIDE_INSIDE, 2, 1, 1, 0 },
	{ "mirror and outside", SIDE_MIRROR, SIDE_OUTSIDE, 2, 1, 1, 0 },
	{ "two outside", SIDE_OUTSIDE, SIDE_OUTSIDE, 2, 2, 0, FLOW_NAT },
	{ "one outside; there is no second one", SIDE_OUTSIDE, SIDE_INSIDE, 1, 2, 0, FLOW_NAT },
	{ "two inside", SIDE_INSIDE, SIDE_INSIDE, 2, 2, 0, 0 },
};

/* One packet to each capture, of two flows of the gateway's own address. */
static void check_outside(const struct outside_row *r)
{
	static struct made_frame m;
	struct engine *e = begin((uint8_t)r->first, (uint8_t)r->second, r->captures);
	struct engine_counters c;
	sent_packets = sent_bytes = 0;
	for (uint16_t i = 0; i < 2; i++) {
		make_udp(&m, (struct ends){ 0xC6120001, 0xCB007107, (uint16_t)(3478 + i), 4000 }, BYTES("x"),
			 0);
		send(e, &m, T0 * second, i);
	}
	engine_counters(e, &c);
	CHECK(c.decoded_packets[DECODED] == r->tracked && c.outside_packets == r->outside, "%s: %llu outside",
	      r->name, (unsigned long long)c.outside_packets);
	CHECK(c.flows == r->tracked && c.duplicate_packets == 0, "%s: flows", r->name);
	check_sum(r->name, &c, sent_packets, sent_bytes);
	finish(e);
	CHECK(flows_told == r->tracked && (of_first.flags & FLOW_NAT) == r->flags, "%s: flags %x", r->name,
	      of_first.flags);
	CHECK(fact_client_port(&last) == 4000, "%s: the gateway's own address is the client", r->name);
}

int main(void)
{
	uint8_t *image = make_book();
	for (size_t i = 0; i < sizeof copy_rows / sizeof *copy_rows; i++)
		for (unsigned side = SIDE_INSIDE; side <= SIDE_MIRROR; side++)
			check_copy(&copy_rows[i], (enum side)side);
	check_many_copies();
	for (size_t i = 0; i < sizeof outside_rows / sizeof *outside_rows; i++)
		check_outside(&outside_rows[i]);
	free(image);
	return check_done();
}
