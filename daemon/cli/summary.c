/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/summary.h"

#include <stdio.h>

#include "cli/show.h"

static void put_place(struct text *t, const struct book *b, const struct event_place *p)
{
	show_country(t, b, &p->at, &p->where, " or ", "unknown place");
	if (p->where.count > 0)
		text_printf(t, " (%s)", word_name(WORDS_CERTAINTY, p->where.certainty));
}

static bool same_answer(const struct book *b, const struct event_place *one, const struct event_place *other)
{
	const struct location *a = &one->where, *o = &other->where;
	return a->count == o->count && a->certainty == o->certainty &&
	       book_is_local(b, &one->at) == book_is_local(b, &other->at) &&
	       memcmp(a->candidate, o->candidate, a->count * sizeof *a->candidate) == 0;
}

/* The different answers of the meeting's places of one role, in their order. */
static void put_role(struct text *t, const struct book *b, const struct meeting *m, unsigned role)
{
	const char *before = "";
	text_printf(t, "; %s ", word_name(WORDS_ROLE, role));
	for (unsigned i = 0; i < m->place_count; i++) {
		const struct event_place *p = &m->place[i];
		bool told = !(p->roles & role);
		for (unsigned n = 0; n < i && !told; n++)
			told = m->place[n].roles & role && same_answer(b, &m->place[n], p);
		if (told)
			continue;
		text_put(t, before);
		put_place(t, b, p);
		before = ", ";
	}
}

void summary_meeting(struct summary *s, const struct book *b, const struct meeting *m)
{
	char client[ADDRESS_TEXT_BYTES];
	if (s->meetings == SUMMARY_LINES) {
		s->meetings_left_out++;
		return;
	}
	struct text t = text_in(s->meeting[s->meetings].text, SUMMARY_TEXT_BYTES);
	s->meeting[s->meetings++].id = m->id;
	text_printf(&t, "%s meeting of %s", book_string(b, book_service(b, m->service)->name),
		    address_text(&m->client, client));
	if (m->roles & ROLE_KEY)
		put_role(&t, b, m, ROLE_KEY);
	if (m->roles & ROLE_MEDIA)
		put_role(&t, b, m, ROLE_MEDIA);
}

void summary_alert(struct summary *s, const struct book *b, const struct event *closed)
{
	if (s->alerts == SUMMARY_ALERTS) {
		s->alerts_left_out++;
		return;
	}
	struct text t = text_in(s->alert[s->alerts].text, SUMMARY_TEXT_BYTES);
	s->alert[s->alerts++].id = closed->meeting.id;
	text_printf(&t, "%s by ", word_name(WORDS_CODE, closed->code));
	event_reason(b, closed, &t);
	show_set(&t, "; evidence ", "+", WORDS_EVIDENCE, closed->worst.evidence);
	text_printf(&t, " (%s)", word_name(WORDS_STRENGTH, strength_of(closed->worst.evidence)));
}

static void print_alerts(const struct summary *s, uint64_t meeting, bool colour, bool *told)
{
	for (size_t i = 0; i < s->alerts; i++)
		if (s->alert[i].id == meeting && !told[i]) {
			printf("  %s! %s%s\n", colour ? "\033[1;31m" : "", s->alert[i].text,
			       colour ? "\033[0m" : "");
			told[i] = true;
		}
}

void summary_print(const struct summary *s, bool colour)
{
	bool told[SUMMARY_ALERTS] = { false };
	size_t meetings = s->meetings + s->meetings_left_out, alerts = s->alerts + s->alerts_left_out;
	printf("In short: %zu meeting%s, %zu alert%s\n", meetings, meetings == 1 ? "" : "s", alerts,
	       alerts == 1 ? "" : "s");
	for (size_t i = 0; i < s->meetings; i++) {
		puts(s->meeting[i].text);
		print_alerts(s, s->meeting[i].id, colour, told);
	}
	for (size_t i = 0; i < s->alerts; i++)
		print_alerts(s, s->alert[i].id, colour, told);
	if (s->meetings_left_out + s->alerts_left_out > 0)
		printf("and %zu meetings and %zu alerts more\n", s->meetings_left_out, s->alerts_left_out);
}
