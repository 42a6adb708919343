/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet/packet.h"

#include "check.h"

#define MACS "020000000002 020000000001 "
/* 10.0.0.1 port 4660 to 192.0.2.1 port 53, and 2001:db8::1 to 2001:db8::2 with the same ports */
#define V4_ENDS "0a000001 c0000201 "
#define V6_ENDS "20010db8000000000000000000000001 20010db8000000000000000000000002 "
#define UDP_HI "1234 0035 000a 0000 6869 "
#define TCP_ABC "1234 0035 01020304 05060708 5012 ffff 0000 0000 616263 "
#define V4_UDP "4500 001e 0001 0000 4011 0000 " V4_ENDS UDP_HI
#define V4_TCP "4500 002b 0001 4000 4006 0000 " V4_ENDS TCP_ABC
#define V6_UDP "6b012345 000a 11 40 " V6_ENDS UDP_HI
#define V6_TCP "60000000 0017 06 40 " V6_ENDS TCP_ABC
#define PADDING "0000000000000000000000000000"

struct row {
	const char *name;
	unsigned linktype;
	enum decoded want;
	size_t payload_bytes;
	uint16_t vlan;
	const char *hex;
};
static const struct row rows[] = {
	{ "Ethernet, IPv4, UDP", 1, DECODED, 2, 0, MACS "0800 " V4_UDP },
	{ "Ethernet padding is no payload", 1, DECODED, 2, 0, MACS "0800 " V4_UDP PADDING },
	{ "Ethernet, IPv4, TCP", 1, DECODED, 3, 0, MACS "0800 " V4_TCP PADDING },
	{ "Ethernet, IPv6, UDP", 1, DECODED, 2, 0, MACS "86dd " V6_UDP PADDING },
	{ "Ethernet, IPv6, TCP", 1, DECODED, 3, 0, MACS "86dd " V6_TCP },
	{ "802.1Q", 1, DECODED, 2, 0x123, MACS "8100 e123 0800 " V4_UDP },
	{ "802.1ad and 802.1Q: the innermost id", 1, DECODED, 2, 7, MACS "88a8 0064 8100 0007 86dd " V6_UDP },
	{ "0x9100 and 0x9200", 1, DECODED, 3, 9, MACS "9100 0064 9200 0009 0800 " V4_TCP },
	{ "priority tag is no VLAN", 1, DECODED, 2, 0, MACS "8100 e000 0800 " V4_UDP },
	{ "priority tag inside a VLAN", 1, DECODED, 2, 0x64, MACS "88a8 0064 8100 e000 0800 " V4_UDP },
	{ "802.3 with LLC and SNAP", 1, DECODED, 2, 0, MACS "0026 aaaa03 000000 0800 " V4_UDP PADDING },
	{ "802.3 in a VLAN", 1, DECODED, 2, 5, MACS "8100 0005 0026 aaaa03 0000f8 0800 " V4_UDP PADDING },
	{ "802.3: spanning tree", 1, UNDECODED_NOT_IP, 0, 0, MACS "0026 424203 0000 00 00 00" PADDING },
	{ "802.3: Cisco discovery", 1, UNDECODED_NOT_IP, 0, 0, MACS "0026 aaaa03 00000c 2000 " PADDING },
	{ "802.3: a number of somebody's own", 1, UNDECODED_NOT_IP, 0, 0,
	  MACS "0026 aaaa03 00000c 0800 " V4_UDP },
	{ "802.3: length ends in LLC", 1, UNDECODED_SHORT, 0, 0, MACS "0002 aaaa03 000000 0800 " V4_UDP },
	{ "ARP", 1, UNDECODED_NOT_IP, 0, 0, MACS "0806 0001 0800 0604 0001 " PADDING PADDING },
	{ "cooked", 113, DECODED, 2, 0, "0000 0001 0006 0200000000010000 0800 " V4_UDP },
	{ "cooked with a VLAN", 113, DECODED, 3, 6,
	  "0000 0001 0006 0200000000010000 8100 0006 86dd " V6_TCP },
	{ "cooked LLC", 113, DECODED, 2, 0,
	  "0000 0001 0006 0200000000010000 0004 aaaa03 000000 0800 " V4_UDP },
	{ "cooked CAN", 113, UNDECODED_NOT_IP, 0, 0, "0000 0118 0006 0200000000010000 000c " V4_UDP },
	{ "cooked v2", 276, DECODED, 2, 0, "0800 0000 00000003 0001 00 06 0200000000010000 " V4_UDP },
	{ "cooked v2, ARP", 276, UNDECODED_NOT_IP, 0, 0, "0806 0000 00000003 0001 00 06 0200000000010000 " },
	{ "raw IP 101: IPv4", 101, DECODED, 2, 0, V4_UDP },
	{ "raw IP 101: IPv6", 101, DECODED, 3, 0, V6_TCP },
	{ "raw IP 12", 12, DECODED, 3, 0, V4_TCP },
	{ "raw IP 14", 14, DECODED, 2, 0, V6_UDP },
	{ "raw IP, neither version", 101, UNDECODED_BROKEN, 0, 0, "00" V4_UDP },
	{ "raw IPv4", 228, DECODED, 2, 0, V4_UDP },
	{ "raw IPv6", 229, DECODED, 2, 0, V6_UDP },
	{ "raw IPv4 with IPv6", 228, UNDECODED_BROKEN, 0, 0, V6_UDP },
	{ "null, little-endian IPv4", 0, DECODED, 2, 0, "02000000 " V4_UDP },
	{ "null, big-endian IPv4", 0, DECODED, 2, 0, "00000002 " V4_UDP },
	{ "null, NetBSD IPv6", 0, DECODED, 2, 0, "18000000 " V6_UDP },
	{ "null, FreeBSD IPv6", 0, DECODED, 2, 0, "1c000000 " V6_UDP },
	{ "null, macOS IPv6", 0, DECODED, 2, 0, "1e000000 " V6_UDP },
	{ "null, Linux IPv6", 0, DECODED, 2, 0, "0000000a " V6_UDP },
	{ "null, other family", 0, UNDECODED_NOT_IP, 0, 0, "07000000 " V4_UDP },
	{ "loop", 108, DECODED, 3, 0, "00000002 " V4_TCP },
	{ "PPP", 9, DECODED, 2, 0, "ff03 0021 " V4_UDP },
	{ "PPP without address", 50, DECODED, 2, 0, "0057 " V6_UDP },
	{ "PPP with a short protocol", 9, DECODED, 2, 0, "21 " V4_UDP },
	{ "PPP, link control", 9, UNDECODED_NOT_IP, 0, 0, "ff03 c021 0101 0004 " },
	{ "PPP behind a direction", 204, DECODED, 2, 0, "01 ff03 0021 " V4_UDP },
	{ "PPPD", 166, DECODED, 2, 0, "0003 0021 " V4_UDP },
	{ "PPPoE as link", 51, DECODED, 2, 0, "1100 0001 0020 0021 " V4_UDP PADDING },
	{ "PPPoE", 1, DECODED, 3, 8, MACS "8100 0008 8864 1100 0001 0041 0057 " V6_TCP PADDING },
	{ "PPPoE length ends IPv4 without length", 1, DECODED, 2, 0,
	  MACS "8864 1100 0001 0020 0021 4500 0000 0001 0000 4011 0000 " V4_ENDS
	       "1234 0035 0000 0000 6869 " PADDING },
	{ "PPPoE with an odd version", 1, UNDECODED_BROKEN, 0, 0, MACS "8864 2100 0001 0020 0021 " V4_UDP },
	{ "PPPoE discovery", 1, UNDECODED_NOT_IP, 0, 0, MACS "8863 1109 0000 0004 0101 0000 " PADDING },
	{ "PPPoE discovery code", 1, UNDECODED_NOT_IP, 0, 0, MACS "8864 11a7 0001 0000 " },
	{ "Cisco HDLC", 104, DECODED, 2, 0, "0f00 0800 " V4_UDP },
	{ "MPLS", 1, DECODED, 2, 0, MACS "8847 00010040 00020140 " V4_UDP },
	{ "MPLS, IPv6", 1, DECODED, 2, 0, MACS "8848 00020140 " V6_UDP },
	{ "MPLS carries Ethernet", 1, DECODED, 2, 4,
	  MACS "8100 0004 8847 00020140 00000000 " MACS "8100 0063 0800 " V4_UDP },
	{ "MPLS carries something", 1, UNDECODED_NOT_IP, 0, 0, MACS "8847 00020140 10000000 " },
	{ "MPLS carries nothing", 1, UNDECODED_SHORT, 0, 0, MACS "8847 00020140 " },
	{ "MPLS without bottom", 1, UNDECODED_DEEP, 0, 0,
	  MACS
	  "8847 00010040 00010040 00010040 00010040 00010040 00010040 00010040 00010040 00020140 " V4_UDP },
	{ "a link that nobody decodes", 105, UNDECODED_LINK, 0, 0, MACS "0800 " V4_UDP },

	{ "IPv4 options", 1, DECODED, 2, 0,
	  MACS "0800 4700 0026 0001 0000 4011 0000 " V4_ENDS "0101010100000000 " UDP_HI },
	{ "IPv4 of another version", 1, UNDECODED_BROKEN, 0, 0,
	  MACS "0800 5500 001e 0001 0000 4011 0000 " V4_ENDS UDP_HI },
	{ "IPv4 header below 5 words", 1, UNDECODED_BROKEN, 0, 0,
	  MACS "0800 4400 001e 0001 0000 4011 0000 " V4_ENDS UDP_HI },
	{ "IPv4 length below the header", 1, UNDECODED_BROKEN, 0, 0,
	  MACS "0800 4500 0013 0001 0000 4011 0000 " V4_ENDS UDP_HI },
	{ "IPv4 length below the options", 1, UNDECODED_BROKEN, 0, 0,
	  MACS "0800 4600 0017 0001 0000 4011 0000 " V4_ENDS "01010100 " UDP_HI },
	{ "IPv4 length of the header alone", 1, UNDECODED_SHORT, 0, 0,
	  MACS "0800 4500 0014 0001 0000 4011 0000 " V4_ENDS UDP_HI },
	{ "IPv4 length larger than the frame", 1, DECODED, 2, 0,
	  MACS "0800 4500 05dc 0001 0000 4011 0000 " V4_ENDS UDP_HI },
	{ "IPv4 length 0: all that is there", 1, DECODED, 3, 0,
	  MACS "0800 4500 0000 0001 0000 4006 0000 " V4_ENDS TCP_ABC },
	{ "IPv4 more fragments: the first", 1, DECODED, 2, 0,
	  MACS "0800 4500 001e 0001 2000 4011 0000 " V4_ENDS UDP_HI },
	{ "IPv4 later fragment", 1, DECODED_FRAGMENT, 0, 0,
	  MACS "0800 4500 001e 0001 2001 4011 0000 " V4_ENDS UDP_HI },
	{ "IPv4 last fragment", 1, DECODED_FRAGMENT, 0, 0,
	  MACS "0800 4500 001e 0001 00b9 4011 0000 " V4_ENDS UDP_HI },
	{ "IPv4 tiny first fragment", 1, UNDECODED_SHORT, 0, 0,
	  MACS "0800 4500 001c 0001 2000 4006 0000 " V4_ENDS "1234 0035 01020304" },
	{ "IPv4, AH", 1, DECODED, 2, 0,
	  MACS "0800 4500 0036 0001 0000 4033 0000 " V4_ENDS
	       "11 04 0000 00000001 00000001 000000000000000000000000 " UDP_HI },
	{ "IPv4, AH, a number that IPv6 gives to headers", 1, DECODED_NO_PORTS, 0, 0,
	  MACS "0800 4500 0028 0001 0000 4033 0000 " V4_ENDS
	       "3c 01 0000 00000001 00000001 1100 0000 0000 0000 " },
	{ "IPv4 length 0, and TCP ends early", 1, UNDECODED_SHORT, 0, 0,
	  MACS "0800 4500 0000 0001 0000 4006 0000 " V4_ENDS "1234 0035 01020304 0506 " },
	{ "ICMP", 1, DECODED_NO_PORTS, 0, 0,
	  MACS "0800 4500 001c 0001 0000 4001 0000 " V4_ENDS "0800 0000 0001 0001" },
	{ "GRE", 1, DECODED_NO_PORTS, 0, 0,
	  MACS "0800 4500 001c 0001 0000 402f 0000 " V4_ENDS "0000 0800 0000 0000" },
	{ "SCTP", 1, DECODED_NO_PORTS, 0, 0,
	  MACS "0800 4500 001c 0001 0000 4084 0000 " V4_ENDS "1234 0035 0000 0000" },
	{ "IPv4 with a number that IPv6 gives to headers", 1, DECODED_NO_PORTS, 0, 0,
	  MACS "0800 4500 001c 0001 0000 403c 0000 " V4_ENDS "1100 0000 0000 0000" },

	{ "IPv6 of another version", 1, UNDECODED_BROKEN, 0, 0,
	  MACS "86dd 40000000 000a 11 40 " V6_ENDS UDP_HI },
	{ "IPv6 length larger than the frame", 1, DECODED, 2, 0,
	  MACS "86dd 60000000 0a0a 11 40 " V6_ENDS UDP_HI },
	{ "IPv6 length ends in UDP", 1, UNDECODED_SHORT, 0, 0,
	  MACS "86dd 60000000 0007 11 40 " V6_ENDS UDP_HI },
	{ "IPv6 length 0: all that is there", 1, DECODED, 3, 0,
	  MACS "86dd 60000000 0000 06 40 " V6_ENDS TCP_ABC },
	{ "IPv6 jumbogram", 1, DECODED, 2, 0,
	  MACS "86dd 60000000 0000 00 40 " V6_ENDS "11 00 c204 00000012 1234 0035 0000 0000 6869" },
	{ "IPv6 hop-by-hop, routing, destination", 1, DECODED, 2, 0,
	  MACS "86dd 60000000 002a 00 40 " V6_ENDS
	       "2b00 0104 00000000 3c01 00 00 00000000 0000000000000000 1100 0104 00000000 " UDP_HI },
	{ "IPv6 mobility, HIP, shim6", 1, DECODED, 2, 0,
	  MACS "86dd 60000000 0022 87 40 " V6_ENDS
	       "8b00 0000 00000000 8c00 0000 00000000 1100 0000 00000000 " UDP_HI },
	{ "IPv6 hop-by-hop second", 1, UNDECODED_BROKEN, 0, 0,
	  MACS "86dd 60000000 001a 3c 40 " V6_ENDS "0000 0104 00000000 1100 0104 00000000 " UDP_HI },
	{ "IPv6 header longer than the packet", 1, UNDECODED_SHORT, 0, 0,
	  MACS "86dd 60000000 0012 3c 40 " V6_ENDS "11ff 0104 00000000 " UDP_HI },
	{ "IPv6 AH", 1, DECODED, 3, 0,
	  MACS "86dd 60000000 0027 33 40 " V6_ENDS "06 02 0000 00000001 00000001 00000000 " TCP_ABC },
	{ "IPv6 AH without length", 1, UNDECODED_BROKEN, 0, 0,
	  MACS "86dd 60000000 0027 33 40 " V6_ENDS "06 00 0000 00000001 00000001 00000000 " TCP_ABC },
	{ "IPv6 atomic fragment", 1, DECODED, 2, 0,
	  MACS "86dd 60000000 0012 2c 40 " V6_ENDS "1100 0000 00000001 " UDP_HI },
	{ "IPv6 first fragment", 1, DECODED, 2, 0,
	  MACS "86dd 60000000 0012 2c 40 " V6_ENDS "1100 0001 00000001 " UDP_HI },
	{ "IPv6 later fragment", 1, DECODED_FRAGMENT, 0, 0,
	  MACS "86dd 60000000 0012 2c 40 " V6_ENDS "1100 0008 00000001 " UDP_HI },
	{ "IPv6 hop-by-hop behind a fragment", 1, UNDECODED_BROKEN, 0, 0,
	  MACS "86dd 60000000 0012 2c 40 " V6_ENDS "0000 0000 00000001 " UDP_HI },
	{ "ICMPv6", 1, DECODED_NO_PORTS, 0, 0,
	  MACS "86dd 60000000 0008 3a 40 " V6_ENDS "8000 0000 0001 0001" },
	{ "ESP", 1, DECODED_NO_PORTS, 0, 0, MACS "86dd 60000000 0008 32 40 " V6_ENDS "00000001 00000001" },
	{ "IPv6 with no next header", 1, DECODED_NO_PORTS, 0, 0,
	  MACS "86dd 60000000 0008 3b 40 " V6_ENDS "00000001 00000001" },
	{ "IPv4-mapped source", 1, UNDECODED_BROKEN, 0, 0,
	  MACS "86dd 60000000 000a 11 40 00000000000000000000ffff0a000001 "
	       "20010db8000000000000000000000002 " UDP_HI },
	{ "IPv4-mapped destination", 1, UNDECODED_BROKEN, 0, 0,
	  MACS "86dd 60000000 000a 11 40 20010db8000000000000000000000002 "
	       "00000000000000000000ffff0a000001 " UDP_HI },
	{ "nine extension headers", 1, DECODED, 2, 0,
	  MACS
	  "86dd 60000000 0052 3c 40 " V6_ENDS
	  "3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000 "
	  "3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000 1100010400000000 " UDP_HI },
	{ "eleven extension headers", 1, UNDECODED_DEEP, 0, 0,
	  MACS "86dd 60000000 0062 3c 40 " V6_ENDS
	       "3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000 "
	       "3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000 "
	       "1100010400000000 " UDP_HI },

	{ "UDP length below the datagram", 1, DECODED, 1, 0,
	  MACS "0800 4500 001e 0001 0000 4011 0000 " V4_ENDS "1234 0035 0009 0000 6869" },
	{ "UDP without payload", 1, DECODED, 0, 0,
	  MACS "0800 4500 001e 0001 0000 4011 0000 " V4_ENDS "1234 0035 0008 0000 6869" },
	{ "UDP length above the datagram", 1, DECODED, 2, 0,
	  MACS "0800 4500 001e 0001 0000 4011 0000 " V4_ENDS "1234 0035 0fff 0000 6869" },
	{ "UDP length 0", 1, DECODED, 2, 0,
	  MACS "0800 4500 001e 0001 0000 4011 0000 " V4_ENDS "1234 0035 0000 0000 6869" },
	{ "UDP length 1", 1, UNDECODED_BROKEN, 0, 0,
	  MACS "0800 4500 001e 0001 0000 4011 0000 " V4_ENDS "1234 0035 0001 0000 6869" },
	{ "UDP length 7", 1, UNDECODED_BROKEN, 0, 0,
	  MACS "86dd 60000000 000a 11 40 " V6_ENDS "1234 0035 0007 0000 6869" },
	{ "UDP of 7 bytes", 1, UNDECODED_SHORT, 0, 0,
	  MACS "0800 4500 001b 0001 0000 4011 0000 " V4_ENDS "1234 0035 0008 00" },
	{ "TCP options", 1, DECODED, 3, 0,
	  MACS "0800 4500 002f 0001 4000 4006 0000 " V4_ENDS
	       "1234 0035 01020304 05060708 6012 ffff 0000 0000 020405b4 616263" },
	{ "TCP data offset 4", 1, UNDECODED_BROKEN, 0, 0,
	  MACS "0800 4500 002b 0001 4000 4006 0000 " V4_ENDS
	       "1234 0035 01020304 05060708 4012 ffff 0000 0000 616263" },
	{ "TCP data offset 4, cut", 1, UNDECODED_BROKEN, 0, 0,
	  MACS "0800 4500 05dc 0001 4000 4006 0000 " V4_ENDS
	       "1234 0035 01020304 05060708 4012 ffff 0000 0000 616263" },
	{ "TCP options beyond the segment", 1, UNDECODED_BROKEN, 0, 0,
	  MACS "0800 4500 002b 0001 4000 4006 0000 " V4_ENDS
	       "1234 0035 01020304 05060708 6012 ffff 0000 0000 616263" },
	{ "TCP options fill the segment", 1, DECODED, 0, 0,
	  MACS "0800 4500 002c 0001 4000 4006 0000 " V4_ENDS
	       "1234 0035 01020304 05060708 6012 ffff 0000 0000 01010100" },
	{ "TCP of 19 bytes", 1, UNDECODED_SHORT, 0, 0,
	  MACS "0800 4500 0027 0001 4000 4006 0000 " V4_ENDS
	       "1234 0035 01020304 05060708 5012 ffff 0000 00" },
	{ "nothing", 1, UNDECODED_SHORT, 0, 0, "" },
};

static struct frame frame_of(struct span bytes, size_t wire_bytes, unsigned linktype)
{
	return (struct frame){ bytes, 1700000000123456, (uint32_t)wire_bytes, (uint16_t)linktype, 3 };
}

static enum decoded decode(const struct frame *f, struct packet *ret)
{
	struct packet_options options = { .by_vlan = false };
	memset(ret, 0xA5, sizeof *ret);
	return packet_decode(f, &options, ret);
}

static bool is_inside(struct span piece, struct span whole)
{
	return piece.len == 0 || (piece.at >= whole.at && piece.at + piece.len <= whole.at + whole.len);
}

static void check_fields(const struct row *r, const struct frame *f, const struct packet *p)
{
	char lo[ADDRESS_TEXT_BYTES], hi[ADDRESS_TEXT_BYTES];
	bool v4 = address_is_v4(&p->key.lo), tcp = p->key.proto == PROTO_TCP;
	address_text(&p->key.lo, lo), address_text(&p->key.hi, hi);
	CHECK(strcmp(lo, v4 ? "10.0.0.1" : "2001:db8::1") == 0, "%s: %s", r->name, lo);
	CHECK(strcmp(hi, v4 ? "192.0.2.1" : "2001:db8::2") == 0, "%s: %s", r->name, hi);
	CHECK(p->key.lo_port == 0x1234 && p->key.hi_port == 53 && !p->from_hi, "%s", r->name);
	CHECK(p->key.vlan == 0 && p->key.zero == 0 && p->vlan == r->vlan, "%s: VLAN %u", r->name, p->vlan);
	CHECK(tcp || p->key.proto == PROTO_UDP, "%s", r->name);
	CHECK(p->seq == (tcp ? 0x01020304 : 0) && p->ack == (tcp ? 0x05060708 : 0), "%s", r->name);
	CHECK(p->tcp_flags == (tcp ? TCP_SYN | TCP_ACK : 0), "%s: flags %u", r->name, p->tcp_flags);
	CHECK(p->at_us == f->at_us && p->wire_bytes == f->wire_bytes, "%s", r->name);
	CHECK(p->payload.len == r->payload_bytes, "%s: payload %zu", r->name, p->payload.len);
	CHECK(is_inside(p->payload, f->bytes), "%s", r->name);
	CHECK(p->payload.len == 0 || memcmp(p->payload.at, tcp ? "abc" : "hi", p->payload.len) == 0, "%s",
	      r->name);
}

/* Every prefix, as a capture that cut the frame, and as a sender that ended there. A cut one is SHORT up to the
 * ports, and from there on what the whole is. */
static void check_prefixes(const struct row *r, struct span whole, size_t ports_end)
{
	for (size_t n = 0; n < whole.len; n++) {
		struct span bytes = check_cut(whole, n);
		struct frame cut = frame_of(bytes, whole.len, r->linktype),
			     ended = frame_of(bytes, n, r->linktype);
		struct packet p;
		enum decoded how = decode(&cut, &p);
		CHECK(how < DECODED_KINDS, "%s", r->name);
		CHECK(how != DECODED || is_inside(p.payload, bytes), "%s cut to %zu", r->name, n);
		if (r->want == DECODED)
			CHECK(how == (n < ports_end ? UNDECODED_SHORT : DECODED), "%s cut to %zu: %d",
			      r->name, n, how);
		else if (r->want < UNDECODED)
			CHECK(how == UNDECODED_SHORT || how == r->want, "%s cut to %zu: %d", r->name, n, how);
		how = decode(&ended, &p);
		CHECK(how < DECODED_KINDS && (how != DECODED || is_inside(p.payload, bytes)), "%s to %zu",
		      r->name, n);
		free((void *)bytes.at);
	}
}

/* The plain way and the walk agree: a priority tag, which changes nothing, takes the frame off the plain way. */
static void check_tagged(const struct row *r, struct span whole, const struct packet *p)
{
	if (r->linktype != 1 || whole.len < 14 || r->want == UNDECODED_DEEP)
		return;
	uint8_t *tagged = malloc(whole.len + 4);
	memcpy(tagged, whole.at, 12);
	memcpy(tagged + 12, "\x81\0\0\0", 4);
	memcpy(tagged + 16, whole.at + 12, whole.len - 12);
	struct frame f = frame_of(span_of(tagged, whole.len + 4), whole.len, 1);
	struct packet q;
	enum decoded how = decode(&f, &q);
	CHECK(how == r->want, "%s, tagged: %d", r->name, how);
	if (how == DECODED) {
		CHECK(memcmp(&p->key, &q.key, sizeof q.key) == 0 && p->vlan == q.vlan, "%s, tagged", r->name);
		CHECK(span_equal(p->payload, q.payload) && p->from_hi == q.from_hi, "%s, tagged", r->name);
		CHECK(p->seq == q.seq && p->ack == q.ack && p->tcp_flags == q.tcp_flags, "%s, tagged",
		      r->name);
	}
	free(tagged);
}

static void check_row(const struct row *r)
{
	struct span whole = check_hex(r->hex);
	struct frame f = frame_of(whole, whole.len, r->linktype);
	struct packet p;
	enum decoded how = decode(&f, &p);
	size_t ports_end = 0;
	CHECK(how == r->want, "%s: %d", r->name, how);
	if (how == DECODED) {
		check_fields(r, &f, &p);
		while (memcmp(whole.at + ports_end, "\x12\x34\x00\x35", 4) != 0)
			ports_end++;
		ports_end += 4;
	}
	check_prefixes(r, whole, ports_end);
	check_tagged(r, whole, &p);
	free((void *)whole.at);
}

/* An Ethernet frame with UDP and no payload between two addresses of one family. */
static size_t build(uint8_t *ret, const char *from, const char *to, unsigned from_port, unsigned to_port)
{
	struct address a = { { 0 } }, b = { { 0 } };
	address_parse(span_text(from), &a), address_parse(span_text(to), &b);
	bool v4 = address_is_v4(&a);
	size_t header = v4 ? 20 : 40, address = v4 ? 4 : 16;
	uint8_t *ip = ret + 14, *udp = ip + header;
	memset(ret, 0, 14 + 40 + 8);
	memcpy(ret + 12, v4 ? "\x08\0" : "\x86\xDD", 2);
	memcpy(ip, v4 ? "\x45\0\0\x1C\0\1\0\0\x40\x11" : "\x60\0\0\0\0\x08\x11\x40", v4 ? 10 : 8);
	memcpy(udp - 2 * address, a.bytes + 16 - address, address);
	memcpy(udp - address, b.bytes + 16 - address, address);
	udp[0] = (uint8_t)(from_port >> 8), udp[1] = (uint8_t)from_port;
	udp[2] = (uint8_t)(to_port >> 8), udp[3] = (uint8_t)to_port;
	udp[5] = 8;
	return 14 + header + 8;
}

struct order {
	const char *from, *to;
	unsigned from_port, to_port;
	bool from_hi;
};
static const struct order orders[] = {
	{ "10.0.0.1", "10.0.0.2", 9, 1, false },
	{ "10.0.0.2", "10.0.0.1", 1, 9, true },
	{ "10.0.0.255", "10.0.1.0", 9, 9, false },
	{ "200.0.0.1", "100.0.0.1", 1, 1, true },
	{ "10.0.0.1", "10.0.0.1", 1, 2, false },
	{ "10.0.0.1", "10.0.0.1", 2, 1, true },
	{ "10.0.0.1", "10.0.0.1", 0x0100, 0x00FF, true },
	{ "10.0.0.1", "10.0.0.1", 7, 7, false },
	{ "2001:db8::1", "2001:db8::2", 9, 1, false },
	{ "2001:db8::ff", "2001:db8::1:0", 9, 1, false },
	{ "2001:db9::1", "2001:db8::2", 1, 9, true },
	{ "2001:db8::1", "2001:db8::1", 0x8000, 0x7FFF, true },
	{ "2001:db8::1", "2001:db8::1", 7, 7, false },
	{ "64:ff9b::a00:1", "2001:db8::1", 1, 1, false },
};

static void check_order(const struct order *o)
{
	uint8_t bytes[80];
	size_t n = build(bytes, o->from, o->to, o->from_port, o->to_port);
	struct frame f = frame_of(span_of(bytes, n), n, 1);
	struct packet p;
	CHECK(decode(&f, &p) == DECODED, "%s %s", o->from, o->to);
	char lo[ADDRESS_TEXT_BYTES], hi[ADDRESS_TEXT_BYTES];
	address_text(&p.key.lo, lo), address_text(&p.key.hi, hi);
	CHECK(p.from_hi == o->from_hi, "%s %s", o->from, o->to);
	CHECK(strcmp(o->from_hi ? hi : lo, o->from) == 0, "%s %s: from %s", o->from, o->to, lo);
	CHECK(strcmp(o->from_hi ? lo : hi, o->to) == 0, "%s %s: to %s", o->from, o->to, hi);
	CHECK((o->from_hi ? p.key.hi_port : p.key.lo_port) == o->from_port, "%s %s", o->from, o->to);
	CHECK((o->from_hi ? p.key.lo_port : p.key.hi_port) == o->to_port, "%s %s", o->from, o->to);
}

struct unicast {
	const char *at, *other;
	enum decoded want;
};
static const struct unicast unicasts[] = {
	{ "8.8.8.8", "10.0.0.1", DECODED },
	{ "127.0.0.1", "127.0.0.1", DECODED },
	{ "192.168.1.255", "192.168.1.2", DECODED }, /* a subnet's broadcast: nothing on the wire tells */
	{ "169.253.1.1", "10.0.0.1", DECODED },
	{ "169.255.1.1", "10.0.0.1", DECODED },
	{ "223.255.255.255", "10.0.0.1", DECODED },
	{ "240.0.0.1", "10.0.0.1", DECODED },
	{ "255.255.255.254", "10.0.0.1", DECODED },
	{ "169.254.0.1", "10.0.0.1", DECODED_NOT_UNICAST },
	{ "0.0.0.0", "10.0.0.1", DECODED_NOT_UNICAST },
	{ "0.1.2.3", "10.0.0.1", DECODED_NOT_UNICAST },
	{ "224.0.0.251", "10.0.0.1", DECODED_NOT_UNICAST },
	{ "239.255.255.250", "10.0.0.1", DECODED_NOT_UNICAST },
	{ "255.255.255.255", "10.0.0.1", DECODED_NOT_UNICAST },
	{ "2a00::1", "2001:db8::1", DECODED },
	{ "fc00::1", "2001:db8::1", DECODED },
	{ "64:ff9b::1.2.3.4", "2001:db8::1", DECODED },
	{ "fec0::1", "2001:db8::1", DECODED },
	{ "fe7f::1", "2001:db8::1", DECODED },
	{ "::1", "::1", DECODED },
	{ "::2", "2001:db8::1", DECODED },
	{ "e000::1", "2001:db8::1", DECODED },
	{ "a9fe::1", "2001:db8::1", DECODED },
	{ "fe80::1", "2001:db8::1", DECODED_NOT_UNICAST },
	{ "febf::1", "2001:db8::1", DECODED_NOT_UNICAST },
	{ "ff02::fb", "2001:db8::1", DECODED_NOT_UNICAST },
	{ "::", "2001:db8::1", DECODED_NOT_UNICAST },
};

static void check_unicast(const struct unicast *u)
{
	uint8_t bytes[80];
	struct packet p;
	for (int turned = 0; turned < 2; turned++) {
		size_t n = build(bytes, turned ? u->other : u->at, turned ? u->at : u->other, 1, 2);
		struct frame f = frame_of(span_of(bytes, n), n, 1);
		CHECK(decode(&f, &p) == u->want, "%s as %s", u->at, turned ? "destination" : "source");
		bytes[14 + 6] |= 1; /* a later fragment (IPv4), another next header (IPv6) */
		enum decoded how = decode(&f, &p);
		CHECK((how == DECODED_NOT_UNICAST) == (u->want == DECODED_NOT_UNICAST), "%s: %d", u->at, how);
	}
}

/* Headers below the transport: Ethernet, so many VLANs, IPv4. */
static void check_depth(unsigned vlans, enum decoded want)
{
	uint8_t plain[80], bytes[200];
	size_t n = build(plain, "10.0.0.1", "192.0.2.1", 1, 2);
	memcpy(bytes, plain, 12);
	for (unsigned i = 0; i < vlans; i++)
		memcpy(bytes + 12 + i * 4, "\x81\0\0\5", 4);
	memcpy(bytes + 12 + vlans * 4, plain + 12, n - 12);
	struct frame f = frame_of(span_of(bytes, n + vlans * 4), n + vlans * 4, 1);
	struct packet p;
	enum decoded how = decode(&f, &p);
	CHECK(how == want, "%u VLANs: %d", vlans, how);
}

static void check_by_vlan(void)
{
	struct span bytes = check_hex(MACS "8100 0123 0800 " V4_UDP);
	struct frame f = frame_of(bytes, bytes.len, 1);
	struct packet p;
	struct packet_options options = { .by_vlan = true };
	CHECK(packet_decode(&f, &options, &p) == DECODED, "by_vlan");
	CHECK(p.key.vlan == 0x123 && p.vlan == 0x123, "by_vlan: %u", p.key.vlan);
	free((void *)bytes.at);
}

/* Segments or datagrams that a network card joined: longer than any MTU, or than the length fields can say. */
static void check_joined(bool v4, size_t payload_bytes, unsigned ip_length)
{
	size_t n = 14 + (v4 ? 20u : 40u) + 8 + payload_bytes;
	uint8_t *bytes = calloc(1, n);
	build(bytes, v4 ? "10.0.0.1" : "2001:db8::1", v4 ? "192.0.2.1" : "2001:db8::2", 1, 2);
	uint8_t *length = bytes + 14 + (v4 ? 2 : 4);
	length[0] = (uint8_t)(ip_length >> 8), length[1] = (uint8_t)ip_length;
	memset(bytes + n - payload_bytes - 4, 0, 2); /* the UDP length */
	struct frame f = frame_of(span_of(bytes, n), n, 1);
	struct packet p;
	CHECK(decode(&f, &p) == DECODED && p.payload.len == payload_bytes, "joined, %zu bytes",
	      payload_bytes);
	free(bytes);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_row(&rows[i]);
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
		check_order(&orders[i]);
	for (size_t i = 0; i < sizeof unicasts / sizeof *unicasts; i++)
		check_unicast(&unicasts[i]);
	check_depth(10, DECODED);
	check_depth(11, UNDECODED_DEEP);
	check_by_vlan();
	check_joined(true, 9000, 9028);
	check_joined(true, 65507, 65535);
	check_joined(true, 80000, 0);
	check_joined(false, 80000, 0);
	return check_done();
}
