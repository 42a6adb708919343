/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pipeline: captures -> engine -> facts, in one process: what replay, flows, meetings and explain share. Several files are
 * one capture in the order given; one that begins earlier than the one before it ended starts anew. */
#ifndef KEYFENCE_DAEMON_CLI_PIPELINE_H
#define KEYFENCE_DAEMON_CLI_PIPELINE_H

#include "cli/cli.h"

struct pipeline {
	const struct cli *cli;
	const struct book *book;
	struct engine_options options;
	void *user;
	void (*fact)(void *user, const struct flow_fact *f);
	/* The input (or a part that starts anew) ended after all its facts. May be NULL. */
	void (*ended)(void *user);
	/* The accounting of one file: the counters that it added. May be NULL. */
	void (*file)(void *user, const char *path, const struct engine_counters *added);
};

/* STATUS_DONE, or what went wrong first (the rest is done all the same). */
int pipeline_run(const struct pipeline *p);

#endif
