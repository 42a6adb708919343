/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/mmdbdata.h"

enum mmdb_type {
	TYPE_POINTER = 1,
	TYPE_TEXT,
	TYPE_DOUBLE,
	TYPE_BYTES,
	TYPE_UINT16,
	TYPE_UINT32,
	TYPE_MAP,
	TYPE_INT32,
	TYPE_UINT64,
	TYPE_UINT128,
	TYPE_ARRAY,
	TYPE_BOOLEAN = 14,
	TYPE_FLOAT = 15,
	TYPES,
};

/* Which sizes a value of each type may have. */
static const struct {
	uint32_t least, most;
} sizes[TYPES] = {
	[TYPE_TEXT] = { 0, UINT32_MAX },  [TYPE_DOUBLE] = { 8, 8 },  [TYPE_BYTES] = { 0, UINT32_MAX },
	[TYPE_UINT16] = { 0, 2 },         [TYPE_UINT32] = { 0, 4 },  [TYPE_MAP] = { 0, UINT32_MAX },
	[TYPE_INT32] = { 0, 4 },          [TYPE_UINT64] = { 0, 8 },  [TYPE_UINT128] = { 0, 16 },
	[TYPE_ARRAY] = { 0, UINT32_MAX }, [TYPE_BOOLEAN] = { 0, 1 }, [TYPE_FLOAT] = { 4, 4 },
};

/* What stands before a value: its type and size; of a pointer, size is the offset it names. */
struct control {
	uint32_t type, size;
	bool pointed; /* it stands behind a pointer */
};

static bool fail(struct mmdb_data *d, const struct cursor *c, const char *fault)
{
	if (d->fault == NULL)
		d->fault = fault, d->fault_at = d->bytes.len - c->rest.len;
	return false;
}

static uint32_t take_pointer(struct cursor *c, uint32_t first)
{
	static const uint32_t plus[4] = { 0, 2048, 526336, 0 };
	uint32_t width = first >> 3 & 3, high = width == 3 ? 0 : (first & 7) << (8 * (width + 1));
	return (high | cursor_uint(c, width + 1)) + plus[width];
}

static bool take_control(struct mmdb_data *d, struct cursor *c, struct control *ret)
{
	uint32_t first = cursor_uint(c, 1), type = first >> 5, size = first & 31;
	if (type == TYPE_POINTER) {
		*ret = (struct control){ type, take_pointer(c, first), false };
		return cursor_ok(c) || fail(d, c, "a pointer is cut off");
	}
	if (type == 0)
		type = cursor_uint(c, 1) + 7;
	if (size == 29)
		size = 29 + cursor_uint(c, 1);
	else if (size == 30)
		size = 285 + cursor_uint(c, 2);
	else if (size == 31)
		size = 65821 + cursor_uint(c, 3);
	if (!cursor_ok(c))
		return fail(d, c, "a value is cut off");
	if (type >= TYPES || type < TYPE_TEXT || (type > TYPE_ARRAY && type < TYPE_BOOLEAN))
		return fail(d, c, "a value is of no known type");
	if (size < sizes[type].least || size > sizes[type].most)
		return fail(d, c, "a value has a size that its type cannot have");
	*ret = (struct control){ type, size, false };
	return true;
}

/* How many bytes the UTF-8 character at the front has (RFC 3629 s4); 0: it is none. */
static size_t utf8_bytes(struct span s)
{
	uint8_t b = s.at[0], second_least = 0x80, second_most = 0xBF;
	size_t n = b < 0x80                ? 1
		   : b >= 0xC2 && b < 0xE0 ? 2
		   : b >= 0xE0 && b < 0xF0 ? 3
		   : b >= 0xF0 && b < 0xF5 ? 4
					   : 0;
	if (n > s.len)
		return 0;
	second_least = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : second_least;
	second_most = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : second_most;
	for (size_t i = 1; i < n; i++)
		if (s.at[i] < (i == 1 ? second_least : 0x80) || s.at[i] > (i == 1 ? second_most : 0xBF))
			return 0;
	return n;
}

static bool is_utf8(struct span s)
{
	while (s.len > 0) {
		size_t n = utf8_bytes(s);
		if (n == 0)
			return false;
		s = span_of(s.at + n, s.len - n);
	}
	return true;
}

static bool walk(struct mmdb_data *d, struct cursor *c, unsigned depth, bool key);

static bool walk_target(struct mmdb_data *d, const struct cursor *from, uint32_t at, unsigned depth, bool key)
{
	if (at >= d->bytes.len)
		return fail(d, from, "a pointer leads out of the data");
	if (d->bytes.at[at] >> 5 == TYPE_POINTER)
		return fail(d, from, "a pointer leads to a pointer");
	if (key && d->bytes.at[at] >> 5 != TYPE_TEXT)
		return fail(d, from, "a key is no text");
	if (d->walked != NULL && (d->walked[at / 8] >> at % 8 & 1) != 0)
		return true;
	struct cursor c = cursor_of(span_of(d->bytes.at + at, d->bytes.len - at));
	if (!walk(d, &c, depth + 1, key))
		return false;
	if (d->walked != NULL)
		d->walked[at / 8] |= (uint8_t)(1u << at % 8);
	return true;
}

static bool walk_children(struct mmdb_data *d, struct cursor *c, struct control v, unsigned depth)
{
	for (uint32_t i = 0; i < v.size; i++) {
		if (v.type == TYPE_MAP && !walk(d, c, depth + 1, true))
			return false;
		if (!walk(d, c, depth + 1, false))
			return false;
	}
	return true;
}

static bool walk(struct mmdb_data *d, struct cursor *c, unsigned depth, bool key)
{
	struct control v;
	if (depth > MMDB_DEPTH)
		return fail(d, c, "values are nested too deep, or in a circle");
	if (d->steps == 0)
		return fail(d, c, "values overlap each other");
	d->steps--;
	if (!take_control(d, c, &v))
		return false;
	if (v.type == TYPE_POINTER)
		return walk_target(d, c, v.size, depth, key);
	if (key && v.type != TYPE_TEXT)
		return fail(d, c, "a key is no text");
	if (v.type == TYPE_MAP || v.type == TYPE_ARRAY)
		return walk_children(d, c, v, depth);
	struct span bytes = cursor_take(c, v.type == TYPE_BOOLEAN ? 0 : v.size);
	if (!cursor_ok(c))
		return fail(d, c, "a value is cut off");
	return v.type != TYPE_TEXT || is_utf8(bytes) || fail(d, c, "a text is no UTF-8");
}

bool mmdb_data_check(struct mmdb_data *d, size_t at)
{
	if (at >= d->bytes.len) {
		d->fault = d->fault != NULL ? d->fault : "a record leads out of the data";
		return false;
	}
	if (d->walked != NULL && (d->walked[at / 8] >> at % 8 & 1) != 0)
		return true;
	struct cursor c = cursor_of(span_of(d->bytes.at + at, d->bytes.len - at));
	if (!walk(d, &c, 0, false))
		return false;
	if (d->walked != NULL)
		d->walked[at / 8] |= (uint8_t)(1u << at % 8);
	return true;
}

/* A value's control, behind its pointer if it is one; the cursor it is read from stays behind the pointer. */
static struct control enter(struct mmdb_data *d, struct cursor *c, struct cursor *ret_inside)
{
	struct control v = { 0 };
	take_control(d, c, &v);
	*ret_inside = *c;
	if (v.type == TYPE_POINTER && v.size < d->bytes.len) {
		*ret_inside = cursor_of(span_of(d->bytes.at + v.size, d->bytes.len - v.size));
		take_control(d, ret_inside, &v);
		v.pointed = true;
	}
	return v;
}

static void skip(struct mmdb_data *d, struct cursor *c)
{
	struct control v = { 0 };
	if (d->steps == 0 || !take_control(d, c, &v))
		return cursor_fail(c);
	d->steps--;
	if (v.type == TYPE_MAP || v.type == TYPE_ARRAY) {
		for (uint64_t i = (uint64_t)v.size << (v.type == TYPE_MAP); i > 0 && cursor_ok(c); i--)
			skip(d, c);
	} else if (v.type != TYPE_POINTER && v.type != TYPE_BOOLEAN) {
		cursor_take(c, v.size);
	}
}

size_t mmdb_data_target(struct mmdb_data *d, size_t at)
{
	struct control v = { 0 };
	struct cursor c = cursor_of(span_of(d->bytes.at + at, d->bytes.len - at));
	take_control(d, &c, &v);
	return v.type == TYPE_POINTER && v.size < d->bytes.len ? v.size : at;
}

/* Leaves the cursor at the value of a key of the map that begins there. */
static bool find_key(struct mmdb_data *d, struct cursor *c, const char *key)
{
	struct cursor inside;
	struct control map = enter(d, c, &inside);
	for (uint32_t i = 0; map.type == TYPE_MAP && i < map.size && cursor_ok(&inside); i++) {
		struct cursor text;
		struct control k = enter(d, &inside, &text);
		struct span name = cursor_take(&text, k.size);
		if (!k.pointed)
			inside = text;
		if (d->steps > 0)
			d->steps--;
		if (span_equal(name, span_text(key))) {
			*c = inside;
			return cursor_ok(c);
		}
		skip(d, &inside);
	}
	return false;
}

enum mmdb_found mmdb_data_find(struct mmdb_data *d, size_t at, const char *const *path, struct span *ret_text,
			       uint64_t *ret_number)
{
	struct cursor c = cursor_of(span_of(d->bytes.at + at, d->bytes.len - at)), inside;
	for (; *path != NULL; path++)
		if (!find_key(d, &c, *path))
			return MMDB_FOUND_NOTHING;
	struct control v = enter(d, &c, &inside);
	struct span bytes = cursor_take(&inside, v.type == TYPE_BOOLEAN ? 0 : v.size);
	if (!cursor_ok(&inside))
		return MMDB_FOUND_NOTHING;
	*ret_text = bytes;
	if (v.type == TYPE_TEXT)
		return MMDB_FOUND_TEXT;
	if (v.type != TYPE_UINT16 && v.type != TYPE_UINT32 && v.type != TYPE_UINT64)
		return MMDB_FOUND_NOTHING;
	*ret_number = 0;
	for (size_t i = 0; i < bytes.len; i++)
		*ret_number = *ret_number << 8 | bytes.at[i];
	return MMDB_FOUND_NUMBER;
}

bool mmdb_data_texts(struct mmdb_data *d, size_t at, const char *const *path)
{
	struct cursor c = cursor_of(span_of(d->bytes.at + at, d->bytes.len - at)), inside;
	for (; *path != NULL; path++)
		if (!find_key(d, &c, *path))
			return false;
	struct control v = enter(d, &c, &inside);
	bool texts = v.type == TYPE_MAP || v.type == TYPE_ARRAY;
	for (uint32_t i = 0; texts && i < v.size; i++) {
		struct cursor value;
		if (v.type == TYPE_MAP)
			skip(d, &inside);
		struct cursor here = inside;
		texts = enter(d, &here, &value).type == TYPE_TEXT;
		skip(d, &inside);
	}
	return texts && cursor_ok(&inside);
}
