/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyfenced -c POLICY: the one that is started by hand or by systemd. */
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/supervisor.h"

static const char usage[] =
	"usage: keyfenced [-c POLICY] [--catalogue DIR] [--user NAME]\n"
	"  -c, --config POLICY  otherwise /etc/keyfence/keyfence.yaml\n"
	"  --catalogue DIR      services.d; otherwise the one beside the policy, or the installed one\n"
	"  --user NAME          whom it becomes when it is started as root; otherwise keyfence\n"
	"It runs in the foreground. SIGHUP reads the policy again, SIGTERM ends it.\n"
	"Exit status: 0 ended as asked, 64 usage, 69 another one runs or something needed is not there,\n"
	"70 its own error, 74 input or output, 77 a privilege is missing, 78 configuration.\n";

void say(const char *format, ...)
{
	char line[2048];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	fprintf(stderr, "keyfenced: %s\n", line);
}

uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

void call_later(struct supervisor *s, sd_event_source **timer, uint64_t us, sd_event_time_handler_t call,
		void *what)
{
	enum { ACCURACY_US = 1000 };
	*timer = sd_event_source_disable_unref(*timer);
	if (sd_event_add_time_relative(s->event, timer, CLOCK_MONOTONIC, us, ACCURACY_US, call, what) < 0)
		*timer = NULL;
}

/* ---- signals ---- */

static int hear_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *supervisor)
{
	(void)source, (void)info;
	reload_start(supervisor, 0);
	return 0;
}

static int hear_end(sd_event_source *source, const struct signalfd_siginfo *info, void *supervisor)
{
	struct supervisor *s = supervisor;
	(void)source, (void)info;
	if (!s->stopping)
		children_stop(s, STATUS_DONE);
	return 0;
}

static void block_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* ---- start ---- */

static int read_arguments(struct supervisor *s, int argc, char **argv, const char **ret_user)
{
	enum { OPTION_CATALOGUE = 256, OPTION_USER };
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "catalogue", required_argument, NULL, OPTION_CATALOGUE },
		{ "user", required_argument, NULL, OPTION_USER },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	for (int o; (o = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (o) {
		case 'c': s->policy = optarg; break;
		case OPTION_CATALOGUE: s->catalogue = optarg; break;
		case OPTION_USER: *ret_user = optarg; break;
		case 'h': fputs(usage, stdout); exit(STATUS_DONE);
		default: fputs(usage, stderr); return STATUS_USAGE;
		}
	}
	if (optind == argc)
		return STATUS_DONE;
	say("%s: takes no such argument; name the policy with -c", argv[optind]);
	return STATUS_USAGE;
}

static int open_loop(struct supervisor *s)
{
	int r = sd_event_default(&s->event);
	if (r >= 0)
		r = sd_event_add_signal(s->event, NULL, SIGHUP, hear_hangup, s);
	if (r >= 0)
		r = sd_event_add_signal(s->event, NULL, SIGTERM, hear_end, s);
	if (r >= 0)
		r = sd_event_add_signal(s->event, NULL, SIGINT, hear_end, s);
	if (r >= 0)
		r = sd_event_set_watchdog(s->event, true);
	return r >= 0 ? surroundings_open(s) : r;
}

/* Descriptors that somebody left open are nobody's here; 3 and above may be systemd's. */
static void take_standard(void)
{
	struct stat st;
	for (int fd = 0; fd <= 2; fd++)
		if (fstat(fd, &st) < 0)
			(void)!freopen("/dev/null", fd == 0 ? "r" : "w",
				       fd == 0   ? stdin
				       : fd == 1 ? stdout
						 : stderr);
}

int main(int argc, char **argv)
{
	static struct supervisor s = {
		.policy = "/etc/keyfence/keyfence.yaml", .held.memfd = -1, .notices = -1, .lock = -1
	};
	const char *user = "keyfence";
	for (unsigned i = 0; i < NETLINKS; i++)
		s.netlink[i] = -1;
	int status = read_arguments(&s, argc, argv, &user);
	if (status != STATUS_DONE)
		return status;
	take_standard();
	umask(0027);
	block_signals();
	if ((status = privileges_take(user)) != STATUS_DONE || (status = lock_take(&s.lock)) != STATUS_DONE)
		return status;
	children_init(&s);
	int r = open_loop(&s);
	if (r < 0) {
		say("the event loop: %s", strerror(-r));
		return STATUS_OURS;
	}
	reload_start(&s, 0);
	status = sd_event_loop(s.event);
	reload_end(&s);
	sd_event_unref(s.event);
	return status < 0 ? STATUS_OURS : status;
}
