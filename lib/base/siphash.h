/* SPDX-License-Identifier: GPL-3.0-or-later */
/* siphash: SipHash-1-3, a keyed hash: with a secret key nobody on the wire can choose colliding flows.
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), with 1 and 3 rounds.
 * The key comes from the configuration: zero in replay, random live. */
#ifndef KEYFENCE_BASE_SIPHASH_H
#define KEYFENCE_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash13(const uint64_t key[2], const void *bytes, size_t len);

#endif
