/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sensor: of a policy, what it tells the daemon beside judgement: where it listens, which networks are its own, whom it tells,
 * what it may block; and what it is blind to. And what this machine's kernel says to that, if it is the one meant. */
#ifndef KEYFENCE_DAEMON_CLI_SENSOR_H
#define KEYFENCE_DAEMON_CLI_SENSOR_H

#include "base/json.h"
#include "config/config.h"

struct cli;

/* Networks on the interfaces of this machine, loopback and link-local ones aside. How many. */
size_t sensor_networks(struct gateway_prefix *ret, size_t most);
/* A warning on standard error for each interface of the policy that this machine does not have; how many. */
size_t sensor_warn(const struct cli *c, const struct book *b);

/* In words, on standard output; members of the object that is open. */
void sensor_print(const struct book *b);
void sensor_json(struct json *j, const struct book *b);

#endif
