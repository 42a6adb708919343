/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "check.h"
#include "event/event.h"
#include "event/when.h"
#include "json_valid.h"
#include "ledger_book.h"

static char storage[EVENT_JSON_BYTES];

static const char *reason_of(const struct event *e)
{
	struct text t = text_in(storage, sizeof storage);
	event_reason(ledger_book(), e, &t);
	return storage;
}

static const char *json_of(const struct event *e)
{
	struct text t = text_in(storage, sizeof storage);
	event_json(ledger_book(), e, &t);
	CHECK(!t.cut && json_valid(storage, t.len), "%s", storage);
	return storage;
}

static const char *text_of(const struct event *e, bool colour)
{
	struct text t = text_in(storage, sizeof storage);
	event_text(ledger_book(), e, colour, &t);
	CHECK(!t.cut, "whole");
	return storage;
}

static void put_name(struct event_place *p, const char *name)
{
	p->name_bytes = (uint8_t)strlen(name);
	memcpy(p->name, name, p->name_bytes);
}

static struct event_place a_place(const char *address, uint8_t roles, uint8_t basis, uint8_t stage,
				  struct location where)
{
	struct event_place p = { .port = 443,
				 .proto = PROTO_TCP,
				 .roles = roles,
				 .basis = basis,
				 .stage = stage,
				 .path = PATH_SERVER,
				 .evidence = EV_SNI | EV_DNS | EV_ANSWER,
				 .where = where,
				 .flows = 1,
				 .packets = { 10, 20 },
				 .bytes = { 1000, 34100 } };
	CHECK(address_parse(span_text(address), &p.at), "%s", address);
	return p;
}

/* The finding of 2020: keys of a meeting held elsewhere from a server in Beijing. */
static struct event beijing(void)
{
	struct event e = { .id = 0x1122334455667788,
			   .at_us = 1585901600000250,
			   .code = CODE_KEY_REGION,
			   .state = ALERT_CLOSED,
			   .done = DONE_WOULD_BLOCK,
			   .severity = 90,
			   .update = 1,
			   .alert_id = 0xABCDEF,
			   .rule = KEYS_NEVER,
			   .service = ZOOM,
			   .client_port = 51234,
			   .violating_flows = 1,
			   .violating_packets = { 10, 20 },
			   .violating_bytes = { 1000, 34100 },
			   .violating = { IN_CN },
			   .violating_count = 1 };
	e.worst = a_place("52.81.150.250", ROLE_SIGNALLING | ROLE_KEY, BASIS_SERVER, STAGE_USED,
			  located(IN_CN, 0, CERTAINTY_CONFIRMED));
	e.worst.verdict = (struct verdict){ .rule = KEYS_NEVER, .action = ACTION_BLOCK, .observe = 1 };
	put_name(&e.worst, "zoomtp101zc.zoom.us");
	e.meeting = (struct meeting){ .id = 0x99,
				      .first_us = 1585901521000000,
				      .last_us = 1585902682000000,
				      .client = address_from_v4(0x0A080102),
				      .service = ZOOM,
				      .flows = 3,
				      .packets = { 100, 200 },
				      .bytes = { 12000, 3400000 },
				      .place_count = 2 };
	e.meeting.place[0] = e.worst;
	e.meeting.place[1] =
		a_place("2001:db8::5", ROLE_MEDIA, 0, STAGE_PROBE, located(IN_US, IN_DE, CERTAINTY_DISPUTED));
	e.meeting.place[1].proto = PROTO_UDP;
	return e;
}

static void test_when(void)
{
	static const struct {
		uint64_t at_us;
		const char *want;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ 951782399999999, "2000-02-28T23:59:59.999999Z" },
		{ 951782400000000, "2000-02-29T00:00:00.000000Z" },
		{ 951868800000001, "2000-03-01T00:00:00.000001Z" },
		{ 1585901521000250, "2020-04-03T08:12:01.000250Z" },
		{ 1798761599000000, "2026-12-31T23:59:59.000000Z" },
		{ 4102444800000000, "2100-01-01T00:00:00.000000Z" },
		{ 4107542400000000, "2100-03-01T00:00:00.000000Z" }, /* 2100 has no 29 February */
		{ 253402300799999999, "9999-12-31T23:59:59.999999Z" },
	};
	static const struct {
		uint64_t us;
		const char *want;
	} spans[] = { { 0, "0.0 s" },
		      { 349999, "0.3 s" },
		      { 9999999, "9.9 s" },
		      { 10000000, "10 s" },
		      { 59999999, "59 s" },
		      { 60000000, "1 min 00 s" },
		      { 1161000000, "19 min 21 s" },
		      { 3600000000, "1 h 00 min" },
		      { 90125000000, "25 h 02 min" } };
	char out[64];
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct text t = text_in(out, sizeof out);
		when_rfc3339(&t, rows[i].at_us);
		CHECK(strcmp(out, rows[i].want) == 0, "%s for %s", out, rows[i].want);
	}
	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
		struct text t = text_in(out, sizeof out);
		when_lasting(&t, spans[i].us);
		CHECK(strcmp(out, spans[i].want) == 0, "%s for %s", out, spans[i].want);
	}
	CHECK(when_same_day(86400 * SECOND - 1, 0) && !when_same_day(86400 * SECOND, 0), "days");
}

static void test_severity(void)
{
	static const struct {
		const char *name;
		enum code code;
		uint16_t rule;
		uint8_t basis, certainty, want;
	} rows[] = {
		{ "key server, confirmed", CODE_KEY_REGION, KEYS_NEVER, BASIS_SERVER, CERTAINTY_CONFIRMED,
		  90 },
		{ "keys in the clear, confirmed", CODE_KEY_REGION, KEYS_NEVER, BASIS_CLEAR,
		  CERTAINTY_CONFIRMED, 90 },
		{ "key server, plausible", CODE_KEY_REGION, KEYS_NEVER, BASIS_SERVER, CERTAINTY_PLAUSIBLE,
		  75 },
		{ "server and handshake", CODE_KEY_REGION, KEYS_NEVER, BASIS_SERVER | BASIS_HANDSHAKE,
		  CERTAINTY_CONFIRMED, 90 },
		{ "handshake", CODE_KEY_REGION, KEYS_NEVER, BASIS_HANDSHAKE, CERTAINTY_CONFIRMED, 70 },
		{ "media in a forbidden region", CODE_MEDIA_REGION, MEDIA_NEVER, 0, CERTAINTY_CONFIRMED, 70 },
		{ "media outside the permitted", CODE_MEDIA_REGION, MEDIA_FRIENDS, 0, CERTAINTY_CONFIRMED,
		  50 },
		{ "signalling", CODE_SIGNALLING_REGION, SIGNALLING_NEVER, 0, CERTAINTY_CONFIRMED, 50 },
		{ "banned service", CODE_SERVICE_BANNED, NO_ZOOM, 0, CERTAINTY_NONE, 50 },
		{ "disputed", CODE_KEY_REGION, KEYS_NEVER, BASIS_SERVER, CERTAINTY_DISPUTED, 35 },
		{ "contradicted", CODE_MEDIA_REGION, MEDIA_NEVER, 0, CERTAINTY_CONTRADICTED, 35 },
		{ "nowhere", CODE_MEDIA_REGION, MEDIA_FRIENDS, 0, CERTAINTY_NONE, 25 },
		{ "coverage", CODE_LOC_NONE, MEDIA_FRIENDS, 0, CERTAINTY_CONFIRMED, 25 },
		{ "no such rule", CODE_KEY_REGION, 999, BASIS_SERVER, CERTAINTY_CONFIRMED, 25 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct event_place p = { .basis = rows[i].basis, .where.certainty = rows[i].certainty };
		uint8_t got = event_severity(ledger_book(), rows[i].code, rows[i].rule, &p);
		CHECK(got == rows[i].want, "%s: %u", rows[i].name, got);
	}
}

static void check_reason(const char *name, const struct event *e, const char *want)
{
	CHECK(strcmp(reason_of(e), want) == 0, "%s:\n  is   %s\n  want %s", name, storage, want);
}

static void test_reason(void)
{
	struct event e = beijing();
	check_reason("key server", &e,
		     "key server zoomtp101zc.zoom.us (52.81.150.250) contacted in CN, confirmed by database "
		     "(ipfire, geoip, "
		     "2026-06-17) and provider (aws, cn-north-1, aws-ip-ranges.json, 2026-06-01); rule "
		     "keys-never forbids "
		     "keys inside never; would be blocked in enforce mode");
	e.worst.stage = STAGE_PROBE;
	e.worst.where = located(IN_CN, 0, CERTAINTY_PLAUSIBLE);
	e.worst.verdict.observe = 0;
	e.worst.name_bytes = 0;
	check_reason(
		"plausible, probed", &e,
		"key server 52.81.150.250 contacted in CN, plausible: said by database (ipfire, geoip, "
		"2026-06-17) alone; "
		"answered, not used so far; rule keys-never forbids keys inside never; would be blocked");
	e = beijing();
	e.worst.basis = BASIS_HANDSHAKE;
	e.worst.where = located(IN_CN, IN_HK, CERTAINTY_DISPUTED);
	e.worst.verdict.unsure = 1;
	e.done = DONE_ALERTED;
	check_reason("handshake, disputed", &e,
		     "keys agreed with a media server zoomtp101zc.zoom.us (52.81.150.250) in CN or HK, "
		     "disputed: database "
		     "(ipfire, geoip, 2026-06-17) says CN, provider (aws, cn-north-1, aws-ip-ranges.json, "
		     "2026-06-01) says HK; "
		     "rule keys-never is unsure there, and then acts, about keys inside never; nothing was "
		     "blocked");
	e.worst.basis = BASIS_CLEAR;
	e.worst.where = located(IN_CN, 0, CERTAINTY_CONTRADICTED);
	e.worst.where.source_count = 1;
	e.worst.where.source[0].kind = KIND_SITE;
	e.worst.where.site_row = 1;
	check_reason("clear, contradicted", &e,
		     "keys told in the clear on a flow to media server zoomtp101zc.zoom.us (52.81.150.250) "
		     "in CN, contradicted: "
		     "site (tj) says CN; a measured round trip excludes it; rule keys-never is unsure there, "
		     "and then acts, "
		     "about keys inside never; nothing was blocked");
}

static void test_reason_of_others(void)
{
	struct event e = beijing();
	e.code = CODE_MEDIA_REGION, e.rule = MEDIA_FRIENDS, e.done = DONE_ALERTED;
	e.worst.roles = ROLE_MEDIA, e.worst.place = PLACE_RELAY, e.worst.name_bytes = 0;
	e.worst.where = located(IN_US, 0, CERTAINTY_PLAUSIBLE);
	e.worst.where.source_count = 0;
	check_reason("media by relay", &e,
		     "media relay 52.81.150.250 used in US, plausible: said by the sources of the policy "
		     "alone; rule "
		     "media-friends watches for media flows outside friends; nothing was blocked");
	e.code = CODE_SERVICE_BANNED, e.rule = NO_ZOOM, e.worst.place = PLACE_SERVER,
	e.worst.roles = ROLE_WEB;
	e.worst.where = located(0, 0, CERTAINTY_NONE);
	check_reason("banned", &e,
		     "web server 52.81.150.250 contacted at an unknown place: no source names a country; "
		     "rule no-zoom watches "
		     "for zoom; nothing was blocked");
	e.code = CODE_LOC_NONE, e.rule = MEDIA_FRIENDS, e.done = DONE_NOTHING;
	check_reason("coverage", &e,
		     "web server 52.81.150.250 contacted at an unknown place: no source names a country; "
		     "rule media-friends "
		     "cannot be decided there about media flows outside friends; counted in coverage, told "
		     "once a day");
	e.worst.name_cut = 1;
	put_name(&e.worst, "x\x1b[31m.zoom.us");
	CHECK(strstr(reason_of(&e), "...x\\x1b[31m.zoom.us (52") != NULL, "escaped, and said to be cut: %s",
	      storage);
}

static void test_never_sent(void)
{
	for (unsigned basis = 0; basis < 8; basis++)
		for (unsigned i = 0; i < CODES * 3; i++) {
			struct event e = beijing();
			e.worst.basis = (uint8_t)basis, e.code = (uint8_t)(i / 3),
			e.worst.stage = (uint8_t)(i % 3);
			CHECK(strstr(reason_of(&e), "sent") == NULL, "keys are never said to be sent: %s",
			      storage);
		}
}

static void has(const char *json, const char *part)
{
	CHECK(strstr(json, part) != NULL, "no %s in\n%s", part, json);
}

static void test_json(void)
{
	static const char *const parts[] = {
		"{\"@timestamp\":\"2020-04-03T08:13:20.000250Z\",\"ecs\":{\"version\":\"",
		"\"event\":{\"kind\":\"alert\",\"category\":[\"network\"],\"type\":[\"connection\","
		"\"allowed\"],\"code\":\"KEY_REGION\","
		"\"id\":\"1122334455667788\",\"action\":\"would_block\",\"severity\":90,\"reason\":\"key "
		"server zoomtp",
		"\"start\":\"2020-04-03T08:12:01.000000Z\",\"end\":\"2020-04-03T08:31:22.000000Z\","
		"\"duration\":1161000000000,"
		"\"dataset\":\"keyfence.alert\",\"module\":\"keyfence\"}",
		"\"log\":{\"syslog\":{\"severity\":{\"code\":2}}}",
		"\"rule\":{\"name\":\"keys-never\",\"version\":\"",
		"\"ruleset\":\"keyfence.yaml\"}",
		"\"network\":{\"application\":\"zoom\",\"transport\":\"tcp\",\"type\":\"ipv4\",\"direction\":"
		"\"outbound\",\"bytes\":35100,"
		"\"packets\":30}",
		"\"source\":{\"ip\":\"10.8.1.2\",\"port\":51234,\"bytes\":1000,\"packets\":10}",
		"\"destination\":{\"ip\":\"52.81.150.250\",\"port\":443,\"domain\":\"zoomtp101zc.zoom.us\","
		"\"geo\":"
		"{\"country_iso_code\":\"CN\"},\"bytes\":34100,\"packets\":20}",
		"\"tls\":{\"client\":{\"server_name\":\"zoomtp101zc.zoom.us\"}}",
		"\"observer\":{\"name\":\"gw1\",\"type\":\"sensor\",\"vendor\":\"Keyfence\",\"product\":"
		"\"Keyfence\",\"geo\":{\"name\":\"gw1\","
		"\"country_iso_code\":\"TW\"}}",
		"\"related\":{\"ip\":[\"10.8.1.2\",\"52.81.150.250\",\"2001:db8::5\"],\"hosts\":["
		"\"zoomtp101zc.zoom.us\"]}",
		"\"keyfence\":{\"meeting\":{\"id\":\"0000000000000099\",\"flows\":3,\"packets\":300,"
		"\"bytes\":3412000},\"alert\":"
		"{\"id\":\"0000000000abcdef\",\"state\":\"closed\",\"update\":1},\"would_block\":true,"
		"\"roles\":[\"signalling\",\"key\"],"
		"\"key_basis\":[\"server\"]",
		"\"stage\":\"used\",\"evidence\":[\"sni\",\"dns\",\"answer\"],\"strength\":\"proven\","
		"\"geo\":{\"certainty\":\"confirmed\","
		"\"candidates\":[\"CN\"],\"sources\":[{\"kind\":\"database\",\"label\":\"ipfire\",\"file\":"
		"\"geo/geoip\",\"built\":\"2026-06-17\","
		"\"says\":\"CN\",\"counted\":true},{\"kind\":\"provider\",\"label\":\"aws\",\"file\":\"aws-"
		"ip-ranges.json\","
		"\"built\":\"2026-06-01\",\"note\":\"cn-north-1\",\"says\":\"CN\",\"counted\":true}]}",
		"\"violating\":{\"countries\":[\"CN\"],\"flows\":1,\"packets\":30,\"bytes\":35100}",
		"{\"address\":\"2001:db8::5\",\"port\":443,\"proto\":\"udp\",\"place\":\"server\",\"roles\":["
		"\"media\"],\"key_basis\":[],"
		"\"media\":[],\"path\":\"server\",\"stage\":\"probe\",",
		"\"candidates\":[\"US\",\"DE\"],\"certainty\":\"disputed\",\"flows\":1,\"packets\":30,"
		"\"bytes\":35100}]}}",
	};
	struct event e = beijing();
	const char *json = json_of(&e);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		has(json, parts[i]);
	CHECK(strchr(json, '\n') == NULL, "one line");
	CHECK(strstr(json, "vlan") == NULL && strstr(json, "outcome") == NULL &&
		      strstr(json, "without") == NULL,
	      "what is not there is not there");
}

static void test_json_variants(void)
{
	struct event e = beijing();
	e.vlan = 12, e.component = 1, e.without_meeting = 1, e.done = DONE_BLOCKED, e.meeting.places_lost = 4;
	has(json_of(&e), "\"vlan\":{\"id\":\"12\"}");
	has(storage, "\"component\":\"phone\"");
	has(storage, "\"without_meeting\":true");
	has(storage, "\"denied\"],");
	has(storage, "\"outcome\":\"success\"");
	has(storage, "\"places_lost\":4");
	CHECK(strstr(storage, "would_block") == NULL, "it was blocked");
	e.code = CODE_LOC_NONE, e.done = DONE_NOTHING;
	has(json_of(&e), "\"kind\":\"event\",\"category\":[\"network\"],\"type\":[\"connection\",\"info\"]");
	e = beijing();
	e.worst.name_cut = 1;
	CHECK(strstr(json_of(&e), "\"domain\"") == NULL, "the end of a name is no name");
	e.worst.name_cut = 0, e.worst.evidence = EV_DNS;
	CHECK(strstr(json_of(&e), "\"tls\"") == NULL, "the client did not say it");
	has(storage, "\"domain\":\"zoomtp101zc.zoom.us\"");
}

/* A peer behind a relay: packets go to the relay, what is judged is the peer. */
static void test_json_peer(void)
{
	struct event e = beijing();
	e.worst = a_place("203.0.113.9", ROLE_MEDIA, 0, STAGE_USED, located(IN_CN, 0, CERTAINTY_CONFIRMED));
	e.worst.place = PLACE_PEER, e.worst.path = PATH_RELAY, e.worst.via_port = 443;
	e.worst.via = e.meeting.place[0].at;
	has(json_of(&e), "\"destination\":{\"ip\":\"52.81.150.250\",\"port\":443,\"domain\":\"zoomtp101zc."
			 "zoom.us\",\"geo\"");
	has(storage, "\"peer\":{\"ip\":\"203.0.113.9\",\"country\":\"CN\"}");
	has(storage, "\"path\":\"relay\",\"place\":\"peer\"");
	e.worst.via_port = 444;
	has(json_of(&e), "\"destination\":{\"ip\":\"52.81.150.250\",\"port\":444,\"bytes\"");
	e.worst.place = PLACE_RELAY;
	has(json_of(&e), "\"relay\":{\"ip\":\"203.0.113.9\",\"country\":\"CN\"}");
	CHECK(strstr(storage, "\"peer\":{") == NULL, "no peer is known");
	e.meeting.place[1] = e.meeting.place[0];
	e.meeting.place[1].port = 444;
	has(json_of(&e),
	    "\"related\":{\"ip\":[\"10.8.1.2\",\"52.81.150.250\"],\"hosts\":[\"zoomtp101zc.zoom.us\"]}");
}

static void test_meeting_json(void)
{
	struct event e = beijing();
	e.meeting.roles = ROLE_KEY | ROLE_MEDIA, e.meeting.media = MEDIA_AUDIO;
	struct text t = text_in(storage, sizeof storage);
	meeting_json(ledger_book(), &e.meeting, &t);
	CHECK(json_valid(storage, t.len), "%s", storage);
	has(storage, "{\"id\":\"0000000000000099\",\"client\":\"10.8.1.2\",\"service\":\"zoom\",\"first\":"
		     "1585901521.000000,"
		     "\"last\":1585902682.000000,\"roles\":[\"key\",\"media\"],\"media\":[\"audio\"],"
		     "\"flows\":3,\"packets\":300,"
		     "\"bytes\":3412000,\"places\":[{\"address\":\"52.81.150.250\",");
	has(storage, "\"verdict\":\"block\",\"rule\":\"keys-never\",");
}

static void test_text(void)
{
	static const char want[] =
		"CRITICAL 90  KEY_REGION  zoom meeting, client 10.8.1.2\n"
		"  2020-04-03 08:12:01 to 08:31:22 UTC, 19 min 21 s; 3 flows, 12.0 kB out, 3.4 MB in\n"
		"  Key server zoomtp101zc.zoom.us (52.81.150.250) contacted in CN, confirmed by database "
		"(ipfire,\n"
		"  geoip, 2026-06-17) and provider (aws, cn-north-1, aws-ip-ranges.json, 2026-06-01); rule "
		"keys-never\n"
		"  forbids keys inside never; would be blocked in enforce mode.\n"
		"\n"
		"  WHAT   WHERE                  COUNTRY         STAGE  PACKETS    BYTES\n"
		"! key    52.81.150.250:443/tcp  CN confirmed    used        30  35.1 kB\n"
		"         zoomtp101zc.zoom.us\n"
		"  media  [2001:db8::5]:443/udp  US,DE disputed  probe       30  35.1 kB\n"
		"\n"
		"  Known by the name that the client asked for, the name that DNS gave the address, the "
		"server's own\n"
		"  answers (proven).\n"
		"  1 flow broke the rule: 30 packets, 1.0 kB out, 34.1 kB in; to CN.\n"
		"  Alert 0000000000abcdef, meeting 0000000000000099\n";
	struct event e = beijing();
	/* probed only: a rule that alerts does not mind yet */
	e.meeting.place[1].verdict = (struct verdict){ .rule = MEDIA_FRIENDS, .action = ACTION_ALERT };
	CHECK(strcmp(text_of(&e, false), want) == 0, "is\n%s", storage);
	char bare[8192];
	size_t n = 0;
	text_of(&e, true);
	CHECK(strstr(storage, "\033[1;31mCRITICAL 90  KEY_REGION\033[0m") != NULL, "red");
	for (const char *c = storage; *c != '\0'; c++) {
		if (*c == '\033')
			c = strchr(c, 'm');
		else
			bare[n++] = *c;
	}
	bare[n] = '\0';
	CHECK(strcmp(bare, want) == 0, "colours change nothing else:\n%s", bare);
}

static size_t widest(const char *text)
{
	size_t most = 0, n = 0;
	for (; *text != '\0'; text++) {
		n = *text == '\n' ? 0 : n + 1;
		most = n > most ? n : most;
	}
	return most;
}

static void test_text_worst(void)
{
	struct event e = beijing();
	e.meeting.place_count = EVENT_PLACES;
	e.meeting.places_lost = 3;
	for (unsigned i = 0; i < EVENT_PLACES; i++) {
		struct event_place *p = &e.meeting.place[i];
		*p = a_place(i % 2 ? "2001:db8:1111:2222:3333:4444:5555:6666" : "255.255.255.255", 15, 7,
			     STAGE_ATTEMPT, located(IN_CN, IN_US, CERTAINTY_CONTRADICTED));
		p->where.candidate[2] = IN_DE, p->where.candidate[3] = IN_HK, p->where.count = 4;
		p->port = 65535, p->path = PATH_RELAY, p->name_cut = 1;
		p->packets[0] = p->bytes[0] = UINT64_MAX - 40000;
		p->name_bytes = FACT_NAME_BYTES;
		memset(p->name, i % 3 ? 'n' : 0x01, FACT_NAME_BYTES);
	}
	e.worst = e.meeting.place[0];
	text_of(&e, false);
	CHECK(widest(storage) <= 100, "%zu columns\n%s", widest(storage), storage);
	has(storage, "and 3 more that matter less");
	json_of(&e);
	struct text t = text_in(storage, sizeof storage);
	meeting_text(ledger_book(), &e.meeting, false, &t);
	CHECK(!t.cut && widest(storage) <= 100, "%zu columns", widest(storage));
}

static void test_text_notice(void)
{
	struct event e = beijing();
	e.code = CODE_LOC_NONE, e.severity = 25, e.done = DONE_NOTHING, e.without_meeting = 1;
	text_of(&e, false);
	has(storage, "NOTICE 25  LOC_NONE  zoom client 10.8.1.2\n");
	CHECK(strstr(storage, "broke the rule") == NULL, "it broke none");
}

static void test_meeting_text(void)
{
	struct event e = beijing();
	struct text t = text_in(storage, sizeof storage);
	e.meeting.last_us += 86400 * SECOND;
	meeting_text(ledger_book(), &e.meeting, false, &t);
	has(storage,
	    "zoom meeting, client 10.8.1.2  0000000000000099\n"
	    "  2020-04-03 08:12:01 to 2020-04-04 08:31:22 UTC, 24 h 19 min; 3 flows, 12.0 kB out, 3.4 MB in\n"
	    "  WHAT   WHERE ");
}

/* The judge of our JSON must be able to say no. */
static void test_validator(void)
{
	static const char *const bad[] = { "",
					   "{",
					   "{\"a\":}",
					   "{\"a\":1,}",
					   "[1 2]",
					   "\"\x01\"",
					   "\"\xc0\xaf\"",
					   "\"\\x\"",
					   "\"\xed\xa0\x80\"",
					   "01",
					   "1.",
					   "{}{}",
					   "nul",
					   "\"a",
					   "\"\\u12g4\"",
					   "{a:1}",
					   "\"\x7f\"" };
	static const char *const good[] = { "{}", "[]", "{\"a\":[1,-2.5e+3,null,true,\"\\u00e9\xc3\xa9\"]}",
					    "0" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(!json_valid(bad[i], strlen(bad[i])), "%s", bad[i]);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		CHECK(json_valid(good[i], strlen(good[i])), "%s", good[i]);
}

static void test_hostile(void)
{
	static const char *const names[] = { "\"},{\"x\":\"", "a\\", "\xff\xfe\n\r\t", "\xe2\x80\xae.zoom.us",
					     "\x1b]0;x\x07" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct event e = beijing();
		put_name(&e.worst, names[i]);
		put_name(&e.meeting.place[1], names[i]);
		CHECK(strchr(json_of(&e), '\n') == NULL, "one line");
		text_of(&e, false);
		for (const char *c = storage; *c != '\0'; c++)
			CHECK(*c == '\n' || (*c >= 0x20 && *c < 0x7F), "printable: %02x", (unsigned char)*c);
	}
}

int main(void)
{
	test_when();
	test_severity();
	test_reason();
	test_reason_of_others();
	test_never_sent();
	test_json();
	test_json_variants();
	test_json_peer();
	test_meeting_json();
	test_text();
	test_text_worst();
	test_text_notice();
	test_meeting_text();
	test_validator();
	test_hostile();
	return check_done();
}
