/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random datagrams, and valid-looking RTP headers with random sequence numbers, are no media and no conferencing. FLOOD sets
 * the number of datagrams (200,000 by default) in 20,000 two-way flows. */
#include "book/writer.h"
#include "check.h"
#include "engine/engine.h"
#include "frames.h"

enum { FLOWS = 20000 };

static uint64_t state = 20200403;
static uint64_t next_random(void)
{
	uint64_t z = (state += 0x9E3779B97F4A7C15u);
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

static unsigned conferencing, ended;

static void take(struct engine *e)
{
	struct flow_fact f;
	while (engine_take(e, &f)) {
		ended += f.kind == FACT_ENDED;
		if (f.now.service != SERVICE_NONE && conferencing++ < 10)
			printf("port %u to %u: roles %u evidence %u\n", fact_client_port(&f),
			       fact_server_port(&f), f.now.roles, f.now.evidence);
	}
}

static void fill(uint8_t *payload, size_t len, bool header)
{
	for (size_t i = 0; i < len; i += 8) {
		uint64_t r = next_random();
		memcpy(payload + i, &r, 8);
	}
	if (!header)
		return;
	payload[0] = 0x80;
	payload[1] = 111;
	put_uint(payload + 8, 0x01020304, 4); /* one SSRC for all */
}

static void flood(struct engine *e, unsigned datagrams, bool header)
{
	static uint8_t payload[1216];
	static struct made_frame m;
	static const uint16_t ports[] = { 3478, 8801, 19305, 5004, 9000, 50000, 443, 10000 };
	for (unsigned i = 0; i < datagrams; i++) {
		uint32_t flow = (uint32_t)(next_random() % FLOWS);
		struct ends out = { 0xC0A80000 + (flow >> 8), 0xC6120000 + flow, (uint16_t)(20000 + flow),
				    ports[flow % 8] };
		size_t len = 20 + next_random() % 1181;
		fill(payload, len, header);
		make_udp(&m, next_random() & 1 ? out : turned(out), span_of(payload, len),
			 1700000000000000u + i * 100u);
		CHECK(engine_batch(e, &m.frame, 1) == 1, "taken");
		take(e);
	}
	while (!engine_end(e))
		take(e);
	take(e);
}

int main(void)
{
	const char *text = getenv("FLOOD");
	unsigned datagrams = text != NULL ? (unsigned)strtoul(text, NULL, 10) : 200000;
	struct book_writer *w = book_writer_new();
	struct book_settings set = { .latitude = 0.0 / 1.0, .size = SIZE_SMALL };
	struct book book;
	uint8_t *image;
	size_t bytes;
	book_write(w, BOOK_SETTINGS, &set);
	CHECK(book_writer_image(w, 1, &image, &bytes) == 0 &&
		      book_open(span_of(image, bytes), &book, NULL) == 0,
	      "a book");
	for (unsigned header = 0; header < 2; header++) {
		struct engine *e = engine_new(&book, &(struct engine_options){ .every_flow = true });
		ended = 0;
		flood(e, datagrams, header);
		CHECK(ended >= FLOWS / 2 || datagrams < FLOWS, "%u flows", ended);
		engine_free(e);
	}
	CHECK(conferencing == 0, "%u facts of conferencing", conferencing);
	book_writer_free(w);
	free(image);
	return check_done();
}
