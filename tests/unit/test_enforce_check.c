/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What enforce lets be blocked: rows, a million random requests against a model that knows the addresses by hand, and budgets. */
#include "check.h"

#include "book/writer.h"
#include "enforce/check.h"

enum { GENERATION = 5, MOST = 100, CLIENT_A_MINUTE = 4, ALL_A_MINUTE = 10, RANDOM_REQUESTS = 1000000 };
#define SECOND 1000000ull

/* Rules + 1, as requests name them. */
enum {
	RULE_BLOCKS = 1,
	RULE_WATCHES,
	RULE_ALERTS,
	RULE_UNSURE_BLOCKS,
	RULE_FOR_FEW,
	RULES_MOST = RULE_FOR_FEW
};

static struct address at(const char *text)
{
	struct address a;
	if (!address_parse(span_text(text), &a))
		abort();
	return a;
}

static void add_prefix(struct book_writer *w, enum book_section_id id, const char *text)
{
	struct prefix p;
	if (!prefix_parse(span_text(text), &p, NULL))
		abort();
	book_write(w, id, &p);
}

static void add_receiver(struct book_writer *w, uint8_t kind, uint8_t transport, const char *text)
{
	struct book_output o = { .kind = kind, .transport = transport, .host = at(text), .port = 601 };
	book_write(w, BOOK_OUTPUT, &o);
}

static void add_group(struct book_writer *w, const char *name, const char *text, uint8_t shared)
{
	struct book_group g = { .name = book_write_text(w, span_text(name)),
				.first_member = (uint32_t)book_written(w, BOOK_MEMBER),
				.member_count = 1,
				.shared = shared };
	struct book_member m = { 0 };
	if (!prefix_parse(span_text(text), &m.prefix, NULL))
		abort();
	book_write(w, BOOK_MEMBER, &m);
	book_write(w, BOOK_GROUP, &g);
}

static void add_rule(struct book_writer *w, uint8_t action, uint8_t unsure, uint8_t mode, uint16_t group)
{
	struct book_rule r = { .name = book_write_text(w, span_text("r")),
			       .action = action,
			       .unsure = unsure,
			       .mode = mode,
			       .group = group };
	book_write(w, BOOK_RULE, &r);
}

static uint8_t *make_book(struct guard *ret, uint8_t mode)
{
	struct book_writer *w = book_writer_new();
	struct book_settings s = { .mode = mode, .has_policy = 1 };
	struct book_enforce e = { .timeout_s = 600,
				  .max_blocks = MOST,
				  .budget_client = CLIENT_A_MINUTE,
				  .budget_servers = 64,
				  .budget_blocks = ALL_A_MINUTE };
	uint8_t *image = NULL;
	size_t bytes = 0;
	const char *why = "";
	book_write(w, BOOK_SETTINGS, &s);
	book_write(w, BOOK_ENFORCE, &e);
	add_prefix(w, BOOK_LOCAL, "192.0.2.0/24");
	add_prefix(w, BOOK_LOCAL, "2001:db8:1::/48");
	add_prefix(w, BOOK_PROTECT, "203.0.113.9");
	add_prefix(w, BOOK_PROTECT, "198.51.100.128/25");
	add_prefix(w, BOOK_PROTECT, "2001:db8:9::/48");
	add_prefix(w, BOOK_RESOLVER, "203.0.113.53");
	add_receiver(w, OUTPUT_SYSLOG, TRANSPORT_TCP, "203.0.113.60");
	add_receiver(w, OUTPUT_SYSLOG, TRANSPORT_UNIX, "203.0.113.8"); /* a socket of this machine has no host */
	add_group(w, "many", "192.0.2.128/25", 1);
	add_group(w, "few", "192.0.2.16/28", 0);
	add_rule(w, ACTION_BLOCK, UNSURE_NEXT, MODE_ENFORCE, 0);
	add_rule(w, ACTION_BLOCK, UNSURE_BLOCK, MODE_OBSERVE, 0);
	add_rule(w, ACTION_ALERT, UNSURE_ALERT, MODE_ENFORCE, 0);
	add_rule(w, ACTION_ALERT, UNSURE_BLOCK, MODE_ENFORCE, 0);
	add_rule(w, ACTION_BLOCK, UNSURE_PERMIT, MODE_ENFORCE, 2);
	if (book_writer_image(w, GENERATION, &image, &bytes) < 0 ||
	    book_open(span_of(image, bytes), &ret->book, &why) < 0) {
		printf("the book: %s\n", why);
		exit(1);
	}
	book_writer_free(w);
	return image;
}

/* ---- addresses, known by hand ---- */

static const struct known {
	const char *text;
	enum block_refusal as_server;
	bool client, many, few;
} known[] = {
	{ "198.51.100.7", REFUSED_NOT, false, false, false },
	{ "203.0.113.8", REFUSED_NOT, false, false, false },
	{ "10.1.2.3", REFUSED_NOT, false, false,
	  false }, /* private, but not ours: the book says what is local */
	{ "203.0.113.9", REFUSED_PROTECTED, false, false, false },
	{ "::ffff:203.0.113.9", REFUSED_PROTECTED, false, false, false },
	{ "198.51.100.128", REFUSED_PROTECTED, false, false, false },
	{ "198.51.100.255", REFUSED_PROTECTED, false, false, false },
	{ "203.0.113.53", REFUSED_PROTECTED, false, false, false },
	{ "203.0.113.60", REFUSED_PROTECTED, false, false, false },
	{ "192.0.2.1", REFUSED_LOCAL, true, false, false },
	{ "192.0.2.17", REFUSED_LOCAL, true, false, true },
	{ "192.0.2.200", REFUSED_LOCAL, true, true, false },
	{ "127.0.0.1", REFUSED_PROTECTED, false, false, false },
	{ "0.0.0.0", REFUSED_PROTECTED, false, false, false },
	{ "0.9.9.9", REFUSED_PROTECTED, false, false, false },
	{ "169.254.1.1", REFUSED_PROTECTED, false, false, false },
	{ "224.0.0.1", REFUSED_PROTECTED, false, false, false },
	{ "255.255.255.255", REFUSED_PROTECTED, false, false, false },
	{ "2001:db8:2::7", REFUSED_NOT, false, false, false },
	{ "2001:db8:1::7", REFUSED_LOCAL, true, false, false },
	{ "2001:db8:9:1::", REFUSED_PROTECTED, false, false, false },
	{ "::1", REFUSED_PROTECTED, false, false, false },
	{ "::", REFUSED_PROTECTED, false, false, false },
	{ "fe80::1", REFUSED_PROTECTED, false, false, false },
	{ "ff02::1", REFUSED_PROTECTED, false, false, false },
	{ "2002:cb00:7109::1", REFUSED_PROTECTED, false, false, false }, /* 6to4 of 203.0.113.9 */
	{ "2002:c000:201::1", REFUSED_LOCAL, false, false, false },      /* of 192.0.2.1 */
	{ "2002:c633:6407::1", REFUSED_NOT, false, false, false },       /* of 198.51.100.7 */
	{ "64:ff9b::203.0.113.53", REFUSED_PROTECTED, false, false, false },
	{ "64:ff9b::198.51.100.7", REFUSED_NOT, false, false, false },
	{ "::203.0.113.9", REFUSED_PROTECTED, false, false, false }, /* IPv4-compatible */
};
enum { KNOWN = sizeof known / sizeof *known };

static uint64_t random_state = 88172645463325252u;
static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 16) % n);
}

static bool is_v4_text(const struct known *k)
{
	return strchr(k->text, ':') == NULL || strncmp(k->text, "::ffff:", 7) == 0;
}

struct asked {
	struct message_block b;
	const struct known *client, *server;
	bool standing;
	size_t elements;
};

static bool rule_orders(uint16_t rule, const struct known *client)
{
	return rule == RULE_BLOCKS || rule == RULE_UNSURE_BLOCKS || (rule == RULE_FOR_FEW && client->few);
}

static bool is_lifeline(const struct message_block *b)
{
	unsigned p = b->server_port;
	return p == 53 || (b->proto == 17 && (p == 67 || p == 68 || p == 123 || p == 546 || p == 547));
}

static enum block_refusal model(const struct asked *a, bool paused)
{
	const struct message_block *b = &a->b;
	bool sound = (b->proto == 6 || b->proto == 17) && b->client_port > 0 && b->server_port > 0 &&
		     b->answered < 2 && b->roles > 0 && b->roles < 16 && b->service < 2 &&
		     b->generation == GENERATION && is_v4_text(a->client) == is_v4_text(a->server) &&
		     rule_orders(b->rule, a->client);
	if (!sound)
		return REFUSED_MALFORMED;
	if (paused)
		return REFUSED_PAUSED;
	if (b->answered == 0 && (b->evidence & 16) == 0)
		return REFUSED_UNANSWERED;
	if (a->server->as_server != REFUSED_NOT)
		return a->server->as_server;
	if (!a->client->client)
		return REFUSED_LOCAL;
	if (is_lifeline(b))
		return REFUSED_PROTECTED;
	if (a->client->many && (b->evidence & 0xF0) == 0)
		return REFUSED_SHARED;
	return !a->standing && a->elements >= MOST ? REFUSED_FULL : REFUSED_NOT;
}

static uint8_t mostly(uint8_t usual, uint8_t others)
{
	return random_below(8) > 0 ? usual : (uint8_t)random_below(others);
}

static uint16_t random_port(void)
{
	static const uint16_t known_ports[] = { 0, 52, 53, 67, 68, 69, 123, 546, 547 };
	return random_below(4) == 0 ? known_ports[random_below(sizeof known_ports / sizeof *known_ports)]
				    : (uint16_t)(random_below(20) * 3000);
}

static struct asked ask_at_random(void)
{
	struct asked a = { .client = &known[random_below(2) ? 9 + random_below(3) : random_below(KNOWN)],
			   .server = &known[random_below(2) ? random_below(3) : random_below(KNOWN)],
			   .standing = random_below(2) == 0,
			   .elements = MOST - 2 + random_below(4) };
	a.b = (struct message_block){ .client = at(a.client->text),
				      .server = at(a.server->text),
				      .client_port = (uint16_t)(random_below(20) * 3000),
				      .server_port = random_port(),
				      .rule = mostly(RULE_BLOCKS, RULES_MOST + 3),
				      .service = mostly(1, 4),
				      .proto = mostly(random_below(2) ? 6 : 17, 20),
				      .evidence = (uint8_t)random_below(256),
				      .roles = mostly(4, 20),
				      .answered = mostly(1, 3),
				      .generation = mostly(GENERATION, 8) };
	return a;
}

static void test_model(struct guard *g)
{
	uint64_t now = SECOND;
	unsigned seen[REFUSED_SHARED + 1] = { 0 }, wrong = 0;
	for (int i = 0; i < RANDOM_REQUESTS; i++) {
		struct asked a = ask_at_random();
		now += 3600 * SECOND; /* budgets are full again */
		g->paused = random_below(50) == 0;
		enum block_refusal got = check_request(g, &a.b, a.standing, a.elements, now),
				   want = model(&a, g->paused);
		seen[got]++;
		if (got != want && wrong++ < 5)
			printf("%s -> %s rule %u: %d, not %d\n", a.client->text, a.server->text, a.b.rule,
			       got, want);
	}
	g->paused = false;
	CHECK(wrong == 0, "%u of %d requests judged otherwise than by the model", wrong, RANDOM_REQUESTS);
	for (unsigned i = 0; i <= REFUSED_SHARED; i++)
		CHECK(i == REFUSED_BUDGET || i == REFUSED_BUDGET_CLIENT || seen[i] > 1000,
		      "answer %u came %u times", i, seen[i]);
}

/* Random servers near what is protected: none of the ranges, told here as numbers, ever passes. */
static bool is_free_v4(uint32_t a)
{
	return a >> 24 != 0 && a >> 24 != 127 && a >> 28 != 0xE && a != UINT32_MAX && a >> 16 != 0xA9FE &&
	       a >> 8 != 0xC00002 && a != 0xCB007109 && a != 0xCB007135 && a != 0xCB00713C &&
	       !(a >= 0xC6336480 && a <= 0xC63364FF);
}

static void test_neighbours(struct guard *g)
{
	static const uint32_t near[] = { 0xC0000200, 0xCB007109, 0xCB007135, 0xC6336480,
					 0x7F000001, 0xE0000000, 0,          0xA9FE0000 };
	unsigned wrong = 0, passed = 0;
	struct message_block b = { .client = at("192.0.2.5"),
				   .client_port = 1,
				   .server_port = 2,
				   .rule = RULE_BLOCKS,
				   .proto = 6,
				   .roles = 4,
				   .answered = 1,
				   .generation = GENERATION };
	for (int i = 0; i < 200000; i++) {
		uint32_t server = near[random_below(8)] ^ (1u << random_below(32)) ^ random_below(4);
		b.server = address_from_v4(server);
		bool may = check_request(g, &b, true, 0, SECOND) == REFUSED_NOT;
		wrong += may != is_free_v4(server);
		passed += may;
	}
	CHECK(wrong == 0 && passed > 10000, "%u wrong, %u passed", wrong, passed);
}

static void test_budget(struct guard *g)
{
	struct message_block b = { .client_port = 1,
				   .server_port = 2,
				   .server = at("198.51.100.7"),
				   .rule = RULE_BLOCKS,
				   .proto = 17,
				   .roles = 4,
				   .answered = 1,
				   .generation = GENERATION };
	uint64_t now = 1ull << 60;
	unsigned got[3] = { 0 };
	for (unsigned client = 0; client < 3; client++)
		for (unsigned i = 0; i < 6; i++) {
			b.client = address_from_v4(0xC0000201u + client);
			got[client] += check_request(g, &b, false, 0, now) == REFUSED_NOT;
		}
	CHECK(got[0] == CLIENT_A_MINUTE && got[1] == CLIENT_A_MINUTE, "a client gets its own: %u, %u", got[0],
	      got[1]);
	CHECK(got[2] == ALL_A_MINUTE - 2 * CLIENT_A_MINUTE, "the third gets what is left: %u", got[2]);
	CHECK(check_request(g, &b, true, 0, now) == REFUSED_NOT, "what stands is renewed without a budget");
	b.client = at("192.0.2.99");
	CHECK(check_request(g, &b, false, 0, now + 599 * SECOND) == REFUSED_BUDGET,
	      "nothing new for ten minutes");
	CHECK(check_request(g, &b, false, 0, now + 600 * SECOND) == REFUSED_NOT, "and then again");
	now += 700 * SECOND;
	unsigned in_minutes = 0;
	for (unsigned s = 0; s < 600; s++)
		in_minutes += check_request(g, &b, false, 0, now + s * SECOND) == REFUSED_NOT;
	CHECK(in_minutes >= 10 * CLIENT_A_MINUTE && in_minutes <= 11 * CLIENT_A_MINUTE,
	      "a client in ten minutes: %u", in_minutes);
}

static void test_quotas(void)
{
	static struct budget b;
	static const uint32_t quotas[] = { 1, 7, 60, 64, 2000, 7747, 70001, 1000000 };
	struct address client = at("192.0.2.1");
	for (size_t i = 0; i < sizeof quotas / sizeof *quotas; i++) {
		struct book_enforce limits = { .budget_client = quotas[i], .budget_blocks = 1000000 };
		uint32_t n = 0;
		memset(&b, 0, sizeof b);
		while (n <= 1000000 && budget_take(&b, &limits, &client, SECOND) == REFUSED_NOT)
			n++;
		CHECK(n <= quotas[i] && n >= quotas[i] - quotas[i] / 50, "a quota of %u gives %u at once",
		      quotas[i], n);
	}
}

int main(void)
{
	static struct guard g, watching;
	uint8_t *image = make_book(&g, MODE_ENFORCE), *other = make_book(&watching, MODE_OBSERVE);
	struct message_block b = { .client = at("192.0.2.5"),
				   .server = at("198.51.100.7"),
				   .client_port = 1,
				   .server_port = 2,
				   .rule = RULE_BLOCKS,
				   .proto = 6,
				   .roles = 4,
				   .answered = 1,
				   .generation = GENERATION };
	CHECK(check_request(&g, &b, false, 0, SECOND) == REFUSED_NOT, "a good one");
	CHECK(check_request(&watching, &b, false, 0, SECOND) == REFUSED_MALFORMED, "a book that observes");
	test_model(&g);
	test_neighbours(&g);
	test_budget(&g);
	test_quotas();
	free(image);
	free(other);
	return check_done();
}
