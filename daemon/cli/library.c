/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "cli/cli.h"
#include "installed.h"

static void print_report(const struct cli *c, const struct config_report *r)
{
	bool warning;
	const char *line;
	bool warn = !c->quiet && config_mistakes(r) == 0;
	for (size_t i = 0; (line = config_line(r, i, &warning)) != NULL; i++)
		if (!warning || warn)
			fprintf(stderr, "%s%s\n", warning ? "warning: " : "", line);
}

static int status_of(int r)
{
	switch (r) {
	case 0: return STATUS_DONE;
	case -EINVAL: return STATUS_CONFIG;
	case -EIO: return STATUS_IO;
	case -EBADMSG: return STATUS_DATA;
	default: return STATUS_OURS;
	}
}

int library_open_on(const struct cli *c, const struct config_gateway *gateway, struct library *ret)
{
	char services[PATH_MAX], tables[PATH_MAX];
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	struct config_request q = { .policy = c->config,
				    .gateway = *gateway,
				    .catalogue = c->catalogue,
				    .country_db = c->country_db,
				    .asn_db = c->asn_db,
				    .now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000 };
	if (q.catalogue == NULL)
		q.catalogue = installed_folder(c->config, "services.d", services);
	q.tables = installed_folder(c->config, "tables", tables);
	struct config_report *report = config_report_new();
	size_t bytes = 0;
	const char *why = "";
	*ret = (struct library){ 0 };
	if (report == NULL)
		return complain(STATUS_OURS, "no memory");
	int r = config_load(&q, report, &ret->image, &bytes);
	print_report(c, report);
	ret->mistakes = config_mistakes(report), ret->warnings = config_warnings(report);
	config_report_free(report);
	if (r < 0)
		return status_of(r);
	if (book_open(span_of(ret->image, bytes), &ret->book, &why) < 0)
		return complain(STATUS_OURS, "the compiled book does not open: %s", why);
	return STATUS_DONE;
}

int library_open(const struct cli *c, struct library *ret)
{
	return library_open_on(c, &(struct config_gateway){ 0 }, ret);
}

void library_close(struct library *l)
{
	free(l->image);
	l->image = NULL;
}
