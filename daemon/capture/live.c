/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "capture/live.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The arena holds a few of the largest frames and hundreds of usual ones, whose front stays in the cache. */
enum { HAND_OVER_MS = 1, ARENA_FRAMES = 8, ARENA_BYTES = ARENA_FRAMES * LIVE_FRAME_BYTES, LOSS_FILES = 2 };

struct live {
	pcap_t *pcap;
	int fd, index;
	char name[IFNAMSIZ]; /* that it had when it was opened */
	uint16_t source, linktype;
	int ended; /* 0, or -errno */
	int loss_file[LOSS_FILES];
	uint64_t loss_began[LOSS_FILES];
	struct live_counters counters;
	/* The batch that is being read. */
	struct frame *frames;
	size_t count, used;
	uint8_t arena[ARENA_BYTES];
};

static int say_why(char *ret_why, int error, const char *what)
{
	snprintf(ret_why, CAPTURE_WHY_BYTES, "%.250s", what[0] != '\0' ? what : strerror(-error));
	return error;
}

/* ---- opening ---- */

static int error_of(int status)
{
	switch (status) {
	case PCAP_ERROR_NO_SUCH_DEVICE: return -ENODEV;
	case PCAP_ERROR_IFACE_NOT_UP: return -ENETDOWN;
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED: return -EPERM;
	default: return -EIO;
	}
}

/* libpcap opens more than interfaces (any, nflog, usbmon, ...), which no side of a gateway is. */
static int activate(struct live *l, const struct live_options *o, char *ret_why)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	l->index = (int)if_nametoindex(o->interface);
	snprintf(l->name, sizeof l->name, "%s", o->interface);
	if (l->index == 0)
		return say_why(ret_why, -ENODEV, "");
	l->pcap = pcap_create(o->interface, why);
	if (l->pcap == NULL)
		return say_why(ret_why, -EIO, why);
	pcap_set_snaplen(l->pcap, LIVE_FRAME_BYTES);
	pcap_set_timeout(l->pcap, HAND_OVER_MS);
	pcap_set_promisc(l->pcap, o->promiscuous);
	pcap_set_buffer_size(l->pcap, (int)o->ring_bytes);
	int status = pcap_activate(l->pcap);
	if (status < 0) {
		int error = error_of(status);
		return say_why(ret_why, error, error == -EIO ? pcap_geterr(l->pcap) : "");
	}
	if (pcap_setnonblock(l->pcap, 1, why) < 0)
		return say_why(ret_why, -EIO, why);
	l->fd = pcap_fileno(l->pcap);
	l->linktype = (uint16_t)pcap_datalink(l->pcap);
	return 0;
}

static int lock_filter(struct live *l, char *ret_why)
{
	struct bpf_program program;
	int on = 1;
	if (pcap_compile(l->pcap, &program, "", 1, PCAP_NETMASK_UNKNOWN) < 0)
		return say_why(ret_why, -EIO, pcap_geterr(l->pcap));
	int r = pcap_setfilter(l->pcap, &program);
	pcap_freecode(&program);
	if (r < 0)
		return say_why(ret_why, -EIO, pcap_geterr(l->pcap));
	if (setsockopt(l->fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on) < 0)
		return say_why(ret_why, -errno, "");
	return 0;
}

/* ---- what the driver lost ---- */

/* A file of sysfs is written anew when it is read from its beginning. */
static uint64_t number_in(int fd)
{
	char text[32];
	ssize_t n = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : -1;
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtoull(text, NULL, 10);
}

static void open_loss_files(struct live *l, const char *interface)
{
	static const char *const names[LOSS_FILES] = { "rx_missed_errors", "rx_fifo_errors" };
	char path[128];
	for (size_t i = 0; i < LOSS_FILES; i++) {
		snprintf(path, sizeof path, "/sys/class/net/%.*s/statistics/%s", IFNAMSIZ, interface,
			 names[i]);
		l->loss_file[i] = open(path, O_RDONLY | O_CLOEXEC);
		l->loss_began[i] = number_in(l->loss_file[i]);
	}
}

/* A gone interface has no numbers any more: then what was read last stays. */
static void count_loss(struct live *l)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < LOSS_FILES; i++) {
		uint64_t now = number_in(l->loss_file[i]);
		sum += now > l->loss_began[i] ? now - l->loss_began[i] : 0;
	}
	if (sum > l->counters.by_interface)
		l->counters.by_interface = sum;
}

int live_open(const struct live_options *o, struct live **ret, char *ret_why)
{
	struct live *l = calloc(1, sizeof *l);
	if (l == NULL)
		return say_why(ret_why, -ENOMEM, "");
	l->source = o->source;
	l->loss_file[0] = l->loss_file[1] = -1;
	int r = activate(l, o, ret_why);
	if (r == 0)
		r = lock_filter(l, ret_why);
	if (r < 0) {
		live_close(l);
		return r;
	}
	open_loss_files(l, o->interface);
	*ret = l;
	return 0;
}

void live_close(struct live *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < LOSS_FILES; i++)
		if (l->loss_file[i] >= 0)
			close(l->loss_file[i]);
	if (l->pcap != NULL)
		pcap_close(l->pcap);
	free(l);
}

int live_fd(const struct live *l)
{
	return l->fd;
}

/* ---- reading ---- */

/* The ring's block may be the kernel's again as soon as its last frame was seen, so the bytes move to the arena. */
static void keep_frame(u_char *live, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct live *l = (struct live *)(void *)live;
	size_t n = h->caplen < LIVE_FRAME_BYTES ? h->caplen : LIVE_FRAME_BYTES;
	uint8_t *room = l->arena + l->used;
	memcpy(room, bytes, n);
	l->used += (n + 7) & ~(size_t)7;
	l->frames[l->count++] =
		(struct frame){ .bytes = span_of(room, n),
				.at_us = (uint64_t)h->ts.tv_sec * 1000000 + (uint64_t)h->ts.tv_usec,
				.wire_bytes = h->len,
				.linktype = l->linktype,
				.source = l->source };
}

/* By its number, whatever it is called by now. */
static short flags_of(const struct live *l, char ret_name[IFNAMSIZ])
{
	struct ifreq r = { .ifr_ifindex = l->index };
	if (ioctl(l->fd, SIOCGIFNAME, &r) < 0)
		return 0;
	memcpy(ret_name, r.ifr_name, IFNAMSIZ);
	return ioctl(l->fd, SIOCGIFFLAGS, &r) < 0 ? 0 : r.ifr_flags;
}

/* The index that the socket is bound to is -1 once its interface was taken away (packet(7)). */
static bool is_gone(const struct live *l)
{
	struct sockaddr_ll at = { 0 };
	socklen_t bytes = sizeof at;
	return getsockname(l->fd, (struct sockaddr *)&at, &bytes) < 0 || at.sll_ifindex != l->index;
}

/* libpcap asks for an interface by the name that it had, and takes one that was renamed and then went down for gone. */
static int why_ended(const struct live *l)
{
	char name[IFNAMSIZ] = "";
	if (is_gone(l))
		return -ENODEV;
	bool up = flags_of(l, name) & IFF_UP;
	return up && strncmp(name, l->name, IFNAMSIZ) == 0 ? -EIO : 0;
}

int live_read(struct live *l, struct frame *ret, size_t most)
{
	l->frames = ret;
	l->count = l->used = 0;
	most = most < LIVE_BATCH ? most : LIVE_BATCH;
	while (l->count < most && l->ended == 0) {
		size_t fit = (ARENA_BYTES - l->used) / LIVE_FRAME_BYTES, want = most - l->count;
		if (fit == 0)
			break;
		int asked = (int)(want < fit ? want : fit);
		int n = pcap_dispatch(l->pcap, asked, keep_frame, (u_char *)l);
		if (n < 0)
			l->ended = why_ended(l);
		if (n < asked)
			break;
	}
	l->counters.received += l->count;
	return l->count > 0 ? (int)l->count : l->ended;
}

int live_state(struct live *l)
{
	enum { RUNS = IFF_UP | IFF_RUNNING };
	char name[IFNAMSIZ];
	if (is_gone(l))
		return -ENODEV;
	return (flags_of(l, name) & RUNS) == RUNS;
}

/* Reading the kernel's counts sets them to zero, so nobody else may. */
void live_count(struct live *l, struct live_counters *ret)
{
	struct tpacket_stats_v3 s = { 0 };
	socklen_t bytes = sizeof s;
	if (getsockopt(l->fd, SOL_PACKET, PACKET_STATISTICS, &s, &bytes) == 0)
		l->counters.dropped += s.tp_drops;
	count_loss(l);
	*ret = l->counters;
}
