/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "event/say.h"

static const char *word_of(enum word_set set, unsigned value)
{
	const char *name = word_name(set, value);
	return name != NULL ? name : "";
}

/* Keys themselves are never seen: what is said is whom the client contacted, or that keys were agreed. */
static void say_contact(struct text *t, const struct event *e, const struct event_place *p)
{
	unsigned role = say_role(e->code, p->roles);
	const char *place = word_of(WORDS_PLACE, p->place);
	if (role == ROLE_KEY && (p->basis & BASIS_SERVER) != 0)
		text_printf(t, "key %s ", place);
	else if (role == ROLE_KEY && (p->basis & BASIS_CLEAR) != 0)
		text_printf(t, "keys told in the clear on a flow to media %s ", place);
	else if (role == ROLE_KEY)
		text_printf(t, "keys %s a media %s ",
			    p->stage == STAGE_USED ? "agreed with" : "being agreed with", place);
	else
		text_printf(t, "%s %s ", word_of(WORDS_ROLE, role), place);
}

static const char *deed_of(const struct event *e, const struct event_place *p)
{
	unsigned role = say_role(e->code, p->roles);
	if (role == ROLE_KEY && (p->basis & BASIS_SERVER) == 0)
		return "";
	return role == ROLE_MEDIA && p->stage == STAGE_USED ? " used" : " contacted";
}

static void say_address(struct text *t, const struct event_place *p)
{
	char address[ADDRESS_TEXT_BYTES];
	struct span name = say_name(p);
	text_put(t, p->name_cut && name.len > 0 ? "..." : "");
	text_plain(t, name);
	text_printf(t, name.len > 0 ? " (%s)" : "%s", address_text(&p->at, address));
}

/* The last part of a path: enough to know the file by. */
static struct span base_of(struct span path)
{
	size_t at = path.len;
	while (at > 0 && path.at[at - 1] != '/')
		at--;
	return span_of(path.at + at, path.len - at);
}

static void say_source_of(struct text *t, const struct book *b, const struct event_place *p,
			  const struct location_source *s)
{
	struct span label, file, built;
	say_source(b, &p->where, s, &label, &file, &built);
	if (span_equal(label, span_text(word_of(WORDS_KIND, s->kind))))
		label = span_text(""); /* an override's says nothing more */
	const struct span part[] = { label,
				     s->kind == KIND_SITE ? span_text("") : say_note(b, s->source, &p->at),
				     base_of(file), built };
	bool begun = false;
	text_put(t, word_of(WORDS_KIND, s->kind));
	for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
		if (part[i].len == 0)
			continue;
		text_put(t, begun ? ", " : " (");
		text_plain(t, part[i]);
		begun = true;
	}
	text_put(t, begun ? ")" : "");
}

/* The sources that counted: "A and B", or "A says CN, B says US". */
static void say_sources(struct text *t, const struct book *b, const struct event_place *p, bool each_says)
{
	const struct location *at = &p->where;
	unsigned n = at->source_count < LOCATION_SOURCES ? at->source_count : LOCATION_SOURCES, said = 0;
	char two[3];
	for (unsigned i = 0; i < n; i++) {
		const struct location_source *s = &at->source[i];
		if (s->counted == 0)
			continue;
		text_put(t, said++ == 0 ? "" : each_says ? ", " : " and ");
		say_source_of(t, b, p, s);
		if (each_says)
			text_printf(t, " says %s", country_text(s->says, two));
	}
	text_put(t, said == 0 ? "the sources of the policy" : "");
}

static void say_where(struct text *t, const struct book *b, const struct event_place *p)
{
	const struct location *at = &p->where;
	unsigned n = say_candidates(at);
	text_put(t, n > 0 ? " in " : " at an unknown place: no source names a country");
	say_countries(t, at->candidate, n, " or ");
	switch ((enum certainty)at->certainty) {
	case CERTAINTY_NONE: return;
	case CERTAINTY_CONFIRMED:
		text_printf(t, ", %s by ", word_of(WORDS_CERTAINTY, at->certainty));
		say_sources(t, b, p, false);
		return;
	case CERTAINTY_PLAUSIBLE:
		text_printf(t, ", %s: said by ", word_of(WORDS_CERTAINTY, at->certainty));
		say_sources(t, b, p, false);
		text_put(t, " alone");
		return;
	case CERTAINTY_DISPUTED:
	case CERTAINTY_CONTRADICTED:
		text_printf(t, ", %s: ", word_of(WORDS_CERTAINTY, at->certainty));
		say_sources(t, b, p, true);
		text_put(t, at->certainty == CERTAINTY_CONTRADICTED ? "; a measured round trip excludes it"
								    : "");
		return;
	}
}

/* What the rule is about: "keys", "keys or media"; a service where it names no role. */
static void say_subject(struct text *t, const struct book *b, const struct event *e,
			const struct book_rule *r)
{
	static const struct {
		unsigned role;
		const char *word;
	} subjects[] = { { ROLE_KEY, "keys" },
			 { ROLE_MEDIA, "media flows" },
			 { ROLE_SIGNALLING, "signalling flows" },
			 { ROLE_WEB, "web flows" } };
	bool begun = false;
	for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
		if ((r->roles & subjects[i].role) == 0)
			continue;
		text_put(t, begun ? " or " : "");
		text_put(t, subjects[i].word);
		begun = true;
	}
	if (!begun)
		text_plain(t, say_service(b, e->service));
}

static void say_region(struct text *t, const struct book *b, const char *which, unsigned region)
{
	if (region == 0 || region > b->count[BOOK_REGION])
		return;
	text_put(t, which);
	text_plain(t, say_book_text(b, book_region(b, region - 1)->name));
}

static void say_rule_broken(struct text *t, const struct book *b, const struct event *e)
{
	const struct book_rule *r = say_rule_row(b, e->rule);
	if (r == NULL)
		return;
	text_put(t, "; rule ");
	text_plain(t, say_rule(b, e->rule));
	if (e->code == CODE_LOC_NONE)
		text_put(t, " cannot be decided there about ");
	else if (e->worst.verdict.unsure != 0)
		text_put(t, " is unsure there, and then acts, about ");
	else
		text_put(t, r->action == ACTION_BLOCK ? " forbids " : " watches for ");
	say_subject(t, b, e, r);
	say_region(t, b, " inside ", r->inside);
	say_region(t, b, " outside ", r->outside);
}

static const char *say_done(const struct event *e)
{
	switch ((enum done)e->done) {
	case DONE_NOTHING: return e->code == CODE_LOC_NONE ? "; counted in coverage, told once a day" : "";
	case DONE_ALERTED: return "; nothing was blocked";
	case DONE_BLOCKED: return "; it was blocked";
	case DONE_WOULD_BLOCK:
		return e->worst.verdict.observe != 0 ? "; would be blocked in enforce mode"
						     : "; would be blocked";
	case DONE_RELEASED: return "; the block was released";
	case DONE_FAILED: return "; blocking it failed";
	case DONE_ASKED: return "; a block was asked for";
	}
	return "";
}

void event_reason(const struct book *b, const struct event *e, struct text *ret)
{
	const struct event_place *p = &e->worst;
	say_contact(ret, e, p);
	say_address(ret, p);
	text_put(ret, deed_of(e, p));
	say_where(ret, b, p);
	text_put(ret, p->stage == STAGE_PROBE ? "; answered, not used so far" : "");
	say_rule_broken(ret, b, e);
	text_put(ret, say_done(e));
}
