/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "book/writer.h"
#include "check.h"
#include "policy/policy.h"

enum { ZOOM = 2, TEAMS = 3 };    /* rows of services; seats US and none */
enum { NEVER = 1, FRIENDS = 2 }; /* regions + 1: {CN}, {TW, JP} */
enum { PUPILS = 1, COURT = 2 };  /* groups + 1 */
enum { CN = 'C' << 8 | 'N', TW = 'T' << 8 | 'W', JP = 'J' << 8 | 'P', US = 'U' << 8 | 'S' };

/* ---- a book of one rule, or of two ---- */

struct fixture {
	struct book_writer *w;
	uint8_t *image;
	struct book b;
};

static void set_country(uint64_t bits[11], country c)
{
	unsigned bit = (unsigned)((c >> 8) - 'A') * 26 + (unsigned)((c & 0xFF) - 'A');
	bits[bit / 64] |= UINT64_C(1) << bit % 64;
}

static void write_group(struct book_writer *w, const char *prefix)
{
	struct book_member m = { 0 };
	prefix_parse(span_text(prefix), &m.prefix, NULL);
	struct book_group g = { .first_member = (uint32_t)book_write(w, BOOK_MEMBER, &m), .member_count = 1 };
	book_write(w, BOOK_GROUP, &g);
}

static struct fixture fixture_begin(enum mode mode)
{
	struct fixture f = { .w = book_writer_new() };
	struct book_settings s = { .mode = (uint8_t)mode, .size = SIZE_SMALL, .has_policy = 1 };
	struct book_service zoom = { .name = book_write_text(f.w, BYTES("zoom")), .seat = US };
	struct book_service teams = { .name = book_write_text(f.w, BYTES("teams")) };
	struct book_region never = { .name = book_write_text(f.w, BYTES("never")) };
	struct book_region friends = { .name = book_write_text(f.w, BYTES("friends")) };
	set_country(never.bits, CN);
	set_country(friends.bits, TW);
	set_country(friends.bits, JP);
	book_write(f.w, BOOK_SETTINGS, &s);
	book_write(f.w, BOOK_SERVICE, &zoom);
	book_write(f.w, BOOK_SERVICE, &teams);
	book_write(f.w, BOOK_REGION, &never);
	book_write(f.w, BOOK_REGION, &friends);
	write_group(f.w, "10.8.0.0/14");
	write_group(f.w, "10.9.0.0/16");
	return f;
}

static void fixture_end(struct fixture *f)
{
	size_t bytes = 0;
	const char *why = "";
	CHECK(book_writer_image(f->w, 1, &f->image, &bytes) == 0, "the book is written");
	CHECK(book_open(span_of(f->image, bytes), &f->b, &why) == 0, "the book opens: %s", why);
}

static void fixture_free(struct fixture *f)
{
	book_writer_free(f->w);
	free(f->image);
}

static uint32_t list_services(struct book_writer *w, const uint16_t *services, uint32_t n)
{
	uint32_t first = (uint32_t)book_written(w, BOOK_SERVICE_LIST);
	for (uint32_t i = 0; i < n; i++)
		book_write(w, BOOK_SERVICE_LIST, &services[i]);
	return first;
}

/* ---- one rule, one place: what holds and what is told ---- */

#define PLACE(certainty_, ...)                                                \
	{                                                                     \
		.certainty = (certainty_), .candidate = { __VA_ARGS__ },      \
		.count = sizeof((country[]){ __VA_ARGS__ }) / sizeof(country) \
	}
static const struct location at_cn = PLACE(CERTAINTY_PLAUSIBLE, CN), at_tw = PLACE(CERTAINTY_CONFIRMED, TW),
			     at_us = PLACE(CERTAINTY_PLAUSIBLE, US), both = PLACE(CERTAINTY_DISPUTED, CN, TW),
			     apart = PLACE(CERTAINTY_DISPUTED, US, TW),
			     friendly = PLACE(CERTAINTY_DISPUTED, JP, TW),
			     against = PLACE(CERTAINTY_CONTRADICTED, CN),
			     against_tw = PLACE(CERTAINTY_CONTRADICTED, TW),
			     nowhere = { .certainty = CERTAINTY_NONE };

#define FLOW(service_, roles_, basis_, path_)                                                 \
	{                                                                                     \
		.service = (service_), .roles = (roles_), .basis = (basis_), .path = (path_), \
		.stage = STAGE_USED                                                           \
	}
static const struct conclusion zoom_key = FLOW(ZOOM, ROLE_SIGNALLING | ROLE_KEY, BASIS_SERVER, PATH_NONE),
			       zoom_dtls = FLOW(ZOOM, ROLE_KEY | ROLE_MEDIA, BASIS_HANDSHAKE, PATH_RELAY),
			       teams_web = FLOW(TEAMS, ROLE_WEB, 0, PATH_SERVER),
			       unknown_media = FLOW(SERVICE_UNKNOWN, ROLE_MEDIA, 0, PATH_PEER);

static const struct rule_row {
	const char *name;
	struct book_rule rule;
	const struct conclusion *flow;
	const char *client;
	const struct location *at;
	enum trace_rule why;
	enum action action;
	uint8_t unsure, coverage;
} rule_rows[] = {
/* clang-format off */
#define KEY_NEVER .roles = ROLE_KEY, .inside = NEVER, .action = ACTION_BLOCK
#define KEY_FRIENDS .roles = ROLE_KEY, .outside = FRIENDS, .action = ACTION_BLOCK
#define BLOCK .action = ACTION_BLOCK
#define P "10.8.1.1"
	{ "inside: the only candidate", { KEY_NEVER }, &zoom_key, P, &at_cn, RULE_MATCHED, ACTION_BLOCK, 0,
	  0 },
	{ "inside: none of them", { KEY_NEVER }, &zoom_key, P, &apart, RULE_INSIDE_FAILS, ACTION_PERMIT, 0,
	  0 },
	{ "inside, unset: one of them", { KEY_NEVER }, &zoom_key, P, &both, RULE_MATCHED_UNSURE,
	  ACTION_ALERT, 1, 1 },
	{ "inside, unset: no candidate", { KEY_NEVER }, &zoom_key, P, &nowhere, RULE_UNSURE_NEXT,
	  ACTION_PERMIT, 0, 1 },
	{ "inside, unset: contradicted", { KEY_NEVER }, &zoom_key, P, &against_tw, RULE_UNSURE_NEXT,
	  ACTION_PERMIT, 0, 1 },
	{ "inside, unset: contradicted, one inside", { KEY_NEVER }, &zoom_key, P, &against,
	  RULE_MATCHED_UNSURE, ACTION_ALERT, 1, 1 },
	{ "inside, unsure block", { KEY_NEVER, .unsure = UNSURE_BLOCK }, &zoom_key, P, &both,
	  RULE_MATCHED_UNSURE, ACTION_BLOCK, 1, 1 },
	{ "inside, unsure permit", { KEY_NEVER, .unsure = UNSURE_PERMIT }, &zoom_key, P, &both,
	  RULE_MATCHED_UNSURE, ACTION_PERMIT, 1, 1 },
	{ "inside, unsure next", { KEY_NEVER, .unsure = UNSURE_NEXT }, &zoom_key, P, &both,
	  RULE_UNSURE_NEXT, ACTION_PERMIT, 0, 1 },
	{ "inside, unsure alert on no candidate", { KEY_NEVER, .unsure = UNSURE_ALERT }, &zoom_key, P,
	  &nowhere, RULE_MATCHED_UNSURE, ACTION_ALERT, 1, 1 },
	{ "outside: all", { KEY_FRIENDS, .unsure = UNSURE_PERMIT }, &zoom_key, P, &at_us, RULE_MATCHED,
	  ACTION_BLOCK, 0, 0 },
	{ "outside: all inside", { KEY_FRIENDS, .unsure = UNSURE_PERMIT }, &zoom_key, P, &friendly,
	  RULE_OUTSIDE_FAILS, ACTION_PERMIT, 0, 0 },
	{ "outside: some", { KEY_FRIENDS, .unsure = UNSURE_ALERT }, &zoom_key, P, &apart,
	  RULE_MATCHED_UNSURE, ACTION_ALERT, 1, 1 },
	{ "outside: contradicted", { KEY_FRIENDS, .unsure = UNSURE_ALERT }, &zoom_key, P, &against,
	  RULE_MATCHED_UNSURE, ACTION_ALERT, 1, 1 },
	{ "outside: no candidate", { KEY_FRIENDS, .unsure = UNSURE_PERMIT }, &zoom_key, P, &nowhere,
	  RULE_MATCHED_UNSURE, ACTION_PERMIT, 1, 1 },
	{ "both regions: inside holds, outside fails", { BLOCK, .inside = FRIENDS, .outside = FRIENDS },
	  &zoom_key, P, &at_tw, RULE_OUTSIDE_FAILS, ACTION_PERMIT, 0, 0 },
	{ "no region needs no place", { BLOCK }, &zoom_key, P, &nowhere, RULE_MATCHED, ACTION_BLOCK, 0, 0 },
	{ "from: member", { BLOCK, .group = PUPILS }, &zoom_key, "10.11.255.255", &at_cn, RULE_MATCHED,
	  ACTION_BLOCK, 0, 0 },
	{ "from: stranger", { BLOCK, .group = PUPILS }, &zoom_key, "10.12.0.0", &at_cn, RULE_NOT_FROM,
	  ACTION_PERMIT, 0, 0 },
	{ "role: none of them", { BLOCK, .roles = ROLE_MEDIA }, &zoom_key, P, &at_cn, RULE_NOT_ROLE,
	  ACTION_PERMIT, 0, 0 },
	{ "role: one of two", { BLOCK, .roles = ROLE_MEDIA | ROLE_KEY }, &zoom_key, P, &at_cn, RULE_MATCHED,
	  ACTION_BLOCK, 0, 0 },
	{ "basis: another", { BLOCK, .basis = BASIS_SERVER | BASIS_CLEAR }, &zoom_dtls, P, &at_cn,
	  RULE_NOT_BASIS, ACTION_PERMIT, 0, 0 },
	{ "basis: this", { BLOCK, .basis = BASIS_HANDSHAKE }, &zoom_dtls, P, &at_cn, RULE_MATCHED,
	  ACTION_BLOCK, 0, 0 },
	{ "basis: no keys at all", { BLOCK, .basis = BASIS_SERVER }, &teams_web, P, &at_cn, RULE_NOT_BASIS,
	  ACTION_PERMIT, 0, 0 },
	{ "path: null is server", { BLOCK, .paths = 1 << PATH_SERVER }, &zoom_key, P, &at_cn, RULE_MATCHED,
	  ACTION_BLOCK, 0, 0 },
	{ "path: null is no relay", { BLOCK, .paths = 1 << PATH_RELAY }, &zoom_key, P, &at_cn,
	  RULE_NOT_PATH, ACTION_PERMIT, 0, 0 },
	{ "path: peer is neither", { BLOCK, .paths = 1 << PATH_RELAY | 1 << PATH_SERVER }, &unknown_media,
	  P, &at_cn, RULE_NOT_PATH, ACTION_PERMIT, 0, 0 },
	{ "path: relay", { BLOCK, .paths = 1 << PATH_RELAY | 1 << PATH_SERVER }, &zoom_dtls, P, &at_cn,
	  RULE_MATCHED, ACTION_BLOCK, 0, 0 },
	{ "no service: unknown too", { BLOCK }, &unknown_media, P, &at_cn, RULE_MATCHED, ACTION_BLOCK, 0, 0
	  },
	{ "any: not unknown", { BLOCK, .flags = RULE_SERVICE_ANY }, &unknown_media, P, &at_cn,
	  RULE_NOT_SERVICE, ACTION_PERMIT, 0, 0 },
	{ "any: zoom", { BLOCK, .flags = RULE_SERVICE_ANY }, &zoom_key, P, &at_cn, RULE_MATCHED,
	  ACTION_BLOCK, 0, 0 },
	/* list 0: teams; list 1 and 2: teams, unknown (written by check_rule) */
	{ "listed", { BLOCK, .first_service = 0, .service_count = 1 }, &teams_web, P, &at_cn, RULE_MATCHED,
	  ACTION_BLOCK, 0, 0 },
	{ "not listed", { BLOCK, .first_service = 0, .service_count = 1 }, &zoom_key, P, &at_cn,
	  RULE_NOT_SERVICE, ACTION_PERMIT, 0, 0 },
	{ "excepted service", { BLOCK, .first_service = 1, .service_count = 2, .flags = RULE_SERVICE_EXCEPT
	  }, &teams_web, P, &at_cn, RULE_NOT_SERVICE, ACTION_PERMIT, 0, 0 },
	{ "excepted unknown", { BLOCK, .first_service = 1, .service_count = 2, .flags = RULE_SERVICE_EXCEPT
	  }, &unknown_media, P, &at_cn, RULE_NOT_SERVICE, ACTION_PERMIT, 0, 0 },
	{ "not among the excepted", { BLOCK, .first_service = 1, .service_count = 2, .flags =
	  RULE_SERVICE_EXCEPT }, &zoom_key, P, &at_cn, RULE_MATCHED, ACTION_BLOCK, 0, 0 },
	{ "except teams alone: unknown matches", { BLOCK, .service_count = 1, .flags = RULE_SERVICE_EXCEPT
	  }, &unknown_media, P, &at_cn, RULE_MATCHED, ACTION_BLOCK, 0, 0 },
	/* operators 0: CN; 1: US */
	{ "operator: its seat", { BLOCK, .first_operator = 1, .operator_count = 1 }, &zoom_key, P, &at_tw,
	  RULE_MATCHED, ACTION_BLOCK, 0, 0 },
	{ "operator: not where the machine stands", { BLOCK, .operator_count = 1 }, &zoom_key, P, &at_cn,
	  RULE_NOT_OPERATOR, ACTION_PERMIT, 0, 0 },
	{ "operator: one of two", { BLOCK, .operator_count = 2 }, &zoom_key, P, &at_cn, RULE_MATCHED,
	  ACTION_BLOCK, 0, 0 },
	{ "operator: unknown has none", { BLOCK, .operator_count = 2 }, &unknown_media, P, &at_cn,
	  RULE_NOT_OPERATOR, ACTION_PERMIT, 0, 0 },
	{ "operator: a service without one", { BLOCK, .operator_count = 2 }, &teams_web, P, &at_cn,
	  RULE_NOT_OPERATOR, ACTION_PERMIT, 0, 0 },
	/* clang-format on */
};

static void check_rule(const struct rule_row *r)
{
	static const uint16_t services[] = { TEAMS, TEAMS, SERVICE_UNKNOWN };
	static const country operators[] = { CN, US };
	struct fixture f = fixture_begin(MODE_ENFORCE);
	struct book_rule rule = r->rule;
	rule.mode = MODE_ENFORCE;
	list_services(f.w, services, 3);
	for (size_t i = 0; i < 2; i++)
		book_write(f.w, BOOK_COUNTRY_LIST, &operators[i]);
	book_write(f.w, BOOK_RULE, &rule);
	fixture_end(&f);
	struct address client;
	CHECK(address_parse(span_text(r->client), &client), "%s: %s", r->name, r->client);
	struct question q = { r->flow, &client, { [PLACE_SERVER] = r->at }, 0 };
	struct trace t = { 0 };
	struct verdict each[PLACES], v = policy_decide(&f.b, &q, each, &t);
	bool matched = r->why == RULE_MATCHED || r->why == RULE_MATCHED_UNSURE;
	CHECK(v.action == r->action && v.rule == matched, "%s: action %u, rule %u", r->name, v.action,
	      v.rule);
	CHECK(v.unsure == r->unsure && v.coverage == r->coverage, "%s: unsure %u, coverage %u", r->name,
	      v.unsure, v.coverage);
	CHECK(v.observe == 0 && v.place == PLACE_SERVER, "%s", r->name);
	CHECK(memcmp(&v, &each[PLACE_SERVER], sizeof v) == 0, "%s: the only place", r->name);
	CHECK(t.count == 2 && t.step[0].what == TRACE_RULE && t.step[0].number == r->why, "%s: told as %u",
	      r->name, t.step[0].number);
	CHECK(t.step[1].what == TRACE_VERDICT && t.step[1].number == v.action && t.step[1].row == v.rule,
	      "%s", r->name);
	struct verdict dry = policy_decide(&f.b, &q, NULL, NULL);
	CHECK(memcmp(&v, &dry, sizeof v) == 0, "%s: the same without a trace", r->name);
	fixture_free(&f);
}

/* ---- exceptions ---- */

static const struct exception_row {
	const char *name, *client;
	uint64_t at_us;
	uint16_t group, exempt;
	const struct location *at;
	uint16_t rule;
	enum trace_rule why;
	uint8_t coverage;
} exception_rows[] = {
	/* clang-format off */
	{ "in the group, in time", "10.9.3.4", 999, COURT, 0, &at_cn, 2, RULE_EXCEPTED, 0 },
	{ "in the group, at the end", "10.9.3.4", 1000, COURT, 0, &at_cn, 1, RULE_MATCHED, 0 },
	{ "not in the group", "10.8.3.4", 999, COURT, 0, &at_cn, 1, RULE_MATCHED, 0 },
	{ "for everybody", "10.8.3.4", 999, 0, 0, &at_cn, 2, RULE_EXCEPTED, 0 },
	{ "of the other rule", "10.9.3.4", 999, COURT, 1, &at_cn, 1, RULE_MATCHED, 0 },
	{ "would not have matched", "10.9.3.4", 999, COURT, 0, &at_tw, 2, RULE_INSIDE_FAILS, 0 },
	{ "would have been unsure", "10.9.3.4", 999, COURT, 0, &both, 2, RULE_EXCEPTED, 0 },
	/* clang-format on */
};

static void check_exception(const struct exception_row *r)
{
	struct fixture f = fixture_begin(MODE_ENFORCE);
	struct book_rule first = { .inside = NEVER, .action = ACTION_BLOCK, .mode = MODE_ENFORCE };
	struct book_rule later = { .action = ACTION_ALERT, .mode = MODE_ENFORCE };
	struct book_exception e = { .until_us = 1000, .rule = r->exempt, .group = r->group };
	book_write(f.w, BOOK_RULE, &first);
	book_write(f.w, BOOK_RULE, &later);
	book_write(f.w, BOOK_EXCEPTION, &e);
	fixture_end(&f);
	struct address client;
	address_parse(span_text(r->client), &client);
	struct question q = { &zoom_key, &client, { [PLACE_SERVER] = r->at }, r->at_us };
	struct trace t = { 0 };
	struct verdict v = policy_decide(&f.b, &q, NULL, &t);
	CHECK(v.rule == r->rule && v.coverage == r->coverage, "%s: rule %u", r->name, v.rule);
	CHECK(t.step[0].number == r->why, "%s: told as %u", r->name, t.step[0].number);
	fixture_free(&f);
}

/* ---- places ---- */

/* Rule 1 blocks inside never, observed; rule 2 blocks outside friends, meant; rule 3 permits Taiwan by name. */
static const struct place_row {
	const char *name;
	const struct location *server, *relay, *peer;
	uint16_t rule;
	enum action action;
	enum place_of place;
	uint8_t observe, coverage;
} place_rows[] = {
	/* clang-format off */
	{ "server only", &at_us, NULL, NULL, 2, ACTION_BLOCK, PLACE_SERVER, 0, 0 },
	{ "relay only", NULL, &at_us, NULL, 2, ACTION_BLOCK, PLACE_RELAY, 0, 0 },
	{ "the worst is the peer", &at_tw, &at_tw, &at_us, 2, ACTION_BLOCK, PLACE_PEER, 0, 0 },
	{ "a tie is the first", &at_us, &at_us, &at_us, 2, ACTION_BLOCK, PLACE_SERVER, 0, 0 },
	{ "a block that is only observed hides none that is meant", &at_cn, &at_us, NULL, 2, ACTION_BLOCK,
	  PLACE_RELAY, 0, 0 },
	{ "an observed block is worse than an alert", &both, &at_cn, NULL, 1, ACTION_BLOCK, PLACE_RELAY, 1,
	  1 },
	{ "unsure anywhere is told", &both, &at_tw, NULL, 1, ACTION_ALERT, PLACE_SERVER, 1, 1 },
	{ "permitted by a rule", &at_tw, NULL, NULL, 3, ACTION_PERMIT, PLACE_SERVER, 0, 0 },
	{ "no place at all", NULL, NULL, NULL, 0, ACTION_PERMIT, PLACE_SERVER, 0, 0 },
	/* clang-format on */
};

static void check_places(const struct place_row *r)
{
	struct fixture f = fixture_begin(MODE_ENFORCE);
	struct book_rule rules[] = {
		{ .inside = NEVER, .action = ACTION_BLOCK, .mode = MODE_OBSERVE },
		{ .outside = FRIENDS, .action = ACTION_BLOCK, .unsure = UNSURE_NEXT, .mode = MODE_ENFORCE },
		{ .inside = FRIENDS, .action = ACTION_PERMIT, .mode = MODE_ENFORCE },
	};
	for (size_t i = 0; i < 3; i++)
		book_write(f.w, BOOK_RULE, &rules[i]);
	fixture_end(&f);
	struct address client = address_from_v4(0x0A080101);
	struct question q = { &zoom_key, &client, { r->server, r->relay, r->peer }, 0 };
	struct verdict each[PLACES], v = policy_decide(&f.b, &q, each, NULL);
	CHECK(v.rule == r->rule && v.action == r->action && v.place == r->place,
	      "%s: rule %u action %u place %u", r->name, v.rule, v.action, v.place);
	CHECK(v.observe == r->observe && v.coverage == r->coverage, "%s: observe %u coverage %u", r->name,
	      v.observe, v.coverage);
	for (unsigned i = 0; i < PLACES; i++)
		CHECK(each[i].place == i && (q.place[i] != NULL) == (each[i].rule != 0), "%s: place %u",
		      r->name, i);
	fixture_free(&f);
}

static void check_no_verdict(void)
{
	struct fixture f = fixture_begin(MODE_OBSERVE);
	struct book_rule all = { .action = ACTION_BLOCK, .mode = MODE_ENFORCE };
	book_write(f.w, BOOK_RULE, &all);
	fixture_end(&f);
	struct address client = address_from_v4(0x0A080101);
	struct conclusion c = zoom_key;
	struct question q = { &c, &client, { &at_cn, &at_cn, NULL }, 0 };
	struct verdict each[PLACES], v = policy_decide(&f.b, &q, each, NULL);
	CHECK(v.rule == 1 && v.action == ACTION_BLOCK && v.observe == 1,
	      "a policy that observes observes its rules");
	c.stage = STAGE_PROBE;
	CHECK(policy_decide(&f.b, &q, NULL, NULL).rule == 1, "a probe has a verdict");
	c.stage = STAGE_ATTEMPT;
	v = policy_decide(&f.b, &q, each, NULL);
	CHECK(v.rule == 0 && v.action == ACTION_PERMIT && each[0].rule == 0 && each[1].rule == 0,
	      "an attempt has none");
	c.stage = STAGE_USED, c.service = SERVICE_NONE;
	CHECK(policy_decide(&f.b, &q, NULL, NULL).rule == 0, "what is no conferencing has none");
	fixture_free(&f);
}

static void check_full_trace(void)
{
	struct fixture f = fixture_begin(MODE_ENFORCE);
	struct book_rule no = { .group = COURT, .mode = MODE_ENFORCE },
			 yes = { .action = ACTION_BLOCK, .mode = MODE_ENFORCE };
	for (unsigned i = 0; i < TRACE_STEPS + 4; i++)
		book_write(f.w, BOOK_RULE, &no);
	book_write(f.w, BOOK_RULE, &yes);
	fixture_end(&f);
	struct address client = address_from_v4(0x0A080101);
	struct question q = { &zoom_key, &client, { &at_cn, NULL, NULL }, 0 };
	struct trace t = { 0 };
	policy_decide(&f.b, &q, NULL, &t);
	const struct trace_step *last = &t.step[TRACE_STEPS - 1];
	CHECK(t.count == TRACE_STEPS && t.lost == 6, "%u steps, %u lost", t.count, t.lost);
	CHECK(last->what == TRACE_VERDICT && last->row == TRACE_STEPS + 5 && last->number == ACTION_BLOCK,
	      "the verdict is told all the same");
	fixture_free(&f);
}

static void check_acts(void)
{
	static const bool want[3][3] = { { false, false, false },
					 { false, false, true },
					 { false, true, true } };
	for (unsigned action = ACTION_PERMIT; action <= ACTION_BLOCK; action++)
		for (unsigned stage = STAGE_ATTEMPT; stage <= STAGE_USED; stage++) {
			struct verdict v = { .rule = 1, .action = (uint8_t)action };
			CHECK(verdict_acts(&v, stage) == want[action][stage], "action %u at stage %u", action,
			      stage);
		}
}

static const struct code_row {
	const char *name;
	struct book_rule rule;
	uint8_t roles;
	enum code want;
} code_rows[] = {
	/* clang-format off */
	{ "key", { .roles = ROLE_KEY, .inside = NEVER }, ROLE_KEY | ROLE_SIGNALLING, CODE_KEY_REGION },
	{ "media", { .roles = ROLE_MEDIA, .outside = FRIENDS }, ROLE_KEY | ROLE_MEDIA, CODE_MEDIA_REGION },
	{ "signalling", { .roles = ROLE_SIGNALLING, .inside = NEVER }, ROLE_SIGNALLING,
	  CODE_SIGNALLING_REGION },
	{ "web", { .roles = ROLE_WEB, .inside = NEVER }, ROLE_WEB, CODE_WEB_REGION },
	{ "role without region", { .roles = ROLE_KEY }, ROLE_KEY, CODE_KEY_REGION },
	{ "two asked for, one there", { .roles = ROLE_KEY | ROLE_MEDIA, .inside = NEVER }, ROLE_MEDIA,
	  CODE_MEDIA_REGION },
	{ "neither", { .action = ACTION_ALERT }, ROLE_KEY, CODE_SERVICE_BANNED },
	{ "region alone, keys", { .inside = NEVER }, ROLE_KEY | ROLE_MEDIA, CODE_KEY_REGION },
	{ "region alone, media", { .outside = FRIENDS }, ROLE_MEDIA | ROLE_SIGNALLING, CODE_MEDIA_REGION },
	{ "region alone, signalling", { .inside = NEVER }, ROLE_SIGNALLING | ROLE_WEB,
	  CODE_SIGNALLING_REGION },
	{ "region alone, web", { .inside = NEVER }, ROLE_WEB, CODE_WEB_REGION },
	{ "region alone, no role", { .inside = NEVER }, 0, CODE_SERVICE_BANNED },
	/* clang-format on */
};

static void check_codes(void)
{
	struct fixture f = fixture_begin(MODE_ENFORCE);
	enum { ROWS = sizeof code_rows / sizeof code_rows[0] };
	for (size_t i = 0; i < ROWS; i++)
		book_write(f.w, BOOK_RULE, &code_rows[i].rule);
	fixture_end(&f);
	for (size_t i = 0; i < ROWS; i++) {
		CHECK(book_rule_code(&f.b, i, code_rows[i].roles) == code_rows[i].want, "%s", code_rows[i].name);
	}
	fixture_free(&f);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rule_rows / sizeof rule_rows[0]; i++)
		check_rule(&rule_rows[i]);
	for (size_t i = 0; i < sizeof exception_rows / sizeof exception_rows[0]; i++)
		check_exception(&exception_rows[i]);
	for (size_t i = 0; i < sizeof place_rows / sizeof place_rows[0]; i++)
		check_places(&place_rows[i]);
	check_no_verdict();
	check_full_trace();
	check_acts();
	check_codes();
	return check_done();
}
