/* SPDX-License-Identifier: GPL-3.0-or-later */
/* startup: what every process that the supervisor starts does first. */
#ifndef KEYFENCE_DAEMON_STARTUP_H
#define KEYFENCE_DAEMON_STARTUP_H

/* The socket that was given at this descriptor, close-on-exec from now on; -1: none was. */
int startup_link(int fd);
/* SIGTERM, SIGINT and SIGHUP come through the returned signalfd(2), non-blocking; SIGPIPE not at all. -1: errno says why. */
int startup_signals(void);

#endif
