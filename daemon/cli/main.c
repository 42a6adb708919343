/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"

#define DEFAULT_CONFIG "/etc/keyfence/keyfence.yaml"

const struct verb verbs[] = {
	{ "check", "[-c FILE]", "read the policy, the catalogue and the databases, and tell every mistake",
	  "Every mistake is told as file:line:column, with what would be right; then the exit status is 78. "
	  "Of a sound policy:\n"
	  "its settings, the services known, each source of location with its date, the rules, what the daemon captures, tells\n"
	  "and blocks, and what it is blind to. An interface that this machine does not have is a warning.",
	  verb_check, true },
	{ "replay", "[-c FILE] CAPTURE...", "judge captures: the events a policy gives",
	  "In words, one block for each alert when it is closed, and a summary; with --json every event, as "
	  "one ECS object a line.\n"
	  "The exit status is 1 if a rule was broken, also where it would be blocked in enforce mode only.",
	  verb_replay, true },
	{ "flows", "[-c FILE] [CAPTURE...]", "one line a flow: what it is, where it goes",
	  "Without a capture: the conferencing flows that the running daemon sees now.\n"
	  "Without a policy there is no verdict and no location. With --json every flow, conferencing or "
	  "not, and at the end the\n"
	  "accounting of each file: offered = shunted + filtered + dropped + delivered, to the packet.",
	  verb_flows, false },
	{ "meetings", "[-c FILE] [CAPTURE...]", "one block a meeting: who was contacted where",
	  "Without a capture: the meetings that the running daemon sees now.\n"
	  "A meeting starts with a flow of keys or media, and ends two minutes after the last packet of such "
	  "a flow.",
	  verb_meetings, false },
	{ "explain", "[-c FILE] CAPTURE... [CLIENT]", "why flows were judged so, step by step",
	  "For each conferencing flow, those that broke a rule first: what was found in its packets, the "
	  "rows of the catalogue\n"
	  "that matched and their source, what each source of location says and its date, and each rule "
	  "tried. An address behind\n"
	  "the captures limits it to one client. A capture is read once for each flow, so it must be a file.",
	  verb_explain, true },
	{ "locate", "[-c FILE] ADDRESS...", "where an address stands, by which sources",
	  "Every source is shown with its date, and whether it counts. --country-db and --asn-db take the "
	  "place of the policy's.",
	  verb_locate, true },
	{ "status", "", "is all well with the running daemon, and what is it blind to",
	  "What is wrong or not seen comes first, a line each; then the book in force, the captures, the "
	  "accounting of the\n"
	  "last minute, the outputs, and each source of location with its date. The exit status is 1 where not all is well.",
	  verb_status, false },
	{ "blocks", "", "what the running daemon blocks now",
	  "One line a block: its number, client, server, and until when.", verb_blocks, false },
	{ "unblock", "NUMBER|all", "take a block away",
	  "For root and the daemon's user. What is let go is not blocked again as long as a block would last.", verb_unblock, false },
	{ "pause", "[TIME]", "make no blocks, for so long (10m, 2h) or until resume",
	  "For root and the daemon's user. What is blocked is let go; alerts go on.", verb_pause, false },
	{ "resume", "", "make blocks again", "For root and the daemon's user.", verb_resume, false },
	{ "reload", "", "read the policy and the databases again",
	  "Waits for the outcome; a mistake changes nothing and is told here. For root and the daemon's "
	  "user.",
	  verb_reload, false },
	{ "version", "", "version, and the libraries in use", "Also what built it, with --json.",
	  verb_version, false },
	{ "help", "[VERB...]", "this text, or more of one verb",
	  "Without a verb: all of them, the options, and the exit statuses.", verb_help, false },
	{ NULL, NULL, NULL, NULL, NULL, false },
};

enum {
	OPTION_JSON = 256,
	OPTION_QUIET,
	OPTION_CATALOGUE,
	OPTION_COUNTRY_DB,
	OPTION_ASN_DB,
	OPTION_SIDE,
	OPTION_HELP
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "quiet", no_argument, NULL, OPTION_QUIET },
	{ "catalogue", required_argument, NULL, OPTION_CATALOGUE },
	{ "country-db", required_argument, NULL, OPTION_COUNTRY_DB },
	{ "asn-db", required_argument, NULL, OPTION_ASN_DB },
	{ "side", required_argument, NULL, OPTION_SIDE },
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
	bool failed_before = ferror(stdout);
	if (fflush(stdout) != 0)
		return complain(STATUS_IO, "standard output: %s", strerror(errno));
	return failed_before ? complain(STATUS_IO, "standard output: not all of it could be written")
			     : status;
}

const struct verb *verb_find(const char *name)
{
	for (const struct verb *v = verbs; v->name != NULL; v++)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

static bool take_side(struct cli *c, const char *word)
{
	unsigned side;
	if (!word_find(WORDS_SIDE, span_text(word), &side)) {
		complain(STATUS_USAGE, "--side %s: %s, %s or %s would be right", word,
			 word_name(WORDS_SIDE, SIDE_INSIDE), word_name(WORDS_SIDE, SIDE_OUTSIDE),
			 word_name(WORDS_SIDE, SIDE_MIRROR));
		return false;
	}
	c->side = (uint8_t)side;
	return true;
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
	case OPTION_SIDE: return take_side(c, optarg);
	case OPTION_HELP: c->verb = "help"; return true;
	default: return false;
	}
}

static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	return isatty(STDOUT_FILENO) && (no == NULL || *no == '\0') && term != NULL &&
	       strcmp(term, "dumb") != 0;
}

static const char *configured(const struct cli *c, const struct verb *v)
{
	bool databases = c->country_db != NULL || c->asn_db != NULL; /* they take the place of a policy */
	bool fits = v->wants_config && c->config == NULL && !databases && access(DEFAULT_CONFIG, F_OK) == 0;
	return fits ? DEFAULT_CONFIG : c->config;
}

int main(int argc, char **argv)
{
	int option;
	struct cli c = { .colour = wants_colour() };
	argv[0] = (char[]){ "keyfence" }; /* so getopt names it */
	while ((option = getopt_long(argc, argv, "c:", long_options, NULL)) != -1)
		if (!take_option(&c, option))
			return complain(STATUS_USAGE, "`keyfence help` lists the options"); /* why was said */
	if (c.verb == NULL && optind < argc)
		c.verb = argv[optind++];
	c.args = argv + optind;
	c.arg_count = argc - optind;
	if (c.verb == NULL)
		return help_usage();
	const struct verb *v = verb_find(c.verb);
	if (v == NULL)
		return complain(STATUS_USAGE, "%s is no verb; `keyfence help` lists them", c.verb);
	c.config = configured(&c, v);
	return output_done(v->run(&c));
}
