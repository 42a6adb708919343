/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "scratch.h"

#include <errno.h>
#include <math.h>
#include <time.h>

/* A policy in a directory with a small catalogue. */
static struct loaded load_policy(const char *text)
{
	scratch_text("policy.yaml", text);
	return load_request(
		&(struct config_request){ .policy = scratch_path("policy.yaml"),
					  .now_us = UINT64_C(1798761600) * 1000000 }); /* 2027-01-01 */
}

static const char sample[] =
	"version: 1\n"
	"mode: observe\n"
	"site: {name: gw1, country: TW, latitude: 25.04, longitude: -121.56}\n"
	"size: large\n"
	"local: [auto, 192.0.2.0/24]\n"
	"resolvers: [192.0.2.53]\n"
	"flows: {by_vlan: true}\n"
	"geo:\n"
	"  overrides: [{prefix: 203.0.113.0/24, country: TW, note: own data centre}, {prefix: "
	"\"2001:db8::/32\", country: JP}]\n"
	"groups: {pupils: {prefixes: [10.8.0.0/14, 10.1.0.0/16]}, court: {prefixes: [10.9.0.0/16], shared: "
	"true}, nat: {shared: [10.7.0.1]}}\n"
	"regions: {home: [TW], friends: [home, JP, US, EU], never: [CN]}\n"
	"rules:\n"
	"  - {name: only-approved, from: pupils, service: {except: [teams, unknown]}, action: block}\n"
	"  - {name: keys-never, role: key, inside: never, action: block}\n"
	"  - {name: keys-friends, role: key, basis: [server, clear], outside: friends, action: block, "
	"unsure: permit, mode: observe}\n"
	"  - {name: media-friends, role: media, path: [server, relay], outside: friends, action: alert, "
	"unsure: next}\n"
	"  - {name: seat, service: any, operator: [CN, TW], action: alert}\n"
	"  - {name: lists, service: [zoom, teams], role: [web, signalling], action: permit}\n"
	"exceptions:\n"
	"  - {rule: keys-never, from: court, until: 2027-01-31, owner: it-desk, reason: court hearings}\n"
	"  - {rule: seat, until: \"2027-01-30T17:00:00+08:00\", owner: it-desk, reason: x}\n"
	"  - {rule: seat, until: \"2027-01-30T17:00:01-03:30\", owner: it-desk, reason: x}\n";

static void check_rules_of_sample(const struct book *b)
{
	const struct book_rule *r = book_rule(b, 0);
	const uint16_t *services = book_service_list(b);
	CHECK(r[0].group == 1 && r[0].flags == RULE_SERVICE_EXCEPT && r[0].service_count == 2,
	      "only-approved");
	CHECK(services[r[0].first_service + 1] == SERVICE_UNKNOWN, "unknown is a service's name");
	CHECK(strcmp(book_string(b, book_service(b, services[r[0].first_service])->name), "teams") == 0,
	      "teams");
	CHECK(r[1].roles == ROLE_KEY && r[1].inside > 0 && r[1].outside == 0 && r[1].unsure == UNSURE_UNSET,
	      "keys-never");
	CHECK(strcmp(book_string(b, book_region(b, r[1].inside - 1u)->name), "never") == 0, "never");
	CHECK(r[2].basis == (BASIS_SERVER | BASIS_CLEAR) && r[2].unsure == UNSURE_PERMIT &&
		      r[2].mode == MODE_OBSERVE,
	      "keys-friends");
	CHECK(r[3].paths == (1 << PATH_SERVER | 1 << PATH_RELAY) && r[3].action == ACTION_ALERT &&
		      r[3].unsure == UNSURE_NEXT,
	      "media-friends");
	CHECK(r[4].flags == RULE_SERVICE_ANY && r[4].operator_count == 2, "seat");
	CHECK(book_country_list(b)[r[4].first_operator] == country_from(BYTES("CN")), "CN");
	CHECK(r[5].service_count == 2 && r[5].flags == 0 && r[5].roles == (ROLE_WEB | ROLE_SIGNALLING),
	      "lists");
	const struct book_region *friends = book_region(b, r[3].outside - 1u);
	static const char in[][3] = { "TW", "JP", "US", "DE", "FR" }, out[][3] = { "CN", "GB", "NO", "HK" };
	for (size_t i = 0; i < 5; i++)
		CHECK(region_holds(friends, country_from(span_text(in[i]))), "friends: %s", in[i]);
	for (size_t i = 0; i < 4; i++)
		CHECK(!region_holds(friends, country_from(span_text(out[i]))), "friends: not %s", out[i]);
}

static void check_sample(void)
{
	struct loaded l = load_policy(sample);
	CHECK(l.result == 0 && config_mistakes(l.report) == 0, "the sample: %d", l.result);
	if (l.result != 0) {
		report_has(l.report, "no such text");
		loaded_done(&l);
		return;
	}
	const struct book *b = &l.book;
	const struct book_settings *s = book_settings(b);
	CHECK(s->has_policy == 1 && s->size == SIZE_LARGE && s->mode == MODE_OBSERVE && s->by_vlan == 1,
	      "settings");
	CHECK(strcmp(book_string(b, s->site_name), "gw1") == 0 &&
		      s->site_country == country_from(BYTES("TW")),
	      "site");
	CHECK(s->latitude > 25.03 && s->latitude < 25.05 && s->longitude < -121.55, "degrees");
	CHECK(s->local_auto == 1 && s->resolvers_auto == 0 && b->count[BOOK_LOCAL] == 1 &&
		      b->count[BOOK_RESOLVER] == 1,
	      "networks");
	CHECK(strcmp(book_string(b, s->policy_file), scratch_path("policy.yaml")) == 0, "policy's file");
	CHECK(b->count[BOOK_SOURCE] == 1 && book_source(b, 0)->kind == KIND_OVERRIDE,
	      "overrides are a source");
	CHECK(b->count[BOOK_RANGE4] == 1 && b->count[BOOK_RANGE6] == 1, "overrides");
	CHECK(book_range4(b, 0)->last == 0xCB0071FF && book_range4(b, 0)->says == country_from(BYTES("TW")),
	      "203.0.113.0/24");
	CHECK(strcmp(book_string(b, book_range4(b, 0)->note), "own data centre") == 0, "note");
	CHECK(b->count[BOOK_GROUP] == 3 && book_group(b, 0)->member_count == 2 &&
		      book_group(b, 0)->shared == 0,
	      "pupils");
	CHECK(book_group(b, 1)->shared == 1 && book_group(b, 2)->shared == 1 &&
		      book_group(b, 2)->member_count == 1,
	      "shared");
	CHECK(b->count[BOOK_EXCEPTION] == 3 && book_exception(b, 0)->group == 2 &&
		      book_exception(b, 0)->rule == 1,
	      "exception");
	CHECK(book_exception(b, 0)->until_us == UINT64_C(1801353600) * 1000000,
	      "a date is its first second in UTC");
	CHECK(book_exception(b, 2)->until_us == UINT64_C(1801341001) * 1000000, "a time west of Greenwich");
	CHECK(book_exception(b, 1)->until_us == UINT64_C(1801299600) * 1000000, "a time with an offset");
	check_rules_of_sample(b);
	loaded_done(&l);
}

/* A policy of one mistake (or warning), and the line that tells it, from the line number on. */
static const struct row {
	const char *name, *policy, *says;
} rows[] = {
	{ "not a map", "- 1\n", ":1:1: `this` is a list; a map of keys would be right" },
	{ "empty", "", ":1:1: the file is empty" },
	{ "only a comment", "# x\n", ":1:1: the file is empty" },
	{ "no version", "size: small\n", ":1:1: the policy has no `version`; it must be there" },
	{ "another version", "version: 2\n", ":1:10: `version` is `2`; 1 would be right" },
	{ "unknown key", "version: 1\nsizes: small\n",
	  ":2:1: unknown key `sizes` in the policy; `size` would be right" },
	{ "unknown key, nothing near", "version: 1\nqqqqqqqq: small\n",
	  ":2:1: unknown key `qqqqqqqq` in the policy; known are `version`, `mode`" },
	{ "schedules", "version: 1\nschedules: {}\n", ":2:1: `schedules` is known but not yet" },
	{ "width", "version: 1\nrules: [{name: r, width: server, action: alert}]\n",
	  ":2:19: `width` is known but not yet" },
	{ "running", "version: 1\nrules: [{name: r, running: cut, action: alert}]\n",
	  ":2:19: `running` is known but not yet" },
	{ "mode misspelled", "version: 1\nmode: observ\n",
	  ":2:7: unknown word `observ`; `observe` would be right" },
	{ "size", "version: 1\nsize: huge\n",
	  ":2:7: unknown word `huge`; one of `small`, `medium`, `large` would be right" },
	{ "word is a list", "version: 1\nsize: [small]\n",
	  ":2:7: `size` is a list; `small`, `medium`, `large` would be right" },
	{ "null", "version: 1\nsite:\n", ":2:6: `site` is empty; a map would be right" },
	{ "local", "version: 1\nlocal: [10.1.2.3/8]\n",
	  ":2:9: `10.1.2.3/8` has bits set behind the prefix; `10.0.0.0/8` would be right" },
	{ "local misspelled", "version: 1\nlocal: [auto, 10.0.0.0/33]\n",
	  ":2:15: `10.0.0.0/33` is no prefix" },
	{ "local empty", "version: 1\nlocal: []\n",
	  ":2:8: `local` is an empty list; auto or prefixes would be right" },
	{ "country in lower case", "version: 1\nsite: {country: tw}\n",
	  ":2:17: the country `tw` is not in upper case; `TW` would be right" },
	{ "no country", "version: 1\nsite: {country: ZZ}\n", ":2:17: `ZZ` is no country" },
	{ "EU is no country", "version: 1\nsite: {country: EU}\n", ":2:17: `EU` is no country" },
	{ "latitude alone", "version: 1\nsite: {latitude: 1}\n",
	  ":2:7: `latitude` (-90 to 90) and `longitude`" },
	{ "latitude too large", "version: 1\nsite: {latitude: 91, longitude: 1}\n",
	  ":2:7: `latitude` (-90 to 90)" },
	{ "degrees", "version: 1\nsite: {latitude: nan, longitude: 1}\n",
	  ":2:18: `latitude` is `nan`; degrees would be right" },
	{ "boolean", "version: 1\nflows: {by_vlan: yes}\n",
	  ":2:18: `by_vlan` is `yes`; true or false would be right" },
	{ "region of nothing", "version: 1\nregions: {e: []}\n", ":2:14: the region `e` is empty" },
	{ "region of an unknown", "version: 1\nregions: {e: [EUU]}\n",
	  ":2:15: `EUU` is no country and no region; the region `EU` would be right" },
	{ "region in a circle", "version: 1\nregions: {a: [b], b: [a]}\n",
	  ":2:23: the region `a` holds itself in a circle" },
	{ "region in itself", "version: 1\nregions: {a: [a]}\n",
	  ":2:15: the region `a` holds itself in a circle" },
	{ "region named like a country", "version: 1\nregions: {TW: [TW]}\n",
	  ":2:11: this is a country, or a region that is there already" },
	{ "region named like a built-in one", "version: 1\nregions: {EEA: [TW]}\n",
	  ":2:11: this is a country, or a region" },
	{ "group without clients", "version: 1\ngroups: {g: {}}\n", ":2:13: a group needs its clients once" },
	{ "group twice", "version: 1\ngroups: {g: {prefixes: [10.0.0.0/8], shared: [10.0.0.0/8]}}\n",
	  ":2:13: a group needs its clients once" },
	{ "group's name", "version: 1\ngroups: {\"a b\": {prefixes: [10.0.0.0/8]}}\n",
	  ":2:10: `a b` is no name" },
	{ "rule without action", "version: 1\nrules: [{name: r}]\n", ":2:9: the rule has no `action`" },
	{ "rule without name", "version: 1\nrules: [{action: alert}]\n", ":2:9: the rule has no `name`" },
	{ "two rules of one name",
	  "version: 1\nrules: [{name: r, action: alert, role: key}, {name: r, action: alert}]\n",
	  ":2:53: a rule `r` is there already" },
	{ "outside without unsure", "version: 1\nrules: [{name: r, outside: EU, action: alert}]\n",
	  ":2:19: a rule with `outside` does not say what happens" },
	{ "unsure without a region", "version: 1\nrules: [{name: r, unsure: next, action: alert}]\n",
	  ":2:19: `unsure` without a region says nothing" },
	{ "unknown region",
	  "version: 1\nregions: {friends: [TW]}\nrules: [{name: r, inside: freinds, action: alert}]\n",
	  ":3:27: there is no region `freinds`; `friends` would be right" },
	{ "unknown group", "version: 1\nrules: [{name: r, from: g, action: alert}]\n",
	  ":2:25: there is no group `g`; the name of one that is defined" },
	{ "unknown service", "version: 1\nrules: [{name: r, service: zom, action: alert}]\n",
	  ":2:28: there is no service `zom`; `zoom` would be right" },
	{ "unknown service in a list",
	  "version: 1\nrules: [{name: r, service: {except: [team]}, action: alert}]\n",
	  ":2:38: there is no service `team`; `teams` would be right" },
	{ "except misspelled", "version: 1\nrules: [{name: r, service: {excpt: [teams]}, action: alert}]\n",
	  ":2:29: unknown key `excpt` in `service`; `except` would be right" },
	{ "unknown role", "version: 1\nrules: [{name: r, role: keys, action: alert}]\n",
	  ":2:25: unknown word `keys`; `key` would be right" },
	{ "empty list of roles", "version: 1\nrules: [{name: r, role: [], action: alert}]\n",
	  ":2:25: `role` is an empty list" },
	{ "unknown action", "version: 1\nrules: [{name: r, action: blok}]\n",
	  ":2:27: unknown word `blok`; `block` would be right" },
	{ "unknown operator", "version: 1\nrules: [{name: r, operator: [CN, XX], action: alert}]\n",
	  ":2:34: `XX` is no country" },
	{ "when", "version: 1\nrules: [{name: r, when: x, action: alert}]\n",
	  ":2:19: `when` is known but not yet" },
	{ "country", "version: 1\nrules: [{name: r, country: x, action: alert}]\n",
	  ":2:19: `country` is known but not yet" },
	{ "asn", "version: 1\nrules: [{name: r, asn: 1, action: alert}]\n",
	  ":2:19: `asn` is known but not yet" },
	{ "vlan", "version: 1\nrules: [{name: r, vlan: 1, action: alert}]\n",
	  ":2:19: `vlan` is known but not yet" },
	{ "exception of no rule",
	  "version: 1\nexceptions: [{rule: r, until: 2027-01-31, owner: o, reason: x}]\n",
	  ":2:21: there is no rule `r`" },
	{ "exception without an end",
	  "version: 1\nrules: [{name: r, action: alert}]\nexceptions: [{rule: r, owner: o, reason: x}]\n",
	  ":3:14: the exception has no `until`" },
	{ "exception without owner",
	  "version: 1\nrules: [{name: r, action: alert}]\nexceptions: [{rule: r, until: 2027-01-31, reason: "
	  "x}]\n",
	  ":3:14: the exception has no `owner`" },
	{ "no such day",
	  "version: 1\nrules: [{name: r, action: alert}]\nexceptions: [{rule: r, until: 2027-02-29, owner: "
	  "o, reason: x}]\n",
	  ":3:31: `until` is `2027-02-29`; a date" },
	{ "no such time",
	  "version: 1\nrules: [{name: r, action: alert}]\nexceptions: [{rule: r, until: "
	  "\"2027-02-28T24:00:00Z\", owner: o, reason: x}]\n",
	  ":3:31: `until` is " },
	{ "time without a zone",
	  "version: 1\nrules: [{name: r, action: alert}]\nexceptions: [{rule: r, until: "
	  "\"2027-02-28T23:00:00\", owner: o, reason: x}]\n",
	  ":3:31: `until` is " },
	{ "source without a file", "version: 1\ngeo: {databases: [{max_age: 45d}]}\n",
	  ":2:19: a source needs a file; one of `mmdb`, `ipfire` and `asn` would be right" },
	{ "two files", "version: 1\ngeo: {providers: [{aws: a, azure: b}]}\n",
	  ":2:19: a source needs a file" },
	{ "no such database", "version: 1\ngeo: {databases: [{mmdb: nope.mmdb}]}\n",
	  ":2:26: the database `" },
	{ "no unit", "version: 1\ngeo: {databases: [{mmdb: x, max_age: 45}]}\n",
	  ":2:38: `max_age` is `45`; a number with a unit (s, m, h, d, w) would be right" },
	{ "no time at all", "version: 1\ngeo: {databases: [{mmdb: x, max_age: 0d}]}\n",
	  ":2:38: `max_age` is `0d`" },
	{ "override twice",
	  "version: 1\ngeo: {overrides: [{prefix: 192.0.2.1, country: TW}, {prefix: 192.0.2.1/32, country: "
	  "JP}]}\n",
	  ":2:62: an override for `192.0.2.1/32` is there already" },
	{ "override without country", "version: 1\ngeo: {overrides: [{prefix: 192.0.2.1}]}\n",
	  ":2:19: the override has no `country`" },
	{ "duplicate key", "version: 1\nsize: small\nsize: small\n",
	  ":3:1: the key `size` stands here again; once would be right (it stands in line 2, too)" },
	{ "duplicate key deep inside", "version: 1\nrules: [{name: r, action: alert, name: s}]\n",
	  ":2:34: the key `name` stands here again" },
	{ "anchor", "version: &a 1\n", ":1:10: the anchor `&a` is not allowed" },
	{ "alias", "version: 1\nlocal: &a [auto]\nresolvers: *a\n", ":3:12: the alias `*a` is not allowed" },
	{ "tag", "version: !!int 1\n", ":1:10: the tag `tag:yaml.org,2002:int` is not allowed" },
	{ "merge key", "version: 1\n<<: {size: small}\n", ":2:1: unknown key `<<`" },
	{ "a list as key", "version: 1\n? [a]\n: b\n", ":2:3: a key is a list or a map" },
	{ "two documents", "version: 1\n---\nversion: 1\n", ":2:1: a second document begins" },
	{ "broken YAML", "version: 1\nrules: [\n", ":3:1: no YAML: " },
	{ "a tab", "version: 1\n\tsize: small\n", ":2:1: no YAML: " },
	{ "no UTF-8", "version: 1\nsize: \xFF\n", ":2:7: no YAML: " },
	{ "a control character", "version: 1\nsize: \x01\n",
	  ":2:7: no YAML: control characters are not allowed" },
	{ "hostile text", "version: 1\n\"\\e[2J\\u202E\": x\n",
	  ":2:1: unknown key `\\x1b[2J\\xe2\\x80\\xae`" },
	{ "warning: no site", "version: 1\n", ": no `site`: " },
	{ "warning: no local", "version: 1\n", ": no `local`: only private space counts" },
	{ "warning: no rules", "version: 1\n", ": no `rules`: every flow is permitted" },
	{ "warning: no database", "version: 1\n", ": no database of countries: " },
	{ "warning: an exception that has ended",
	  "version: 1\nrules: [{name: r, action: alert}]\nexceptions: [{rule: r, until: 2027-01-01, owner: "
	  "o, reason: x}]\n",
	  ":3:31: this exception has ended: the rule `r` is whole again" },
};

static void check_row(const struct row *r)
{
	char line[512];
	struct loaded l = load_policy(r->policy);
	snprintf(line, sizeof line, "%s%s", scratch_path("policy.yaml"), r->says);
	bool warning = strncmp(r->name, "warning", 7) == 0;
	CHECK(l.result == (warning ? 0 : -EINVAL), "%s: %d", r->name, l.result);
	CHECK((config_mistakes(l.report) > 0) == !warning, "%s: counted", r->name);
	CHECK(report_has(l.report, line), "%s: %s", r->name, line);
	loaded_done(&l);
}

/* Rules in a policy with regions r (TW, JP) and s (TW); which of them are told to be hidden, and by which. */
static const struct hidden {
	const char *name, *rules, *says; /* NULL: none */
} hidden[] = {
	{ "all before one", "[{name: a, action: permit}, {name: b, role: key, action: alert}]",
	  "`b` never decides: the earlier rule `a`" },
	{ "one before all", "[{name: a, role: key, action: permit}, {name: b, action: alert}]", NULL },
	{ "another role", "[{name: a, role: key, action: permit}, {name: b, role: media, action: alert}]",
	  NULL },
	{ "more roles",
	  "[{name: a, role: key, action: permit}, {name: b, role: [key, media], action: alert}]", NULL },
	{ "fewer roles",
	  "[{name: a, role: [key, media], action: permit}, {name: b, role: key, action: alert}]",
	  "`b` never" },
	{ "a group", "[{name: a, from: g, action: permit}, {name: b, action: alert}]", NULL },
	{ "the same group", "[{name: a, from: g, action: permit}, {name: b, from: g, action: alert}]",
	  "`b` never" },
	{ "any leaves unknown", "[{name: a, service: any, action: permit}, {name: b, action: alert}]", NULL },
	{ "any takes all known",
	  "[{name: a, service: any, action: permit}, {name: b, service: [zoom, teams], action: alert}]",
	  "`b` never" },
	{ "except",
	  "[{name: a, service: {except: [teams]}, action: permit}, {name: b, service: zoom, action: alert}]",
	  "`b` never" },
	{ "the excepted one",
	  "[{name: a, service: {except: [teams]}, action: permit}, {name: b, service: teams, action: alert}]",
	  NULL },
	{ "operators",
	  "[{name: a, operator: [CN, TW], action: permit}, {name: b, operator: CN, action: alert}]",
	  "`b` never" },
	{ "other operators",
	  "[{name: a, operator: [CN], action: permit}, {name: b, operator: [CN, TW], action: alert}]", NULL },
	{ "basis", "[{name: a, basis: server, action: permit}, {name: b, basis: clear, action: alert}]",
	  NULL },
	{ "path", "[{name: a, path: server, action: permit}, {name: b, action: alert}]", NULL },
	{ "a region before none", "[{name: a, inside: r, action: permit}, {name: b, action: alert}]", NULL },
	{ "inside a smaller region",
	  "[{name: a, inside: r, action: permit}, {name: b, inside: s, action: alert}]", "`b` never" },
	{ "inside a larger region",
	  "[{name: a, inside: s, action: permit}, {name: b, inside: r, action: alert}]", NULL },
	{ "inside, but goes on when unsure",
	  "[{name: a, inside: r, unsure: next, action: permit}, {name: b, inside: s, action: alert}]", NULL },
	{ "unsure decides more",
	  "[{name: a, inside: r, action: permit}, {name: b, inside: s, unsure: block, action: alert}]",
	  NULL },
	{ "outside a larger region",
	  "[{name: a, outside: s, unsure: permit, action: permit}, {name: b, outside: r, unsure: block, "
	  "action: alert}]",
	  "`b` never" },
	{ "outside a smaller region",
	  "[{name: a, outside: r, unsure: permit, action: permit}, {name: b, outside: s, unsure: block, "
	  "action: alert}]",
	  NULL },
	{ "outside, but goes on when unsure",
	  "[{name: a, outside: s, unsure: next, action: permit}, {name: b, outside: r, unsure: block, "
	  "action: alert}]",
	  NULL },
	{ "inside against outside",
	  "[{name: a, inside: r, action: permit}, {name: b, outside: r, unsure: permit, action: alert}]",
	  NULL },
	{ "an exception opens it", "[{name: x, action: permit}, {name: b, role: key, action: alert}]", NULL },
};

static void check_hidden(const struct hidden *h)
{
	char policy[1024];
	snprintf(policy, sizeof policy,
		 "version: 1\nregions: {r: [TW, JP], s: [TW]}\ngroups: {g: {prefixes: [10.0.0.0/8]}}\nrules: "
		 "%s\n%s",
		 h->rules,
		 strstr(h->rules, "name: x") != NULL
			 ? "exceptions: [{rule: x, until: 2030-01-01, owner: o, reason: y}]\n"
			 : "");
	struct loaded l = load_policy(policy);
	CHECK(l.result == 0, "%s: %d", h->name, l.result);
	CHECK(config_warnings(l.report) == 3u + (h->says != NULL), "%s: %zu", h->name,
	      config_warnings(l.report));
	if (h->says != NULL)
		CHECK(report_has(l.report, h->says), "%s", h->name);
	loaded_done(&l);
}

/* A file of the catalogue, and what is said of it. */
#define SERVICE "service: x\noperator: {name: X, seat: US}\n"
static const struct row services[] = {
	{ "no operator", "service: x\n", "x.yaml:1:1: the service has no `operator`" },
	{ "a seat that is none", "service: x\noperator: {name: X, seat: UX}\n",
	  "x.yaml:2:27: `UX` is no country" },
	{ "a name that is taken", "service: zoom\noperator: {name: X, seat: US}\n",
	  "zoom` is there already" },
	{ "any", "service: any\noperator: {name: X, seat: US}\n",
	  "x.yaml:1:10: the service `any` is there already" },
	{ "unknown", "service: unknown\noperator: {name: X, seat: US}\n",
	  "x.yaml:1:10: the service `unknown` is there already" },
	{ "a row without source", SERVICE "names: [{suffix: x.example}]\n",
	  "x.yaml:3:9: the name has no `source`" },
	{ "a suffix in upper case", SERVICE "names: [{suffix: X.example, source: s}]\n",
	  "x.yaml:3:18: `X.example` is no host name" },
	{ "a suffix of one label", SERVICE "names: [{suffix: example, source: s}]\n",
	  "x.yaml:3:18: `example` is no host name" },
	{ "a suffix with a dot behind", SERVICE "names: [{suffix: x.example., source: s}]\n",
	  "is no host name" },
	{ "an empty label", SERVICE "names: [{suffix: x..example, source: s}]\n", "is no host name" },
	{ "suffix and pattern",
	  SERVICE "names: [{suffix: x.example, pattern: \"<n>.x.example\", source: s}]\n",
	  "x.yaml:3:9: a name needs one of" },
	{ "no token", SERVICE "names: [{pattern: \"a.x.example\", source: s}]\n",
	  "x.yaml:3:19: `a.x.example` is no pattern" },
	{ "an unknown token", SERVICE "names: [{pattern: \"<m>.x.example\", source: s}]\n", "is no pattern" },
	{ "one label behind the token", SERVICE "names: [{pattern: \"a<n>.example\", source: s}]\n",
	  "is no pattern" },
	{ "a token at the end", SERVICE "names: [{pattern: \"x.example<n>\", source: s}]\n",
	  "is no pattern" },
	{ "too many tokens", SERVICE "names: [{pattern: \"<n><n><n><n><n><n><n>.x.example\", source: s}]\n",
	  "is no pattern" },
	{ "a name of another service", SERVICE "names: [{suffix: zoom.us, source: s}]\n",
	  "zoom.yaml:4:14: the same name stands in service `x`" },
	{ "a name twice", SERVICE "names: [{suffix: x.example, source: s}, {suffix: x.example, source: s}]\n",
	  "x.yaml:3:50: the same name stands in service `x`" },
	{ "a site without source", SERVICE "sites: {fra: DE}\n", "x.yaml:3:9: the site `fra` has no source" },
	{ "a site in upper case", SERVICE "sites_source: s\nsites: {FRA: DE}\n",
	  "x.yaml:4:9: `FRA` is no site" },
	{ "a site of no country", SERVICE "sites_source: s\nsites: {fra: Germany}\n",
	  "x.yaml:4:14: `Germany` is no country" },
	{ "a prefix without place", SERVICE "prefixes: [{prefix: 192.0.2.0/24, source: s}]\n",
	  "x.yaml:3:12: the prefix has no `place`" },
	{ "an unknown place", SERVICE "prefixes: [{prefix: 192.0.2.0/24, place: vendor-wid, source: s}]\n",
	  "x.yaml:3:42: unknown word `vendor-wid`; `vendor-wide` would be right" },
	{ "neither prefix nor file", SERVICE "prefixes: [{place: vendor, source: s}]\n",
	  "x.yaml:3:12: this needs one of `prefix` and `file`" },
	{ "no such list", SERVICE "prefixes: [{file: lists/no.txt, place: vendor, source: s}]\n",
	  "x.yaml:3:19: the list `" },
	{ "a broken list", SERVICE "prefixes: [{file: lists/bad.txt, place: vendor, source: s}]\n",
	  "lists/bad.txt:3:1: `192.0.2.1/24` is no prefix" },
	{ "a prefix of another service",
	  SERVICE "prefixes: [{prefix: 170.114.0.0/16, place: vendor, source: s}]\n",
	  "zoom.yaml:9:21: the same prefix stands in service `x`" },
	{ "a row that asks nothing", SERVICE "wire: [{roles: [media], source: s}]\n",
	  "x.yaml:3:8: a row of `wire` asks for 0 things" },
	{ "a row that asks twice", SERVICE "wire: [{framing: a, realm: b, source: s}]\n",
	  "x.yaml:3:8: a row of `wire` asks for 2 things" },
	{ "a number without 0x", SERVICE "wire: [{stun_attribute: 8008, source: s}]\n",
	  "x.yaml:3:25: `8008` is no number of an attribute" },
	{ "a number too large", SERVICE "wire: [{stun_attribute: 0x18008, source: s}]\n",
	  "is no number of an attribute" },
	{ "a port without protocol", SERVICE "wire: [{framing: a, ports: [8801], source: s}]\n",
	  "x.yaml:3:29: `8801` is no port" },
	{ "ports reversed", SERVICE "wire: [{framing: a, ports: [9-8/udp], source: s}]\n",
	  "`9-8/udp` is no port" },
	{ "a port too large", SERVICE "wire: [{framing: a, ports: [65536/udp], source: s}]\n",
	  "`65536/udp` is no port" },
	{ "a date that is none", SERVICE "names: [{suffix: x.example, source: s, checked: 2026-13-01}]\n",
	  "x.yaml:3:49: `checked` is `2026-13-01`; a date would be right" },
	{ "broken YAML", "service: [\n", "x.yaml:2:1: no YAML: " },
};

static void check_service(const struct row *r)
{
	scratch_text("services.d/x.yaml", r->policy);
	struct loaded l = load_request(&(struct config_request){ .catalogue = scratch_path("services.d") });
	CHECK(l.result == -EINVAL && config_mistakes(l.report) >= 1, "%s: %d", r->name, l.result);
	CHECK(report_has(l.report, r->says), "%s: %s", r->name, r->says);
	loaded_done(&l);
	unlink(scratch_path("services.d/x.yaml"));
}

static void check_catalogue(void)
{
	struct loaded l = load_request(&(struct config_request){ .catalogue = scratch_path("services.d") });
	CHECK(l.result == 0 && config_warnings(l.report) == 0, "a catalogue alone: %d", l.result);
	if (l.result == 0) {
		const struct book *b = &l.book;
		CHECK(book_settings(b)->has_policy == 0, "no policy");
		CHECK(b->count[BOOK_SERVICE] == 4 && b->count[BOOK_NAME] == 3 && b->count[BOOK_SITE] == 3,
		      "rows");
		CHECK(strcmp(book_string(b, book_service(b, 2)->name), "teams") == 0,
		      "in the order of file names");
		const struct book_name *pattern = book_name(b, 1);
		CHECK(strcmp(book_string(b, pattern->pattern), "zoom<site><n>zc.zoom.us") == 0, "pattern");
		CHECK(strcmp(book_string(b, pattern->tail), "zoom.us") == 0 && pattern->flags == NAME_PATTERN,
		      "its tail");
		CHECK(pattern->roles == (ROLE_SIGNALLING | ROLE_KEY) && pattern->may == ROLE_MEDIA,
		      "its roles");
		CHECK(book_name(b, 0)->flags == NAME_STANDING && book_name(b, 0)->component == 1, "gateway");
		CHECK(book_site(b, 2)->unsure == 1 && book_site(b, 2)->place == country_from(BYTES("CN")),
		      "tj is unsure");
		CHECK(b->count[BOOK_PREFIX] == 3 && book_prefix(b, 0)->service == 3,
		      "prefixes, those of the list too");
		CHECK(book_framing(b, 0)->port_count == 2 && book_ports(b, 0)->hi == 8810 &&
			      book_ports(b, 1)->proto == PROTO_TCP,
		      "ports");
		CHECK(book_framing(b, 1)->is == FRAMING_STUN_ATTRIBUTE &&
			      book_framing(b, 1)->number == 0x8008,
		      "attribute");
		CHECK(book_framing(b, 1)->path == PATH_RELAY && book_framing(b, 1)->media == MEDIA_VIDEO,
		      "path and media");
	}
	loaded_done(&l);
	l = load_request(&(struct config_request){ .catalogue = scratch_path("nothing") });
	CHECK(l.result == -EINVAL &&
		      report_has(l.report, "the catalogue cannot be read: there is no such file"),
	      "no catalogue");
	loaded_done(&l);
	l = load_request(&(struct config_request){ .catalogue = scratch_path("services.d/lists") });
	CHECK(l.result == -EINVAL && report_has(l.report, "the catalogue is empty"), "an empty catalogue");
	loaded_done(&l);
}

static void check_installed(void)
{
	struct loaded l =
		load_request(&(struct config_request){ .catalogue = TEST_SOURCE "/conf/services.d" });
	CHECK(l.result == 0 && config_mistakes(l.report) == 0, "the catalogue that is installed: %d",
	      l.result);
	if (l.result != 0)
		report_has(l.report, "no such text");
	loaded_done(&l);
}

static void check_unread(void)
{
	static const char *const paths[] = { "nothing.yaml", "services.d", "fifo.yaml" };
	mkfifo(scratch_path("fifo.yaml"), 0600);
	for (size_t i = 0; i < 3; i++) {
		struct loaded l = load_request(&(struct config_request){ .policy = scratch_path(paths[i]) });
		CHECK(l.result == -EIO && report_has(l.report, "the policy cannot be read: "), "%s: %d",
		      paths[i], l.result);
		loaded_done(&l);
	}
}

/* Files made to hurt: each must be refused within a second. */
static void check_hostile(const char *name, const char *head, const char *again, size_t times,
			  const char *says)
{
	size_t head_bytes = strlen(head), bytes = strlen(again);
	char *text = malloc(head_bytes + bytes * times + 1);
	memcpy(text, head, head_bytes + 1);
	for (size_t i = 0; i < times; i++)
		memcpy(text + head_bytes + i * bytes, again, bytes + 1);
	struct timespec from, to;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	struct loaded l = load_policy(text);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	double s = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	CHECK(l.result == -EINVAL, "%s: %d", name, l.result);
	CHECK(report_has(l.report, says), "%s: %s", name, says);
	CHECK(s < 10, "%s took %.1f s", name, s); /* with room for sanitizers */
	loaded_done(&l);
	free(text);
}

static void check_limits(void)
{
	struct loaded l = load_policy("version: 1\nlocal: [auto]\n");
	CHECK(l.result == 0, "small");
	loaded_done(&l);
	check_hostile("more than 8 MB", "version: 1\n", "# 0123456789abc\n", (8 << 20) / 16,
		      "the policy is larger than 8 MB");
	check_hostile("deep lists", "", "[", 1 << 20, ":1:33: nested deeper than 32");
	check_hostile("deep maps", "", "{a: ", 1 << 20, "nested deeper than 32");
	check_hostile("many values", "a: [", "x,", 1 << 21, "more than 500000 values");
	check_hostile("many equal keys", "", "a: 1\n", 200000, "and 199937 more mistakes");
	check_hostile("many aliases", "a: &a [x]\nb: [", "*a,", 1 << 21, "the alias `*a` is not allowed");
	check_hostile("many unknown services", "version: 1\nrules: [{name: r, action: alert, service: [",
		      "zooom,", 400000, "no YAML");
	check_hostile("many rules", "version: 1\nrules:\n", "- {name: r, action: alert}\n", 5000,
		      "and 4032 more mistakes");
}

static void check_report(void)
{
	char policy[8192] = "version: 1\n";
	for (unsigned i = 0; i < 100; i++)
		snprintf(policy + strlen(policy), sizeof policy - strlen(policy), "wrong%02u: 1\n", i);
	struct loaded l = load_policy(policy);
	const char *line, *before = "";
	bool warning;
	size_t lines = 0, mistakes = 0, at = 0;
	for (size_t i = 0; (line = config_line(l.report, i, &warning)) != NULL; i++) {
		unsigned number = 0;
		const char *colon = strstr(line, "policy.yaml:");
		if (colon != NULL)
			sscanf(colon, "policy.yaml:%u", &number);
		CHECK(number == 0 || number >= at, "in the order of lines: %s after %s", line, before);
		at = number > 0 ? number : at;
		before = line, lines++, mistakes += !warning;
	}
	CHECK(config_mistakes(l.report) == 100 && mistakes == CONFIG_MISTAKES + 1,
	      "all are counted, the first are told");
	CHECK(report_has(l.report, "and 36 more mistakes") && lines > 0, "the others are counted");
	loaded_done(&l);
}

int main(void)
{
	scratch_new();
	scratch_directory("services.d");
	scratch_directory("services.d/lists");
	scratch_text("services.d/lists/good.txt", "# ours\n192.0.2.0/24 # one\n\n 2001:db8::/32\r\n");
	scratch_text("services.d/lists/bad.txt", "# ours\n192.0.2.0/24\n192.0.2.1/24\n");
	scratch_text("services.d/teams.yaml", "service: teams\noperator: {name: Microsoft, seat: US}\n");
	scratch_text(
		"services.d/zoom.yaml",
		"service: zoom\noperator: {name: Zoom, seat: US}\nnames:\n"
		"  - {suffix: zoom.us, roles: [web], source: \"a: b\", checked: 2026-11-01}\n"
		"  - {pattern: \"zoom<site><n>zc.zoom.us\", roles: [signalling, key], may: media, source: "
		"s}\n"
		"  - {suffix: gateway.zoom.us, standing: true, component: phone, source: s}\n"
		"sites_source: s\nsites: {sjc: US, fra: DE, tj: {place: CN, unsure: true, source: t}}\n"
		"prefixes: [{prefix: 170.114.0.0/16, place: vendor-wide, source: s}, {file: lists/good.txt, "
		"place: vendor, source: s}]\n"
		"wire:\n  - {framing: zoom, roles: [media], ports: [8801-8810/udp, 443/tcp], source: s}\n"
		"  - {stun_attribute: 0x8008, path: relay, media: [video], source: s}\n");
	check_sample();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_row(&rows[i]);
	for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
		check_hidden(&hidden[i]);
	check_catalogue();
	for (size_t i = 0; i < sizeof services / sizeof *services; i++)
		check_service(&services[i]);
	check_installed();
	check_unread();
	check_limits();
	check_report();
	scratch_done();
	return check_done();
}
