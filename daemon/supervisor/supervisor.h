/* SPDX-License-Identifier: GPL-3.0-or-later */
/* supervisor: starts the other processes, watches them, links them, starts them anew; owns the book and its reload; reads
 * what the kernel says of this gateway; talks to systemd. It parses nothing that comes from the wire: its inputs are the
 * kernel's netlink, /etc/resolv.conf, numbers from report, and prepare's book, which is checked when it is opened. */
#ifndef KEYFENCE_SUPERVISOR_SUPERVISOR_H
#define KEYFENCE_SUPERVISOR_SUPERVISOR_H

#include <stdio.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "message.h"

enum supervisor_status {
	STATUS_DONE = 0, STATUS_USAGE = 64, STATUS_UNAVAILABLE = 69, STATUS_OURS = 70, STATUS_IO = 74, STATUS_AGAIN = 75,
	STATUS_PRIVILEGE = 77, STATUS_CONFIG = 78,
};
enum { ASKERS = 8, NETLINKS = 3, WATCHED_MOST = 64, PATH_BYTES = 4096, LINES_BYTES = 1 << 16 };

struct supervisor;

/* A process of ours: what it is now, and how often it had to be started anew. */
struct child {
	struct supervisor *owner;
	enum process role;
	bool wanted;
	pid_t pid; /* 0: not running */
	int link;  /* our end; -1 */
	sd_event_source *death, *hearing, *again, *overdue;
	uint32_t sent, generation; /* of the book that it was given, and that it is READY with; 0: none */
	uint64_t started_us, told_us, restarts;
	unsigned early;    /* deaths soon after start, in a row */
	int32_t ended;     /* how: an exit status, or minus a signal */
	bool untold;       /* report does not know of it yet */
};

/* The book in force: the memfd that every process gets a copy of, and our own look at it. */
struct held {
	int memfd; /* -1: none yet */
	struct message_book told;
	struct book book;
};

/* One run of prepare, and who waits for its outcome (numbers of their questions, 0: nobody). */
struct preparation {
	pid_t pid; /* 0: none runs */
	int memfd, words;
	bool again; /* asked for while it ran */
	sd_event_source *death, *overdue;
	uint32_t asker[ASKERS], next[ASKERS];
};

/* A database that the book names: what it looked like when it was read, and at the last look. */
struct watched {
	char path[PATH_BYTES];
	struct seen { int64_t bytes, changed_ns; } read, seen;
};

struct supervisor {
	const char *policy, *catalogue; /* catalogue NULL: prepare finds it */
	sd_event *event;
	struct child child[PROCESSES];
	struct held held;
	struct preparation preparation;
	uint32_t generation;   /* the last one tried */
	int netlink[NETLINKS]; /* enforce's sockets; our copy keeps the table when enforce dies */
	int notices;           /* of rtnetlink */
	char lines[LINES_BYTES]; /* what prepare was told last of this gateway */
	uint32_t gone;         /* captures whose interface inspect misses: bits */
	sd_event_source *look_due, *return_due, *resume_due, *watch_due, *told_due;
	struct watched watched[WATCHED_MOST];
	size_t watched_count;
	bool paused, stopping, ready;
	bool report_knows; /* how often who was started anew, before this report began */
	int status, lock;
};

/* One line on standard error. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t now_us(void); /* never runs back */
/* A timer that fires once, so long from now; what stood in *timer before goes. */
void call_later(struct supervisor *s, sd_event_source **timer, uint64_t us, sd_event_time_handler_t call, void *what);

/* privileges.c: names the daemon's folders, and makes them if this is root; then becomes `user`; keeps the two capabilities
 * and nothing else. A status; 0: go on. */
int privileges_take(const char *user);
/* One daemon a state folder. A status. */
int lock_take(int *ret_fd);

/* run.c: fork and exec of a role. Descriptors: standard input and output (-1: as they are), and those from LINK_SUPERVISOR
 * on; argv[0] is filled in. pid or -errno. */
enum { GIVEN_MOST = 4 };
struct given { int in, out, from3[GIVEN_MOST]; size_t count; };
pid_t process_run(enum process role, char *argv[], const struct given *g);
const char *process_name(enum process p);

/* children.c */
void children_init(struct supervisor *s);
/* Starts what the book in force wants and what does not run, in order, gives it the book, and waits for it before the next:
 * report, enforce, inspect. Called whenever something moved. */
void children_advance(struct supervisor *s);
void children_stop(struct supervisor *s, int status); /* all, inspect first; the loop ends behind the last */
void child_kill(struct child *c, const char *why);
struct child *child_running(struct supervisor *s, enum process role); /* NULL: it does not run */

/* talk.c */
int talk_hear(sd_event_source *source, int fd, uint32_t events, void *child);
void talk_say(struct supervisor *s, uint32_t number, int status, const char *text, size_t bytes);
void talk_ended(struct supervisor *s); /* tells report who had to be started anew */
void talk_loaded(struct supervisor *s, int status);

/* reload.c: runs prepare; a mistake changes nothing, else its book comes into force. asker: the number of the question, 0:
 * nobody waits. */
void reload_start(struct supervisor *s, uint32_t asker);
void reload_end(struct supervisor *s); /* no book, no prepare any more */

/* watch.c: the databases of the book in force; a changed one is a reload. */
void watch_begin(struct supervisor *s);

/* surroundings.c: what rtnetlink and resolv.conf say of this gateway, as lines for prepare. Changed: a reload. */
int surroundings_open(struct supervisor *s);
size_t surroundings_read(char *ret, size_t room);
/* Inspect misses some interface: if it is there again, inspect is asked to end, and starts anew. */
void surroundings_missed(struct supervisor *s);

/* service.c: what systemd is told and keeps. */
void service_state(const char *state);
void service_status(const struct supervisor *s);
int service_sockets(struct supervisor *s); /* the sockets of enforce: kept ones, else new ones. 0 or -errno */

#endif
