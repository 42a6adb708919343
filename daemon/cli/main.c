/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"

#define DEFAULT_CONFIG "/etc/keyfence/keyfence.yaml"

const struct verb verbs[] = {
	{ "check", "[-c FILE]", "read the policy, the catalogue and the databases, and tell every mistake", verb_check, true },
	{ "replay", "[-c FILE] CAPTURE...", "judge captures: the events a policy gives", verb_replay, true },
	{ "flows", "[-c FILE] CAPTURE...", "one line a flow: what it is, where it goes", verb_flows, false },
	{ "meetings", "[-c FILE] CAPTURE...", "one block a meeting: who was contacted where", verb_meetings, false },
	{ "explain", "[-c FILE] CAPTURE... [CLIENT]", "why flows were judged so, step by step", verb_explain, true },
	{ "locate", "[-c FILE] ADDRESS...", "where an address stands, by which sources", verb_locate, true },
	{ "version", "", "version, and the libraries in use", verb_version, false },
	{ "help", "[VERB]", "this text", verb_help, false },
	{ NULL, NULL, NULL, NULL, false },
};

enum { OPTION_JSON = 256, OPTION_QUIET, OPTION_CATALOGUE, OPTION_COUNTRY_DB, OPTION_ASN_DB, OPTION_HELP };

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "quiet", no_argument, NULL, OPTION_QUIET },
	{ "catalogue", required_argument, NULL, OPTION_CATALOGUE },
	{ "country-db", required_argument, NULL, OPTION_COUNTRY_DB },
	{ "asn-db", required_argument, NULL, OPTION_ASN_DB },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 },
};

int complain(int status, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("keyfence: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return status;
}

int output_done(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return complain(STATUS_IO, "standard output: %s", strerror(errno));
	return status;
}

static const struct verb *find_verb(const char *name)
{
	for (const struct verb *v = verbs; v->name != NULL; v++)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

static bool take_option(struct cli *c, int option)
{
	switch (option) {
	case 'c': c->config = optarg; return true;
	case OPTION_JSON: c->json = true; return true;
	case OPTION_QUIET: c->quiet = true; return true;
	case OPTION_CATALOGUE: c->catalogue = optarg; return true;
	case OPTION_COUNTRY_DB: c->country_db = optarg; return true;
	case OPTION_ASN_DB: c->asn_db = optarg; return true;
	case OPTION_HELP: c->verb = "help"; return true;
	default: return false;
	}
}

static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	return isatty(STDOUT_FILENO) && (no == NULL || *no == '\0') && term != NULL && strcmp(term, "dumb") != 0;
}

int main(int argc, char **argv)
{
	struct cli c = { .colour = wants_colour() };
	int option;
	while ((option = getopt_long(argc, argv, "c:", long_options, NULL)) != -1)
		if (!take_option(&c, option))
			return STATUS_USAGE; /* getopt has said why */
	if (c.verb == NULL && optind < argc)
		c.verb = argv[optind++];
	c.args = argv + optind;
	c.arg_count = argc - optind;
	if (c.verb == NULL) {
		verb_help(&c);
		return STATUS_USAGE;
	}
	const struct verb *v = find_verb(c.verb);
	if (v == NULL)
		return complain(STATUS_USAGE, "%s is no verb; `keyfence help` lists them", c.verb);
	if (v->wants_config && c.config == NULL && access(DEFAULT_CONFIG, F_OK) == 0)
		c.config = DEFAULT_CONFIG;
	return output_done(v->run(&c));
}
