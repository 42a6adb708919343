/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

int verb_help(const struct cli *c)
{
	(void)c;
	puts("keyfence: where do the keys and the media of video meetings go?\n\nusage: keyfence VERB [OPTION...] [ARGUMENT...]\n");
	for (const struct verb *v = verbs; v->name != NULL; v++)
		printf("  %-9s %-30s %s\n", v->name, v->arguments, v->help);
	puts("\nA CAPTURE is a pcap or pcapng file, or - for standard input; several are one capture in the order given.\n"
	     "\n  -c, --config FILE   the policy (else /etc/keyfence/keyfence.yaml, where a verb uses one)\n"
	     "  --json              one JSON object a line\n"
	     "  --quiet             no progress, no warnings\n"
	     "  --catalogue DIR     services.d to use instead of the policy's\n"
	     "  --country-db FILE   MMDB or IPFire text instead of the policy's country databases (locate)\n"
	     "  --asn-db FILE       the same for autonomous systems (locate)\n"
	     "\nexit status: 0 done, nothing violated; 1 a violation was found; 64 usage; 65 bad input data; 69 a needed\n"
	     "service is missing; 70 our own error; 74 input/output; 77 a privilege is missing; 78 configuration");
	return STATUS_DONE;
}

int verb_version(const struct cli *c)
{
	if (c->json)
		printf("{\"name\":\"keyfence\",\"version\":\"%s\",\"capture\":\"%s\",\"book\":%d}\n", KEYFENCE_VERSION,
		       capture_library(), BOOK_VERSION);
	else
		printf("keyfence %s (%s)\n", KEYFENCE_VERSION, capture_library());
	return STATUS_DONE;
}
