/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks for people, at most 100 columns wide: what, where, how sure, and by what it is known. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "event/say.h"
#include "event/when.h"

enum { WIDTH = 100, WHERE_MOST = 25, CELL_BYTES = 80 };

enum colour { COLOUR_NONE, COLOUR_RED, COLOUR_YELLOW, COLOUR_BOLD };
static const char *const colour_codes[] = { "", "\033[1;31m", "\033[33m", "\033[1m" };

struct page {
	struct text *to;
	const struct book *b;
	bool colour;
};

static void paint(struct page *p, enum colour c)
{
	text_put(p->to, p->colour ? colour_codes[c] : "");
}

static void unpaint(struct page *p, enum colour c)
{
	text_put(p->to, p->colour && c != COLOUR_NONE ? "\033[0m" : "");
}

static enum colour colour_of(unsigned severity)
{
	return severity >= 70 ? COLOUR_RED : severity >= 35 ? COLOUR_YELLOW : COLOUR_BOLD;
}

/* Lays text into lines that begin with two blanks; a word too long for a line is broken. */
static void put_wrapped(struct page *p, struct span s)
{
	const size_t most = WIDTH - 2;
	while (s.len > 0) {
		size_t n = s.len < most ? s.len : most;
		size_t cut = n;
		while (n < s.len && cut > most / 2 && s.at[cut] != ' ')
			cut--;
		n = n < s.len && s.at[cut] == ' ' ? cut : n;
		text_put(p->to, "  ");
		text_put_span(p->to, span_of(s.at, n));
		text_put(p->to, "\n");
		n += n < s.len && s.at[n] == ' ';
		s = span_of(s.at + n, s.len - n);
	}
}

/* ---- amounts ---- */
static void put_bytes(struct text *t, uint64_t n)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	if (n < 1000) {
		text_printf(t, "%u B", (unsigned)n);
		return;
	}
	size_t unit = 0;
	uint64_t tenths = n / 100;
	for (; tenths >= 10000 && unit < 5; unit++)
		tenths /= 1000;
	text_printf(t, "%" PRIu64 ".%u %s", tenths / 10, (unsigned)(tenths % 10), units[unit]);
}

static void put_count(struct text *t, uint64_t n)
{
	static const char units[] = "kMGTPE";
	size_t unit = 0;
	if (n < 1000000) {
		text_printf(t, "%" PRIu64, n);
		return;
	}
	for (n /= 1000; n >= 1000000 && unit < 5; unit++)
		n /= 1000;
	text_printf(t, "%" PRIu64 "%c", n, units[unit]);
}

static void put_plural(struct text *t, uint64_t n, const char *one)
{
	text_printf(t, "%" PRIu64 " %s%s", n, one, n == 1 ? "" : "s");
}

static void put_ways(struct text *t, const uint64_t bytes[2])
{
	put_bytes(t, bytes[0]);
	text_put(t, " out, ");
	put_bytes(t, bytes[1]);
	text_put(t, " in");
}

/* ---- the table of places ---- */
enum column { COLUMN_WHAT, COLUMN_WHERE, COLUMN_SURE, COLUMN_STAGE, COLUMN_PACKETS, COLUMN_BYTES, COLUMNS };
struct cells {
	char cell[COLUMNS][CELL_BYTES];
};

/* The weightiest roles: what else runs there says little beside them. */
static void put_what(struct text *t, const struct event_place *p)
{
	unsigned heavy = p->roles & (ROLE_KEY | ROLE_MEDIA);
	unsigned roles = heavy != 0 ? heavy : say_role(CODES, p->roles), bit;
	const char *name;
	for (size_t i = 0; (name = word_at(WORDS_ROLE, i, &bit)) != NULL; i++)
		if ((roles & bit) != 0)
			text_printf(t, "%s%s", t->len > 0 ? "+" : "", name);
	if (p->place != PLACE_SERVER || p->path == PATH_RELAY || p->path == PATH_PEER)
		text_printf(t, " %s",
			    p->place != PLACE_SERVER ? word_name(WORDS_PLACE, p->place)
						     : word_name(WORDS_PATH, p->path));
}

static void put_where(struct text *t, const struct event_place *p)
{
	char address[ADDRESS_TEXT_BYTES];
	bool v4 = address_is_v4(&p->at);
	const char *proto = word_name(WORDS_PROTO, p->proto);
	text_printf(t, v4 ? "%s:%u/%s" : "[%s]:%u/%s", address_text(&p->at, address), p->port,
		    proto != NULL ? proto : "?");
}

static void put_sure(struct text *t, const struct book *b, const struct event_place *p)
{
	const struct location *at = &p->where;
	const char *certainty = word_name(WORDS_CERTAINTY, at->certainty);
	unsigned n = say_candidates(at);
	say_countries(t, at->candidate, n, ",");
	if (n == 0)
		text_put(t, book_is_local(b, &p->at) ? "local" : "unknown");
	else
		text_printf(t, " %s", certainty != NULL ? certainty : "");
}

static void fill_cells(const struct book *b, const struct event_place *p, struct cells *ret)
{
	struct text t[COLUMNS];
	const char *stage = word_name(WORDS_STAGE, p->stage);
	for (int i = 0; i < COLUMNS; i++)
		t[i] = text_in(ret->cell[i], CELL_BYTES);
	put_what(&t[COLUMN_WHAT], p);
	put_where(&t[COLUMN_WHERE], p);
	put_sure(&t[COLUMN_SURE], b, p);
	text_put(&t[COLUMN_STAGE], stage != NULL ? stage : "");
	put_count(&t[COLUMN_PACKETS], p->packets[0] + p->packets[1]);
	put_bytes(&t[COLUMN_BYTES], p->bytes[0] + p->bytes[1]);
}

static void widen(const struct cells *c, size_t width[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++) {
		size_t n = strlen(c->cell[i]);
		n = i == COLUMN_WHERE && n > WHERE_MOST ? WHERE_MOST : n;
		width[i] = n > width[i] ? n : width[i];
	}
}

/* An address too long for its column stands on a line of its own, so that the others stay aligned. */
static void put_row(struct page *p, char mark, const struct cells *c, const size_t width[COLUMNS])
{
	bool own_line = strlen(c->cell[COLUMN_WHERE]) > WHERE_MOST;
	text_printf(p->to, "%c %-*s  ", mark, (int)width[COLUMN_WHAT], c->cell[COLUMN_WHAT]);
	if (own_line)
		text_printf(p->to, "%s\n%*s", c->cell[COLUMN_WHERE], (int)width[COLUMN_WHAT] + 4, "");
	text_printf(p->to, "%-*s  %-*s  %-*s  %*s  %*s", (int)width[COLUMN_WHERE],
		    own_line ? "" : c->cell[COLUMN_WHERE], (int)width[COLUMN_SURE], c->cell[COLUMN_SURE],
		    (int)width[COLUMN_STAGE], c->cell[COLUMN_STAGE], (int)width[COLUMN_PACKETS],
		    c->cell[COLUMN_PACKETS], (int)width[COLUMN_BYTES], c->cell[COLUMN_BYTES]);
}

/* The name under the address; of a long one its end, which says more. */
static void put_name(struct page *p, const struct event_place *place, size_t indent)
{
	char storage[FACT_NAME_BYTES * 4 + ADDRESS_TEXT_BYTES + 16], address[ADDRESS_TEXT_BYTES];
	struct text t = text_in(storage, sizeof storage);
	text_plain(&t, say_name(place));
	if (place->place != PLACE_SERVER)
		text_printf(&t, "by way of %s", address_text(&place->via, address));
	size_t room = WIDTH - indent - 3;
	bool cut = t.len > room || (place->name_cut != 0 && t.len > 0);
	const char *tail = t.len > room ? t.at + t.len - room : t.at;
	if (t.len > 0)
		text_printf(p->to, "%*s%s%s\n", (int)indent, "", cut ? "..." : "", tail);
}

/* What is blocked violates as soon as it has answered, what alerts when it is used. */
static bool is_violating(const struct event_place *p)
{
	return p->verdict.rule != 0 && ((p->verdict.action == ACTION_BLOCK && p->stage >= STAGE_PROBE) ||
					(p->verdict.action == ACTION_ALERT && p->stage >= STAGE_USED));
}

static void put_places(struct page *p, const struct meeting *m)
{
	static const struct cells head = { { "WHAT", "WHERE", "COUNTRY", "STAGE", "PACKETS", "BYTES" } };
	struct cells cells[EVENT_PLACES];
	size_t width[COLUMNS] = { 0 };
	widen(&head, width);
	for (unsigned i = 0; i < say_places(m); i++) {
		fill_cells(p->b, &m->place[i], &cells[i]);
		widen(&cells[i], width);
	}
	paint(p, COLOUR_BOLD);
	put_row(p, ' ', &head, width);
	unpaint(p, COLOUR_BOLD);
	text_put(p->to, "\n");
	for (unsigned i = 0; i < say_places(m); i++) {
		const struct event_place *place = &m->place[i];
		bool bad = is_violating(place);
		paint(p, bad ? COLOUR_RED : COLOUR_NONE);
		put_row(p, bad ? '!' : ' ', &cells[i], width);
		unpaint(p, bad ? COLOUR_RED : COLOUR_NONE);
		text_put(p->to, "\n");
		put_name(p, place, width[COLUMN_WHAT] + 4);
	}
	if (m->places_lost > 0)
		text_printf(p->to, "  and %" PRIu32 " more that matter less\n", m->places_lost);
}

/* ---- what stands around it ---- */
static void put_span_of_time(struct text *t, uint64_t first_us, uint64_t last_us)
{
	when_plain(t, first_us);
	text_put(t, " to ");
	if (when_same_day(first_us, last_us))
		when_clock(t, last_us);
	else
		when_plain(t, last_us);
	text_put(t, " UTC, ");
	when_lasting(t, last_us > first_us ? last_us - first_us : 0);
}

static void put_sums(struct page *p, const struct meeting *m)
{
	char storage[256];
	struct text t = text_in(storage, sizeof storage);
	put_span_of_time(&t, m->first_us, m->last_us);
	text_put(&t, "; ");
	put_plural(&t, m->flows, "flow");
	text_put(&t, ", ");
	put_ways(&t, m->bytes);
	put_wrapped(p, span_of(t.at, t.len));
}

static void put_evidence(struct page *p, const struct event *e)
{
	static const struct {
		unsigned evidence;
		const char *phrase;
	} phrases[] = {
		{ EV_SNI, "the name that the client asked for" },
		{ EV_DNS, "the name that DNS gave the address" },
		{ EV_CERT, "the server's certificate" },
		{ EV_ANSWER, "the server's own answers" },
		{ EV_PREFIX, "the vendor's list of addresses" },
		{ EV_PAYLOAD, "what the client's packets look like" },
		{ EV_DECLARED, "what the client was told" },
		{ EV_PORT, "the port" },
	};
	char storage[512];
	struct text t = text_in(storage, sizeof storage);
	const char *strength = word_name(WORDS_STRENGTH, strength_of(e->worst.evidence));
	text_put(&t, "Known by ");
	bool begun = false;
	for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
		if ((e->worst.evidence & phrases[i].evidence) == 0)
			continue;
		text_put(&t, begun ? ", " : "");
		text_put(&t, phrases[i].phrase);
		begun = true;
	}
	text_printf(&t, "%s (%s).", begun ? "" : "nothing", strength != NULL ? strength : "");
	put_wrapped(p, span_of(t.at, t.len));
}

static void put_violating(struct page *p, const struct event *e)
{
	char storage[512];
	struct text t = text_in(storage, sizeof storage);
	size_t n = e->violating_count < 8 ? e->violating_count : 8;
	put_plural(&t, e->violating_flows, "flow");
	text_put(&t, " broke the rule: ");
	put_plural(&t, e->violating_packets[0] + e->violating_packets[1], "packet");
	text_put(&t, ", ");
	put_ways(&t, e->violating_bytes);
	text_put(&t, n > 0 ? "; to " : "");
	say_countries(&t, e->violating, n, ", ");
	text_put(&t, ".");
	put_wrapped(p, span_of(t.at, t.len));
}

static void put_reason(struct page *p, const struct event *e)
{
	char storage[REASON_BYTES];
	struct text t = text_in(storage, sizeof storage);
	event_reason(p->b, e, &t);
	if (t.len > 0)
		t.at[0] = (char)toupper((unsigned char)t.at[0]);
	text_put(&t, ".");
	put_wrapped(p, span_of(t.at, t.len));
}

static void put_headline(struct page *p, const struct event *e)
{
	char address[ADDRESS_TEXT_BYTES], word[16];
	unsigned syslog;
	snprintf(word, sizeof word, "%s", say_severity(e->severity, &syslog));
	for (char *c = word; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	const char *code = word_name(WORDS_CODE, e->code);
	paint(p, colour_of(e->severity));
	text_printf(p->to, "%s %u  %s", word, e->severity, code != NULL ? code : "");
	unpaint(p, colour_of(e->severity));
	text_put(p->to, "  ");
	text_plain(p->to, say_service(p->b, e->service));
	text_printf(p->to, "%s client %s\n", e->without_meeting != 0 ? "" : " meeting,",
		    address_text(&e->meeting.client, address));
}

void event_text(const struct book *b, const struct event *e, bool colour, struct text *ret)
{
	struct page p = { ret, b, colour };
	bool notice = e->code == CODE_LOC_NONE;
	put_headline(&p, e);
	if (!notice)
		put_sums(&p, &e->meeting);
	put_reason(&p, e);
	if (notice)
		return;
	text_put(ret, "\n");
	put_places(&p, &e->meeting);
	text_put(ret, "\n");
	put_evidence(&p, e);
	put_violating(&p, e);
	text_printf(ret, "  Alert %016" PRIx64 "%s %016" PRIx64 "\n", e->alert_id,
		    e->without_meeting != 0 ? ", window" : ", meeting", e->meeting.id);
}

void meeting_text(const struct book *b, const struct meeting *m, bool colour, struct text *ret)
{
	struct page p = { ret, b, colour };
	char address[ADDRESS_TEXT_BYTES];
	paint(&p, COLOUR_BOLD);
	text_plain(ret, say_service(b, m->service));
	text_printf(ret, " meeting, client %s", address_text(&m->client, address));
	unpaint(&p, COLOUR_BOLD);
	text_printf(ret, "  %016" PRIx64 "\n", m->id);
	put_sums(&p, m);
	put_places(&p, m);
}
