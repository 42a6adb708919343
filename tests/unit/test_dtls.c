/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dtls: a real handshake (stun_dtls_rtp.pcapng of nDPI's tests, frames 3, 4, 6 and 9: Chrome and a media server of
 * Google's), and built ones for what it does not show. */
#include "check.h"
#include "wire/dtls.h"

static const char hello_hex[] =
	"16feff00000000000000000090010000840000000000000084fefd4bf46b94af3b20dcb7ca52337eef1b8b3b149996c9b358"
	"00d1e92a7fa8ab407d00000016c02bc02fcca9cca8c009c013c00ac014009c002f00350100004400170000ff01000100000a"
	"00080006001d00170018000b0002010000230000000d00140012040308040401050308050501080606010201000e00090006"
	"00010008000700";
static const char flight_hex[] =
	"16fefd00000000000000000050020000440000000000000044fefd638a06259c856f925ea407bdb332638c1caf299dfb70fa"
	"9512b619c8cefae58000c02f00001c00170000ff01000100000b0002010000230000000e0005000200080016fefd00000000"
	"0000000102bd0b0002b100010000000002b10002ae0002ab308202a73082018fa003020102020900bcbaa3acd3d877fb300d"
	"06092a864886f70d01010b050030133111300f06035504030c0868616e676f757473301e170d323231313330313733353138"
	"5a170d3233313230313137333531385a30133111300f06035504030c0868616e676f75747330820122300d06092a864886f7"
	"0d01010105000382010f003082010a0282010100ab5cb12d5e24a8d1dd90049e179c60ede05e72866413d1c42f70b22a79d5"
	"e6deeda18352e0e78685b7106cc3cd48348e9e69476ea75cc3a64426e42088354f2e521846cffab5e0f546b87de6e3f10a58"
	"bf79ac17a1f43ef391b02ddf073eeff54dfd4a91d1fb6d39c8e6080dc49cef5089fb3af3c45cb0313ce87b2374426ace0277"
	"b93e3b3d584266e76197ca632de39f3210fa1e79e8481e72f8c8f6d0ed5fe49a9c901af5cf4cf32ccaf5891b006092415e61"
	"696ef206fb6d5c3d7b405eb8836c0ceb98f4837b9327b52bb729de30086dd08e2c73c682abb021bb02675b085a90bded68a3"
	"7acba736abdf0e933d04094790eb4d78ed7ff2b26c48d2f7d2df0203010001300d06092a864886f70d01010b050003820101"
	"002d15c7be609ddf02b290e1f2991da17bc3a2a7da4a20c990a1299fc7afc9aaaf88b24361e01796bc3cf87f041f9a0c331a"
	"ee4e0866e7808e1d9afd8f90d182a6c0fe2c316ae12998f283b968a1c07667ddfe067803494acd127c8fc8e08df597928f9b"
	"0f2dd38ab4242f78a849f89a6a2a8ce5f7cb70d4b9a613de9df60c1bf1fe8995dfe10ff64f8e9de8b9c5a13b252f0c3834f0"
	"83930858e0c3f0c6b6d749cd9901309ca1ee47f1e18ac77c5d8760e3b21b8e0154b4ac53e9ad17cce3cb8fac943c800bd1ab"
	"c72064a6f20d6b6b51daeb87d1f7a5de479a66310f4707fa1990ece79a68e9edcf557f6c5c1640abd0af69b14a1ea0be600e"
	"583f753570a92b16fefd000000000000000201340c000128000200000000012803001d209b415659f0aac556e91c7b54083d"
	"d6764fde9130d6412c96f13c9b19a80cfa1e08040100910deec6a41bafb3a15b7bf76e68f9d1ce2f93bb13b568eac15ec719"
	"e1d8dab3e5026a602311b994d3bc7bb91af9b8ca59a99236ecd951e7fefe024ac1ae1eab7244feba8eec77951957b1f244a1"
	"54c4ad988e4ad2d47ce43452a9ed17c1dbb2d583aa427861f2b046c757c57c74f92cd61025f37e03f67d8fb71683c1f86f7a"
	"1580f61424df7f080944545f9117f94fc81d030111c2558a709c95b033243bb4ccc3be10449516dd3f155a307126d8a59edf"
	"aab0e3aa1fce15c8e544753176e99e551b13f62762d7382f9fd36120a3f4fde9c47c1a9b40ea70236d9c754f1f34a20908fa"
	"1e6128880f2fdc78b61e0dcea2634f539f6111d18ecaba1996e5e29b16fefd000000000000000300250d0000190003000000"
	"0000190201400012040308040401050308050501080606010201000016fefd0000000000000004000c0e0000000004000000"
	"000000";
static const char client_hex[] =
	"16fefd0000000000000001012b0b00011f000100000000011f00011c000119308201153081bca003020102020852e7da4252"
	"156951300a06082a8648ce3d0403023011310f300d06035504030c06576562525443301e170d323231323031313430353235"
	"5a170d3233303130313134303532355a3011310f300d06035504030c065765625254433059301306072a8648ce3d02010608"
	"2a8648ce3d03010703420004dfeecc78187fdfe3d1d1b0f680fdca59b9cc8ed72fcfdd00905b7b7cf28d64cd4918021c24d6"
	"e05b85786878dde78bba0830f9ff9788676e58af88ca799bcbaf300a06082a8648ce3d040302034800304502201f3cc46359"
	"888bf50ce313883d429eab1533203995ffb0931a0e4601e40ddf12022100c721fb5f9df6697d194d74961635558f476843a7"
	"3328597fdd27524567ae705316fefd0000000000000002002d100000210002000000000021200926311b3a40183533a16b1a"
	"a74e9adc6227f661a09cc89c341522678fc5be6a16fefd000000000000000300570f00004b000300000000004b0403004730"
	"45022100c7b541ea6cde2ae7931f0f0aeaf387f48c2ff28839f5199d22e38a8527d48ad702200ef45f62c3389c30be59faec"
	"56b9a0c4b65871bce873a6eafce9a7f576bc435f14fefd000000000000000400010116fefd00010000000000000030000100"
	"0000000000f7e79f73e3ef64a758776de5c7a199fff991058fd88389481dc109374285de43b9fce98b97aefa49";
static const char finished_hex[] =
	"16fefd000000000000000501e2040001d600050000000001d600001c2001d07417355f105eb46860025b9e2f14ddd1a28389"
	"5fecd696ed939dc6da2a5dccab50043dc5eb28e0602b3d1cbb6e155a4e6dd38c68cfca3937be8c35e98868e243a568efb308"
	"d1eb70d3ae0cd1ac864a4f0d95306a1e2baca0e7f0933d6dafa7db196427d861b8ef0243f4c1da7d78219e76cdd3813ca2d3"
	"1620a7084ad5f62c85047c511ec910b89976845b0493acdd8bd56998ef42a5b3169d95036478622366cf5c4354b2f90778d7"
	"d170bf955ca8fae351ec14f7e5aac24d95af0f9545c38ac7aaef44c39d55701504dd9092940bfc8a0dd753cebc54591cd678"
	"55f04e25fc240f514fd6732994d3be5ec8ace8358e145bbbbb7dd9af47bbca7ad428d3c96f73245b927e7eb30b858f8b2c28"
	"d9aab25c03678b4184fdbcfcb64fb501d21dde58da698a72d18ee86d1d89f23e1fd1d0c2762a5ba8deacd9501f0cb915d02e"
	"5650d97d710dbf2c25cfea1e034f2b290412e6c6cfd16ddd94efdb5d66192270259a755f0da36cd23f392e8b82d468307509"
	"80cdb41b1a8007232d79eae1c94339d5a8736a796f9e0551f7e036a8c1f3c49235c60d202f229d8c2f55593652ee48f62e93"
	"63646301b3b4f7887b31ee13550997268628a244ec4fdd966375a02cbc6d13d6a7d8781cf922b52d476e2c756a14fefd0000"
	"00000000000600010116fefd0001000000000000003000010000000000004130d6e2aa77c655ec3b0f2520e4a730c848fbfb"
	"ade3a4fcca72f9185213b928d2666c4904f41947";

#define HELLO_VERIFY                                                   \
	"16feff0000000000000000002f0300002300000000000000"             \
	"23feff2064104dce1a52d1a36fca2154441d82e9b84f48b5d401e2422f71" \
	"c369da8bf506"

/* ---- building ---- */

struct made {
	uint8_t at[4096];
	size_t len;
};
static void put(struct made *m, const void *bytes, size_t n)
{
	memcpy(m->at + m->len, bytes, n);
	m->len += n;
}
static void put_uint(struct made *m, uint64_t v, unsigned bytes)
{
	for (unsigned i = bytes; i-- > 0;)
		m->at[m->len++] = (uint8_t)(v >> 8 * i);
}
static void put_record(struct made *m, unsigned type, unsigned epoch, uint64_t number, struct span body)
{
	put_uint(m, type, 1), put_uint(m, 0xFEFD, 2), put_uint(m, epoch, 2), put_uint(m, number, 6);
	put_uint(m, body.len, 2), put(m, body.at, body.len);
}
/* A record with the bytes from..to of a handshake message. */
static void put_fragment(struct made *m, unsigned type, unsigned sequence, struct span body, size_t from,
			 size_t to)
{
	struct made h = { .len = 0 };
	put_uint(&h, type, 1), put_uint(&h, body.len, 3), put_uint(&h, sequence, 2);
	put_uint(&h, from, 3), put_uint(&h, to - from, 3), put(&h, body.at + from, to - from);
	put_record(m, 22, 0, from, span_of(h.at, h.len));
}
/* The body of a ClientHello with these extensions. */
static struct made hello_of(const char *extensions_hex)
{
	struct made m = { .len = 0 };
	struct span x = check_hex(extensions_hex);
	put_uint(&m, 0xFEFD, 2);
	for (unsigned i = 0; i < 32; i++)
		put_uint(&m, i, 1);
	put_uint(&m, 0, 1), put_uint(&m, 0, 1), put_uint(&m, 0x0002C02B, 4), put_uint(&m, 0x0100, 2);
	put_uint(&m, x.len, 2), put(&m, x.at, x.len);
	free((void *)(uintptr_t)x.at);
	return m;
}
#define USE_SRTP "000e0005 0002 0001 00"
static struct span span_made(const struct made *m)
{
	return span_of(m->at, m->len);
}
static const uint8_t noise[64] = { 9, 8, 7 };
#define NOISE(n) span_of(noise, n)

static enum wire_result see(struct dtls_memory *m, unsigned way, unsigned context, struct span bytes,
			    struct finding *f)
{
	struct span exact = check_cut(bytes, bytes.len);
	struct payload p = { .bytes = exact, .from_hi = (uint8_t)way, .context = (uint8_t)context };
	memset(f, 0xEE, sizeof *f);
	enum wire_result how = dtls_recognise(&p, m, f);
	/* texts borrow from the payload: the tests that read them keep it */
	free((void *)(uintptr_t)exact.at);
	return how;
}
static enum wire_result see_hex(struct dtls_memory *m, unsigned way, unsigned context, const char *hex,
				struct finding *f)
{
	struct span s = check_hex(hex);
	enum wire_result how = see(m, way, context, s, f);
	free((void *)(uintptr_t)s.at);
	return how;
}

/* ---- tests ---- */

static void check_real(void)
{
	struct dtls_memory m = { .flow = 0 };
	struct finding f;
	CHECK(see_hex(&m, 0, 0, hello_hex, &f) == WIRE_MATCH, "hello");
	CHECK(f.tells == (TELLS_REQUEST | TELLS_KEYS) && f.evidence == EV_PAYLOAD, "hello tells %x", f.tells);
	struct span flight = check_hex(flight_hex), client = check_hex(client_hex);
	struct payload p = { .bytes = flight, .from_hi = 1 };
	CHECK(dtls_recognise(&p, &m, &f) == WIRE_MATCH, "flight");
	CHECK(f.tells == (TELLS_ANSWER | TELLS_KEYS) && f.evidence == (EV_PAYLOAD | EV_ANSWER),
	      "flight tells %x", f.tells);
	CHECK(span_equal(f.text[TEXT_CERTIFICATE], BYTES("hangouts")), "the server's certificate");
	p = (struct payload){ .bytes = client, .context = TELLS_SESSION };
	CHECK(dtls_recognise(&p, &m, &f) == WIRE_MATCH, "client's flight");
	CHECK(f.tells == (TELLS_KEYS | TELLS_SETUP), "client's flight tells %x", f.tells);
	CHECK(span_equal(f.text[TEXT_CERTIFICATE], BYTES("WebRTC")), "the client's certificate");
	CHECK(see_hex(&m, 1, 0, finished_hex, &f) == WIRE_MATCH, "finished");
	CHECK((f.tells & TELLS_ENCRYPTED) != 0 && (f.tells & TELLS_DATA) == 0, "finished tells %x", f.tells);
	free((void *)(uintptr_t)flight.at);
	free((void *)(uintptr_t)client.at);
}

static void check_prefixes(const char *hex)
{
	struct span s = check_hex(hex);
	for (size_t n = 0; n < s.len; n++) {
		struct dtls_memory m = { .flow = 0 };
		struct finding f;
		enum wire_result how = see(&m, 0, 0, span_of(s.at, n), &f);
		CHECK(how == (n < 13 ? WIRE_OTHER : WIRE_BROKEN) || (how == WIRE_MATCH && s.len > 600),
		      "cut to %zu: %d", n, how);
	}
	free((void *)(uintptr_t)s.at);
}

static void check_direction(void)
{
	struct dtls_memory m = { .flow = 0 };
	struct finding f;
	CHECK(see_hex(&m, 0, 0, HELLO_VERIFY, &f) == WIRE_MATCH && f.tells == 0, "an answer to nobody");
	CHECK(see_hex(&m, 0, 0, hello_hex, &f) == WIRE_MATCH, "hello");
	CHECK(see_hex(&m, 0, 0, HELLO_VERIFY, &f) == WIRE_MATCH && (f.tells & TELLS_ANSWER) == 0,
	      "to oneself");
	CHECK(see_hex(&m, 1, 0, HELLO_VERIFY, &f) == WIRE_MATCH && (f.tells & TELLS_ANSWER) != 0,
	      "to the other end");
	CHECK(f.evidence == (EV_PAYLOAD | EV_ANSWER), "evidence %x", f.evidence);
}

/* What a hello with these extensions tells, alone and beside an ICE check. */
static void check_extensions(void)
{
	static const struct {
		const char *name, *hex;
		enum wire_result want;
		unsigned tells, evidence;
		const char *host, *alpn;
	} rows[] = {
		{ "none", "", WIRE_MATCH, TELLS_REQUEST, EV_PAYLOAD, NULL, "" },
		{ "use_srtp", USE_SRTP, WIRE_MATCH, TELLS_REQUEST | TELLS_KEYS, EV_PAYLOAD, NULL, "" },
		{ "use_srtp without a profile", "000e0003 0000 00", WIRE_MATCH, TELLS_REQUEST, EV_PAYLOAD,
		  NULL, "" },
		{ "server_name", "00000010 000e 00 000b 6578616d706c652e6f7267", WIRE_MATCH, TELLS_REQUEST,
		  EV_PAYLOAD | EV_SNI, "example.org", "" },
		{ "an address is no name", "0000000e 000c 00 0009 3139322e302e322e31", WIRE_MATCH,
		  TELLS_REQUEST, EV_PAYLOAD, NULL, "" },
		{ "protocols", "00100012 0010 06776562727463 08632d776562727463", WIRE_MATCH, TELLS_REQUEST,
		  EV_PAYLOAD, NULL, "webrtc" },
		{ "overrun", "000e0006 0002 0001 00", WIRE_BROKEN, 0, 0, NULL, NULL },
		{ "half a head", "000e00", WIRE_BROKEN, 0, 0, NULL, NULL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct dtls_memory m = { .flow = 0 };
		struct finding f;
		struct made body = hello_of(rows[i].hex), all = { .len = 0 };
		put_fragment(&all, 1, 0, span_made(&body), 0, body.len);
		struct payload p = { .bytes = span_made(&all) };
		CHECK(dtls_recognise(&p, &m, &f) == rows[i].want, "%s", rows[i].name);
		if (rows[i].want != WIRE_MATCH) {
			CHECK(m.flow == 0 && m.way[0] == 0, "%s left a mark", rows[i].name);
			continue;
		}
		CHECK(f.tells == rows[i].tells && f.evidence == rows[i].evidence, "%s: %x %x", rows[i].name,
		      f.tells, f.evidence);
		CHECK(f.name_count == (rows[i].host != NULL), "%s", rows[i].name);
		CHECK(rows[i].host == NULL || span_equal(f.name[0], span_text(rows[i].host)), "%s",
		      rows[i].name);
		CHECK(span_equal(f.text[TEXT_ALPN], span_text(rows[i].alpn)), "%s", rows[i].name);
		p.context = TELLS_SESSION;
		CHECK(dtls_recognise(&p, &m, &f) == WIRE_MATCH && f.tells == (rows[i].tells | TELLS_SETUP),
		      "%s", rows[i].name);
	}
}

/* A hello in two fragments, cut everywhere, laid out as the engine would: use_srtp may lie in the second. */
static void check_pieces(void)
{
	struct made body = hello_of("00170000" USE_SRTP);
	for (size_t cut = 1; cut < body.len; cut++) {
		struct dtls_memory m = { .flow = 0 };
		uint8_t view[256] = { 0 };
		size_t front = 0;
		for (unsigned part = 0; part < 2; part++) {
			struct made d = { .len = 0 };
			struct finding f;
			put_fragment(&d, 1, 3, span_made(&body), part == 0 ? 0 : cut,
				     part == 0 ? cut : body.len);
			struct payload p = { .bytes = span_made(&d) };
			CHECK(dtls_recognise(&p, &m, &f) == WIRE_PIECES, "cut at %zu", cut);
			CHECK(f.tells == (part == 0 ? TELLS_REQUEST : 0) && f.piece_count == 2 - part,
			      "cut at %zu", cut);
			for (unsigned i = 0; i < f.piece_count; i++) {
				CHECK(f.piece[i].message == 3, "message");
				memcpy(view + f.piece[i].at, f.piece[i].bytes.at, f.piece[i].bytes.len);
				front += f.piece[i].bytes.len;
			}
			struct span exact = check_cut(span_of(view, front), front);
			p.bytes = exact;
			enum wire_result how = dtls_whole(&p, &m, &f);
			CHECK(how == (part == 0 ? WIRE_MORE : WIRE_MATCH), "cut at %zu: %d", cut, how);
			CHECK(part == 0 || f.tells == TELLS_KEYS, "cut at %zu tells %x", cut, f.tells);
			free((void *)(uintptr_t)exact.at);
		}
	}
}
static void check_whole(void)
{
	static const struct {
		const char *name, *hex;
		enum wire_result want;
	} rows[] = {
		{ "nothing", "", WIRE_MORE },
		{ "half a head", "010000", WIRE_MORE },
		{ "larger than a hello may be", "01001001", WIRE_OTHER },
		{ "as large as a hello may be", "01001000", WIRE_MORE },
		{ "as large as a certificate may be", "0b004000", WIRE_MORE },
		{ "larger than a certificate may be", "0b004001", WIRE_OTHER },
		{ "unknown type", "63000000", WIRE_OTHER },
		{ "broken hello", "01000002fefd", WIRE_BROKEN },
		{ "no certificate", "0b000003000000", WIRE_MATCH },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct dtls_memory m = { .flow = 0 };
		struct finding f;
		struct span s = check_hex(rows[i].hex);
		struct payload p = { .bytes = s };
		CHECK(dtls_whole(&p, &m, &f) == rows[i].want, "%s", rows[i].name);
		free((void *)(uintptr_t)s.at);
	}
}

static void check_not_cut(void)
{
	struct made body = hello_of(USE_SRTP), d = { .len = 0 };
	struct dtls_memory m = { .flow = 0 };
	struct finding f;
	put_fragment(&d, 12, 3, span_made(&body), 0, 20);
	CHECK(see(&m, 0, 0, span_made(&d), &f) == WIRE_MATCH && f.piece_count == 0, "of no interest");
	d.len = 0;
	put_fragment(&d, 1, 5, span_made(&body), 0, 20);
	CHECK(see(&m, 0, 0, span_made(&d), &f) == WIRE_MATCH && f.piece_count == 0,
	      "too late in the handshake");
	d.len = 0;
	for (size_t at = 0; at < 25; at += 5)
		put_fragment(&d, 1, 0, span_made(&body), at, at + 5);
	CHECK(see(&m, 0, 0, span_made(&d), &f) == WIRE_PIECES && f.piece_count == FINDING_PIECES,
	      "no more pieces than fit");
}

/* The end of the handshake, and data, take both ends. */
static void check_encrypted(void)
{
	static const struct {
		unsigned way, type, epoch, want;
	} rows[] = {
		{ 0, 20, 0, 0 },

		{ 1, 22, 1, TELLS_ENCRYPTED },
		{ 0, 23, 1, TELLS_ENCRYPTED },
		{ 0, 21, 1, TELLS_ENCRYPTED },
		{ 1, 23, 1, TELLS_ENCRYPTED | TELLS_DATA },
	};
	struct dtls_memory m = { .flow = 0 };
	struct finding f;
	CHECK(see_hex(&m, 0, 0, hello_hex, &f) == WIRE_MATCH, "hello");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct made d = { .len = 0 };
		put_record(&d, rows[i].type, rows[i].epoch, i, NOISE(40));
		CHECK(see(&m, rows[i].way, 0, span_made(&d), &f) == WIRE_MATCH, "row %zu", i);
		CHECK(f.tells == rows[i].want, "row %zu tells %x", i, f.tells);
	}
}

/* The largest record, and one byte more; and data of epoch 0, which there is not. */
static void check_data(void)
{
	static uint8_t d[13 + 18432 + 1] = { 23, 0xFE, 0xFD, 0, 1 };
	struct dtls_memory m = { .flow = 0 };
	struct finding f;
	CHECK(see_hex(&m, 0, 0, hello_hex, &f) == WIRE_MATCH, "hello");
	for (size_t bytes = 18432; bytes <= 18433; bytes++) {
		d[11] = (uint8_t)(bytes >> 8), d[12] = (uint8_t)bytes;
		enum wire_result how = see(&m, 0, 0, span_of(d, 13 + bytes), &f);
		CHECK(how == (bytes == 18432 ? WIRE_MATCH : WIRE_BROKEN), "%zu bytes: %d", bytes, how);
	}
	CHECK(see_hex(&m, 0, 0, "17fefd000000000000000000010a", &f) == WIRE_BROKEN, "data in the clear");
	CHECK(see_hex(&m, 1, 0, "17fefd000100000000000000010a", &f) == WIRE_MATCH, "data");
	CHECK(f.tells == (TELLS_ENCRYPTED | TELLS_DATA), "tells %x", f.tells);
}

static void check_midflow(void)
{
	struct dtls_memory m = { .flow = 0 };
	struct finding f;
	struct made a = { .len = 0 }, b = { .len = 0 };
	put_record(&a, 23, 1, 77, NOISE(40));
	put_record(&b, 23, 1, 78, NOISE(40));
	CHECK(see(&m, 0, 0, span_made(&b), &f) == WIRE_MORE, "one is not enough");
	CHECK(see(&m, 0, 0, span_made(&b), &f) == WIRE_MORE, "nor the same again");
	CHECK(see(&m, 0, 0, span_made(&a), &f) == WIRE_MORE, "nor an earlier one");
	CHECK(see(&m, 1, 0, span_made(&b), &f) == WIRE_MORE, "nor one of the other end");
	CHECK(see(&m, 0, 0, span_made(&b), &f) == WIRE_MATCH && f.tells == 0, "two in order are");
	CHECK(see(&m, 1, TELLS_SESSION, span_made(&b), &f) == WIRE_MATCH, "then every one is");
	CHECK(f.tells == (TELLS_SETUP | TELLS_ENCRYPTED | TELLS_DATA), "tells %x", f.tells);
}

/* DTLS 1.3: heads of 3 bits of magic, after a hello only. */
static void check_unified(void)
{
	static const char handshake[] =
		"2e0001001400112233445566778899aabbccddeeff00112233"; /* S, L, epoch 2, 20 bytes */
	static const char data[] = "2f0001001400112233445566778899aabbccddeeff00112233";
	static const char to_the_end[] = "2301ccddeeff00112233445566778899aabbccdd"; /* epoch 3, no length */
	static const char with_id[] = "3f0001001400112233445566778899aabbccddeeff00112233";
	struct dtls_memory m = { .flow = 0 };
	struct finding f;
	CHECK(see_hex(&m, 0, 0, handshake, &f) == WIRE_OTHER, "before a hello");
	CHECK(see_hex(&m, 0, 0, hello_hex, &f) == WIRE_MATCH, "hello");
	CHECK(see_hex(&m, 1, 0, handshake, &f) == WIRE_MATCH && f.tells == 0, "one end");
	CHECK(see_hex(&m, 0, 0, data, &f) == WIRE_MATCH && f.tells == TELLS_ENCRYPTED, "both ends: %x",
	      f.tells);
	CHECK(see_hex(&m, 1, 0, to_the_end, &f) == WIRE_MATCH && f.tells == (TELLS_ENCRYPTED | TELLS_DATA),
	      "data: %x", f.tells);
	CHECK(see_hex(&m, 1, 0, with_id, &f) == WIRE_OTHER, "a connection id");
	CHECK(see_hex(&m, 1, 0, "2e00010014001122", &f) == WIRE_OTHER, "cut");
	CHECK(see_hex(&m, 1, 0, "2301ccdd", &f) == WIRE_OTHER, "shorter than a tag");
}

static void check_broken(void)
{
	static const struct {
		const char *name, *hex;
		enum wire_result want;
	} rows[] = {
		{ "GTP-U", "30ff0054000000010000000000", WIRE_OTHER },
		{ "NTP", "1b000000000000000000000000", WIRE_OTHER },
		{ "OpenVPN", "38010203040506070800000000", WIRE_OTHER },
		{ "another version", "16fefc0000000000000000000101", WIRE_OTHER },
		{ "another type", "1bfefd0000000000000000000101", WIRE_OTHER },
		{ "record too long", "16fefd0000000000000000000201", WIRE_BROKEN },
		{ "bytes behind the chain", "15fefd00000000000000000002020100", WIRE_BROKEN },
		{ "unknown handshake", "16fefd0000000000000000000c630000000000000000000000", WIRE_BROKEN },
		{ "fragment beyond its message", "16fefd0000000000000000000d0e000000000000000000000100",
		  WIRE_BROKEN },
		{ "offset beyond its message", "16fefd0000000000000000000d0e00000100000000010000010a",
		  WIRE_BROKEN },
		{ "fragment beyond its record", "16fefd0000000000000000000c0e0000050000000000000005",
		  WIRE_BROKEN },
		{ "empty handshake record", "16fefd00000000000000000000", WIRE_BROKEN },
		{ "data before the handshake", "17fefd000000000000000000010a", WIRE_BROKEN },
		{ "hello done", "16fefd0000000000000000000c0e0000000000000000000000", WIRE_MATCH },
		{ "OpenSSL's old version", "1601000000000000000000000c0e0000000000000000000000", WIRE_MATCH },
		{ "OpenSSL's old version, broken", "1601000000000000000000000d0e0000000000000000000000",
		  WIRE_OTHER },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct dtls_memory m = { .flow = 0 }, none = { .flow = 0 };
		struct finding f;
		enum wire_result how = see_hex(&m, 0, 0, rows[i].hex, &f);
		CHECK(how == rows[i].want, "%s: %d", rows[i].name, how);
		CHECK(how == WIRE_MATCH || memcmp(&m, &none, sizeof m) == 0, "%s left a mark", rows[i].name);
	}
}

int main(void)
{
	check_real();
	check_prefixes(hello_hex);
	check_prefixes(HELLO_VERIFY);
	check_prefixes(flight_hex);
	check_direction();
	check_extensions();
	check_pieces();
	check_whole();
	check_not_cut();
	check_encrypted();
	check_data();
	check_midflow();
	check_unified();
	check_broken();
	return check_done();
}
