/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Another book under flows that live: what they keep, how they are judged again, who is told, and how fast. */
#include "book/writer.h"
#include "check.h"
#include "engine/engine.h"
#include "frames.h"
#include "vector.h"

enum { T0 = 1700000000, FACTS_KEPT = 8192, MANY = 1500, SERVICES = 4 };
enum { CN = 'C' << 8 | 'N', TW = 'T' << 8 | 'W', NL = 'N' << 8 | 'L', DE = 'D' << 8 | 'E' };
static const uint64_t second = 1000000;

static struct flow_fact facts[FACTS_KEPT];
static size_t fact_count;

/* ---- books ---- */

/* A book of these services in this order; what is left out is as in `usual`. `zoom` has the names, with a site and a component; `meet` all of STUN. */
struct shelf {
	uint32_t generation;
	const char *service[SERVICES];
	const char *component[2];
	const char *site[2]; /* codes of zoom */
	country place;       /* of every site */
	country says;        /* the override of 198.18.0.0/15 */
	enum action action;  /* of the rule: keys inside CN */
	bool rules_before;   /* another rule stands before it */
	bool no_policy, no_site;
	const char *local; /* NULL: by default */
	const char *resolver;
};

static const struct shelf usual = { .service = { "zoom", "teams", "meet" },
				    .component = { "chat" },
				    .site = { "am" },
				    .place = NL,
				    .says = TW };

struct shelved {
	struct book book;
	uint8_t *image;
	struct shelf is;
};

static uint16_t row_of(const struct shelf *s, const char *name)
{
	for (uint16_t i = 0; i < SERVICES; i++)
		if (s->service[i] != NULL && strcmp(s->service[i], name) == 0)
			return (uint16_t)(i + 2);
	return SERVICE_NONE;
}

static void write_prefix(struct book_writer *w, enum book_section_id id, const char *text)
{
	struct prefix p = { 0 };
	if (text == NULL)
		return;
	CHECK(prefix_parse(span_text(text), &p, NULL), "%s", text);
	book_write(w, id, &p);
}

static void write_zoom(struct book_writer *w, const struct shelf *s)
{
	struct book_text tail = book_write_text(w, BYTES("zoom.us"));
	struct book_name name = { .tail = tail,
				  .pattern = book_write_text(w, BYTES("zoom<site><n>zc.zoom.us")),
				  .source = tail,
				  .service = row_of(s, "zoom"),
				  .roles = ROLE_SIGNALLING | ROLE_KEY,
				  .flags = NAME_PATTERN | NAME_STANDING };
	for (size_t i = 0; i < 2 && s->component[i] != NULL; i++)
		if (strcmp(s->component[i], "chat") == 0)
			name.component = (uint16_t)(i + 1);
	book_write(w, BOOK_NAME, &name);
	for (size_t i = 0; i < 2 && s->site[i] != NULL; i++) {
		struct book_site site = { .code = book_write_text(w, span_text(s->site[i])),
					  .source = tail,
					  .service = row_of(s, "zoom"),
					  .place = s->place };
		book_write(w, BOOK_SITE, &site);
	}
}

static void write_catalogue(struct book_writer *w, const struct shelf *s)
{
	for (size_t i = 0; i < SERVICES && s->service[i] != NULL; i++) {
		struct book_service row = { .name = book_write_text(w, span_text(s->service[i])) };
		book_write(w, BOOK_SERVICE, &row);
	}
	for (size_t i = 0; i < 2 && s->component[i] != NULL; i++) {
		struct book_component row = { .name = book_write_text(w, span_text(s->component[i])) };
		book_write(w, BOOK_COMPONENT, &row);
	}
	struct book_site other = { .code = book_write_text(w, BYTES("am")),
				   .source = book_write_text(w, BYTES("zoom.us")),
				   .service = row_of(s, "teams"),
				   .place = DE };
	if (other.service != SERVICE_NONE) /* a code means another place to each service */
		book_write(w, BOOK_SITE, &other);
	if (row_of(s, "zoom") != SERVICE_NONE)
		write_zoom(w, s);
	struct book_ports ports = { .lo = 3478, .hi = 3478, .proto = PROTO_UDP };
	struct book_framing framing = { .pattern = book_write_text(w, BYTES("stun")),
					.first_port = (uint32_t)book_write(w, BOOK_PORTS, &ports),
					.port_count = 1,
					.service = row_of(s, "meet") };
	if (framing.service != SERVICE_NONE)
		book_write(w, BOOK_FRAMING, &framing);
}

static void write_policy(struct book_writer *w, const struct shelf *s)
{
	struct book_source own = { .label = book_write_text(w, BYTES("override")),
				   .kind = KIND_OVERRIDE,
				   .has = SOURCE_HAS_COUNTRY,
				   .count4 = 1 };
	struct book_range4 range = { .first = 0xC6120000, .last = 0xC613FFFF, .says = s->says };
	struct book_region never = { .name = book_write_text(w, BYTES("never")) };
	unsigned bit = ('C' - 'A') * 26 + ('N' - 'A');
	struct book_rule other = { .name = book_write_text(w, BYTES("media")), .roles = ROLE_MEDIA },
			 rule = { .name = book_write_text(w, BYTES("keys-never")),
				  .roles = ROLE_SIGNALLING,
				  .inside = 1,
				  .mode = MODE_ENFORCE,
				  .action = (uint8_t)s->action };
	never.bits[bit / 64] |= UINT64_C(1) << bit % 64;
	book_write(w, BOOK_RANGE4, &range);
	book_write(w, BOOK_SOURCE, &own);
	book_write(w, BOOK_REGION, &never);
	if (s->rules_before)
		book_write(w, BOOK_RULE, &other);
	book_write(w, BOOK_RULE, &rule);
}

static struct shelved *shelve(struct shelf s)
{
	struct shelved *ret = calloc(1, sizeof *ret);
	struct book_writer *w = book_writer_new();
	struct book_settings set = { .size = SIZE_SMALL, .mode = MODE_ENFORCE, .has_policy = !s.no_policy };
	const char *why = "";
	size_t bytes;
	if (s.service[0] == NULL)
		memcpy(s.service, usual.service, sizeof s.service);
	if (s.component[0] == NULL)
		memcpy(s.component, usual.component, sizeof s.component);
	if (s.site[0] == NULL && !s.no_site)
		memcpy(s.site, usual.site, sizeof s.site);
	s.place = s.place == COUNTRY_NONE ? usual.place : s.place;
	s.says = s.says == COUNTRY_NONE ? usual.says : s.says;
	ret->is = s;
	book_write(w, BOOK_SETTINGS, &set);
	write_catalogue(w, &s);
	if (!s.no_policy)
		write_policy(w, &s);
	write_prefix(w, BOOK_LOCAL, s.local);
	write_prefix(w, BOOK_RESOLVER, s.resolver);
	CHECK(book_writer_image(w, s.generation, &ret->image, &bytes) == 0, "a book");
	CHECK(book_open(span_of(ret->image, bytes), &ret->book, &why) == 0, "it opens: %s", why);
	book_writer_free(w);
	return ret;
}

static void unshelve(struct shelved *s)
{
	free(s->image);
	free(s);
}

/* ---- an engine that is fed and emptied ---- */

static void take(struct engine *e)
{
	struct flow_fact f;
	while (engine_take(e, &f))
		facts[fact_count++ % FACTS_KEPT] = f;
}

static void feed(struct engine *e, struct made_frame *m)
{
	while (engine_batch(e, &m->frame, 1) == 0)
		take(e);
	take(e);
}

static const struct flow_fact *last_fact(void)
{
	return &facts[(fact_count - 1) % FACTS_KEPT];
}

static void finish(struct engine *e)
{
	while (!engine_end(e))
		take(e);
	take(e);
	engine_free(e);
}

static void tick_on(struct engine *e)
{
	for (unsigned i = 0; engine_retelling(e) && i < 1000; i++) {
		engine_tick(e, engine_now(e));
		take(e);
	}
	CHECK(!engine_retelling(e), "all are told");
}

static struct book held; /* one place for all, as an owner may do it */

/* The former book may go: nothing may read it any more. */
static void change(struct engine *e, struct shelved **now, struct shelved *to)
{
	fact_count = 0;
	held = to->book;
	engine_book(e, &held);
	unshelve(*now);
	*now = to;
}

static const struct ends tls_ends = { 0xC0A84D17, 0xC6120001, 50111, 443 }; /* 192.168.77.23 to 198.18.0.1 */
static const uint8_t server_hello[] = {
	0x16, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3, [43] = 0, [44] = 0x13, 0x01, 0
};

/* A connection to zoomam105zc.zoom.us that was answered. */
static void open_tls(struct engine *e, uint64_t at_us)
{
	static struct made_frame m;
	struct span none = { NULL, 0 }, hello = vector_hex("tls", "zoom-client");
	make_tcp(&m, tls_ends, TCP_SYN, 1000, 0, none, at_us);
	feed(e, &m);
	make_tcp(&m, turned(tls_ends), TCP_SYN | TCP_ACK, 7000, 1001, none, at_us + 100);
	feed(e, &m);
	make_tcp(&m, tls_ends, TCP_ACK, 1001, 7001, hello, at_us + 200);
	feed(e, &m);
	make_tcp(&m, turned(tls_ends), TCP_ACK, 7001, 1001 + (uint32_t)hello.len, span_of(server_hello, 47),
		 at_us + 300);
	feed(e, &m);
	free((void *)(uintptr_t)hello.at);
}

static void more_tls(struct engine *e, unsigned flags, uint64_t at_us)
{
	static struct made_frame m;
	make_tcp(&m, tls_ends, TCP_ACK | flags, 9000, 7048, (struct span){ NULL, 0 }, at_us);
	feed(e, &m);
}

/* An ICE check, and its answer. */
#define COOKIE_ID "2112a442 010101010101010101010101"
#define ICE_CHECK                                                                             \
	"0001 0030" COOKIE_ID "00060009 6576746a3a68367659000000 00240004 6e0001ff 00080014 " \
	"0102030405060708090a0b0c0d0e0f1011121314"
#define ICE_ANSWER "0101 000c" COOKIE_ID "00200008 0001a147e112a643"

static void speak_ice(struct engine *e, struct ends ends, bool answered, uint64_t at_us)
{
	static struct made_frame m;
	struct span ask = check_hex(ICE_CHECK), answer = check_hex(ICE_ANSWER);
	make_udp(&m, ends, ask, at_us);
	feed(e, &m);
	make_udp(&m, turned(ends), answer, at_us + 1);
	if (answered)
		feed(e, &m);
	free((void *)(uintptr_t)ask.at);
	free((void *)(uintptr_t)answer.at);
}

static struct engine *begin(const struct shelved *s)
{
	fact_count = 0;
	held = s->book;
	return engine_new(&held, &(struct engine_options){ 0 });
}

static const char *service_of(const struct shelved *s, const struct flow_fact *f)
{
	return f->now.service < s->book.count[BOOK_SERVICE]
		       ? book_string(&s->book, book_service(&s->book, f->now.service)->name)
		       : "beyond";
}

static const char *rule_of(const struct shelved *s, const struct flow_fact *f)
{
	return f->now.rule == 0 ? "" : book_string(&s->book, book_rule(&s->book, f->now.rule - 1u)->name);
}

/* ---- what a flow keeps ---- */

static const struct carry_row {
	const char *name;
	struct shelf to;
	const char *service, *component;
	country site, says;
} carry_rows[] = {
	{ "the same again", { 0 }, "zoom", "chat", NL, TW },
	{ "a service before it", { .service = { "alpha", "teams", "zoom" } }, "zoom", "chat", NL, TW },
	{ "all turned round", { .service = { "meet", "teams", "zoom" } }, "zoom", "chat", NL, TW },
	{ "a site before its own", { .site = { "aa", "am" } }, "zoom", "chat", NL, TW },
	{ "its site is elsewhere", { .place = DE }, "zoom", "chat", DE, TW },
	{ "its site is gone", { .site = { "aa" } }, "zoom", "chat", COUNTRY_NONE, TW },
	{ "no site at all", { .no_site = true }, "zoom", "chat", COUNTRY_NONE, TW },
	{ "a component before its own", { .component = { "alpha", "chat" } }, "zoom", "chat", NL, TW },
	{ "its component is gone", { .component = { "alpha" } }, "zoom", "", NL, TW },
	{ "the override says another", { .says = CN }, "zoom", "chat", NL, CN },
	{ "the name of a service is longer", { .service = { "zoomer", "zoom" } }, "zoom", "chat", NL, TW },
};

static country site_of(const struct flow_fact *f)
{
	const struct location *w = &f->place[PLACE_SERVER].where;
	for (unsigned i = 0; i < w->source_count; i++)
		if (w->source[i].kind == KIND_SITE)
			return w->source[i].says;
	return COUNTRY_NONE;
}

static void check_carried(const struct carry_row *r)
{
	struct shelved *s = shelve((struct shelf){ .generation = 1 });
	struct shelf to = r->to;
	struct engine *e = begin(s);
	to.generation = 2;
	open_tls(e, T0 * second);
	CHECK(fact_count > 0 && site_of(last_fact()) == NL && last_fact()->generation == 1, "%s: before",
	      r->name);
	change(e, &s, shelve(to));
	tick_on(e);
	const struct flow_fact *f = last_fact();
	CHECK(fact_count == 1 && f->kind == FACT_CHANGED && f->generation == 2, "%s: told %zu times", r->name,
	      fact_count);
	CHECK(strcmp(service_of(s, f), r->service) == 0, "%s: %s", r->name, service_of(s, f));
	CHECK(strcmp(book_string(&s->book, book_component(&s->book, f->now.component)->name), r->component) ==
		      0,
	      "%s: component %u", r->name, f->now.component);
	CHECK(site_of(f) == r->site && f->place[PLACE_SERVER].where.candidate[0] == r->says,
	      "%s: site %x in %x", r->name, site_of(f), f->place[PLACE_SERVER].where.candidate[0]);
	CHECK(f->now.evidence == (EV_SNI | EV_ANSWER) && f->now.roles == (ROLE_SIGNALLING | ROLE_KEY) &&
		      f->name_bytes > 0,
	      "%s: what was found stays", r->name);
	finish(e);
	CHECK(fact_count == 2 && last_fact()->kind == FACT_ENDED, "%s: and ends", r->name);
	CHECK(strcmp(service_of(s, last_fact()), r->service) == 0, "%s: as %s", r->name,
	      service_of(s, last_fact()));
	unshelve(s);
}

/* ---- a service that is gone ---- */

static void check_name_gone(bool spoke, bool ended)
{
	struct shelved *s = shelve((struct shelf){ .generation = 1 });
	struct engine *e = begin(s);
	open_tls(e, T0 * second);
	change(e, &s, shelve((struct shelf){ .service = { "teams", "meet" }, .generation = 2 }));
	if (spoke)
		more_tls(e, 0, T0 * second + 1000);
	if (!ended)
		tick_on(e);
	finish(e);
	CHECK(fact_count == 1, "a name of nobody: told %zu times", fact_count);
	CHECK(last_fact()->now.service == SERVICE_NONE && last_fact()->generation == 2 &&
		      last_fact()->now.roles == 0,
	      "as no conferencing");
	CHECK(last_fact()->kind == (ended ? FACT_ENDED : FACT_CHANGED), "%u", last_fact()->kind);
	CHECK(!(last_fact()->flags & FLOW_STANDING), "and as nothing that stands");
	unshelve(s);
}

static void check_payload_gone(void)
{
	struct shelved *s = shelve((struct shelf){ .generation = 1 });
	struct engine *e = begin(s);
	struct ends ends = { 0x0A000001, 0xC6120001, 4000, 3478 };
	speak_ice(e, ends, true, T0 * second);
	CHECK(strcmp(service_of(s, last_fact()), "meet") == 0, "an ICE check: %s",
	      service_of(s, last_fact()));
	CHECK(last_fact()->now.evidence == (EV_PAYLOAD | EV_PORT | EV_ANSWER), "at meet's port");
	change(e, &s, shelve((struct shelf){ .service = { "zoom" }, .generation = 2 }));
	tick_on(e);
	CHECK(fact_count == 1 && last_fact()->now.service == SERVICE_UNKNOWN, "told %zu times, %s",
	      fact_count, service_of(s, last_fact()));
	CHECK(last_fact()->now.roles == ROLE_SIGNALLING &&
		      last_fact()->now.evidence == (EV_PAYLOAD | EV_ANSWER) &&
		      last_fact()->now.stage == STAGE_PROBE,
	      "what the payload tells stays: %x", last_fact()->now.evidence);
	change(e, &s, shelve((struct shelf){ .generation = 3 }));
	for (uint64_t i = 1; i < 40; i++)
		speak_ice(e, ends, true, T0 * second + i * 1000);
	CHECK(strcmp(service_of(s, last_fact()), "meet") == 0, "found again when it is back: %s",
	      service_of(s, last_fact()));
	finish(e);
	unshelve(s);
}

/* Of a keepalive alone nobody can say that it conferences. It is looked at as if it were new, and told of when that is over;
 * silence of it is no news. */
static void check_setup_gone(bool many)
{
	static const uint8_t keepalive[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42, 9 };
	static struct made_frame m;
	struct shelved *s = shelve((struct shelf){ .generation = 1 });
	struct engine *e = begin(s);
	make_udp(&m, (struct ends){ 0x0A000001, 0xC6120001, 4000, 3478 },
		 span_of(keepalive, sizeof keepalive), T0 * second);
	for (unsigned i = 0; i < 40; i++)
		feed(e, &m);
	CHECK(fact_count == 1 && strcmp(service_of(s, last_fact()), "meet") == 0, "a keepalive of meet");
	change(e, &s, shelve((struct shelf){ .service = { "zoom" }, .generation = 2 }));
	for (unsigned i = 0; i < (many ? 40 : 2); i++)
		feed(e, &m);
	CHECK(fact_count == many, "told when it is settled: %zu", fact_count);
	tick_on(e);
	CHECK(fact_count == 1 && last_fact()->now.service == SERVICE_NONE, "told once: %zu", fact_count);
	if (!many) {
		change(e, &s, shelve((struct shelf){ .generation = 3 }));
		for (unsigned i = 0; i < 20; i++)
			feed(e, &m);
		CHECK(fact_count == 1 && strcmp(service_of(s, last_fact()), "meet") == 0, "found again");
		change(e, &s, shelve((struct shelf){ .service = { "zoom" }, .generation = 4 }));
		tick_on(e);
	}
	engine_tick(e, (T0 + 119) * second);
	engine_tick(e, (T0 + 200) * second);
	take(e);
	finish(e);
	CHECK(fact_count == 1 && last_fact()->now.service == SERVICE_NONE, "no more is told: %zu",
	      fact_count);
	unshelve(s);
}

/* ---- verdicts ---- */

static void check_rule(void)
{
	struct shelved *s = shelve((struct shelf){ .says = CN, .action = ACTION_ALERT, .generation = 1 });
	struct engine *e = begin(s);
	open_tls(e, T0 * second);
	CHECK(last_fact()->verdict.action == ACTION_ALERT && last_fact()->now.rule == 1, "an alert first");
	change(e, &s,
	       shelve((struct shelf){
		       .says = CN, .action = ACTION_BLOCK, .rules_before = true, .generation = 2 }));
	tick_on(e);
	CHECK(fact_count == 1 && last_fact()->verdict.action == ACTION_BLOCK && !last_fact()->verdict.observe,
	      "the rule blocks now");
	CHECK(last_fact()->verdict.rule == 2 && strcmp(rule_of(s, last_fact()), "keys-never") == 0,
	      "by its new row");
	change(e, &s, shelve((struct shelf){ .says = TW, .action = ACTION_BLOCK, .generation = 3 }));
	tick_on(e);
	CHECK(fact_count == 1 && last_fact()->verdict.rule == 0 && last_fact()->now.action == ACTION_PERMIT,
	      "the country is another now");
	change(e, &s, shelve((struct shelf){ .says = CN, .action = ACTION_BLOCK, .generation = 4 }));
	more_tls(e, 0, T0 * second + 1000);
	CHECK(fact_count == 1 && last_fact()->verdict.action == ACTION_BLOCK && last_fact()->generation == 4,
	      "its own packet comes before its turn");
	tick_on(e);
	CHECK(fact_count == 1, "and then it is not told again");
	change(e, &s, shelve((struct shelf){ .no_policy = true, .generation = 5 }));
	tick_on(e);
	CHECK(fact_count == 1 && last_fact()->now.rule == 0 && last_fact()->now.action == ACTION_PERMIT &&
		      last_fact()->verdict.rule == 0,
	      "without a policy there is no verdict");
	finish(e);
	unshelve(s);
}

/* Whatever is told before its turn is of the present book. */
static void check_others_first(void)
{
	struct shelved *s = shelve(
		(struct shelf){ .says = CN, .action = ACTION_ALERT, .rules_before = true, .generation = 1 });
	struct engine *e = begin(s);
	open_tls(e, T0 * second);
	change(e, &s, shelve((struct shelf){ .says = CN, .action = ACTION_BLOCK, .generation = 2 }));
	finish(e);
	CHECK(fact_count == 1 && last_fact()->kind == FACT_ENDED &&
		      last_fact()->verdict.action == ACTION_BLOCK && last_fact()->verdict.rule == 1 &&
		      last_fact()->generation == 2,
	      "its end");
	e = begin(s);
	open_tls(e, T0 * second);
	change(e, &s,
	       shelve((struct shelf){
		       .says = CN, .action = ACTION_ALERT, .rules_before = true, .generation = 3 }));
	engine_tick(e, (T0 + 200) * second);
	take(e);
	CHECK(fact_count == 1 && last_fact()->kind == FACT_QUIET && last_fact()->verdict.rule == 2,
	      "its silence");
	change(e, &s, shelve((struct shelf){ .says = CN, .action = ACTION_BLOCK, .generation = 4 }));
	tick_on(e);
	CHECK(fact_count == 0, "a quiet flow is not told");
	more_tls(e, 0, (T0 + 201) * second);
	CHECK(fact_count == 1 && last_fact()->kind == FACT_RESUMED &&
		      last_fact()->verdict.action == ACTION_BLOCK,
	      "until it speaks: %zu", fact_count);
	engine_tick(e, (T0 + 400) * second);
	take(e);
	change(e, &s, shelve((struct shelf){ .says = CN, .action = ACTION_BLOCK, .generation = 5 }));
	finish(e);
	CHECK(fact_count == 1 && last_fact()->kind == FACT_ENDED && last_fact()->now.service == SERVICE_NONE,
	      "its end says nothing: %zu", fact_count);
	unshelve(s);
}

/* ---- local networks, resolvers ---- */

/* Whether all bytes of conferencing are of strangers. */
static void check_foreign(const struct engine *e, bool all, const char *name)
{
	struct engine_counters c;
	engine_counters(e, &c);
	CHECK(c.conferencing_bytes > 0 && (c.both_foreign_bytes == c.conferencing_bytes) == all,
	      "%s: %llu of %llu bytes", name, (unsigned long long)c.both_foreign_bytes,
	      (unsigned long long)c.conferencing_bytes);
}

static void check_local(void)
{
	struct ends ends = { 0xC6336401, 0xC6120001, 4000, 3478 }; /* 198.51.100.1 to 198.18.0.1 */
	struct shelved *s = shelve((struct shelf){ .generation = 1 });
	struct engine *e = begin(s);
	speak_ice(e, turned(ends), true, T0 * second);
	CHECK(last_fact()->flags & FLOW_BOTH_FOREIGN && fact_client_port(last_fact()) == 3478,
	      "two strangers");
	check_foreign(e, true, "two strangers");
	change(e, &s, shelve((struct shelf){ .local = "198.51.100.0/24", .generation = 2 }));
	tick_on(e);
	CHECK(fact_count == 1 && !(last_fact()->flags & FLOW_BOTH_FOREIGN) &&
		      fact_client_port(last_fact()) == 4000,
	      "one of them is ours now");
	CHECK(!(last_fact()->now.evidence & EV_ANSWER), "the client itself had answered");
	speak_ice(e, ends, true, T0 * second + 1000);
	check_foreign(e, false, "one of them is ours");
	change(e, &s, shelve((struct shelf){ .local = "198.0.0.0/8", .generation = 3 }));
	tick_on(e);
	CHECK(fact_count == 1 && last_fact()->flags & FLOW_BOTH_LOCAL &&
		      fact_client_port(last_fact()) == 4000,
	      "both are");
	finish(e);
	unshelve(s);
}

/* a.zoom.example is 198.18.0.9, asked of 10.0.0.53. */
static enum dns_doubt ask_dns(struct engine *e, uint64_t at_us)
{
	static struct made_frame m;
	struct engine_counters before, after;
	struct ends ends = { 0x0A000001, 0x0A000035, 5353, 53 };
	struct span ask = check_hex("00070100 0001 0000 0000 0000 0161047a6f6f6d076578616d706c6500 00010001"),
		    answer =
			    check_hex("00078180 0001 0001 0000 0000 0161047a6f6f6d076578616d706c6500 00010001"
				      "c00c 0001 0001 0000003c 0004 c6120009");
	engine_counters(e, &before);
	make_udp(&m, ends, ask, at_us);
	feed(e, &m);
	make_udp(&m, turned(ends), answer, at_us + 100);
	feed(e, &m);
	engine_counters(e, &after);
	free((void *)(uintptr_t)ask.at);
	free((void *)(uintptr_t)answer.at);
	for (unsigned i = 0; i < DNS_DOUBTS; i++)
		if (after.dns[i] != before.dns[i])
			return (enum dns_doubt)i;
	return DNS_DOUBTS;
}

static void check_resolvers(void)
{
	struct shelved *s = shelve((struct shelf){ .resolver = "10.0.0.53/32", .generation = 1 });
	struct engine *e = begin(s);
	CHECK(ask_dns(e, T0 * second) == DNS_BELIEVED, "our resolver");
	change(e, &s, shelve((struct shelf){ .resolver = "10.0.0.54/32", .generation = 2 }));
	CHECK(ask_dns(e, (T0 + 1) * second) == DNS_NO_RESOLVER, "is ours no more");
	change(e, &s, shelve((struct shelf){ .generation = 3 }));
	CHECK(ask_dns(e, (T0 + 2) * second) == DNS_BELIEVED, "everybody is");
	finish(e);
	unshelve(s);
}

/* ---- many flows, little room ---- */

static struct ends nth(uint32_t i)
{
	return (struct ends){ 0x0A000000 + i, 0xC6120001, (uint16_t)(4000 + i), 3478 };
}

static unsigned told_of[MANY];

static void count_told(void)
{
	for (size_t i = 0; i < fact_count; i++)
		if (facts[i].kind == FACT_CHANGED && fact_client_port(&facts[i]) >= 4000)
			told_of[fact_client_port(&facts[i]) - 4000]++;
	fact_count = 0;
}

static void check_once_each(const char *name)
{
	unsigned wrong = 0;
	for (size_t i = 0; i < MANY; i++)
		wrong += told_of[i] != 1;
	CHECK(wrong == 0, "%s: %u are not told once", name, wrong);
	memset(told_of, 0, sizeof told_of);
}

static size_t queued(struct engine *e)
{
	size_t before = fact_count;
	take(e);
	return fact_count - before;
}

/* The same book comes again. Ticks alone; with a queue that nobody empties for a while; packets alone. */
static void check_many(void)
{
	static struct made_frame other;
	struct shelved *s = shelve((struct shelf){ .generation = 7 });
	struct engine *e = begin(s);
	for (uint32_t i = 0; i < MANY; i++)
		speak_ice(e, nth(i), false, T0 * second + i);
	memset(told_of, 0, sizeof told_of);
	fact_count = 0;
	engine_book(e, &s->book);
	CHECK(queued(e) == 0, "nothing at once");
	engine_tick(e, engine_now(e));
	size_t at_once = queued(e);
	CHECK(at_once > 0 && at_once <= 256, "%zu at once", at_once);
	tick_on(e);
	count_told();
	check_once_each("ticks");
	engine_book(e, &s->book);
	for (unsigned i = 0; i < 100; i++)
		engine_tick(e, engine_now(e));
	CHECK(engine_retelling(e), "the queue is full");
	size_t full = queued(e);
	CHECK(full >= 256 && full <= 512, "%zu fit", full);
	speak_ice(e, nth(MANY - 1), false, T0 * second + MANY); /* before its turn */
	tick_on(e);
	count_told();
	check_once_each("full");
	engine_book(e, &s->book);
	for (unsigned i = 1; engine_retelling(e) && i < 1000; i++) {
		make_udp(&other, (struct ends){ 0x0A000001, 0xC6120009, 1, 2 }, BYTES("x"),
			 T0 * second + i * 70000);
		feed(e, &other);
		CHECK(fact_count <= MANY, "no more");
	}
	count_told();
	check_once_each("packets");
	finish(e);
	unshelve(s);
}

/* A book comes while the former one's flows are still being told. */
static void check_soon_again(void)
{
	struct shelved *s = shelve((struct shelf){ .generation = 1 });
	struct engine *e = begin(s);
	for (uint32_t i = 0; i < MANY; i++)
		speak_ice(e, nth(i), false, T0 * second + i);
	change(e, &s, shelve((struct shelf){ .service = { "meet", "zoom" }, .generation = 2 }));
	engine_tick(e, engine_now(e));
	take(e);
	change(e, &s, shelve((struct shelf){ .service = { "teams", "zoom", "meet" }, .generation = 3 }));
	tick_on(e);
	unsigned wrong = 0;
	for (size_t i = 0; i < fact_count; i++)
		wrong += facts[i].generation != 3 || facts[i].now.service != row_of(&s->is, "meet");
	CHECK(wrong == 0, "%u of %zu by another book", wrong, fact_count);
	memset(told_of, 0, sizeof told_of);
	count_told();
	check_once_each("the second book");
	finish(e);
	unshelve(s);
}

int main(void)
{
	for (size_t i = 0; i < sizeof carry_rows / sizeof *carry_rows; i++)
		check_carried(&carry_rows[i]);
	check_name_gone(false, false);
	check_name_gone(true, false);
	check_name_gone(false, true);
	check_payload_gone();
	check_setup_gone(false);
	check_setup_gone(true);
	check_rule();
	check_others_first();
	check_local();
	check_resolvers();
	check_many();
	check_soon_again();
	return check_done();
}
