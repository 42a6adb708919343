/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"
#include "control.h"

int verb_status(const struct cli *c)
{
	if (c->arg_count > 0)
		return complain(STATUS_USAGE, "status takes no argument");
	return ask_daemon(c, CONTROL_STATUS, 0);
}
