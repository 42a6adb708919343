/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/pipeline.h"
#include "cli/show.h"
#include "control.h"

enum { LINE_BYTES = 16384 };

struct accounting {
	const char *path;
	struct engine_counters added;
};

struct listing {
	const struct cli *cli;
	const struct book *book;
	struct accounting *files;
	int file_count;
	bool violated;
	uint64_t conferencing, others;
};

static void flow_json(const struct listing *l, const struct flow_fact *f, struct text *t)
{
	struct json j = json_on(t);
	json_open(&j, NULL, '{');
	show_flow_json(l->book, &j, l->cli->args[f->source], f);
	json_uint(&j, "packets", f->packets[0] + f->packets[1]);
	json_uint(&j, "bytes", f->bytes[0] + f->bytes[1]);
	json_time(&j, "first", f->first_us);
	json_time(&j, "last", f->last_us);
	json_bool(&j, "one_way", f->flags & FLOW_ONE_WAY);
	json_bool(&j, "nat", f->flags & FLOW_NAT);
	json_bool(&j, "evicted", f->flags & FLOW_EVICTED);
	json_close(&j, '}');
	text_put(t, "\n");
}

static void flow_line(const struct listing *l, const struct flow_fact *f, struct text *t)
{
	char a[ADDRESS_TEXT_BYTES], storage[256];
	const char *path = word_name(WORDS_PATH, f->now.path);
	struct text cell = text_in(storage, sizeof storage);
	text_printf(t, "%-7s %s ", book_string(l->book, book_service(l->book, f->now.service)->name),
		    word_name(WORDS_PROTO, f->key.proto));
	text_printf(&cell, "%s:%u", address_text(fact_client(f), a), fact_client_port(f));
	text_printf(t, "%-22s ", storage);
	cell = text_in(storage, sizeof storage);
	text_printf(&cell, "%s:%u", address_text(fact_server(f), a), fact_server_port(f));
	text_printf(t, "%-22s ", storage);
	cell = text_in(storage, sizeof storage);
	show_set(&cell, "", "+", WORDS_ROLE, f->now.roles);
	text_printf(t, "%-16s %-6s %-7s ", cell.len > 0 ? storage : "-", path != NULL ? path : "-",
		    word_name(WORDS_STAGE, f->now.stage));
	if (book_settings(l->book)->has_policy) {
		show_country(t, l->book, fact_server(f), &f->place[PLACE_SERVER].where, "|", "??");
		text_printf(t, " %s %s ", word_name(WORDS_CERTAINTY, f->place[PLACE_SERVER].where.certainty),
			    word_name(WORDS_ACTION, f->verdict.action));
	}
	text_printf(t, "%" PRIu64 " packets ", f->packets[0] + f->packets[1]);
	text_plain(t, span_of(f->name, f->name_bytes));
	text_put(t, "\n");
}

static void list_flow(void *user, const struct flow_fact *f)
{
	struct listing *l = user;
	char storage[LINE_BYTES];
	struct text t = text_in(storage, sizeof storage);
	if (f->kind != FACT_ENDED)
		return;
	l->violated |= show_is_violation(f);
	if (f->now.service == SERVICE_NONE)
		l->others++;
	else
		l->conferencing++;
	if (l->cli->json)
		flow_json(l, f, &t);
	else if (f->now.service != SERVICE_NONE)
		flow_line(l, f, &t);
	fputs(storage, stdout);
}

static void keep_accounting(void *user, const char *path, const struct engine_counters *added)
{
	struct listing *l = user;
	l->files[l->file_count++] = (struct accounting){ path, *added };
}

static void json_pair(struct json *j, const char *key, uint64_t packets, uint64_t bytes)
{
	json_open(j, key, '{');
	json_uint(j, "packets", packets);
	json_uint(j, "bytes", bytes);
	json_close(j, '}');
}

/* offered = shunted + filtered + dropped + delivered; delivered = undecoded + no_ports + fragment + not_unicast +
 * duplicate + outside + tracked: to the packet. A file shunts, filters and drops nothing. */
static void accounting_json(struct json *j, const struct engine_counters *a)
{
	json_open(j, "accounting", '{');
	json_pair(j, "offered", a->offered_packets, a->offered_bytes);
	json_pair(j, "shunted", 0, 0);
	json_pair(j, "filtered", 0, 0);
	json_pair(j, "dropped", 0, 0);
	json_pair(j, "delivered", a->offered_packets, a->offered_bytes);
	json_open(j, "undecoded", '{');
	for (unsigned i = UNDECODED; i < DECODED_KINDS; i++)
		json_pair(j, word_name(WORDS_DECODED, i), a->decoded_packets[i], a->decoded_bytes[i]);
	json_close(j, '}');
	for (unsigned i = DECODED_NO_PORTS; i < UNDECODED; i++)
		json_pair(j, word_name(WORDS_DECODED, i), a->decoded_packets[i], a->decoded_bytes[i]);
	json_pair(j, "duplicate", a->duplicate_packets, a->duplicate_bytes);
	json_pair(j, "outside", a->outside_packets, a->outside_bytes);
	json_pair(j, word_name(WORDS_DECODED, DECODED), a->decoded_packets[DECODED],
		  a->decoded_bytes[DECODED]);
	json_open(j, "dns", '{');
	for (unsigned i = 0; i < DNS_DOUBTS; i++)
		json_uint(j, word_name(WORDS_DNS, i), a->dns[i]);
	json_close(j, '}');
	json_uint(j, "flows", a->flows);
	json_uint(j, "flows_evicted", a->flows_evicted);
	json_uint(j, "clock_back", a->clock_back);
	json_uint(j, "malformed_payloads", a->broken);
	json_close(j, '}');
}

static void accounting_line(FILE *to, const struct accounting *a)
{
	const struct engine_counters *c = &a->added;
	fprintf(to, "%s: %" PRIu64 " packets: %" PRIu64 " tracked", a->path, c->offered_packets,
		c->decoded_packets[DECODED]);
	for (unsigned i = DECODED + 1; i < DECODED_KINDS; i++)
		if (c->decoded_packets[i] > 0)
			fprintf(to, ", %" PRIu64 " %s", c->decoded_packets[i], word_name(WORDS_DECODED, i));
	if (c->duplicate_packets > 0)
		fprintf(to, ", %" PRIu64 " duplicate", c->duplicate_packets);
	if (c->outside_packets > 0)
		fprintf(to, ", %" PRIu64 " outside", c->outside_packets);
	fputc('\n', to);
}

static void print_accounting(const struct listing *l)
{
	for (int i = 0; i < l->file_count; i++) {
		char storage[LINE_BYTES];
		struct text t = text_in(storage, sizeof storage);
		struct json j = json_on(&t);
		if (!l->cli->json) {
			if (!l->cli->quiet)
				accounting_line(stderr, &l->files[i]);
			continue;
		}
		json_open(&j, NULL, '{');
		json_span(&j, "file", span_text(l->files[i].path));
		accounting_json(&j, &l->files[i].added);
		json_close(&j, '}');
		puts(storage);
	}
	if (!l->cli->json && !l->cli->quiet)
		fprintf(stderr, "%" PRIu64 " conferencing flows, %" PRIu64 " others\n", l->conferencing,
			l->others);
}

int verb_flows(const struct cli *c)
{
	struct library lib;
	struct listing l = { .cli = c };
	if (c->arg_count == 0 && c->config == NULL)
		return ask_daemon(c, CONTROL_FLOWS, 0);
	if (c->arg_count == 0)
		return complain(STATUS_USAGE, "flows: name a capture, or - for standard input");
	int status = library_open(c, &lib);
	if (status == STATUS_DONE && (l.files = calloc((size_t)c->arg_count, sizeof *l.files)) == NULL)
		status = complain(STATUS_OURS, "no memory");
	if (status == STATUS_DONE) {
		l.book = &lib.book;
		struct pipeline p = { .cli = c,
				      .book = &lib.book,
				      .user = &l,
				      .fact = list_flow,
				      .file = keep_accounting,
				      .options = { .every_flow = true } };
		status = pipeline_run(&p);
		print_accounting(&l);
	}
	free(l.files);
	library_close(&lib);
	return status == STATUS_DONE && l.violated ? STATUS_VIOLATED : status;
}
