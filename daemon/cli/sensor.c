/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* getifaddrs */
#include "cli/sensor.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include "cli/cli.h"
#include "cli/show.h"

/* ---- this machine ---- */

/* The bytes of an IPv4 or IPv6 socket address; none: another family. */
static struct span bytes_of(const struct sockaddr *a)
{
	if (a != NULL && a->sa_family == AF_INET)
		return span_of(&((const struct sockaddr_in *)(const void *)a)->sin_addr, 4);
	if (a != NULL && a->sa_family == AF_INET6)
		return span_of(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, 16);
	return (struct span){ 0 };
}

static bool network_of(const struct ifaddrs *i, struct gateway_prefix *ret)
{
	struct span own = bytes_of(i->ifa_addr), mask = bytes_of(i->ifa_netmask);
	struct address a = address_from(own);
	enum address_class class = address_class_of(&a);
	unsigned bits = own.len == 4 ? 96 : 0;
	if (own.len == 0 || mask.len != own.len || strlen(i->ifa_name) >= sizeof ret->interface ||
	    (class != ADDRESS_GLOBAL && class != ADDRESS_PRIVATE))
		return false;
	for (size_t n = 0; n < mask.len; n++)
		bits += (unsigned)__builtin_popcount(mask.at[n]);
	for (unsigned bit = bits; bit < 128; bit++)
		a.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	memcpy(ret->interface, i->ifa_name, strlen(i->ifa_name) + 1);
	ret->prefix = (struct prefix){ a, (uint8_t)bits };
	return true;
}

size_t sensor_networks(struct gateway_prefix *ret, size_t most)
{
	struct ifaddrs *all;
	size_t count = 0;
	if (getifaddrs(&all) < 0)
		return 0;
	for (const struct ifaddrs *i = all; i != NULL && count < most; i = i->ifa_next)
		count += network_of(i, &ret[count]);
	freeifaddrs(all);
	return count;
}

static bool is_here(const struct book *b, const struct book_capture *c)
{
	return if_nametoindex(book_string(b, c->interface)) != 0;
}

size_t sensor_warn(const struct cli *c, const struct book *b)
{
	size_t missing = 0;
	for (size_t i = 0; i < b->count[BOOK_CAPTURE]; i++) {
		const struct book_capture *row = book_capture(b, i);
		if (is_here(b, row))
			continue;
		missing++;
		if (!c->quiet)
			fprintf(stderr,
				"warning: %s: this machine has no interface %s; nothing would be captured "
				"there\n",
				c->config, book_string(b, row->interface));
	}
	return missing;
}

/* ---- what is not seen ---- */

static bool has_side(const struct book *b, enum side side)
{
	for (size_t i = 0; i < b->count[BOOK_CAPTURE]; i++)
		if (book_capture(b, i)->side == side)
			return true;
	return false;
}

static bool has_countries(const struct book *b, bool v6)
{
	for (size_t i = 0; i < b->count[BOOK_SOURCE]; i++) {
		const struct book_source *s = book_source(b, i);
		if (s->kind == KIND_DATABASE && s->has & SOURCE_HAS_COUNTRY &&
		    (v6 ? s->count6 : s->count4) > 0)
			return true;
	}
	return false;
}

static bool lacks_captures(const struct book *b)
{
	return b->count[BOOK_CAPTURE] == 0;
}
static bool lacks_inside(const struct book *b)
{
	return b->count[BOOK_CAPTURE] > 0 && !has_side(b, SIDE_INSIDE) && !has_side(b, SIDE_MIRROR);
}
/* What auto finds are the networks of inside interfaces. */
static bool lacks_local(const struct book *b)
{
	return b->count[BOOK_CAPTURE] > 0 && b->count[BOOK_LOCAL] == 0 && !has_side(b, SIDE_INSIDE);
}
static bool lacks_databases(const struct book *b)
{
	return !has_countries(b, false) && !has_countries(b, true);
}
static bool lacks_v4(const struct book *b)
{
	return !has_countries(b, false) && has_countries(b, true);
}
static bool lacks_v6(const struct book *b)
{
	return has_countries(b, false) && !has_countries(b, true);
}
static bool lacks_rules(const struct book *b)
{
	return b->count[BOOK_RULE] == 0;
}
static bool lacks_outputs(const struct book *b)
{
	return b->count[BOOK_CAPTURE] > 0 && b->count[BOOK_OUTPUT] == 0;
}

static const struct {
	bool (*holds)(const struct book *b);
	const char *says;
} blind[] = {
	{ lacks_captures, "no interface is named under `capture`: only captures in files can be judged" },
	{ lacks_inside,
	  "everything is seen behind NAT: who the clients are is not told, and nothing can be blocked" },
	{ lacks_local,
	  "no public network is `local`: clients with public addresses are taken for strangers" },
	{ lacks_databases,
	  "no database of countries: places are known only by providers' lists, host names and overrides" },
	{ lacks_v4, "no database of countries for IPv4" },
	{ lacks_v6, "no database of countries for IPv6" },
	{ lacks_rules, "no rules: everything is permitted, and nothing is told" },
	{ lacks_outputs, "no outputs: alerts reach nobody" },
};
enum { BLINDS = sizeof blind / sizeof *blind };

/* ---- in words ---- */

static void print_captures(const struct book *b)
{
	if (b->count[BOOK_CAPTURE] == 0)
		return;
	printf("captures, fences %s:\n", word_name(WORDS_FENCING, book_settings(b)->fences));
	for (size_t i = 0; i < b->count[BOOK_CAPTURE]; i++) {
		const struct book_capture *c = book_capture(b, i);
		printf("  %-15s %s%s\n", book_string(b, c->interface), word_name(WORDS_SIDE, c->side),
		       is_here(b, c) ? "" : ", not on this machine");
	}
}

typedef const struct prefix *prefix_of(const struct book *b, size_t row);

static void print_networks(const struct book *b, const char *what, bool is_auto, enum book_section_id id,
			   prefix_of *at)
{
	char text[PREFIX_TEXT_BYTES];
	printf("%s:%s", what, is_auto ? " auto" : "");
	for (size_t i = 0; i < b->count[id]; i++)
		printf("%s %s", i > 0 || is_auto ? "," : "", prefix_text(at(b, i), text));
	putchar('\n');
}

static const char *const kinds[OUTPUT_KINDS] = { "journal", "syslog", "file", "stdout" };

static void print_outputs(const struct book *b)
{
	if (b->count[BOOK_OUTPUT] == 0)
		return;
	printf("alerts, gathered for %u s:\n", (unsigned)book_settings(b)->window_s);
	for (size_t i = 0; i < b->count[BOOK_OUTPUT]; i++) {
		const struct book_output *o = book_output(b, i);
		if (o->kind == OUTPUT_JOURNAL)
			printf("  %s\n", kinds[o->kind]);
		else
			printf("  %-8s %s, %s\n", kinds[o->kind], book_string(b, o->target),
			       word_name(WORDS_FORMAT, o->format));
	}
}

static void print_enforce(const struct book *b)
{
	if (b->count[BOOK_ENFORCE] == 0)
		return;
	const struct book_enforce *e = book_enforce(b, 0);
	if (book_settings(b)->mode == MODE_ENFORCE)
		puts("blocks:");
	else
		printf("blocks, were the mode %s:\n", word_name(WORDS_MODE, MODE_ENFORCE));
	printf("  for %u s, at most %u at once; %u a minute for one client, %u in all\n",
	       (unsigned)e->timeout_s, (unsigned)e->max_blocks, (unsigned)e->budget_client,
	       (unsigned)e->budget_blocks);
	printf("  who is cut off %s\n", e->reject ? "is answered so" : "hears nothing");
}

static const struct prefix *local_at(const struct book *b, size_t row)
{
	return book_local(b, row);
}
static const struct prefix *resolver_at(const struct book *b, size_t row)
{
	return book_resolver(b, row);
}
static const struct prefix *protect_at(const struct book *b, size_t row)
{
	return book_protect(b, row);
}

void sensor_print(const struct book *b)
{
	bool any = false;
	print_captures(b);
	print_networks(b, "local", book_settings(b)->local_auto, BOOK_LOCAL, local_at);
	print_networks(b, "resolvers", book_settings(b)->resolvers_auto, BOOK_RESOLVER, resolver_at);
	print_outputs(b);
	print_enforce(b);
	if (b->count[BOOK_PROTECT] > 0)
		print_networks(b, "protected", false, BOOK_PROTECT, protect_at);
	for (size_t i = 0; i < BLINDS; i++)
		if (blind[i].holds(b)) {
			printf("%s  %s\n", any ? "" : "blind:\n", blind[i].says);
			any = true;
		}
}

/* ---- JSON ---- */

static void networks_json(struct json *j, const char *key, const struct book *b, enum book_section_id id,
			  prefix_of *at)
{
	char text[PREFIX_TEXT_BYTES];
	json_open(j, key, '[');
	for (size_t i = 0; i < b->count[id]; i++)
		json_text(j, NULL, prefix_text(at(b, i), text));
	json_close(j, ']');
}

static void captures_json(struct json *j, const struct book *b)
{
	json_open(j, "captures", '[');
	for (size_t i = 0; i < b->count[BOOK_CAPTURE]; i++) {
		const struct book_capture *c = book_capture(b, i);
		json_open(j, NULL, '{');
		json_text(j, "interface", book_string(b, c->interface));
		json_text(j, "side", word_name(WORDS_SIDE, c->side));
		json_bool(j, "here", is_here(b, c));
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void outputs_json(struct json *j, const struct book *b)
{
	json_open(j, "outputs", '[');
	for (size_t i = 0; i < b->count[BOOK_OUTPUT]; i++) {
		const struct book_output *o = book_output(b, i);
		json_open(j, NULL, '{');
		json_text(j, "kind", kinds[o->kind]);
		show_text_json(j, "target", book_string(b, o->target));
		json_text(j, "format", o->kind != OUTPUT_JOURNAL ? word_name(WORDS_FORMAT, o->format) : NULL);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void enforce_json(struct json *j, const struct book *b)
{
	if (b->count[BOOK_ENFORCE] == 0) {
		json_null(j, "blocks");
		return;
	}
	const struct book_enforce *e = book_enforce(b, 0);
	json_open(j, "blocks", '{');
	json_uint(j, "timeout_s", e->timeout_s);
	json_bool(j, "reject", e->reject);
	json_uint(j, "max_blocks", e->max_blocks);
	json_open(j, "budget_a_minute", '{');
	json_uint(j, "client", e->budget_client);
	json_uint(j, "blocks", e->budget_blocks);
	json_close(j, '}');
	json_close(j, '}');
}

void sensor_json(struct json *j, const struct book *b)
{
	const struct book_settings *set = book_settings(b);
	captures_json(j, b);
	json_text(j, "fences", word_name(WORDS_FENCING, set->fences));
	json_bool(j, "local_auto", set->local_auto);
	networks_json(j, "local", b, BOOK_LOCAL, local_at);
	json_bool(j, "resolvers_auto", set->resolvers_auto);
	networks_json(j, "resolvers", b, BOOK_RESOLVER, resolver_at);
	json_uint(j, "window_s", set->window_s);
	outputs_json(j, b);
	enforce_json(j, b);
	networks_json(j, "protect", b, BOOK_PROTECT, protect_at);
	json_open(j, "blind", '[');
	for (size_t i = 0; i < BLINDS; i++)
		if (blind[i].holds(b))
			json_text(j, NULL, blind[i].says);
	json_close(j, ']');
}
