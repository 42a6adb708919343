/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Alerts: how long they are gathered, and where they go. */
#include <sys/un.h>

#include "config/schema.h"

enum { SYSLOGS_AT_MOST = 16, FORMAT_UNSET = 255, WINDOW_LEAST_S = 1, WINDOW_MOST_S = 86400 };

struct alerts_form {
	uint32_t window;
	bool journal;
	const struct node *syslog, *json;
};
static const struct key alerts_keys[] = {
	KEY_NUMBER(alerts_form, window, read_duration, WINDOW_LEAST_S, WINDOW_MOST_S),
	KEY(alerts_form, journal, read_bool, KEY_MAY),
	KEY(alerts_form, syslog, read_list, KEY_MAY),
	KEY(alerts_form, json, read_map, KEY_MAY),
};

struct syslog_form {
	const struct node *to;
	unsigned format;
};
static const struct key syslog_keys[] = {
	KEY(syslog_form, to, read_node, KEY_MUST),
	KEY_WORD(syslog_form, format, read_word, KEY_MAY, WORDS_FORMAT),
};

struct json_form {
	const struct node *file;
};
static const struct key json_keys[] = { KEY(json_form, file, read_node, KEY_MUST) };

static bool begins(struct span text, const char *with, struct span *ret_rest)
{
	struct cursor c = cursor_of(text);
	struct span front = cursor_take(&c, strlen(with));
	*ret_rest = c.rest;
	return cursor_ok(&c) && span_equal(front, span_text(with));
}

/* A path is absolute: a log beside the policy, or wherever the daemon was started, is what nobody wants. */
static bool take_path(struct load *l, const struct node *n, size_t most, const char *example,
		      struct span *ret)
{
	struct span text;
	if (!take_text(l, n, &text))
		return false;
	bool ok = text.at[0] == '/' && text.at[text.len - 1] != '/' && text.len <= most;
	if (ok)
		*ret = text;
	else
		report_mistake(l->report, node_where(n),
			       "`%s` is `%s`; an absolute path of a file, of at most %zu characters, would "
			       "be right, "
			       "as %s",
			       SHOW(n->key), SHOW(text), most, example);
	return ok;
}

/* Up to the colon before the port: "192.0.2.9:601", "[2001:db8::9]:601". */
static bool split_port(struct span text, struct span *ret_host, uint16_t *ret_port)
{
	size_t at = text.len;
	uint32_t port = 0;
	while (at > 0 && text.at[at - 1] >= '0' && text.at[at - 1] <= '9')
		at--;
	for (size_t i = at; i < text.len && port <= UINT16_MAX; i++)
		port = port * 10 + (uint32_t)(text.at[i] - '0');
	if (at == 0 || text.at[at - 1] != ':' || port == 0 || port > UINT16_MAX)
		return false;
	*ret_host = span_of(text.at, at - 1);
	*ret_port = (uint16_t)port;
	return true;
}

static bool bracketed(struct span host, struct span *ret_inside)
{
	if (host.len < 2 || host.at[0] != '[' || host.at[host.len - 1] != ']')
		return false;
	*ret_inside = span_of(host.at + 1, host.len - 2);
	return true;
}

/* IPv6 in brackets, IPv4 without. */
static bool host_parse(struct span host, struct address *ret)
{
	struct span inside = host;
	struct address a;
	bool in_brackets = bracketed(host, &inside);
	if (!address_parse(inside, &a) || in_brackets == address_is_v4(&a))
		return false;
	*ret = a;
	return true;
}

static bool looks_like_name(struct span host)
{
	bool letter = false;
	for (size_t i = 0; i < host.len; i++) {
		uint8_t c = host.at[i];
		if (c == ':' || c == '[' || c == ']' || c == '/' || c == '@')
			return false;
		letter = letter || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
	}
	return letter;
}

static bool take_host(struct load *l, const struct node *n, struct span behind, struct book_output *o)
{
	struct span host = behind;
	bool port = split_port(behind, &host, &o->port);
	if (port && host_parse(host, &o->host))
		return true;
	if (looks_like_name(host))
		report_mistake(
			l->report, node_where(n),
			"`%s` is a host name; an address would be right, since alerts must not wait for "
			"names to be resolved, as tcp://192.0.2.9:601",
			SHOW(host));
	else
		report_mistake(l->report, node_where(n),
			       "`%s` is no address with a port; as tcp://192.0.2.9:601 or "
			       "udp://[2001:db8::9]:514 would be right",
			       SHOW(behind));
	return false;
}

static bool take_target(struct load *l, const struct node *n, struct book_output *o)
{
	struct span behind, path;
	if (!node_is(l, n, NODE_TEXT, "a path or an address"))
		return false;
	bool tcp = begins(n->text, "tcp://", &behind);
	if (tcp || begins(n->text, "udp://", &behind)) {
		o->transport = tcp ? TRANSPORT_TCP : TRANSPORT_UDP;
		o->target = book_write_text(l->writer, n->text);
		return take_host(l, n, behind, o);
	}
	if (n->text.len > 0 && n->text.at[0] != '/') {
		report_mistake(l->report, node_where(n),
			       "`to` is `%s`; the path of a socket, udp://ADDRESS:PORT or tcp://ADDRESS:PORT "
			       "would be right",
			       SHOW(n->text));
		return false;
	}
	o->transport = TRANSPORT_UNIX;
	if (!take_path(l, n, sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1, "/dev/log", &path))
		return false;
	o->target = book_write_text(l->writer, path);
	return true;
}

static bool told_before(struct load *l, const struct book_output *o)
{
	for (size_t i = 0; i < book_written(l->writer, BOOK_OUTPUT); i++) {
		const struct book_output *other = book_row(l->writer, BOOK_OUTPUT, i);
		if (other->kind == o->kind && other->target.at == o->target.at &&
		    other->target.bytes == o->target.bytes)
			return true; /* equal texts share bytes */
	}
	return false;
}

static void syslog_load(struct load *l, const struct node *n)
{
	struct syslog_form f = { .format = FORMAT_UNSET };
	struct book_output o = { .kind = OUTPUT_SYSLOG };
	if (!schema_read(l, n, "the syslog", KEYS(syslog_keys), &f) || f.to == NULL ||
	    !take_target(l, f.to, &o))
		return;
	if (f.format == FORMAT_RFC3164 && o.transport != TRANSPORT_UNIX) {
		report_mistake(
			l->report, node_where(node_find(n, "format")),
			"`%s` carries no year and no zone, and is for a local socket only; %s would be right",
			word_name(WORDS_FORMAT, FORMAT_RFC3164), word_name(WORDS_FORMAT, FORMAT_RFC5424));
		return;
	}
	if (told_before(l, &o))
		report_mistake(l->report, node_where(f.to), "alerts go to `%s` already; once would be right",
			       SHOW(f.to->text));
	unsigned usual = o.transport == TRANSPORT_UNIX ? FORMAT_RFC3164 : FORMAT_RFC5424;
	o.format = (uint8_t)(f.format == FORMAT_UNSET ? usual : f.format);
	book_write(l->writer, BOOK_OUTPUT, &o);
}

static void syslogs_load(struct load *l, const struct node *list)
{
	if (list == NULL)
		return;
	if (list->count > SYSLOGS_AT_MOST) {
		report_mistake(l->report, node_where(list),
			       "too many lines of `syslog`; at most %d would be right", SYSLOGS_AT_MOST);
		return;
	}
	for (const struct node *i = list->first; i != NULL; i = i->next)
		syslog_load(l, i);
}

static void json_load(struct load *l, const struct node *json)
{
	struct json_form f = { 0 };
	struct span path;
	if (json == NULL || !schema_read(l, json, "`json`", KEYS(json_keys), &f) || f.file == NULL ||
	    !take_path(l, f.file, 1024, "/var/log/keyfence/events.json", &path))
		return;
	struct book_output o = { .target = book_write_text(l->writer, path),
				 .kind = OUTPUT_JSON_FILE,
				 .format = FORMAT_JSON };
	book_write(l->writer, BOOK_OUTPUT, &o);
}

/* The journal takes them unless the policy says no: a sensor that captures must tell somebody. */
void alerts_load(struct load *l, const struct node *alerts, bool captures, uint32_t *ret_window_s)
{
	struct alerts_form f = { .window = *ret_window_s, .journal = captures || alerts != NULL };
	if (alerts != NULL)
		schema_read(l, alerts, "`alerts`", KEYS(alerts_keys), &f);
	*ret_window_s = f.window;
	if (f.journal)
		book_write(l->writer, BOOK_OUTPUT, &(struct book_output){ .kind = OUTPUT_JOURNAL });
	syslogs_load(l, f.syslog);
	json_load(l, f.json);
	if (alerts != NULL && !f.journal && f.syslog == NULL && f.json == NULL)
		report_warning(l->report, node_where(alerts),
			       "alerts go nowhere: no `journal`, no `syslog`, no `json`; one of them would "
			       "be right");
}
