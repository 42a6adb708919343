/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stun_tcp: the framings of STUN and TURN over TCP, fed byte by byte (real bytes: stun.pcap of nDPI's tests, frames 3,
 * 5, 143, 145 and 149). */
#include "check.h"
#include "wire/stun_tcp.h"

#define ICE_REQUEST                                                                                          \
	"0068000100542112a442f3439453b698fb2950bb06ed000600092f7049303a546f4564000000002400046e6bfcff802900" \
	"08"                                                                                                 \
	"000000000004c2d18054000132000000807000040000000300080014fe92876ad46d7b797d42eb8d79a805faf31d72d1"   \
	"802800040200fc47 "
#define ICE_ANSWER                                                                                           \
	"00600101004c2112a442f3439453b698fb2950bb06ed00200008000183662b5fca71000600092f7049303a546f45640000" \
	"00"                                                                                                 \
	"8037000400000001807000040000000300080014f75f234b11f8e2560eaf4dd734489d41a16f7b1f802800040d26cb32 "
#define ALLOCATE "000300082112a442304b4962396f3953565979530019000411000000 "
#define ALLOCATED                                                                                          \
	"010300602112a442304b4962396f395356597953001600080001bf926325f852002000080001b09b24377d3c000d0004" \
	"000002588022001a436f7475726e2d342e352e302e35202764616e20456964657227323400080014bbf047aa875e4495" \
	"1b78a280ee2222d51580438e80280004ca0e20cc "
#define SSLTCP_CLIENT                                                    \
	"80460103 01002d0000001001008003008007 "                         \
	"00c006004002008004008000000400feff00000a00fefe0000090000640000" \
	"62000003000006 1f170ca62f0078fc46552eb18339f1ea "
#define SSLTCP_SERVER                                                                               \
	"160301004a0200004603 01428545a727a95da0b3c5e753da482b3fc65aca89c15852a1783c5b174600853f20" \
	"0ed306725b5b1b5f15ac13f988539d9be83d7b0c30326e384da27557416c345c000400 "
#define MS_CLIENT                                                                                 \
	"160301002d0100002903 01c1fcd5a36d93dd7e0b45673fec7985fbbc3fd660c2ce8485081b8121bcaa10fb" \
	"00000200180100 "
#define RANDOM32 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f "
#define MS_SERVER "160301004e0200004603 01" RANDOM32 "20" RANDOM32 "0018000e000000 "
#define BINDING "000100002112a4420102030405060708090a0b0c "
#define BOUND "010100002112a4420102030405060708090a0b0c "

struct got {
	unsigned tells, evidence, matches;
	enum wire_result last;
};

/* Feeds one way, its front growing byte by byte, each front in a block of its own size. */
static struct got feed(struct stun_tcp_memory *m, unsigned way, const char *hex)
{
	struct span all = check_hex(hex);
	struct got got = { .last = WIRE_MORE };
	for (size_t n = 1; n <= all.len && (got.last == WIRE_MORE || got.last == WIRE_MATCH); n++) {
		struct span front = check_cut(all, n);
		struct payload p = { .bytes = front, .from_hi = (uint8_t)way };
		struct finding f = { .tells = 0x8000 };
		got.last = stun_tcp_whole(&p, m, &f);
		if (got.last == WIRE_MATCH) {
			got.tells |= f.tells;
			got.evidence |= f.evidence;
			got.matches++;
		} else {
			CHECK(f.tells == 0x8000, "wrote without a match");
		}
		free((void *)(uintptr_t)front.at);
	}
	free((void *)(uintptr_t)all.at);
	return got;
}

enum { R = TELLS_REQUEST, A = TELLS_ANSWER, U = TELLS_SETUP, S = TELLS_SESSION, Y = TELLS_RELAY };

static void check_framings(void)
{
	static const struct {
		const char *name, *client, *server;
		unsigned client_tells, client_matches, server_tells, server_matches;
	} rows[] = {
		{ "RFC 4571", ICE_REQUEST, ICE_ANSWER, R | U | S, 1, A | U | S, 1 },
		{ "RFC 4571, several", ICE_REQUEST "0000" ICE_REQUEST, ICE_ANSWER ICE_ANSWER, R | U | S, 2,
		  A | U | S, 2 },
		{ "bare", ALLOCATE BINDING, ALLOCATED BOUND, R | U, 2, A | U | Y, 2 },
		{ "ChannelData, padded", ALLOCATE, ALLOCATED " 40000000 40000003 01020300", R | U, 1,
		  A | U | Y, 3 },
		{ "ssltcp, bare", SSLTCP_CLIENT ALLOCATE, SSLTCP_SERVER BOUND, R | U, 2, A | U, 2 },
		{ "ssltcp, RFC 4571", SSLTCP_CLIENT ICE_REQUEST, SSLTCP_SERVER ICE_ANSWER, R | U | S, 2,
		  A | U | S, 2 },
		{ "Microsoft's", MS_CLIENT "02000014" BINDING "03000014" BINDING, MS_SERVER "02000014" BOUND,
		  R | U, 3, A | U, 2 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stun_tcp_memory m = { .way = { { 0, 0, 0 } } };
		struct got c = feed(&m, 0, rows[i].client), s = feed(&m, 1, rows[i].server);
		CHECK(c.tells == rows[i].client_tells, "%s: client tells %x", rows[i].name, c.tells);
		CHECK(c.matches == rows[i].client_matches && c.last == WIRE_MATCH, "%s: client %u",
		      rows[i].name, c.matches);
		CHECK(s.tells == rows[i].server_tells, "%s: server tells %x", rows[i].name, s.tells);
		CHECK(s.matches == rows[i].server_matches, "%s: server %u", rows[i].name, s.matches);
	}
}

/* A front that comes all at once tells everything in one finding, and nothing twice. */
static void check_merged(void)
{
	struct stun_tcp_memory m = { .way = { { 0, 0, 0 } } };
	struct finding f;
	struct span in = check_hex(ALLOCATE);
	struct payload p = { .bytes = in };
	CHECK(stun_tcp_whole(&p, &m, &f) == WIRE_MATCH, "request");
	free((void *)(uintptr_t)in.at);
	in = check_hex(ALLOCATED BOUND "4000000100000000");
	p = (struct payload){ .bytes = in, .from_hi = 1 };
	enum wire_result how = stun_tcp_whole(&p, &m, &f);
	CHECK(how == WIRE_MATCH && f.tells == (A | U | Y) && f.evidence == (EV_PAYLOAD | EV_ANSWER),
	      "tells %x", f.tells);
	CHECK(f.told_as == TOLD_RELAY && f.text[TEXT_SOFTWARE].len == 26, "address and software");
	CHECK(m.way[1].taken == in.len, "all taken");
	CHECK(stun_tcp_whole(&p, &m, &f) == WIRE_MORE, "told once");
	free((void *)(uintptr_t)in.at);
}

static void check_refused(void)
{
	static const struct {
		const char *name, *hex;
		enum wire_result want;
		size_t after; /* bytes: 0: all */
	} rows[] = {
		{ "TLS", "16030100b6010000b20303", WIRE_OTHER, 5 },
		{ "TLS 1.2 record", "16030300b6", WIRE_OTHER, 3 },
		{ "HTTP", "474554202f", WIRE_OTHER, 1 },
		{ "SSH", "5353482d", WIRE_OTHER, 1 },
		{ "SSLv2 hello of another", "802e010301", WIRE_OTHER, 2 },
		{ "DNS over TCP", "001c1a2b0100000100000000", WIRE_OTHER, 5 },
		{ "RTMP", "0300000000000000", WIRE_OTHER, 7 },
		{ "a length larger than STUN", "08010001", WIRE_OTHER, 2 },
		{ "zeros", "0000000000", WIRE_OTHER, 5 },
		{ "another cookie", "000100082112a443", WIRE_OTHER, 8 },
		{ "another cookie, RFC 4571", "0068000100542112a443", WIRE_OTHER, 10 },
		{ "Microsoft's hello with another suite", "160301002d010000290301" RANDOM32 "00000200190100",
		  WIRE_OTHER, 48 },
		{ "after Microsoft's hello, something else", MS_CLIENT "17", WIRE_OTHER, 0 },
		{ "framing lost", BINDING "ffff0000", WIRE_BROKEN, 0 },
		{ "too large a message", BINDING "00010fff", WIRE_BROKEN, 0 },
		{ "Microsoft's framing lost", MS_CLIENT "02000014" BINDING "04000000", WIRE_BROKEN, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stun_tcp_memory m = { .way = { { 0, 0, 0 } } };
		struct span all = check_hex(rows[i].hex);
		size_t after = rows[i].after != 0 ? rows[i].after : all.len;
		enum wire_result how = WIRE_MORE;
		size_t n = 0;
		while (n < all.len && (how == WIRE_MORE || how == WIRE_MATCH)) {
			struct span front = check_cut(all, ++n);
			struct payload p = { .bytes = front };
			struct finding f;
			how = stun_tcp_whole(&p, &m, &f);
			free((void *)(uintptr_t)front.at);
		}
		CHECK(how == rows[i].want && n == after, "%s: %d after %zu bytes", rows[i].name, how, n);
		free((void *)(uintptr_t)all.at);
	}
}

int main(void)
{
	check_framings();
	check_merged();
	check_refused();
	return check_done();
}
