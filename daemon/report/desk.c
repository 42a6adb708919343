/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* SO_PEERCRED */
#include "report/desk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"

enum {
	CALLERS = 16,
	CALLERS_OF_ONE = 4,
	SILENT_MS = 100,     /* so long silent, a caller makes room for another of the same user */
	ASKING_MS = 2000,    /* to a full request */
	ANSWER_MS = 10000,   /* to take the answer */
	DECISION_MS = 60000, /* for the supervisor */
	ASKED_MS = 60000,    /* so long an event is taken to be what a caller asked for */
	NOT_ALLOWED = 77,
	NOT_WELL = 1, /* of status */
	UNAVAILABLE = 69,
	USAGE = 64,
};

struct caller {
	int fd; /* -1: free */
	uid_t uid;
	enum { ASKS, WAITS, TAKES } state;
	uint64_t until_ms;
	struct control_request request;
	size_t got, sent, bytes;
	uint32_t number; /* of the question that went on */
	char *answer;    /* head and text */
	struct text text;
};

struct desk {
	int socket;
	uint32_t numbers;
	struct sockaddr_un at;
	struct caller caller[CALLERS];
};

/* ---- open, close ---- */

static int listen_at(struct desk *d, const char *folder)
{
	d->at.sun_family = AF_UNIX;
	if (snprintf(d->at.sun_path, sizeof d->at.sun_path, "%s/control.sock", folder) >=
	    (int)sizeof d->at.sun_path)
		return -ENAMETOOLONG;
	d->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->socket < 0)
		return -errno;
	unlink(d->at.sun_path); /* of one before us that was killed; the supervisor sees to it that there is one daemon */
	mode_t before = umask(0117);
	int r = bind(d->socket, (const struct sockaddr *)&d->at, sizeof d->at) < 0 ? -errno : 0;
	umask(before);
	return r < 0 ? r : listen(d->socket, CALLERS) < 0 ? -errno : 0;
}

int desk_open(const char *folder, struct desk **ret)
{
	struct desk *d = calloc(1, sizeof *d);
	if (d == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < CALLERS; i++)
		d->caller[i].fd = -1;
	int r = listen_at(d, folder);
	if (r < 0) {
		if (d->socket >= 0)
			close(d->socket);
		free(d);
		return r;
	}
	*ret = d;
	return 0;
}

static void hang_up(struct caller *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->answer);
	*c = (struct caller){ .fd = -1 };
}

void desk_close(struct desk *d)
{
	if (d == NULL)
		return;
	for (unsigned i = 0; i < CALLERS; i++)
		hang_up(&d->caller[i]);
	close(d->socket);
	unlink(d->at.sun_path);
	free(d);
}

/* ---- callers ---- */

static struct caller *place_for(struct desk *d, uid_t uid, uint64_t now)
{
	struct caller *empty = NULL, *silent = NULL;
	unsigned of_one = 0;
	for (unsigned i = 0; i < CALLERS; i++) {
		struct caller *c = &d->caller[i];
		if (c->fd < 0)
			empty = empty == NULL ? c : empty;
		else if (c->uid == uid) {
			of_one++;
			if (c->state == ASKS && c->until_ms + SILENT_MS < now + ASKING_MS &&
			    (silent == NULL || c->until_ms < silent->until_ms))
				silent = c;
		}
	}
	if (of_one < CALLERS_OF_ONE && empty != NULL)
		return empty;
	if (silent != NULL)
		hang_up(silent);
	return silent;
}

/* Who it is, before the first byte is read. */
static void let_in(struct desk *d, uint64_t now)
{
	for (unsigned i = 0; i < CALLERS; i++) {
		struct ucred who;
		socklen_t len = sizeof who;
		int fd = accept4(d->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		bool known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0;
		struct caller *c = known ? place_for(d, who.uid, now) : NULL;
		if (c == NULL) {
			close(fd);
			continue;
		}
		*c = (struct caller){ .fd = fd, .uid = who.uid, .state = ASKS, .until_ms = now + ASKING_MS };
	}
}

/* An answer begins: text behind room for its head. */
static struct text *begin_answer(struct caller *c)
{
	c->answer = malloc(sizeof(struct control_head) + DESK_ANSWER_BYTES);
	if (c->answer == NULL)
		return NULL;
	c->text = text_in(c->answer + sizeof(struct control_head), DESK_ANSWER_BYTES);
	return &c->text;
}

static void give_answer(struct caller *c, int status)
{
	struct control_head head = { .magic = CONTROL_MAGIC,
				     .status = status,
				     .bytes = (uint32_t)c->text.len };
	memcpy(c->answer, &head, sizeof head);
	c->bytes = sizeof head + c->text.len;
	c->state = TAKES;
	c->until_ms = now_ms() + ANSWER_MS;
}

static void answer_line(struct caller *c, int status, const char *line)
{
	if (c->answer == NULL && begin_answer(c) == NULL) {
		hang_up(c);
		return;
	}
	text_printf(&c->text, "%s\n", line);
	give_answer(c, status);
}

/* ---- questions ---- */

static enum ask ask_of(uint32_t verb)
{
	switch (verb) {
	case CONTROL_UNBLOCK: return ASK_UNBLOCK;
	case CONTROL_PAUSE: return ASK_PAUSE;
	case CONTROL_RESUME: return ASK_RESUME;
	default: return ASK_RELOAD;
	}
}

static void pass_on(struct desk *d, struct report *r, struct caller *c)
{
	if (c->uid != 0 && c->uid != geteuid()) {
		answer_line(c, NOT_ALLOWED, "only root and the daemon's own user may do that");
		return;
	}
	c->number = ++d->numbers;
	struct message_ask ask = { .argument = c->request.argument,
				   .ask = ask_of(c->request.verb),
				   .number = c->number,
				   .uid = c->uid };
	if (message_send(r->supervisor, VERB_ASK, &ask, -1) < 0) {
		answer_line(c, UNAVAILABLE, "the supervisor does not listen");
		return;
	}
	c->state = WAITS;
	c->until_ms = now_ms() + DECISION_MS;
	if (c->request.verb != CONTROL_UNBLOCK) {
		r->asked_uid = c->uid;
		r->asked_until_ms = now_ms() + ASKED_MS;
	}
}

static void answer(struct desk *d, struct report *r, struct caller *c)
{
	bool json = (c->request.flags & CONTROL_JSON) != 0, colour = (c->request.flags & CONTROL_COLOUR) != 0;
	if (control_changes(c->request.verb)) {
		pass_on(d, r, c);
		return;
	}
	if (r->now == NULL) {
		answer_line(c, UNAVAILABLE, "the daemon is starting: it has no book yet");
		return;
	}
	int status = 0;
	struct text *t = begin_answer(c);
	if (t == NULL) {
		hang_up(c);
		return;
	}
	switch (c->request.verb) {
	case CONTROL_STATUS: status = answer_status(r, json, t) ? 0 : NOT_WELL; break;
	case CONTROL_FLOWS: answer_flows(r, json, t); break;
	case CONTROL_MEETINGS: answer_meetings(r, json, colour, t); break;
	default: answer_blocks(r, json, t); break;
	}
	give_answer(c, status);
}

static void take_request(struct desk *d, struct report *r, struct caller *c)
{
	ssize_t n = recv(c->fd, (char *)&c->request + c->got, sizeof c->request - c->got, MSG_DONTWAIT);
	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			hang_up(c);
		return;
	}
	c->got += (size_t)n;
	if (c->got < sizeof c->request)
		return;
	if (control_request_sound(&c->request))
		answer(d, r, c);
	else
		answer_line(c, USAGE, "no question of ours: another version?");
}

static void send_answer(struct caller *c)
{
	while (c->sent < c->bytes) {
		ssize_t n = send(c->fd, c->answer + c->sent, c->bytes - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0)
			break;
		c->sent += (size_t)n;
	}
	hang_up(c);
}

void desk_said(struct desk *d, struct report *r, const struct message_say *m)
{
	struct caller *c = NULL;
	for (unsigned i = 0; i < CALLERS; i++)
		if (d->caller[i].fd >= 0 && d->caller[i].state == WAITS && d->caller[i].number == m->number)
			c = &d->caller[i];
	if (c == NULL || (c->answer == NULL && begin_answer(c) == NULL))
		return;
	size_t bytes = m->bytes < MESSAGE_SAY_BYTES ? m->bytes : MESSAGE_SAY_BYTES;
	for (size_t i = 0; i < bytes; i++) /* lines of ours; anything else in them stays on its line */
		if (m->text[i] == '\n')
			text_put(&c->text, "\n");
		else
			text_plain(&c->text, span_of(&m->text[i], 1));
	if (m->more != 0)
		return;
	int status = m->status;
	if (status == 0 && c->request.verb == CONTROL_UNBLOCK) {
		struct message_unblock u = { .element = c->request.argument,
					     .ask = m->number,
					     .uid = c->uid };
		r->unblock_uid = c->uid;
		r->unblock_element = u.element;
		r->unblock_until_ms = now_ms() + ASKED_MS;
		if (r->enforce < 0 || message_send(r->enforce, VERB_UNBLOCK, &u, -1) < 0) {
			text_put(&c->text, "nothing is blocked: the daemon only observes\n");
			status = UNAVAILABLE;
		}
	}
	if (status == 0 && (c->request.verb == CONTROL_PAUSE || c->request.verb == CONTROL_RESUME)) {
		r->asked_uid = c->uid;
		r->asked_until_ms = now_ms() + ASKED_MS;
		health_paused(r, c->request.verb == CONTROL_PAUSE);
	}
	give_answer(c, status);
}

/* ---- turns ---- */

size_t desk_poll(const struct desk *d, struct pollfd *ret, size_t room)
{
	size_t n = 0;
	if (room > 0)
		ret[n++] = (struct pollfd){ .fd = d->socket, .events = POLLIN };
	for (unsigned i = 0; i < CALLERS && n < room; i++) {
		const struct caller *c = &d->caller[i];
		if (c->fd >= 0 && c->state != WAITS)
			ret[n++] = (struct pollfd){ .fd = c->fd,
						    .events = c->state == TAKES ? POLLOUT : POLLIN };
	}
	return n;
}

static void turn(struct desk *d, struct report *r, struct caller *c, uint64_t now)
{
	if (c->state == ASKS)
		take_request(d, r, c);
	if (c->fd >= 0 && c->state == TAKES)
		send_answer(c);
	if (c->fd < 0 || now < c->until_ms)
		return;
	if (c->state == WAITS)
		answer_line(c, UNAVAILABLE, "the supervisor has not answered in time");
	else
		hang_up(c);
}

void desk_turn(struct desk *d, struct report *r)
{
	uint64_t now = now_ms();
	let_in(d, now);
	for (unsigned i = 0; i < CALLERS; i++)
		if (d->caller[i].fd >= 0)
			turn(d, r, &d->caller[i], now);
}
