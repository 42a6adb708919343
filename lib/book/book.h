/* SPDX-License-Identifier: GPL-3.0-or-later */
/* book: everything that judgement needs besides packets, as one read-only relocatable image. book_open checks
 * every section and reference once; after it, the readers here and in catalogue, geo and policy cannot fail. */
#ifndef KEYFENCE_BOOK_BOOK_H
#define KEYFENCE_BOOK_BOOK_H

#include "book/layout.h"

struct book {
	const struct book_header *header;
	const void *section[BOOK_SECTIONS];
	size_t count[BOOK_SECTIONS];
};

/* Borrows the image (8-byte aligned) for the book's life. 0; -EINVAL and *ret_why (may be NULL) a sentence. */
int book_open(struct span image, struct book *ret, const char **ret_why);

#define BOOK_ROWS(type, name, id)                                                                                \
	static inline const struct type *name(const struct book *b, size_t row)                                 \
	{                                                                                                        \
		return (const struct type *)b->section[id] + row;                                                \
	}
BOOK_ROWS(book_settings, book_settings_row, BOOK_SETTINGS)
BOOK_ROWS(book_service, book_service, BOOK_SERVICE)
BOOK_ROWS(book_component, book_component, BOOK_COMPONENT)
BOOK_ROWS(book_name, book_name, BOOK_NAME)
BOOK_ROWS(book_site, book_site, BOOK_SITE)
BOOK_ROWS(book_prefix, book_prefix, BOOK_PREFIX)
BOOK_ROWS(book_framing, book_framing, BOOK_FRAMING)
BOOK_ROWS(book_ports, book_ports, BOOK_PORTS)
BOOK_ROWS(book_source, book_source, BOOK_SOURCE)
BOOK_ROWS(book_range4, book_range4, BOOK_RANGE4)
BOOK_ROWS(book_range6, book_range6, BOOK_RANGE6)
BOOK_ROWS(book_region, book_region, BOOK_REGION)
BOOK_ROWS(book_group, book_group, BOOK_GROUP)
BOOK_ROWS(book_member, book_member, BOOK_MEMBER)
BOOK_ROWS(book_rule, book_rule, BOOK_RULE)
BOOK_ROWS(book_exception, book_exception, BOOK_EXCEPTION)
BOOK_ROWS(prefix, book_local, BOOK_LOCAL)
BOOK_ROWS(prefix, book_resolver, BOOK_RESOLVER)
BOOK_ROWS(book_capture, book_capture, BOOK_CAPTURE)
BOOK_ROWS(book_output, book_output, BOOK_OUTPUT)
BOOK_ROWS(prefix, book_protect, BOOK_PROTECT)
BOOK_ROWS(book_enforce, book_enforce, BOOK_ENFORCE)
#undef BOOK_ROWS

static inline const struct book_settings *book_settings(const struct book *b) { return book_settings_row(b, 0); }
static inline const uint16_t *book_service_list(const struct book *b) { return b->section[BOOK_SERVICE_LIST]; }
static inline const country *book_country_list(const struct book *b) { return b->section[BOOK_COUNTRY_LIST]; }
static inline struct span book_span(const struct book *b, struct book_text t)
{
	return span_of((const char *)b->section[BOOK_TEXT] + t.at, t.bytes);
}
/* Texts are NUL-ended in the image, too: for our own clean words (names of services, rules, regions). */
static inline const char *book_string(const struct book *b, struct book_text t)
{
	return (const char *)b->section[BOOK_TEXT] + t.at;
}
/* The local networks, as told; whether an address is one of ours. */
bool book_is_local(const struct book *b, const struct address *a);
/* The event code of a rule's alert about a flow of these roles: by the role that both name; a rule that asks for no role and
 * no region minds the service itself. */
enum code book_rule_code(const struct book *b, size_t row, unsigned roles);
/* First `until` of exceptions and other instants at which verdicts change after at_us; UINT64_MAX: none. */
uint64_t book_next_change(const struct book *b, uint64_t at_us);

#endif
