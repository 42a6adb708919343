/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* O_NOFOLLOW, O_DIRECTORY */
#include "enforce/elements.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/siphash.h"

enum { RECORDS_AT_ONCE = 64 };
static const char mirror_name[] = "blocks";
struct record {
	struct element element;
	uint64_t sum;
};

struct element_key element_key_of(const struct message_block *b)
{
	return (struct element_key){ b->client, b->server, b->server_port, b->proto, 0 };
}

/* ---- by key: open addressing, half full at most ---- */

static size_t home_of(const struct elements *e, const struct element_key *key)
{
	return siphash13(e->hash_key, key, sizeof *key) & e->index_mask;
}

static size_t place_of(const struct elements *e, const struct element_key *key)
{
	size_t i = home_of(e, key);
	while (e->index[i] != 0 && memcmp(&e->at[e->index[i] - 1].key, key, sizeof *key) != 0)
		i = (i + 1) & e->index_mask;
	return i;
}

/* Closes the gap: what stands behind it moves up, unless it is already at or behind its home. */
static void index_remove(struct elements *e, size_t gap)
{
	size_t i = gap;
	for (;;) {
		i = (i + 1) & e->index_mask;
		if (e->index[i] == 0)
			break;
		size_t home = home_of(e, &e->at[e->index[i] - 1].key);
		if (((i - home) & e->index_mask) >= ((i - gap) & e->index_mask)) {
			e->index[gap] = e->index[i];
			gap = i;
		}
	}
	e->index[gap] = 0;
}

struct element *elements_find(const struct elements *e, const struct element_key *key)
{
	uint32_t slot = e->index[place_of(e, key)];
	return slot != 0 ? &e->at[slot - 1] : NULL;
}

struct element *elements_by_number(const struct elements *e, uint64_t number)
{
	for (size_t i = 0; i < e->capacity; i++)
		if (e->at[i].number == number && element_stands(&e->at[i]))
			return &e->at[i];
	return NULL;
}

/* ---- the mirror ---- */

static uint64_t sum_of(const struct elements *e, const struct record *r)
{
	return siphash13(e->boot, &r->element, sizeof r->element);
}

/* A write that fails costs the mirror's truth, never the fence: the record is overwritten at its next change. */
static void mirror_write(const struct elements *e, const struct element *of)
{
	struct record r;
	if (e->mirror < 0)
		return;
	memset(&r, 0, sizeof r);
	memcpy(&r.element, of, sizeof *of);
	r.sum = sum_of(e, &r);
	ssize_t n = pwrite(e->mirror, &r, sizeof r, (off_t)((size_t)(of - e->at) * sizeof r));
	(void)n;
}

/* The highest number is kept though its element is gone, so that no number is given twice. */
static void take_record(struct elements *e, size_t slot, const struct record *r)
{
	struct element_key key = element_key_of(&r->element.first);
	struct element *at = &e->at[slot];
	if (r->element.number == 0 || r->sum != sum_of(e, r))
		return;
	*at = r->element;
	if (at->number >= e->next_number)
		e->next_number = at->number + 1;
	if (memcmp(&key, &at->key, sizeof key) != 0 || elements_find(e, &key) != NULL)
		at->until_us = 0;
	if (!element_stands(at))
		return;
	e->index[place_of(e, &key)] = (uint32_t)slot + 1;
	e->count++;
}

static void read_records(struct elements *e)
{
	struct record some[RECORDS_AT_ONCE];
	for (size_t slot = 0; slot < e->capacity; slot += RECORDS_AT_ONCE) {
		size_t n = e->capacity - slot < RECORDS_AT_ONCE ? e->capacity - slot : RECORDS_AT_ONCE;
		ssize_t got = pread(e->mirror, some, n * sizeof *some, (off_t)(slot * sizeof *some));
		for (size_t i = 0; got > 0 && i < (size_t)got / sizeof *some; i++)
			take_record(e, slot + i, &some[i]);
	}
}

static void mirror_read(struct elements *e)
{
	read_records(e);
	e->free_count = 0;
	for (size_t slot = e->capacity; slot-- > 0;) /* so that the lowest free slot is the next */
		if (!element_stands(&e->at[slot]))
			e->free[e->free_count++] = (uint32_t)slot;
}

static int open_file(const char *folder, size_t bytes)
{
	struct stat st;
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	int fd = openat(dir, mirror_name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : 0;
	close(dir);
	if (r == 0 &&
	    (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1))
		r = -EPERM; /* somebody else's, or another name of something else */
	if (r == 0)
		r = -posix_fallocate(fd, 0, (off_t)bytes);
	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
}

int elements_open_mirror(struct elements *e, const char *folder, const uint64_t boot[2])
{
	int fd = open_file(folder, e->capacity * sizeof(struct record));
	if (fd < 0)
		return fd;
	e->mirror = fd;
	memcpy(e->boot, boot, sizeof e->boot);
	mirror_read(e);
	return 0;
}

/* ---- elements ---- */

int elements_new(size_t capacity, const uint64_t hash_key[2], struct elements *ret)
{
	size_t places = 2;
	while (places < 2 * capacity)
		places *= 2;
	*ret = (struct elements){
		.capacity = capacity, .index_mask = places - 1, .next_number = 1, .mirror = -1
	};
	memcpy(ret->hash_key, hash_key, sizeof ret->hash_key);
	ret->at = calloc(capacity, sizeof *ret->at);
	ret->index = calloc(places, sizeof *ret->index);
	ret->free = calloc(capacity, sizeof *ret->free);
	if (ret->at == NULL || ret->index == NULL || ret->free == NULL) {
		free(ret->at);
		free(ret->index);
		free(ret->free);
		return -ENOMEM;
	}
	while (ret->free_count < capacity) {
		ret->free[ret->free_count] = (uint32_t)(capacity - 1 - ret->free_count);
		ret->free_count++;
	}
	return 0;
}

struct element *elements_add(struct elements *e, const struct message_block *first, uint64_t now_us,
			     uint64_t until_us)
{
	uint32_t slot = e->free[--e->free_count];
	struct element *n = &e->at[slot];
	memset(n, 0, sizeof *n);
	n->number = e->next_number++;
	n->until_us = until_us;
	n->applied_us = now_us;
	n->key = element_key_of(first);
	n->first = *first;
	e->index[place_of(e, &n->key)] = slot + 1;
	e->count++;
	mirror_write(e, n);
	return n;
}

void elements_extend(struct elements *e, struct element *of, uint64_t until_us)
{
	of->until_us = until_us;
	mirror_write(e, of);
}

void elements_remove(struct elements *e, struct element *of)
{
	index_remove(e, place_of(e, &of->key));
	e->free[e->free_count++] = (uint32_t)(of - e->at);
	e->count--;
	of->until_us = 0;
	mirror_write(e, of);
}
