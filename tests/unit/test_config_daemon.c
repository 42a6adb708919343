/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a policy tells the daemon beside judgement: captures, alerts, enforce, fences. */
#define _GNU_SOURCE
#include <errno.h>

#include "scratch.h"

static struct loaded load_policy(const char *text)
{
	scratch_text("policy.yaml", text);
	return load_request(&(struct config_request){ .policy = scratch_path("policy.yaml") });
}

#define SYSLOG "version: 1\nalerts: {syslog: [{to: \""

/* A policy of one mistake (or warning), and the line that tells it, from the line number on. */
static const struct row {
	const char *name, *policy, *says;
} rows[] = {
	{ "capture of nothing", "version: 1\ncapture: []\n",
	  ":2:10: `capture` has 0 interfaces; 1 to 16 would be right" },
	{ "too many captures",
	  "version: 1\ncapture: [{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}]\n",
	  ":2:10: `capture` has 17 interfaces; 1 to 16 would be right" },
	{ "capture is no list", "version: 1\ncapture: {interface: a}\n", ":2:10: `capture` is a map" },
	{ "capture without interface", "version: 1\ncapture: [{side: inside}]\n",
	  ":2:11: the capture has no `interface`" },
	{ "interface with a slash", "version: 1\ncapture: [{interface: a/b}]\n",
	  ":2:23: `a/b` is no interface" },
	{ "interface with a blank", "version: 1\ncapture: [{interface: a b}]\n",
	  ":2:23: `a b` is no interface" },
	{ "interface too long", "version: 1\ncapture: [{interface: a23456789012345x}]\n",
	  ":2:23: `a23456789012345x` is no interface; 1 to 15 characters" },
	{ "interface is a folder", "version: 1\ncapture: [{interface: ..}]\n",
	  ":2:23: `..` is no interface" },
	{ "interface twice",
	  "version: 1\ncapture: [{interface: a, side: inside}, {interface: a, side: outside}]\n",
	  ":2:53: the interface `a` is captured already" },
	{ "two interfaces without a side",
	  "version: 1\ncapture: [{interface: a, side: inside}, {interface: b}]\n",
	  ":2:41: there are several captures, and this one has no `side`; inside, outside or mirror" },
	{ "an unknown side", "version: 1\ncapture: [{interface: a, side: insid}]\n",
	  ":2:32: unknown word `insid`; `inside` would be right" },
	{ "enforce without a capture", "version: 1\nmode: enforce\n",
	  ":2:7: the mode is `enforce`, but there is no `capture`" },
	{ "enforce behind NAT and at a mirror port",
	  "version: 1\nmode: enforce\ncapture: [{interface: a, side: outside}, {interface: b, side: "
	  "mirror}]\n",
	  ":2:7: the mode is `enforce`, but no capture stands inside" },
	{ "a rule enforces alone", "version: 1\nrules: [{name: r, action: block, mode: enforce}]\n",
	  ":2:40: the policy only observes, so that no rule can do more" },
	{ "timeout too short", "version: 1\nenforce: {timeout: 9s}\n",
	  ":2:20: `timeout` is `9s`; 10s to 86400s would be right" },
	{ "timeout too long", "version: 1\nenforce: {timeout: 86401s}\n",
	  ":2:20: `timeout` is `86401s`; 10s to 86400s would be right" },
	{ "no blocks", "version: 1\nenforce: {max_blocks: 0}\n",
	  ":2:23: `max_blocks` is `0`; 1 to 1048576 would be right" },
	{ "wide blocks", "version: 1\nenforce: {max_wide: 65537}\n",
	  ":2:21: `max_wide` is `65537`; 0 to 65536 would be right" },
	{ "a number with a unit", "version: 1\nenforce: {max_wide: 6x}\n", ":2:21: `max_wide` is `6x`" },
	{ "budget without a minute", "version: 1\nenforce: {budget: {client: 64}}\n",
	  ":2:28: `client` is `64`; 1/m to 1000000/m would be right" },
	{ "budget of nothing", "version: 1\nenforce: {budget: {blocks: 0/m}}\n",
	  ":2:28: `blocks` is `0/m`; 1/m" },
	{ "budget of an unknown", "version: 1\nenforce: {budget: {server: 1/m}}\n",
	  ":2:20: unknown key `server` in `budget`; `servers` would be right" },
	{ "protect", "version: 1\nenforce: {protect: [192.0.2.1/24]}\n",
	  ":2:21: `192.0.2.1/24` has bits set behind the prefix" },
	{ "fences", "version: 1\nfences: lax\n",
	  ":2:9: unknown word `lax`; one of `strict`, `available` would be right" },
	{ "window of nothing", "version: 1\nalerts: {window: 0m}\n", ":2:18: `window` is `0m`" },
	{ "window of more than a day", "version: 1\nalerts: {window: 2d}\n",
	  ":2:18: `window` is `2d`; 1s to 86400s would be right" },
	{ "journal", "version: 1\nalerts: {journal: yes}\n", ":2:19: `journal` is `yes`; true or false" },
	{ "syslog without to", "version: 1\nalerts: {syslog: [{format: json}]}\n",
	  ":2:19: the syslog has no `to`" },
	{ "syslog to a host name", SYSLOG "tcp://siem.example:601\"}]}\n",
	  ":2:24: `siem.example` is a host name; an address would be right" },
	{ "syslog to a host name without a port", SYSLOG "udp://siem\"}]}\n",
	  ":2:24: `siem` is a host name" },
	{ "syslog without a port", SYSLOG "udp://192.0.2.9\"}]}\n",
	  ":2:24: `192.0.2.9` is no address with a port" },
	{ "syslog to port 0", SYSLOG "udp://192.0.2.9:0\"}]}\n", ":2:24: `192.0.2.9:0` is no address" },
	{ "syslog to port 65536", SYSLOG "udp://192.0.2.9:65536\"}]}\n",
	  ":2:24: `192.0.2.9:65536` is no address" },
	{ "syslog to a port that wraps", SYSLOG "udp://192.0.2.9:4294967810\"}]}\n",
	  ":2:24: `192.0.2.9:4294967810` is no address" },
	{ "syslog to no host", SYSLOG "udp://:514\"}]}\n", ":2:24: `:514` is no address" },
	{ "syslog to nothing", SYSLOG "udp://\"}]}\n", ":2:24: `` is no address" },
	{ "IPv6 without brackets", SYSLOG "udp://2001:db8::9:514\"}]}\n",
	  ":2:24: `2001:db8::9:514` is no address" },
	{ "IPv4 in brackets", SYSLOG "udp://[192.0.2.9]:514\"}]}\n",
	  ":2:24: `[192.0.2.9]:514` is no address" },
	{ "an open bracket", SYSLOG "udp://[2001:db8::9:514\"}]}\n",
	  ":2:24: `[2001:db8::9:514` is no address" },
	{ "another scheme", SYSLOG "tls://192.0.2.9:6514\"}]}\n",
	  ":2:24: `to` is `tls://192.0.2.9:6514`; the path of a socket, udp://ADDRESS:PORT" },
	{ "a relative socket", SYSLOG "dev/log\"}]}\n", ":2:24: `to` is `dev/log`; the path of a socket" },
	{ "a path too long for a socket",
	  SYSLOG "/0123456789012345678901234567890123456789012345678901234567890123456789"
		 "01234567890123456789012345678901234567\"}]}\n",
	  ":2:24: `to` is `/01234567890123456789012345678901234567890123456789012345678901234567890...`; an "
	  "absolute path of a file, of at most 107 characters, would be right, as /dev/log" },
	{ "syslog twice", "version: 1\nalerts: {syslog: [{to: /dev/log}, {to: /dev/log, format: json}]}\n",
	  ":2:40: alerts go to `/dev/log` already" },
	{ "RFC 3164 to a network", SYSLOG "udp://192.0.2.9:514\", format: rfc3164}]}\n",
	  ":2:55: `rfc3164` carries no year and no zone, and is for a local socket only; rfc5424 would" },
	{ "an unknown format", SYSLOG "/dev/log\", format: rfc5242}]}\n",
	  ":2:44: unknown word `rfc5242`; `rfc5424` would be right" },
	{ "JSON to a relative path", "version: 1\nalerts: {json: {file: events.json}}\n",
	  ":2:23: `file` is `events.json`; an absolute path" },
	{ "JSON to a folder", "version: 1\nalerts: {json: {file: /var/log/}}\n",
	  ":2:23: `file` is `/var/log/`; an absolute path of a file" },
	{ "JSON without a file", "version: 1\nalerts: {json: {}}\n", ":2:16: `json` has no `file`" },
	{ "warning: alerts to nobody", "version: 1\nalerts: {journal: false}\n",
	  ":2:9: alerts go nowhere: no `journal`, no `syslog`, no `json`" },
};

static void check_row(const struct row *r)
{
	char line[512];
	struct loaded l = load_policy(r->policy);
	snprintf(line, sizeof line, "%s%s", scratch_path("policy.yaml"), r->says);
	bool warning = strncmp(r->name, "warning", 7) == 0;
	CHECK(l.result == (warning ? 0 : -EINVAL), "%s: %d", r->name, l.result);
	CHECK((config_mistakes(l.report) > 0) == !warning, "%s: counted", r->name);
	CHECK(report_has(l.report, line), "%s: %s", r->name, line);
	loaded_done(&l);
}

static const char sample[] =
	"version: 1\nmode: enforce\nfences: available\n"
	"capture: [{interface: br-lan, side: inside}, {interface: abcdefghijklmno, side: mirror}, "
	"{interface: wan, side: outside}]\n"
	"rules: [{name: a, action: block}, {name: b, role: key, action: block, mode: observe}, "
	"{name: c, role: media, action: block, mode: enforce}]\n"
	"enforce: {timeout: 15m, reject: false, protect: [192.0.2.1, \"2001:db8::/32\"], max_blocks: 100, "
	"max_wide: 0, budget: {client: 1/m, servers: 2/m, blocks: 3/m}}\n"
	"alerts:\n  window: 90s\n  syslog: [{to: /dev/log}, {to: \"tcp://192.0.2.9:601\", format: json}, "
	"{to: \"udp://[2001:db8::9]:65535\"}, {to: /run/s, format: rfc5424}]\n"
	"  json: {file: /var/log/keyfence/events.json}\n";

static const struct {
	const char *target, *host;
	uint16_t port;
	uint8_t kind, transport, format;
} outputs[] = {
	{ "", "::", 0, OUTPUT_JOURNAL, TRANSPORT_UNIX, 0 },
	{ "/dev/log", "::", 0, OUTPUT_SYSLOG, TRANSPORT_UNIX, FORMAT_RFC3164 },
	{ "tcp://192.0.2.9:601", "192.0.2.9", 601, OUTPUT_SYSLOG, TRANSPORT_TCP, FORMAT_JSON },
	{ "udp://[2001:db8::9]:65535", "2001:db8::9", 65535, OUTPUT_SYSLOG, TRANSPORT_UDP, FORMAT_RFC5424 },
	{ "/run/s", "::", 0, OUTPUT_SYSLOG, TRANSPORT_UNIX, FORMAT_RFC5424 },
	{ "/var/log/keyfence/events.json", "::", 0, OUTPUT_JSON_FILE, TRANSPORT_UNIX, FORMAT_JSON },
};

static void check_outputs(const struct book *b)
{
	size_t count = sizeof outputs / sizeof *outputs;
	char host[ADDRESS_TEXT_BYTES];
	CHECK(b->count[BOOK_OUTPUT] == count, "outputs: %zu", b->count[BOOK_OUTPUT]);
	for (size_t i = 0; i < count && i < b->count[BOOK_OUTPUT]; i++) {
		const struct book_output *o = book_output(b, i);
		CHECK(strcmp(book_string(b, o->target), outputs[i].target) == 0 &&
			      strcmp(address_text(&o->host, host), outputs[i].host) == 0 &&
			      o->port == outputs[i].port,
		      "output %zu: where", i);
		CHECK(o->kind == outputs[i].kind && o->transport == outputs[i].transport &&
			      o->format == outputs[i].format,
		      "output %zu: how", i);
	}
}

static void check_enforce(const struct book *b)
{
	const struct book_enforce *e = book_enforce(b, 0);
	struct prefix p;
	CHECK(b->count[BOOK_ENFORCE] == 1 && e->timeout_s == 900 && e->reject == 0 && e->max_blocks == 100 &&
		      e->max_wide == 0,
	      "enforce");
	CHECK(e->budget_client == 1 && e->budget_servers == 2 && e->budget_blocks == 3, "budget");
	CHECK(b->count[BOOK_PROTECT] == 2 && book_protect(b, 0)->bits == 128 &&
		      book_protect(b, 1)->bits == 32 && prefix_parse(span_text("192.0.2.1"), &p, NULL) &&
		      address_equal(&book_protect(b, 0)->at, &p.at),
	      "protect");
	CHECK(book_rule(b, 0)->mode == MODE_ENFORCE && book_rule(b, 1)->mode == MODE_OBSERVE &&
		      book_rule(b, 2)->mode == MODE_ENFORCE,
	      "a rule is as the policy, unless it only observes");
}

static void check_sample(void)
{
	static const uint8_t sides[] = { SIDE_INSIDE, SIDE_MIRROR, SIDE_OUTSIDE };
	struct loaded l = load_policy(sample);
	CHECK(l.result == 0 && config_mistakes(l.report) == 0, "what the daemon needs: %d", l.result);
	if (l.result != 0) {
		report_has(l.report, "no such text");
		loaded_done(&l);
		return;
	}
	const struct book *b = &l.book;
	CHECK(book_settings(b)->mode == MODE_ENFORCE && book_settings(b)->window_s == 90 &&
		      book_settings(b)->fences == FENCING_AVAILABLE,
	      "settings");
	CHECK(b->count[BOOK_CAPTURE] == 3, "captures");
	for (size_t i = 0; i < 3 && i < b->count[BOOK_CAPTURE]; i++)
		CHECK(book_capture(b, i)->side == sides[i], "side of capture %zu", i);
	CHECK(strcmp(book_string(b, book_capture(b, 1)->interface), "abcdefghijklmno") == 0, "interface");
	check_outputs(b);
	check_enforce(b);
	loaded_done(&l);
}

/* What a policy leaves out. */
static void check_defaults(void)
{
	struct loaded l = load_policy("version: 1\nmode: enforce\ncapture: [{interface: a}]\n"
				      "rules: [{name: r, action: block}]\n");
	CHECK(l.result == 0, "enforce by its defaults: %d", l.result);
	if (l.result == 0) {
		const struct book *b = &l.book;
		const struct book_enforce *e = book_enforce(b, 0);
		CHECK(b->count[BOOK_CAPTURE] == 1 && book_capture(b, 0)->side == SIDE_INSIDE, "side");
		CHECK(b->count[BOOK_OUTPUT] == 1 && book_output(b, 0)->kind == OUTPUT_JOURNAL, "the journal");
		CHECK(b->count[BOOK_ENFORCE] == 1 && e->timeout_s == 600 && e->reject == 1 &&
			      e->max_blocks == 16384 && e->max_wide == 256 && e->budget_client == 64 &&
			      e->budget_servers == 64 && e->budget_blocks == 2000,
		      "enforce");
		CHECK(book_settings(b)->window_s == 300 && book_settings(b)->fences == FENCING_STRICT,
		      "window and fences");
	}
	loaded_done(&l);
	l = load_policy("version: 1\nrules: [{name: r, action: block}]\n");
	CHECK(l.result == 0 && l.book.count[BOOK_CAPTURE] == 0 && l.book.count[BOOK_OUTPUT] == 0 &&
		      l.book.count[BOOK_ENFORCE] == 0 && l.book.count[BOOK_PROTECT] == 0,
	      "without a sensor");
	loaded_done(&l);
}

int main(void)
{
	scratch_new();
	scratch_directory("services.d");
	scratch_text("services.d/zoom.yaml", "service: zoom\noperator: {name: Zoom, seat: US}\n");
	check_sample();
	check_defaults();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_row(&rows[i]);
	scratch_done();
	return check_done();
}
