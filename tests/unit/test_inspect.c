/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of inspect: captures become one stream in order of time; messages wait for a slow reader and the oldest go first;
 * which facts ask for a block, and when again. libpcap, the clock and the engine's counts are the test's own. */
#include "inspect/inspect.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include "book/writer.h"
#include "check.h"
#include "engine/look.h"

/* ---- what main.c, live.c and the engine would be ---- */

static uint64_t clock_now;
static char said[512];

void say(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(said, sizeof said, format, args);
	va_end(args);
}

uint64_t now_us(void)
{
	return clock_now;
}

enum { FAKES = 3, FRAMES = 200 };
struct live {
	uint64_t stamps[FRAMES];
	size_t count, read;
	int opens, state, ends; /* ends: what live_read says when there are no more */
	uint16_t source;
	size_t ring_bytes;
	bool promiscuous;
};
static struct live fakes[FAKES];

int live_open(const struct live_options *o, struct live **ret, char *ret_why)
{
	struct live *l = &fakes[o->source];
	snprintf(ret_why, CAPTURE_WHY_BYTES, "why %d", o->source);
	l->source = o->source;
	l->ring_bytes = o->ring_bytes;
	l->promiscuous = o->promiscuous;
	if (l->opens == 0)
		*ret = l;
	return l->opens;
}

int live_read(struct live *l, struct frame *ret, size_t most)
{
	size_t n = 0;
	for (; n < most && l->read < l->count; n++)
		ret[n] = (struct frame){ .at_us = l->stamps[l->read++], .source = l->source };
	return n > 0 ? (int)n : l->ends;
}

int live_state(struct live *l)
{
	return l->state;
}

void live_count(struct live *l, struct live_counters *ret)
{
	*ret = (struct live_counters){ .received = l->read, .dropped = 7 };
}

static struct flow_look looked;
static bool lives;

bool engine_look(struct engine *e, const struct flow_key *key, uint64_t id, struct flow_look *ret)
{
	(void)e, (void)key, (void)id;
	*ret = looked;
	return lives;
}

uint64_t engine_now(const struct engine *e)
{
	(void)e;
	return 42;
}

/* ---- a book ---- */

static uint8_t *image;

static struct book book_of(unsigned mode, const uint8_t sides[FAKES])
{
	static const char *const names[FAKES] = { "one", "two", "three" };
	struct book b;
	size_t bytes;
	struct book_writer *w = book_writer_new();
	struct book_settings s = { .mode = (uint8_t)mode, .has_policy = 1, .size = SIZE_SMALL };
	book_write(w, BOOK_SETTINGS, &s);
	struct book_rule r = { .action = ACTION_BLOCK, .mode = MODE_ENFORCE };
	book_write(w, BOOK_RULE, &r);
	for (size_t i = 0; i < FAKES; i++) {
		struct book_capture c = { .interface = book_write_text(w, span_text(names[i])),
					  .side = sides[i] };
		book_write(w, BOOK_CAPTURE, &c);
	}
	free(image);
	const char *why = "";
	CHECK(book_writer_image(w, 5, &image, &bytes) == 0, "an image");
	CHECK(book_open(span_of(image, bytes), &b, &why) == 0, "a book: %s", why);
	book_writer_free(w);
	return b;
}

static const uint8_t all_inside[FAKES] = { SIDE_INSIDE, SIDE_INSIDE, SIDE_INSIDE };

/* ---- sources ---- */

static struct sources *sources_new(const uint8_t sides[FAKES])
{
	static struct sources s;
	struct book b = book_of(MODE_OBSERVE, sides);
	memset(&s, 0, sizeof s);
	CHECK(sources_open(&s, &b) == 0, "opened");
	return &s;
}

static void fakes_clear(void)
{
	memset(fakes, 0, sizeof fakes);
	for (size_t i = 0; i < FAKES; i++)
		fakes[i].state = 1;
}

static void check_order(void)
{
	struct frame out[LIVE_BATCH];
	uint64_t last = 0, wrong = 0;
	size_t got = 0, n, of[FAKES] = { 0 };
	fakes_clear();
	for (size_t i = 0; i < FRAMES; i++)
		for (size_t k = 0; k < FAKES; k++) /* k runs ahead of the one before it */
			fakes[k].stamps[fakes[k].count++] = i * (k + 1) * 10 + k + 1;
	struct sources *s = sources_new(all_inside);
	while ((n = sources_take(s, out, LIVE_BATCH)) > 0) {
		for (size_t i = 0; i < n; i++) {
			wrong += out[i].at_us < last;
			last = out[i].at_us;
			of[out[i].source]++;
		}
		got += n;
		struct message_counters c = { 0 };
		sources_count(s, &c);
		for (size_t k = 0; k < FAKES; k++)
			CHECK(c.capture[k].received == of[k], "received is what was taken: %zu", k);
	}
	CHECK(got == FAKES * FRAMES && wrong == 0, "%zu frames, %llu out of order", got,
	      (unsigned long long)wrong);
	CHECK(sources_wait(s), "nothing waits");
	s->at[1].ready = true;
	CHECK(!sources_wait(s), "poll said that something is there");
}

static void check_opening(void)
{
	static const uint8_t sides[FAKES] = { SIDE_INSIDE, SIDE_MIRROR, SIDE_OUTSIDE };
	fakes_clear();
	fakes[0].opens = -ENODEV;
	fakes[2].opens = -ENETDOWN;
	struct sources *s = sources_new(sides);
	CHECK(s->count == FAKES && s->at[0].error == -ENODEV && s->at[1].error == 0 &&
		      s->at[2].error == -ENETDOWN,
	      "what is not there is left out");
	CHECK(sources_gone(s) && !s->at[0].up && s->at[1].up && !s->at[2].up, "and is not up");
	CHECK(strstr(said, "three: why 2") != NULL, "and said: %s", said);
	CHECK(fakes[1].promiscuous && !fakes[0].promiscuous && !fakes[2].promiscuous,
	      "a mirror port hears all");
	CHECK(fakes[1].ring_bytes == (16u << 20) / FAKES, "rings share the room: %zu", fakes[1].ring_bytes);
	fakes_clear();
	fakes[1].opens = -EPERM;
	struct sources none = { 0 };
	struct book b = book_of(MODE_OBSERVE, sides);
	CHECK(sources_open(&none, &b) == -EPERM, "without a privilege there is no start");
}

static void check_leaving(void)
{
	struct frame out[LIVE_BATCH];
	fakes_clear();
	for (size_t i = 0; i < 3; i++)
		fakes[0].stamps[fakes[0].count++] = i;
	struct sources *s = sources_new(all_inside);
	fakes[0].state = -ENODEV;
	CHECK(sources_look(s) && !sources_look(s), "one fell, once");
	CHECK(!s->at[0].up && s->at[0].error == 0 && !sources_gone(s), "what it caught comes first");
	CHECK(sources_take(s, out, LIVE_BATCH) == 3 && sources_take(s, out, LIVE_BATCH) == 0, "three frames");
	sources_look(s);
	CHECK(sources_take(s, out, LIVE_BATCH) == 0 && s->at[0].error == -ENODEV, "then it is gone");
	fakes[1].ends = -EIO;
	s->at[1].ready = true;
	CHECK(sources_take(s, out, LIVE_BATCH) == 0 && s->at[1].error == -EIO, "libpcap gave up");
	CHECK(sources_wait(s), "what is gone has nothing that waits");
}

/* ---- outbox ---- */

static struct message_block numbered(uint64_t n)
{
	struct message_block b = { .flow = n, .generation = 5 };
	return b;
}

static size_t drain(int link, uint64_t *ret_first, uint64_t *ret_last)
{
	struct message m;
	int fd;
	size_t n = 0;
	for (; message_receive(link, PROCESS_INSPECT, PROCESS_ENFORCE, &m, &fd) == 0; n++) {
		if (n == 0)
			*ret_first = m.body.block.flow;
		else
			CHECK(m.body.block.flow == *ret_last + 1, "in order");
		*ret_last = m.body.block.flow;
	}
	return n;
}

static void check_outbox(void)
{
	struct outbox o;
	int link = -1, fd[2];
	uint64_t first = 0, last = 0, sent = 0;
	CHECK(outbox_init(&o, VERB_BLOCK, 8) == 0, "an outbox");
	while (sent < 11) {
		struct message_block b = numbered(++sent);
		outbox_put(&o, &link, &b);
	}
	CHECK(o.count == 8 && o.lost == 3, "without a link eight wait, and the oldest three are lost");
	CHECK(message_pair(4, fd) == 0, "a link");
	link = fd[0];
	outbox_flush(&o, &link);
	size_t early = drain(fd[1], &first, &last);
	CHECK(early == 8 - o.count && first == 4, "the oldest that is left comes first: %llu",
	      (unsigned long long)first);
	while (o.lost == 3 && sent < 10000) { /* a reader that does not read */
		struct message_block b = numbered(++sent);
		outbox_put(&o, &link, &b);
	}
	uint64_t lost = o.lost, waiting = o.count, next = 0;
	size_t in_link = drain(fd[1], &next, &last);
	CHECK(next > 4 && lost == 4 && waiting == 8, "until it is full nothing is lost");
	outbox_flush(&o, &link);
	size_t rest = drain(fd[1], &next, &last);
	CHECK(rest == 8 && last == sent, "what waited comes");
	CHECK(early + in_link + rest + lost == sent, "none is missing: %zu, %zu of %llu", early, in_link,
	      (unsigned long long)sent);
	close(fd[1]);
	struct message_block b = numbered(++sent);
	outbox_put(&o, &link, &b);
	CHECK(link == -1 && o.count == 1 && o.lost == 4, "a reader that is gone loses nothing");
	outbox_clear(&o);
	CHECK(o.count == 0 && o.lost == 5, "what is thrown away is counted");
	free(o.items);
}

/* ---- watch ---- */

static const struct address client = { { [10] = 0xFF, 0xFF, 192, 0, 2, 2 } };
static const struct address server = { { [10] = 0xFF, 0xFF, 198, 51, 100, 2 } };
static const struct address other = { { [10] = 0xFF, 0xFF, 203, 0, 113, 2 } };

static struct flow_fact fact_of(uint64_t id)
{
	struct flow_fact f;
	memset(&f, 0, sizeof f);
	f.id = id;
	f.at_us = f.last_us = 1000000000;
	f.key = (struct flow_key){ client, server, 40000, 8801, 0, PROTO_UDP, 0 };
	f.now = (struct conclusion){
		.service = 0, .stage = STAGE_USED, .roles = ROLE_MEDIA, .evidence = EV_PAYLOAD | EV_ANSWER
	};
	f.place[PLACE_SERVER].set = 1;
	f.place[PLACE_SERVER].at = server;
	f.place[PLACE_SERVER].verdict = (struct verdict){ .rule = 1, .action = ACTION_BLOCK };
	f.generation = 5;
	f.packets[0] = 3, f.packets[1] = 2;
	return f;
}

static struct inspect *inspect_new(unsigned mode, const uint8_t sides[FAKES])
{
	static struct inspect i;
	free(i.watch.at);
	free(i.blocks.items);
	memset(&i, 0, sizeof i);
	i.enforce = -1;
	i.book = book_of(mode, sides);
	CHECK(watch_init(&i.watch) == 0 && outbox_init(&i.blocks, VERB_BLOCK, 64) == 0, "memory");
	return &i;
}

static const struct message_block *last_block(const struct inspect *i)
{
	return (const struct message_block *)(const void *)i->blocks.items + (i->blocks.count - 1);
}

enum change {
	NOTHING,
	OBSERVE_MODE,
	OBSERVE_RULE,
	ALERTS,
	ATTEMPT,
	PROBE,
	TOLD_RELAY_ONLY,
	TOLD_RELAY_IS_SERVER,
	NOT_SET,
	FOREIGN,
	LOCAL,
	NAT,
	OTHER_BOOK,
	ENDED_LATE,
	ENDED_NOW,
	ENDING,
	MIRROR,
	OUTSIDE,
	NO_RULE,
};
static const struct row {
	const char *name;
	enum change change;
	bool asks;
} rows[] = {
	{ "a violation", NOTHING, true },
	{ "of a policy that observes", OBSERVE_MODE, false },
	{ "of a rule that observes", OBSERVE_RULE, false },
	{ "of a rule that alerts", ALERTS, false },
	{ "an attempt", ATTEMPT, false },
	{ "a probe", PROBE, true },
	{ "only the told relay", TOLD_RELAY_ONLY, false },
	{ "a told relay that is the far end", TOLD_RELAY_IS_SERVER, true },
	{ "no place", NOT_SET, false },
	{ "both foreign", FOREIGN, false },
	{ "both local", LOCAL, false },
	{ "behind address translation", NAT, false },
	{ "judged by another book", OTHER_BOOK, false },
	{ "over long ago", ENDED_LATE, false },
	{ "just over", ENDED_NOW, true },
	{ "we end", ENDING, false },
	{ "seen on a mirror port", MIRROR, false },
	{ "seen outside", OUTSIDE, false },
	{ "no rule", NO_RULE, false },
};

static void change_fact(struct flow_fact *f, enum change c)
{
	struct place_fact *p = f->place;
	switch (c) {
	case OBSERVE_RULE: p->verdict.observe = 1; break;
	case ALERTS: p->verdict.action = ACTION_ALERT; break;
	case ATTEMPT: f->now.stage = STAGE_ATTEMPT; break;
	case PROBE: f->now.stage = STAGE_PROBE; break;
	case TOLD_RELAY_ONLY:
	case TOLD_RELAY_IS_SERVER:
		p[PLACE_RELAY] = p[PLACE_SERVER];
		p[PLACE_SERVER].verdict = (struct verdict){ .action = ACTION_PERMIT };
		p[PLACE_RELAY].at = c == TOLD_RELAY_ONLY ? other : server;
		break;
	case NOT_SET: p->set = 0; break;
	case FOREIGN: f->flags = FLOW_BOTH_FOREIGN; break;
	case LOCAL: f->flags = FLOW_BOTH_LOCAL; break;
	case NAT: f->flags = FLOW_NAT; break;
	case OTHER_BOOK: f->generation = 4; break;
	case ENDED_LATE: f->kind = FACT_ENDED, f->last_us -= 10000000; break;
	case ENDED_NOW: f->kind = FACT_ENDED; break;
	case MIRROR: f->source = 1; break;
	case OUTSIDE: f->source = 2; break;
	case NO_RULE: p->verdict.rule = 0; break;
	default: break;
	}
}

static void check_rows(void)
{
	static const uint8_t sides[FAKES] = { SIDE_INSIDE, SIDE_MIRROR, SIDE_OUTSIDE };
	for (size_t n = 0; n < sizeof rows / sizeof *rows; n++) {
		struct inspect *i =
			inspect_new(rows[n].change == OBSERVE_MODE ? MODE_OBSERVE : MODE_ENFORCE, sides);
		struct flow_fact f = fact_of(n + 1);
		change_fact(&f, rows[n].change);
		i->ending = rows[n].change == ENDING;
		watch_fact(i, &f);
		CHECK(i->blocks.count == rows[n].asks, "%s: %zu", rows[n].name, i->blocks.count);
	}
}

static void check_block(void)
{
	struct inspect *i = inspect_new(MODE_ENFORCE, all_inside);
	struct flow_fact f = fact_of(9);
	f.now.client_is_hi = 1; /* then the server is the lower end */
	f.place[PLACE_SERVER].at = client;
	f.bytes[1] = 77;
	watch_fact(i, &f);
	const struct message_block *b = last_block(i);
	CHECK(address_equal(&b->client, &server) && address_equal(&b->server, &client),
	      "the ends as they are");
	CHECK(b->client_port == 8801 && b->server_port == 40000 && b->proto == PROTO_UDP, "ports, protocol");
	CHECK(b->flow == 9 && b->rule == 1 && b->generation == 5 && b->decided_us == f.at_us,
	      "who says so, and when");
	CHECK(b->packets[0] == 3 && b->packets[1] == 2 && b->bytes[1] == 77, "what leaked");
	CHECK(b->roles == ROLE_MEDIA && b->evidence == f.now.evidence && b->answered == 1, "on what grounds");
	f = fact_of(10);
	f.flags = FLOW_ONE_WAY;
	watch_fact(i, &f);
	CHECK(last_block(i)->answered == 0, "who was not heard has not answered");
	f = fact_of(11);
	f.now.evidence = EV_PAYLOAD | EV_DNS;
	watch_fact(i, &f);
	CHECK(last_block(i)->answered == 0 && i->blocks.count == 3, "a name is no answer");
	f.now.evidence |= EV_ANSWER;
	watch_fact(i, &f);
	CHECK(last_block(i)->answered == 1 && i->blocks.count == 4, "asked again when it has answered");
	watch_fact(i, &f);
	CHECK(i->blocks.count == 4, "and then no more");
	f.place[PLACE_SERVER].verdict.rule = 2;
	watch_fact(i, &f);
	CHECK(i->blocks.count == 5, "another rule is another request");
	f.place[PLACE_SERVER].verdict.action = ACTION_PERMIT;
	watch_fact(i, &f);
	f.place[PLACE_SERVER].verdict.action = ACTION_BLOCK;
	watch_fact(i, &f);
	CHECK(i->blocks.count == 6, "what was permitted in between is new");
}

/* All sets once: a second of the clock. */
static void look_round(struct inspect *i)
{
	for (unsigned n = 0; n < 11; n++)
		watch_turn(i);
}

static void check_again(void)
{
	struct inspect *i = inspect_new(MODE_ENFORCE, all_inside);
	struct flow_fact f = fact_of(12345);
	clock_now = 50000000;
	lives = true;
	watch_fact(i, &f);
	looked = (struct flow_look){ .packets = { 900, 6 }, .bytes = { 1, 2 } };
	clock_now += 1500000;
	look_round(i);
	CHECK(i->blocks.count == 1, "what was on its way is through");
	looked.packets[0] = 2000;
	clock_now += 1000000;
	look_round(i);
	CHECK(i->blocks.count == 1, "the client may say what it likes");
	looked.packets[1] = 7;
	look_round(i);
	CHECK(i->blocks.count == 2 && last_block(i)->packets[1] == 7 && last_block(i)->decided_us == 42,
	      "what comes back is told");
	looked.packets[1] = 8;
	look_round(i);
	CHECK(i->blocks.count == 2, "not at once again");
	clock_now += 2000000;
	looked.packets[1] = 9;
	look_round(i);
	CHECK(i->blocks.count == 3, "but later");
	clock_now += 3000000;
	looked.packets[1] = 10;
	looked.closed = true;
	look_round(i);
	CHECK(i->blocks.count == 3, "a reset is no leak");
	watch_fact(i, &f);
	CHECK(i->blocks.count == 3, "and the flow is still known");
	looked.closed = false;
	f.kind = FACT_ENDED;
	watch_fact(i, &f);
	CHECK(i->blocks.count == 3, "its end asks for nothing");
	f.kind = FACT_CHANGED;
	watch_fact(i, &f);
	lives = false;
	look_round(i);
	watch_fact(i, &f);
	CHECK(i->blocks.count == 5, "what the engine forgot is forgotten");
}

static void check_crowd(void)
{
	struct inspect *i = inspect_new(MODE_ENFORCE, all_inside);
	for (uint64_t n = 0; n < 20; n++) { /* all of one set */
		struct flow_fact f = fact_of(512 * n + 3);
		clock_now++;
		watch_fact(i, &f);
	}
	CHECK(i->blocks.count == 20, "each asks");
	for (uint64_t n = 12; n < 20; n++) {
		struct flow_fact f = fact_of(512 * n + 3);
		watch_fact(i, &f);
	}
	CHECK(i->blocks.count == 20, "the latest are known");
	struct flow_fact f = fact_of(3);
	watch_fact(i, &f);
	CHECK(i->blocks.count == 21, "the first was given up");
	watch_clear(&i->watch);
	watch_fact(i, &f);
	CHECK(i->blocks.count == 22, "all are");
}

int main(void)
{
	check_order();
	check_opening();
	check_leaving();
	check_outbox();
	check_rows();
	check_block();
	check_again();
	check_crowd();
	return check_done();
}
