/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rtp: belief takes packets in order; random bytes and look-alikes never get it. */
#include "check.h"
#include "wire/rtp.h"

struct packet_of {
	uint8_t first, second;
	uint16_t seq;
	uint32_t ts, ssrc;
	size_t bytes;
};
static uint8_t buffer[1600];

static struct payload payload_of(struct packet_of r)
{
	memset(buffer, 0x5A, sizeof buffer);
	buffer[0] = r.first, buffer[1] = r.second;
	buffer[2] = (uint8_t)(r.seq >> 8), buffer[3] = (uint8_t)r.seq;
	for (unsigned i = 0; i < 4; i++) {
		buffer[4 + i] = (uint8_t)(r.ts >> (24 - 8 * i));
		buffer[8 + i] = (uint8_t)(r.ssrc >> (24 - 8 * i));
	}
	return (struct payload){ .bytes = span_of(buffer, r.bytes) };
}

/* Results of several packets in a row, a letter each: - OTHER, o MORE, M MATCH. */
static void run(const char *name, const struct packet_of *list, size_t count, unsigned context,
		const char *want)
{
	struct rtp_memory m = { 0 };
	struct finding f;
	for (size_t i = 0; i < count; i++) {
		struct payload p = payload_of(list[i]);
		p.context = (uint8_t)context;
		enum wire_result how = rtp_recognise(&p, &m, &f);
		char got = how == WIRE_MATCH ? 'M' : how == WIRE_MORE ? 'o' : '-';
		CHECK(got == want[i], "%s: packet %zu gave %c", name, i, got);
		if (how == WIRE_MATCH)
			CHECK(f.tells == TELLS_MEDIA && f.evidence == EV_PAYLOAD && f.told_as == TOLD_NOTHING,
			      "%s", name);
	}
}
#define RUN(name, context, want, ...)                        \
	run(name, (const struct packet_of[]){ __VA_ARGS__ }, \
	    sizeof((const struct packet_of[]){ __VA_ARGS__ }) / sizeof(struct packet_of), context, want)

static void check_belief(void)
{
	RUN("four in order", 0, "oooMM", { 0x80, 96, 1, 100, 7, 50 }, { 0x80, 96, 2, 260, 7, 50 },
	    { 0x80, 96, 3, 420, 7, 50 }, { 0x80, 96, 4, 580, 7, 50 }, { 0x80, 96, 900, 580, 7, 50 });
	RUN("two beside an ICE check", TELLS_SESSION, "oM", { 0x80, 96, 1, 100, 7, 500 },
	    { 0x80, 96, 2, 260, 7, 50 });
	RUN("two beside a handshake", TELLS_KEYS, "oM", { 0x80, 96, 1, 100, 7, 50 },
	    { 0x80, 96, 100, 260, 7, 50 });
	RUN("nothing else hastens", TELLS_SETUP | TELLS_RELAY, "oo", { 0x80, 96, 1, 100, 7, 50 },
	    { 0x80, 96, 2, 260, 7, 50 });
	RUN("wrapped and backwards", 0, "oooM", { 0x80, 96, 65534, 0xFFFFFF00, 7, 50 },
	    { 0x80, 96, 1, 100, 7, 50 }, { 0x80, 96, 65535, 0xFFFFFF00, 7, 50 }, { 0x80, 96, 2, 580, 7, 50 });
	RUN("copies count for nothing", 0, "oooooM", { 0x80, 96, 1, 100, 7, 50 }, { 0x80, 96, 1, 100, 7, 50 },
	    { 0x80, 96, 2, 260, 7, 50 }, { 0x80, 96, 2, 260, 7, 50 }, { 0x80, 96, 3, 420, 7, 50 },
	    { 0x80, 96, 4, 580, 7, 50 });
	RUN("a jump begins anew", 0, "oooooM", { 0x80, 96, 1, 100, 7, 50 }, { 0x80, 96, 2, 260, 7, 50 },
	    { 0x80, 96, 35, 420, 7, 50 }, { 0x80, 96, 36, 580, 7, 50 }, { 0x80, 96, 37, 580, 7, 50 },
	    { 0x80, 96, 38, 580, 7, 50 });
	RUN("too far beside a handshake", TELLS_KEYS, "oo", { 0x80, 96, 1, 100, 7, 50 },
	    { 0x80, 96, 102, 260, 7, 50 });
	RUN("the clock leaps", TELLS_KEYS, "ooM", { 0x80, 96, 1, 100, 7, 50 }, { 0x80, 96, 2, 900101, 7, 50 },
	    { 0x80, 96, 3, 1800101, 7, 50 });
	RUN("SSRC 0 alone", 0, "-----", { 0x80, 96, 1, 0, 0, 50 }, { 0x80, 96, 2, 0, 0, 50 },
	    { 0x80, 96, 3, 0, 0, 50 }, { 0x80, 96, 4, 0, 0, 50 }, { 0x80, 96, 5, 0, 0, 50 });
	RUN("SSRC 0 beside a handshake", TELLS_KEYS, "oM", { 0xA0, 99, 1, 0, 0, 1500 },
	    { 0xA0, 99, 2, 0, 0, 1500 });
	RUN("two streams mixed", 0, "ooooooMM", { 0x80, 96, 1, 0, 7, 50 }, { 0x80, 111, 9, 0, 8, 50 },
	    { 0x80, 96, 2, 0, 7, 50 }, { 0x80, 111, 10, 0, 8, 50 }, { 0x80, 96, 3, 0, 7, 50 },
	    { 0x80, 111, 11, 0, 8, 50 }, { 0x80, 96, 4, 0, 7, 50 }, { 0x80, 111, 12, 0, 8, 50 });
}

static void check_header(void)
{
	static const struct {
		const char *name;
		struct packet_of r;
		uint16_t words;
		enum wire_result want;
	} rows[] = {
		{ "version 1", { 0x40, 96, 1, 0, 7, 50 }, 0, WIRE_OTHER },
		{ "no payload", { 0x80, 96, 1, 0, 7, 12 }, 0, WIRE_OTHER },
		{ "one byte", { 0x80, 96, 1, 0, 7, 13 }, 0, WIRE_MORE },
		{ "15 CSRC", { 0x8F, 96, 1, 0, 7, 72 }, 0, WIRE_MORE },
		{ "15 CSRC do not fit", { 0x8F, 96, 1, 0, 7, 71 }, 0, WIRE_OTHER },
		{ "extension fits", { 0x90, 96, 1, 0, 7, 24 }, 2, WIRE_MORE },
		{ "extension does not fit", { 0x90, 96, 1, 0, 7, 23 }, 2, WIRE_OTHER },
		{ "extension without its head", { 0x90, 96, 1, 0, 7, 15 }, 0, WIRE_OTHER },
		{ "long extension", { 0x90, 96, 1, 0, 7, 1100 }, 256, WIRE_MORE },
		{ "too long an extension", { 0x90, 96, 1, 0, 7, 1100 }, 257, WIRE_OTHER },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rtp_memory m = { 0 };
		struct finding f;
		struct payload p = payload_of(rows[i].r);
		buffer[14] = (uint8_t)(rows[i].words >> 8), buffer[15] = (uint8_t)rows[i].words;
		struct span exact = check_cut(p.bytes, p.bytes.len);
		p.bytes = exact;
		CHECK(rtp_recognise(&p, &m, &f) == rows[i].want, "%s", rows[i].name);
		for (size_t n = 0; n < exact.len; n++) {
			p.bytes = check_cut(exact, n);
			CHECK(rtp_recognise(&p, &m, &f) != WIRE_MATCH, "%s cut to %zu", rows[i].name, n);
			free((void *)(uintptr_t)p.bytes.at);
		}
		free((void *)(uintptr_t)exact.at);
	}
}

/* RTCP adds to RTP, and is nothing alone. */
static void check_rtcp(void)
{
	RUN("RTCP alone", TELLS_KEYS, "oooo", { 0x80, 200, 6, 9, 1, 28 }, { 0x80, 200, 6, 9, 1, 28 },
	    { 0x80, 200, 6, 9, 1, 28 }, { 0x80, 200, 6, 9, 1, 28 });
	RUN("a sender's report after two packets", 0, "ooooM", { 0x80, 96, 1, 0, 7, 50 },
	    { 0x80, 96, 2, 0, 7, 50 }, { 0x80, 200, 6, 7, 1, 28 }, { 0x80, 200, 6, 7, 1, 28 },
	    { 0x80, 96, 3, 0, 7, 50 });
	RUN("a sender's report after one packet", 0, "ooooM", { 0x80, 96, 1, 0, 7, 50 },
	    { 0x80, 200, 6, 7, 1, 28 }, { 0x80, 96, 2, 0, 7, 50 }, { 0x80, 96, 3, 0, 7, 50 },
	    { 0x80, 96, 4, 0, 7, 50 });
	RUN("of a stream believed", TELLS_KEYS, "oMM", { 0x80, 96, 1, 0, 7, 50 }, { 0x80, 96, 2, 0, 7, 50 },
	    { 0x80, 200, 6, 7, 1, 28 });
	RUN("of another", TELLS_KEYS, "oMo", { 0x80, 96, 1, 0, 7, 50 }, { 0x80, 96, 2, 0, 7, 50 },
	    { 0x80, 200, 6, 8, 1, 28 });
	RUN("longer than the datagram", TELLS_KEYS, "oM-", { 0x80, 96, 1, 0, 7, 50 },
	    { 0x80, 96, 2, 0, 7, 50 }, { 0x80, 200, 7, 7, 1, 28 });
	RUN("a type of old", TELLS_KEYS, "oM-", { 0x80, 96, 1, 0, 7, 50 }, { 0x80, 96, 2, 0, 7, 50 },
	    { 0x80, 210, 6, 7, 1, 28 });
	struct rtp_memory m = { 0 };
	struct finding f;
	for (uint16_t seq = 1; seq <= 4; seq++) {
		struct payload p = payload_of((struct packet_of){ 0x80, 96, seq, 0, 7, 50 });
		rtp_recognise(&p, &m, &f);
	}
	struct payload p = payload_of((struct packet_of){ 0x81, 201, 7, 99, 1, 32 });
	p.from_hi = 1;
	CHECK(rtp_recognise(&p, &m, &f) == WIRE_MATCH && f.token == 99,
	      "a receiver reports on what the other end sends");
}

/* One stream of n packets; gives the kinds told last. */
static unsigned kind_after(unsigned n, uint8_t pt, uint32_t step, unsigned per_frame, size_t bytes)
{
	struct rtp_memory m = { 0 };
	struct finding f = { .media = 0 };
	for (unsigned i = 0; i < n; i++) {
		struct payload p = payload_of(
			(struct packet_of){ 0x80, pt, (uint16_t)i, i / per_frame * step, 7, bytes });
		rtp_recognise(&p, &m, &f);
	}
	return f.media;
}
static void check_kinds(void)
{
	static const struct {
		const char *name;
		unsigned n;
		uint8_t pt;
		uint32_t step;
		unsigned per_frame;
		size_t bytes;
		unsigned want;
	} rows[] = {
		{ "PCMU", 4, 0, 160, 1, 172, MEDIA_AUDIO },
		{ "PCMA with marker", 4, 8 | 128, 160, 1, 172, MEDIA_AUDIO },
		{ "G.729", 4, 18, 160, 1, 32, MEDIA_AUDIO },
		{ "H.261", 4, 31, 3003, 1, 600, MEDIA_VIDEO },
		{ "MPEG transport", 4, 33, 3003, 1, 1328, MEDIA_VIDEO },
		{ "Opus, too early", 4, 111, 960, 1, 90, 0 },
		{ "Opus", 5, 111, 960, 1, 90, MEDIA_AUDIO },
		{ "SILK", 5, 104, 320, 1, 60, MEDIA_AUDIO },
		{ "160 ms frames at 16 kHz", 5, 120, 2560, 1, 316, MEDIA_AUDIO },
		{ "video", 12, 96, 3000, 4, 1100, MEDIA_VIDEO },
		{ "video, a packet a frame", 40, 96, 3000, 1, 200, 0 },
		{ "video at 25 a second", 40, 96, 3600, 1, 200, 0 },
		{ "large packets, audio's steps", 40, 96, 960, 1, 900, 0 },
		{ "probes of one timestamp", 40, 97, 0, 1, 260, 0 },
		{ "a free number below 96", 5, 63, 960, 1, 90, MEDIA_AUDIO },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned got =
			kind_after(rows[i].n, rows[i].pt, rows[i].step, rows[i].per_frame, rows[i].bytes);
		CHECK(got == rows[i].want, "%s: %u", rows[i].name, got);
	}
}

/* More streams than slots: the first ones stay, and a late one can still be believed. */
static void check_slots(void)
{
	struct rtp_memory m = { 0 };
	struct finding f;
	unsigned matches = 0;
	for (uint16_t seq = 1; seq <= 8; seq++)
		for (uint32_t ssrc = 1; ssrc <= RTP_STREAMS; ssrc++) {
			struct payload p = payload_of((struct packet_of){ 0x80, 96, seq, seq, ssrc, 50 });
			matches += rtp_recognise(&p, &m, &f) == WIRE_MATCH;
		}
	CHECK(matches == 5 * RTP_STREAMS, "%u", matches);
	for (uint16_t seq = 1; seq <= 4; seq++) {
		struct payload p = payload_of((struct packet_of){ 0x80, 96, seq, seq, 77, 50 });
		CHECK((rtp_recognise(&p, &m, &f) == WIRE_MATCH) == (seq == 4), "a late one, %u", seq);
	}
	for (uint32_t ssrc = 1; ssrc < RTP_STREAMS; ssrc++) {
		struct payload p = payload_of((struct packet_of){ 0x80, 96, 9, 9, ssrc, 50 });
		CHECK(rtp_recognise(&p, &m, &f) == WIRE_MATCH && f.token == ssrc, "%u stays", ssrc);
	}
}

/* ---- what must never be media ---- */

static uint64_t seed = 0x9E3779B97F4A7C15;
static uint64_t random64(void) /* splitmix64: the same on every run */
{
	uint64_t z = (seed += 0x9E3779B97F4A7C15);
	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
	z = (z ^ z >> 27) * 0x94D049BB133111EB;
	return z ^ z >> 31;
}

enum fake { RANDOM_BYTES, RANDOM_SEQUENCE, CONSTANT_SEQUENCE, RANDOM_CLOCK, FAKES };
static struct packet_of fake_of(enum fake kind, uint32_t flow, unsigned i)
{
	uint64_t r = random64();
	struct packet_of p = { 0x80, 96, (uint16_t)r, i * 160, flow + 1, 172 };
	if (kind == RANDOM_BYTES)
		p = (struct packet_of){ (uint8_t)(0x80 | (r & 0x3F)), (uint8_t)(r >> 8),
					(uint16_t)(r >> 16),          (uint32_t)(r >> 32),
					(uint32_t)random64(),         40 + (r & 1023) };
	else if (kind == CONSTANT_SEQUENCE)
		p.seq = (uint16_t)flow;
	else if (kind == RANDOM_CLOCK)
		p.seq = (uint16_t)i, p.ts = (uint32_t)r;
	return p;
}
static void check_fakes(void)
{
	enum { FLOWS = 2000, EACH = 100 };
	static struct rtp_memory m[FLOWS];
	static const char *const name[FAKES] = { "random bytes", "random sequence", "constant sequence",
						 "random clock" };
	for (unsigned kind = 0; kind < FAKES; kind++) {
		unsigned media = 0;
		memset(m, 0, sizeof m);
		for (unsigned i = 0; i < EACH; i++)
			for (uint32_t flow = 0; flow < FLOWS; flow++) {
				struct finding f;
				struct payload p = payload_of(fake_of((enum fake)kind, flow, i));
				p.from_hi = (uint8_t)(random64() & 1);
				media += rtp_recognise(&p, &m[flow], &f) == WIRE_MATCH;
			}
		CHECK(media == 0, "%s: %u of %u were media", name[kind], media, FLOWS * EACH);
	}
}

int main(void)
{
	check_belief();
	check_header();
	check_rtcp();
	check_kinds();
	check_slots();
	check_fakes();
	return check_done();
}
