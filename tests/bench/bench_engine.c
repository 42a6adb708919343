/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench_engine [POLICY]: what the engine costs for each class of traffic, as the ratio to a loop that only walks the same
 * frames and reads their heads; both in one run, since nanoseconds alone say more of the neighbours than of us. The frames
 * are made here and the same on every run. Without a policy there is no catalogue and nothing is judged. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../unit/frames.h"
#include "book/writer.h"
#include "config/config.h"
#include "engine/engine.h"

enum { PACKETS = 1 << 15, ROOM_BYTES = 48 << 20, ROUNDS = 5, BATCH = 32, FULL = 1200 };

static struct frame frames[PACKETS];
static uint8_t *room;
static size_t used, count;
static uint64_t random_state;

static uint32_t next_random(void)
{
	random_state ^= random_state << 13, random_state ^= random_state >> 7,
		random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 16);
}

static void keep(const struct made_frame *m)
{
	size_t n = m->frame.bytes.len;
	if (count == PACKETS || used + n > ROOM_BYTES)
		return;
	memcpy(room + used, m->bytes, n);
	frames[count] = m->frame;
	frames[count].at_us = 1700000000000000u + count * 20;
	frames[count++].bytes = span_of(room + used, n);
	used += n;
}

static void say_udp(struct ends e, bool up, const uint8_t *bytes, size_t n)
{
	static struct made_frame m;
	make_udp(&m, up ? e : turned(e), span_of(bytes, n), 0);
	keep(&m);
}

static void say_tcp(struct ends e, bool up, unsigned flags, uint32_t seq, const uint8_t *bytes, size_t n)
{
	static struct made_frame m;
	make_tcp(&m, up ? e : turned(e), flags, seq, 1, span_of(bytes, n), 0);
	keep(&m);
}

/* Payloads begin as noise, which encrypted ones are. */
static uint8_t *noise(void)
{
	static uint8_t bytes[FULL + 256];
	for (size_t i = 0; i < sizeof bytes; i += 4)
		put_uint(bytes + i, next_random(), 4);
	return bytes;
}

static struct ends ends_of(uint32_t flow, uint16_t port)
{
	return (struct ends){ 0x0A000000 + flow % 4096, 0x34000000 + flow * 2654435761u % (1u << 24),
			      (uint16_t)(20000 + flow % 40000), port };
}

/* ---- One turn of a flow; `turn` counts from 0. ---- */

static void dns_turn(uint32_t flow, uint32_t turn)
{
	static const char name[] = "\3www\7example\3net\0\0\1\0\1";
	uint8_t b[64] = { (uint8_t)(flow >> 8),
			  (uint8_t)flow,
			  (uint8_t)(turn ? 0x81 : 1),
			  (uint8_t)(turn ? 0x80 : 0),
			  0,
			  1,
			  0,
			  (uint8_t)turn };
	size_t n = 12 + sizeof name - 1;
	memcpy(b + 12, name, sizeof name - 1);
	if (turn == 1) {
		memcpy(b + n, "\xC0\x0C\0\1\0\1\0\0\1\0\0\4\x34\1\2\3", 16);
		n += 16;
	}
	if (turn < 2)
		say_udp(ends_of(flow, 53), turn == 0, b, n);
}

static size_t make_hello(uint8_t *b)
{
	static const char name[] = "www.example.net";
	uint32_t name_bytes = sizeof name - 1, extension = name_bytes + 5,
		 body = 2 + 32 + 1 + 4 + 2 + 2 + 4 + extension;
	b[0] = 22, put_uint(b + 1, 0x0301, 2), put_uint(b + 3, body + 4, 2);
	b[5] = 1, put_uint(b + 6, body, 3), put_uint(b + 9, 0x0303, 2);
	b[43] = 0, put_uint(b + 44, 2, 2), put_uint(b + 46, 0x1301, 2), put_uint(b + 48, 0x0100, 2);
	put_uint(b + 50, extension + 4, 2), put_uint(b + 52, 0, 2), put_uint(b + 54, extension, 2);
	put_uint(b + 56, name_bytes + 3, 2), b[58] = 0, put_uint(b + 59, name_bytes, 2);
	memcpy(b + 61, name, name_bytes);
	return 61 + name_bytes;
}

static void tls_turn(uint32_t flow, uint32_t turn)
{
	struct ends e = ends_of(flow, 443);
	uint8_t *b = noise();
	static const uint8_t record[] = { 23, 3, 3, 4, 0xAB };
	if (turn < 2)
		say_tcp(e, turn == 0, turn == 0 ? TCP_SYN : TCP_SYN | TCP_ACK, 0, NULL, 0);
	else if (turn == 2)
		say_tcp(e, true, TCP_ACK, 1, b, make_hello(b));
	else {
		memcpy(b, record, sizeof record);
		say_tcp(e, turn % 3 == 0, TCP_ACK, 200 + FULL * turn, b, FULL);
	}
}

static void quic_turn(uint32_t flow, uint32_t turn)
{
	uint8_t *b = noise();
	b[0] = (uint8_t)(turn < 2 ? 0xC3 : 0x40 | (b[0] & 31));
	if (turn < 2)
		put_uint(b + 1, 1, 4);
	say_udp(ends_of(flow, 443), turn % 3 == 0, b, turn % 3 == 0 ? 60 : FULL);
}

static void make_rtp(uint8_t *b, uint32_t flow, uint32_t turn)
{
	b[0] = 0x80, b[1] = 96;
	put_uint(b + 2, turn / 2, 2), put_uint(b + 4, turn / 2 * 3000, 4),
		put_uint(b + 8, 0x1000 + flow * 2 + turn % 2, 4);
}

static void rtp_turn(uint32_t flow, uint32_t turn)
{
	uint8_t *b = noise();
	if (turn < 2) {
		put_uint(b, turn == 0 ? 0x00010000 : 0x01010000, 4), put_uint(b + 4, 0x2112A442, 4);
		memset(b + 8, (int)flow, 12);
	} else
		make_rtp(b, flow, turn);
	say_udp(ends_of(flow, 3478), turn % 2 == 0, b, turn < 2 ? 20 : 200 + next_random() % 900);
}

static void zoom_turn(uint32_t flow, uint32_t turn)
{
	uint8_t *b = noise();
	memset(b, 0, 32);
	b[0] = 5, put_uint(b + 1, turn, 2), put_uint(b + 3, 0x01000000 + flow, 4),
	b[7] = (uint8_t)(turn % 2 * 4);
	b[8] = 16, put_uint(b + 9, turn, 2);
	make_rtp(b + 28, flow, turn);
	say_udp(ends_of(flow, 8801), turn % 2 == 0, b, 200 + next_random() % 900);
}

static const struct class
{
	const char *name;
	void (*turn)(uint32_t flow, uint32_t turn);
	uint32_t flows, turns; /* flows take turns in turn */
} classes[] = {
	{ "DNS", dns_turn, 16384, 2 },
	{ "TLS, short", tls_turn, 3000, 10 },
	{ "TLS, bulk", tls_turn, 30, 1000 },
	{ "QUIC, short", quic_turn, 1600, 20 },
	{ "RTP after STUN", rtp_turn, 30, 1000 },
	{ "Zoom", zoom_turn, 30, 1000 },
};

static void make(const struct class *c)
{
	used = count = 0;
	random_state = 88172645463325252u;
	for (uint32_t turn = 0; turn < c->turns; turn++)
		for (uint32_t flow = 0; flow < c->flows; flow++)
			c->turn(flow, turn);
}

/* ---- Measuring. ---- */

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static volatile uint64_t walked_bytes; /* so that the walk is not left out */

static double walk(void)
{
	uint64_t sum = 0;
	double begin = now_ns();
	for (size_t i = 0; i < count; i++)
		sum += frames[i].wire_bytes + frames[i].bytes.at[12];
	walked_bytes = sum;
	return (now_ns() - begin) / (double)count;
}

static double drive(const struct book *b, uint64_t *ret_conferencing)
{
	struct engine *e = engine_new(b, &(struct engine_options){ .every_flow = true });
	struct flow_fact f;
	uint64_t conferencing = 0;
	if (e == NULL)
		exit(1);
	double begin = now_ns();
	for (size_t done = 0; done < count;) {
		done += engine_batch(e, frames + done, count - done < BATCH ? count - done : BATCH);
		while (engine_take(e, &f))
			conferencing += f.kind == FACT_ENDED && f.now.service != SERVICE_NONE;
	}
	double ns = (now_ns() - begin) / (double)count;
	for (bool over = false; !over;) {
		over = engine_end(e);
		while (engine_take(e, &f))
			conferencing += f.kind == FACT_ENDED && f.now.service != SERVICE_NONE;
	}
	engine_free(e);
	*ret_conferencing = conferencing;
	return ns;
}

static void measure(const struct class *c, const struct book *b)
{
	double walked = 1e18, driven = 1e18;
	uint64_t conferencing = 0;
	make(c);
	for (unsigned i = 0; i < ROUNDS;
	     i++) { /* in turn, so that a neighbour disturbs both; the quietest round counts */
		double w = walk(), d = drive(b, &conferencing);
		walked = w < walked ? w : walked;
		driven = d < driven ? d : driven;
	}
	printf("%-16s %7zu %7u %9llu %9.1f %9.1f %8.1f\n", c->name, count, c->flows,
	       (unsigned long long)conferencing, walked, driven, driven / walked);
}

static uint8_t *load(const char *policy, size_t *ret_bytes)
{
	uint8_t *image = NULL;
	struct book_writer *w = book_writer_new();
	struct config_report *report = config_report_new();
	struct book_settings set = { .size = SIZE_MEDIUM };
	struct config_request q = { .policy = policy, .now_us = 1700000000000000u };
	if (policy == NULL)
		book_write(w, BOOK_SETTINGS, &set);
	int r = policy != NULL ? config_load(&q, report, &image, ret_bytes)
			       : book_writer_image(w, 1, &image, ret_bytes);
	config_report_free(report);
	book_writer_free(w);
	return r < 0 ? NULL : image;
}

int main(int argc, char **argv)
{
	struct book book;
	size_t bytes, flow_bytes, detail_bytes;
	uint8_t *image = load(argc > 1 ? argv[1] : NULL, &bytes);
	room = malloc(ROOM_BYTES);
	if (image == NULL || room == NULL || book_open(span_of(image, bytes), &book, NULL) < 0)
		return fprintf(stderr, "the policy does not load\n"), 1;
	printf("%-16s %7s %7s %9s %9s %9s %8s\n", "", "packets", "flows", "told", "walk ns", "engine ns",
	       "ratio");
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		measure(&classes[i], &book);
	struct engine *e = engine_new(&book, &(struct engine_options){ .most_flows = 64 });
	engine_bytes(e, &flow_bytes, &detail_bytes);
	printf("a flow: %zu bytes; one that is undecided or conferencing: %zu more\n", flow_bytes,
	       detail_bytes);
	engine_free(e);
	free(image);
	free(room);
	return 0;
}
