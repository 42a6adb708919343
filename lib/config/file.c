/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* O_CLOEXEC, strerrordesc_np */
#include "config/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIRECTORY_ENTRIES = 4096 };

/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
static int open_regular(const char *path, struct stat *ret)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	int r = fstat(fd, ret) < 0      ? -errno
		: S_ISDIR(ret->st_mode) ? -EISDIR
		: S_ISREG(ret->st_mode) ? 0
					: -EINVAL;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

static int read_whole(int fd, uint8_t *into, size_t bytes, size_t *ret)
{
	size_t have = 0;
	while (have < bytes) {
		ssize_t n = read(fd, into + have, bytes - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	*ret = have;
	return 0;
}

int file_read(struct arena *a, const char *path, size_t most, struct span *ret, int64_t *ret_mtime_s)
{
	struct stat st;
	int fd = open_regular(path, &st), r = -EFBIG;
	if (fd < 0)
		return fd;
	if ((uint64_t)st.st_size <= most) {
		uint8_t *bytes = arena_take(a, (size_t)st.st_size + 1);
		size_t n = 0;
		r = bytes != NULL ? read_whole(fd, bytes, (size_t)st.st_size, &n) : -ENOMEM;
		if (r == 0)
			*ret = span_of(bytes, n);
		if (r == 0 && ret_mtime_s != NULL)
			*ret_mtime_s = st.st_mtime;
	}
	close(fd);
	return r;
}

int file_tail(struct arena *a, const char *path, size_t most, struct span *ret)
{
	struct stat st;
	int fd = open_regular(path, &st);
	if (fd < 0)
		return fd;
	size_t bytes = (uint64_t)st.st_size < most ? (size_t)st.st_size : most, n = 0;
	uint8_t *at = arena_take(a, bytes + 1);
	int r = at == NULL                                           ? -ENOMEM
		: lseek(fd, st.st_size - (off_t)bytes, SEEK_SET) < 0 ? -errno
								     : read_whole(fd, at, bytes, &n);
	if (r == 0)
		*ret = span_of(at, n);
	close(fd);
	return r;
}

const char *file_error(int error)
{
	switch (-error) {
	case EISDIR: return "it is a directory";
	case EINVAL: return "it is no regular file";
	case EFBIG: return "it is too large";
	case ENOENT: return "there is no such file";
	}
	const char *said = strerrordesc_np(-error);
	return said != NULL ? said : "the system gives no reason";
}

const char *path_beside(struct arena *a, const char *beside, struct span path)
{
	const char *slash = strrchr(beside, '/');
	size_t head =
		slash != NULL && (path.len == 0 || path.at[0] != '/') ? (size_t)(slash - beside) + 1 : 0;
	char *joined = arena_take(a, head + path.len + 1);
	if (joined == NULL)
		return "";
	memcpy(joined, beside, head);
	if (path.len > 0)
		memcpy(joined + head, path.at, path.len);
	return joined;
}

const char *path_join(struct arena *a, const char *directory, const char *name)
{
	size_t head = strlen(directory), tail = strlen(name) + 1;
	char *joined = arena_take(a, head + 1 + tail);
	if (joined == NULL)
		return "";
	memcpy(joined, directory, head);
	if (head > 0 && directory[head - 1] != '/')
		joined[head++] = '/';
	memcpy(joined + head, name, tail);
	return joined;
}

bool path_is_directory(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int directory_list(struct arena *a, const char *path, const char *ending, const char ***ret,
		   size_t *ret_count)
{
	DIR *dir = opendir(path);
	if (dir == NULL)
		return -errno;
	const char **names = arena_take(a, DIRECTORY_ENTRIES * sizeof *names);
	size_t n = 0, tail = strlen(ending);
	for (struct dirent *d; names != NULL && n < DIRECTORY_ENTRIES && (d = readdir(dir)) != NULL;) {
		size_t len = strlen(d->d_name);
		if (d->d_name[0] != '.' && len > tail && strcmp(d->d_name + len - tail, ending) == 0)
			names[n++] = arena_text(a, d->d_name);
	}
	closedir(dir);
	if (a->failed)
		return -ENOMEM;
	if (n > 0)
		qsort(names, n, sizeof *names, name_order);
	*ret = names, *ret_count = n;
	return 0;
}
