/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host: may this text from the wire stand as the name of a host?
 * Source: RFC 6066 s3 (SNI: no trailing dot, no address), RFC 1123 s2.1 (letters, digits, hyphens), RFC 6125
 * s6.4.3 (a wildcard is the whole left-most label). The underscore is let through: real names carry it. */
#ifndef KEYFENCE_WIRE_HOST_H
#define KEYFENCE_WIRE_HOST_H

#include "base/cursor.h"

enum { HOST_NAME_BYTES = 253 };

/* Letters, digits, '-', '_' and dots between labels that are not empty; no address as text. */
bool host_is_name(struct span text);
/* The same, or "*." and such a name. */
bool host_is_pattern(struct span text);

#endif
