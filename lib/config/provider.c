/* SPDX-License-Identifier: GPL-3.0-or-later */
/* provider: the address lists that clouds publish, with the region of every prefix; a table (regions-aws.yaml,
 * regions-azure.yaml) tells the country of a region.
 * Source: AWS ip-ranges.json (prefixes and ipv6_prefixes: ip_prefix or ipv6_prefix, region; createDate);
 * Azure service tags (values: properties: region, addressPrefixes; changeNumber, since it has no date: that of a file
 * is of its copy). One prefix stands there for several services:
 * it is told once, with its region where one row names it. A region GLOBAL says so: no country. A tag of Azure
 * without a region says nothing where a wider prefix names one. */
#include <jansson.h>
#include <stdlib.h>

#include "base/text.h"
#include "config/file.h"
#include "config/schema.h"

struct region_country {
	struct span name;
	country says;
};
struct entry {
	struct prefix prefix;
	const char *region; /* "" : none */
};
struct provider {
	struct load *l;
	const struct source_file *file;
	const char *table_path;
	struct region_country *regions;
	size_t region_count;
	struct entry *entries;
	size_t count, room;
	int64_t built_s;  /* -1: the list has no date */
	long long change; /* Azure's number of it; -1: none */
	bool ok;
};

struct table_form {
	struct span source, checked;
	const struct node *regions;
};
static const struct key table_keys[] = {
	KEY(table_form, source, read_text, KEY_MUST),
	KEY(table_form, checked, read_date, KEY_MAY),
	KEY(table_form, regions, read_map, KEY_MUST),
};

static void table_load(struct provider *p, const char *name)
{
	struct load *l = p->l;
	struct table_form f = { 0 };
	struct span bytes;
	p->table_path = l->tables != NULL ? path_join(&l->arena, l->tables, name) : name;
	int r = file_read(&l->arena, p->table_path, TABLE_FILE_BYTES, &bytes, NULL);
	if (r < 0) {
		report_mistake(l->report, (struct where){ p->table_path, 0, 0 },
			       "the table of regions cannot be read: %s", file_error(r));
		return;
	}
	const struct node *root = node_parse(&l->arena, l->report, p->table_path, bytes);
	if (root == NULL || !schema_read(l, root, "the table", KEYS(table_keys), &f) || f.regions == NULL)
		return;
	p->regions = arena_take(&l->arena, (f.regions->count + 1) * sizeof *p->regions);
	for (const struct node *i = f.regions->first; p->regions != NULL && i != NULL; i = i->next) {
		struct region_country *r1 = &p->regions[p->region_count];
		r1->name = i->key;
		p->region_count += take_country(l, i, &r1->says);
	}
}

static country region_says(struct provider *p, const char *region)
{
	struct span name = span_text(region);
	if (name.len == 0 || span_equal(name, span_text("GLOBAL")))
		return COUNTRY_NONE;
	for (size_t i = 0; i < p->region_count; i++)
		if (span_equal(p->regions[i].name, name))
			return p->regions[i].says;
	report_warning(
		p->l->report, p->file->named,
		"the region `%s` of `%s` is not in `%s`: it names no country; a line for it would be right",
		SHOW(name), SHOW(p->file->shown), SHOW(span_text(p->table_path)));
	struct region_country *grown = arena_take(&p->l->arena, (p->region_count + 1) * sizeof *grown);
	if (grown == NULL)
		return COUNTRY_NONE;
	if (p->region_count > 0)
		memcpy(grown, p->regions, p->region_count * sizeof *grown);
	grown[p->region_count++] = (struct region_country){ name, COUNTRY_NONE }; /* so it is told once */
	p->regions = grown;
	return COUNTRY_NONE;
}

static void entry_add(struct provider *p, const json_t *prefix, const char *region, const char *list,
		      size_t index)
{
	const char *text = json_string_value(prefix);
	struct entry e = { .region = region != NULL ? region : "" };
	bool host_bits;
	if (text == NULL || !prefix_parse(span_text(text), &e.prefix, &host_bits) || host_bits ||
	    strlen(e.region) > 64) {
		report_mistake(p->l->report, (struct where){ p->file->path, 0, 0 },
			       "%s[%zu]: `%s` is no prefix with a region", list, index,
			       SHOW(span_text(text != NULL ? text : "")));
		p->ok = false;
		return;
	}
	if (p->count == p->room) {
		size_t room = p->room > 0 ? p->room * 2 : 4096;
		struct entry *grown = realloc(p->entries, room * sizeof *grown);
		if (grown == NULL) {
			p->l->arena.failed = true;
			return;
		}
		p->entries = grown, p->room = room;
	}
	p->entries[p->count++] = e;
}

static bool says_nothing(const char *region)
{
	return region[0] == '\0' || strcmp(region, "GLOBAL") == 0;
}

/* By prefix, wider before narrower; of one prefix the row with a region first, then by its name. */
static int entry_order(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = address_compare(&x->prefix.at, &y->prefix.at);
	if (c == 0)
		c = (x->prefix.bits > y->prefix.bits) - (x->prefix.bits < y->prefix.bits);
	if (c == 0)
		c = (int)says_nothing(x->region) - (int)says_nothing(y->region);
	return c != 0 ? c : strcmp(x->region, y->region);
}

/* Writes each prefix once. A row without any region is left out where a wider prefix was told: it would hide it. */
static void entries_write(struct provider *p)
{
	struct prefix holds[129];
	size_t depth = 0;
	if (p->count > 1)
		qsort(p->entries, p->count, sizeof *p->entries, entry_order);
	for (size_t i = 0; i < p->count; i++) {
		const struct entry *e = &p->entries[i];
		const struct prefix *before = i > 0 ? &p->entries[i - 1].prefix : NULL;
		if (before != NULL && before->bits == e->prefix.bits &&
		    address_equal(&before->at, &e->prefix.at))
			continue;
		while (depth > 0 && !prefix_holds(&holds[depth - 1], &e->prefix.at))
			depth--;
		if (depth > 0 && e->region[0] == '\0')
			continue;
		if (depth < sizeof holds / sizeof *holds)
			holds[depth++] = e->prefix;
		country says = region_says(p, e->region);
		range_write(p->l, &e->prefix, says, book_write_text(p->l->writer, span_text(e->region)));
	}
}

static void aws_list(struct provider *p, const json_t *root, const char *list, const char *field)
{
	const json_t *rows = json_object_get(root, list), *row;
	size_t i;
	if (!json_is_array(rows)) {
		report_mistake(p->l->report, (struct where){ p->file->path, 0, 0 },
			       "there is no list `%s`; AWS's ip-ranges.json would be right", list);
		p->ok = false;
		return;
	}
	json_array_foreach(rows, i, row) entry_add(
		p, json_object_get(row, field), json_string_value(json_object_get(row, "region")), list, i);
}

/* createDate: "2025-07-24-20-23-14" */
static void aws_read(struct provider *p, const json_t *root)
{
	const char *made = json_string_value(json_object_get(root, "createDate"));
	int64_t s;
	aws_list(p, root, "prefixes", "ip_prefix");
	aws_list(p, root, "ipv6_prefixes", "ipv6_prefix");
	if (made != NULL && strlen(made) >= 10 && date_parse(span_of(made, 10), &s))
		p->built_s = s;
}

static void azure_read(struct provider *p, const json_t *root)
{
	const json_t *tags = json_object_get(root, "values"), *tag, *prefix;
	const json_t *change = json_object_get(root, "changeNumber");
	size_t i, j;
	p->change = json_is_integer(change) ? json_integer_value(change) : -1;
	if (!json_is_array(tags)) {
		report_mistake(p->l->report, (struct where){ p->file->path, 0, 0 },
			       "there is no list `values`; Azure's service tags would be right");
		p->ok = false;
		return;
	}
	json_array_foreach(tags, i, tag)
	{
		const json_t *about = json_object_get(tag, "properties");
		const char *region = json_string_value(json_object_get(about, "region"));
		json_array_foreach(json_object_get(about, "addressPrefixes"), j, prefix)
			entry_add(p, prefix, region, "values", i);
	}
}

typedef void list_reader(struct provider *p, const json_t *root);

static void provider_write(struct provider *p, const char *label)
{
	struct book_source s = source_begin(p->l, KIND_PROVIDER, label, p->file->shown);
	s.has = SOURCE_HAS_COUNTRY;
	entries_write(p);
	source_date(p->l, p->file, p->built_s, &s);
	if (p->change >= 0) {
		char number[40];
		struct text t = text_in(number, sizeof number);
		text_printf(&t, "change %lld", p->change);
		s.built = book_write_text(p->l->writer, span_text(number));
	}
	source_end(p->l, &s, true);
}

static bool provider_load(struct load *l, const struct source_file *f, const char *label, const char *table,
			  list_reader *read, bool *ret_unread)
{
	struct provider p = { .l = l, .file = f, .built_s = -1, .change = -1, .ok = true };
	struct arena arena = { 0 };
	struct span bytes;
	json_error_t error;
	int r = file_read(&arena, f->path, PROVIDER_FILE_BYTES, &bytes, NULL);
	*ret_unread = r < 0;
	if (r < 0) {
		report_mistake(l->report, f->named, "the list `%s` cannot be read: %s",
			       SHOW(span_text(f->path)), file_error(r));
		return false;
	}
	json_t *root = json_loadb((const char *)bytes.at, bytes.len, 0, &error);
	if (root == NULL) {
		struct where at = { f->path, error.line > 0 ? (uint32_t)error.line : 1,
				    error.column > 0 ? (uint32_t)error.column : 1 };
		report_mistake(l->report, at, "no JSON: %s", SHOW(span_text(error.text)));
		p.ok = false;
	} else {
		table_load(&p, table);
		read(&p, root);
	}
	if (p.ok && p.count == 0) {
		report_mistake(l->report, f->named, "the list `%s` holds no prefix",
			       SHOW(span_text(f->path)));
		p.ok = false;
	}
	if (p.ok && !l->arena.failed)
		provider_write(&p, label);
	json_decref(root);
	free(p.entries);
	arena_done(&arena);
	return p.ok;
}

bool aws_load(struct load *l, const struct source_file *f, bool *ret_unread)
{
	return provider_load(l, f, "aws", "regions-aws.yaml", aws_read, ret_unread);
}

bool azure_load(struct load *l, const struct source_file *f, bool *ret_unread)
{
	return provider_load(l, f, "azure", "regions-azure.yaml", azure_read, ret_unread);
}
