/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installed.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FOLDERS_UP = 6 };

/* Does a folder of that name stand beside the policy? */
static bool stands_beside(const char *policy, const char *folder)
{
	char path[PATH_MAX];
	const char *slash = strrchr(policy, '/');
	int bytes = snprintf(path, sizeof path, "%.*s%s", slash != NULL ? (int)(slash + 1 - policy) : 0,
			     policy, folder);
	return bytes > 0 && bytes < PATH_MAX && access(path, R_OK) == 0;
}

static bool stands(const char *above, const char *way, const char *folder, char ret[PATH_MAX])
{
	int bytes = snprintf(ret, PATH_MAX, "%s/%s/%s", above, way, folder);
	return bytes > 0 && bytes < PATH_MAX && access(ret, R_OK) == 0;
}

const char *installed_folder(const char *policy, const char *folder, char ret[PATH_MAX])
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	if (n <= 0 || (policy != NULL && stands_beside(policy, folder)))
		return NULL;
	exe[n] = '\0';
	for (unsigned up = 0; up < FOLDERS_UP; up++) {
		char *slash = strrchr(exe, '/');
		if (slash == NULL)
			return NULL;
		*slash = '\0';
		if (stands(exe, "conf", folder, ret) || stands(exe, "share/keyfence", folder, ret))
			return ret;
	}
	return NULL;
}
