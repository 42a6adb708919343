/* SPDX-License-Identifier: GPL-3.0-or-later */
/* control: the wire form between `keyfence` and the daemon, over a SOCK_STREAM socket at RUNTIME_DIRECTORY/control.sock: one
 * request of fixed size, one head of fixed size, then `bytes` of text (lines, of JSON if asked for so), then the end.
 * Host order; both ends are of one host. Texts in answers are clean: they may go to a terminal as they are. */
#ifndef KEYFENCE_DAEMON_CONTROL_H
#define KEYFENCE_DAEMON_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONTROL_MAGIC = 0x4B464331, CONTROL_BYTES_MOST = 1 << 20 }; /* "KFC1" */
enum control_verb {
	CONTROL_STATUS = 1, CONTROL_FLOWS, CONTROL_MEETINGS, CONTROL_BLOCKS,
	CONTROL_UNBLOCK, CONTROL_PAUSE, CONTROL_RESUME, CONTROL_RELOAD, /* from here on: root and the daemon's user */
	CONTROL_VERBS,
};
enum { CONTROL_JSON = 1, CONTROL_COLOUR = 2 };

struct control_request {
	uint32_t magic, verb, flags, zero;
	uint64_t argument; /* unblock: the block's number, 0 all; pause: seconds, 0 until resumed */
};
struct control_head {
	uint32_t magic, bytes;
	int32_t status; /* the exit status of the caller */
	uint32_t zero;
};

/* A request as a stranger sent it: magic, verb, flags and zeros are right. */
bool control_request_sound(const struct control_request *q);
bool control_changes(uint32_t verb);
/* Connects to the daemon's socket. A descriptor, or -errno. folder NULL: the environment's RUNTIME_DIRECTORY, else
 * /run/keyfence. */
int control_connect(const char *folder);
/* Asks and waits, at most timeout_ms. *ret_text: free() it; ends in NUL. 0 or -errno (-EPROTO: no answer of ours). */
int control_ask(int fd, const struct control_request *q, int timeout_ms, struct control_head *ret, char **ret_text);
/* RUNTIME_DIRECTORY's first folder, or /run/keyfence; and so for others. */
const char *control_folder(const char *variable, const char *otherwise, char *ret, size_t bytes);

#endif
