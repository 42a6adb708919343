/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns: one whole DNS message over UDP. Source: RFC 1035 s4, RFC 2181 (case), RFC 6891 (OPT), RFC 9460 (SVCB is
 * skipped). Reads the question and the A, AAAA, CNAME and DNAME records of the answer section; authority and
 * additional are walked, not believed. Pointers must go strictly backwards. */
#ifndef KEYFENCE_WIRE_DNS_H
#define KEYFENCE_WIRE_DNS_H

#include "words/values.h"

enum { DNS_PORT = 53 };

/* WIRE_OTHER: no DNS by its header; WIRE_BROKEN: DNS header, but it breaks its own framing or our bounds. */
enum wire_result dns_parse(struct span datagram, struct dns_message *ret);

#endif
