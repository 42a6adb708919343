/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "catalogue/catalogue.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "geo/geo.h"

struct answer {
	struct address at;
	struct location where;
	uint32_t prefix_row;
};

static struct answer answer_of(const struct book *b, const struct address *at)
{
	struct answer a = { .at = *at, .prefix_row = catalogue_prefix(b, at) };
	struct match m = { .in_prefix = a.prefix_row != 0 };
	if (m.in_prefix) {
		m.prefix_place = book_prefix(b, a.prefix_row - 1)->place;
		m.service = book_prefix(b, a.prefix_row - 1)->service;
	}
	a.where = geo_locate(b, at, &m, NULL);
	return a;
}

static void print_json(const struct book *b, const struct answer *a)
{
	char storage[8192];
	struct text t = text_in(storage, sizeof storage);
	struct json j = json_on(&t);
	json_open(&j, NULL, '{');
	show_address_json(&j, "address", &a->at);
	show_location_json(&j, &a->where);
	show_sources_json(b, &j, &a->at, &a->where);
	json_close(&j, '}');
	puts(storage);
}

static void print_source(const struct book *b, const struct answer *a, const struct location_source *s)
{
	char two[3];
	const struct book_source *row = book_source(b, s->source);
	struct geo_answer said = { 0 };
	geo_ask(b, s->source, &a->at, &said);
	printf("    %-9s %s  %s, %s%s%s: %s\n", word_name(WORDS_KIND, s->kind),
	       s->says != COUNTRY_NONE ? country_text(s->says, two) : "--", book_string(b, row->file),
	       row->built.bytes > 0 ? book_string(b, row->built) : "no date", said.note.bytes > 0 ? ", " : "",
	       book_string(b, said.note), word_name(WORDS_WHY, s->why));
}

static void print_text(const struct book *b, const struct answer *a)
{
	char text[ADDRESS_TEXT_BYTES], storage[64];
	struct text where = text_in(storage, sizeof storage);
	show_country(&where, b, &a->at, &a->where, " or ", "no country");
	printf("%s: %s, %s", address_text(&a->at, text), storage,
	       word_name(WORDS_CERTAINTY, a->where.certainty));
	if (a->where.asn != 0)
		printf(", AS%u", a->where.asn);
	if (a->prefix_row != 0) {
		const struct book_prefix *p = book_prefix(b, a->prefix_row - 1);
		printf("; in a prefix of %s (%s)", book_string(b, book_service(b, p->service)->name),
		       word_name(WORDS_PREFIX, p->place));
	}
	putchar('\n');
	for (unsigned i = 0; i < a->where.source_count; i++)
		if (a->where.source[i].source != 255)
			print_source(b, a, &a->where.source[i]);
}

static int locate_all(const struct cli *c, const struct book *b)
{
	int status = STATUS_DONE;
	for (int i = 0; i < c->arg_count; i++) {
		struct address at;
		if (!address_parse(span_text(c->args[i]), &at)) {
			status = complain(STATUS_USAGE,
					  "locate: %s is no IP address; 192.0.2.1 or 2001:db8::1 would be",
					  c->args[i]);
			continue;
		}
		struct answer a = answer_of(b, &at);
		if (c->json)
			print_json(b, &a);
		else
			print_text(b, &a);
	}
	return status;
}

int verb_locate(const struct cli *c)
{
	struct library lib;
	if (c->arg_count == 0)
		return complain(STATUS_USAGE, "locate: name an address");
	if (c->config == NULL && c->country_db == NULL && c->asn_db == NULL)
		return complain(STATUS_USAGE,
				"locate: name a policy with -c FILE, or a database with --country-db FILE");
	int status = library_open(c, &lib);
	if (status == STATUS_DONE)
		status = locate_all(c, &lib.book);
	library_close(&lib);
	return status;
}
