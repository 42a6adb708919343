/* SPDX-License-Identifier: GPL-3.0-or-later */
/* certificate: the names in one X.509 certificate (a leaf), and nothing else of it: no signature, date or
 * chain is checked. Source: RFC 5280 s4.1 (structure), s4.2.1.6 (subjectAltName), X.690 s8 and s10.1 (DER
 * lengths). Spans borrow from the DER. Bounds: 16 KiB, the first 100 dNSNames, 32 extensions; no recursion.
 */
#ifndef KEYFENCE_WIRE_CERTIFICATE_H
#define KEYFENCE_WIRE_CERTIFICATE_H

#include "words/values.h"

enum { CERTIFICATE_BYTES = 16384, CERTIFICATE_NAMES = 100 };

struct certificate {
	struct span
		common_name; /* the last CN of the subject, as sent: hostile text; empty if there is none */
	uint8_t name_count;
	struct span name[FINDING_NAMES]; /* dNSNames that can be host names ("*." in front allowed), the first
					  * of them; without subjectAltName the CN, if it can be one (RFC 6125
					  * s6.4.4) */
};

/* WIRE_MATCH: a well-formed certificate; ret is written. WIRE_OTHER: no DER SEQUENCE at all. WIRE_BROKEN: the
 * rest, our bounds included. Bytes behind the certificate are WIRE_BROKEN too. */
enum wire_result certificate_parse(struct span der, struct certificate *ret);

#endif
