/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A flow that speaks on is judged and told again each minute, so that what is open elsewhere is not counted too low; one that is
 * silent is not. */
#include "book/writer.h"
#include "check.h"
#include "engine/engine.h"
#include "frames.h"

enum { T0 = 1700000000, EXCEPTED_S = 150 };
static const uint64_t second = 1000000;
static struct book book;
static struct flow_fact last;
static unsigned told;

/* All of STUN is of one service; a rule forbids it, but for the first minutes. */
static uint8_t *make_book(void)
{
	struct book_writer *w = book_writer_new();
	struct book_settings set = { .size = SIZE_SMALL, .has_policy = 1, .mode = MODE_ENFORCE };
	struct book_service service = { .name = book_write_text(w, BYTES("meet")) };
	struct book_framing framing = { .pattern = book_write_text(w, BYTES("stun")), .service = 2 };
	struct book_rule rule = { .name = book_write_text(w, BYTES("none")), .action = ACTION_BLOCK };
	struct book_exception exception = { .until_us = (T0 + EXCEPTED_S) * second };
	uint8_t *image = NULL;
	size_t bytes = 0;
	const char *why = "";
	book_write(w, BOOK_SETTINGS, &set);
	book_write(w, BOOK_SERVICE, &service);
	book_write(w, BOOK_FRAMING, &framing);
	book_write(w, BOOK_RULE, &rule);
	book_write(w, BOOK_EXCEPTION, &exception);
	CHECK(book_writer_image(w, 1, &image, &bytes) == 0, "a book");
	CHECK(book_open(span_of(image, bytes), &book, &why) == 0, "it opens: %s", why);
	book_writer_free(w);
	return image;
}

static void take(struct engine *e)
{
	while (engine_take(e, &last))
		told++;
}

/* A binding request, answered: what is told after it. */
static unsigned speak(struct engine *e, uint16_t port, uint64_t at_us)
{
	static struct made_frame m;
	static const uint8_t ask[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 9 },
			     answer[20] = { 1, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 9 };
	struct ends ends = { 0x0A000001, 0xC6120001, port, 3478 };
	told = 0;
	make_udp(&m, ends, span_of(ask, sizeof ask), at_us);
	CHECK(engine_batch(e, &m.frame, 1) == 1, "taken");
	make_udp(&m, turned(ends), span_of(answer, sizeof answer), at_us + 1);
	CHECK(engine_batch(e, &m.frame, 1) == 1, "taken");
	take(e);
	return told;
}

int main(void)
{
	uint8_t *image = make_book();
	struct engine *e = engine_new(&book, &(struct engine_options){ 0 });
	speak(e, 5000, T0 * second);
	CHECK(speak(e, 4000, T0 * second) == 2, "it asked, and it was answered");
	for (uint64_t s = 1; s < 60; s++)
		CHECK(speak(e, 4000, (T0 + s) * second) == 0, "nothing new after %u s", (unsigned)s);
	CHECK(speak(e, 4000, (T0 + 61) * second) == 1 && last.kind == FACT_CHANGED, "after a minute");
	CHECK(last.packets[0] == 61 && last.last_us == (T0 + 61) * second && fact_client_port(&last) == 4000,
	      "what it carried");
	CHECK(last.now.action == ACTION_PERMIT, "an exception");
	for (uint64_t s = 62; s < 121; s++)
		CHECK(speak(e, 4000, (T0 + s) * second) == 0, "once, after %u s", (unsigned)s);
	told = 0;
	engine_tick(e, (T0 + 121) * second);
	take(e);
	CHECK(told == 1 && last.kind == FACT_QUIET && fact_client_port(&last) == 5000,
	      "silence is told as such");
	CHECK(speak(e, 4000, (T0 + 122) * second) == 1 && last.now.action == ACTION_PERMIT, "still excepted");
	CHECK(speak(e, 4000, (T0 + 183) * second) == 1 && last.verdict.action == ACTION_BLOCK,
	      "no more excepted");
	CHECK(speak(e, 5000, (T0 + 184) * second) == 1 && last.kind == FACT_RESUMED,
	      "speaking again is told once");
	engine_free(e);
	free(image);
	return check_done();
}
