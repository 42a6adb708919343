/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "capture/plain.h"

#include <unistd.h>

enum { FILE_HEADER = 24, VERSION_MAJOR = 2, VERSION_MINOR = 4 };
static const uint32_t MICROSECONDS = 0xA1B2C3D4, NANOSECONDS = 0xA1B23C4D;

/* As they stand in memory. */
struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t reserved[2], snap_bytes, linktype;
};
_Static_assert(sizeof(struct file_header) == FILE_HEADER, "no padding");

bool plain_open(struct plain *p, FILE *file, uint32_t most_bytes, uint8_t *room, size_t room_bytes)
{
	struct file_header h;
	off_t behind = ftello(file);
	int fd = fileno(file);
	if (behind < FILE_HEADER || pread(fd, &h, sizeof h, behind - FILE_HEADER) != FILE_HEADER)
		return false;
	if ((h.magic != MICROSECONDS && h.magic != NANOSECONDS) || h.major != VERSION_MAJOR ||
	    h.minor != VERSION_MINOR)
		return false;
	*p = (struct plain){ .fd = fd,
			     .most_bytes = most_bytes,
			     .nanoseconds = h.magic == NANOSECONDS,
			     .room = room,
			     .room_bytes = room_bytes,
			     .at = (uint64_t)behind };
	return true;
}

void plain_fill(struct plain *p)
{
	size_t left = p->filled - p->next;
	if (left > 0)
		memmove(p->room, p->room + p->next, left);
	p->at += p->next;
	p->next = 0;
	p->filled = left;
	ssize_t n = pread(p->fd, p->room + left, p->room_bytes - left, (off_t)(p->at + left));
	if (n > 0)
		p->filled += (size_t)n;
}

uint64_t plain_position(const struct plain *p)
{
	return p->at + p->next;
}
