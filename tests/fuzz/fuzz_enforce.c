/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests as a stranger would send them, to a book that protects much. Holds: what passes the check is one of our clients to a
 * unicast server of the same family that is neither ours nor protected, with ports, answered or named by a resolver, by a rule
 * that blocks; a budget is never overdrawn; nothing passes while paused. Notices: any bytes are read within their bounds. */
#include <stdlib.h>

#include "book/writer.h"
#include "enforce/batch.h"
#include "enforce/check.h"

enum { GENERATION = 1, MOST = 3, A_MINUTE = 5 };

static void hold(bool so)
{
	if (!so)
		abort();
}

static struct prefix protected_prefix, local, local6;

static void open_book(struct book *ret)
{
	static uint8_t *image;
	size_t bytes = 0;
	struct book_writer *w = book_writer_new();
	struct book_settings s = { .mode = MODE_ENFORCE, .has_policy = 1 };
	struct book_enforce e = {
		.timeout_s = 60, .max_blocks = MOST, .budget_client = A_MINUTE, .budget_blocks = A_MINUTE
	};
	struct book_rule block = { .action = ACTION_BLOCK, .mode = MODE_ENFORCE },
			 alert = { .action = ACTION_ALERT, .mode = MODE_ENFORCE };
	hold(prefix_parse(span_text("203.0.113.0/25"), &protected_prefix, NULL));
	hold(prefix_parse(span_text("192.0.2.0/24"), &local, NULL) &&
	     prefix_parse(span_text("2001:db8::/48"), &local6, NULL));
	block.name = alert.name = book_write_text(w, span_text("r"));
	book_write(w, BOOK_SETTINGS, &s);
	book_write(w, BOOK_ENFORCE, &e);
	book_write(w, BOOK_LOCAL, &local);
	book_write(w, BOOK_LOCAL, &local6);
	book_write(w, BOOK_PROTECT, &protected_prefix);
	book_write(w, BOOK_RULE, &block);
	book_write(w, BOOK_RULE, &alert);
	hold(book_writer_image(w, GENERATION, &image, &bytes) == 0);
	book_writer_free(w);
	hold(book_open(span_of(image, bytes), ret, NULL) == 0);
}

static bool is_ours(const struct address *a)
{
	return prefix_holds(&local, a) || prefix_holds(&local6, a);
}

static void hold_passed(const struct message_block *b)
{
	enum address_class class = address_class_of(&b->server);
	hold(is_ours(&b->client) && !is_ours(&b->server) && !prefix_holds(&protected_prefix, &b->server));
	hold(class == ADDRESS_GLOBAL || class == ADDRESS_PRIVATE);
	hold(address_is_v4(&b->client) == address_is_v4(&b->server));
	hold(b->client_port != 0 && b->server_port != 0 && (b->proto == PROTO_TCP || b->proto == PROTO_UDP));
	hold(b->answered == 1 || (b->evidence & EV_DNS));
	hold(b->rule == 1 && b->generation == GENERATION);
}

/* Half of the addresses are near what matters: else no input would ever get far. */
static struct address take_address(struct cursor *c)
{
	static const char *const near[] = { "192.0.2.1",   "198.51.100.1",  "203.0.113.127",
					    "2001:db8::1", "2001:db8:1::1", "2002:cb00:7101::",
					    "127.0.0.1" };
	uint32_t how = cursor_uint(c, 1);
	struct address a = { { 0 } };
	struct span raw = how & 8 ? cursor_take(c, 16) : span_of(NULL, 0);
	if (raw.len == 16)
		return address_from(raw);
	address_parse(span_text(near[(how & 7) % 7]), &a);
	a.bytes[15] ^= (uint8_t)(how >> 4);
	return a;
}

static struct message_block take_request(struct cursor *c)
{
	struct message_block b = { .client = take_address(c), .server = take_address(c) };
	b.client_port = (uint16_t)cursor_uint(c, 1);
	b.server_port = (uint16_t)cursor_uint(c, 1);
	b.rule = (uint16_t)(cursor_uint(c, 1) % 4);
	b.proto = (uint8_t)cursor_uint(c, 1);
	b.evidence = (uint8_t)cursor_uint(c, 1);
	b.roles = (uint8_t)cursor_uint(c, 1);
	b.answered = (uint8_t)(cursor_uint(c, 1) % 3);
	b.generation = cursor_uint(c, 1) & 3;
	return b;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct guard g;
	struct cursor c = cursor_of(span_of(data, len));
	unsigned fresh = 0;
	if (g.book.header == NULL)
		open_book(&g.book);
	memset(&g.budget, 0, sizeof g.budget);
	while (cursor_more(&c)) {
		uint32_t how = cursor_uint(&c, 1);
		struct message_block b = take_request(&c);
		g.paused = (how & 0xF0) == 0xF0;
		bool standing = how & 1;
		if (check_request(&g, &b, standing, how >> 1 & 3, 1000000) != REFUSED_NOT)
			continue;
		hold_passed(&b);
		hold(!g.paused && (standing || (how >> 1 & 3) < MOST));
		fresh += !standing;
	}
	hold(fresh <= A_MINUTE);
	notices_tell_loss(span_of(data, len), 1);
	return 0;
}
