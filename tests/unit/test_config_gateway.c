/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel says of the gateway, beside what the policy says: what becomes local, believed and protected, and an inside
 * network that the policy forgot. */
#define _GNU_SOURCE
#include <errno.h>

#include "scratch.h"

enum { LIST = 6 };

/* Lists end with NULL. Networks are "INTERFACE PREFIX". */
static const struct row {
	const char *name, *policy;
	const char *own[LIST], *asked[LIST], *kept[LIST], *network[LIST];
	const char *local, *resolver, *protect; /* what the book has, in its order; NULL: no book */
	const char *says;                       /* the mistake or warning, from the line number on */
} rows[] = {
	{ .name = "nothing is known",
	  .policy = "local: [auto, 192.0.2.0/24]\n",
	  .local = "192.0.2.0/24",
	  .resolver = "",
	  .protect = "" },
	{ .name = "auto takes addresses and inside networks",
	  .policy = "local: [auto]\nresolvers: [auto]\n",
	  .own = { "198.51.100.1", "2001:db8::1" },
	  .asked = { "198.51.100.53" },
	  .kept = { "198.51.100.254" },
	  .network = { "lan 2001:db8:1::/64", "wan 203.0.113.0/24", "tap 203.0.113.0/25",
		       "other 192.0.2.0/24" },
	  .local = "198.51.100.1/32 2001:db8::1/128 2001:db8:1::/64",
	  .resolver = "198.51.100.53/32",
	  .protect = "198.51.100.254/32" },
	{ .name = "what a policy leaves out is auto",
	  .policy = "",
	  .own = { "198.51.100.1" },
	  .asked = { "198.51.100.53" },
	  .network = { "lan 198.51.100.0/24" },
	  .local = "198.51.100.1/32 198.51.100.0/24",
	  .resolver = "198.51.100.53/32",
	  .protect = "" },
	{ .name = "without auto only what the policy names, and protect",
	  .policy = "local: [192.0.2.0/24]\nresolvers: [192.0.2.53]\n",
	  .own = { "198.51.100.1" },
	  .asked = { "198.51.100.53" },
	  .kept = { "198.51.100.1" },
	  .network = { "lan 192.0.2.0/24", "wan 198.51.100.0/24" },
	  .local = "192.0.2.0/24",
	  .resolver = "192.0.2.53/32",
	  .protect = "198.51.100.1/32" },
	{ .name = "nothing twice, nothing within what is there",
	  .policy = "local: [auto, 198.51.100.0/24]\nresolvers: [auto, 192.0.2.53]\nenforce: {protect: "
		    "[203.0.113.0/28]}\n",
	  .own = { "198.51.100.1", "192.0.2.1", "192.0.2.1" },
	  .asked = { "192.0.2.53", "192.0.2.54", "192.0.2.54" },
	  .kept = { "203.0.113.15", "203.0.113.16", "203.0.113.16" },
	  .network = { "lan 198.51.100.0/25", "lan 198.51.100.0/23" },
	  .local = "198.51.100.0/24 192.0.2.1/32 198.51.100.0/23",
	  .resolver = "192.0.2.53/32 192.0.2.54/32",
	  .protect = "203.0.113.0/28 203.0.113.16/32" },
	{ .name = "warning: a private network may be left out on purpose",
	  .policy = "local: [192.0.2.0/24]\n",
	  .network = { "lan 10.0.0.0/8" },
	  .local = "192.0.2.0/24",
	  .resolver = "",
	  .protect = "",
	  .says = ":3:8: `local` lacks 10.0.0.0/8, which is on the inside interface lan; auto or that prefix "
		  "would be right" },
	{ .name = "an inside network that local lacks",
	  .policy = "local: [192.0.2.0/24]\n",
	  .network = { "lan 2001:db8:1::/64" },
	  .says = ":3:8: `local` lacks 2001:db8:1::/64, which is on the inside interface lan; auto or that "
		  "prefix would be right" },
	{ .name = "an inside network of which local has a part",
	  .policy = "local: [192.0.2.0/25]\n",
	  .network = { "lan 192.0.2.0/24" },
	  .says = ":3:8: `local` lacks 192.0.2.0/24, which is on the inside interface lan" },
};

static size_t take(const char *const *texts, struct prefix *ret)
{
	size_t n = 0;
	for (; texts[n] != NULL; n++)
		CHECK(prefix_parse(span_text(texts[n]), &ret[n], NULL), "%s", texts[n]);
	return n;
}

static size_t take_networks(const char *const *texts, struct gateway_prefix *ret)
{
	size_t n = 0;
	for (; texts[n] != NULL; n++) {
		const char *blank = strchr(texts[n], ' ');
		snprintf(ret[n].interface, sizeof ret[n].interface, "%.*s", (int)(blank - texts[n]),
			 texts[n]);
		CHECK(prefix_parse(span_text(blank + 1), &ret[n].prefix, NULL), "%s", texts[n]);
	}
	return n;
}

typedef const struct prefix *prefix_of(const struct book *b, size_t i);

static void check_section(const struct row *r, const struct book *b, enum book_section_id id, prefix_of *at,
			  const char *want)
{
	char got[1024] = "", text[PREFIX_TEXT_BYTES];
	for (size_t i = 0; i < b->count[id]; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i > 0 ? " " : "",
			 prefix_text(at(b, i), text));
	CHECK(strcmp(got, want) == 0, "%s: section %d has %s, not %s", r->name, (int)id, got, want);
}

static const struct prefix *local_at(const struct book *b, size_t i)
{
	return book_local(b, i);
}
static const struct prefix *resolver_at(const struct book *b, size_t i)
{
	return book_resolver(b, i);
}
static const struct prefix *protect_at(const struct book *b, size_t i)
{
	return book_protect(b, i);
}

static bool lacks(const struct config_report *report)
{
	const char *line;
	bool warning, found = false;
	for (size_t i = 0; (line = config_line(report, i, &warning)) != NULL; i++)
		found |= strstr(line, "lacks") != NULL;
	return found;
}

static void check_row(const struct row *r)
{
	struct prefix own[LIST], asked[LIST], kept[LIST];
	struct gateway_prefix network[LIST];
	char policy[1024], line[512];
	snprintf(policy, sizeof policy,
		 "version: 1\ncapture: [{interface: lan, side: inside}, {interface: wan, side: outside}, "
		 "{interface: tap, side: mirror}]\n%s",
		 r->policy);
	scratch_text("policy.yaml", policy);
	struct config_request q = { .policy = scratch_path("policy.yaml"), .generation = 12 };
	q.gateway = (struct config_gateway){ own,
					     asked,
					     kept,
					     network,
					     take(r->own, own),
					     take(r->asked, asked),
					     take(r->kept, kept),
					     take_networks(r->network, network) };
	struct loaded l = load_request(&q);
	bool mistake = r->says != NULL && r->local == NULL;
	CHECK(l.result == (mistake ? -EINVAL : 0), "%s: %d", r->name, l.result);
	if (r->says != NULL) {
		snprintf(line, sizeof line, "%s%s", scratch_path("policy.yaml"), r->says);
		CHECK(config_mistakes(l.report) == mistake && report_has(l.report, line), "%s: %s", r->name,
		      line);
	} else {
		CHECK(!lacks(l.report), "%s: nothing is lacked", r->name);
	}
	if (l.result == 0) {
		CHECK(l.book.header->generation == 12, "%s: generation", r->name);
		check_section(r, &l.book, BOOK_LOCAL, local_at, r->local);
		check_section(r, &l.book, BOOK_RESOLVER, resolver_at, r->resolver);
		check_section(r, &l.book, BOOK_PROTECT, protect_at, r->protect);
	}
	loaded_done(&l);
}

/* An interface that is no capture leaves nothing behind, so that one policy gives one book on every machine like it. */
static void check_stranger(void)
{
	struct gateway_prefix network[1] = { { "another9", { { { 0 } }, 0 } } };
	scratch_text("policy.yaml", "version: 1\ncapture: [{interface: lan}]\n");
	CHECK(prefix_parse(span_text("192.0.2.0/24"), &network[0].prefix, NULL), "prefix");
	struct config_request q = { .policy = scratch_path("policy.yaml") };
	struct loaded without = load_request(&q);
	q.gateway.prefix = network, q.gateway.prefix_count = 1;
	struct loaded with = load_request(&q);
	CHECK(with.result == 0 && without.result == 0 &&
		      with.book.header->hash == without.book.header->hash &&
		      with.book.header->generation == 1,
	      "the same book");
	loaded_done(&with);
	loaded_done(&without);
}

int main(void)
{
	scratch_new();
	scratch_directory("services.d");
	scratch_text("services.d/zoom.yaml", "service: zoom\noperator: {name: Zoom, seat: US}\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_row(&rows[i]);
	check_stranger();
	scratch_done();
	return check_done();
}
