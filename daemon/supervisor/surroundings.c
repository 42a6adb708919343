/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel says of this gateway (rtnetlink(7)), and its resolvers (resolv.conf(5)), as lines for prepare:
 *   local ADDRESS             the gateway's own addresses
 *   prefix INTERFACE PREFIX   a network on that interface, or behind it: local where the interface is an inside one
 *   resolver ADDRESS          who answers names for this gateway, and itself
 *   protect ADDRESS           never blocked: itself, its routers, its resolvers
 * A change is looked at after a moment, since changes come in crowds, and is a reload if the lines are others. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "supervisor/supervisor.h"

enum { ANSWER_BYTES = 32768, LINE_BYTES = 256 };
static const uint64_t LOOK_US = 500000, RETURN_US = 200000;

/* ---- lines ---- */

/* A line that is there already says nothing new: a thousand routes have one router. */
static void put_address(struct text *t, const char *what, const struct address *a)
{
	char text[ADDRESS_TEXT_BYTES], line[LINE_BYTES];
	snprintf(line, sizeof line, "%s %s\n", what, address_text(a, text));
	if (strstr(t->at, line) == NULL)
		text_put(t, line);
}

/* Addresses that say something of this gateway to others: no loopback, no link-local. */
static bool counts(const struct address *a)
{
	enum address_class class = address_class_of(a);
	return class == ADDRESS_GLOBAL || class == ADDRESS_PRIVATE;
}

static void put_own(struct text *t, const struct address *a)
{
	put_address(t, "local", a);
	put_address(t, "resolver", a);
	put_address(t, "protect", a);
}

static void put_prefix(struct text *t, unsigned interface, const struct address *a, unsigned bits)
{
	char name[IF_NAMESIZE], text[ADDRESS_TEXT_BYTES], line[LINE_BYTES];
	if (if_indextoname(interface, name) == NULL)
		return;
	snprintf(line, sizeof line, "prefix %s %s/%u\n", name, address_text(a, text), bits);
	if (strstr(t->at, line) == NULL)
		text_put(t, line);
}

/* ---- rtnetlink ---- */

/* The attribute of this type; no bytes: there is none. */
static struct span find(const void *attributes, size_t bytes, unsigned short type)
{
	const uint8_t *at = attributes;
	struct rtattr a;
	while (bytes >= sizeof a) {
		memcpy(&a, at, sizeof a);
		size_t step = (a.rta_len + 3u) & ~(size_t)3;
		if (a.rta_len < sizeof a || a.rta_len > bytes)
			break;
		if (a.rta_type == type)
			return span_of(at + sizeof a, a.rta_len - sizeof a);
		at += step < bytes ? step : bytes;
		bytes -= step < bytes ? step : bytes;
	}
	return (struct span){ 0 };
}

static struct address network_of(const struct address *a, unsigned bits)
{
	struct prefix p = { *a, (uint8_t)(address_is_v4(a) ? 96 + bits : bits) };
	for (unsigned i = p.bits; i < 128; i++)
		p.at.bytes[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
	return p.at;
}

static void take_address(struct text *t, const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	const void *first = IFA_RTA(m);
	size_t bytes = IFA_PAYLOAD(h);
	struct span own = find(first, bytes, IFA_LOCAL);
	if (own.len == 0)
		own = find(first, bytes, IFA_ADDRESS);
	struct address a = address_from(own);
	if ((own.len != 4 && own.len != 16) || !counts(&a))
		return;
	put_own(t, &a);
	struct address net = network_of(&a, m->ifa_prefixlen);
	put_prefix(t, m->ifa_index, &net, m->ifa_prefixlen);
}

static void take_gateway(struct text *t, struct span gateway)
{
	struct address a = address_from(gateway);
	if ((gateway.len == 4 || gateway.len == 16) && counts(&a))
		put_address(t, "protect", &a);
}

static void take_nexthops(struct text *t, struct span hops)
{
	struct rtnexthop hop;
	const uint8_t *at = hops.at;
	for (size_t left = hops.len; left >= sizeof hop;) {
		memcpy(&hop, at, sizeof hop);
		size_t step = (hop.rtnh_len + 3u) & ~(size_t)3;
		if (hop.rtnh_len < sizeof hop || hop.rtnh_len > left)
			return;
		take_gateway(t, find(at + sizeof hop, hop.rtnh_len - sizeof hop, RTA_GATEWAY));
		at += step < left ? step : left;
		left -= step < left ? step : left;
	}
}

static bool is_ours(const struct rtmsg *m)
{
	return m->rtm_table == RT_TABLE_MAIN && m->rtm_type == RTN_UNICAST;
}

static void take_routers(struct text *t, const struct nlmsghdr *h)
{
	const struct rtmsg *m = NLMSG_DATA(h);
	if (!is_ours(m))
		return;
	take_gateway(t, find(RTM_RTA(m), RTM_PAYLOAD(h), RTA_GATEWAY));
	take_nexthops(t, find(RTM_RTA(m), RTM_PAYLOAD(h), RTA_MULTIPATH));
}

/* What lies behind an interface belongs to it. Private space is local by itself. */
static void take_network(struct text *t, const struct nlmsghdr *h)
{
	const struct rtmsg *m = NLMSG_DATA(h);
	struct span to = find(RTM_RTA(m), RTM_PAYLOAD(h), RTA_DST),
		    out = find(RTM_RTA(m), RTM_PAYLOAD(h), RTA_OIF);
	struct address net = address_from(to);
	uint32_t interface;
	if (!is_ours(m) || m->rtm_dst_len == 0 || (to.len != 4 && to.len != 16) ||
	    out.len != sizeof interface || address_class_of(&net) != ADDRESS_GLOBAL)
		return;
	memcpy(&interface, out.at, sizeof interface);
	put_prefix(t, interface, &net, m->rtm_dst_len);
}

typedef void take_message(struct text *t, const struct nlmsghdr *h);

/* false: there is more to come. */
static bool take_answer(struct text *t, const uint8_t *bytes, size_t n, take_message *take)
{
	const struct nlmsghdr *h = (const void *)bytes;
	for (unsigned left = (unsigned)n; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
			return true;
		take(t, h);
	}
	return false;
}

static void dump(int fd, uint16_t type, struct text *t, take_message *take)
{
	static _Alignas(struct nlmsghdr) uint8_t bytes[ANSWER_BYTES];
	struct {
		struct nlmsghdr h;
		struct rtgenmsg m;
	} ask = { { sizeof ask, type, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { AF_UNSPEC } };
	if (send(fd, &ask, sizeof ask, 0) < 0)
		return;
	for (;;) {
		ssize_t n = recv(fd, bytes, sizeof bytes, 0);
		if (n <= 0 || take_answer(t, bytes, (size_t)n, take))
			return;
	}
}

/* ---- resolv.conf ---- */

static bool read_resolvers(const char *path, struct text *t)
{
	char line[LINE_BYTES];
	bool stub = false;
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return false;
	while (fgets(line, sizeof line, f) != NULL) {
		char at[64];
		struct address a;
		if (sscanf(line, "nameserver %63[^ \t\n%%]", at) != 1 || !address_parse(span_text(at), &a))
			continue;
		stub |= address_class_of(&a) == ADDRESS_LOOPBACK;
		if (!counts(&a))
			continue;
		put_address(t, "resolver", &a);
		put_address(t, "protect", &a);
	}
	fclose(f);
	return stub;
}

/* What is needed most comes first: what does not fit goes as whole lines, and is said. */
size_t surroundings_read(char *ret, size_t room)
{
	struct text t = text_in(ret, room);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd >= 0)
		dump(fd, RTM_GETADDR, &t, take_address);
	if (read_resolvers("/etc/resolv.conf", &t)) /* a stub on this machine asks others */
		read_resolvers("/run/systemd/resolve/resolv.conf", &t);
	if (fd >= 0) {
		dump(fd, RTM_GETROUTE, &t, take_routers);
		dump(fd, RTM_GETROUTE, &t, take_network);
		close(fd);
	}
	char *last = strrchr(ret, '\n');
	if (t.cut) {
		ret[last != NULL ? last + 1 - ret : 0] = '\0';
		say("more than %zu bytes of routes: some networks behind interfaces are left out; name them "
		    "under `local`",
		    room);
	}
	return strlen(ret);
}

/* ---- interfaces ---- */

static bool is_up(const char *name)
{
	struct ifreq r = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
	bool up = ioctl(fd, SIOCGIFFLAGS, &r) == 0 && r.ifr_flags & IFF_UP;
	close(fd);
	return up;
}

static int hear_return(sd_event_source *source, uint64_t at_us, void *supervisor)
{
	struct supervisor *s = supervisor;
	struct child *inspect = child_running(s, PROCESS_INSPECT);
	(void)source, (void)at_us;
	for (size_t i = 0; inspect != NULL && i < s->held.book.count[BOOK_CAPTURE] && i < 32; i++) {
		const char *name = book_string(&s->held.book, book_capture(&s->held.book, i)->interface);
		if (!(s->gone >> i & 1) || !is_up(name))
			continue;
		say("interface %s is there again: inspect starts anew", name);
		s->gone = 0;
		message_send(inspect->link, VERB_STOP, NULL, -1);
	}
	return 0;
}

/* Not at once: it may come back and go a few times. */
void surroundings_missed(struct supervisor *s)
{
	if (s->gone != 0)
		call_later(s, &s->return_due, RETURN_US, hear_return, s);
}

/* ---- notices ---- */

static int look_again(sd_event_source *source, uint64_t at_us, void *supervisor)
{
	static char lines[LINES_BYTES];
	struct supervisor *s = supervisor;
	(void)source, (void)at_us;
	surroundings_read(lines, sizeof lines);
	if (strcmp(lines, s->lines) == 0)
		return 0;
	say("addresses, routes or resolvers have changed");
	reload_start(s, 0);
	return 0;
}

static int hear_notice(sd_event_source *source, int fd, uint32_t events, void *supervisor)
{
	static uint8_t bytes[ANSWER_BYTES];
	struct supervisor *s = supervisor;
	(void)source, (void)events;
	while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		; /* what it says is read anew from the kernel, so that a lost notice is no loss */
	surroundings_missed(s);
	call_later(s, &s->look_due, LOOK_US, look_again, s);
	return 0;
}

int surroundings_open(struct supervisor *s)
{
	struct sockaddr_nl at = { .nl_family = AF_NETLINK,
				  .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
					       RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE };
	s->notices = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (s->notices < 0 || bind(s->notices, (struct sockaddr *)&at, sizeof at) < 0)
		return -errno;
	return sd_event_add_io(s->event, NULL, s->notices, EPOLLIN, hear_notice, s);
}
