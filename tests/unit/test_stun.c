/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stun: RFC 5769's vectors, what real senders do, and what must not pass. */
#include "check.h"
#include "wire/stun.h"

#define COOKIE_TXN "2112a442 7477656c7665206279746573 "
/* RFC 5769 s2.1 to 2.4. */
#define RFC_REQUEST                                                                                          \
	"000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80" \
	"290008"                                                                                             \
	"932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"   \
	"80280004e57a3bcf"
#define RFC_ANSWER4                                                                                        \
	"0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643" \
	"000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
#define RFC_ANSWER6                                                                                          \
	"010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5" \
	"d3f179"                                                                                             \
	"bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c"
#define RFC_LONG_TERM                                                                                        \
	"000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe382b900000015001c66" \
	"2f2f34"                                                                                             \
	"39396b39353464364f4c33346f4c39465354767936347341"                                                   \
	"0014000b6578616d706c652e6f726700"                                                                   \
	"00080014f67024656dd64a3e02b8e0712e85c9a28ca89666"
/* teams.pcap frame 1275: MS-TURN pads nothing, and MAPPED-ADDRESS is the relayed one. */
#define MS_ALLOCATED                                                                                       \
	"010300852112a442222fefc7f3924bd1b99727e4000f000472c64bc6000d00040000003c0001000800010d983472fa8d" \
	"8008000400000006802000080001c1d571a76a0a805000189b713c623ac1bfbbf6d5237583afa6d318e146b400000000" \
	"80220009322e302e312e3231310010000400002ee000080020"                                               \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
/* teams.pcap frame 1416, shortened: Data Indication without the magic cookie; the data is a Binding success. */
#define MS_DATA                                                                                          \
	"01150036 00112233445566778899aabbccddeeff 000f000472c64bc6 00120008 00013fcc5d476ecd 0013001e " \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d"

static const struct row {
	const char *name, *hex;
	enum wire_result want;
	uint16_t method;
	enum stun_class class;
	unsigned saw;
	const char *mapped, *relayed, *peer; /* NULL: not set */
	const char *software, *realm;
} rows[] = {
	{ "RFC 5769 2.1", RFC_REQUEST, WIRE_MATCH, 1, STUN_REQUEST, 15, NULL, NULL, NULL, "STUN test client",
	  "" },
	{ "RFC 5769 2.2", RFC_ANSWER4, WIRE_MATCH, 1, STUN_SUCCESS, 12, "192.0.2.1:32853", NULL, NULL,
	  "test vector", "" },
	{ "RFC 5769 2.3", RFC_ANSWER6, WIRE_MATCH, 1, STUN_SUCCESS, 12,
	  "2001:db8:1234:5678:11:2233:4455:6677:32853", NULL, NULL, "test vector", "" },
	{ "RFC 5769 2.4", RFC_LONG_TERM, WIRE_MATCH, 1, STUN_REQUEST, 5, NULL, NULL, NULL, "",
	  "example.org" },
	{ "MS-TURN pads nothing", MS_ALLOCATED, WIRE_MATCH, 3, STUN_SUCCESS, 4 | 16, "80.181.206.72:57543",
	  "52.114.250.141:3480", NULL, "2.0.1.211", "" },
	{ "MS-TURN Data without cookie", MS_DATA, WIRE_MATCH, 5, STUN_ERROR, 0, NULL, NULL,
	  "93.71.110.205:16332", "", "" },
	{ "all method bits", "3eef0000" COOKIE_TXN, WIRE_MATCH, 0xFFF, STUN_REQUEST, 0, NULL, NULL, NULL, "",
	  "" },
	{ "indication", "00160000" COOKIE_TXN, WIRE_MATCH, 6, STUN_INDICATION, 0, NULL, NULL, NULL, "", "" },
	{ "last pad left out", "01110007" COOKIE_TXN "80220003616263", WIRE_MATCH, 1, STUN_ERROR, 0, NULL,
	  NULL, NULL, "abc", "" },
	{ "padded", "01110008" COOKIE_TXN "80220003616263ff", WIRE_MATCH, 1, STUN_ERROR, 0, NULL, NULL, NULL,
	  "abc", "" },
	{ "the first of two counts", "01110010" COOKIE_TXN "8022000361626300 8022000364656600", WIRE_MATCH, 1,
	  STUN_ERROR, 0, NULL, NULL, NULL, "abc", "" },
	{ "nothing counts behind MESSAGE-INTEGRITY",
	  "01010020" COOKIE_TXN "00080014 0000000000000000000000000000000000000000 8022000361626300",
	  WIRE_MATCH, 1, STUN_SUCCESS, 4, NULL, NULL, NULL, "", "" },
	{ "an address of the wrong length is none", "01010010" COOKIE_TXN "0020000c 0001a147e112a64300000000",
	  WIRE_MATCH, 1, STUN_SUCCESS, 0, NULL, NULL, NULL, "", "" },
	{ "an address of no family is none", "0101000c" COOKIE_TXN "00200008 0003a147e112a643", WIRE_MATCH, 1,
	  STUN_SUCCESS, 0, NULL, NULL, NULL, "", "" },
	{ "plain address where no XOR", "0101000c" COOKIE_TXN "00010008 00010d96c0000201", WIRE_MATCH, 1,
	  STUN_SUCCESS, 0, "192.0.2.1:3478", NULL, NULL, "", "" },
	{ "XOR address before plain",
	  "01010018" COOKIE_TXN "00010008 00010d96c0000209 00200008 0001a147e112a643", WIRE_MATCH, 1,
	  STUN_SUCCESS, 0, "192.0.2.1:32853", NULL, NULL, "", "" },
	{ "classic request", "00010008 9429ef88294dd52632c72931cb8dbb4c 0003000400000000", WIRE_MATCH, 1,
	  STUN_REQUEST, 0, NULL, NULL, NULL, "", "" },
	{ "classic answer", "0101000c 9429ef88294dd52632c72931cb8dbb4c 000100080001d70aac103fe0", WIRE_MATCH,
	  1, STUN_SUCCESS, 0, "172.16.63.224:55050", NULL, NULL, "", "" },
	{ "classic without attributes", "00010000 9429ef88294dd52632c72931cb8dbb4c", WIRE_OTHER, 0, 0, 0, 0,
	  0, 0, 0, 0 },
	{ "classic, foreign attribute", "00010008 9429ef88294dd52632c72931cb8dbb4c 0024000400000000",
	  WIRE_OTHER, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "Zoom's dialect is another's",
	  "0001 0018 0102030405060708090a0b0c0d0e0f10 0101 0014 3132333435363738393031323334353637383900",
	  WIRE_OTHER, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "classic, other type", "00070008 9429ef88294dd52632c72931cb8dbb4c 0003000400000000", WIRE_OTHER, 0,
	  0, 0, 0, 0, 0, 0, 0 },
	{ "other cookie", "00010000 2112a443 7477656c7665206279746573", WIRE_OTHER, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "top bits set", "80010000" COOKIE_TXN, WIRE_OTHER, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "DHCP", "01010600 3903f326 0000000000000000 c0a80064 00000000", WIRE_OTHER, 0, 0, 0, 0, 0, 0, 0,
	  0 },
	{ "attribute overruns", "00010008" COOKIE_TXN "8022000877787978", WIRE_BROKEN, 0, 0, 0, 0, 0, 0, 0,
	  0 },
	{ "half an attribute head", "0001000a" COOKIE_TXN "8022000477787978 8022", WIRE_BROKEN, 0, 0, 0, 0, 0,
	  0, 0, 0 },
	{ "more after the end", "00010000" COOKIE_TXN "80220000", WIRE_BROKEN, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ "wrong FINGERPRINT", "00010008" COOKIE_TXN "8028000400000000", WIRE_BROKEN, 0, 0, 0, 0, 0, 0, 0,
	  0 },
	{ "FINGERPRINT not last", "00010010" COOKIE_TXN "80280004fd8125da 8022000461626364", WIRE_BROKEN, 0,
	  0, 0, 0, 0, 0, 0, 0 },
	{ "MS-TURN swaps REALM and NONCE",
	  "01130018" COOKIE_TXN "000f000472c64bc6 00140003616263 0015000578797a3132", WIRE_MATCH, 3,
	  STUN_ERROR, 0, NULL, NULL, NULL, "", "xyz12" },
	{ "MS-TURN overruns", "0003000a" COOKIE_TXN "000f000472c64bc6 8022", WIRE_BROKEN, 0, 0, 0, 0, 0, 0, 0,
	  0 },
	{ "MS-TURN cookie not first: padded",
	  "00030013" COOKIE_TXN "80220003616263ff 000f000472c64bc6 80220000", WIRE_BROKEN, 0, 0, 0, 0, 0, 0,
	  0, 0 },
};

static void check_address(const struct row *r, const char *what, const struct stun_address *a,
			  const char *want)
{
	char text[ADDRESS_TEXT_BYTES], all[ADDRESS_TEXT_BYTES + 8];
	snprintf(all, sizeof all, "%s:%u", address_text(&a->at, text), a->port);
	CHECK(a->set == (want != NULL), "%s: %s", r->name, what);
	CHECK(want == NULL || strcmp(all, want) == 0, "%s: %s is %s", r->name, what, all);
}

static void check_row(const struct row *r)
{
	struct span in = check_hex(r->hex);
	struct stun_message s = { .method = 0xEEEE };
	CHECK(stun_parse(in, &s) == r->want, "%s", r->name);
	if (r->want != WIRE_MATCH) {
		CHECK(s.method == 0xEEEE, "%s wrote", r->name);
	} else {
		CHECK(s.method == r->method && s.class == r->class, "%s: %u %u", r->name, s.method, s.class);
		CHECK(s.saw == r->saw, "%s saw %u", r->name, s.saw);
		CHECK(span_equal(s.software, span_text(r->software)), "%s", r->name);
		CHECK(span_equal(s.realm, span_text(r->realm)), "%s", r->name);
		check_address(r, "mapped", &s.mapped, r->mapped);
		check_address(r, "relayed", &s.relayed, r->relayed);
		check_address(r, "peer", &s.peer, r->peer);
	}
	for (size_t n = 0; n < in.len; n++) {
		struct span cut = check_cut(in, n);
		enum wire_result how = stun_parse(cut, &s);
		CHECK(r->want != WIRE_MATCH || how != WIRE_MATCH, "%s cut to %zu", r->name, n);
		free((void *)(uintptr_t)cut.at);
	}
	free((void *)(uintptr_t)in.at);
}

static void check_spans(void)
{
	struct span in = check_hex(MS_DATA);
	struct stun_message s;
	CHECK(stun_parse(in, &s) == WIRE_MATCH && s.classic && s.ms_turn, "MS-TURN Data");
	CHECK(s.id.at == in.at + 4 && s.id.len == 16, "the id of a message without cookie has 16 bytes");
	CHECK(s.data.len == 30 && s.data.at == in.at + in.len - 30, "data");
	CHECK(s.number_count == 1 && s.number[0] == 0x000F, "numbers");
	free((void *)(uintptr_t)in.at);
	in = check_hex(RFC_REQUEST);
	CHECK(stun_parse(in, &s) == WIRE_MATCH && stun_is_check(&s), "an ICE check");
	CHECK(s.id.at == in.at + 8 && s.id.len == 12 && span_equal(s.username, BYTES("evtj:h6vY")),
	      "id, user");
	CHECK(s.number_count == 0, "nothing outside the standards");
	free((void *)(uintptr_t)in.at);
	in = check_hex(RFC_LONG_TERM);
	CHECK(stun_parse(in, &s) == WIRE_MATCH && !stun_is_check(&s), "no PRIORITY: no check");
	free((void *)(uintptr_t)in.at);
}

/* Every bit of a message with FINGERPRINT matters, save where the flip hides the FINGERPRINT itself: in its type, or
 * in a length that then reaches over it. */
static void check_fingerprint(void)
{
	struct span in = check_hex(RFC_ANSWER4);
	struct stun_message s;
	uint8_t *at = (uint8_t *)(uintptr_t)in.at;
	for (size_t bit = 8 * 20; bit < 8 * in.len; bit++) {
		at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		bool hides = bit / 8 >= in.len - 8 && bit / 8 < in.len - 6;
		hides |= bit == 8 * 39 + 5 || bit == 8 * 51 + 3;
		CHECK(hides || stun_parse(in, &s) != WIRE_MATCH, "bit %zu", bit);
		at[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(at);
}

/* Ten vendor numbers, Microsoft's last: they are kept. */
static void check_numbers(void)
{
	struct span in = check_hex("00010034" COOKIE_TXN
				   "c0570000 c0590000 ff050000 40000000 40010000 40020000 40030000 "
				   "40040000 40070000 c0570000 80700000 80540000 40090000");
	static const uint16_t want[] = { 0xC057, 0xC059, 0xFF05, 0x4000, 0x4001, 0x4002, 0x8054, 0x8070 };
	struct stun_message s;
	CHECK(stun_parse(in, &s) == WIRE_MATCH && s.number_count == 8, "count");
	for (unsigned i = 0; i < 8; i++)
		CHECK(s.number[i] == want[i], "number %u is %04x", i, s.number[i]);
	free((void *)(uintptr_t)in.at);
}

static void check_bounds(void)
{
	uint8_t bytes[20 + 4 * 65] = { 0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42 };
	for (unsigned n = 63; n <= 65; n++) {
		struct stun_message s;
		bytes[2] = (uint8_t)(4 * n >> 8), bytes[3] = (uint8_t)(4 * n);
		enum wire_result want = n <= STUN_ATTRIBUTES ? WIRE_MATCH : WIRE_BROKEN;
		CHECK(stun_parse(span_of(bytes, 20 + 4 * n), &s) == want, "%u attributes", n);
	}
	static uint8_t large[STUN_MOST_BYTES + 4] = { 0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42 };
	for (size_t len = STUN_MOST_BYTES - 4; len <= STUN_MOST_BYTES + 4; len += 4) {
		struct stun_message s;
		large[2] = (uint8_t)((len - 20) >> 8), large[3] = (uint8_t)(len - 20);
		large[21] = 0x13, large[22] = (uint8_t)((len - 24) >> 8), large[23] = (uint8_t)(len - 24);
		enum wire_result want = len <= STUN_MOST_BYTES ? WIRE_MATCH : WIRE_BROKEN;
		CHECK(stun_parse(span_of(large, len), &s) == want, "%zu bytes", len);
	}
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_row(&rows[i]);
	check_spans();
	check_fingerprint();
	check_numbers();
	check_bounds();
	return check_done();
}
