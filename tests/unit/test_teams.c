/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes after ntop/nDPI tests/cfgs/default/pcap/teams.pcap, F1235 to F1402; messages cut to whole blocks. */
#include "check.h"
#include "wire/teams.h"

enum { LO, HI };
enum { S = TELLS_SETUP, A = TELLS_ANSWER, R = TELLS_REQUEST };

struct step {
	const char *name;
	int way; /* LO is the client */
	const char *hex;
	enum wire_result want;
	unsigned tells;
};

#define MESSAGE_06 "065dfeb7aa36593f8e2b0fe84c5328a68babb2219306cbef2ef837c2e05f653d69"
#define MESSAGE_07 "079d5cab229894ea9f1c2e1e523ef5b74fb73b30f690d73639f14f40db7b7f0bee"
#define ACK  \
	"03" \
	"33626666366131352d363834312d343630372d386332372d396563656239656564393362"

static const struct step session[] = {
	{ "message F1235", LO, MESSAGE_06, WIRE_MORE, 0 },
	{ "message F1237", HI, MESSAGE_07, WIRE_MORE, 0 },
	{ "again", LO, MESSAGE_06, WIRE_MORE, 0 },
	{ "acknowledgement F1236", HI, ACK, WIRE_MATCH, S | A },
	{ "message of the server", HI, MESSAGE_07, WIRE_MATCH, S },
	{ "acknowledgement of its own end", HI, ACK, WIRE_MATCH, S },
	{ "acknowledgement of the client", LO, ACK, WIRE_MATCH, S | A },
	{ "message of the client", LO, MESSAGE_06, WIRE_MATCH, S | R },
	{ "no whole blocks", LO, MESSAGE_06 "00", WIRE_OTHER, 0 },
	{ "one block", LO, "065dfeb7aa36593f8e2b0fe84c5328a68b", WIRE_OTHER, 0 },
	{ "no block", LO, "06", WIRE_OTHER, 0 },
	{ "of the wrong end", HI, MESSAGE_06, WIRE_OTHER, 0 },
	{ "of the wrong end", LO, MESSAGE_07, WIRE_OTHER, 0 },
	{ "upper case", HI,
	  "03"
	  "33424646366131352d363834312d343630372d386332372d396563656239656564393362",
	  WIRE_OTHER, 0 },
	{ "no hexadecimal", HI,
	  "03"
	  "67626666366131352d363834312d343630372d386332372d396563656239656564393362",
	  WIRE_OTHER, 0 },
	{ "dash elsewhere", HI,
	  "03"
	  "3362666636612d31352d363834312d3436303738633237"
	  "2d39656365623965656439336230",
	  WIRE_OTHER, 0 },
	{ "no dash", HI,
	  "03"
	  "336266663661313530363834312d343630372d386332372d396563656239656564393362",
	  WIRE_OTHER, 0 },
	{ "longer", HI, ACK "30", WIRE_OTHER, 0 },
	{ "STUN", LO, "000100002112a442c15dae63585d14392e582c26", WIRE_OTHER, 0 },
	{ "other type", LO, "085dfeb7aa36593f8e2b0fe84c5328a68babb2219306cbef2ef837c2e05f653d69", WIRE_OTHER,
	  0 },
	{ "nothing", LO, "", WIRE_OTHER, 0 },
};
static const struct step middle[] = {
	{ "acknowledgement first", LO, ACK, WIRE_MORE, 0 },
	{ "message of the server", HI, MESSAGE_07, WIRE_MORE, 0 },
	{ "its acknowledgement", LO, ACK, WIRE_MATCH, S | A },
};

static enum wire_result see(const struct step *s, struct span bytes, unsigned port, struct teams_memory *m,
			    struct finding *ret)
{
	struct payload p = { .bytes = bytes, .from_hi = (uint8_t)s->way };
	p.from_port = (uint16_t)(s->way == LO ? 51681 : port);
	p.to_port = (uint16_t)(s->way == LO ? port : 51681);
	return teams_recognise(&p, m, ret);
}

/* An acknowledgement is all or nothing; a message may be cut at any block. */
static void check_prefixes(const struct step *s, struct span bytes, const struct teams_memory *before)
{
	for (size_t n = 0; n < bytes.len; n++) {
		struct teams_memory m = *before;
		struct finding ret;
		struct span cut = check_cut(bytes, n);
		CHECK(see(s, cut, TEAMS_PORT, &m, &ret) == WIRE_OTHER, "%s cut to %zu", s->name, n);
		free((void *)cut.at);
	}
}

static void check_flow(const struct step *steps, size_t count, unsigned port)
{
	struct teams_memory m = { 0 };
	for (const struct step *s = steps; s < steps + count; s++) {
		struct span bytes = check_hex(s->hex);
		struct finding ret = { 0 };
		if (port == TEAMS_PORT && s->want != WIRE_OTHER)
			check_prefixes(s, bytes, &m);
		bool mine = port == TEAMS_PORT;
		CHECK(see(s, bytes, port, &m, &ret) == (mine ? s->want : WIRE_OTHER), "%s, port %u", s->name,
		      port);
		CHECK(ret.tells == (mine ? s->tells : 0), "%s tells %x", s->name, ret.tells);
		CHECK(ret.evidence == (ret.tells != 0 ? EV_PAYLOAD : 0) && ret.media == 0, "%s", s->name);
		if (ret.tells != 0 && steps == session)
			CHECK(ret.token == 0x5dfeb7aa36593f8e, "%s token %lx", s->name,
			      (unsigned long)ret.token);
		free((void *)bytes.at);
	}
}

int main(void)
{
	check_flow(session, sizeof session / sizeof *session, TEAMS_PORT);
	check_flow(session, sizeof session / sizeof *session, 3479);
	check_flow(middle, sizeof middle / sizeof *middle, TEAMS_PORT);
	return check_done();
}
