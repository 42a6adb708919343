/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of one service of the catalogue: names, sites, prefixes, framings. */
#include "config/service.h"

#include "book/writer.h"
#include "config/file.h"

enum { NAME_BYTES = 253, LABEL_BYTES = 63, PATTERN_TOKENS = 6 };

struct name_form {
	struct span suffix, pattern, component, source, checked;
	unsigned roles, may, path;
	bool standing, shared;
};
static const struct key name_keys[] = {
	KEY(name_form, suffix, read_text, KEY_MAY),
	KEY(name_form, pattern, read_text, KEY_MAY),
	KEY_WORD(name_form, roles, read_words, KEY_MAY, WORDS_ROLE),
	KEY_WORD(name_form, may, read_words, KEY_MAY, WORDS_ROLE),
	KEY_WORD(name_form, path, read_word, KEY_MAY, WORDS_PATH),
	KEY(name_form, component, read_name, KEY_MAY),
	KEY(name_form, standing, read_bool, KEY_MAY),
	KEY(name_form, shared, read_bool, KEY_MAY),
	KEY(name_form, source, read_text, KEY_MUST),
	KEY(name_form, checked, read_date, KEY_MAY),
};

static bool is_label_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* A host name in lower case, of at least two labels, without a dot at its end. */
static bool is_host_name(struct span s)
{
	size_t label = 0, dots = 0;
	if (s.len == 0 || s.len > NAME_BYTES)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		bool dot = s.at[i] == '.';
		if (dot ? label == 0 : !is_label_byte(s.at[i]) || label == LABEL_BYTES)
			return false;
		dots += dot;
		label = dot ? 0 : label + 1;
	}
	return label > 0 && dots > 0;
}

static const char *const tokens[] = { "<site>", "<n>", "<letters>", "<any>" };

static size_t token_bytes(struct span s, size_t at)
{
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
		size_t n = strlen(tokens[i]);
		if (s.len - at >= n && memcmp(s.at + at, tokens[i], n) == 0)
			return n;
	}
	return 0;
}

/* The literal labels behind the last token; empty if the pattern is none: no token, too many, a wrong byte, or fewer
 * than two such labels. */
static struct span pattern_tail(struct span s)
{
	struct span none = { NULL, 0 };
	size_t seen = 0, end = 0;
	for (size_t i = 0; i < s.len;) {
		size_t n = s.at[i] == '<' ? token_bytes(s, i) : is_label_byte(s.at[i]) || s.at[i] == '.';
		if (n == 0)
			return none;
		if (s.at[i] == '<')
			seen++, end = i + n;
		i += n;
	}
	const uint8_t *dot = seen > 0 && end < s.len ? memchr(s.at + end, '.', s.len - end) : NULL;
	if (dot == NULL || seen > PATTERN_TOKENS || s.len > NAME_BYTES)
		return none;
	struct span tail = span_of(dot + 1, (size_t)(s.at + s.len - dot) - 1);
	return is_host_name(tail) ? tail : none;
}

static bool name_place(struct service *s, const struct node *at, const struct name_form *f,
		       struct book_name *row)
{
	struct load *l = s->l;
	if ((f->suffix.len > 0) == (f->pattern.len > 0)) {
		report_mistake(l->report, node_where(at),
			       "a name needs one of `suffix` and `pattern`; exactly one would be right");
		return false;
	}
	bool suffix = f->suffix.len > 0;
	struct span whole = suffix ? f->suffix : f->pattern,
		    tail = suffix ? f->suffix : pattern_tail(f->pattern);
	const struct node *text = node_find(at, suffix ? "suffix" : "pattern");
	if (suffix && !is_host_name(whole)) {
		report_mistake(
			l->report, node_where(text),
			"`%s` is no host name; two or more labels in lower case would be right, as zoom.us",
			SHOW(whole));
		return false;
	}
	if (tail.len == 0) {
		report_mistake(l->report, node_where(text),
			       "`%s` is no pattern; 1 to %d of <site>, <n>, <letters>, <any> with two or "
			       "more plain labels behind "
			       "the last would be right",
			       SHOW(whole), PATTERN_TOKENS);
		return false;
	}
	row->pattern = book_write_text(l->writer, whole);
	row->tail = book_write_text(l->writer, tail);
	row->flags = (uint8_t)((suffix ? 0 : NAME_PATTERN) | (f->standing ? NAME_STANDING : 0) |
			       (f->shared ? NAME_SHARED : 0));
	claim_add(s, s->names,
		  (struct claim){ .text = whole,
				  .where = node_where(text),
				  .row = book_written(l->writer, BOOK_NAME) });
	return true;
}

void names_load(struct service *s, const struct node *names)
{
	for (const struct node *i = names != NULL ? names->first : NULL; i != NULL; i = i->next) {
		struct name_form f = { 0 };
		struct book_name row = { .service = s->row };
		if (!schema_read(s->l, i, "the name", KEYS(name_keys), &f) || !name_place(s, i, &f, &row))
			continue;
		row.source = book_write_text(s->l->writer, f.source);
		row.checked = book_write_text(s->l->writer, f.checked);
		row.component = component_row(s->l, f.component);
		row.roles = (uint8_t)f.roles, row.may = (uint8_t)f.may, row.path = (uint8_t)f.path;
		book_write(s->l->writer, BOOK_NAME, &row);
	}
}

struct site_form {
	country place;
	struct span source, checked;
	bool unsure;
};
static const struct key site_keys[] = {
	KEY(site_form, place, read_country, KEY_MUST),
	KEY(site_form, unsure, read_bool, KEY_MAY),
	KEY(site_form, source, read_text, KEY_MAY),
	KEY(site_form, checked, read_date, KEY_MAY),
};

static bool is_site_code(struct span s)
{
	bool ok = s.len > 0 && s.len <= LABEL_BYTES;
	for (size_t i = 0; ok && i < s.len; i++)
		ok = is_label_byte(s.at[i]);
	return ok;
}

void sites_load(struct service *s, const struct node *sites, struct span sites_source)
{
	struct load *l = s->l;
	for (const struct node *i = sites != NULL ? sites->first : NULL; i != NULL; i = i->next) {
		struct site_form f = { .source = sites_source };
		if (!is_site_code(i->key)) {
			report_mistake(
				l->report, node_where_key(i),
				"`%s` is no site; letters in lower case and digits would be right, as fra",
				SHOW(i->key));
			continue;
		}
		bool ok = i->kind == NODE_MAP ? schema_read(l, i, "the site", KEYS(site_keys), &f)
					      : take_country(l, i, &f.place);
		if (!ok)
			continue;
		if (f.source.len == 0) {
			report_mistake(l->report, node_where_key(i),
				       "the site `%s` has no source; `source` here or `sites_source` for all "
				       "would be right",
				       SHOW(i->key));
			continue;
		}
		if (book_written(l->writer, BOOK_SITE) >= UINT16_MAX - 1) {
			report_mistake(l->report, node_where_key(i),
				       "more than 65534 sites; fewer would be right");
			return;
		}
		struct book_site row = { .code = book_write_text(l->writer, i->key),
					 .source = book_write_text(l->writer, f.source),
					 .service = s->row,
					 .place = f.place,
					 .unsure = f.unsure };
		book_write(l->writer, BOOK_SITE, &row);
	}
}

struct prefix_form {
	const struct node *prefix;
	struct span file, source, checked;
	unsigned place;
};
static const struct key prefix_keys[] = {
	KEY(prefix_form, prefix, read_node, KEY_MAY),
	KEY(prefix_form, file, read_text, KEY_MAY),
	KEY_WORD(prefix_form, place, read_word, KEY_MUST, WORDS_PREFIX),
	KEY(prefix_form, source, read_text, KEY_MUST),
	KEY(prefix_form, checked, read_date, KEY_MAY),
};

static void write_prefix(struct service *s, struct prefix p, struct where where,
			 const struct book_prefix *like)
{
	struct load *l = s->l;
	struct book_prefix row = *like;
	row.prefix = p;
	uint8_t bytes[17];
	memcpy(bytes, p.at.bytes, 16);
	bytes[16] = p.bits;
	claim_add(s, s->prefixes,
		  (struct claim){ .text = arena_copy(&l->arena, span_of(bytes, sizeof bytes)),
				  .where = where,
				  .row = book_written(l->writer, BOOK_PREFIX) });
	book_write(l->writer, BOOK_PREFIX, &row);
}

/* One prefix a line; `#` begins a comment. */
static void list_line(struct service *s, struct span line, struct where where, const struct book_prefix *like)
{
	const uint8_t *hash = line.len > 0 ? memchr(line.at, '#', line.len) : NULL;
	if (hash != NULL)
		line.len = (size_t)(hash - line.at);
	while (line.len > 0 && strchr(" \t\r", line.at[line.len - 1]) != NULL)
		line.len--;
	while (line.len > 0 && strchr(" \t", line.at[0]) != NULL)
		line.at++, line.len--;
	struct prefix p;
	bool host_bits;
	if (line.len == 0)
		return;
	if (!prefix_parse(line, &p, &host_bits) || host_bits)
		report_mistake(s->l->report, where,
			       "`%s` is no prefix; one prefix a line would be right, as 192.0.2.0/24",
			       SHOW(line));
	else
		write_prefix(s, p, where, like);
}

static void list_load(struct service *s, const struct node *at, struct span file,
		      const struct book_prefix *like)
{
	struct load *l = s->l;
	struct span rest;
	const char *path = path_beside(&l->arena, s->file, file);
	int r = file_read(&l->arena, path, LIST_FILE_BYTES, &rest, NULL);
	if (r < 0) {
		report_mistake(l->report, node_where(at), "the list `%s` cannot be read: %s",
			       SHOW(span_text(path)), file_error(r));
		return;
	}
	for (uint32_t line = 1; rest.len > 0; line++) {
		const uint8_t *end = memchr(rest.at, '\n', rest.len);
		size_t n = end != NULL ? (size_t)(end - rest.at) : rest.len;
		list_line(s, span_of(rest.at, n), (struct where){ path, line, 1 }, like);
		n += end != NULL;
		rest = span_of(rest.at + n, rest.len - n);
	}
}

void prefixes_load(struct service *s, const struct node *prefixes)
{
	struct load *l = s->l;
	for (const struct node *i = prefixes != NULL ? prefixes->first : NULL; i != NULL; i = i->next) {
		struct prefix_form f = { .place = UINT32_MAX };
		if (!schema_read(l, i, "the prefix", KEYS(prefix_keys), &f) || f.place == UINT32_MAX)
			continue;
		if ((f.prefix != NULL) == (f.file.len > 0)) {
			report_mistake(l->report, node_where(i),
				       "this needs one of `%s` and `file`; exactly one would be right",
				       prefix_keys[0].name);
			continue;
		}
		struct book_prefix like = { .place = (uint8_t)f.place,
					    .service = s->row,
					    .source = book_write_text(l->writer, f.source),
					    .checked = book_write_text(l->writer, f.checked) };
		struct prefix p;
		if (f.prefix == NULL)
			list_load(s, node_find(i, "file"), f.file, &like);
		else if (take_prefix(l, f.prefix, &p))
			write_prefix(s, p, node_where(f.prefix), &like);
	}
}
