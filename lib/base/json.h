/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json: writes one JSON value (RFC 8259) into a text; commas and nesting are its business. Depth at most 16.
 * A key is our own clean text (NULL inside a list); values from the wire go through json_span. */
#ifndef KEYFENCE_BASE_JSON_H
#define KEYFENCE_BASE_JSON_H

#include "base/text.h"

struct json {
	struct text *to;
	unsigned depth;
	bool begun[17]; /* whether this level has a member already */
};

struct json json_on(struct text *to);
void json_open(struct json *j, const char *key, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket);                 /* '}' or ']' */
void json_text(struct json *j, const char *key, const char *value);   /* NULL: null */
void json_span(struct json *j, const char *key, struct span hostile); /* escaped */
void json_uint(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);
/* Seconds since 1970 with six decimals. */
void json_time(struct json *j, const char *key, uint64_t at_us);

#endif
