/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "enforce/kernel.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

enum { ANSWER_BYTES = 1024, ANSWERS_MOST = 4096 };

static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

static int send_all(int socket, const void *bytes, size_t len)
{
	ssize_t n;
	do
		n = sendto(socket, bytes, len, MSG_DONTWAIT, (const struct sockaddr *)&kernel, sizeof kernel);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (size_t)n == len ? 0 : -EIO;
}

/* One answer: its sequence number and error (0: done). A longer one is cut: what counts stands in front. */
static int receive(int socket, uint32_t *ret_sequence, int *ret_error)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr body;
		uint8_t rest[ANSWER_BYTES];
	} answer;
	struct sockaddr_nl from = { 0 };
	socklen_t len = sizeof from;
	ssize_t n;
	do
		n = recvfrom(socket, &answer, sizeof answer, MSG_DONTWAIT, (struct sockaddr *)&from, &len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	*ret_sequence = 0;
	if ((size_t)n < NLMSG_LENGTH(sizeof answer.body) || answer.head.nlmsg_type != NLMSG_ERROR ||
	    from.nl_pid != 0)
		return 0;
	*ret_sequence = answer.head.nlmsg_seq;
	*ret_error = answer.body.error;
	return 0;
}

int kernel_ask(int socket, const void *bytes, size_t len, uint32_t first, uint32_t last, uint32_t *ret_place)
{
	bool answered = false;
	int first_error = 0, r = send_all(socket, bytes, len);
	*ret_place = UINT32_MAX;
	if (r < 0)
		return r;
	for (size_t i = 0; !answered && i < ANSWERS_MOST; i++) {
		uint32_t sequence = 0;
		int error = 0;
		r = receive(socket, &sequence, &error);
		if (r == -EAGAIN)
			break;
		if (r < 0 || sequence + 1 < first ||
		    sequence > last) /* first - 1: the batch itself; earlier: an old answer */
			continue; /* ENOBUFS: there were more errors than room, and the first ones are to come */
		answered = sequence == last;
		if (error == 0 || first_error != 0)
			continue;
		first_error = error;
		*ret_place = sequence >= first ? sequence - first : UINT32_MAX;
	}
	return first_error != 0 ? first_error : answered ? 0 : -EIO;
}

int kernel_prepare(int socket, uint32_t *ret_port)
{
	struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof own;
	int on = 1;
	setsockopt(socket, SOL_NETLINK, NETLINK_CAP_ACK, &on,
		   sizeof on); /* else answers repeat the question: cut, too */
	if (getsockname(socket, (struct sockaddr *)&own, &len) < 0)
		return -errno;
	if (own.nl_family != AF_NETLINK)
		return -ENOTSOCK;
	if (own.nl_pid == 0 && bind(socket, (struct sockaddr *)&own, sizeof own) < 0)
		return -errno;
	len = sizeof own;
	if (getsockname(socket, (struct sockaddr *)&own, &len) < 0)
		return -errno;
	*ret_port = own.nl_pid;
	return 0;
}

int kernel_listen(int socket)
{
	int group = NFNLGRP_NFTABLES;
	return setsockopt(socket, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0 ? -errno : 0;
}
