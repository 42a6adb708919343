/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fences.h"

#include <stdio.h>
#include <string.h>

#include "control.h"
#include "report/report.h"

enum { OWN_FOLDERS = 3, FOLDERS_MOST = OWN_FOLDERS + SPOOL_OUTPUTS };

/* What it writes to: the spool, the logs, the control socket, and the folders of files that the first book names. Sockets of
 * receivers are no matter of landlock's: connecting to a path is not forbidden by it. */
static struct {
	char path[FOLDERS_MOST][OUTPUTS_FOLDER_BYTES];
	size_t count;
	bool files; /* the fence round the files stands */
} fenced;

static void list_folders(const struct report *r)
{
	static const char *const own[OWN_FOLDERS][2] = { { "STATE_DIRECTORY", "/var/lib/keyfence" },
							 { "LOGS_DIRECTORY", "/var/log/keyfence" },
							 { "RUNTIME_DIRECTORY", "/run/keyfence" } };
	for (size_t i = 0; i < OWN_FOLDERS; i++)
		control_folder(own[i][0], own[i][1], fenced.path[i], sizeof fenced.path[i]);
	fenced.count = OWN_FOLDERS +
		       outputs_folders(r->outputs, fenced.path + OWN_FOLDERS, FOLDERS_MOST - OWN_FOLDERS);
}

static int raise(const struct report *r)
{
	struct fence_folder folders[FOLDERS_MOST];
	unsigned missing = 0;
	bool strict = book_settings(&r->now->book)->fences != FENCING_AVAILABLE;
	list_folders(r);
	for (size_t i = 0; i < fenced.count; i++)
		folders[i] = (struct fence_folder){ fenced.path[i], true };
	int error = fences_raise(PROCESS_REPORT, folders, fenced.count, &missing);
	for (unsigned f = 1; f <= FENCE_SYSCALLS; f <<= 1)
		if ((missing & f) != 0)
			say("fence %s cannot be raised: %s%s", fence_name((enum fence)f), strerror(-error),
			    strict ? "; `fences: available` would start without it" : "");
	fenced.files = (missing & FENCE_FILES) == 0;
	return missing != 0 && strict ? REPORT_UNAVAILABLE : REPORT_DONE;
}

static bool is_within(const char *path)
{
	for (size_t i = 0; i < fenced.count; i++) {
		size_t n = strlen(fenced.path[i]);
		if (strncmp(path, fenced.path[i], n) == 0 && (path[n] == '\0' || path[n] == '/'))
			return true;
	}
	return false;
}

int fence_for_book(struct report *r)
{
	static char path[SPOOL_OUTPUTS][OUTPUTS_FOLDER_BYTES];
	if (!r->fenced) {
		r->fenced = true;
		return raise(r);
	}
	size_t count = outputs_folders(r->outputs, path, SPOOL_OUTPUTS);
	for (size_t i = 0; i < count; i++)
		if (fenced.files && !is_within(path[i])) {
			say("%s lies behind the fence that the former policy asked for: starting again",
			    path[i]);
			return REPORT_AGAIN;
		}
	return REPORT_DONE;
}
