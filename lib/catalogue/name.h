/* SPDX-License-Identifier: GPL-3.0-or-later */
/* name: a host name as the catalogue compares it. */
#ifndef KEYFENCE_CATALOGUE_NAME_H
#define KEYFENCE_CATALOGUE_NAME_H

#include "base/cursor.h"

enum { NAME_BYTES = 253 }; /* RFC 1035 s2.3.4, less the root's dot */

/* Lower case, without a last dot, in the caller's storage. False, and ret is not written: no host name
 * (empty, too long, an empty label, a byte outside A-Za-z0-9.-_, an IP address), which matches nothing. */
bool name_fold(struct span name, uint8_t storage[NAME_BYTES], struct span *ret);
/* Without a first label "*". */
struct span name_strip_star(struct span name);

#endif
