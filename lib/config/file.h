/* SPDX-License-Identifier: GPL-3.0-or-later */
/* file: whole files into memory, never blocking on what is no regular file; and where relative paths start. */
#ifndef KEYFENCE_CONFIG_FILE_H
#define KEYFENCE_CONFIG_FILE_H

#include "config/arena.h"

/* The whole of a regular file of at most `most` bytes, with a NUL behind it. 0; -EFBIG; -EISDIR, -EINVAL (no
 * regular file), or what the system says. ret_mtime_s (seconds since 1970) may be NULL. */
int file_read(struct arena *a, const char *path, size_t most, struct span *ret, int64_t *ret_mtime_s);
/* At most the last `most` bytes of a regular file. */
int file_tail(struct arena *a, const char *path, size_t most, struct span *ret);
const char *file_error(int error); /* in words */

/* `path` as it is named in the file `beside`: relative paths start at the directory of that file. */
const char *path_beside(struct arena *a, const char *beside, struct span path);
const char *path_join(struct arena *a, const char *directory, const char *name);
bool path_is_directory(const char *path);

/* Names of the directory's entries that end in `ending`, sorted by bytes; 0 or -errno. */
int directory_list(struct arena *a, const char *path, const char *ending, const char ***ret,
		   size_t *ret_count);

#endif
