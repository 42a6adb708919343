/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sources of location: databases, provider lists, overrides. */
#include "config/file.h"
#include "config/schema.h"

enum { SOURCES_MOST = 64, OVERRIDES_MOST = 100000, DAY_S = 86400 };

struct book_source source_begin(struct load *l, enum kind kind, const char *label, struct span shown)
{
	return (struct book_source){ .label = book_write_text(l->writer, span_text(label)),
				     .file = book_write_text(l->writer, shown),
				     .first4 = book_written(l->writer, BOOK_RANGE4),
				     .first6 = book_written(l->writer, BOOK_RANGE6),
				     .kind = (uint8_t)kind };
}

void source_end(struct load *l, struct book_source *s, bool ok)
{
	s->count4 = book_written(l->writer, BOOK_RANGE4) - s->first4;
	s->count6 = book_written(l->writer, BOOK_RANGE6) - s->first6;
	if (ok)
		book_write(l->writer, BOOK_SOURCE, s);
}

void source_date(struct load *l, const struct source_file *f, int64_t built_s, struct book_source *s)
{
	char date[11];
	date_text(built_s, date);
	s->built = book_write_text(l->writer, span_text(date));
	s->built_day = (uint16_t)(built_s > 0 && built_s / DAY_S <= UINT16_MAX ? built_s / DAY_S : 0);
	s->max_age_s = f->max_age_s;
	int64_t now_s = (int64_t)(l->q->now_us / 1000000), age_s = now_s - built_s;
	if (f->max_age_s > 0 && date[0] == '\0')
		report_warning(
			l->report, f->named,
			"`%s` has no date in it, so that nothing tells when its `max_age` is over; leave "
			"it out",
			SHOW(f->shown));
	else if (f->max_age_s > 0 && age_s > (int64_t)f->max_age_s)
		report_warning(l->report, f->named,
			       "`%s` is of %s, older than its max_age; a newer one would be right",
			       SHOW(f->shown), date);
}

typedef bool source_reader(struct load *l, const struct source_file *f, bool *ret_unread);

static bool mmdb_of_countries(struct load *l, const struct source_file *f, bool *ret_unread)
{
	return mmdb_load(l, f, MMDB_COUNTRY, ret_unread);
}

static bool mmdb_of_numbers(struct load *l, const struct source_file *f, bool *ret_unread)
{
	return mmdb_load(l, f, MMDB_ASN, ret_unread);
}

/* What may stand in a list of sources: the form is the key, the path its value. */
enum { FORMS_MOST = 3 };
struct source_form {
	const struct node *path[FORMS_MOST];
	uint32_t max_age;
};
struct source_kind {
	const char *forms; /* for messages */
	size_t key_count;
	struct key keys[FORMS_MOST + 1];
	source_reader *read[FORMS_MOST];
	bool countries[FORMS_MOST]; /* whether the form is a database of countries */
};
#define FORM(name_, i)                                                                         \
	{                                                                                      \
		.name = #name_, .read = read_node, .at = offsetof(struct source_form, path[i]) \
	}
static const struct source_kind database_kind = {
	"`mmdb`, `ipfire` and `asn`",
	4,
	{ FORM(mmdb, 0), FORM(ipfire, 1), FORM(asn, 2), KEY(source_form, max_age, read_duration, KEY_MAY) },
	{ mmdb_of_countries, ipfire_load, mmdb_of_numbers },
	{ true, true, false },
};
static const struct source_kind provider_kind = {
	"`aws` and `azure`",
	3,
	{ FORM(aws, 0), FORM(azure, 1), KEY(source_form, max_age, read_duration, KEY_MAY) },
	{ aws_load, azure_load },
	{ false, false },
};

static void source_load(struct load *l, const struct node *n, const struct source_kind *kind)
{
	struct source_form f = { 0 };
	if (!schema_read(l, n, "the source", kind->keys, kind->key_count, &f))
		return;
	unsigned form = 0, forms = 0;
	for (unsigned i = 0; i < FORMS_MOST; i++)
		if (f.path[i] != NULL)
			form = i, forms++;
	if (forms != 1) {
		report_mistake(l->report, node_where(n), "a source needs a file; one of %s would be right",
			       kind->forms);
		return;
	}
	struct span path;
	bool unread = false;
	if (!take_text(l, f.path[form], &path))
		return;
	struct source_file file = { node_where(f.path[form]), path,
				    path_beside(&l->arena, l->q->policy, path), f.max_age };
	if (kind->read[form](l, &file, &unread) && kind->countries[form])
		l->country_told = true;
}

static void sources_load(struct load *l, const struct node *list, const struct source_kind *kind)
{
	for (const struct node *i = list != NULL ? list->first : NULL; i != NULL; i = i->next) {
		if (book_written(l->writer, BOOK_SOURCE) >= SOURCES_MOST) {
			report_mistake(l->report, node_where(i),
				       "too many sources; at most %d would be right", SOURCES_MOST);
			return;
		}
		source_load(l, i, kind);
	}
}

struct override_form {
	const struct node *prefix;
	country country;
	struct span note;
};
static const struct key override_keys[] = {
	KEY(override_form, prefix, read_node, KEY_MUST),
	KEY(override_form, country, read_country, KEY_MUST),
	KEY(override_form, note, read_text, KEY_MAY),
};

void range_write(struct load *l, const struct prefix *p, country says, struct book_text note)
{
	struct address last = prefix_last(p);
	if (address_is_v4(&p->at) && p->bits >= 96) {
		struct book_range4 r = {
			.first = address_v4(&p->at), .last = address_v4(&last), .says = says, .note = note
		};
		book_write(l->writer, BOOK_RANGE4, &r);
	} else {
		struct book_range6 r = { .first = p->at, .last = last, .says = says, .note = note };
		book_write(l->writer, BOOK_RANGE6, &r);
	}
}

/* Prefixes in a set by their 17 bytes, to find one that stands twice without a square of their number. */
struct seen {
	struct prefix *slot; /* bits 255: free */
	size_t slots;
};

static bool seen_before(struct seen *s, const struct prefix *p)
{
	uint64_t at = p->bits * UINT64_C(0x9E3779B97F4A7C15);
	for (size_t i = 0; i < 16; i++)
		at = (at ^ p->at.bytes[i]) * UINT64_C(0x100000001B3);
	for (at ^= at >> 29;; at++) {
		struct prefix *slot = &s->slot[at & (s->slots - 1)];
		if (slot->bits == 255) {
			*slot = *p;
			return false;
		}
		if (slot->bits == p->bits && address_equal(&slot->at, &p->at))
			return true;
	}
}

static bool seen_init(struct load *l, struct seen *s, size_t most)
{
	for (s->slots = 64; s->slots < most * 2; s->slots *= 2)
		;
	s->slot = arena_take(&l->arena, s->slots * sizeof *s->slot);
	if (s->slot != NULL)
		memset(s->slot, 255, s->slots * sizeof *s->slot);
	return s->slot != NULL;
}

static void override_load(struct load *l, const struct node *n, struct seen *seen)
{
	struct override_form f = { 0 };
	struct prefix p;
	if (!schema_read(l, n, "the override", KEYS(override_keys), &f) || f.prefix == NULL ||
	    f.country == COUNTRY_NONE || !take_prefix(l, f.prefix, &p))
		return;
	if (seen_before(seen, &p))
		report_mistake(l->report, node_where(f.prefix),
			       "an override for `%s` is there already; one would be right",
			       SHOW(f.prefix->text));
	else
		range_write(l, &p, f.country, book_write_text(l->writer, f.note));
}

static void overrides_load(struct load *l, const struct node *list)
{
	struct seen seen;
	if (list == NULL || list->count == 0)
		return;
	if (list->count > OVERRIDES_MOST) {
		report_mistake(l->report, node_where(list), "too many overrides; at most %d would be right",
			       OVERRIDES_MOST);
		return;
	}
	if (!seen_init(l, &seen, list->count))
		return;
	struct book_source s =
		source_begin(l, KIND_OVERRIDE, word_name(WORDS_KIND, KIND_OVERRIDE), span_text(l->q->policy));
	s.has = SOURCE_HAS_COUNTRY;
	for (const struct node *i = list->first; i != NULL; i = i->next)
		override_load(l, i, &seen);
	source_end(l, &s, true);
}

struct geo_form {
	const struct node *databases, *providers, *overrides;
};
static const struct key geo_keys[] = {
	KEY(geo_form, databases, read_list, KEY_MAY),
	KEY(geo_form, providers, read_list, KEY_MAY),
	KEY(geo_form, overrides, read_list, KEY_MAY),
};

/* A database of the command line: what is wrong with it is wrong with the input, not with the policy. */
static void database_of_request(struct load *l, const char *path, enum mmdb_need need)
{
	bool unread = false;
	if (path == NULL)
		return;
	struct source_file file = { { path, 0, 0 }, span_text(path), path, 0 };
	bool ok = mmdb_load(l, &file, need, &unread);
	l->input_bad |= !ok && !unread;
	l->input_unread |= !ok && unread;
	l->country_told |= ok && need == MMDB_COUNTRY;
}

void geo_load(struct load *l, const struct node *geo)
{
	struct geo_form f = { 0 };
	bool instead = l->q->country_db != NULL || l->q->asn_db != NULL;
	if (geo != NULL)
		schema_read(l, geo, "`geo`", KEYS(geo_keys), &f);
	overrides_load(l, f.overrides);
	sources_load(l, f.providers, &provider_kind);
	if (!instead)
		sources_load(l, f.databases, &database_kind);
	database_of_request(l, l->q->country_db, MMDB_COUNTRY);
	database_of_request(l, l->q->asn_db, MMDB_ASN);
}
