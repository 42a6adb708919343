/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verbs that ask the daemon: its answers are text already, in lines or in JSON as asked for. */
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

enum {
	TRIES = 20,
	TRY_AGAIN_US = 150000,
	ASK_MS = 70000
}; /* ASK_MS: a reload reads databases; the daemon gives up before */

static int status_of_connect(int error)
{
	if (error == -EACCES || error == -EPERM)
		return complain(STATUS_PRIVILEGE,
				"the daemon's socket is for root and the group of the daemon");
	return complain(STATUS_UNAVAILABLE, "no daemon answers: %s", strerror(-error));
}

/* A daemon that many ask at once hangs up on some; to look again does no harm. */
static int ask_until_heard(const struct control_request *q, struct control_head *ret, char **ret_text)
{
	int r = -EPROTO;
	for (unsigned i = 0; i < TRIES && (r == -EPROTO || r == -EPIPE || r == -ECONNRESET); i++) {
		if (i > 0)
			usleep(TRY_AGAIN_US);
		int fd = control_connect(NULL);
		if (fd < 0)
			return fd;
		r = control_ask(fd, q, ASK_MS, ret, ret_text);
		close(fd);
		if (control_changes(q->verb))
			break;
	}
	return r;
}

int ask_daemon(const struct cli *c, unsigned verb, uint64_t argument)
{
	struct control_request q = { .magic = CONTROL_MAGIC, .verb = verb, .argument = argument };
	struct control_head head;
	char *text;
	q.flags = (c->json ? CONTROL_JSON : 0u) | (c->colour ? CONTROL_COLOUR : 0u);
	int r = ask_until_heard(&q, &head, &text);
	if (r == -EACCES || r == -EPERM || r == -ENOENT || r == -ECONNREFUSED)
		return status_of_connect(r);
	if (r < 0)
		return complain(STATUS_UNAVAILABLE, "the daemon does not answer: %s", strerror(-r));
	fputs(text, head.status == STATUS_DONE || head.status == STATUS_VIOLATED ? stdout : stderr);
	free(text);
	return head.status;
}

static int takes_none(const struct cli *c, unsigned verb)
{
	if (c->arg_count > 0)
		return complain(STATUS_USAGE, "%s takes no argument", c->verb);
	return ask_daemon(c, verb, 0);
}

int verb_blocks(const struct cli *c)
{
	return takes_none(c, CONTROL_BLOCKS);
}

int verb_resume(const struct cli *c)
{
	return takes_none(c, CONTROL_RESUME);
}

int verb_reload(const struct cli *c)
{
	return takes_none(c, CONTROL_RELOAD);
}

int verb_unblock(const struct cli *c)
{
	char *end = NULL;
	if (c->arg_count == 1 && strcmp(c->args[0], "all") == 0)
		return ask_daemon(c, CONTROL_UNBLOCK, 0);
	uint64_t number = c->arg_count == 1 ? strtoull(c->args[0], &end, 10) : 0;
	if (number == 0 || *end != '\0' || c->args[0][0] == '-')
		return complain(STATUS_USAGE,
				"unblock: the number of one block (`keyfence blocks` tells), or all");
	return ask_daemon(c, CONTROL_UNBLOCK, number);
}

/* "90", "90s", "10m", "2h": seconds; 0: no such time. */
static uint64_t seconds_of(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);
	uint64_t unit = *end == 'h' ? 3600 : *end == 'm' ? 60 : 1;
	bool sound = *text >= '0' && *text <= '9' && n <= 365 * 86400 &&
		     (*end == '\0' || (strchr("smh", *end) != NULL && end[1] == '\0'));
	return sound ? n * unit : 0;
}

int verb_pause(const struct cli *c)
{
	uint64_t seconds = c->arg_count == 1 ? seconds_of(c->args[0]) : 0;
	if (c->arg_count > 1 || (c->arg_count == 1 && seconds == 0))
		return complain(STATUS_USAGE,
				"pause: for how long, as 10m or 2h; without a time until `keyfence resume`");
	return ask_daemon(c, CONTROL_PAUSE, seconds);
}
