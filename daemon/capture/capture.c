/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "capture/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/plain.h"

/* FRAME_BYTES is libpcap's own bound for every link type that anything decodes; longer frames are cut to it. The arena
 * holds two: a batch ends early rather than that the next frame might not fit. */
enum { FRAME_BYTES = 262144, ARENA_BYTES = 2 * FRAME_BYTES, READ_BYTES = 65536 };
static const int64_t LAST_S = 253402300799; /* the end of the year 9999: what a date can say */

struct capture {
	pcap_t *pcap;        /* owns the FILE */
	uint64_t all_bytes;  /* 0: not a regular file */
	uint64_t read_bytes; /* captured bytes so far: the position where the file has none */
	uint16_t source, linktype;
	bool is_plain; /* read through plain, so far */
	struct plain plain;
	int ended; /* 0, or 1 at the end, or -EBADMSG with why */
	char why[CAPTURE_WHY_BYTES];
	char buffer[READ_BYTES];
	uint8_t arena[ARENA_BYTES];
};

static void say(char *ret_why, const char *what, const char *detail)
{
	bool bracket = detail[0] != '\0';
	snprintf(ret_why, CAPTURE_WHY_BYTES, "%s%s%.200s%s", what, bracket ? " (" : "", detail,
		 bracket ? ")" : "");
}

static int say_error(char *ret_why, int error)
{
	say(ret_why, strerror(error), "");
	return -error;
}

/* People hand over what their collector compressed: say so, instead of "unknown file format". */
static const char *compression_of(int fd)
{
	static const struct {
		const char *name;
		size_t bytes;
		uint8_t magic[6];
	} rows[] = {
		{ "gzip", 2, { 0x1F, 0x8B } },
		{ "zstd", 4, { 0x28, 0xB5, 0x2F, 0xFD } },
		{ "xz", 6, { 0xFD, '7', 'z', 'X', 'Z', 0 } },
		{ "bzip2", 3, { 'B', 'Z', 'h' } },
	};
	uint8_t front[6] = { 0 };
	if (pread(fd, front, sizeof front, 0) <= 0) /* a pipe cannot go back */
		return NULL;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (memcmp(front, rows[i].magic, rows[i].bytes) == 0)
			return rows[i].name;
	return NULL;
}

static const char *not_a_file(int fd, const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return "this is a directory, not a capture";
	if (isatty(fd))
		return "this is a terminal, not a capture";
	return S_ISREG(st->st_mode) && st->st_size == 0 ? "this file is empty, no capture" : NULL;
}

/* The descriptor and what kind of file it is; standard input is duplicated, so that closing is the same for
 * all. */
static int open_descriptor(const char *path, struct stat *ret_st, char *ret_why)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, ret_st) < 0) {
		int error = errno;
		if (fd >= 0)
			close(fd);
		return say_error(ret_why, error);
	}
	const char *what = not_a_file(fd, ret_st);
	if (what == NULL)
		return fd;
	close(fd);
	say(ret_why, what, "");
	return S_ISDIR(ret_st->st_mode) ? -EISDIR : -EBADMSG;
}

/* Takes fd over, also when it fails. */
static int start_reading(struct capture *c, int fd, char *ret_why)
{
	FILE *file = fdopen(fd, "rb");
	if (file == NULL) {
		int error = errno;
		close(fd);
		return say_error(ret_why, error);
	}
	setvbuf(file, c->buffer, _IOFBF, sizeof c->buffer);
	char pcap_why[PCAP_ERRBUF_SIZE] = "";
	c->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_MICRO, pcap_why);
	if (c->pcap != NULL)
		return 0;
	const char *compression = compression_of(fd);
	if (compression != NULL)
		say(ret_why, "this is no capture but a compressed file: unpack it first", compression);
	else
		say(ret_why, "this is no capture that libpcap can read", pcap_why);
	fclose(file);
	return -EBADMSG;
}

/* Of others libpcap changes what it reads, or allows more than the arena holds. */
static bool is_plain_link(uint16_t linktype)
{
	return linktype == DLT_EN10MB || linktype == DLT_LINUX_SLL || linktype == DLT_LINUX_SLL2 ||
	       linktype == DLT_RAW;
}

/* Behind it libpcap itself cuts, or gives up. */
static uint32_t frame_most(pcap_t *pcap)
{
	int snap_bytes = pcap_snapshot(pcap);
	return snap_bytes > 0 && snap_bytes < FRAME_BYTES ? (uint32_t)snap_bytes : FRAME_BYTES;
}

int capture_open_file(const char *path, uint16_t source, struct capture **ret, char *ret_why)
{
	struct stat st;
	int fd = open_descriptor(path, &st, ret_why);
	if (fd < 0)
		return fd;
	struct capture *c = calloc(1, sizeof *c);
	if (c == NULL) {
		close(fd);
		return say_error(ret_why, ENOMEM);
	}
	int r = start_reading(c, fd, ret_why);
	if (r < 0) {
		capture_close(c);
		return r;
	}
	c->source = source;
	c->linktype = (uint16_t)pcap_datalink(c->pcap);
	c->all_bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	c->is_plain = c->all_bytes > 0 && is_plain_link(c->linktype) &&
		      plain_open(&c->plain, pcap_file(c->pcap), frame_most(c->pcap), c->arena, ARENA_BYTES);
	*ret = c;
	return 0;
}

void capture_close(struct capture *c)
{
	if (c == NULL)
		return;
	if (c->pcap != NULL)
		pcap_close(c->pcap);
	free(c);
}

/* Hostile stamps lie before 1970, behind every date, or have more microseconds than a second. */
static inline uint64_t time_of(int64_t s, int64_t us)
{
	if (s < 0)
		return 0;
	uint64_t whole = (uint64_t)(s < LAST_S ? s : LAST_S) * 1000000;
	if ((uint64_t)us > 999999)
		us = us < 0 ? 0 : 999999;
	return whole + (uint64_t)us;
}

/* libpcap reuses its buffer for the next packet, so the bytes move to the arena. */
static size_t take_frame(struct capture *c, const struct pcap_pkthdr *h, const uint8_t *bytes, uint8_t *room,
			 struct frame *ret)
{
	size_t n = h->caplen < FRAME_BYTES ? h->caplen : FRAME_BYTES;
	if (n > 0)
		memcpy(room, bytes, n);
	*ret = (struct frame){ .bytes = span_of(room, n),
			       .at_us = time_of(h->ts.tv_sec, h->ts.tv_usec),
			       .wire_bytes = h->len,
			       .linktype = c->linktype,
			       .source = c->source };
	return n;
}

/* True if there was one more; else how it ended is in c. */
static bool next_packet(struct capture *c, struct pcap_pkthdr **ret_h, const uint8_t **ret_bytes)
{
	int r = c->ended == 0 ? pcap_next_ex(c->pcap, ret_h, ret_bytes) : 0;
	if (r == 1)
		return true;
	if (c->ended == 0) {
		c->ended = r == PCAP_ERROR_BREAK ? 1 : -EBADMSG;
		say(c->why, pcap_geterr(c->pcap), "");
	}
	return false;
}

static size_t read_plain(struct capture *c, struct frame *ret, size_t most)
{
	struct plain_record r;
	size_t count = 0;
	while (count < most && count < CAPTURE_BATCH && plain_take(&c->plain, &r))
		ret[count++] = (struct frame){ .bytes = r.bytes,
					       .at_us = time_of(r.seconds, r.microseconds),
					       .wire_bytes = r.wire_bytes,
					       .linktype = c->linktype,
					       .source = c->source };
	return count;
}

/* Frames that need no libpcap; 0: it reads on, from where they end. */
static size_t try_plain(struct capture *c, struct frame *ret, size_t most)
{
	size_t count = read_plain(c, ret, most);
	if (count > 0 || most == 0)
		return count;
	plain_fill(&c->plain);
	count = read_plain(c, ret, most);
	if (count > 0)
		return count;
	c->is_plain = false;
	c->read_bytes = plain_position(&c->plain);
	if (fseeko(pcap_file(c->pcap), (off_t)c->read_bytes, SEEK_SET) < 0) {
		c->ended = -EBADMSG;
		say(c->why, strerror(errno), "");
	}
	return 0;
}

int capture_read(struct capture *c, struct frame *ret, size_t most, char *ret_why)
{
	struct pcap_pkthdr *h;
	const uint8_t *bytes;
	size_t count = c->is_plain ? try_plain(c, ret, most) : 0, used = 0;
	while (count < most && count < CAPTURE_BATCH && !c->is_plain && ARENA_BYTES - used >= FRAME_BYTES) {
		if (!next_packet(c, &h, &bytes))
			break;
		used += take_frame(c, h, bytes, c->arena + used, &ret[count++]);
	}
	c->read_bytes += used;
	if (count > 0 || most == 0 || c->ended >= 0)
		return (int)count;
	say(ret_why, c->why, "");
	return c->ended;
}

uint64_t capture_position(const struct capture *c, uint64_t *ret_total)
{
	if (c->is_plain) {
		*ret_total = c->all_bytes;
		return plain_position(&c->plain);
	}
	off_t at = c->all_bytes > 0 ? ftello(pcap_file(c->pcap)) : -1;
	*ret_total = c->all_bytes;
	return at >= 0 ? (uint64_t)at : c->read_bytes;
}

const char *capture_library(void)
{
	return pcap_lib_version();
}
