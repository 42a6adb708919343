/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"

#include <assert.h>
#include <inttypes.h>

struct json json_on(struct text *to)
{
	return (struct json){ .to = to };
}

static void begin(struct json *j, const char *key)
{
	if (j->begun[j->depth])
		text_put(j->to, ",");
	j->begun[j->depth] = true;
	if (key != NULL) {
		text_json(j->to, span_text(key));
		text_put(j->to, ":");
	}
}

void json_open(struct json *j, const char *key, char bracket)
{
	begin(j, key);
	text_printf(j->to, "%c", bracket);
	assert(j->depth < 16);
	j->begun[++j->depth] = false;
}

void json_close(struct json *j, char bracket)
{
	assert(j->depth > 0);
	j->depth--;
	text_printf(j->to, "%c", bracket);
}

void json_span(struct json *j, const char *key, struct span hostile)
{
	begin(j, key);
	text_json(j->to, hostile);
}

void json_text(struct json *j, const char *key, const char *value)
{
	if (value != NULL)
		json_span(j, key, span_text(value));
	else
		json_null(j, key);
}

void json_uint(struct json *j, const char *key, uint64_t value)
{
	begin(j, key);
	text_printf(j->to, "%" PRIu64, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin(j, key);
	text_put(j->to, value ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
	begin(j, key);
	text_put(j->to, "null");
}

void json_time(struct json *j, const char *key, uint64_t at_us)
{
	begin(j, key);
	text_printf(j->to, "%" PRIu64 ".%06" PRIu64, at_us / 1000000, at_us % 1000000);
}
