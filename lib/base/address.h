/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address: one IP address, IPv4 as IPv4-mapped IPv6 (RFC 4291 s2.5.5.2), in network order; and prefixes of
 * them. Values; nothing is allocated. */
#ifndef KEYFENCE_BASE_ADDRESS_H
#define KEYFENCE_BASE_ADDRESS_H

#include "base/cursor.h"

enum { ADDRESS_TEXT_BYTES = 46, PREFIX_TEXT_BYTES = 50 };

struct address {
	uint8_t bytes[16];
};

/* bits counts from the front of the 16 bytes: an IPv4 /24 has bits 96 + 24. */
struct prefix {
	struct address at;
	uint8_t bits;
};

enum address_class {
	ADDRESS_GLOBAL,
	ADDRESS_PRIVATE,    /* RFC 1918, RFC 4193, RFC 6598 shared space */
	ADDRESS_LINK_LOCAL, /* RFC 3927, fe80::/10 */
	ADDRESS_LOOPBACK,
	ADDRESS_MULTICAST,
	ADDRESS_BROADCAST,   /* 255.255.255.255 */
	ADDRESS_UNSPECIFIED, /* 0.0.0.0/8, :: */
};

/* From 4 or 16 bytes in network order; any other length gives ::. */
struct address address_from(struct span bytes);
struct address address_from_v4(uint32_t host_order);
bool address_is_v4(const struct address *a);
uint32_t address_v4(const struct address *a); /* host order; only for an IPv4 address */
bool address_equal(const struct address *a, const struct address *b);
int address_compare(const struct address *a, const struct address *b); /* as memcmp: network order */
enum address_class address_class_of(const struct address *a);
/* Private, link-local (and unique-local) space: what replay calls local. */
bool address_is_local_space(const struct address *a);

/* All or nothing; text need not end in NUL. IPv4 dotted quad or RFC 4291 s2.2 text, no zone. */
bool address_parse(struct span text, struct address *ret);
/* RFC 5952 text with NUL; ret has ADDRESS_TEXT_BYTES. Returns ret. */
char *address_text(const struct address *a, char *ret);

/* "192.0.2.0/24" or a bare address (then a host prefix). False if malformed; *ret_host_bits (may be NULL)
 * tells whether bits behind the prefix were set (they are cleared in ret). */
bool prefix_parse(struct span text, struct prefix *ret, bool *ret_host_bits);
char *prefix_text(const struct prefix *p, char *ret); /* ret has PREFIX_TEXT_BYTES */
bool prefix_holds(const struct prefix *p, const struct address *a);
struct address prefix_last(const struct prefix *p); /* the last address inside */

#endif
