/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reload: prepare reads the configuration anew; a mistake changes nothing and its text goes to whoever asked; else its book
 * comes into force. prepare gets what the kernel says of this gateway, and gives a sealed memfd and lines of text. */
#define _GNU_SOURCE /* memfd_create */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervisor/supervisor.h"

enum { WORDS_BYTES = 1 << 16 };
static const uint64_t LIMIT_US = 60000000;

/* ---- who waits ---- */

static void wait_for(uint32_t asker[ASKERS], uint32_t number)
{
	for (unsigned i = 0; i < ASKERS && number != 0; i++)
		if (asker[i] == 0) {
			asker[i] = number;
			return;
		}
}

static void answer_all(struct supervisor *s, int status, const char *text, size_t bytes)
{
	for (unsigned i = 0; i < ASKERS; i++)
		talk_say(s, s->preparation.asker[i], status, text, bytes);
	memset(s->preparation.asker, 0, sizeof s->preparation.asker);
}

/* ---- the outcome ---- */

static void say_lines(const char *text)
{
	for (size_t n; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (n > 0)
			say("%.*s", (int)n, text);
	}
}

/* The book as everybody will get it, opened and checked here, too. */
static int open_book(int memfd, struct held *ret)
{
	struct book_header h;
	if (pread(memfd, &h, sizeof h, 0) != (ssize_t)sizeof h)
		return -EBADMSG;
	ret->told = (struct message_book){
		.bytes = h.bytes, .hash = h.hash, .generation = h.generation, .version = h.version
	};
	int copy = fcntl(memfd, F_DUPFD_CLOEXEC, 0);
	int r = copy < 0 ? -errno : message_map_book(&ret->told, copy, &ret->book);
	if (r == 0 && h.generation == 0) {
		message_unmap_book(&ret->book);
		r = -EBADMSG;
	}
	ret->memfd = memfd;
	return r;
}

static void replace_book(struct supervisor *s, const struct held *next)
{
	if (s->held.memfd >= 0) {
		message_unmap_book(&s->held.book);
		close(s->held.memfd);
	}
	s->held = *next;
	watch_begin(s);
}

/* What else must hold of a book than that it is one. A status. */
static int check_book(struct supervisor *s, const struct held *h, char *ret_text, size_t room)
{
	if (h->book.count[BOOK_CAPTURE] == 0) {
		snprintf(ret_text, room,
			 "%s names no interface to watch; capture: [{interface: br-lan, side: %s}] would be "
			 "right\n",
			 s->policy, word_name(WORDS_SIDE, SIDE_INSIDE));
		return STATUS_CONFIG;
	}
	int r = book_settings(&h->book)->mode == MODE_ENFORCE ? service_sockets(s) : 0;
	snprintf(ret_text, room, "netlink sockets: %s\n", strerror(-r));
	return r < 0 ? STATUS_UNAVAILABLE : STATUS_DONE;
}

/* Takes memfd over. *text: what there is to say of it. */
static int enter_force(struct supervisor *s, int memfd, char *text, size_t room)
{
	struct held next;
	int r = open_book(memfd, &next);
	int status = r < 0 ? STATUS_OURS : check_book(s, &next, text, room);
	if (r < 0)
		snprintf(text, room, "prepare's book cannot be taken: %s\n", strerror(-r));
	if (r == 0 && status != STATUS_DONE)
		message_unmap_book(&next.book);
	if (status != STATUS_DONE) {
		close(memfd);
		return status;
	}
	replace_book(s, &next);
	snprintf(text, room, "book %016llx is in force, mode %s\n", (unsigned long long)next.told.hash,
		 word_name(WORDS_MODE, book_settings(&next.book)->mode));
	children_advance(s);
	talk_loaded(s, STATUS_DONE);
	answer_all(s, STATUS_DONE, text, strlen(text));
	return STATUS_DONE;
}

static void refuse(struct supervisor *s, int status, const char *text)
{
	answer_all(s, status, text, strlen(text));
	if (s->held.memfd < 0) {
		children_stop(s, status);
		return;
	}
	say("nothing was changed: the book in force stays");
	talk_loaded(s, status);
	service_state("READY=1"); /* the end of RELOADING */
}

static void judge_outcome(struct supervisor *s, int status)
{
	static char text[WORDS_BYTES + 1];
	struct preparation *p = &s->preparation;
	ssize_t n = pread(p->words, text, WORDS_BYTES, 0);
	text[n > 0 ? n : 0] = '\0';
	close(p->words);
	say_lines(text);
	if (status == STATUS_DONE) {
		status = enter_force(s, p->memfd, text, sizeof text);
		say_lines(text);
	} else
		close(p->memfd);
	if (status != STATUS_DONE)
		refuse(s, status, text);
	else if (s->ready)
		service_state("READY=1"); /* the end of RELOADING */
}

static void start(struct supervisor *s);

static int hear_prepared(sd_event_source *source, const siginfo_t *info, void *supervisor)
{
	struct supervisor *s = supervisor;
	struct preparation *p = &s->preparation;
	(void)source;
	p->death = sd_event_source_disable_unref(p->death);
	p->overdue = sd_event_source_disable_unref(p->overdue);
	p->pid = 0;
	if (s->stopping)
		return 0;
	if (info->si_code != CLD_EXITED)
		say("prepare was ended by signal %d", info->si_status);
	judge_outcome(s, info->si_code == CLD_EXITED ? info->si_status : STATUS_OURS);
	if (p->again && !s->stopping)
		start(s);
	return 0;
}

/* ---- the run ---- */

static int hear_overdue(sd_event_source *source, uint64_t at_us, void *supervisor)
{
	struct supervisor *s = supervisor;
	(void)source, (void)at_us;
	if (s->preparation.pid != 0)
		kill(s->preparation.pid, SIGKILL);
	return 0;
}

/* What prepare reads: the book's number, and this gateway. */
static int write_lines(struct supervisor *s)
{
	char head[32];
	int fd = memfd_create("surroundings", MFD_CLOEXEC);
	int n = snprintf(head, sizeof head, "generation %u\n", (unsigned)++s->generation);
	size_t bytes = surroundings_read(s->lines, sizeof s->lines);
	if (fd < 0)
		return -errno;
	if (write(fd, head, (size_t)n) != n || write(fd, s->lines, bytes) != (ssize_t)bytes ||
	    lseek(fd, 0, SEEK_SET) < 0) {
		close(fd);
		return -EIO;
	}
	return fd;
}

static int run(struct supervisor *s)
{
	struct preparation *p = &s->preparation;
	char *argv[] = { NULL, (char *)(uintptr_t)s->policy, (char *)(uintptr_t)s->catalogue, NULL };
	int lines = write_lines(s);
	p->memfd = memfd_create("book", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	p->words = memfd_create("words", MFD_CLOEXEC);
	struct given g = { .in = lines, .out = p->words, .from3 = { p->memfd }, .count = 1 };
	pid_t pid =
		lines < 0 || p->memfd < 0 || p->words < 0 ? -EMFILE : process_run(PROCESS_PREPARE, argv, &g);
	if (lines >= 0)
		close(lines);
	if (pid < 0)
		return pid;
	p->pid = pid;
	call_later(s, &p->overdue, LIMIT_US, hear_overdue, s);
	return sd_event_add_child(s->event, &p->death, pid, WEXITED, hear_prepared, s);
}

static void start(struct supervisor *s)
{
	struct preparation *p = &s->preparation;
	memcpy(p->asker, p->next, sizeof p->asker);
	memset(p->next, 0, sizeof p->next);
	p->again = false;
	if (s->ready)
		service_state("RELOADING=1");
	int r = run(s);
	if (r < 0) {
		say("prepare cannot be started: %s", strerror(-r));
		refuse(s, STATUS_OURS, "prepare cannot be started\n");
	}
}

void reload_start(struct supervisor *s, uint32_t asker)
{
	struct preparation *p = &s->preparation;
	wait_for(p->next, asker);
	if (p->pid != 0)
		p->again = true; /* what it has read may be older than what was meant */
	else
		start(s);
}

void reload_end(struct supervisor *s)
{
	if (s->preparation.pid != 0) {
		kill(s->preparation.pid, SIGKILL);
		waitpid(s->preparation.pid, NULL, 0);
	}
	if (s->held.memfd >= 0) {
		message_unmap_book(&s->held.book);
		close(s->held.memfd);
	}
	s->held.memfd = -1;
}
