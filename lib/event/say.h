/* SPDX-License-Identifier: GPL-3.0-or-later */
/* say: what both renderings need of an event's parts: bounded look-ups in the book, and phrases. */
#ifndef KEYFENCE_EVENT_SAY_H
#define KEYFENCE_EVENT_SAY_H

#include "event/event.h"

enum { REASON_BYTES = 1536, SAY_MOST = 256 };

/* Names of rows; "" where the row is none, or of another book. Never longer than SAY_MOST. */
struct span say_service(const struct book *b, unsigned service);
struct span say_component(const struct book *b, unsigned component);
struct span say_rule(const struct book *b, unsigned rule); /* + 1 */
struct span say_book_text(const struct book *b, struct book_text t);
const struct book_rule *say_rule_row(const struct book *b, unsigned rule); /* + 1; NULL: none */
/* A source of a location: what form it is (of the site table, the code in the name), its file and date. */
void say_source(const struct book *b, const struct location *at, const struct location_source *s,
		struct span *ret_label, struct span *ret_file, struct span *ret_built);
/* What the source says beside the country, as a provider's name of a region; "" if nothing. */
struct span say_note(const struct book *b, unsigned source, const struct address *a);

struct span say_name(const struct event_place *p);
unsigned say_candidates(const struct location *at); /* how many, within bounds */
unsigned say_places(const struct meeting *m);
const char *say_severity(unsigned severity,
			 unsigned *ret_syslog); /* the word, and the code of RFC 5424 s6.2.1 */
/* The one role that this is about: the rule's, by code; else the weightiest. */
unsigned say_role(enum code code, unsigned roles);
/* "CN" or "CN or US" with the given link between. */
void say_countries(struct text *t, const country *list, size_t n, const char *link);

#endif
