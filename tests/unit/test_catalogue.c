/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/text.h"
#include "book/writer.h"
#include "catalogue/catalogue.h"
#include "catalogue/pattern.h"
#include "check.h"

enum { ZOOM = 2, TEAMS, MEET, WEBEX, SERVICES };
enum { CHAT = 1, TELEMETRY, RELAY };
static const char *const service_names[SERVICES] = {
	[ZOOM] = "zoom", [TEAMS] = "teams", [MEET] = "meet", [WEBEX] = "webex"
};
static const char *const component_names[] = {
	[CHAT] = "chat", [TELEMETRY] = "telemetry", [RELAY] = "relay"
};

#define WEB ROLE_WEB
#define SIG ROLE_SIGNALLING
#define KEY ROLE_KEY
#define MED ROLE_MEDIA

static const struct name_source {
	const char *tail, *pattern;
	uint16_t service, component;
	uint8_t roles, may, path, flags;
} name_sources[] = {
	/* clang-format off */
	{ "zoom.us", "zoom.us", ZOOM, 0, WEB, 0, 0, 0 },
	{ "zoom.us", "zoom<site><n>zc.zoom.us", ZOOM, 0, SIG | KEY, 0, 0, NAME_PATTERN },
	{ "zoom.us", "zoom<site><n>mmr.zoom.us", ZOOM, 0, SIG | KEY, MED, 0, NAME_PATTERN },
	{ "zoom.us", "zoom<site><n>zc.<site>.zoom.us", ZOOM, 0, SIG | KEY, 0, 0, NAME_PATTERN },
	{ "zoom.us", "zoom<site><n>mmr.<site>.zoom.us", ZOOM, 0, SIG | KEY, MED, 0, NAME_PATTERN },
	{ "zoom.us", "us<n><letters>.zoom.us", ZOOM, 0, WEB, 0, 0, NAME_PATTERN },
	{ "zoom.us", "turn<site><n>.<site>.zoom.us", ZOOM, RELAY, SIG, MED, PATH_RELAY, NAME_PATTERN },
	{ "cloud.zoom.us", "rwc<site>.cloud.zoom.us", ZOOM, 0, SIG | KEY, 0, 0, NAME_PATTERN },
	{ "log.zoom.us", "log.zoom.us", ZOOM, TELEMETRY, WEB, 0, 0, 0 },
	{ "gateway.zoom.us", "gateway.zoom.us", ZOOM, CHAT, SIG, 0, 0, NAME_STANDING },
	{ "teams.microsoft.com", "teams.microsoft.com", TEAMS, 0, WEB, 0, 0, NAME_SHARED },
	{ "trouter.teams.microsoft.com", "trouter<n>-<any>-<site>-<any>.trouter.teams.microsoft.com", TEAMS, 0,
	  SIG | KEY, 0, 0, NAME_PATTERN | NAME_STANDING },
	{ "trouter.teams.microsoft.com", "trouter<n>-<site>-<letters>.trouter.teams.microsoft.com", TEAMS, 0,
	  SIG | KEY, 0, 0, NAME_PATTERN | NAME_STANDING },
	{ "relay.teams.microsoft.com", "relay.teams.microsoft.com", TEAMS, RELAY, SIG | MED, 0, PATH_RELAY, 0 },
	{ "cloudapp.azure.com", "b-tr-teams-<site>-<n>.<any>.cloudapp.azure.com", TEAMS, RELAY, SIG, 0, PATH_RELAY,
	  NAME_PATTERN },
	{ "meet.google.com", "meet.google.com", MEET, 0, WEB, 0, 0, 0 },
	{ "webex.com", "webex.com", WEBEX, 0, WEB, 0, 0, 0 },
	{ "wbx2.com", "<any>-<site>.wbx2.com", WEBEX, 0, SIG, 0, 0, NAME_PATTERN },
	{ "wbx2.com", "locus-<site>.wbx2.com", WEBEX, 0, SIG | KEY, 0, 0, NAME_PATTERN },
	{ "exact.wbx2.com", "exact.wbx2.com", WEBEX, 0, KEY, 0, 0, NAME_PATTERN },
	{ "wbx2.com", "rel<n>-<site>-<site>.wbx2.com", WEBEX, 0, KEY, 0, 0, NAME_PATTERN },
	{ "zoom.us", "nodotxzoom.us", ZOOM, 0, KEY, 0, 0, NAME_PATTERN }, /* its tail is no label of its own */
	/* clang-format on */
};

static const struct site_source {
	uint16_t service;
	const char *code, *place;
	uint8_t unsure;
} site_sources[] = {
	{ ZOOM, "fr", "DE", 0 },    { ZOOM, "fra", "DE", 0 }, { ZOOM, "am", "NL", 0 },
	{ ZOOM, "sjc", "US", 0 },   { ZOOM, "iad", "US", 0 }, { ZOOM, "ksa1", "SA", 0 },
	{ ZOOM, "ca", "US", 1 },    { ZOOM, "tj", "CN", 0 },  { ZOOM, "nrt", "JP", 0 },
	{ ZOOM, "oh", "US", 0 },    { ZOOM, "oom", "CN", 0 }, { TEAMS, "euno", "IE", 0 },
	{ TEAMS, "asse", "SG", 0 }, { WEBEX, "a", "US", 0 },  { WEBEX, "k", "DE", 0 },
};

static const struct prefix_source {
	const char *prefix;
	uint16_t service;
	enum prefix_place place;
} prefix_sources[] = {
	{ "170.114.0.0/16", ZOOM, PREFIX_VENDOR_WIDE }, { "170.114.1.0/24", TEAMS, PREFIX_VENDOR },
	{ "170.114.2.0/24", ZOOM, PREFIX_SHARED },      { "170.114.2.128/25", MEET, PREFIX_SHARED },
	{ "142.250.0.0/15", MEET, PREFIX_SHARED },      { "142.250.82.0/24", MEET, PREFIX_ANYCAST },
	{ "2001:4860:4864::/48", MEET, PREFIX_VENDOR }, { "52.112.0.0/14", TEAMS, PREFIX_VENDOR },
};

static const struct framing_source {
	enum framing_is is;
	const char *pattern;
	uint16_t number, service, component;
	uint8_t roles, may, basis, path, media;
	struct book_ports ports;
} framing_sources[] = {
	/* clang-format off */
	{ FRAMING_NAME, "zoom", 0, ZOOM, 0, 0, 0, 0, 0, 0, { 8801, 8810, PROTO_UDP, { 0 } } },
	{ FRAMING_NAME, "teams-udp", 0, TEAMS, 0, SIG | KEY, 0, 0, 0, 0, { 3478, 3478, PROTO_UDP, { 0 } } },
	{ FRAMING_NAME, "keyed", 0, WEBEX, CHAT, KEY, MED, BASIS_HANDSHAKE, PATH_PEER, MEDIA_AUDIO, { 0, 0, PROTO_TCP, { 0 } } },
	{ FRAMING_STUN_ATTRIBUTE, "", 0x8054, TEAMS, RELAY, 0, MED, 0, 0, 0, { 3478, 3481, PROTO_UDP, { 0 } } },
	{ FRAMING_REALM, "rtcmedia", 0, TEAMS, RELAY, 0, 0, 0, PATH_RELAY, 0, { 3478, 3481, PROTO_UDP, { 0 } } },
	{ FRAMING_SOFTWARE, "*vendor*", 0, WEBEX, 0, 0, 0, 0, 0, 0, { 0, 0, PROTO_TCP, { 0 } } },
	{ FRAMING_USERNAME, "{base64:32}:{alnum:4}", 0, WEBEX, 0, 0, 0, 0, 0, 0, { 5004, 5004, PROTO_UDP, { 0 } } },
	{ FRAMING_CERTIFICATE, "hangouts", 0, MEET, 0, 0, 0, 0, 0, 0, { 19302, 19309, PROTO_UDP, { 0 } } },
	{ FRAMING_CERTIFICATE, "*.cloud.zoom.us", 0, ZOOM, 0, KEY, 0, BASIS_HANDSHAKE, 0, 0, { 0, 0, PROTO_TCP, { 0 } } },
	/* clang-format on */
};

/* ---- the book ---- */

static void write_names(struct book_writer *w)
{
	for (size_t i = 0; i < sizeof name_sources / sizeof name_sources[0]; i++) {
		const struct name_source *s = &name_sources[i];
		struct book_name row = { .tail = book_write_text(w, span_text(s->tail)),
					 .pattern = book_write_text(w, span_text(s->pattern)),
					 .service = s->service,
					 .component = s->component,
					 .roles = s->roles,
					 .may = s->may,
					 .path = s->path,
					 .flags = s->flags };
		book_write(w, BOOK_NAME, &row);
	}
	for (size_t i = 0; i < sizeof site_sources / sizeof site_sources[0]; i++) {
		struct book_site row = { .code = book_write_text(w, span_text(site_sources[i].code)),
					 .service = site_sources[i].service,
					 .place = country_from(span_text(site_sources[i].place)),
					 .unsure = site_sources[i].unsure };
		book_write(w, BOOK_SITE, &row);
	}
}

static void write_framings(struct book_writer *w)
{
	for (size_t i = 0; i < sizeof framing_sources / sizeof framing_sources[0]; i++) {
		const struct framing_source *s = &framing_sources[i];
		struct book_framing row = { .pattern = book_write_text(w, span_text(s->pattern)),
					    .first_port = (uint32_t)book_write(w, BOOK_PORTS, &s->ports),
					    .port_count = 1,
					    .service = s->service,
					    .component = s->component,
					    .number = s->number,
					    .is = (uint8_t)s->is,
					    .roles = s->roles,
					    .may = s->may,
					    .basis = s->basis,
					    .path = s->path,
					    .media = s->media };
		book_write(w, BOOK_FRAMING, &row);
	}
}

static uint8_t *book_make(struct book *ret)
{
	struct book_writer *w = book_writer_new();
	for (size_t i = ZOOM; i < SERVICES; i++) {
		struct book_service s = { .name = book_write_text(w, span_text(service_names[i])) };
		book_write(w, BOOK_SERVICE, &s);
	}
	for (size_t i = CHAT; i <= RELAY; i++) {
		struct book_component c = { .name = book_write_text(w, span_text(component_names[i])) };
		book_write(w, BOOK_COMPONENT, &c);
	}
	write_names(w);
	write_framings(w);
	for (size_t i = 0; i < sizeof prefix_sources / sizeof prefix_sources[0]; i++) {
		struct book_prefix p = { .place = (uint8_t)prefix_sources[i].place,
					 .service = prefix_sources[i].service };
		prefix_parse(span_text(prefix_sources[i].prefix), &p.prefix, NULL);
		book_write(w, BOOK_PREFIX, &p);
	}
	uint8_t *image = NULL;
	size_t bytes = 0;
	const char *why = "";
	CHECK(book_writer_image(w, 1, &image, &bytes) == 0, "the book is written");
	CHECK(book_open(span_of(image, bytes), ret, &why) == 0, "the book opens: %s", why);
	book_writer_free(w);
	return image;
}

/* ---- names ---- */

static const struct name_row {
	const char *name, *pattern, *site; /* "": none */
} name_rows[] = {
	/* clang-format off */
	{ "zoom.us", "zoom.us", "" },
	{ "ZOOM.US", "zoom.us", "" },
	{ "zoom.us.", "zoom.us", "" },
	{ "www3.zoom.us", "zoom.us", "" },
	{ "a.b.c.zoom.us", "zoom.us", "" },
	{ "xzoom.us", "", "" },
	{ "zoom.us.example", "", "" },
	{ "us", "", "" },
	{ "log.zoom.us", "log.zoom.us", "" },
	{ "x.log.zoom.us", "log.zoom.us", "" },
	{ "xlog.zoom.us", "zoom.us", "" },
	/* the zone controllers and routers of 2019 to 2026 */
	{ "zoomam104zc.zoom.us", "zoom<site><n>zc.zoom.us", "am" },
	{ "ZoomFR84ZC.zoom.us", "zoom<site><n>zc.zoom.us", "fr" },
	{ "zoomfrn99mmr.zoom.us", "zoom<site><n>mmr.zoom.us", "fr" },
	{ "zoomsjcbm213zc.sjc.zoom.us", "zoom<site><n>zc.<site>.zoom.us", "sjc" },
	{ "zoomfrarr62mmr.fra.zoom.us", "zoom<site><n>mmr.<site>.zoom.us", "fra" },
	{ "zoomfrarr62mmr.iad.zoom.us", "zoom<site><n>mmr.<site>.zoom.us", "iad" }, /* the later one speaks */
	{ "zoomfrarr62mmr.cloud.zoom.us", "zoom<site><n>mmr.<site>.zoom.us", "fra" }, /* it knows nothing */
	{ "zoomca54150137226zc.zoom.us", "zoom<site><n>zc.zoom.us", "ca" },
	{ "zoomksa17zc.zoom.us", "zoom<site><n>zc.zoom.us", "ksa1" },
	{ "zoomksa7zc.zoom.us", "zoom<site><n>zc.zoom.us", "" },
	{ "zoomfrxx1zc.zoom.us", "zoom<site><n>zc.zoom.us", "" }, /* two letters behind a code of two */
	{ "zoomxy1zc.zoom.us", "zoom<site><n>zc.zoom.us", "" },
	{ "zoom1zc.zoom.us", "zoom.us", "" },
	{ "zoom7fr1zc.zoom.us", "zoom.us", "" }, /* a site begins with a letter */
	{ "zoomfrzc.zoom.us", "zoom.us", "" },
	{ "zoomfr-1zc.zoom.us", "zoom.us", "" },
	{ "zoomfr1zcx.zoom.us", "zoom.us", "" },
	{ "x.zoomfr1zc.zoom.us", "zoom.us", "" },
	{ "us02web.zoom.us", "us<n><letters>.zoom.us", "" },
	{ "us02.zoom.us", "us<n><letters>.zoom.us", "" },
	{ "us02web1.zoom.us", "zoom.us", "" },
	{ "usweb.zoom.us", "zoom.us", "" },
	{ "turniad02.iad.zoom.us", "turn<site><n>.<site>.zoom.us", "iad" },
	{ "rwcoh.cloud.zoom.us", "rwc<site>.cloud.zoom.us", "oh" },
	{ "rwcoh2.cloud.zoom.us", "rwc<site>.cloud.zoom.us", "" }, /* behind two letters only a letter */
	{ "rwc.cloud.zoom.us", "zoom.us", "" },
	{ "nodot.zoom.us", "zoom.us", "" },
	{ "nodotxzoom.us", "", "" },
	/* a run that may begin at several bytes; one literal more beats one less */
	{ "trouter2-azsc-asse-0-a.trouter.teams.microsoft.com", "trouter<n>-<any>-<site>-<any>.trouter.teams.microsoft.com", "asse" },
	{ "trouter2-asse-a.trouter.teams.microsoft.com", "trouter<n>-<site>-<letters>.trouter.teams.microsoft.com", "asse" },
	{ "trouter2-asse-.trouter.teams.microsoft.com", "trouter<n>-<site>-<letters>.trouter.teams.microsoft.com", "asse" },
	{ "b-tr-teams-euno-05.northeurope.cloudapp.azure.com", "b-tr-teams-<site>-<n>.<any>.cloudapp.azure.com", "euno" },
	{ "b-tr-teams-euno-05.cloudapp.azure.com", "", "" },
	{ "b-tr-teams-euno-05.a.b.cloudapp.azure.com", "", "" },
	{ "mercury-connection-k.wbx2.com", "<any>-<site>.wbx2.com", "k" },
	{ "locus-a.wbx2.com", "locus-<site>.wbx2.com", "a" },
	{ "locus-ab.wbx2.com", "locus-<site>.wbx2.com", "" }, /* nothing may follow a code of one letter */
	{ "rel1-a-k.wbx2.com", "rel<n>-<site>-<site>.wbx2.com", "k" },
	{ "rel1-k-zz.wbx2.com", "rel<n>-<site>-<site>.wbx2.com", "k" },
	{ "exact.wbx2.com", "exact.wbx2.com", "" },
	{ "x.exact.wbx2.com", "", "" },
	/* no host names */
	{ "", "", "" },
	{ ".", "", "" },
	{ ".zoom.us", "", "" },
	{ "a..zoom.us", "", "" },
	{ "zoom.us..", "", "" },
	{ "a b.zoom.us", "", "" },
	{ "*.zoom.us", "", "" },
	{ "a\x80.zoom.us", "", "" },
	{ "52.114.250.152", "", "" },
	/* clang-format on */
};

static void check_name(const struct book *b, struct span name, const char *pattern, const char *site)
{
	uint16_t site_row = 99;
	struct span exact = check_cut(name, name.len);
	uint32_t row = catalogue_name(b, exact, &site_row);
	struct span got = row != 0 ? book_span(b, book_name(b, row - 1)->pattern) : BYTES("");
	struct span got_site = site_row != 0 ? book_span(b, book_site(b, site_row - 1u)->code) : BYTES("");
	CHECK(span_equal(got, span_text(pattern)), "%.*s: %.*s", (int)name.len, name.at, (int)got.len,
	      got.at);
	CHECK(span_equal(got_site, span_text(site)), "%.*s: site %.*s", (int)name.len, name.at,
	      (int)got_site.len, got_site.at);
	free((void *)(uintptr_t)exact.at);
}

/* 253 bytes are a name, 254 are none; 63 bytes are a label, a longer one matches no pattern. */
static void check_long_names(const struct book *b)
{
	char name[256];
	for (size_t i = 0; i < sizeof name; i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	memcpy(name + 253 - 8, ".zoom.us", 8);
	check_name(b, span_of(name, 253), "zoom.us", "");
	memcpy(name + 254 - 8, ".zoom.us", 8);
	check_name(b, span_of(name, 254), "", "");
	int n = snprintf(name, sizeof name, "zoomfra%0*dzc.zoom.us", 63 - 9, 1);
	check_name(b, span_of(name, (size_t)n), "zoom<site><n>zc.zoom.us", "fra");
	n = snprintf(name, sizeof name, "zoomfra%0*dzc.zoom.us", 64 - 9, 1);
	check_name(b, span_of(name, (size_t)n), "zoom.us", "");
}

/* ---- texts ---- */

static const struct text_row {
	const char *pattern, *text;
	bool want;
} text_rows[] = {
	/* clang-format off */
	{ "", "", true }, { "", "a", false }, { "a", "", false }, { "*", "", true }, { "**", "", true },
	{ "rtcmedia", "rtcmedia", true }, { "rtcmedia", "RTCMEDIA", false }, { "rtcmedia", "rtcmedia\"", false },
	{ "*", "anything", true }, { "*oKAAiK*", "HrRgpad7PfoKaAoKAAiKAiADEA", true }, { "*oKAAiK*", "oKAAi", false },
	{ "a*b*c", "abc", true }, { "a*b*c", "axxbyyc", true }, { "a*b*c", "axxbyyd", false }, { "a*b*c", "acb", false },
	{ "*ab", "aab", true }, { "*ab", "aba", false }, { "ab*", "ab", true }, { "a*a", "a", false },
	{ "{hex:4}", "0af9", true }, { "{hex:4}", "0aF9", false }, { "{hex:4}", "0af", false }, { "{hex:4}", "0af91", false },
	{ "{HEX:2}", "F9", true }, { "{HEX:2}", "f9", false }, { "{HEX:2}", "G9", false },
	{ "{digits:2}", "09", true }, { "{digits:2}", "0a", false }, { "{alnum:3}", "aZ0", true }, { "{alnum:3}", "a-0", false },
	{ "{base64:4}", "a+/Z", true }, { "{base64:4}", "a+-Z", false }, { "{base64:4}", "a+=Z", false },
	{ "{base64:32}:{alnum:4}", "4SwvSbJCH7ldgvIT7+exeoSJlwbyLfdZ:Ab12", true },
	{ "{Base64:4}", "aB+/", true }, { "{Base64:4}", "ab+/", false }, { "{Base64:4}", "AB12", false },
	{ "{Base64:4}", "aB-/", false },
	{ "{base64:32}:{alnum:4}", "4SwvSbJCH7ldgvIT7+exeoSJlwbyLfdZ:Ab1", false },
	{ "{HEX:8}-{HEX:4}-*", "E04D943F-C271-", true }, { "*:{alnum:4}", "a:b:c:1234", true },
	{ "*{digits:3}*x", "12a123bx", true }, { "*{digits:3}", "0012", true }, { "*{digits:3}", "a12", false },
	/* braces that begin no token are themselves */
	{ "{hex:0}", "{hex:0}", true }, { "{hex:0}", "", false }, { "{hex:4", "{hex:4", true }, { "{hex:}", "{hex:}", true },
	{ "{hex:1000}", "{hex:1000}", true }, { "{hex:764}", "{hex:764}", true }, { "{oct:1}", "{oct:1}", true },
	{ "{", "{", true }, { "{hex:x}", "{hex:x}", true },
	/* clang-format on */
};

static void check_texts(void)
{
	for (size_t i = 0; i < sizeof text_rows / sizeof text_rows[0]; i++) {
		const struct text_row *r = &text_rows[i];
		struct span pattern = check_cut(span_text(r->pattern), strlen(r->pattern));
		struct span text = check_cut(span_text(r->text), strlen(r->text));
		CHECK(pattern_text(pattern, text) == r->want, "%s on %s", r->pattern, r->text);
		free((void *)(uintptr_t)pattern.at);
		free((void *)(uintptr_t)text.at);
	}
	char longest[764];
	memset(longest, '7', sizeof longest);
	CHECK(pattern_text(BYTES("{hex:763}"), span_of(longest, 763)), "763 bytes are a text");
	CHECK(pattern_text(BYTES("*7"), span_of(longest, 763)), "763 bytes are a text");
	CHECK(!pattern_text(BYTES("*"), span_of(longest, 764)), "764 are none");
}

/* ---- findings ---- */

#define AT_ZOOM "170.114.3.1"
#define AT_TEAMS "170.114.1.1"   /* inside zoom's prefix */
#define AT_SHARED "170.114.2.1"  /* shared by zoom inside zoom's own */
#define AT_CROWD "170.114.2.200" /* shared by meet inside that */
#define AT_FRONT "142.250.1.1"   /* shared by meet */
#define AT_MEET "142.250.82.9"
#define AT_NONE "198.51.100.1"
#define CALL_NAME "zoomfrn99mmr.zoom.us"

static const struct match_row {
	const char *name;
	unsigned tells, evidence;
	const char *names[2], *dns[3], *framing, *text[FINDING_TEXTS], *server;
	uint16_t number, port;
	uint8_t media;
	const char *want;
} match_rows[] = {
	/* clang-format off */
	/* the name that the client tells */
	{ "SNI", TELLS_REQUEST, EV_SNI, .names = { "zoomfr84zc.zoom.us" },
	  .want = "zoom signalling+key basis:server path:server by:sni name:zoomfr84zc.zoom.us site:DE" },
	{ "SNI that DNS told, in whatever case", TELLS_REQUEST, EV_SNI, .names = { "ZoomAM104zc.zoom.us" },
	  .dns = { "x.example", "zoomam104ZC.zoom.us" },
	  .want = "zoom signalling+key basis:server path:server by:sni+dns name:ZoomAM104zc.zoom.us site:NL" },
	{ "SNI that DNS did not tell", TELLS_REQUEST, EV_SNI, .names = { "zoom.us" }, .dns = { "log.zoom.us" },
	  .want = "zoom web path:server by:sni name:zoom.us" },
	{ "roles to be shown first", TELLS_REQUEST, EV_SNI, .names = { CALL_NAME },
	  .want = "zoom signalling+key may:media basis:server path:server by:sni name:" CALL_NAME " site:DE" },
	{ "a standing one", TELLS_REQUEST, EV_SNI, .names = { "gateway.zoom.us" },
	  .want = "zoom/chat signalling path:server by:sni name:gateway.zoom.us standing" },
	{ "an unsure site", TELLS_REQUEST, EV_SNI, .names = { "zoomca1zc.zoom.us" },
	  .want = "zoom signalling+key basis:server path:server by:sni name:zoomca1zc.zoom.us site:US?" },
	{ "another site on a shared front", TELLS_REQUEST, EV_SNI, .names = { "x.example" }, .dns = { "zoom.us" },
	  .server = AT_ZOOM, .want = "none by:sni name:x.example" },
	{ "a cover", TELLS_REQUEST | TELLS_HIDDEN, EV_SNI, .names = { "zoom.us" }, .dns = { "meet.google.com" },
	  .want = "meet web path:server by:dns name:meet.google.com" },
	{ "a cover, and DNS knows no better", TELLS_REQUEST | TELLS_HIDDEN, EV_SNI, .names = { "zoom.us" },
	  .dns = { "x.example" }, .want = "none name:x.example" },
	{ "declared", TELLS_SESSION, EV_DECLARED, .names = { "webex.com" },
	  .want = "webex signalling path:server by:declared name:webex.com" },
	{ "declared, but unknown: DNS speaks", TELLS_SESSION, EV_DECLARED, .names = { "x.example" },
	  .dns = { "webex.com" }, .want = "webex signalling path:server by:declared+dns name:webex.com" },
	/* without it */
	{ "DNS, newest first", TELLS_REQUEST, 0, .dns = { "x.example", "gateway.zoom.us", "zoom.us" },
	  .want = "zoom/chat signalling path:server by:dns name:gateway.zoom.us standing" },
	{ "an address as SNI", TELLS_REQUEST, EV_SNI, .names = { "52.114.250.152" }, .dns = { "relay.teams.microsoft.com" },
	  .want = "teams/relay signalling+media path:relay by:sni+dns name:relay.teams.microsoft.com" },
	{ "no name at all", TELLS_REQUEST, 0, .server = AT_ZOOM, .want = "none" },
	{ "a site that the CNAME tells", TELLS_REQUEST, 0,
	  .dns = { "euaz.relay.teams.microsoft.com", "b-tr-teams-euno-05.northeurope.cloudapp.azure.com" },
	  .want = "teams/relay signalling+media path:relay by:dns name:euaz.relay.teams.microsoft.com site:IE" },
	{ "but none of another service", TELLS_REQUEST, EV_SNI, .names = { "zoom.us" },
	  .dns = { "zoom.us", "b-tr-teams-euno-05.northeurope.cloudapp.azure.com" },
	  .want = "zoom web path:server by:sni+dns name:zoom.us" },
	{ "only a sequel", TELLS_DATA | TELLS_LASTING, EV_ANSWER, .dns = { "zoomfr84zc.zoom.us" },
	  .want = "none by:answer" },
	{ "a server's hello, with ALPN", TELLS_ANSWER, EV_ANSWER, .dns = { "zoomfr84zc.zoom.us" },
	  .text = { [TEXT_ALPN] = "h2" }, .want = "none by:answer" },
	/* certificates */
	{ "certificate", TELLS_ANSWER, EV_CERT, .names = { "*.zoom.us", "zoom.us" },
	  .want = "zoom web path:server by:cert name:zoom.us" },
	{ "certificate beside DNS", TELLS_ANSWER, EV_CERT, .names = { "*.zoom.us" }, .dns = { "zoomfr84zc.zoom.us" },
	  .want = "zoom signalling+key basis:server path:server by:dns+cert name:zoomfr84zc.zoom.us site:DE" },
	{ "certificate of somebody else", TELLS_ANSWER, EV_CERT, .names = { "x.example" }, .dns = { "zoom.us" },
	  .want = "zoom web path:server by:dns name:zoom.us" },
	{ "certificate that no row knows", TELLS_ANSWER, EV_CERT, .names = { "*.x.example" },
	  .want = "none by:cert name:x.example" },
	{ "SNI and certificate", TELLS_REQUEST, EV_SNI | EV_CERT, .names = { "zoom.us", "*.zoom.us" },
	  .want = "zoom web path:server by:sni+cert name:zoom.us" },
	{ "the name of the certificate alone", TELLS_KEYS, EV_CERT | EV_PAYLOAD, .names = { "*.cloud.zoom.us" },
	  .want = "zoom key basis:handshake path:server by:payload+cert name:cloud.zoom.us" },
	{ "the text of the certificate", TELLS_KEYS, EV_CERT | EV_PAYLOAD, .text = { [TEXT_CERTIFICATE] = "hangouts" },
	  .port = 19305, .want = "meet key basis:handshake by:port+payload+cert" },
	{ "a certificate that says nothing", TELLS_KEYS, EV_CERT | EV_PAYLOAD, .text = { [TEXT_CERTIFICATE] = "WebRTC" },
	  .number = 0x8054, .want = "teams/relay key may:media basis:handshake by:payload" },
	/* a call's own payload */
	{ "set-up to a name: roles are the payload's", TELLS_SETUP | TELLS_REQUEST, EV_PAYLOAD,
	  .dns = { "relay.teams.microsoft.com" },
	  .want = "teams/relay signalling path:relay by:payload+dns name:relay.teams.microsoft.com" },
	{ "media to a key server's name", TELLS_MEDIA, EV_PAYLOAD, .dns = { CALL_NAME }, .media = MEDIA_VIDEO,
	  .want = "zoom media path:server by:payload+dns media:video name:" CALL_NAME " site:DE" },
	{ "set-up alone", TELLS_SETUP, EV_PAYLOAD, .want = "none by:payload" },
	{ "a session of nobody known", TELLS_SESSION, EV_PAYLOAD, .want = "unknown signalling by:payload" },
	{ "keys of nobody known", TELLS_KEYS, EV_PAYLOAD, .want = "unknown key basis:handshake by:payload" },
	{ "keys and set-up", TELLS_KEYS | TELLS_SETUP, EV_PAYLOAD, .want = "unknown signalling+key basis:handshake by:payload" },
	{ "keys in the open", TELLS_CLEAR_KEYS, EV_DECLARED, .want = "unknown key basis:clear by:declared" },
	{ "media of nobody known", TELLS_MEDIA, EV_PAYLOAD, .media = MEDIA_AUDIO, .dns = { "x.example" },
	  .want = "unknown media by:payload media:audio name:x.example" },
	{ "media through a relay", TELLS_MEDIA | TELLS_RELAY, EV_PAYLOAD, .want = "unknown media path:relay by:payload" },
	/* framings */
	{ "framing, port, prefix", TELLS_MEDIA, EV_PAYLOAD, .framing = "zoom", .port = 8801, .media = MEDIA_VIDEO,
	  .server = AT_ZOOM, .want = "zoom media path:server by:port+payload+prefix media:video in:vendor-wide" },
	{ "framing on another port", TELLS_MEDIA, EV_PAYLOAD, .framing = "zoom", .port = 8811,
	  .want = "zoom media by:payload" },
	{ "framing between peers", TELLS_SETUP | TELLS_PEER, EV_PAYLOAD, .framing = "zoom",
	  .want = "zoom signalling path:peer by:payload" },
	{ "framing that only answers: no roles of the name", TELLS_ANSWER, EV_PAYLOAD, .framing = "zoom", .port = 8810,
	  .dns = { CALL_NAME }, .want = "zoom path:server by:port+payload+dns name:" CALL_NAME " site:DE" },
	{ "roles of a framing", 0, EV_PAYLOAD, .framing = "teams-udp", .port = 3478,
	  .want = "teams signalling+key basis:server by:port+payload" },
	{ "basis, path and component of a framing", 0, EV_PAYLOAD, .framing = "keyed",
	  .want = "webex/chat key may:media basis:handshake path:peer by:payload" },
	{ "media of a framing where media is told", TELLS_MEDIA, EV_PAYLOAD, .framing = "keyed",
	  .want = "webex/chat key+media basis:handshake path:peer by:payload media:audio" },
	{ "the name's component, not standing", TELLS_SETUP, EV_PAYLOAD, .framing = "keyed", .dns = { "locus-k.wbx2.com" },
	  .want = "webex/chat signalling+key may:media basis:handshake path:peer by:payload+dns name:locus-k.wbx2.com site:DE" },
	{ "number", TELLS_SETUP, EV_PAYLOAD, .framing = "stun", .number = 0x8054, .port = 3481,
	  .want = "teams/relay signalling may:media by:port+payload" },
	{ "another number", TELLS_SETUP, EV_PAYLOAD, .framing = "stun", .number = 0x8055, .want = "none by:payload" },
	{ "user name", TELLS_SESSION, EV_PAYLOAD, .framing = "stun", .port = 5004,
	  .text = { [TEXT_USERNAME] = "4SwvSbJCH7ldgvIT7+exeoSJlwbyLfdZ:Ab12" },
	  .want = "webex signalling by:port+payload" },
	{ "realm", TELLS_SETUP | TELLS_RELAY, EV_PAYLOAD, .framing = "stun", .text = { [TEXT_REALM] = "rtcmedia" },
	  .server = AT_TEAMS, .port = 3478, .want = "teams/relay signalling path:relay by:port+payload+prefix in:vendor" },
	{ "a realm in another field", TELLS_SETUP, EV_PAYLOAD, .text = { [TEXT_USERNAME] = "rtcmedia" },
	  .want = "none by:payload" },
	/* where they differ */
	{ "the payload beats a name", TELLS_SETUP, EV_PAYLOAD, .number = 0x8054, .port = 3478, .dns = { CALL_NAME },
	  .want = "teams/relay signalling may:media by:port+payload name:" CALL_NAME },
	{ "on TLS the name beats a framing", TELLS_REQUEST, EV_SNI, .names = { "zoom.us" },
	  .text = { [TEXT_CERTIFICATE] = "hangouts" }, .want = "zoom web path:server by:sni name:zoom.us" },
	{ "of two framings the name's", TELLS_SETUP, EV_PAYLOAD, .number = 0x8054, .text = { [TEXT_SOFTWARE] = "a vendor's" },
	  .dns = { "webex.com" }, .want = "webex signalling path:server by:payload+dns name:webex.com" },
	{ "of two framings the first", TELLS_SETUP, EV_PAYLOAD, .number = 0x8054, .text = { [TEXT_SOFTWARE] = "a vendor's" },
	  .want = "teams/relay signalling may:media by:payload" },
	/* prefixes */
	{ "set-up in a vendor's prefix", TELLS_SETUP, EV_PAYLOAD, .server = AT_ZOOM,
	  .want = "zoom signalling path:server by:payload+prefix in:vendor-wide" },
	{ "the narrowest", TELLS_SETUP, EV_PAYLOAD, .server = AT_TEAMS,
	  .want = "teams signalling path:server by:payload+prefix in:vendor" },
	{ "anycast", TELLS_KEYS, EV_PAYLOAD, .server = AT_MEET,
	  .want = "meet key basis:handshake path:server by:payload+prefix in:anycast" },
	{ "shared, inside the vendor's own", TELLS_SETUP, EV_PAYLOAD, .server = AT_SHARED, .want = "none by:payload" },
	{ "shared by two", TELLS_SETUP, EV_PAYLOAD, .server = AT_CROWD, .want = "none by:payload" },
	{ "media from a shared front", TELLS_MEDIA, EV_PAYLOAD, .server = AT_FRONT, .want = "unknown media by:payload" },
	{ "a name inside another's prefix", TELLS_REQUEST, EV_SNI, .names = { "zoom.us" }, .server = AT_TEAMS,
	  .want = "zoom web path:server by:sni+prefix name:zoom.us in:vendor-wide" },
	{ "a name on a shared front", TELLS_REQUEST, EV_SNI, .names = { "zoom.us" }, .server = AT_SHARED,
	  .want = "zoom web path:server by:sni name:zoom.us in:shared" },
	{ "a name outside", TELLS_REQUEST, EV_SNI, .names = { "zoom.us" }, .server = AT_MEET,
	  .want = "zoom web path:server by:sni name:zoom.us" },
	/* clang-format on */
};

static void say_set(struct text *t, const char *before, enum word_set set, unsigned values)
{
	for (unsigned bit = 1; bit < 256; bit <<= 1)
		if ((values & bit) != 0) {
			text_printf(t, "%s%s", before, word_name(set, bit));
			before = "+";
		}
}

/* "service/component roles may basis path evidence media | name site flags" */
static void say_match(struct text *t, const struct book *b, const struct match *m)
{
	char two[3];
	text_put(t, m->service == SERVICE_NONE ? "none" : book_string(b, book_service(b, m->service)->name));
	if (m->component != 0)
		text_printf(t, "/%s", book_string(b, book_component(b, m->component)->name));
	say_set(t, " ", WORDS_ROLE, m->roles);
	say_set(t, " may:", WORDS_ROLE, m->may);
	say_set(t, " basis:", WORDS_BASIS, m->basis);
	if (m->path != PATH_NONE)
		text_printf(t, " path:%s", word_name(WORDS_PATH, m->path));
	say_set(t, " by:", WORDS_EVIDENCE, m->evidence);
	say_set(t, " media:", WORDS_MEDIA, m->media);
	if (m->name.len > 0) {
		text_put(t, " name:");
		text_put_span(t, m->name);
	}
	if (m->site_row != 0)
		text_printf(t, " site:%s%s", country_text(m->site, two), m->site_unsure ? "?" : "");
	if (m->in_prefix)
		text_printf(t, " in:%s", word_name(WORDS_PREFIX, m->prefix_place));
	if (m->standing)
		text_put(t, " standing");
}

static void finding_make(const struct match_row *r, struct finding *f)
{
	memset(f, 0, sizeof *f);
	f->tells = (uint16_t)r->tells;
	f->evidence = (uint8_t)r->evidence;
	f->media = r->media;
	for (; f->name_count < 2 && r->names[f->name_count] != NULL; f->name_count++)
		f->name[f->name_count] = span_text(r->names[f->name_count]);
	for (size_t i = 0; i < FINDING_TEXTS; i++)
		f->text[i] = r->text[i] != NULL ? span_text(r->text[i]) : BYTES("");
	f->number_count = r->number != 0;
	f->number[0] = r->number;
}

static void check_match(const struct book *b, const struct match_row *r)
{
	struct finding f;
	struct span dns[3];
	struct address server;
	finding_make(r, &f);
	address_parse(span_text(r->server != NULL ? r->server : AT_NONE), &server);
	struct clues c = { .finding = &f,
			   .framing = r->framing != NULL ? r->framing : "tls",
			   .server = &server,
			   .dns_names = dns,
			   .server_port = r->port,
			   .proto = PROTO_UDP };
	for (; c.dns_count < 3 && r->dns[c.dns_count] != NULL; c.dns_count++)
		dns[c.dns_count] = span_text(r->dns[c.dns_count]);
	struct trace t = { 0 };
	char storage[512], again[512];
	struct match m = catalogue_match(b, &c, &t);
	struct text said = text_in(storage, sizeof storage), dry = text_in(again, sizeof again);
	say_match(&said, b, &m);
	CHECK(strcmp(storage, r->want) == 0, "%s:\n  %s\nnot\n  %s", r->name, storage, r->want);
	struct match without = catalogue_match(b, &c, NULL);
	say_match(&dry, b, &without);
	CHECK(strcmp(storage, again) == 0, "%s: the same without a trace", r->name);
	bool traced = t.count > 0 && t.step[t.count - 1].what == TRACE_SERVICE;
	CHECK(m.service == SERVICE_NONE || (traced && t.step[t.count - 1].row == m.service), "%s: told",
	      r->name);
}

static const struct prefix_row {
	const char *at;
	const char *want; /* "": none */
} prefix_rows[] = {
	{ AT_ZOOM, "170.114.0.0/16" },
	{ AT_TEAMS, "170.114.1.0/24" },
	{ AT_CROWD, "170.114.2.128/25" },
	{ "170.114.255.255", "170.114.0.0/16" },
	{ "170.113.255.255", "" },
	{ "170.115.0.0", "" },
	{ AT_MEET, "142.250.82.0/24" },
	{ "142.250.83.0", "142.250.0.0/15" },
	{ "0.0.0.0", "" },
	{ "2001:4860:4864:5::1", "2001:4860:4864::/48" },
	{ "2001:4860:4865::", "" },
	{ "::", "" },
	{ "ffff::", "" },
};

static void check_prefix(const struct book *b, const struct prefix_row *r)
{
	struct address a;
	char text[PREFIX_TEXT_BYTES] = "";
	address_parse(span_text(r->at), &a);
	uint32_t row = catalogue_prefix(b, &a);
	if (row != 0)
		prefix_text(&book_prefix(b, row - 1)->prefix, text);
	CHECK(strcmp(text, r->want) == 0, "%s: %s", r->at, text);
}

int main(void)
{
	struct book b;
	uint8_t *image = book_make(&b);
	for (size_t i = 0; i < sizeof name_rows / sizeof name_rows[0]; i++)
		check_name(&b, span_text(name_rows[i].name), name_rows[i].pattern, name_rows[i].site);
	check_name(&b, BYTES("a\0.zoom.us"), "", "");
	check_long_names(&b);
	check_texts();
	for (size_t i = 0; i < sizeof prefix_rows / sizeof prefix_rows[0]; i++)
		check_prefix(&b, &prefix_rows[i]);
	for (size_t i = 0; i < sizeof match_rows / sizeof match_rows[0]; i++)
		check_match(&b, &match_rows[i]);
	free(image);
	return check_done();
}
