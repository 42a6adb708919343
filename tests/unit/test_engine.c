/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way of a packet, from frames to facts: who is the client, segments in every order, stages, lifetimes, bounds. */
#include "book/writer.h"
#include "check.h"
#include "engine/engine.h"
#include "frames.h"
#include "vector.h"

enum { T0 = 1700000000, SERVICE = 2, FACTS_KEPT = 4096 };
static const uint64_t second = 1000000;

static struct book book;
static struct flow_fact facts[FACTS_KEPT];
static size_t fact_count;

static void make_book(void)
{
	struct book_writer *w = book_writer_new();
	struct book_settings set = { .size = SIZE_SMALL };
	struct book_service service = { .name = book_write_text(w, BYTES("zoom")) };
	struct book_text suffix = book_write_text(w, BYTES("zoom.us"));
	struct book_name name = { .tail = suffix,
				  .pattern = suffix,
				  .source = suffix,
				  .service = SERVICE,
				  .roles = ROLE_SIGNALLING | ROLE_KEY };
	struct book_framing framing = { .pattern = suffix, .source = suffix, .service = SERVICE };
	static uint8_t *image;
	size_t bytes;
	framing.pattern = service.name;
	book_write(w, BOOK_SETTINGS, &set);
	book_write(w, BOOK_SERVICE, &service);
	book_write(w, BOOK_NAME, &name);
	book_write(w, BOOK_FRAMING, &framing);
	int r = book_writer_image(w, 1, &image, &bytes);
	const char *why = "";
	CHECK(r == 0 && book_open(span_of(image, bytes), &book, &why) == 0, "a book: %d %s", r, why);
	book_writer_free(w);
}

static struct engine *begin(size_t most_flows)
{
	fact_count = 0;
	return engine_new(&book, &(struct engine_options){ .every_flow = true, .most_flows = most_flows });
}

static void take(struct engine *e)
{
	struct flow_fact f;
	while (engine_take(e, &f))
		facts[fact_count++ % FACTS_KEPT] = f;
}

static void feed(struct engine *e, struct made_frame *m)
{
	while (engine_batch(e, &m->frame, 1) == 0)
		take(e);
	take(e);
}

static void end(struct engine *e)
{
	while (!engine_end(e))
		take(e);
	take(e);
}

static void finish(struct engine *e)
{
	end(e);
	engine_free(e);
}

static const struct flow_fact *last_fact(void)
{
	return &facts[(fact_count - 1) % FACTS_KEPT];
}

/* ---- a TLS connection, its client's bytes in pieces ---- */
static const struct ends client = { 0xC0A84D17, 0xC6120001, 50111, 443 }; /* 192.168.77.23 to 198.18.0.1 */
static const uint8_t server_hello[] = {
	0x16, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3, [43] = 0, [44] = 0x13, 0x01, 0
};

struct segment {
	uint32_t at;
	struct span bytes;
};

static const char *name_of(const struct flow_fact *f)
{
	static char name[FACT_NAME_BYTES + 1];
	memcpy(name, f->name, f->name_bytes);
	name[f->name_bytes] = '\0';
	return name;
}

static const struct flow_fact *connection(const struct segment *segments, size_t n, bool answered)
{
	static struct made_frame m;
	static struct engine *e; /* one for thousands of connections, each ended */
	if (e == NULL)
		e = begin(0);
	uint64_t at_us = T0 * second;
	struct span none = { NULL, 0 }, hello = { server_hello, 47 };
	make_tcp(&m, client, TCP_SYN, 1000, 0, none, at_us);
	feed(e, &m);
	make_tcp(&m, turned(client), TCP_SYN | TCP_ACK, 7000, 1001, none, at_us + 100);
	feed(e, &m);
	for (size_t i = 0; i < n; i++) {
		make_tcp(&m, client, TCP_ACK, 1001 + segments[i].at, 7001, segments[i].bytes,
			 at_us + 200 + i);
		feed(e, &m);
	}
	make_tcp(&m, turned(client), TCP_ACK, 7001, 2000, hello, at_us + 90000);
	if (answered)
		feed(e, &m);
	end(e);
	return last_fact();
}

static void check_hello(const char *vector, const char *want)
{
	struct span all = vector_hex("tls", vector);
	struct segment whole = { 0, all };
	const struct flow_fact *f = connection(&whole, 1, true);
	CHECK(f->now.service == SERVICE && strcmp(name_of(f), want) == 0, "%s whole: %s", vector, name_of(f));
	CHECK(f->now.stage == STAGE_PROBE && f->now.evidence == (EV_SNI | EV_ANSWER),
	      "%s: stage %u evidence %u", vector, f->now.stage, f->now.evidence);
	f = connection(&whole, 1, false);
	CHECK(f->now.service == SERVICE && !(f->now.evidence & EV_ANSWER), "%s without an answer", vector);
	uint8_t *other = malloc(all.len);
	for (size_t i = 0; i < all.len; i++)
		other[i] = all.at[i] ^ 0x01; /* letters become other letters */
	for (size_t cut = 1; cut < all.len; cut++) {
		struct segment a = { 0, { all.at, cut } },
			       b = { (uint32_t)cut, { all.at + cut, all.len - cut } };
		struct segment lie = { (uint32_t)cut, { other + cut, all.len - cut } };
		struct segment two[] = { a, b }, swapped[] = { b, a }, twice[] = { a, a, b, b };
		struct segment lied_first[] = { a, lie, b }, lied_after[] = { a, b, lie };
		CHECK(connection(two, 2, true)->now.service == SERVICE, "%s cut at %zu", vector, cut);
		CHECK(connection(swapped, 2, true)->now.service == SERVICE, "%s swapped at %zu", vector, cut);
		CHECK(connection(twice, 4, true)->now.service == SERVICE, "%s twice at %zu", vector, cut);
		CHECK(connection(lied_first, 3, true)->now.service == SERVICE_NONE,
		      "%s lied first at %zu: %s", vector, cut, name_of(last_fact()));
		CHECK(connection(lied_after, 3, true)->now.service == SERVICE_NONE, "%s lied after at %zu",
		      vector, cut);
	}
	free(other);
	free((void *)all.at);
}

/* ---- who is the client (one row a case of design section 4) ---- */
static const struct client_row {
	const char *name;
	uint32_t from, to; /* of the first packet */
	unsigned flags;    /* of the first packet; 0: UDP */
	bool from_is_client;
	unsigned flow_flags;
} client_rows[] = {
	{ "only the sender is local", 0x0A000001, 0xC6120001, 0, true, 0 },
	{ "only the receiver is local", 0xC6120001, 0x0A000001, 0, false, 0 },
	{ "local beats the SYN", 0xC6120001, 0x0A000001, TCP_SYN, false, 0 },
	{ "both foreign: the SYN", 0xC6120002, 0xC6120001, TCP_SYN, true, FLOW_BOTH_FOREIGN },
	{ "both foreign: the SYN-ACK answers", 0xC6120002, 0xC6120001, TCP_SYN | TCP_ACK, false,
	  FLOW_BOTH_FOREIGN },
	{ "both foreign: the first packet", 0xC6120002, 0xC6120001, 0, true, FLOW_BOTH_FOREIGN },
	{ "both local: the first packet", 0x0A000002, 0x0A000001, 0, true, FLOW_BOTH_LOCAL },
};

static void check_clients(void)
{
	static struct made_frame m;
	for (size_t i = 0; i < sizeof client_rows / sizeof *client_rows; i++) {
		const struct client_row *r = &client_rows[i];
		struct engine *e = begin(0);
		struct ends ends = { r->from, r->to, 4000, 5000 };
		if (r->flags != 0)
			make_tcp(&m, ends, r->flags, 1, 1, (struct span){ NULL, 0 }, T0 * second);
		else
			make_udp(&m, ends, BYTES("xxxx"), T0 * second);
		feed(e, &m);
		finish(e);
		CHECK(fact_client_port(last_fact()) == (r->from_is_client ? 4000 : 5000), "%s", r->name);
		unsigned mask = FLOW_BOTH_FOREIGN | FLOW_BOTH_LOCAL;
		CHECK((last_fact()->flags & mask) == r->flow_flags, "%s: flags", r->name);
	}
}

/* Zoom's NAT test: an answer that comes first turns the client, once. */
static void check_turned(void)
{
	static struct made_frame m;
	struct engine *e = begin(0);
	struct ends ends = { 0xC6120002, 0xC6120001, 4000, 3478 };
	struct span ask = check_hex(
		"0001001800112233445566778899aabbccddeeff010100143132333435363738393031323334353637383900");
	make_udp(&m, turned(ends), BYTES("\x40\x40\x40\x40"), T0 * second);
	feed(e, &m);
	make_udp(&m, ends, ask, T0 * second + 1);
	feed(e, &m);
	finish(e);
	CHECK(last_fact()->now.service == SERVICE && fact_client_port(last_fact()) == 4000,
	      "the one who asked is the client");
	CHECK(last_fact()->now.roles == ROLE_SIGNALLING && last_fact()->now.stage == STAGE_ATTEMPT,
	      "asked, not answered");
	free((void *)ask.at);
}

/* ---- lifetimes ---- */
static void check_lifetimes(void)
{
	static struct made_frame m, tick;
	struct engine *e = begin(0);
	struct ends ends = { 0x0A000001, 0xC6120001, 4000, 3478 };
	struct span ask = check_hex(
		"0001001800112233445566778899aabbccddeeff010100143132333435363738393031323334353637383900");
	make_udp(&m, ends, ask, T0 * second);
	feed(e, &m);
	CHECK(fact_count == 1 && last_fact()->kind == FACT_CHANGED, "found");
	make_udp(&tick, (struct ends){ 0x0A000009, 0xC6120009, 1, 2 }, BYTES("x"), (T0 + 119) * second);
	feed(e, &tick);
	CHECK(fact_count == 1, "not quiet yet");
	make_udp(&tick, (struct ends){ 0x0A000009, 0xC6120009, 1, 2 }, BYTES("x"), (T0 + 121) * second);
	feed(e, &tick);
	CHECK(last_fact()->kind == FACT_QUIET && last_fact()->last_us == T0 * second,
	      "quiet after 2 minutes");
	m.frame.at_us = (T0 + 130) * second;
	feed(e, &m);
	CHECK(last_fact()->kind == FACT_RESUMED && last_fact()->packets[0] == 2, "it speaks again");
	engine_tick(e, (T0 + 130 + 200) * second);
	take(e);
	CHECK(last_fact()->kind == FACT_QUIET, "quiet again");
	size_t told = fact_count;
	engine_tick(e, (T0 + 130 + 299) * second);
	take(e);
	CHECK(fact_count == told, "told once");
	engine_tick(e, (T0 + 130 + 300) * second);
	take(e);
	CHECK(last_fact()->kind == FACT_ENDED && last_fact()->packets[0] == 2, "and forgotten");
	finish(e);
	free((void *)ask.at);
}

/* Time never runs back, and an earlier stamp is counted. */
static void check_clock(void)
{
	static struct made_frame m;
	struct engine *e = begin(0);
	struct engine_counters c;
	struct ends ends = { 0x0A000001, 0xC6120001, 4000, 5000 };
	make_udp(&m, ends, BYTES("x"), (T0 + 10) * second);
	feed(e, &m);
	m.frame.at_us = T0 * second;
	feed(e, &m);
	engine_counters(e, &c);
	CHECK(c.clock_back == 1 && engine_now(e) == (T0 + 10) * second, "the clock stands");
	finish(e);
	CHECK(last_fact()->first_us == last_fact()->last_us, "the flow took the latest");
}

/* A small table under many flows: nothing is lost from the counts. */
static void check_eviction(void)
{
	static struct made_frame m;
	struct engine *e = begin(64);
	struct engine_counters c;
	uint64_t packets = 0;
	for (uint32_t i = 0; i < 3000; i++) {
		make_udp(
			&m,
			(struct ends){ 0x0A000000 + i % 1000, 0xC6120001, (uint16_t)(4000 + i % 1000), 5000 },
			BYTES("xyz"), T0 * second + i);
		feed(e, &m);
	}
	engine_counters(e, &c);
	finish(e);
	for (size_t i = 0; i < fact_count && fact_count <= FACTS_KEPT; i++)
		packets += facts[i].packets[0] + facts[i].packets[1];
	CHECK(packets == 3000 && c.decoded_packets[DECODED] == 3000, "%llu packets in flows",
	      (unsigned long long)packets);
	CHECK(c.flows_evicted > 2000, "%llu evicted", (unsigned long long)c.flows_evicted);
}

int main(void)
{
	make_book();
	check_hello("zoom-client", "zoomam105zc.zoom.us");
	check_hello("zoom-log", "log.zoom.us");
	check_clients();
	check_turned();
	check_lifetimes();
	check_clock();
	check_eviction();
	return check_done();
}
