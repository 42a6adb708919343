/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check: what a policy came to: its settings, catalogue, sources of location with their dates, rules, and what it tells the
 * daemon. Where this machine has the interfaces that it names, their networks are held against `local`. */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/sensor.h"
#include "cli/show.h"

enum { JSON_BYTES = 4 << 20, NETWORKS_MOST = 1024 };

static size_t ranges_of(const struct book_source *s)
{
	return (size_t)(s->count4 + s->count6);
}

/* ---- words ---- */

static void print_services(const struct book *b)
{
	for (size_t i = SERVICE_UNKNOWN + 1; i < b->count[BOOK_SERVICE]; i++)
		printf("%s %s", i == SERVICE_UNKNOWN + 1 ? "services:" : ",",
		       book_string(b, book_service(b, i)->name));
	printf("\n  %zu names, %zu sites, %zu prefixes, %zu framings\n", b->count[BOOK_NAME],
	       b->count[BOOK_SITE], b->count[BOOK_PREFIX], b->count[BOOK_FRAMING]);
}

static void print_sources(const struct book *b)
{
	puts("location:");
	for (size_t i = 0; i < b->count[BOOK_SOURCE]; i++) {
		const struct book_source *s = book_source(b, i);
		printf("  %-9s %s, %s: %zu ranges\n", word_name(WORDS_KIND, s->kind), book_string(b, s->file),
		       s->built.bytes > 0 ? book_string(b, s->built) : "no date", ranges_of(s));
	}
}

static void put_paths(struct text *t, unsigned paths)
{
	const char *before = ", path ";
	for (unsigned path = 0; paths >> path != 0; path++)
		if (paths >> path & 1) {
			text_printf(t, "%s%s", before, word_name(WORDS_PATH, path));
			before = "+";
		}
}

static void put_operators(struct text *t, const struct book *b, const struct book_rule *r)
{
	char two[3];
	for (uint32_t i = 0; i < r->operator_count; i++)
		text_printf(t, "%s%s", i > 0 ? "+" : ", operator in ",
			    country_text(book_country_list(b)[r->first_operator + i], two));
}

static void put_region(struct text *t, const struct book *b, const char *which, unsigned region)
{
	if (region != 0)
		text_printf(t, "%s%s", which, book_string(b, book_region(b, region - 1u)->name));
}

static void put_rule(struct text *t, const struct book *b, const struct book_rule *r)
{
	const char *unsure = word_name(WORDS_UNSURE, r->unsure);
	text_printf(t, "  %-14s ", book_string(b, r->name));
	text_put(t, word_name(WORDS_ACTION, r->action));
	if (r->group != 0)
		text_printf(t, ", from %s", book_string(b, book_group(b, r->group - 1u)->name));
	text_put(t, r->flags & RULE_SERVICE_ANY ? ", service any" : "");
	for (uint32_t i = 0; i < r->service_count; i++)
		text_printf(
			t, "%s %s",
			i > 0                            ? ""
			: r->flags & RULE_SERVICE_EXCEPT ? ", service except"
							 : ", service",
			book_string(b, book_service(b, book_service_list(b)[r->first_service + i])->name));
	show_set(t, ", role ", "+", WORDS_ROLE, r->roles);
	show_set(t, ", basis ", "+", WORDS_BASIS, r->basis);
	put_paths(t, r->paths);
	put_operators(t, b, r);
	put_region(t, b, ", inside ", r->inside);
	put_region(t, b, ", outside ", r->outside);
	if (unsure != NULL)
		text_printf(t, ", unsure: %s", unsure);
	text_put(t, r->mode != book_settings(b)->mode ? ", observes for itself\n" : "\n");
}

static void print_rules(const struct book *b)
{
	puts("rules:");
	for (size_t i = 0; i < b->count[BOOK_RULE]; i++) {
		char storage[4096];
		struct text t = text_in(storage, sizeof storage);
		put_rule(&t, b, book_rule(b, i));
		fputs(storage, stdout);
	}
	if (b->count[BOOK_EXCEPTION] > 0)
		printf("  and %zu exceptions\n", b->count[BOOK_EXCEPTION]);
}

static void print_book(const struct library *l)
{
	const struct book *b = &l->book;
	const struct book_settings *set = book_settings(b);
	printf("%s is sound", book_string(b, set->policy_file));
	if (l->warnings > 0)
		printf(", with %zu warning%s", l->warnings, l->warnings == 1 ? "" : "s");
	printf(": site %s, mode %s, size %s; book %016" PRIx64 "\n",
	       *book_string(b, set->site_name) ? book_string(b, set->site_name) : "without name",
	       word_name(WORDS_MODE, set->mode), word_name(WORDS_SIZE, set->size), b->header->hash);
	print_services(b);
	print_sources(b);
	print_rules(b);
	sensor_print(b);
}

/* ---- JSON ---- */

static void services_json(struct json *j, const struct book *b)
{
	char two[3];
	json_open(j, "services", '[');
	for (size_t i = SERVICE_UNKNOWN + 1; i < b->count[BOOK_SERVICE]; i++) {
		const struct book_service *s = book_service(b, i);
		json_open(j, NULL, '{');
		json_text(j, "service", book_string(b, s->name));
		json_text(j, "operator", book_string(b, s->operator_name));
		show_text_json(j, "seat", country_text(s->seat, two));
		json_close(j, '}');
	}
	json_close(j, ']');
	json_open(j, "catalogue", '{');
	json_uint(j, "names", b->count[BOOK_NAME]);
	json_uint(j, "sites", b->count[BOOK_SITE]);
	json_uint(j, "prefixes", b->count[BOOK_PREFIX]);
	json_uint(j, "framings", b->count[BOOK_FRAMING]);
	json_close(j, '}');
}

static void sources_json(struct json *j, const struct book *b)
{
	json_open(j, "sources", '[');
	for (size_t i = 0; i < b->count[BOOK_SOURCE]; i++) {
		const struct book_source *s = book_source(b, i);
		json_open(j, NULL, '{');
		json_text(j, "kind", word_name(WORDS_KIND, s->kind));
		json_text(j, "label", book_string(b, s->label));
		json_text(j, "file", book_string(b, s->file));
		show_text_json(j, "built", book_string(b, s->built));
		json_uint(j, "ranges", ranges_of(s));
		json_close(j, '}');
	}
	json_close(j, ']');
}

static const char *region_name(const struct book *b, unsigned region)
{
	return region != 0 ? book_string(b, book_region(b, region - 1u)->name) : NULL;
}

static void rule_paths_json(struct json *j, const struct book *b, const struct book_rule *r)
{
	char two[3];
	json_open(j, "path", '[');
	for (unsigned path = 0; r->paths >> path != 0; path++)
		if (r->paths >> path & 1)
			json_text(j, NULL, word_name(WORDS_PATH, path));
	json_close(j, ']');
	json_open(j, "operator", '[');
	for (uint32_t i = 0; i < r->operator_count; i++)
		json_text(j, NULL, country_text(book_country_list(b)[r->first_operator + i], two));
	json_close(j, ']');
}

static void rule_json(struct json *j, const struct book *b, const struct book_rule *r)
{
	json_open(j, NULL, '{');
	json_text(j, "rule", book_string(b, r->name));
	json_text(j, "action", word_name(WORDS_ACTION, r->action));
	json_text(j, "mode", word_name(WORDS_MODE, r->mode));
	json_text(j, "from", r->group != 0 ? book_string(b, book_group(b, r->group - 1u)->name) : NULL);
	json_open(j, r->flags & RULE_SERVICE_EXCEPT ? "service_except" : "service", '[');
	if (r->flags & RULE_SERVICE_ANY)
		json_text(j, NULL, "any");
	for (uint32_t i = 0; i < r->service_count; i++)
		json_text(j, NULL,
			  book_string(b, book_service(b, book_service_list(b)[r->first_service + i])->name));
	json_close(j, ']');
	show_set_json(j, "role", WORDS_ROLE, r->roles);
	show_set_json(j, "basis", WORDS_BASIS, r->basis);
	rule_paths_json(j, b, r);
	json_text(j, "region_inside", region_name(b, r->inside));
	json_text(j, "region_outside", region_name(b, r->outside));
	json_text(j, "unsure", word_name(WORDS_UNSURE, r->unsure));
	json_close(j, '}');
}

static void book_json(struct json *j, const struct library *l)
{
	const struct book *b = &l->book;
	const struct book_settings *set = book_settings(b);
	char hash[17];
	snprintf(hash, sizeof hash, "%016" PRIx64, b->header->hash);
	json_text(j, "book", hash);
	show_text_json(j, "sensor", book_string(b, set->site_name));
	json_text(j, "mode", word_name(WORDS_MODE, set->mode));
	json_text(j, "size", word_name(WORDS_SIZE, set->size));
	services_json(j, b);
	sources_json(j, b);
	json_open(j, "rules", '[');
	for (size_t i = 0; i < b->count[BOOK_RULE]; i++)
		rule_json(j, b, book_rule(b, i));
	json_close(j, ']');
	json_uint(j, "exceptions", b->count[BOOK_EXCEPTION]);
	sensor_json(j, b);
}

static int print_json(const struct cli *c, const struct library *l, bool sound)
{
	char *storage = malloc(JSON_BYTES);
	if (storage == NULL)
		return complain(STATUS_OURS, "no memory");
	struct text t = text_in(storage, JSON_BYTES);
	struct json j = json_on(&t);
	json_open(&j, NULL, '{');
	json_span(&j, "policy", span_text(c->config));
	json_bool(&j, "sound", sound);
	json_uint(&j, "mistakes", l->mistakes);
	json_uint(&j, "warnings", l->warnings);
	if (sound)
		book_json(&j, l);
	json_close(&j, '}');
	int status =
		t.cut ? complain(STATUS_OURS, "check: more than %d bytes of JSON", JSON_BYTES) : STATUS_DONE;
	if (!t.cut)
		puts(storage);
	free(storage);
	return status;
}

int verb_check(const struct cli *c)
{
	static struct gateway_prefix networks[NETWORKS_MOST];
	struct library lib;
	if (c->config == NULL)
		return complain(STATUS_USAGE, "check: name a policy with -c FILE");
	if (c->arg_count > 0)
		return complain(STATUS_USAGE, "check: takes no argument; name a policy with -c FILE");
	struct config_gateway here = { .prefix = networks };
	here.prefix_count = sensor_networks(networks, NETWORKS_MOST);
	int status = library_open_on(c, &here, &lib);
	if (status == STATUS_DONE)
		lib.warnings += sensor_warn(c, &lib.book);
	if (c->json) {
		int r = print_json(c, &lib, status == STATUS_DONE);
		status = status == STATUS_DONE ? r : status;
	} else if (status == STATUS_DONE) {
		print_book(&lib);
	}
	library_close(&lib);
	return status;
}
