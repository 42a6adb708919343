/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one place of escaping: what goes in comes out as one valid JSON string, or as plain ASCII. */
#include "base/json.h"
#include "check.h"

static const struct row {
	const char *name;
	struct span in;
	const char *json, *plain;
} rows[] = {
	{ "plain", { (const uint8_t *)"zoom.us", 7 }, "\"zoom.us\"", "zoom.us" },
	{ "empty", { NULL, 0 }, "\"\"", "" },
	{ "quote and backslash", { (const uint8_t *)"a\"b\\c", 5 }, "\"a\\\"b\\\\c\"", "a\"b\\x5cc" },
	{ "controls", { (const uint8_t *)"a\n\x1b[31m\0", 8 }, "\"a\\u000a\\u001b[31m\\u0000\"", "a\\x0a\\x1b[31m\\x00" },
	{ "C1 and DEL", { (const uint8_t *)"\xC2\x9B\x7F", 3 }, "\"\\u009b\\u007f\"", "\\xc2\\x9b\\x7f" },
	{ "UTF-8 stays in JSON", { (const uint8_t *)"\xE5\x8F\xB0!", 4 }, "\"\xE5\x8F\xB0!\"", "\\xe5\\x8f\\xb0!" },
	{ "bidirectional", { (const uint8_t *)"\xE2\x80\xAE", 3 }, "\"\\u202e\"", "\\xe2\\x80\\xae" },
	{ "overlong", { (const uint8_t *)"\xC0\xAF", 2 }, "\"\xEF\xBF\xBD\xEF\xBF\xBD\"", "\\xc0\\xaf" },
	{ "surrogate", { (const uint8_t *)"\xED\xA0\x80", 3 }, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"", "\\xed\\xa0\\x80" },
	{ "cut short", { (const uint8_t *)"a\xE5\x8F", 3 }, "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"", "a\\xe5\\x8f" },
};

static void check_row(const struct row *r)
{
	char json[256], plain[256];
	struct text j = text_in(json, sizeof json), p = text_in(plain, sizeof plain);
	struct span exact = check_cut(r->in, r->in.len);
	text_json(&j, exact);
	text_plain(&p, exact);
	CHECK(strcmp(json, r->json) == 0, "%s: %s", r->name, json);
	CHECK(strcmp(plain, r->plain) == 0, "%s: %s", r->name, plain);
	free((void *)exact.at);
}

/* Whatever does not fit is left out, said, and the text ends in NUL. */
static void check_bounds(void)
{
	for (size_t cap = 1; cap < 12; cap++) {
		char *storage = malloc(cap);
		struct text t = text_in(storage, cap);
		text_printf(&t, "%s-%d", "abcde", 12345);
		CHECK(t.cut == (cap < 12) && strlen(storage) == t.len && t.len < cap, "room for %zu", cap);
		text_put(&t, "more");
		CHECK(t.cut && strlen(storage) < cap, "room for %zu, full", cap);
		free(storage);
	}
}

static void check_json(void)
{
	char storage[256];
	struct text t = text_in(storage, sizeof storage);
	struct json j = json_on(&t);
	json_open(&j, NULL, '{');
	json_text(&j, "a", "x");
	json_open(&j, "list", '[');
	json_uint(&j, NULL, 18446744073709551615u);
	json_bool(&j, NULL, true);
	json_close(&j, ']');
	json_null(&j, "none");
	json_time(&j, "at", 1700000000000042);
	json_close(&j, '}');
	CHECK(strcmp(storage, "{\"a\":\"x\",\"list\":[18446744073709551615,true],\"none\":null,\"at\":1700000000.000042}") == 0, "%s",
	      storage);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_row(&rows[i]);
	check_bounds();
	check_json();
	return check_done();
}
