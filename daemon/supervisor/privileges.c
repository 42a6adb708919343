/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"
#include "fences.h"
#include "supervisor/supervisor.h"

enum { FOLDER_BYTES = 4096 };
static const uint64_t needed = 1u << CAP_NET_RAW | 1u << CAP_NET_ADMIN;

static const struct {
	const char *variable, *otherwise;
} folders[] = {
	{ "RUNTIME_DIRECTORY", "/run/keyfence" },
	{ "STATE_DIRECTORY", "/var/lib/keyfence" },
	{ "LOGS_DIRECTORY", "/var/log/keyfence" },
};

/* Where nobody named them, the usual ones; the other processes read the same variables. */
static int name_folders(const struct passwd *owner)
{
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		char path[FOLDER_BYTES];
		control_folder(folders[i].variable, folders[i].otherwise, path, sizeof path);
		setenv(folders[i].variable, path, 1);
		if (owner == NULL)
			continue;
		bool made = mkdir(path, 0750) == 0;
		if ((!made && errno != EEXIST) || (made && lchown(path, owner->pw_uid, owner->pw_gid) < 0)) {
			say("%s: %s", path, strerror(errno));
			return STATUS_IO;
		}
	}
	return STATUS_DONE;
}

static int become(const struct passwd *p)
{
	bool done = prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && initgroups(p->pw_name, p->pw_gid) == 0 &&
		    setresgid(p->pw_gid, p->pw_gid, p->pw_gid) == 0 &&
		    setresuid(p->pw_uid, p->pw_uid, p->pw_uid) == 0;
	if (!done)
		say("cannot become user %s: %s", p->pw_name, strerror(errno));
	return done ? STATUS_DONE : STATUS_PRIVILEGE;
}

int privileges_take(const char *user)
{
	const struct passwd *p = NULL;
	if (geteuid() == 0 && (p = getpwnam(user)) == NULL) {
		say("there is no user %s to run as, and not as root; systemd-sysusers makes the one of "
		    "keyfence.conf, --user names another",
		    user);
		return STATUS_PRIVILEGE;
	}
	int status = name_folders(p);
	if (status == STATUS_DONE && p != NULL)
		status = become(p);
	if (status != STATUS_DONE)
		return status;
	if ((fence_capabilities_held() & needed) != needed) {
		say("CAP_NET_RAW and CAP_NET_ADMIN are missing; start it by systemd's unit, or as root");
		return STATUS_PRIVILEGE;
	}
	int r = fence_capabilities(needed, true);
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	if (r < 0)
		say("capabilities: %s", strerror(-r));
	return r < 0 ? STATUS_PRIVILEGE : STATUS_DONE;
}

int lock_take(int *ret_fd)
{
	char folder[FOLDER_BYTES], path[FOLDER_BYTES + 8];
	control_folder("STATE_DIRECTORY", "/var/lib/keyfence", folder, sizeof folder);
	snprintf(path, sizeof path, "%s/lock", folder);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0) {
		say("%s: %s", path, strerror(errno));
		return STATUS_IO;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		say("%s is held: another keyfenced runs here", path);
		close(fd);
		return STATUS_UNAVAILABLE;
	}
	*ret_fd = fd;
	return STATUS_DONE;
}
