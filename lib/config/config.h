/* SPDX-License-Identifier: GPL-3.0-or-later */
/* config: YAML policy and catalogue, country databases, provider lists -> book. The only room of lib that opens
 * files. Every mistake is told as `file:line:column: what is wrong; what would be right`, all of them at once. */
#ifndef KEYFENCE_CONFIG_CONFIG_H
#define KEYFENCE_CONFIG_CONFIG_H

#include "book/book.h"

enum {
	CONFIG_POLICY_BYTES = 8 << 20,
	CONFIG_MISTAKES = 64
}; /* a larger policy is a mistake; further mistakes are counted */

/* Mistakes and warnings, in order of file and line; texts are whole lines without line end, safe for a terminal. */
struct config_report;
struct config_report *config_report_new(void);
void config_report_free(struct config_report *r);
size_t config_mistakes(const struct config_report *r);
size_t config_warnings(const struct config_report *r);
/* i-th line of the report; *ret_warning tells which it is. NULL behind the last. */
const char *config_line(const struct config_report *r, size_t i, bool *ret_warning);

/* What the supervisor read from the kernel of the machine that this is for; all zero: nothing is known (replay). */
struct gateway_prefix {
	char interface[16]; /* NUL-ended */
	struct prefix prefix;
};
struct config_gateway {
	const struct prefix *local, *resolver, *protect; /* its own addresses, whom it asks for names, what it lives on */
	const struct gateway_prefix *prefix;             /* networks on its interfaces, or behind them */
	size_t local_count, resolver_count, protect_count, prefix_count;
};

struct config_request {
	const char *policy; /* path, or NULL: no policy: catalogue only */
	const char *
		catalogue; /* directory of services.d; NULL: the one beside the policy, else the installed one */
	const char *tables; /* directory of regions-*.yaml (names of provider regions); NULL: as above */
	const char *country_db,
		*asn_db; /* databases named on a command line, instead of the policy's; or NULL */
	uint64_t now_us; /* for max_age and exceptions that have ended */
	uint32_t generation; /* of the book; 0 is 1 */
	struct config_gateway gateway;
};

/* 0: *ret_image (free() it) is a book. -EINVAL: mistakes (exit 78). -EIO: a file could not be read (exit 74).
 * -EBADMSG: a database named in country_db or asn_db is bad (exit 65). -ENOMEM. The report has the lines. */
int config_load(const struct config_request *q, struct config_report *r, uint8_t **ret_image,
		size_t *ret_bytes);

#endif
