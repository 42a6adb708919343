/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kernel: one batch or message over a netlink socket, and its answer. The kernel works it off within the call, so the answer is
 * there when the call is back: nothing waits. */
#ifndef KEYFENCE_DAEMON_ENFORCE_KERNEL_H
#define KEYFENCE_DAEMON_ENFORCE_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* first to last: sequence numbers of the messages; the last asked for an answer. 0; else the -errno of the first message that
 * failed (its place, counted from 0, in *ret_place), or of the socket (then *ret_place is UINT32_MAX). */
int kernel_ask(int socket, const void *bytes, size_t len, uint32_t first, uint32_t last, uint32_t *ret_place);
/* Short answers; what comes late is not mixed up. Also tells the socket's port. 0 or -errno. */
int kernel_prepare(int socket, uint32_t *ret_port);
/* Hears of every change of nf_tables. 0 or -errno. */
int kernel_listen(int socket);

#endif
