/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Captures: which interfaces, and on which side of the gateway each of them is. */
#include "config/schema.h"

enum { CAPTURES_AT_MOST = 16, INTERFACE_BYTES = 15, SIDE_UNSET = 255 };

struct capture_form {
	const struct node *interface;
	unsigned side;
};
static const struct key capture_keys[] = {
	KEY(capture_form, interface, read_node, KEY_MUST),
	KEY_WORD(capture_form, side, read_word, KEY_MAY, WORDS_SIDE),
};

/* As the kernel takes them (Linux, dev_valid_name), and printable. */
static bool interface_ok(struct span name)
{
	bool ok = name.len > 0 && name.len <= INTERFACE_BYTES && !span_equal(name, span_text(".")) &&
		  !span_equal(name, span_text(".."));
	for (size_t i = 0; ok && i < name.len; i++)
		ok = name.at[i] > ' ' && name.at[i] < 0x7F && name.at[i] != '/' && name.at[i] != ':';
	return ok;
}

static bool take_interface(struct load *l, const struct node *n, struct span *ret)
{
	size_t other;
	if (!node_is(l, n, NODE_TEXT, "an interface"))
		return false;
	if (!interface_ok(n->text)) {
		report_mistake(
			l->report, node_where(n),
			"`%s` is no interface; 1 to %d characters without slash, colon or blank would be "
			"right, as br-lan",
			SHOW(n->text), INTERFACE_BYTES);
		return false;
	}
	if (load_find(l, BOOK_CAPTURE, n->text, &other)) {
		report_mistake(l->report, node_where(n),
			       "the interface `%s` is captured already; once would be right", SHOW(n->text));
		return false;
	}
	*ret = n->text;
	return true;
}

static void capture_load(struct load *l, const struct node *n, bool alone)
{
	struct capture_form f = { .side = SIDE_UNSET };
	struct span name;
	if (!schema_read(l, n, "the capture", KEYS(capture_keys), &f) || f.interface == NULL ||
	    !take_interface(l, f.interface, &name))
		return;
	if (!alone && node_find(n, "side") == NULL)
		report_mistake(
			l->report, node_where(n),
			"there are several captures, and this one has no `side`; %s, %s or %s would be "
			"right",
			word_name(WORDS_SIDE, SIDE_INSIDE), word_name(WORDS_SIDE, SIDE_OUTSIDE),
			word_name(WORDS_SIDE, SIDE_MIRROR));
	struct book_capture c = { .interface = book_write_text(l->writer, name),
				  .side = (uint8_t)(f.side == SIDE_UNSET ? SIDE_INSIDE : f.side) };
	book_write(l->writer, BOOK_CAPTURE, &c);
}

void captures_load(struct load *l, const struct node *captures)
{
	if (captures == NULL)
		return;
	if (captures->count == 0 || captures->count > CAPTURES_AT_MOST) {
		report_mistake(l->report, node_where(captures),
			       "`capture` has %u interfaces; 1 to %d would be right, as [{interface: br-lan, "
			       "side: %s}]",
			       (unsigned)captures->count, CAPTURES_AT_MOST,
			       word_name(WORDS_SIDE, SIDE_INSIDE));
		return;
	}
	for (const struct node *i = captures->first; i != NULL; i = i->next)
		capture_load(l, i, captures->count == 1);
}
