/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* O_PATH */
#include "fences.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- one row a role: the system calls that stay ---- */

enum { END_OF_CALLS = UINT16_MAX }; /* 0 is read */

enum { SYSCALLS_MOST = 112 };

/* What the C library itself asks for, sooner or later. */
#define OF_EVERYBODY                                                                                       \
	SYS_read, SYS_write, SYS_close, SYS_ppoll, SYS_recvmsg, SYS_sendmsg, SYS_clock_gettime, SYS_mmap,  \
		SYS_munmap, SYS_brk, SYS_fcntl, SYS_newfstatat, SYS_exit_group, SYS_rt_sigreturn,          \
		SYS_restart_syscall, SYS_futex, SYS_getrandom, SYS_rt_sigprocmask, SYS_gettid, SYS_getpid, \
		SYS_tgkill
#ifdef SYS_poll
#define OLD_POLL SYS_poll, /* libpcap's */
#else
#define OLD_POLL
#endif

/* pread64: counters of an interface whose file was opened before. getsockopt: what a capture's socket counted.
 * ioctl, getsockname: how libpcap and we tell an interface that is down from one that is gone. */
static const uint16_t of_inspect[] = { OF_EVERYBODY,	OLD_POLL SYS_getsockopt, SYS_getsockname, SYS_ioctl,
				       SYS_pread64, END_OF_CALLS };

/* sendto: libmnl's. The mirror of its blocks stands in one folder (landlock holds it there). */
static const uint16_t of_enforce[] = { OF_EVERYBODY,
				       OLD_POLL SYS_sendto,
				       SYS_recvfrom,
				       SYS_getsockopt,
				       SYS_setsockopt,
				       SYS_bind,
				       SYS_getsockname,
				       SYS_openat,
				       SYS_fstat,
				       SYS_lseek,
				       SYS_ftruncate,
				       SYS_fsync,
				       SYS_fdatasync,
				       SYS_renameat,
				       SYS_renameat2,
				       SYS_unlinkat,
				       SYS_pread64,
				       SYS_pwrite64,
#ifdef SYS_rename
				       SYS_rename,
				       SYS_unlink,
				       SYS_open,
				       SYS_stat,
#endif
				       SYS_clock_nanosleep,
				END_OF_CALLS };

/* Its outputs and its spool: sockets of its own, and what SQLite does with files. Never exec, ptrace, mount, new namespaces. */
static const uint16_t of_report[] = { OF_EVERYBODY,
				      OLD_POLL SYS_socket,
				      SYS_connect,
				      SYS_bind,
				      SYS_listen,
				      SYS_accept4,
				      SYS_sendto,
				      SYS_recvfrom,
				      SYS_shutdown,
				      SYS_getsockopt,
				      SYS_setsockopt,
				      SYS_getsockname,
				      SYS_getpeername,
				      SYS_sendmmsg,
				      SYS_ioctl,
				      SYS_openat,
				      SYS_fstat,
				      SYS_statfs,
				      SYS_fstatfs,
				      SYS_lseek,
				      SYS_ftruncate,
				      SYS_fallocate,
				      SYS_fsync,
				      SYS_fdatasync,
				      SYS_pread64,
				      SYS_pwrite64,
				      SYS_writev,
				      SYS_readv,
				      SYS_renameat,
				      SYS_renameat2,
				      SYS_unlinkat,
				      SYS_mkdirat,
				      SYS_faccessat,
				      SYS_faccessat2,
				      SYS_readlinkat,
				      SYS_fchmod,
				      SYS_fchmodat,
				      SYS_fchown,
				      SYS_utimensat,
				      SYS_getcwd,
				      SYS_mremap,
				      SYS_madvise,
				      SYS_mprotect,
				      SYS_getuid,
				      SYS_geteuid,
				      SYS_getgid,
				      SYS_getegid,
				      SYS_uname,
				      SYS_umask,
				      SYS_flock,
				      SYS_memfd_create,
				      SYS_clock_nanosleep,
				      SYS_timerfd_create,
				      SYS_timerfd_settime,
				      SYS_epoll_create1,
				      SYS_epoll_ctl,
				      SYS_epoll_pwait,
				      SYS_rt_sigaction,
				      SYS_signalfd4,
				      SYS_getdents64,
				      SYS_dup,
				      SYS_sched_yield,
				      SYS_prlimit64,
				      SYS_sysinfo,
#ifdef SYS_open
				      SYS_open,
				      SYS_stat,
				      SYS_lstat,
				      SYS_access,
				      SYS_unlink,
				      SYS_rename,
				      SYS_mkdir,
				      SYS_readlink,
				      SYS_chmod,
				      SYS_epoll_wait,
				      SYS_select,
#endif
				END_OF_CALLS };

static const uint16_t *const syscalls[PROCESSES] = {
	[PROCESS_INSPECT] = of_inspect,
	[PROCESS_REPORT] = of_report,
	[PROCESS_ENFORCE] = of_enforce,
};
static const uint64_t capabilities[PROCESSES] = {
	[PROCESS_ENFORCE] = 1u << CAP_NET_ADMIN,
};

/* ---- capabilities ---- */

int fence_capabilities(uint64_t keep, bool ambient)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];
	for (unsigned i = 0; i < 2; i++) {
		uint32_t half = (uint32_t)(keep >> 32 * i);
		d[i] = (struct __user_cap_data_struct){ half, half, ambient ? half : 0 };
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	if (syscall(SYS_capset, &h, d) < 0)
		return -errno;
	for (unsigned long i = 0; ambient && i < 64; i++)
		if (keep >> i & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return -errno;
	return 0;
}

uint64_t fence_capabilities_held(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = { 0 };
	if (syscall(SYS_capget, &h, d) < 0)
		return 0;
	return (uint64_t)d[1].permitted << 32 | d[0].permitted;
}

/* ---- files ---- */

/* Everything that some ABI of landlock can forbid, by the ABI that brought it (landlock(7)). */
static uint64_t file_rights(int abi)
{
	uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; /* all of ABI 1 */
	if (abi >= 2)
		rights |= 1ull << 13; /* refer */
	if (abi >= 3)
		rights |= 1ull << 14; /* truncate */
	if (abi >= 5)
		rights |= 1ull << 15; /* ioctl_dev */
	return rights;
}

static int allow_folder(int ruleset, const struct fence_folder *f, uint64_t handled)
{
	uint64_t rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	if (f->write)
		rights |= LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
			  LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
			  LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK | 1ull << 13 |
			  1ull << 14;
	struct landlock_path_beneath_attr rule = { .allowed_access = rights & handled };
	rule.parent_fd = open(f->path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	long r = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	int error = errno;
	close(rule.parent_fd);
	return r < 0 ? -error : 0;
}

static int fence_files(const struct fence_folder *folders, size_t count)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 0)
		return -errno;
	struct landlock_ruleset_attr attr = { .handled_access_fs = file_rights((int)abi) };
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	if (ruleset < 0)
		return -errno;
	int r = 0;
	for (size_t i = 0; i < count && r == 0; i++)
		if (folders[i].path != NULL)
			r = allow_folder(ruleset, &folders[i], attr.handled_access_fs);
	if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		r = -errno;
	close(ruleset);
	return r;
}

/* ---- system calls ---- */

#if defined(__SANITIZE_ADDRESS__)
enum { ON_OTHER = (int)SECCOMP_RET_LOG };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { ON_OTHER = (int)SECCOMP_RET_LOG };
#else
#define ON_OTHER SECCOMP_RET_KILL_PROCESS
#endif
#else
#define ON_OTHER SECCOMP_RET_KILL_PROCESS
#endif

#if defined(__x86_64__)
enum { OUR_ARCH = (int)AUDIT_ARCH_X86_64 };
#elif defined(__aarch64__)
enum { OUR_ARCH = (int)AUDIT_ARCH_AARCH64 };
#elif defined(__arm__)
enum { OUR_ARCH = (int)AUDIT_ARCH_ARM };
#elif defined(__mips__)
enum { OUR_ARCH = (int)(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? AUDIT_ARCH_MIPS : AUDIT_ARCH_MIPSEL) };
#elif defined(__riscv)
enum { OUR_ARCH = (int)AUDIT_ARCH_RISCV64 };
#else
#error "fences: name this machine's AUDIT_ARCH"
#endif

static struct sock_filter op(uint16_t code, uint8_t yes, uint8_t no, uint32_t k)
{
	return (struct sock_filter){ code, yes, no, k };
}

/* arch, number, then one comparison a call; mmap and mprotect only without PROT_EXEC. */
static size_t write_filter(const uint16_t *allowed, struct sock_filter *out)
{
	enum { LOAD = BPF_LD | BPF_W | BPF_ABS, EQUAL = BPF_JMP | BPF_JEQ | BPF_K, RETURN = BPF_RET | BPF_K };
	size_t n = 0, count = 0;
	while (allowed[count] != END_OF_CALLS)
		count++;
	out[n++] = op(LOAD, 0, 0, offsetof(struct seccomp_data, arch));
	out[n++] = op(EQUAL, 1, 0, (uint32_t)OUR_ARCH);
	out[n++] = op(RETURN, 0, 0, SECCOMP_RET_KILL_PROCESS);
	out[n++] = op(LOAD, 0, 0, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++) {
		bool maps = allowed[i] == SYS_mmap || allowed[i] == SYS_mprotect;
		if (!maps) {
			out[n++] = op(EQUAL, 0, 1, allowed[i]);
			out[n++] = op(RETURN, 0, 0, SECCOMP_RET_ALLOW);
			continue;
		}
		out[n++] = op(EQUAL, 0, 4, allowed[i]);
		out[n++] = op(LOAD, 0, 0,
			      offsetof(struct seccomp_data, args[2]) +
				      (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0));
		out[n++] = op(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 4 /* PROT_EXEC */);
		out[n++] = op(RETURN, 0, 0, SECCOMP_RET_ALLOW);
		out[n++] = op(RETURN, 0, 0, (uint32_t)ON_OTHER);
	}
	out[n++] = op(RETURN, 0, 0, (uint32_t)ON_OTHER);
	return n;
}

static int fence_syscalls(enum process role)
{
	struct sock_filter filter[5 * SYSCALLS_MOST + 5];
	if (syscalls[role] == NULL)
		return -EINVAL;
	struct sock_fprog prog = { .filter = filter };
	prog.len = (unsigned short)write_filter(syscalls[role], filter);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog) != 0)
		return -errno;
	return 0;
}
_Static_assert(sizeof of_report / sizeof of_report[0] <= SYSCALLS_MOST, "a filter has room for every row");

/* ---- all of them ---- */

int fences_raise(enum process role, const struct fence_folder *folders, size_t folder_count,
		 unsigned *ret_missing)
{
	static const enum fence order[] = { FENCE_CAPABILITIES, FENCE_PRIVILEGES, FENCE_FILES,
					    FENCE_SYSCALLS };
	int first = 0;
	*ret_missing = 0;
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		int r = 0;
		switch (order[i]) {
		case FENCE_CAPABILITIES: r = fence_capabilities(capabilities[role], false); break;
		case FENCE_PRIVILEGES: r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0; break;
		case FENCE_FILES: r = fence_files(folders, folder_count); break;
		case FENCE_SYSCALLS: r = fence_syscalls(role); break;
		default: break;
		}
		if (r < 0)
			*ret_missing |= order[i];
		if (r < 0 && first == 0)
			first = r;
	}
	return first;
}

const char *fence_name(enum fence f)
{
	switch (f) {
	case FENCE_CAPABILITIES: return "capabilities";
	case FENCE_PRIVILEGES: return "no new privileges";
	case FENCE_FILES: return "landlock";
	case FENCE_SYSCALLS: return "seccomp";
	default: return "";
	}
}
