/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The `wire` rows of one service of the catalogue: what its packets look like. */
#include "config/service.h"

struct wire_form {
	const struct node *asks[FRAMING_CERTIFICATE + 1]; /* by enum framing_is */
	struct span component, source, checked;
	const struct node *ports;
	unsigned roles, may, basis, path, media;
};
static const struct key wire_keys[] = {
	KEY_WORD(wire_form, roles, read_words, KEY_MAY, WORDS_ROLE),
	KEY_WORD(wire_form, may, read_words, KEY_MAY, WORDS_ROLE),
	KEY_WORD(wire_form, basis, read_words, KEY_MAY, WORDS_BASIS),
	KEY_WORD(wire_form, path, read_word, KEY_MAY, WORDS_PATH),
	KEY_WORD(wire_form, media, read_words, KEY_MAY, WORDS_MEDIA),
	KEY(wire_form, component, read_name, KEY_MAY),
	KEY(wire_form, ports, read_node, KEY_MAY),
	KEY(wire_form, source, read_text, KEY_MUST),
	KEY(wire_form, checked, read_date, KEY_MAY),
};
enum { WIRE_KEYS = sizeof wire_keys / sizeof *wire_keys };

static bool take_number(struct cursor *c, unsigned most, unsigned *ret)
{
	unsigned v = 0;
	size_t n = 0;
	while (n < c->rest.len && n < 5 && c->rest.at[n] >= '0' && c->rest.at[n] <= '9')
		v = v * 10 + (unsigned)(c->rest.at[n++] - '0');
	cursor_take(c, n);
	*ret = v;
	return n > 0 && v <= most;
}

/* "443/tcp" or "8801-8810/udp". */
static bool ports_parse(struct span text, struct book_ports *ret)
{
	struct cursor c = cursor_of(text);
	unsigned lo, hi, proto;
	bool ok = take_number(&c, UINT16_MAX, &lo);
	hi = lo;
	if (ok && c.rest.len > 0 && c.rest.at[0] == '-') {
		cursor_take(&c, 1);
		ok = take_number(&c, UINT16_MAX, &hi);
	}
	ok = ok && cursor_uint(&c, 1) == '/' && word_find(WORDS_PROTO, c.rest, &proto) && lo > 0 && lo <= hi;
	if (ok)
		*ret = (struct book_ports){ (uint16_t)lo, (uint16_t)hi, (uint8_t)proto, { 0 } };
	return ok;
}

static void ports_load(struct load *l, const struct node *ports, struct book_framing *row)
{
	row->first_port = (uint32_t)book_written(l->writer, BOOK_PORTS);
	if (ports == NULL || !node_is(l, ports, NODE_LIST, "a list of ports"))
		return;
	for (const struct node *i = ports->first; i != NULL; i = i->next) {
		struct book_ports p;
		if (!node_is(l, i, NODE_TEXT, "a port"))
			continue;
		if (ports_parse(i->text, &p))
			book_write(l->writer, BOOK_PORTS, &p);
		else
			report_mistake(l->report, node_where(i),
				       "`%s` is no port; a port or a range with its protocol would be right, "
				       "as 8801-8810/udp",
				       SHOW(i->text));
	}
	row->port_count = (uint32_t)book_written(l->writer, BOOK_PORTS) - row->first_port;
}

/* 0x8008: up to four hexadecimal digits. */
static bool hex_parse(struct span text, uint16_t *ret)
{
	unsigned v = 0;
	if (text.len < 3 || text.len > 6 || text.at[0] != '0' || text.at[1] != 'x')
		return false;
	for (size_t i = 2; i < text.len; i++) {
		uint8_t c = text.at[i], letter = c | 0x20;
		if (!(c >= '0' && c <= '9') && !(letter >= 'a' && letter <= 'f'))
			return false;
		v = v << 4 | (unsigned)(c <= '9' ? c - '0' : letter - 'a' + 10);
	}
	*ret = (uint16_t)v;
	return true;
}

/* Which one thing the row asks of a finding. */
static bool asks_load(struct load *l, const struct node *at, const struct wire_form *f,
		      struct book_framing *row)
{
	unsigned asked = 0;
	for (unsigned is = 0; is <= FRAMING_CERTIFICATE; is++)
		if (f->asks[is] != NULL)
			row->is = (uint8_t)is, asked++;
	if (asked != 1) {
		report_mistake(l->report, node_where(at),
			       "a row of `wire` asks for %u things; exactly one of framing, stun_attribute, "
			       "realm, software, "
			       "username and certificate would be right",
			       asked);
		return false;
	}
	const struct node *n = f->asks[row->is];
	struct span text;
	if (row->is != FRAMING_STUN_ATTRIBUTE) {
		bool ok = row->is == FRAMING_NAME ? take_name(l, n, &text) : take_text(l, n, &text);
		if (ok)
			row->pattern = book_write_text(l->writer, text);
		return ok;
	}
	bool ok = node_is(l, n, NODE_TEXT, "a number") && hex_parse(n->text, &row->number);
	if (!ok)
		report_mistake(l->report, node_where(n),
			       "`%s` is no number of an attribute; 0x and four digits would be right",
			       SHOW(n->text));
	return ok;
}

void wire_load(struct service *s, const struct node *wire)
{
	struct load *l = s->l;
	/* what a row asks for is a word of its own set, so those keys come from the words */
	struct key keys[WIRE_KEYS + FRAMING_CERTIFICATE + 1];
	memcpy(keys, wire_keys, sizeof wire_keys);
	for (unsigned is = 0; is <= FRAMING_CERTIFICATE; is++)
		keys[WIRE_KEYS + is] =
			(struct key){ .name = word_name(WORDS_FRAMING, is),
				      .read = read_node,
				      .at = offsetof(struct wire_form, asks) + is * sizeof(struct node *) };
	for (const struct node *i = wire != NULL ? wire->first : NULL; i != NULL; i = i->next) {
		struct wire_form f = { 0 };
		struct book_framing row = { .service = s->row };
		if (!schema_read(l, i, "the row of `wire`", KEYS(keys), &f) || !asks_load(l, i, &f, &row))
			continue;
		ports_load(l, f.ports, &row);
		row.source = book_write_text(l->writer, f.source);
		row.component = component_row(l, f.component);
		row.roles = (uint8_t)f.roles, row.may = (uint8_t)f.may, row.basis = (uint8_t)f.basis;
		row.path = (uint8_t)f.path, row.media = (uint8_t)f.media;
		book_write(l->writer, BOOK_FRAMING, &row);
	}
}
