/* SPDX-License-Identifier: GPL-3.0-or-later */
/* capture: libpcap behind one face: files now (pcap and pcapng in every variant that libpcap reads), interfaces
 * later. Frames come in batches and borrow from the capture until its next read. */
#ifndef KEYFENCE_DAEMON_CAPTURE_H
#define KEYFENCE_DAEMON_CAPTURE_H

#include "words/values.h"

struct capture;

/* path "-" is standard input. source numbers its frames. 0; -ENOENT, -EACCES, ... or -EBADMSG (no capture), and why
 * in ret_why (at least CAPTURE_WHY_BYTES). */
enum { CAPTURE_WHY_BYTES = 300, CAPTURE_BATCH = 32 };
int capture_open_file(const char *path, uint16_t source, struct capture **ret, char *ret_why);
void capture_close(struct capture *c); /* NULL is fine */

/* Up to most (at most CAPTURE_BATCH) frames; 0 at the end. -EBADMSG: libpcap gave up here (why as above); what came
 * before was whole. */
int capture_read(struct capture *c, struct frame *ret, size_t most, char *ret_why);
/* For a progress bar: bytes of the file read so far, and in all (0: not known, as of a pipe). */
uint64_t capture_position(const struct capture *c, uint64_t *ret_total);

/* libpcap's name and version, for `keyfence version`. */
const char *capture_library(void);

#endif
