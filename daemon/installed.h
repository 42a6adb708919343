/* SPDX-License-Identifier: GPL-3.0-or-later */
/* installed: where the catalogue (services.d) and the tables stand when a policy has none of its own beside it: in conf/ of
 * a folder above the program while that is built but not installed, else in share/keyfence/ of one. */
#ifndef KEYFENCE_DAEMON_INSTALLED_H
#define KEYFENCE_DAEMON_INSTALLED_H

#include <limits.h>

/* The folder's path in ret; NULL: one stands beside the policy (which may be NULL), or none was found: config knows what to
 * do then. */
const char *installed_folder(const char *policy, const char *folder, char ret[PATH_MAX]);

#endif
