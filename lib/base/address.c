/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };

struct address address_from(struct span bytes)
{
	struct address a = { { 0 } };
	if (bytes.len == 16)
		memcpy(a.bytes, bytes.at, 16);
	else if (bytes.len == 4) {
		memcpy(a.bytes, mapped, 12);
		memcpy(a.bytes + 12, bytes.at, 4);
	}
	return a;
}

struct address address_from_v4(uint32_t host_order)
{
	uint8_t b[4] = { (uint8_t)(host_order >> 24), (uint8_t)(host_order >> 16), (uint8_t)(host_order >> 8),
			 (uint8_t)host_order };
	return address_from(span_of(b, 4));
}

bool address_is_v4(const struct address *a)
{
	return memcmp(a->bytes, mapped, 12) == 0;
}

uint32_t address_v4(const struct address *a)
{
	return (uint32_t)a->bytes[12] << 24 | (uint32_t)a->bytes[13] << 16 | (uint32_t)a->bytes[14] << 8 |
	       a->bytes[15];
}

bool address_equal(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, 16) == 0;
}

int address_compare(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, 16);
}

static enum address_class class_of_v4(uint32_t v)
{
	if (v == 0xFFFFFFFF)
		return ADDRESS_BROADCAST;
	if (v >> 24 == 0)
		return ADDRESS_UNSPECIFIED;
	if (v >> 24 == 127)
		return ADDRESS_LOOPBACK;
	if (v >> 28 == 0xE)
		return ADDRESS_MULTICAST;
	if (v >> 16 == 0xA9FE)
		return ADDRESS_LINK_LOCAL;
	if (v >> 24 == 10 || v >> 20 == 0xAC1 || v >> 16 == 0xC0A8 || v >> 22 == 0x6440 >> 6)
		return ADDRESS_PRIVATE;
	return ADDRESS_GLOBAL;
}

enum address_class address_class_of(const struct address *a)
{
	static const struct address unspecified = { { 0 } };
	if (address_is_v4(a))
		return class_of_v4(address_v4(a));
	if (a->bytes[0] == 0xFF)
		return ADDRESS_MULTICAST;
	if (a->bytes[0] == 0xFE && (a->bytes[1] & 0xC0) == 0x80)
		return ADDRESS_LINK_LOCAL;
	if ((a->bytes[0] & 0xFE) == 0xFC)
		return ADDRESS_PRIVATE;
	if (address_equal(a, &unspecified))
		return ADDRESS_UNSPECIFIED;
	if (memcmp(a->bytes, unspecified.bytes, 15) == 0 && a->bytes[15] == 1)
		return ADDRESS_LOOPBACK;
	return ADDRESS_GLOBAL;
}

bool address_is_local_space(const struct address *a)
{
	enum address_class class = address_class_of(a);
	return class == ADDRESS_PRIVATE || class == ADDRESS_LINK_LOCAL || class == ADDRESS_LOOPBACK;
}

bool address_parse(struct span text, struct address *ret)
{
	char copy[ADDRESS_TEXT_BYTES];
	uint8_t bytes[16];
	if (text.len == 0 || text.len >= sizeof copy || memchr(text.at, 0, text.len) != NULL)
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, bytes) == 1)
		*ret = address_from(span_of(bytes, 4));
	else if (inet_pton(AF_INET6, copy, bytes) == 1)
		*ret = address_from(span_of(bytes, 16));
	else
		return false;
	return true;
}

char *address_text(const struct address *a, char *ret)
{
	if (address_is_v4(a))
		inet_ntop(AF_INET, a->bytes + 12, ret, ADDRESS_TEXT_BYTES);
	else
		inet_ntop(AF_INET6, a->bytes, ret, ADDRESS_TEXT_BYTES);
	return ret;
}

static uint8_t mask_of(unsigned bits, unsigned byte)
{
	unsigned from = byte * 8;
	if (bits >= from + 8)
		return 0xFF;
	return (uint8_t)(bits <= from ? 0 : 0xFF00u >> (bits - from));
}

static bool parse_bits(struct span text, unsigned most, unsigned *ret)
{
	unsigned v = 0;
	if (text.len == 0 || text.len > 3)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		v = v * 10 + (unsigned)(text.at[i] - '0');
	}
	*ret = v;
	return v <= most;
}

bool prefix_parse(struct span text, struct prefix *ret, bool *ret_host_bits)
{
	const uint8_t *slash = text.len > 0 ? memchr(text.at, '/', text.len) : NULL;
	struct span head = { text.at, slash != NULL ? (size_t)(slash - text.at) : text.len };
	struct prefix p;
	if (!address_parse(head, &p.at))
		return false;
	unsigned most = address_is_v4(&p.at) ? 32 : 128, bits = most;
	if (slash != NULL && !parse_bits(span_of(slash + 1, text.len - head.len - 1), most, &bits))
		return false;
	p.bits = (uint8_t)(bits + 128 - most);
	bool host_bits = false;
	for (unsigned i = 0; i < 16; i++) {
		uint8_t kept = p.at.bytes[i] & mask_of(p.bits, i);
		host_bits |= kept != p.at.bytes[i];
		p.at.bytes[i] = kept;
	}
	if (ret_host_bits != NULL)
		*ret_host_bits = host_bits;
	*ret = p;
	return true;
}

char *prefix_text(const struct prefix *p, char *ret)
{
	unsigned bits = address_is_v4(&p->at) && p->bits >= 96 ? p->bits - 96u : p->bits;
	address_text(&p->at, ret);
	size_t n = strlen(ret);
	snprintf(ret + n, PREFIX_TEXT_BYTES - n, "/%u", bits);
	return ret;
}

bool prefix_holds(const struct prefix *p, const struct address *a)
{
	unsigned whole = p->bits / 8u;
	if (memcmp(p->at.bytes, a->bytes, whole) != 0)
		return false;
	return whole == 16 || ((p->at.bytes[whole] ^ a->bytes[whole]) & mask_of(p->bits, whole)) == 0;
}

struct address prefix_last(const struct prefix *p)
{
	struct address a = p->at;
	for (unsigned i = 0; i < 16; i++)
		a.bytes[i] |= (uint8_t)~mask_of(p->bits, i);
	return a;
}
