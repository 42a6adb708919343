/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmdb: a MaxMind DB file of any schema -> sorted ranges. The whole search tree is walked once and every record is
 * checked whole, so that a damaged file is found here and never gives half an answer.
 * Source: MaxMind DB File Format Specification 2.0; schemas: MaxMind GeoIP2 and GeoLite2, DB-IP, IPinfo,
 * ip-location-db. IPv4 lies under ::/96; records elsewhere that lead to the same node (::ffff:0:0/96, 2002::/16,
 * 2001::/32) are aliases of it and told only once. libmaxminddb opens the file and reads the nodes. */
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>

#include "book/regions.h"
#include "config/file.h"
#include "config/mmdbdata.h"
#include "config/schema.h"

#define METADATA_LACKS "in its metadata, a value that is needed is missing or impossible"
enum { METADATA_BYTES = 128 << 10, METADATA_STEPS = 10000, SEPARATOR_BYTES = 16, V4_DEPTH = 96 };

/* What one distinct record says; slots of an open hash by its offset. */
struct said {
	uint32_t offset; /* + 1; 0: a free slot */
	uint32_t asn;
	country says, registered;
	bool told;
};

struct walk {
	MMDB_s db;
	struct load *l;
	const struct source_file *file;
	enum mmdb_need need;
	struct mmdb_data data;
	uint8_t *visited; /* a bit a node */
	uint32_t nodes, reached;
	struct said *said;
	size_t slots, used;
	uint64_t find_steps;
	struct ranges ranges;
	uint8_t at[16];  /* the address so far, 4 or 16 bytes from the front */
	bool v4_entered; /* the node of ::/96 was reached on its own way */
	bool has_country, has_asn, has_registered;
};

static bool damaged(struct walk *w, uint32_t node, const char *what)
{
	report_mistake(w->l->report, w->file->named,
		       "the database `%s` is damaged: %s at node %u; a fresh copy would be right",
		       SHOW(span_text(w->file->path)), what, node);
	return false;
}

static bool damaged_whole(struct load *l, const struct source_file *f, const char *what)
{
	report_mistake(l->report, f->named, "the database `%s` is damaged: %s; a fresh copy would be right",
		       SHOW(span_text(f->path)), what);
	return false;
}

static country country_at(struct walk *w, size_t at, const char *const *path, bool *ret_told)
{
	struct span text;
	uint64_t number;
	country c = COUNTRY_NONE;
	if (mmdb_data_find(&w->data, at, path, &text, &number) == MMDB_FOUND_TEXT)
		c = country_from(text);
	*ret_told = c != COUNTRY_NONE;
	return country_known(c) ? c : COUNTRY_NONE; /* EU and AP are told, but are no country */
}

static uint32_t asn_at(struct walk *w, size_t at, const char *const *path)
{
	struct span text;
	uint64_t number = 0;
	enum mmdb_found found = mmdb_data_find(&w->data, at, path, &text, &number);
	if (found == MMDB_FOUND_TEXT) {
		bool as = text.len > 2 && text.len < 13 && (text.at[0] | 0x20) == 'a' &&
			  (text.at[1] | 0x20) == 's';
		for (size_t i = 2; as && i < text.len; i++) {
			as = text.at[i] >= '0' && text.at[i] <= '9';
			number = number * 10 + (uint64_t)(text.at[i] - '0');
		}
		number = as ? number : 0;
	}
	return number <= UINT32_MAX ? (uint32_t)number : 0;
}

static struct said read_record(struct walk *w, uint32_t offset)
{
	static const char *const countries[][3] = { { "country", "iso_code", NULL },
						    { "country_code", NULL },
						    { "country", NULL } };
	static const char *const registrant[] = { "registered_country", "iso_code", NULL };
	static const char *const numbers[][3] = { { "autonomous_system_number", NULL },
						  { "asn", NULL },
						  { "traits", "autonomous_system_number", NULL } };
	struct said s = { .offset = offset + 1 };
	bool registered;
	bool of_countries = w->need == MMDB_COUNTRY;
	for (size_t i = 0; of_countries && !s.told && i < sizeof countries / sizeof *countries; i++)
		s.says = country_at(w, offset, countries[i], &s.told);
	if (of_countries && s.says == COUNTRY_NONE)
		s.registered = country_at(w, offset, registrant, &registered);
	for (size_t i = 0; s.asn == 0 && i < sizeof numbers / sizeof *numbers; i++)
		s.asn = asn_at(w, offset, numbers[i]);
	s.told = s.told || s.registered != COUNTRY_NONE || s.asn != 0;
	w->has_country |= s.says != COUNTRY_NONE;
	w->has_registered |= s.registered != COUNTRY_NONE;
	w->has_asn |= s.asn != 0;
	return s;
}

static struct said *said_slot(struct said *slots, size_t count, uint32_t offset)
{
	for (size_t at = (offset + 1) * UINT32_C(0x9E3779B1) >> 4;; at++) {
		struct said *s = &slots[at & (count - 1)];
		if (s->offset == 0 || s->offset == offset + 1)
			return s;
	}
}

static bool said_grow(struct walk *w)
{
	if (w->used * 2 < w->slots)
		return true;
	size_t slots = w->slots > 0 ? w->slots * 2 : 4096;
	struct said *grown = calloc(slots, sizeof *grown);
	if (grown == NULL) {
		w->l->arena.failed = true;
		return false;
	}
	for (size_t i = 0; i < w->slots; i++)
		if (w->said[i].offset != 0)
			*said_slot(grown, slots, w->said[i].offset - 1) = w->said[i];
	free(w->said);
	w->said = grown, w->slots = slots;
	return true;
}

/* What the record at an offset says, checked whole when it is first met; NULL: damaged, and told. */
static const struct said *record_said(struct walk *w, uint32_t node, uint32_t offset)
{
	struct said *s = w->slots > 0 ? said_slot(w->said, w->slots, offset) : NULL;
	if (s != NULL && s->offset != 0)
		return s; /* most records are met often */
	if (!mmdb_data_check(&w->data, offset)) {
		damaged(w, node, w->data.fault);
		return NULL;
	}
	offset = (uint32_t)mmdb_data_target(&w->data, offset);
	if (!said_grow(w))
		return NULL;
	s = said_slot(w->said, w->slots, offset);
	if (s->offset != 0)
		return s;
	/* finding has steps of its own: many records may share one long map */
	uint64_t check_steps = w->data.steps;
	w->data.steps = w->find_steps;
	*s = read_record(w, offset);
	w->find_steps = w->data.steps;
	w->data.steps = check_steps;
	w->used++;
	if (w->find_steps > 0)
		return s;
	damaged(w, node, "values overlap each other");
	return NULL;
}

static bool front_is_zero(const struct walk *w, unsigned bits)
{
	for (unsigned i = 0; i < bits / 8; i++)
		if (w->at[i] != 0)
			return false;
	return bits % 8 == 0 || w->at[bits / 8] >> (8 - bits % 8) == 0;
}

static void tell4(struct walk *w, uint32_t first, unsigned bits, const struct said *s)
{
	struct book_range4 r = { .first = first,
				 .last = bits == 0 ? UINT32_MAX
						   : first | (uint32_t)(UINT32_MAX >> (bits - 1) >> 1),
				 .asn = s->asn,
				 .says = s->says,
				 .registered = s->registered };
	ranges_add4(&w->ranges, &r);
}

static void tell_range(struct walk *w, unsigned depth, const struct said *s)
{
	const uint8_t *a = w->at + (w->db.depth == 32 ? 0 : 12);
	uint32_t v4 = (uint32_t)a[0] << 24 | (uint32_t)a[1] << 16 | (uint32_t)a[2] << 8 | a[3];
	if (!s->told)
		return;
	if (w->db.depth == 32)
		return tell4(w, v4, depth, s);
	if (depth >= V4_DEPTH && front_is_zero(w, V4_DEPTH))
		return tell4(w, v4, depth - V4_DEPTH, s);
	if (front_is_zero(w, depth)) /* wider than ::/96: all of IPv4 lies in it, too */
		tell4(w, 0, 0, s);
	struct prefix p = { .bits = (uint8_t)depth };
	memcpy(p.at.bytes, w->at, 16);
	struct book_range6 r = { .first = p.at,
				 .last = prefix_last(&p),
				 .asn = s->asn,
				 .says = s->says,
				 .registered = s->registered };
	ranges_add6(&w->ranges, &r);
}

static bool walk_node(struct walk *w, uint32_t node, unsigned depth);

static bool walk_record(struct walk *w, uint32_t node, uint64_t record, unsigned depth)
{
	if (record < w->nodes)
		return depth < w->db.depth ? walk_node(w, (uint32_t)record, depth)
					   : damaged(w, node, "the tree is deeper than an address");
	uint64_t behind = record - w->nodes;
	if (behind == 0)
		return true; /* nothing is known here */
	if (behind < SEPARATOR_BYTES)
		return damaged(w, node, "a record leads between tree and data");
	if (behind - SEPARATOR_BYTES >= w->data.bytes.len)
		return damaged(w, node, "a record leads out of the data");
	const struct said *s = record_said(w, node, (uint32_t)(behind - SEPARATOR_BYTES));
	if (s == NULL)
		return false;
	tell_range(w, depth, s);
	return true;
}

static bool walk_node(struct walk *w, uint32_t node, unsigned depth)
{
	bool v4_root = w->db.depth == 128 && w->db.ipv4_start_node.netmask == V4_DEPTH &&
		       w->db.ipv4_start_node.node_value == node;
	if ((w->visited[node / 8] >> node % 8 & 1) != 0) {
		bool alias = v4_root && w->v4_entered && depth <= V4_DEPTH;
		return alias || damaged(w, node, "two ways, or a circle, meet");
	}
	w->v4_entered |= v4_root && depth == V4_DEPTH && front_is_zero(w, V4_DEPTH);
	w->visited[node / 8] |= (uint8_t)(1u << node % 8);
	w->reached++;
	MMDB_search_node_s n;
	if (MMDB_read_node(&w->db, node, &n) != MMDB_SUCCESS)
		return damaged(w, node, "the node cannot be read");
	uint8_t bit = (uint8_t)(0x80u >> depth % 8);
	if (!walk_record(w, node, n.left_record, depth + 1))
		return false;
	w->at[depth / 8] |= bit;
	bool ok = walk_record(w, node, n.right_record, depth + 1);
	w->at[depth / 8] &= (uint8_t)~bit;
	return ok;
}

/* The library trusts what it opens; so its metadata is walked before, without believing its pointers. */
static bool metadata_ok(struct load *l, const struct source_file *f, bool *ret_unread)
{
	static const char marker[] = "\xAB\xCD\xEF"
				     "MaxMind.com";
	struct span tail, rest = { NULL, 0 };
	int r = file_tail(&l->arena, f->path, METADATA_BYTES, &tail);
	*ret_unread = r < 0;
	if (r < 0) {
		report_mistake(l->report, f->named, "the database `%s` cannot be read: %s",
			       SHOW(span_text(f->path)), file_error(r));
		return false;
	}
	for (size_t n = sizeof marker - 1, at = 0; at + n <= tail.len; at++)
		if (tail.at[at] == 0xAB && memcmp(tail.at + at, marker, n) == 0)
			rest = span_of(tail.at + at + n, tail.len - at - n);
	if (rest.at == NULL)
		return damaged_whole(l, f, "it is no MaxMind database, or its end is missing");
	struct mmdb_data d = { .bytes = rest, .steps = METADATA_STEPS };
	if (mmdb_data_check(&d, 0)) {
		/* libmaxminddb 1.7.1 loses memory over these two when their values are no texts */
		static const char *const languages[] = { "languages", NULL }, *const description[] = {
			"description", NULL
		};
		bool texts = mmdb_data_texts(&d, 0, languages) && mmdb_data_texts(&d, 0, description);
		return texts || damaged_whole(l, f, METADATA_LACKS);
	}
	char what[96];
	snprintf(what, sizeof what, "in its metadata, %s", d.fault);
	return damaged_whole(l, f, what);
}

static bool walk_whole(struct walk *w)
{
	size_t data =
		w->db.metadata_section != NULL ? (size_t)(w->db.metadata_section - w->db.data_section) : 0;
	size_t marker = strlen("MaxMind.com") + 3;
	w->nodes = w->db.metadata.node_count;
	if (w->db.metadata_section < w->db.data_section || data < marker || w->nodes == 0)
		return damaged(w, 0, "there are no nodes, or no data behind them,");
	w->data.bytes = span_of(w->db.data_section, data - marker);
	w->data.steps = w->data.bytes.len + 4 * MMDB_DEPTH; /* a short circle is to be found as one */
	w->find_steps = 64 * (w->data.bytes.len + w->nodes) + 100000;
	w->visited = calloc(1, w->nodes / 8 + 1);
	w->data.walked = calloc(1, w->data.bytes.len / 8 + 1);
	if (w->visited == NULL || w->data.walked == NULL) {
		w->l->arena.failed = true;
		return false;
	}
	if (!walk_node(w, 0, 0))
		return false;
	for (uint32_t i = 0; w->reached < w->nodes && i < w->nodes; i++)
		if ((w->visited[i / 8] >> i % 8 & 1) == 0)
			return damaged(w, i, "an unreached node, since no way leads to it,");
	return true;
}

static bool holds_needed(struct walk *w)
{
	if (w->need == MMDB_ASN ? w->has_asn : w->has_country || w->has_registered)
		return true;
	report_mistake(w->l->report, w->file->named,
		       "the database `%s` is sound, but holds no %s; one that does would be right",
		       SHOW(span_text(w->file->path)), w->need == MMDB_ASN ? "AS number" : "country");
	return false;
}

bool mmdb_load(struct load *l, const struct source_file *f, enum mmdb_need need, bool *ret_unread)
{
	struct walk w = { .l = l, .file = f, .need = need, .ranges = { .l = l } };
	if (!metadata_ok(l, f, ret_unread))
		return false;
	int r = MMDB_open(f->path, MMDB_MODE_MMAP, &w.db);
	if (r != MMDB_SUCCESS)
		return damaged_whole(l, f, METADATA_LACKS);
	struct book_source s = source_begin(l, KIND_DATABASE, "mmdb", f->shown);
	bool ok = walk_whole(&w) && holds_needed(&w);
	ranges_flush(&w.ranges);
	uint64_t built = w.db.metadata.build_epoch;
	if (ok)
		source_date(l, f, built < INT64_MAX ? (int64_t)built : -1, &s);
	s.has = (uint8_t)((w.has_country ? SOURCE_HAS_COUNTRY : 0) | (w.has_asn ? SOURCE_HAS_ASN : 0) |
			  (w.has_registered ? SOURCE_HAS_REGISTERED : 0));
	source_end(l, &s, ok);
	free(w.visited);
	free(w.data.walked);
	free(w.said);
	MMDB_close(&w.db);
	return ok;
}
