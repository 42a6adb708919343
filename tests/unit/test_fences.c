/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fences are tried, not read: a child of each role raises its own and then attempts what it must not. It ends by SIGSYS, or
 * the call is refused. Under a sanitizer, whose own calls are not listed, the fence for calls only logs: then it is not tried. */
#define _GNU_SOURCE
#include "fences.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#ifndef __has_feature /* clang's */
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static int try_open(void) { return open("/etc/passwd", O_RDONLY); }
static int try_socket(void) { return socket(AF_INET, SOCK_RAW, 1); }
static int try_ptrace(void) { return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL); }
static int try_unshare(void) { return unshare(CLONE_NEWUSER); }
static int try_exec(void)
{
	char *const none[] = { NULL };
	return execve("/bin/true", none, none);
}

static const struct attempt {
	const char *name;
	int (*act)(void);
} attempts[] = {
	{ "open", try_open }, { "socket", try_socket }, { "execve", try_exec }, { "ptrace", try_ptrace },
	{ "unshare", try_unshare },
};

enum { MISSING = 39, RAISED = 40, DONE_IT = 41, REFUSED = 42 };

/* act NULL: raise the fences, read, write, and end. */
static int status_of(enum process role, int (*act)(void))
{
	int pair[2];
	CHECK(pipe(pair) == 0, "a pipe");
	pid_t child = fork();
	if (child == 0) {
		unsigned missing = 0;
		char byte = 'x';
		if (fences_raise(role, NULL, 0, &missing) != 0)
			_exit(MISSING);
		if (act != NULL)
			_exit(act() >= 0 ? DONE_IT : REFUSED);
		_exit(write(pair[1], &byte, 1) == 1 && read(pair[0], &byte, 1) == 1 ? RAISED : 1);
	}
	int status = 0;
	waitpid(child, &status, 0);
	close(pair[0]);
	close(pair[1]);
	return status;
}

static bool is_exit(int status, int code) { return WIFEXITED(status) && WEXITSTATUS(status) == code; }

static void check_role(enum process role, const char *name)
{
	int status = status_of(role, NULL);
	if (is_exit(status, MISSING)) {
		printf("%s: this kernel lacks a fence; not tried\n", name);
		return;
	}
	CHECK(is_exit(status, RAISED), "%s works behind its fences: %x", name, (unsigned)status);
	for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
		status = status_of(role, attempts[i].act);
		bool ended = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
		CHECK(ended || is_exit(status, REFUSED), "%s: %s: %x", name, attempts[i].name, (unsigned)status);
	}
}

int main(void)
{
	CHECK(fence_name(FENCE_SYSCALLS) != NULL, "fences have names");
	if (SANITIZED)
		puts("built with a sanitizer: fences are not tried here");
	for (unsigned role = PROCESS_INSPECT; role <= PROCESS_ENFORCE && !SANITIZED; role++)
		check_role(role, role == PROCESS_INSPECT ? "inspect" : role == PROCESS_REPORT ? "report" : "enforce");
	return check_done();
}
