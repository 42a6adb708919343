/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fork and exec: each process is its own executable, and gets nothing that its role does not need. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fences.h"
#include "supervisor/supervisor.h"

enum { HIGH = 64 }; /* descriptors are put aside here before they take their places */

enum { PREFIX_BYTES = sizeof "keyfence-" - 1 }; /* of the executables' names */

static const struct {
	const char *file;
	uint64_t keeps; /* capabilities over the exec */
} roles[PROCESSES] = {
	[PROCESS_SUPERVISOR] = { "keyfence-supervisor", 0 },
	[PROCESS_PREPARE] = { "keyfence-prepare", 0 },
	[PROCESS_INSPECT] = { "keyfence-inspect", 1u << CAP_NET_RAW },
	[PROCESS_REPORT] = { "keyfence-report", 0 },
	[PROCESS_ENFORCE] = { "keyfence-enforce", 1u << CAP_NET_ADMIN },
};

const char *process_name(enum process p)
{
	return roles[p].file + PREFIX_BYTES;
}

/* Beside us in a build, else where it was installed. */
static void path_of(enum process role, char *ret, size_t room)
{
	char self[PATH_BYTES];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	self[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(self, '/');
	if (slash != NULL) {
		*slash = '\0';
		snprintf(ret, room, "%s/%s", self, roles[role].file);
		if (access(ret, X_OK) == 0)
			return;
	}
	snprintf(ret, room, "%s/%s", KEYFENCE_LIBEXEC_DIR, roles[role].file);
}

static bool place(int fd, int at)
{
	return fd < 0 || dup2(fd, at) == at; /* a copy is not close-on-exec */
}

/* In the child: its descriptors, its capabilities, nothing of ours. */
static void become_role(enum process role, const char *path, char *argv[], const struct given *g)
{
	int aside[GIVEN_MOST];
	sigset_t none;
	bool placed = true;
	for (size_t i = 0; i < g->count; i++) {
		aside[i] = fcntl(g->from3[i], F_DUPFD_CLOEXEC, HIGH);
		placed &= aside[i] >= 0;
	}
	placed &= place(g->in, STDIN_FILENO) && place(g->out, STDOUT_FILENO);
	for (size_t i = 0; i < g->count; i++)
		placed &= place(aside[i], LINK_SUPERVISOR + (int)i);
	if (!placed || fence_capabilities(roles[role].keeps, true) < 0)
		_exit(STATUS_OURS);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(path, argv);
	fprintf(stderr, "keyfenced: %s: %s\n", path, strerror(errno));
	_exit(STATUS_UNAVAILABLE);
}

pid_t process_run(enum process role, char *argv[], const struct given *g)
{
	char path[PATH_BYTES + 64];
	path_of(role, path, sizeof path);
	argv[0] = (char *)(uintptr_t)roles[role].file;
	pid_t pid = fork();
	if (pid == 0)
		become_role(role, path, argv, g);
	return pid < 0 ? -errno : pid;
}
