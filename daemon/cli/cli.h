/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cli: keyfence, one file a verb. Every verb gets the parsed command line and returns the exit status. */
#ifndef KEYFENCE_DAEMON_CLI_H
#define KEYFENCE_DAEMON_CLI_H

#include <stdio.h>

#include "book/book.h"
#include "capture/capture.h"
#include "config/config.h"
#include "engine/engine.h"

enum exit_status {
	STATUS_DONE = 0,
	STATUS_VIOLATED = 1,
	STATUS_USAGE = 64,
	STATUS_DATA = 65,
	STATUS_UNAVAILABLE = 69,
	STATUS_OURS = 70,
	STATUS_IO = 74,
	STATUS_PRIVILEGE = 77,
	STATUS_CONFIG = 78,
};

struct cli {
	const char *verb;
	const char *config;    /* -c FILE; NULL: none given */
	const char *catalogue; /* --catalogue DIR */
	const char *country_db, *asn_db;
	uint8_t side; /* --side: enum side of every capture */
	bool json, quiet, colour;
	char **args; /* what is left: files, addresses */
	int arg_count;
};

struct verb {
	const char *name, *arguments, *help,
		*more; /* more: for `help VERB`, lines without the last line end */
	int (*run)(const struct cli *c);
	bool wants_config; /* uses the policy: the default one if -c is not given */
};
extern const struct verb verbs[];               /* ended by a NULL name */
const struct verb *verb_find(const char *name); /* NULL: there is none */

int verb_check(const struct cli *c);
int verb_replay(const struct cli *c);
int verb_flows(const struct cli *c);
int verb_meetings(const struct cli *c);
int verb_explain(const struct cli *c);
int verb_locate(const struct cli *c);
int verb_status(const struct cli *c);
int verb_blocks(const struct cli *c);
int verb_unblock(const struct cli *c);
int verb_pause(const struct cli *c);
int verb_resume(const struct cli *c);
int verb_reload(const struct cli *c);
int verb_version(const struct cli *c);
int verb_help(const struct cli *c);
int help_usage(void); /* the whole help on standard error; STATUS_USAGE */

/* Asks the running daemon (enum control_verb), prints what it answers, and returns its exit status. */
int ask_daemon(const struct cli *c, unsigned verb, uint64_t argument);

/* One line on standard error: "keyfence: ...". Returns status, so that a caller can end with it. */
int complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The book of a command line: its policy, or the catalogue alone. Mistakes go to standard error; warnings, where there
 * is no mistake: beside one they may only be what came of it. */
struct library {
	uint8_t *image;
	struct book book;
	size_t mistakes, warnings;
};
int library_open(const struct cli *c, struct library *ret);
/* As it would be on this gateway. */
int library_open_on(const struct cli *c, const struct config_gateway *gateway, struct library *ret);
void library_close(struct library *l);
/* Standard output was written whole? STATUS_IO and a line if not. */
int output_done(int status);

#endif
