/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/outputs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "report/output.h"

enum {
	RETRY_FIRST_MS = 500,
	RETRY_MOST_MS = 15000,
	CONNECT_MS = 10000,
	STALLED_MS = 20000, /* nothing taken for so long, while something waits: tell, and begin anew */
	TURN_MS = 1000,
	CONFIRM_POLL_MS = 20,
	PACE_MS = 10,
	REPLAY_MS = 600000, /* older than that, a receiver that reads has it */
};

struct outputs {
	struct spool *spool;
	output_told *told;
	void *user;
	size_t count;
	struct output one[SPOOL_OUTPUTS];
};

struct outputs *outputs_new(struct spool *s, output_told *told, void *user)
{
	struct outputs *o = calloc(1, sizeof *o);
	if (o == NULL)
		return NULL;
	o->spool = s;
	o->told = told;
	o->user = user;
	frame_init();
	return o;
}

static void close_link(struct output *o)
{
	if (o->fd > STDERR_FILENO)
		close(o->fd);
	o->fd = -1;
	o->link = LINK_CLOSED;
	o->blocked = false;
	o->frame_bytes = o->frame_sent = 0;
	o->written = o->unread = o->mark = 0;
	if (o->sent > o->confirmed)
		o->sent = o->confirmed; /* what is not confirmed goes again */
}

/* The connection broke: what it was given last goes again, too. */
static void rewind_handed(struct output *o, uint64_t now_ms)
{
	for (size_t i = 0; i < o->handed_count; i++) {
		size_t at = (o->handed_first + i) % OUTPUT_REPLAYED;
		if (o->handed[at].at_ms + REPLAY_MS >= now_ms && o->handed[at].seq <= o->sent)
			o->sent = o->handed[at].seq - 1;
	}
	o->handed_count = 0;
}

static void note_handed(struct output *o, uint64_t now_ms)
{
	if (!o->by->replays)
		return;
	if (o->handed_count == OUTPUT_REPLAYED) {
		o->handed_first = (o->handed_first + 1) % OUTPUT_REPLAYED;
		o->handed_count--;
	}
	size_t at = (o->handed_first + o->handed_count++) % OUTPUT_REPLAYED;
	o->handed[at].seq = o->sent;
	o->handed[at].at_ms = now_ms;
}

/* The spool keeps what stands behind this. */
static uint64_t kept_from(const struct output *o)
{
	return o->handed_count > 0 ? o->handed[o->handed_first].seq - 1 : o->confirmed;
}

static void drop(struct output *o)
{
	close_link(o);
	free(o->frame);
	o->frame = NULL;
}

void outputs_free(struct outputs *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < o->count; i++)
		drop(&o->one[i]);
	free(o);
}

/* ---- which there are ---- */

static void name_output(const struct book *b, const struct book_output *row, struct output *ret)
{
	static const char *const forms[OUTPUT_KINDS] = { "journal", "syslog", "json", "stdout" };
	char address[ADDRESS_TEXT_BYTES];
	struct text name = text_in(ret->name, sizeof ret->name);
	struct text target = text_in(ret->target, sizeof ret->target);
	struct span told = book_span(b, row->target);
	if (row->kind == OUTPUT_JOURNAL && told.len == 0)
		told = span_text("/run/systemd/journal/socket");
	text_put_span(&target, told);
	ret->host = row->host;
	ret->port = row->port;
	ret->kind = row->kind;
	ret->format = row->format;
	text_put(&name, forms[row->kind]);
	if (ret->by == &by_udp || ret->by == &by_tcp)
		text_printf(&name, " %s %s port %u",
			    word_name(WORDS_PROTO, ret->by == &by_udp ? PROTO_UDP : PROTO_TCP),
			    address_text(&row->host, address), row->port);
	else if (row->kind != OUTPUT_STDOUT) {
		text_put(&name, " ");
		text_plain(&name, told);
	}
}

static struct output *find(struct outputs *o, const char *name)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->one[i].by != NULL && strcmp(o->one[i].name, name) == 0)
			return &o->one[i];
	return NULL;
}

/* A copy of the output of that name, taken away from the set; or a new one. */
static int take_output(struct outputs *from, struct output *ret)
{
	struct output *known = find(from, ret->name);
	if (known != NULL && known->format == ret->format && strcmp(known->target, ret->target) == 0) {
		*ret = *known;
		known->frame = NULL;
		known->fd = -1;
		known->by = NULL;
		return 0;
	}
	ret->fd = -1;
	ret->frame = malloc(OUTPUT_FRAME_BYTES);
	return ret->frame != NULL ? 0 : -ENOMEM;
}

static size_t list_outputs(const struct book *b, struct output *ret)
{
	static const struct book_output to_stdout = { .kind = OUTPUT_STDOUT, .format = FORMAT_JSON };
	size_t count = 0, rows = b->count[BOOK_OUTPUT];
	for (size_t i = 0; i < rows && count < SPOOL_OUTPUTS; i++) {
		ret[count].by = transport_of(book_output(b, i));
		if (ret[count].by != NULL)
			name_output(b, book_output(b, i), &ret[count++]);
	}
	if (count == 0) {
		ret[0].by = &by_stdout;
		name_output(b, &to_stdout, &ret[count++]);
	}
	return count;
}

int outputs_take(struct outputs *o, const struct book *b)
{
	struct output *next = calloc(SPOOL_OUTPUTS, sizeof *next);
	const char *names[SPOOL_OUTPUTS];
	uint64_t seq[SPOOL_OUTPUTS];
	if (next == NULL)
		return -ENOMEM;
	size_t count = list_outputs(b, next);
	int r = 0;
	for (size_t i = 0; i < count; i++) {
		r = r == 0 ? take_output(o, &next[i]) : r;
		names[i] = next[i].name;
	}
	for (size_t i = 0; i < o->count; i++)
		if (o->one[i].by != NULL)
			drop(&o->one[i]);
	memcpy(o->one, next, count * sizeof *next);
	o->count = count;
	free(next);
	for (size_t i = 0; i < count; i++)
		names[i] = o->one[i].name;
	if (r == 0)
		r = spool_outputs(o->spool, names, count, seq);
	for (size_t i = 0; i < count && r == 0; i++)
		if (o->one[i].confirmed < seq[i])
			o->one[i].confirmed = o->one[i].sent = seq[i];
	for (size_t i = 0; i < count; i++)
		spool_down(o->spool, i, o->one[i].down);
	return r;
}

size_t outputs_folders(const struct outputs *o, char (*ret)[OUTPUTS_FOLDER_BYTES], size_t room)
{
	size_t n = 0;
	for (size_t i = 0; i < o->count && n < room; i++) {
		const char *slash = strrchr(o->one[i].target, '/');
		if (o->one[i].by->is_file && slash != NULL)
			snprintf(ret[n++], OUTPUTS_FOLDER_BYTES, "%.*s",
				 slash > o->one[i].target ? (int)(slash - o->one[i].target) : 1,
				 o->one[i].target);
	}
	return n;
}

void outputs_reopen(struct outputs *o)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->one[i].by->is_file) {
			close_link(&o->one[i]);
			o->one[i].retry_ms = 0;
		}
}

/* ---- one output ---- */

static void fail(struct outputs *all, struct output *o, int error, uint64_t now_ms)
{
	close_link(o);
	rewind_handed(o, now_ms);
	o->wait_ms = o->wait_ms == 0                  ? RETRY_FIRST_MS
		     : o->wait_ms * 2 < RETRY_MOST_MS ? o->wait_ms * 2
						      : RETRY_MOST_MS;
	o->retry_ms = now_ms + o->wait_ms;
	o->error = error;
	spool_down(all->spool, (size_t)(o - all->one), true);
	if (!o->down) {
		o->down = true;
		all->told(all->user, o->name, error);
	}
}

static void confirm(struct outputs *all, struct output *o, uint64_t now_ms)
{
	int r = o->by->confirm != NULL ? o->by->confirm(o) : 0;
	if (r < 0) {
		fail(all, o, r, now_ms);
		return;
	}
	o->confirmed = o->mark;
	o->mark = 0;
	o->wait_ms = 0;
	spool_confirm(all->spool, (size_t)(o - all->one), o->confirmed, kept_from(o));
	if (o->down) {
		o->down = false;
		o->error = 0;
		spool_down(all->spool, (size_t)(o - all->one), false);
		all->told(all->user, o->name, 0);
	}
}

static void set_mark(struct output *o, uint64_t now_ms)
{
	if (o->mark != 0 || o->sent <= o->confirmed || o->frame_bytes != 0)
		return;
	o->mark = o->sent;
	o->acknowledged_ms = 0;
	o->mark_ms = now_ms;
	o->mark_written = o->written;
}

static bool is_settled(struct output *o, uint64_t now_ms)
{
	if (o->mark == 0 || o->unread > o->written - o->mark_written)
		return false;
	if (o->acknowledged_ms == 0)
		o->acknowledged_ms = now_ms;
	return now_ms - o->acknowledged_ms >= o->by->settle_ms;
}

/* Is the receiver well, how far is it, and may what was marked be confirmed? */
static bool check(struct outputs *all, struct output *o, uint64_t now_ms)
{
	uint64_t unread = 0;
	int r = o->by->check(o, &unread);
	if (r == 0 && unread >= o->unread && (unread > 0 || o->blocked) &&
	    now_ms - o->progress_ms > STALLED_MS)
		r = -ETIMEDOUT;
	if (r < 0) {
		fail(all, o, r, now_ms);
		return false;
	}
	if (unread < o->unread || (unread == 0 && !o->blocked))
		o->progress_ms = now_ms;
	o->unread = unread;
	if (is_settled(o, now_ms))
		confirm(all, o, now_ms);
	return o->link == LINK_OPEN;
}

static void skip_gone(const struct outputs *all, struct output *o)
{
	struct spool_counters c;
	spool_counters(all->spool, &c);
	if (o->sent < c.last_seq)
		o->sent = c.last_seq;
}

/* Puts the next event of the spool into the frame. */
static bool next_frame(struct outputs *all, struct output *o)
{
	struct record r;
	if (o->down && o->by->probes && o->sent > o->confirmed)
		return false;
	int found = spool_next(all->spool, o->sent, &r);
	if (found == 0) /* the last ones may have gone from a full spool */
		skip_gone(all, o);
	if (found <= 0)
		return false;
	frame_event(o, &r);
	o->frame_sent = 0;
	o->sent = r.seq;
	return true;
}

/* 0: the frame is gone; -EAGAIN; or the connection is over. */
static int send_frame(struct output *o, uint64_t now_ms)
{
	size_t before = o->frame_sent;
	int r = o->by->send(o);
	if (before == 0 && (r == 0 || o->frame_sent > 0))
		note_handed(o, now_ms);
	if (r == -EMSGSIZE) {
		o->refused++;
		r = 0;
	} else if (r == 0) {
		o->frame_sent = o->frame_bytes;
		o->events++;
	}
	o->written += o->frame_sent - before;
	if (o->frame_sent > before)
		o->progress_ms = now_ms;
	o->blocked = r == -EAGAIN;
	if (r == 0)
		o->frame_bytes = o->frame_sent = 0;
	return r;
}

static void send_some(struct outputs *all, struct output *o, uint64_t now_ms)
{
	unsigned most = o->by->paced > 0 ? o->by->paced : OUTPUTS_BURST;
	if (now_ms < o->paced_ms)
		return;
	for (unsigned i = 0; i < most; i++) {
		if (o->frame_bytes == 0 && !next_frame(all, o))
			return;
		int r = send_frame(o, now_ms);
		if (r == -EAGAIN)
			return;
		if (r < 0) {
			fail(all, o, r, now_ms);
			return;
		}
	}
	o->paced_ms = o->by->paced > 0 ? now_ms + PACE_MS : 0;
}

static void try_open(struct outputs *all, struct output *o, uint64_t now_ms)
{
	if (now_ms < o->retry_ms)
		return;
	int r = o->by->open(o);
	if (r < 0 && r != -EINPROGRESS) {
		fail(all, o, r, now_ms);
		return;
	}
	o->link = r == 0 ? LINK_OPEN : LINK_CONNECTING;
	o->opened_ms = o->progress_ms = now_ms;
	o->reconnects++;
}

static void try_connected(struct outputs *all, struct output *o, uint64_t now_ms)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };
	uint64_t unread;
	if (poll(&p, 1, 0) > 0) {
		int r = o->by->check(o, &unread);
		if (r < 0)
			fail(all, o, r, now_ms);
		else
			o->link = LINK_OPEN;
	} else if (now_ms - o->opened_ms > CONNECT_MS) {
		fail(all, o, -ETIMEDOUT, now_ms);
	}
}

static void turn(struct outputs *all, struct output *o, uint64_t now_ms)
{
	if (o->link == LINK_CLOSED)
		try_open(all, o, now_ms);
	if (o->link == LINK_CONNECTING)
		try_connected(all, o, now_ms);
	if (o->link != LINK_OPEN || !check(all, o, now_ms))
		return;
	send_some(all, o, now_ms);
	if (o->link != LINK_OPEN)
		return;
	set_mark(o, now_ms);
	if (o->by->settle_ms == 0 && o->mark != 0)
		check(all, o, now_ms);
}

/* ---- all ---- */

static bool has_more(const struct outputs *all, const struct output *o)
{
	struct spool_counters c;
	spool_counters(all->spool, &c);
	return o->link == LINK_OPEN && !o->blocked && o->sent < c.last_seq && !(o->down && o->by->probes);
}

static int due_in(const struct outputs *all, const struct output *o, uint64_t now_ms)
{
	if (o->link == LINK_CLOSED)
		return o->retry_ms > now_ms + TURN_MS ? TURN_MS
		       : o->retry_ms > now_ms         ? (int)(o->retry_ms - now_ms)
						      : 0;
	if (has_more(all, o))
		return o->paced_ms > now_ms ? (int)(o->paced_ms - now_ms) : 0;
	if (o->mark == 0)
		return TURN_MS;
	uint64_t at = (o->acknowledged_ms != 0 ? o->acknowledged_ms : o->mark_ms) + o->by->settle_ms;
	return at > now_ms + TURN_MS ? TURN_MS : at > now_ms ? (int)(at - now_ms) : CONFIRM_POLL_MS;
}

int outputs_turn(struct outputs *o, uint64_t now_ms)
{
	int due = TURN_MS;
	for (size_t i = 0; i < o->count; i++) {
		turn(o, &o->one[i], now_ms);
		int in = due_in(o, &o->one[i], now_ms);
		due = in < due ? in : due;
	}
	return due;
}

size_t outputs_poll(const struct outputs *o, struct pollfd *ret, size_t room)
{
	size_t n = 0;
	for (size_t i = 0; i < o->count && n < room; i++) {
		const struct output *one = &o->one[i];
		bool waits = one->link == LINK_CONNECTING || one->blocked;
		if (one->link != LINK_CLOSED && !one->by->is_file && (waits || one->by == &by_tcp))
			ret[n++] = (struct pollfd){ .fd = one->fd,
						    .events = (short)((waits ? POLLOUT : 0) | POLLIN) };
	}
	return n;
}

bool outputs_idle(const struct outputs *o)
{
	struct spool_counters c;
	spool_counters(o->spool, &c);
	for (size_t i = 0; i < o->count; i++)
		if (o->one[i].confirmed < c.last_seq)
			return false;
	return true;
}

size_t outputs_count(const struct outputs *o)
{
	return o->count;
}

void outputs_state(const struct outputs *o, size_t i, struct output_state *ret)
{
	const struct output *one = &o->one[i];
	*ret = (struct output_state){ one->name,
				      one->confirmed,
				      one->sent,
				      one->events,
				      one->reconnects,
				      one->refused,
				      one->down ? one->error : 0 };
}
