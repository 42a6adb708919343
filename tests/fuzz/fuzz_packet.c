/* SPDX-License-Identifier: GPL-3.0-or-later */
/* First byte: which link type; the rest is the frame. The second run adds a priority tag, which must change nothing:
 * it takes an Ethernet frame from the plain way of packet_decode to the walk. */
#include "packet/packet.h"

#include <stdlib.h>

static const uint16_t linktypes[] = { 1,   113, 276, 101, 12,  14,  228, 229, 0,
				      108, 9,   50,  51,  104, 166, 204, 105 };
enum { LINKTYPES = sizeof linktypes / sizeof *linktypes };

static void must(bool holds)
{
	if (!holds)
		abort();
}

static int compare_ends(const struct flow_key *k)
{
	int order = address_compare(&k->lo, &k->hi);
	return order != 0 ? order : k->lo_port - k->hi_port;
}

static void check_packet(const struct frame *f, const struct packet *p)
{
	const uint8_t *from = f->bytes.at, *to = f->bytes.at + f->bytes.len;
	must(p->payload.len == 0 ||
	     (p->payload.at >= from && p->payload.len <= (size_t)(to - p->payload.at)));
	must(compare_ends(&p->key) < 0 || (compare_ends(&p->key) == 0 && !p->from_hi));
	must(p->key.proto == PROTO_TCP || p->key.proto == PROTO_UDP);
	must(address_is_v4(&p->key.lo) == address_is_v4(&p->key.hi));
	must(p->key.zero == 0 && p->key.vlan == p->vlan && p->vlan < 4096);
	must((p->tcp_flags & ~(TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)) == 0);
	must(p->key.proto == PROTO_TCP || (p->tcp_flags == 0 && p->seq == 0 && p->ack == 0));
	const struct address *ends[] = { &p->key.lo, &p->key.hi };
	for (int i = 0; i < 2; i++) {
		enum address_class class = address_class_of(ends[i]);
		must(class == ADDRESS_GLOBAL || class == ADDRESS_PRIVATE || class == ADDRESS_LOOPBACK);
	}
}

static void check_tagged(const struct frame *f, enum decoded how, const struct packet *p)
{
	struct packet_options options = { .by_vlan = true };
	size_t n = f->bytes.len + 4;
	uint8_t *bytes = malloc(n);
	memcpy(bytes, f->bytes.at, 12);
	memcpy(bytes + 12, "\x81\0\0\0", 4);
	memcpy(bytes + 16, f->bytes.at + 12, f->bytes.len - 12);
	struct frame tagged = *f;
	tagged.bytes = span_of(bytes, n);
	tagged.wire_bytes += 4; /* still cut, or still whole */
	struct packet q;
	enum decoded also = packet_decode(&tagged, &options, &q);
	must(how == also || also == UNDECODED_DEEP);
	if (also == DECODED) {
		must(memcmp(&p->key, &q.key, sizeof q.key) == 0 && p->from_hi == q.from_hi);
		must(span_equal(p->payload, q.payload) && p->tcp_flags == q.tcp_flags);
		must(p->seq == q.seq && p->ack == q.ack);
	}
	free(bytes);
}

static void check_frame(struct span bytes, uint32_t wire_bytes, uint16_t linktype)
{
	struct packet_options options = { .by_vlan = true };
	struct frame f = { .bytes = bytes, .wire_bytes = wire_bytes, .linktype = linktype };
	struct packet p;
	enum decoded how = packet_decode(&f, &options, &p);
	must(how < DECODED_KINDS && (how != UNDECODED_LINK || linktype == 105));
	if (how == DECODED)
		check_packet(&f, &p);
	if (linktype == 1 && bytes.len >= 14)
		check_tagged(&f, how, &p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	uint16_t linktype = linktypes[data[0] % LINKTYPES];
	check_frame(span_of(data + 1, len - 1), (uint32_t)len - 1, linktype);
	check_frame(span_of(data + 1, len - 1), (uint32_t)len + 99, linktype); /* as if cut */
	return 0;
}
