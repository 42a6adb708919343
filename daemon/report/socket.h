/* SPDX-License-Identifier: GPL-3.0-or-later */
/* socket: what the transports over sockets share. */
#ifndef KEYFENCE_REPORT_SOCKET_H
#define KEYFENCE_REPORT_SOCKET_H

#include <sys/socket.h>

#include "report/output.h"

int socket_send(struct output *o);                            /* as struct transport has it */
int socket_check(struct output *o, uint64_t *ret_unread);
socklen_t socket_address(const struct output *o, struct sockaddr_storage *ret); /* where it goes */

#endif
