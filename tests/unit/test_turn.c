/* SPDX-License-Identifier: GPL-3.0-or-later */
/* turn: what runs of STUN, ChannelData and multiplexed frames tell, and what lies inside them. */
#include "check.h"
#include "wire/turn.h"

/* One datagram of a run. hex: type, then attributes; length, cookie and an id of 12 bytes "id" are put in. As it is
 * where id is 0. */
struct step {
	unsigned way, id;
	const char *hex;
	enum wire_result want;
	unsigned tells, evidence;
	unsigned told_as;
	const char *told;
	unsigned context;
};

static struct span message_of(unsigned id, const char *hex)
{
	struct span raw = check_hex(hex);
	if (id == 0)
		return raw;
	uint8_t *at = malloc(raw.len + 18);
	memcpy(at, raw.at, 2);
	at[2] = (uint8_t)((raw.len - 2) >> 8), at[3] = (uint8_t)(raw.len - 2);
	memcpy(at + 4, "\x21\x12\xA4\x42", 4);
	memset(at + 8, (int)id, 12);
	memcpy(at + 20, raw.at + 2, raw.len - 2);
	size_t len = raw.len + 18;
	free((void *)(uintptr_t)raw.at);
	struct span exact = check_cut(span_of(at, len), len);
	free(at);
	return exact;
}

static enum wire_result see(const struct payload *p, struct turn_memory *m, struct finding *f)
{
	uint8_t first = p->bytes.at[0];
	if (first < 16)
		return stun_recognise(p, m, f);
	if (first >= 64 && first < 128)
		return turn_recognise(p, m, f);
	if (first == 0xFF)
		return turn_multiplexed_recognise(p, m, f);
	return first < 64 ? dtls_recognise(p, &m->dtls, f) : rtp_recognise(p, &m->rtp, f);
}

static void check_told(const char *name, size_t i, const struct step *s, const struct finding *f)
{
	char text[ADDRESS_TEXT_BYTES], all[ADDRESS_TEXT_BYTES + 8];
	CHECK(f->tells == s->tells, "%s %zu tells %x", name, i, f->tells);
	CHECK(f->evidence == s->evidence, "%s %zu: evidence %x", name, i, f->evidence);
	CHECK(f->told_as == s->told_as, "%s %zu: told as %u", name, i, f->told_as);
	snprintf(all, sizeof all, "%s:%u", address_text(&f->told, text), f->told_port);
	CHECK(s->told == NULL || strcmp(all, s->told) == 0, "%s %zu: told %s", name, i, all);
}

static void run(const char *name, const struct step *steps, size_t count)
{
	struct turn_memory m = { .trial = 0 };
	for (size_t i = 0; i < count; i++) {
		struct span in = message_of(steps[i].id, steps[i].hex);
		struct payload p = { .bytes = in,
				     .from_hi = (uint8_t)steps[i].way,
				     .context = (uint8_t)steps[i].context };
		struct finding f = { .tells = 0x8000 };
		enum wire_result how = see(&p, &m, &f);
		CHECK(how == steps[i].want, "%s %zu: %d", name, i, how);
		if (how == WIRE_MATCH || how == WIRE_PIECES)
			check_told(name, i, &steps[i], &f);
		else
			CHECK(f.tells == 0x8000, "%s %zu wrote", name, i);
		free((void *)(uintptr_t)in.at);
	}
}
#define RUN(name, ...)                                  \
	run(name, (const struct step[]){ __VA_ARGS__ }, \
	    sizeof((const struct step[]){ __VA_ARGS__ }) / sizeof(struct step))

enum {
	R = TELLS_REQUEST,
	A = TELLS_ANSWER,
	U = TELLS_SETUP,
	S = TELLS_SESSION,
	Y = TELLS_RELAY,
	K = TELLS_KEYS,
	M = TELLS_MEDIA,
	P = EV_PAYLOAD,
	PA = EV_PAYLOAD | EV_ANSWER
};
#define INTEGRITY "00080014 0102030405060708090a0b0c0d0e0f1011121314 "
#define CHECK_ATTRIBUTES "00060009 6576746a3a68367659000000 00240004 6e0001ff " INTEGRITY
#define XOR_MAPPED "00200008 0001a147e112a643 "  /* 192.0.2.1:32853 */
#define XOR_RELAYED "00160008 0001bf83ea62d544 " /* 203.112.113.6:40593 */
#define XOR_PEER "00120008 0001190aea62d545 "    /* 203.112.113.7:14360 */
/* A ClientHello with use_srtp in one record, 78 bytes. */
#define HELLO                                                                                       \
	"16fefd00000000000000000041 010000350000000000000035 fefd 000102030405060708090a0b0c0d0e0f" \
	"101112131415161718191a1b1c1d1e1f 00 00 0002c02b 0100 0009 000e0005 0002 0001 00 "
#define RTP(seq) "8060" seq "0000000000000007aabbccdd " /* 16 bytes */

static void check_binding(void)
{
	RUN("a keepalive and its answer", { 0, 1, "0001", WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 1, 1, "0101" XOR_MAPPED, WIRE_MATCH, A | U, PA, TOLD_CLIENT_OUTER, "192.0.2.1:32853", 0 });
	RUN("an answer to nobody", { 1, 1, "0101" XOR_MAPPED, WIRE_MATCH, U, P, TOLD_CLIENT_OUTER, NULL, 0 });
	RUN("an answer to oneself", { 0, 1, "0001", WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 0, 1, "0101", WIRE_MATCH, U, P, 0, NULL, 0 });
	RUN("an answer with another id", { 0, 1, "0001", WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 1, 2, "0101", WIRE_MATCH, U, P, 0, NULL, 0 });
	RUN("an ICE check", { 0, 1, "0001" CHECK_ATTRIBUTES, WIRE_MATCH, R | U | S, P, 0, NULL, 0 },
	    { 1, 1, "0101" XOR_MAPPED INTEGRITY, WIRE_MATCH, A | U | S, PA, TOLD_CLIENT_OUTER, NULL, 0 },
	    { 0, 2, "0001", WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 1, 2, "0101", WIRE_MATCH, A | U, PA, 0, NULL, 0 });
	RUN("a check refused", { 0, 1, "0001" CHECK_ATTRIBUTES, WIRE_MATCH, R | U | S, P, 0, NULL, 0 },
	    { 1, 1, "0111 00090004 00000457", WIRE_MATCH, A | U, PA, 0, NULL, 0 });
	RUN("no PRIORITY, no check",
	    { 0, 1, "0001 00060009 6576746a3a68367659000000" INTEGRITY, WIRE_MATCH, R | U, P, 0, NULL, 0 });
	RUN("no MESSAGE-INTEGRITY, no check",
	    { 0, 1, "0001 00060009 6576746a3a68367659000000 00240004 6e0001ff", WIRE_MATCH, R | U, P, 0, NULL,
	      0 });
	RUN("of six requests the first is still known", { 0, 1, "0001", WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 0, 2, "0001", WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 0, 3, "0001", WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 0, 4, "0001", WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 0, 5, "0001", WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 0, 5, "0001", WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 0, 6, "0001", WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 1, 1, "0101", WIRE_MATCH, A | U, PA, 0, NULL, 0 },
	    { 0, 7, "0001", WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 1, 1, "0101", WIRE_MATCH, U, P, 0, NULL, 0 });
	RUN("a method nobody knows", { 0, 1, "0800", WIRE_MATCH, U, P, 0, NULL, 0 });
	RUN("another server", { 1, 1, "0113 80230008 00010d96c0000207", WIRE_MATCH, U, P, TOLD_OTHER_SERVER,
				"192.0.2.7:3478", 0 });
	RUN("classic",
	    { 0, 0, "000100089429ef88294dd52632c72931cb8dbb4c0003000400000000", WIRE_MORE, 0, 0, 0, NULL, 0 },
	    { 1, 0, "0101000c9429ef88294dd52632c72931cb8dbb4c000100080001d70aac103fe0", WIRE_MATCH, A | U, PA,
	      TOLD_CLIENT_OUTER, "172.16.63.224:55050", 0 });
	RUN("classic, unasked", { 1, 0, "0101000c9429ef88294dd52632c72931cb8dbb4c000100080001d70aac103fe0",
				  WIRE_MORE, 0, 0, 0, NULL, 0 });
	RUN("DTLS in STUN", { 0, 1, "0001 c070004e" HELLO "0000", WIRE_MATCH, R | U | K, P, 0, NULL, 0 });
}

static void check_allocation(void)
{
	RUN("a life", { 0, 1, "0003 00190004 11000000", WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 1, 1, "0113 00090004 00000401 00140003 61626300", WIRE_MATCH, A | U, PA, 0, NULL, 0 },
	    { 0, 2, "0003 00190004 11000000 00060001 61000000" INTEGRITY, WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 1, 2, "0103" XOR_MAPPED XOR_RELAYED, WIRE_MATCH, A | U | Y, PA, TOLD_RELAY,
	      "203.112.113.6:40593", 0 },
	    { 0, 3, "0008" XOR_PEER, WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 1, 3, "0108", WIRE_MATCH, A | U | Y, PA, 0, NULL, 0 },
	    { 0, 4, "0004 000d0004 00000000", WIRE_MATCH, R | U | TELLS_CLOSE, P, 0, NULL, 0 },
	    { 1, 4, "0104 000d0004 00000000", WIRE_MATCH, A | U | Y, PA, 0, NULL, 0 });
	RUN("a Refresh that goes on", { 0, 1, "0004 000d0004 00000258", WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 0, 2, "0004", WIRE_MATCH, R | U, P, 0, NULL, 0 });
	RUN("Send and Data",
	    { 0, 1, "0016" XOR_PEER "0013004e" HELLO "0000", WIRE_MATCH, U | Y | K, P, TOLD_PEER,
	      "203.112.113.7:14360", 0 },
	    { 1, 2, "0017" XOR_PEER "00130004 00112233", WIRE_MATCH, U | Y, P, 0, NULL, 0 },
	    { 0, 3, "0016" XOR_PEER "00130004 00112233", WIRE_MATCH, U, P, 0, NULL, 0 });
	RUN("a check relayed names no peer and no client",
	    { 1, 1, "0017" XOR_PEER "00130014 00010000 2112a442 0102030405060708090a0b0c", WIRE_MATCH, U | Y,
	      P, 0, NULL, 0 },
	    { 0, 2, "0016" XOR_PEER "00130020 0101000c 2112a442 0102030405060708090a0b0c" XOR_MAPPED,
	      WIRE_MATCH, A | U | Y, PA, 0, NULL, 0 });
}

static void check_channels(void)
{
	RUN("unknown, of nothing known", { 0, 0, "40000004 01020304", WIRE_OTHER, 0, 0, 0, NULL, 0 });
	RUN("three inner packets recognised", { 0, 0, "4000004e" HELLO, WIRE_MORE, 0, 0, 0, NULL, 0 },
	    { 0, 0, "4000004e" HELLO, WIRE_MORE, 0, 0, 0, NULL, 0 },
	    { 0, 0, "4000004e" HELLO, WIRE_MATCH, Y | K, P, 0, NULL, 0 },
	    { 1, 0, "40000004 01020304", WIRE_MATCH, Y, P, 0, NULL, 0 });
	RUN("not on one channel", { 0, 0, "4000004e" HELLO, WIRE_MORE, 0, 0, 0, NULL, 0 },
	    { 0, 0, "4000004e" HELLO, WIRE_MORE, 0, 0, 0, NULL, 0 },
	    { 0, 0, "4001004e" HELLO, WIRE_MORE, 0, 0, 0, NULL, 0 },
	    { 0, 0, "4000004e" HELLO, WIRE_MORE, 0, 0, 0, NULL, 0 });
	RUN("old numbers need an allocation", { 0, 0, "7fff004e" HELLO, WIRE_MORE, 0, 0, 0, NULL, 0 },
	    { 0, 0, "7fff004e" HELLO, WIRE_MORE, 0, 0, 0, NULL, 0 },
	    { 0, 0, "7fff004e" HELLO, WIRE_MORE, 0, 0, 0, NULL, 0 },
	    { 0, 0, "7fff004e" HELLO, WIRE_MORE, 0, 0, 0, NULL, 0 },
	    { 1, 1, "0103" XOR_RELAYED, WIRE_MATCH, U | Y, P, TOLD_RELAY, NULL, 0 },
	    { 0, 0, "7fff0000", WIRE_MATCH, Y, P, 0, NULL, 0 });
	RUN("bound to a peer", { 0, 1, "0009 000c0004 40010000" XOR_PEER, WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 1, 1, "0109", WIRE_MATCH, A | U | Y, PA, 0, NULL, 0 },
	    { 0, 0, "40010010" RTP("0001"), WIRE_MATCH, Y, P, 0, NULL, S },
	    { 0, 0, "40010010" RTP("0002"), WIRE_MATCH, Y | M, P, TOLD_PEER, "203.112.113.7:14360", S },
	    { 0, 0, "40020010" RTP("0003"), WIRE_MATCH, Y | M, P, 0, NULL, S },
	    { 0, 0, RTP("0004"), WIRE_MATCH, M, P, 0, NULL, S });
	RUN("asked for, not yet bound",
	    { 0, 1, "0009 000c0004 40010000" XOR_PEER, WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 1, 2, "0108", WIRE_MATCH, U | Y, P, 0, NULL, 0 },
	    { 0, 0, "4001004e" HELLO, WIRE_MATCH, Y | K, P, 0, NULL, 0 });
	RUN("padding", { 1, 1, "0103" XOR_RELAYED, WIRE_MATCH, U | Y, P, TOLD_RELAY, NULL, 0 },
	    { 0, 0, "40000001 01", WIRE_MATCH, Y, P, 0, NULL, 0 },
	    { 0, 0, "40000001 01020304", WIRE_MATCH, Y, P, 0, NULL, 0 },
	    { 0, 0, "40000001 0102030405", WIRE_OTHER, 0, 0, 0, NULL, 0 },
	    { 0, 0, "40000002 01", WIRE_OTHER, 0, 0, 0, NULL, 0 },
	    { 0, 0, "400000", WIRE_OTHER, 0, 0, 0, NULL, 0 });
	RUN("SIP and MPEG", { 0, 0, "494e56495445207369703a", WIRE_OTHER, 0, 0, 0, NULL, 0 },
	    { 0, 0, "47401000 00000000", WIRE_OTHER, 0, 0, 0, NULL, 0 });
}

/* Teams' relays (teams.pcap frames 1413 to 1424). */
static void check_microsoft(void)
{
#define MS "000f0004 72c64bc6 "
#define SESSION "80950008 deaa296708f708fc "
#define INNER "0001000021 12a442 0102030405060708090a0b0c "
	RUN("allocation", { 0, 1, "0003" MS, WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 1, 1, "0113" MS "000e0008 00010d963472fa8d" SESSION, WIRE_MATCH, A | U, PA, TOLD_OTHER_SERVER,
	      "52.114.250.141:3478", 0 },
	    { 1, 2, "0103" MS "00010008 00010d983472fa8d 80200008 0001c1d571a76a0a", WIRE_MATCH, U | Y, P,
	      TOLD_RELAY, "52.114.250.141:3480", 0 });
	RUN("Send and Data",
	    { 0, 1, "0004" MS "00110008 00013fcc5d476ecd 0013004e" HELLO, WIRE_MATCH, R | U | Y | K, P,
	      TOLD_PEER, "93.71.110.205:16332", 0 },
	    { 1, 2, "0115" MS "00120008 00013fcc5d476ecd 00130014" INNER, WIRE_MATCH, U | Y, P, 0, NULL, 0 });
	RUN("active destination",
	    { 0, 1, "0006" MS "00110008 00013fcc5d476ecd", WIRE_MATCH, R | U, P, 0, NULL, 0 },
	    { 1, 1, "0106" MS, WIRE_MATCH, A | U | Y, PA, TOLD_PEER, "93.71.110.205:16332", 0 });
	RUN("multiplexed", { 0, 0, "ff10000c deaa296708f708fc 01020304", WIRE_OTHER, 0, 0, 0, NULL, 0 },
	    { 0, 0, "ff10001c deaa296708f708fc" INNER, WIRE_MATCH, U | Y, P, 0, NULL, 0 },
	    { 0, 0, "ff10000c deaa296708f708fc 01020304", WIRE_MATCH, Y, P, 0, NULL, 0 },
	    { 0, 0, "ff10000c deaa296708f708fd 01020304", WIRE_OTHER, 0, 0, 0, NULL, 0 },
	    { 0, 0, "ff10000d deaa296708f708fc 01020304", WIRE_OTHER, 0, 0, 0, NULL, 0 },
	    { 0, 0, "ff100004 deaa2967", WIRE_OTHER, 0, 0, 0, NULL, 0 });
	RUN("a session told by the relay", { 1, 1, "0113" MS SESSION, WIRE_MATCH, U, P, 0, NULL, 0 },
	    { 0, 0, "ff10000c deaa296708f708fc 01020304", WIRE_MATCH, Y, P, 0, NULL, 0 });
	RUN("two wrappings",
	    { 0, 0,
	      "ff100064 deaa296708f708fc 00160048 2112a442 0102030405060708090a0b0c" XOR_PEER "00130038"
	      "00160024 2112a442 1102030405060708090a0b0c" XOR_PEER "00130014" INNER,
	      WIRE_MATCH, U | Y, P, 0, NULL, 0 });
}

/* The third wrapping is not opened: a hello in it is not seen. */
static void check_nesting(void)
{
	static const char *const hello = HELLO;
	struct span inner = check_hex(hello);
	for (unsigned depth = 0; depth < 5; depth++) {
		struct turn_memory m = { .trial = 0 };
		struct payload p = { .bytes = inner };
		struct finding f;
		if (depth > 0)
			CHECK(stun_recognise(&p, &m, &f) == WIRE_MATCH &&
				      ((f.tells & TELLS_KEYS) != 0) == (depth <= 2),
			      "depth %u", depth);
		size_t value = inner.len, pad = (4 - value % 4) % 4, len = 24 + value + pad;
		uint8_t *at = calloc(1, len);
		memcpy(at, "\0\x16\0\0\x21\x12\xA4\x42", 8);
		at[2] = (uint8_t)((len - 20) >> 8), at[3] = (uint8_t)(len - 20);
		at[21] = 0x13, at[22] = (uint8_t)(value >> 8), at[23] = (uint8_t)value;
		memcpy(at + 24, inner.at, value);
		free((void *)(uintptr_t)inner.at);
		inner = span_of(at, len);
	}
	free((void *)(uintptr_t)inner.at);
}

/* Texts and numbers; the user name of an allocation stays private. */
static void check_texts(void)
{
	struct turn_memory m = { .trial = 0 };
	struct finding f;
	struct span in =
		message_of(1, "0001"
			      "00060009 6576746a3a68367659000000 c0570004 00010000 80700004 00000002");
	struct payload p = { .bytes = in };
	CHECK(stun_recognise(&p, &m, &f) == WIRE_MATCH &&
		      span_equal(f.text[TEXT_USERNAME], BYTES("evtj:h6vY")),
	      "user of a check");
	CHECK(f.number_count == 2 && f.number[0] == 0xC057 && f.number[1] == 0x8070 && f.token != 0,
	      "numbers");
	free((void *)(uintptr_t)in.at);
	in = message_of(1, "0003"
			   "00060003 61626300 00140003 78797a00 80220002 6f6b0000");
	p.bytes = in;
	CHECK(stun_recognise(&p, &m, &f) == WIRE_MATCH && f.text[TEXT_USERNAME].len == 0,
	      "user of an allocation");
	CHECK(span_equal(f.text[TEXT_REALM], BYTES("xyz")) && span_equal(f.text[TEXT_SOFTWARE], BYTES("ok")),
	      "realm, software");
	CHECK(f.number_count == 0, "numbers");
	free((void *)(uintptr_t)in.at);
}

/* Fragments of a hello in a channel come out as pieces, and turn_whole reads them. */
static void check_pieces(void)
{
	struct turn_memory m = { .allocated = true };
	struct finding f;
	struct span hello = check_hex(HELLO);
	uint8_t d[128] = { 0x40, 0, 0, 65 };
	memcpy(d + 4, hello.at, 65);
	d[4 + 11] = 0, d[4 + 12] = 52;           /* record */
	d[4 + 13 + 10] = 0, d[4 + 13 + 11] = 40; /* fragment: 40 of 53 bytes */
	struct payload p = { .bytes = span_of(d, 4 + 65) };
	CHECK(turn_recognise(&p, &m, &f) == WIRE_PIECES && f.piece_count == 2 && f.tells == TELLS_RELAY,
	      "pieces: %x", f.tells);
	uint8_t view[57];
	memcpy(view, hello.at + 13, 4);
	memcpy(view + 4, hello.at + 25, 53);
	CHECK(f.piece[1].at == 4 && span_equal(f.piece[1].bytes, span_of(view + 4, 40)), "the second piece");
	p.bytes = span_of(view, sizeof view);
	CHECK(turn_whole(&p, &m, &f) == WIRE_MATCH && f.tells == TELLS_KEYS, "whole");
	free((void *)(uintptr_t)hello.at);
}

static void check_prefixes(void)
{
	static const char *const whole[] = { "4000004e" HELLO, "ff100056 deaa296708f708fc" HELLO };
	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
		struct span in = check_hex(whole[i]);
		for (size_t n = 1; n < in.len; n++) {
			struct turn_memory m = { .allocated = true };
			struct finding f;
			struct span cut = check_cut(in, n);
			struct payload p = { .bytes = cut };
			CHECK(see(&p, &m, &f) == WIRE_OTHER, "row %zu cut to %zu", i, n);
			free((void *)(uintptr_t)cut.at);
		}
		free((void *)(uintptr_t)in.at);
	}
}

int main(void)
{
	check_binding();
	check_allocation();
	check_channels();
	check_microsoft();
	check_nesting();
	check_texts();
	check_pieces();
	check_prefixes();
	return check_done();
}
