/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/state.h"

enum { RATE_PACKETS = 25, RATE_SECONDS = 10 }; /* media-like: so many packets a second both ways, so long (design section 8) */
enum { ASK_EVERY = 16 }; /* the catalogue, of findings that repeat: a name may have come since */

static const uint16_t tells_of_payload = TELLS_SETUP | TELLS_SESSION | TELLS_KEYS | TELLS_CLEAR_KEYS | TELLS_MEDIA;

/* The client is turned at most once, at the first finding that tells who asked. */
static void turn_client(struct flow *f, bool from_hi, const struct finding *x)
{
	if (f->marks & FLOW_CLIENT_FIXED || !(x->tells & (TELLS_REQUEST | TELLS_ANSWER)))
		return;
	f->now.client_is_hi = x->tells & TELLS_REQUEST ? from_hi : !from_hi;
	f->marks |= FLOW_CLIENT_FIXED;
}

enum name_by { NAME_BY_NOTHING, NAME_BY_CERT, NAME_BY_DNS, NAME_BY_SNI };

static void keep_name(struct detail *d, struct span name, unsigned evidence)
{
	uint8_t from = evidence & EV_SNI ? NAME_BY_SNI : evidence & EV_DNS ? NAME_BY_DNS : NAME_BY_CERT;
	bool host = name.len > 0 && memchr(name.at, '.', name.len) != NULL; /* "WebRTC" on a certificate names no host */
	if (!host || from <= d->name_from)
		return;
	size_t n = name.len < FACT_NAME_BYTES ? name.len : FACT_NAME_BYTES;
	memcpy(d->name, name.at + name.len - n, n);
	d->name_bytes = (uint8_t)n;
	d->name_from = from;
}

/* A relay's outer address counts from the relay's own mouth. An end of this flow, or a private address, is no further
 * place. */
static void keep_told(const struct flow *f, struct detail *d, bool far, const struct finding *x)
{
	bool peer = x->told_as == TOLD_PEER;
	if (!peer && !(x->told_as == TOLD_RELAY && far))
		return;
	if (address_class_of(&x->told) != ADDRESS_GLOBAL || address_equal(&x->told, &f->key.lo) ||
	    address_equal(&x->told, &f->key.hi))
		return;
	d->told[peer] = x->told;
	d->told_port[peer] = x->told_port;
	d->marks |= peer ? MARK_TOLD_PEER : MARK_TOLD_RELAY;
}

static void add_match(struct flow *f, struct detail *d, const struct match *m)
{
	bool better = m->service != SERVICE_NONE && (f->now.service == SERVICE_NONE || f->now.service == SERVICE_UNKNOWN);
	if (better) {
		f->now.service = m->service;
		f->now.component = m->component;
	}
	if (m->service != SERVICE_NONE && m->service != f->now.service)
		return; /* another service's name: no evidence of this one */
	f->now.evidence |= m->evidence;
	if (m->service == SERVICE_NONE || (m->evidence & EV_CERT && d->name_from > NAME_BY_CERT))
		return; /* a certificate stands for many hosts: beside a better name it confirms, and tells no roles */
	f->now.roles |= m->roles;
	f->now.basis |= m->basis;
	f->now.media |= m->media;
	d->may |= m->may;
	if (f->now.path == PATH_NONE || (f->now.path == PATH_SERVER && m->path > PATH_SERVER))
		f->now.path = m->path;
	if (m->standing)
		f->flags |= FLOW_STANDING;
	if (m->site_row != 0 && d->site_row == 0) {
		d->site = m->site;
		d->site_row = m->site_row;
	}
	if (f->now.component == 0)
		f->now.component = m->component;
	keep_name(d, m->name, m->evidence);
}

/* Contact is not use. */
static void raise_stage(struct flow *f, unsigned tells)
{
	bool finished = (tells & TELLS_KEYS) && (tells & TELLS_ENCRYPTED);
	bool fetched = (tells & TELLS_DATA) && f->now.basis & BASIS_SERVER;
	if (f->now.evidence & EV_ANSWER && f->now.stage < STAGE_PROBE)
		f->now.stage = STAGE_PROBE;
	if (finished || fetched || tells & (TELLS_MEDIA | TELLS_LASTING))
		f->now.stage = STAGE_USED;
}

static struct match ask_catalogue(struct engine *e, struct flow *f, const struct recogniser *r, const struct finding *x,
				  struct trace *t)
{
	struct span names[PLACE_NAMES];
	struct clues clues = { .finding = x, .framing = r->name, .server = flow_server(f), .dns_names = names,
			       .server_port = flow_server_port(f), .proto = f->key.proto };
	clues.dns_count = places_names(e->places, clues.server, e->now_us, names);
	struct span name = x->name_count > 0 ? x->name[0] : (struct span){ NULL, 0 };
	trace_add(t, (struct trace_step){ .what = TRACE_FINDING, .row = x->wire, .number = x->tells }, name);
	return catalogue_match(e->book, &clues, t);
}

static bool is_repeated(struct detail *d, const struct finding *x)
{
	bool same = d->asked_of == x->wire + 1;
	d->asked = same ? (uint8_t)(d->asked + 1) : 0;
	d->asked_of = (uint8_t)(x->wire + 1);
	return same && d->asked % ASK_EVERY != 0;
}

/* The catalogue is asked when a finding says something that was not said before. */
static bool is_fresh(const struct flow *f, struct detail *d, const struct finding *x, bool answered)
{
	bool open = f->now.service == SERVICE_NONE || f->now.service == SERVICE_UNKNOWN;
	return x->tells & ~d->tells || x->name_count > 0 || (answered && !(f->now.evidence & EV_ANSWER)) ||
	       (open && (x->number_count > 0 || x->text[TEXT_USERNAME].len > 0 || x->text[TEXT_REALM].len > 0 ||
			 (x->tells & tells_of_payload && !is_repeated(d, x))));
}

void merge_finding(struct engine *e, struct flow *f, struct detail *d, bool from_hi, const struct recogniser *r,
		   const struct finding *x)
{
	turn_client(f, from_hi, x);
	bool far = !from_client(f, from_hi), answered = far && x->tells & TELLS_ANSWER;
	if (is_fresh(f, d, x, answered)) {
		struct trace *t = e->options.trace != NULL ? trace_of(e, flow_id(f)) : NULL;
		struct match m = ask_catalogue(e, f, r, x, t);
		if (!answered)
			m.evidence &= (uint8_t)~EV_ANSWER;
		add_match(f, d, &m);
	}
	d->tells |= x->tells;
	keep_told(f, d, far, x);
	if (answered)
		f->now.evidence |= EV_ANSWER;
	if (f->now.service == SERVICE_NONE)
		return;
	f->now.roles |= (uint8_t)roles_told(d->tells);
	f->now.basis |= (uint8_t)basis_told(d->tells);
	f->now.media |= x->media;
	if (d->tells & TELLS_HIDDEN)
		f->flags |= FLOW_HIDDEN;
	if (d->tells & TELLS_RELAY && f->now.path != PATH_PEER)
		f->now.path = PATH_RELAY;
	if (f->now.path == PATH_NONE && f->flags & FLOW_BOTH_LOCAL && d->tells & TELLS_SESSION)
		f->now.path = PATH_PEER; /* a session between two of ours */
	raise_stage(f, d->tells);
}

void merge_handshake(struct flow *f)
{
	if (f->tcp & FLOW_SYNACK && f->now.stage < STAGE_PROBE)
		f->now.stage = STAGE_PROBE;
}

void merge_rate(struct engine *e, struct flow *f, struct detail *d, bool from_hi)
{
	uint32_t now_s = (uint32_t)(e->now_us / 1000000);
	if (!(d->may & ROLE_MEDIA) || f->now.roles & ROLE_MEDIA || f->key.proto != PROTO_TCP)
		return;
	if (now_s != d->rate_s) {
		bool media_like = d->rate[0] >= RATE_PACKETS && d->rate[1] >= RATE_PACKETS && now_s == d->rate_s + 1;
		d->rate_steady = media_like ? (uint16_t)(d->rate_steady + 1) : 0;
		d->rate[0] = d->rate[1] = 0;
		d->rate_s = now_s;
	}
	if (d->rate[from_hi] < UINT16_MAX)
		d->rate[from_hi]++;
	if (d->rate_steady >= RATE_SECONDS) {
		f->now.roles |= ROLE_MEDIA;
		f->now.stage = STAGE_USED;
	}
}
