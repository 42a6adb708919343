/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "places/names.h"

#include "base/siphash.h"

enum {
	SHORT_BYTES = 56 - sizeof(struct way) - 1, /* of text: 43; observed: 19 names of 20 are no longer */
	LONG_BYTES = 253,
};

struct name_slot {
	struct way way;
	uint8_t bytes;
	uint8_t text[];
};

bool names_init(struct names *t, size_t most, const uint64_t hash_key[2])
{
	size_t head = offsetof(struct name_slot, text), align = _Alignof(struct name_slot);
	*t = (struct names){ .key = { hash_key[0], hash_key[1] } };
	size_t short_bytes = (head + SHORT_BYTES + align - 1) / align * align;
	size_t long_bytes = (head + LONG_BYTES + align - 1) / align * align;
	return ways_init(&t->table[0], short_bytes, most) && ways_init(&t->table[1], long_bytes, most / 16);
}

void names_done(struct names *t)
{
	ways_done(&t->table[0]);
	ways_done(&t->table[1]);
}

static struct name_slot *slot_of(const struct names *t, const struct name_ref *ref)
{
	return ways_slot(&t->table[ref->slot & 1], ref->slot >> 1);
}

static struct name_slot *find_name(const struct ways *table, size_t bucket, struct span name)
{
	for (size_t i = 0; i < WAYS; i++) {
		struct name_slot *s = ways_slot(table, bucket + i);
		if (s->way.client != 0 && span_equal(span_of(s->text, s->bytes), name))
			return s;
	}
	return NULL;
}

struct name_ref names_touch(struct names *t, struct span name, uint16_t tag, uint32_t now_s, uint32_t until_s)
{
	unsigned which = name.len > SHORT_BYTES;
	struct ways *table = &t->table[which];
	size_t bucket = ways_bucket(table, siphash13(t->key, name.at, name.len));
	struct name_slot *s = find_name(table, bucket, name);
	if (s == NULL) {
		s = ways_add(table, bucket, tag, now_s, until_s);
		s->bytes = (uint8_t)name.len;
		memcpy(s->text, name.at, name.len);
	}
	ways_touch(table, s, tag, until_s);
	return (struct name_ref){ (uint32_t)ways_number(table, s) << 1 | which, until_s, s->way.stamp, tag };
}

bool names_holds(const struct names *t, const struct name_ref *ref, uint32_t now_s)
{
	return ref->until_s >= now_s && slot_of(t, ref)->way.stamp == ref->stamp;
}

void names_keep(struct names *t, const struct name_ref *ref)
{
	struct name_slot *s = slot_of(t, ref);
	if (s->way.stamp == ref->stamp)
		ways_touch(&t->table[ref->slot & 1], s, s->way.client, 0);
}

struct span names_text(const struct names *t, const struct name_ref *ref)
{
	const struct name_slot *s = slot_of(t, ref);
	return span_of(s->text, s->bytes);
}

struct name_ref *name_among(struct name_ref *refs, size_t count, const struct name_ref *ref)
{
	for (size_t i = 0; i < count; i++)
		if (refs[i].slot == ref->slot && refs[i].stamp == ref->stamp)
			return &refs[i];
	return NULL;
}
