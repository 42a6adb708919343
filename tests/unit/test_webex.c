/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes of ntop/nDPI tests/cfgs/default/pcap/webex.pcap, F1016 to F1084. */
#include "check.h"
#include "wire/webex.h"

enum { LO, HI };
enum { S = TELLS_SETUP, A = TELLS_ANSWER, R = TELLS_REQUEST };

struct step {
	const char *name;
	int way; /* LO is the client */
	const char *hex;
	enum wire_result want;
	unsigned tells;
	size_t least; /* the shortest prefix that still matches */
};

#define HELLO "0100000000000001"
#define ANSWER "0200000000b89d01"
#define FRAME "060000000000000021d230218ce510000001fb80ff6f00000004001b0301000000020000000000000000"
static const struct step steps[] = {
	{ "frame before all", LO, FRAME, WIRE_OTHER, 0, 0 },
	{ "end before all", LO, "0400000000", WIRE_OTHER, 0, 0 },
	{ "answer to nothing", HI, ANSWER, WIRE_OTHER, 0, 0 },
	{ "hello of the server", HI, HELLO, WIRE_OTHER, 0, 0 },
	{ "hello F1016", LO, HELLO, WIRE_MORE, 0, 0 },
	{ "frame before the answer", LO, FRAME, WIRE_OTHER, 0, 0 },
	{ "answer of the client", LO, ANSWER, WIRE_OTHER, 0, 0 },
	{ "answer without count", HI, "0200000000000001", WIRE_OTHER, 0, 0 },
	{ "answer without zeros", HI, "0200000001b89d01", WIRE_OTHER, 0, 0 },
	{ "answer with another end", HI, "0200000000b89d02", WIRE_OTHER, 0, 0 },
	{ "answer, longer", HI, ANSWER "00", WIRE_OTHER, 0, 0 },
	{ "answer F1017", HI, ANSWER, WIRE_MATCH, S | A, 8 },
	{ "hello F1018", LO, HELLO, WIRE_MATCH, S | R, 8 },
	{ "answer F1019", HI, "0200000000b89e01", WIRE_MATCH, S | A, 8 },
	{ "frame F1026", LO, FRAME, WIRE_MATCH, S, 8 },
	{ "frame, longer", LO, FRAME "00", WIRE_OTHER, 0, 0 },
	{ "frame without zeros", LO, "060000000000000121d230218ce5", WIRE_OTHER, 0, 0 },
	{ "hello with another number", LO, "0100000000000002", WIRE_OTHER, 0, 0 },
	{ "hello, longer", LO, HELLO "00", WIRE_OTHER, 0, 0 },
	{ "end F1084", LO, "0400000000", WIRE_MATCH, TELLS_CLOSE, 5 },
	{ "end without zeros", LO, "0400000001", WIRE_OTHER, 0, 0 },
	{ "other type", LO, "0500000000", WIRE_OTHER, 0, 0 },
	{ "nothing", LO, "", WIRE_OTHER, 0, 0 },
};

static enum wire_result see(const struct step *s, struct span bytes, unsigned port, struct webex_memory *m,
			    struct finding *ret)
{
	struct payload p = { .bytes = bytes, .from_hi = (uint8_t)s->way };
	p.from_port = (uint16_t)(s->way == LO ? 51772 : port);
	p.to_port = (uint16_t)(s->way == LO ? port : 51772);
	return webex_recognise(&p, m, ret);
}

static void check_prefixes(const struct step *s, struct span bytes, const struct webex_memory *before)
{
	for (size_t n = 0; n < bytes.len; n++) {
		struct webex_memory m = *before;
		struct finding ret;
		struct span cut = check_cut(bytes, n);
		bool matched = see(s, cut, WEBEX_PORT, &m, &ret) == WIRE_MATCH;
		CHECK(matched == (s->want == WIRE_MATCH && n >= s->least), "%s cut to %zu", s->name, n);
		free((void *)cut.at);
	}
}

/* Where both ends stand on the port, the way tells who answers. */
static void check_same_ports(void)
{
	struct webex_memory m = { 0 };
	struct finding ret;
	struct step hello = { .way = LO }, answer = { .way = HI };
	struct payload p = { .bytes = BYTES("\1\0\0\0\0\0\0\1"),
			     .from_port = WEBEX_PORT,
			     .to_port = WEBEX_PORT };
	CHECK(webex_recognise(&p, &m, &ret) == WIRE_MORE, "hello");
	p.bytes = BYTES("\2\0\0\0\0\0\1\1");
	CHECK(webex_recognise(&p, &m, &ret) == WIRE_OTHER, "answer of the same end");
	p.from_hi = 1;
	CHECK(webex_recognise(&p, &m, &ret) == WIRE_MATCH, "answer");
	CHECK(see(&hello, BYTES("\1\0\0\0\0\0\0\1"), WEBEX_PORT, &m, &ret) == WIRE_MATCH, "hello again");
	p.from_port = 9001;
	CHECK(webex_recognise(&p, &m, &ret) == WIRE_OTHER, "answer from elsewhere");
	CHECK(see(&answer, p.bytes, WEBEX_PORT, &m, &ret) == WIRE_MATCH, "answer again");
}

int main(void)
{
	struct webex_memory m = { 0 }, elsewhere = { 0 };
	for (const struct step *s = steps; s < steps + sizeof steps / sizeof *steps; s++) {
		struct span bytes = check_hex(s->hex);
		struct finding ret = { 0 };
		if (s->want != WIRE_OTHER)
			check_prefixes(s, bytes, &m);
		CHECK(see(s, bytes, WEBEX_PORT, &m, &ret) == s->want, "%s", s->name);
		CHECK(ret.tells == s->tells && ret.media == 0, "%s tells %x", s->name, ret.tells);
		CHECK(ret.evidence == (s->want == WIRE_MATCH ? EV_PAYLOAD : 0), "%s", s->name);
		CHECK(see(s, bytes, 9001, &elsewhere, &ret) == WIRE_OTHER, "%s on another port", s->name);
		free((void *)bytes.at);
	}
	check_same_ports();
	return check_done();
}
