/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "event/fields.h"

#include <inttypes.h>
#include <stdio.h>

#include "event/say.h"

/* A getter that always has a value, and one that has it on a condition. */
#define GET_IF(name, condition, member, expression)               \
	static bool name(const struct view *v, struct value *ret) \
	{                                                         \
		if (!(condition))                                 \
			return false;                             \
		ret->member = (expression);                       \
		return true;                                      \
	}
#define GET(name, member, expression) GET_IF(name, v != NULL, member, expression)
#define FIXED(name, literal) GET(name, text, span_text(literal))

static uint64_t sum(const uint64_t ways[2])
{
	return ways[0] + ways[1];
}
static bool is_notice(const struct event *e)
{
	return e->code == CODE_LOC_NONE;
}

/* ---- the event ---- */
GET(at, number, v->e->at_us)
FIXED(ecs_version, "8.17.0")
FIXED(module, "keyfence")
FIXED(dataset, "keyfence.alert")
GET(code, number, v->e->code)
GET(id, number, v->e->id)
GET(done, number, v->e->done)
GET(severity, number, v->e->severity)
GET(start, number, v->m->first_us)
GET(end, number, v->m->last_us)
GET(lasting_ns, number, v->m->last_us > v->m->first_us ? (v->m->last_us - v->m->first_us) * 1000 : 0)
FIXED(outcome_success, "success")
FIXED(outcome_failure, "failure")
static bool outcome(const struct view *v, struct value *ret)
{
	if (v->e->done == DONE_BLOCKED || v->e->done == DONE_RELEASED)
		return outcome_success(v, ret);
	return v->e->done == DONE_FAILED && outcome_failure(v, ret);
}
static bool syslog_code(const struct view *v, struct value *ret)
{
	unsigned syslog;
	say_severity(v->e->severity, &syslog);
	ret->number = syslog;
	return true;
}

/* ECS names this kind as our word for the action. */
static void write_kind(const struct view *v, struct json *j, const char *key)
{
	json_text(j, key, is_notice(v->e) ? "event" : word_name(WORDS_ACTION, ACTION_ALERT));
}

static void write_category(const struct view *v, struct json *j, const char *key)
{
	(void)v;
	json_open(j, key, '[');
	json_text(j, NULL, "network");
	json_close(j, ']');
}

static void write_type(const struct view *v, struct json *j, const char *key)
{
	json_open(j, key, '[');
	json_text(j, NULL, "connection");
	json_text(j, NULL, is_notice(v->e) ? "info" : v->e->done == DONE_BLOCKED ? "denied" : "allowed");
	json_close(j, ']');
}

static void write_reason(const struct view *v, struct json *j, const char *key)
{
	char storage[REASON_BYTES];
	struct text t = text_in(storage, sizeof storage);
	event_reason(v->b, v->e, &t);
	json_span(j, key, span_of(t.at, t.len));
}

static void write_message(const struct view *v, struct json *j, const char *key)
{
	char storage[REASON_BYTES + 512], client[ADDRESS_TEXT_BYTES];
	struct text t = text_in(storage, sizeof storage);
	text_printf(&t, "%s: ", word_name(WORDS_CODE, v->e->code));
	text_plain(&t, say_service(v->b, v->e->service));
	text_printf(&t, " of client %s: ", address_text(&v->m->client, client));
	event_reason(v->b, v->e, &t);
	json_span(j, key, span_of(t.at, t.len));
}

/* ---- rule, sensor ---- */
GET_IF(rule_name, v->e->rule > 0, text, say_rule(v->b, v->e->rule))
GET_IF(rule_version, v->e->rule > 0, number, v->b->header->hash)
static bool ruleset(const struct view *v, struct value *ret)
{
	ret->text = say_book_text(v->b, book_settings(v->b)->policy_file);
	return v->e->rule > 0 && ret->text.len > 0;
}
static bool sensor_name(const struct view *v, struct value *ret)
{
	ret->text = say_book_text(v->b, book_settings(v->b)->site_name);
	return ret->text.len > 0;
}
FIXED(sensor_type, "sensor")
FIXED(product, "Keyfence")
GET_IF(sensor_country, book_settings(v->b)->site_country != COUNTRY_NONE, number,
       book_settings(v->b)->site_country)

/* ---- the two ends ---- */

/* Where the packets went: for a relay's outer address or a peer behind it, that is the relay. NULL: it is the
 * worst place itself, or not among the places that are told. */
static const struct event_place *relay_of(const struct view *v)
{
	const struct event_place *worst = &v->e->worst;
	if (worst->place == PLACE_SERVER)
		return NULL;
	for (unsigned i = 0; i < say_places(v->m); i++) {
		const struct event_place *p = &v->m->place[i];
		if (p->place == PLACE_SERVER && p->port == worst->via_port && p->proto == worst->proto &&
		    address_equal(&p->at, &worst->via))
			return p;
	}
	return NULL;
}

static const struct event_place *server_of(const struct view *v)
{
	const struct event_place *relay = relay_of(v);
	return relay != NULL ? relay : v->e->worst.place == PLACE_SERVER ? &v->e->worst : NULL;
}

static bool is_behind(const struct view *v, enum place_of place)
{
	return v->e->worst.place == place;
}

GET(application, text, say_service(v->b, v->e->service))
GET(transport, number, v->e->worst.proto)
GET(type, text, span_text(address_is_v4(&v->m->client) ? "ipv4" : "ipv6"))
FIXED(direction, "outbound")
static void write_vlan(const struct view *v, struct json *j,
		       const char *key) /* a keyword in ECS, hence a string */
{
	char storage[8];
	snprintf(storage, sizeof storage, "%u", v->e->vlan);
	json_text(j, key, storage);
}
GET_IF(vlan, v->e->vlan != 0, number, v->e->vlan)
GET(client, address, &v->m->client)
GET_IF(client_port, v->e->client_port != 0, number, v->e->client_port)
GET(server, address, v->e->worst.place == PLACE_SERVER ? &v->e->worst.at : &v->e->worst.via)
GET(server_port, number, v->e->worst.place == PLACE_SERVER ? v->e->worst.port : v->e->worst.via_port)
static bool server_name(const struct view *v, struct value *ret)
{
	const struct event_place *p = server_of(v);
	ret->text = p != NULL && p->name_cut == 0 ? say_name(p) : span_text("");
	return ret->text.len > 0;
}
static bool sni(const struct view *v, struct value *ret)
{
	const struct event_place *p = server_of(v);
	return p != NULL && (p->evidence & EV_SNI) != 0 && server_name(v, ret);
}
static bool server_country(const struct view *v, struct value *ret)
{
	const struct event_place *p = server_of(v);
	ret->number = p != NULL && say_candidates(&p->where) == 1 ? p->where.candidate[0] : COUNTRY_NONE;
	return ret->number != COUNTRY_NONE;
}
static bool server_asn(const struct view *v, struct value *ret)
{
	const struct event_place *p = server_of(v);
	ret->number = p != NULL ? p->where.asn : 0;
	return ret->number != 0;
}
GET_IF(peer, is_behind(v, PLACE_PEER), address, &v->e->worst.at)
GET_IF(relay, is_behind(v, PLACE_RELAY), address, &v->e->worst.at)
GET_IF(outer_country, say_candidates(&v->e->worst.where) == 1, number, v->e->worst.where.candidate[0])
static bool peer_country(const struct view *v, struct value *ret)
{
	return is_behind(v, PLACE_PEER) && outer_country(v, ret);
}
static bool relay_country(const struct view *v, struct value *ret)
{
	return is_behind(v, PLACE_RELAY) && outer_country(v, ret);
}

/* ---- what it stands for ---- */
GET(bad_flows, number, v->e->violating_flows)
GET(bad_packets, number, sum(v->e->violating_packets))
GET(bad_bytes, number, sum(v->e->violating_bytes))
GET(bad_packets_out, number, v->e->violating_packets[0])
GET(bad_packets_in, number, v->e->violating_packets[1])
GET(bad_bytes_out, number, v->e->violating_bytes[0])
GET(bad_bytes_in, number, v->e->violating_bytes[1])
static bool bad_countries(const struct view *v, struct value *ret)
{
	ret->list = v->e->violating;
	ret->count = v->e->violating_count < 8 ? v->e->violating_count : 8;
	return true;
}

/* ---- our own ---- */
GET(meeting_id, number, v->m->id)
GET(meeting_flows, number, v->m->flows)
GET(meeting_packets, number, sum(v->m->packets))
GET(meeting_bytes, number, sum(v->m->bytes))
GET_IF(places_lost, v->m->places_lost > 0, number, v->m->places_lost)
GET(alert_id, number, v->e->alert_id)
GET(state, number, v->e->state)
GET(update, number, v->e->update)
GET(without_meeting, number, v->e->without_meeting)
GET(brief, number, v->without > 0)
GET(would_block, number, v->e->done == DONE_WOULD_BLOCK)
GET_IF(component, v->e->component != 0, text, say_component(v->b, v->e->component))

/* ---- a place, the worst or one of the list ---- */
GET(place_address, address, &v->p->at)
GET(place_port, number, v->p->port)
GET(place_proto, number, v->p->proto)
GET(place_kind, number, v->p->place)
GET_IF(place_name, v->p->name_bytes > 0, text, say_name(v->p))
GET_IF(place_name_cut, v->p->name_bytes > 0, number, v->p->name_cut)
GET_IF(place_via, v->p->place != PLACE_SERVER, address, &v->p->via)
GET(place_roles, number, v->p->roles)
GET(place_basis, number, v->p->basis)
GET(place_media, number, v->p->media)
GET(place_stage, number, v->p->stage)
GET_IF(place_path, v->p->path != PATH_NONE, number, v->p->path)
GET(place_evidence, number, v->p->evidence)
GET(place_strength, number, strength_of(v->p->evidence))
GET(place_certainty, number, v->p->where.certainty)
GET_IF(place_country, say_candidates(&v->p->where) == 1, number, v->p->where.candidate[0])
GET_IF(place_asn, v->p->where.asn != 0, number, v->p->where.asn)
static bool place_candidates(const struct view *v, struct value *ret)
{
	ret->list = v->p->where.candidate;
	ret->count = say_candidates(&v->p->where);
	return true;
}
GET_IF(place_verdict, say_rule_row(v->b, v->p->verdict.rule) != NULL, number, v->p->verdict.action)
GET_IF(place_rule, say_rule_row(v->b, v->p->verdict.rule) != NULL, text, say_rule(v->b, v->p->verdict.rule))
GET(place_flows, number, v->p->flows)
GET(place_packets, number, sum(v->p->packets))
GET(place_bytes, number, sum(v->p->bytes))

static void write_places(const struct view *v, struct json *j, const char *key)
{
	json_open(j, key, '[');
	for (unsigned i = 0; i < say_places(v->m); i++) {
		struct view one = *v;
		one.p = &v->m->place[i];
		json_open(j, NULL, '{');
		fields_json(&place_fields, &one, j);
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* ---- a source of a location ---- */
GET(source_kind, number, v->s->kind)
GET_IF(source_says, v->s->says != COUNTRY_NONE, number, v->s->says)
GET(source_counted, number, v->s->counted)
enum source_part { SOURCE_LABEL, SOURCE_FILE, SOURCE_BUILT };
static bool source_text(const struct view *v, enum source_part which, struct value *ret)
{
	struct span part[3];
	say_source(v->b, v->at, v->s, &part[SOURCE_LABEL], &part[SOURCE_FILE], &part[SOURCE_BUILT]);
	ret->text = part[which];
	return ret->text.len > 0;
}
static bool source_label(const struct view *v, struct value *ret)
{
	return source_text(v, SOURCE_LABEL, ret);
}
static bool source_file(const struct view *v, struct value *ret)
{
	return source_text(v, SOURCE_FILE, ret);
}
static bool source_built(const struct view *v, struct value *ret)
{
	return source_text(v, SOURCE_BUILT, ret);
}

static bool source_note(const struct view *v, struct value *ret)
{
	ret->text = v->s->kind == KIND_SITE ? span_text("") : say_note(v->b, v->s->source, &v->p->at);
	return ret->text.len > 0;
}

static void write_sources(const struct view *v, struct json *j, const char *key)
{
	const struct location *at = &v->p->where;
	json_open(j, key, '[');
	for (unsigned i = 0; i < at->source_count && i < LOCATION_SOURCES; i++) {
		struct view one = *v;
		one.at = at;
		one.s = &at->source[i];
		json_open(j, NULL, '{');
		fields_json(&source_fields, &one, j);
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* ---- what to search by ---- */
static bool seen_address(const struct meeting *m, unsigned before, const struct address *a)
{
	bool seen = address_equal(&m->client, a);
	for (unsigned i = 0; i < before; i++)
		seen |= address_equal(&m->place[i].at, a);
	return seen;
}

static void write_addresses(const struct view *v, struct json *j, const char *key)
{
	char text[ADDRESS_TEXT_BYTES];
	json_open(j, key, '[');
	json_text(j, NULL, address_text(&v->m->client, text));
	for (unsigned i = 0; i < say_places(v->m); i++)
		if (!seen_address(v->m, i, &v->m->place[i].at))
			json_text(j, NULL, address_text(&v->m->place[i].at, text));
	json_close(j, ']');
}

static void write_hosts(const struct view *v, struct json *j, const char *key)
{
	json_open(j, key, '[');
	for (unsigned i = 0; i < say_places(v->m); i++) {
		struct span name = say_name(&v->m->place[i]);
		bool seen = name.len == 0 || v->m->place[i].name_cut != 0;
		for (unsigned k = 0; k < i; k++)
			seen |= span_equal(name, say_name(&v->m->place[k]));
		if (!seen)
			json_span(j, NULL, name);
	}
	json_close(j, ']');
}

/* ---- the tables ---- */
static bool always(const struct view *v, struct value *ret)
{
	(void)v;
	(void)ret;
	return true;
}
#define ROW(name, type, get)                     \
	{                                        \
		name, type, WORD_SETS, get, NULL, 0 \
	}
#define WORD(name, type, words, get)         \
	{                                    \
		name, type, words, get, NULL, 0 \
	}
#define WRITE(name, write)                                    \
	{                                                     \
		name, FIELD_WRITTEN, WORD_SETS, always, write, 0 \
	}
#define SPARE(name, write, when)                                 \
	{                                                        \
		name, FIELD_WRITTEN, WORD_SETS, always, write, when \
	}
#define TABLE(rows, under)                                  \
	{                                                   \
		rows, sizeof(rows) / sizeof(rows)[0], under \
	}

static const struct field event_rows[] = {
	ROW("@timestamp", FIELD_TIME, at),
	ROW("ecs.version", FIELD_TEXT, ecs_version),
	WRITE("message", write_message),
	WRITE("event.kind", write_kind),
	WRITE("event.category", write_category),
	WRITE("event.type", write_type),
	WORD("event.code", FIELD_WORD, WORDS_CODE, code),
	ROW("event.id", FIELD_ID, id),
	WORD("event.action", FIELD_WORD, WORDS_DONE, done),
	ROW("event.outcome", FIELD_TEXT, outcome),
	ROW("event.severity", FIELD_NUMBER, severity),
	SPARE("event.reason", write_reason, 4), /* `message` says it, too */
	ROW("event.start", FIELD_TIME, start),
	ROW("event.end", FIELD_TIME, end),
	ROW("event.duration", FIELD_NUMBER, lasting_ns),
	ROW("event.dataset", FIELD_TEXT, dataset),
	ROW("event.module", FIELD_TEXT, module),
	ROW("log.syslog.severity.code", FIELD_NUMBER, syslog_code),
	ROW("rule.name", FIELD_TEXT, rule_name),
	ROW("rule.version", FIELD_ID, rule_version),
	ROW("rule.ruleset", FIELD_TEXT, ruleset),
	ROW("network.application", FIELD_TEXT, application),
	WORD("network.transport", FIELD_WORD, WORDS_PROTO, transport),
	ROW("network.type", FIELD_TEXT, type),
	ROW("network.direction", FIELD_TEXT, direction),
	{ "network.vlan.id", FIELD_WRITTEN, WORD_SETS, vlan, write_vlan, 0 },
	ROW("network.bytes", FIELD_NUMBER, bad_bytes),
	ROW("network.packets", FIELD_NUMBER, bad_packets),
	ROW("source.ip", FIELD_ADDRESS, client),
	ROW("source.port", FIELD_NUMBER, client_port),
	ROW("source.bytes", FIELD_NUMBER, bad_bytes_out),
	ROW("source.packets", FIELD_NUMBER, bad_packets_out),
	ROW("destination.ip", FIELD_ADDRESS, server),
	ROW("destination.port", FIELD_NUMBER, server_port),
	ROW("destination.domain", FIELD_TEXT, server_name),
	ROW("destination.geo.country_iso_code", FIELD_COUNTRY, server_country),
	ROW("destination.as.number", FIELD_NUMBER, server_asn),
	ROW("destination.bytes", FIELD_NUMBER, bad_bytes_in),
	ROW("destination.packets", FIELD_NUMBER, bad_packets_in),
	ROW("tls.client.server_name", FIELD_TEXT, sni),
	ROW("observer.name", FIELD_TEXT, sensor_name),
	ROW("observer.type", FIELD_TEXT, sensor_type),
	ROW("observer.vendor", FIELD_TEXT, product),
	ROW("observer.product", FIELD_TEXT, product),
	ROW("observer.geo.name", FIELD_TEXT, sensor_name),
	ROW("observer.geo.country_iso_code", FIELD_COUNTRY, sensor_country),
	SPARE("related.ip", write_addresses, 3),
	SPARE("related.hosts", write_hosts, 3),
	ROW("keyfence.meeting.id", FIELD_ID, meeting_id),
	ROW("keyfence.meeting.flows", FIELD_NUMBER, meeting_flows),
	ROW("keyfence.meeting.packets", FIELD_NUMBER, meeting_packets),
	ROW("keyfence.meeting.bytes", FIELD_NUMBER, meeting_bytes),
	ROW("keyfence.meeting.places_lost", FIELD_NUMBER, places_lost),
	ROW("keyfence.alert.id", FIELD_ID, alert_id),
	WORD("keyfence.alert.state", FIELD_WORD, WORDS_STATE, state),
	ROW("keyfence.alert.update", FIELD_NUMBER, update),
	ROW("keyfence.alert.without_meeting", FIELD_TRUE, without_meeting),
	ROW("keyfence.component", FIELD_TEXT, component),
	ROW("keyfence.brief", FIELD_TRUE, brief),
	ROW("keyfence.would_block", FIELD_TRUE, would_block),
	WORD("keyfence.roles", FIELD_WORDS, WORDS_ROLE, place_roles),
	WORD("keyfence.key_basis", FIELD_WORDS, WORDS_BASIS, place_basis),
	WORD("keyfence.media", FIELD_WORDS, WORDS_MEDIA, place_media),
	WORD("keyfence.path", FIELD_WORD, WORDS_PATH, place_path),
	WORD("keyfence.place", FIELD_WORD, WORDS_PLACE, place_kind),
	WORD("keyfence.stage", FIELD_WORD, WORDS_STAGE, place_stage),
	WORD("keyfence.evidence", FIELD_WORDS, WORDS_EVIDENCE, place_evidence),
	WORD("keyfence.strength", FIELD_WORD, WORDS_STRENGTH, place_strength),
	ROW("keyfence.peer.ip", FIELD_ADDRESS, peer),
	ROW("keyfence.peer.country", FIELD_COUNTRY, peer_country),
	ROW("keyfence.relay.ip", FIELD_ADDRESS, relay),
	ROW("keyfence.relay.country", FIELD_COUNTRY, relay_country),
	WORD("keyfence.geo.certainty", FIELD_WORD, WORDS_CERTAINTY, place_certainty),
	ROW("keyfence.geo.candidates", FIELD_COUNTRIES, place_candidates),
	SPARE("keyfence.geo.sources", write_sources, 2),
	ROW("keyfence.violating.countries", FIELD_COUNTRIES, bad_countries),
	ROW("keyfence.violating.flows", FIELD_NUMBER, bad_flows),
	ROW("keyfence.violating.packets", FIELD_NUMBER, bad_packets),
	ROW("keyfence.violating.bytes", FIELD_NUMBER, bad_bytes),
	SPARE("keyfence.places", write_places, 1),
};
const struct fields event_fields = TABLE(event_rows, "");

static const struct field place_rows[] = {
	ROW("places.address", FIELD_ADDRESS, place_address),
	ROW("places.port", FIELD_NUMBER, place_port),
	WORD("places.proto", FIELD_WORD, WORDS_PROTO, place_proto),
	WORD("places.place", FIELD_WORD, WORDS_PLACE, place_kind),
	ROW("places.via", FIELD_ADDRESS, place_via),
	ROW("places.name", FIELD_TEXT, place_name),
	ROW("places.name_cut", FIELD_TRUE, place_name_cut),
	WORD("places.roles", FIELD_WORDS, WORDS_ROLE, place_roles),
	WORD("places.key_basis", FIELD_WORDS, WORDS_BASIS, place_basis),
	WORD("places.media", FIELD_WORDS, WORDS_MEDIA, place_media),
	WORD("places.path", FIELD_WORD, WORDS_PATH, place_path),
	WORD("places.stage", FIELD_WORD, WORDS_STAGE, place_stage),
	WORD("places.evidence", FIELD_WORDS, WORDS_EVIDENCE, place_evidence),
	WORD("places.strength", FIELD_WORD, WORDS_STRENGTH, place_strength),
	ROW("places.country", FIELD_COUNTRY, place_country),
	ROW("places.candidates", FIELD_COUNTRIES, place_candidates),
	WORD("places.certainty", FIELD_WORD, WORDS_CERTAINTY, place_certainty),
	ROW("places.asn", FIELD_NUMBER, place_asn),
	WORD("places.verdict", FIELD_WORD, WORDS_ACTION, place_verdict),
	ROW("places.rule", FIELD_TEXT, place_rule),
	ROW("places.flows", FIELD_NUMBER, place_flows),
	ROW("places.packets", FIELD_NUMBER, place_packets),
	ROW("places.bytes", FIELD_NUMBER, place_bytes),
};
const struct fields place_fields = TABLE(place_rows, "places.");

static const struct field source_rows[] = {
	WORD("sources.kind", FIELD_WORD, WORDS_KIND, source_kind),
	ROW("sources.label", FIELD_TEXT, source_label),
	ROW("sources.file", FIELD_TEXT, source_file),
	ROW("sources.built", FIELD_TEXT, source_built),
	ROW("sources.note", FIELD_TEXT, source_note),
	ROW("sources.says", FIELD_COUNTRY, source_says),
	ROW("sources.counted", FIELD_BOOL, source_counted),
};
const struct fields source_fields = TABLE(source_rows, "sources.");

/* ---- a meeting by itself ---- */
GET(own_service, text, say_service(v->b, v->m->service))
GET(own_roles, number, v->m->roles)
GET(own_media, number, v->m->media)

static const struct field meeting_rows[] = {
	ROW("meetings.id", FIELD_ID, meeting_id),
	ROW("meetings.client", FIELD_ADDRESS, client),
	ROW("meetings.service", FIELD_TEXT, own_service),
	ROW("meetings.first", FIELD_SECONDS, start),
	ROW("meetings.last", FIELD_SECONDS, end),
	WORD("meetings.roles", FIELD_WORDS, WORDS_ROLE, own_roles),
	WORD("meetings.media", FIELD_WORDS, WORDS_MEDIA, own_media),
	ROW("meetings.flows", FIELD_NUMBER, meeting_flows),
	ROW("meetings.packets", FIELD_NUMBER, meeting_packets),
	ROW("meetings.bytes", FIELD_NUMBER, meeting_bytes),
	ROW("meetings.places_lost", FIELD_NUMBER, places_lost),
	WRITE("meetings.places", write_places),
};
const struct fields meeting_fields = TABLE(meeting_rows, "meetings.");

/* ---- a notice: what stands before its keys ---- */
GET(notice_at, number, v->n->at_us)
FIXED(notice_dataset, "keyfence.notice")
GET(notice_code, number, v->n->code)
GET(notice_id, number, v->n->id)
GET(notice_weight, number, notice_severity(v->n->code))
static bool notice_syslog(const struct view *v, struct value *ret)
{
	unsigned syslog;
	say_severity(notice_severity(v->n->code), &syslog);
	ret->number = syslog;
	return true;
}
static enum done notice_done_of(enum code code)
{
	switch (code) {
	case CODE_BLOCK_APPLIED: return DONE_BLOCKED;
	case CODE_BLOCK_RELEASED: return DONE_RELEASED;
	case CODE_BLOCK_FAILED: return DONE_FAILED;
	default: return DONE_NOTHING;
	}
}
static bool notice_done(const struct view *v, struct value *ret)
{
	ret->number = notice_done_of(v->n->code);
	return ret->number != DONE_NOTHING;
}
static bool notice_outcome(const struct view *v, struct value *ret)
{
	enum done done = notice_done_of(v->n->code);
	if (done == DONE_FAILED)
		return outcome_failure(v, ret);
	return done != DONE_NOTHING && outcome_success(v, ret);
}
static void write_notice_kind(const struct view *v, struct json *j, const char *key)
{
	json_text(j, key, v->n->code == CODE_HEARTBEAT ? "metric" : "event");
}
static void write_notice_category(const struct view *v, struct json *j, const char *key)
{
	bool of_flow = (v->n->has >> NOTICE_CLIENT & 1) != 0;
	json_open(j, key, '[');
	json_text(j, NULL, of_flow ? "network" : "host");
	json_close(j, ']');
}
static void write_notice_type(const struct view *v, struct json *j, const char *key)
{
	json_open(j, key, '[');
	json_text(j, NULL, v->n->code == CODE_BLOCK_APPLIED ? "denied" : "info");
	json_close(j, ']');
}
static void write_notice_message(const struct view *v, struct json *j, const char *key)
{
	char storage[REASON_BYTES + NOTICE_TEXT_BYTES];
	struct text t = text_in(storage, sizeof storage);
	text_printf(&t, "%s: ", word_name(WORDS_CODE, v->n->code));
	notice_sentence(v->n, &t);
	json_span(j, key, span_of(t.at, t.len));
}

static const struct field notice_rows[] = {
	ROW("@timestamp", FIELD_TIME, notice_at),
	ROW("ecs.version", FIELD_TEXT, ecs_version),
	WRITE("message", write_notice_message),
	WRITE("event.kind", write_notice_kind),
	WRITE("event.category", write_notice_category),
	WRITE("event.type", write_notice_type),
	WORD("event.code", FIELD_WORD, WORDS_CODE, notice_code),
	ROW("event.id", FIELD_ID, notice_id),
	WORD("event.action", FIELD_WORD, WORDS_DONE, notice_done),
	ROW("event.outcome", FIELD_TEXT, notice_outcome),
	ROW("event.severity", FIELD_NUMBER, notice_weight),
	ROW("event.dataset", FIELD_TEXT, notice_dataset),
	ROW("event.module", FIELD_TEXT, module),
	ROW("log.syslog.severity.code", FIELD_NUMBER, notice_syslog),
	ROW("observer.name", FIELD_TEXT, sensor_name),
	ROW("observer.type", FIELD_TEXT, sensor_type),
	ROW("observer.vendor", FIELD_TEXT, product),
	ROW("observer.product", FIELD_TEXT, product),
	ROW("observer.geo.name", FIELD_TEXT, sensor_name),
	ROW("observer.geo.country_iso_code", FIELD_COUNTRY, sensor_country),
};
const struct fields notice_fields = TABLE(notice_rows, "");
