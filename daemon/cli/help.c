/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/json.h"
#include "cli/cli.h"

static void print_all(FILE *to)
{
	fputs("keyfence: where do the keys and the media of video meetings go?\n\n"
	      "usage: keyfence VERB [OPTION...] [ARGUMENT...]\n\n",
	      to);
	for (const struct verb *v = verbs; v->name != NULL; v++)
		fprintf(to, "  %-9s %-30s %s\n", v->name, v->arguments, v->help);
	fputs("\nA CAPTURE is a pcap or pcapng file, or - for standard input; several are one capture in the "
	      "order given.\n"
	      "`keyfence help VERB` says more of one verb.\n"
	      "\n  -c, --config FILE   the policy (else /etc/keyfence/keyfence.yaml, where a verb uses one)\n"
	      "  --json              one JSON object a line\n"
	      "  --quiet             no progress, no warnings\n"
	      "  --catalogue DIR     services.d to use instead of the policy's\n"
	      "  --side SIDE         where the captures were made: inside the gateway's NAT (the default), "
	      "outside "
	      "or mirror,\n"
	      "                      a mirror port, whose copies of a packet are dropped (replay, flows, "
	      "meetings, explain)\n"
	      "  --country-db FILE   MMDB or IPFire text instead of the policy's country databases (locate)\n"
	      "  --asn-db FILE       the same for autonomous systems (locate)\n"
	      "\nexit status: 0 done, nothing violated; 1 a violation was found (of status: not all is "
	      "well); 64 usage; 65 bad input "
	      "data; 69 a needed\n"
	      "service is missing; 70 our own error; 74 input/output; 77 a privilege is missing; 78 "
	      "configuration\n",
	      to);
}

static void print_json(const struct verb *v)
{
	char storage[4096];
	struct text t = text_in(storage, sizeof storage);
	struct json j = json_on(&t);
	json_open(&j, NULL, '{');
	json_text(&j, "verb", v->name);
	json_text(&j, "arguments", v->arguments);
	json_text(&j, "help", v->help);
	json_text(&j, "more", v->more);
	json_close(&j, '}');
	puts(storage);
}

static void print_one(const struct cli *c, const struct verb *v)
{
	if (c->json)
		print_json(v);
	else
		printf("usage: keyfence %s%s%s\n\n%s: %s.\n\n%s\n", v->name, *v->arguments != '\0' ? " " : "",
		       v->arguments, v->name, v->help, v->more);
}

int help_usage(void)
{
	print_all(stderr);
	return STATUS_USAGE;
}

int verb_help(const struct cli *c)
{
	for (int i = 0; i < c->arg_count; i++) {
		const struct verb *v = verb_find(c->args[i]);
		if (v == NULL)
			return complain(STATUS_USAGE, "help: %s is no verb; `keyfence help` lists them",
					c->args[i]);
		print_one(c, v);
	}
	if (c->arg_count > 0)
		return STATUS_DONE;
	if (!c->json)
		print_all(stdout);
	for (const struct verb *v = verbs; c->json && v->name != NULL; v++)
		print_json(v);
	return STATUS_DONE;
}

int verb_version(const struct cli *c)
{
	char storage[1024];
	struct text t = text_in(storage, sizeof storage);
	struct json j = json_on(&t);
	if (c->arg_count > 0)
		return complain(STATUS_USAGE, "version: takes no argument");
	if (!c->json) {
		printf("keyfence %s (%s)\n", KEYFENCE_VERSION, capture_library());
		return STATUS_DONE;
	}
	json_open(&j, NULL, '{');
	json_text(&j, "name", "keyfence");
	json_text(&j, "version", KEYFENCE_VERSION);
	json_text(&j, "capture", capture_library());
	json_text(&j, "compiler", __VERSION__);
	json_uint(&j, "book", BOOK_VERSION);
	json_close(&j, '}');
	puts(storage);
	return STATUS_DONE;
}
