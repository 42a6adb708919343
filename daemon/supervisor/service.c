/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What systemd is told, and what it keeps: the socket that owns the table outlives even the supervisor, so that a crash
 * leaves no moment without the fence (sd_pid_notify_with_fds(3), nf_tables' owner flag). */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/supervisor.h"

static const char kept[] = "table";

void service_state(const char *state)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	sd_notifyf(0, "%s\nMONOTONIC_USEC=%llu", state,
		   (unsigned long long)t.tv_sec * 1000000ull + (unsigned long long)t.tv_nsec / 1000);
}

void service_status(const struct supervisor *s)
{
	const struct book_settings *set = book_settings(&s->held.book);
	sd_notifyf(0, "STATUS=%s%s, %zu capture%s, book %016llx", word_name(WORDS_MODE, set->mode),
		   s->paused ? ", paused" : "", s->held.book.count[BOOK_CAPTURE],
		   s->held.book.count[BOOK_CAPTURE] == 1 ? "" : "s", (unsigned long long)s->held.told.hash);
}

/* The one that systemd kept over a crash of ours; -1: none. */
static int take_kept(void)
{
	char **names = NULL;
	int found = -1, n = sd_listen_fds_with_names(1, &names);
	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;
		if (found < 0 && strcmp(names[i], kept) == 0)
			found = fcntl(fd, F_DUPFD_CLOEXEC, 16);
		close(fd);
	}
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return found;
}

int service_sockets(struct supervisor *s)
{
	for (unsigned i = 0; i < NETLINKS; i++) {
		if (s->netlink[i] >= 0)
			continue;
		if (i == 0) /* requests: it owns the table */
			s->netlink[i] = take_kept();
		if (s->netlink[i] < 0)
			s->netlink[i] = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
		if (s->netlink[i] < 0)
			return -errno;
	}
	sd_pid_notify_with_fds(0, 0, "FDSTOREREMOVE=1\nFDNAME=table", NULL, 0);
	sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=table\nFDPOLL=0", &s->netlink[0], 1);
	return 0;
}
