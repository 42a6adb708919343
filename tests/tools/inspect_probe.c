/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyfence-inspect as somebody who took it over at the first packet would have it: the engine's place is taken
 * (-Wl,--wrap=engine_batch) by an attempt at something forbidden, named by PROBE. It ends where the fences do their work; the liar is ended by the supervisor. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include "message.h"

size_t __wrap_engine_batch(struct engine *e, const struct frame *frames, size_t n);

/* Something that is no message, to everybody but the supervisor. */
static void lie(void)
{
	char garbage[] = "no message";
	struct iovec part = { garbage, sizeof garbage };
	struct msghdr h = { .msg_iov = &part, .msg_iovlen = 1 };
	for (int fd = LINK_SUPERVISOR + 1; fd < 32; fd++)
		sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
}

size_t __wrap_engine_batch(struct engine *e, const struct frame *frames, size_t n)
{
	static char *const none[] = { NULL };
	const char *what = getenv("PROBE");
	(void)e, (void)frames;
	if (what == NULL)
		return n;
	if (strcmp(what, "lie") == 0) {
		lie();
		return n;
	}
	if (strcmp(what, "open") == 0)
		open("/etc/passwd", O_RDONLY);
	else if (strcmp(what, "socket") == 0)
		socket(AF_INET, SOCK_STREAM, 0);
	else if (strcmp(what, "execve") == 0)
		execve("/bin/true", none, none);
	else if (strcmp(what, "ptrace") == 0)
		ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
	fprintf(stderr, "probe: %s came back\n", what);
	_exit(1);
}
