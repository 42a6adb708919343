/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "words/words.h"

#include "words/trace.h"

struct word {
	unsigned value;
	const char *name;
};

#define SET(...) (const struct word[]){ __VA_ARGS__, { 0, NULL } }

static const struct word *const sets[WORD_SETS] = {
	[WORDS_ROLE] = SET({ ROLE_WEB, "web" }, { ROLE_SIGNALLING, "signalling" }, { ROLE_KEY, "key" },
			   { ROLE_MEDIA, "media" }),
	[WORDS_BASIS] = SET({ BASIS_SERVER, "server" }, { BASIS_HANDSHAKE, "handshake" }, { BASIS_CLEAR, "clear" }),
	[WORDS_EVIDENCE] = SET({ EV_SNI, "sni" }, { EV_PORT, "port" }, { EV_DECLARED, "declared" },
			       { EV_PAYLOAD, "payload" }, { EV_DNS, "dns" }, { EV_CERT, "cert" },
			       { EV_ANSWER, "answer" }, { EV_PREFIX, "prefix" }),
	[WORDS_STRENGTH] = SET({ STRENGTH_WEAK, "weak" }, { STRENGTH_FIRM, "firm" }, { STRENGTH_PROVEN, "proven" }),
	[WORDS_MEDIA] = SET({ MEDIA_AUDIO, "audio" }, { MEDIA_VIDEO, "video" }, { MEDIA_SCREEN, "screen" }),
	[WORDS_PATH] = SET({ PATH_SERVER, "server" }, { PATH_RELAY, "relay" }, { PATH_PEER, "peer" }),
	[WORDS_PLACE] = SET({ PLACE_SERVER, "server" }, { PLACE_RELAY, "relay" }, { PLACE_PEER, "peer" }),
	[WORDS_STAGE] = SET({ STAGE_ATTEMPT, "attempt" }, { STAGE_PROBE, "probe" }, { STAGE_USED, "used" }),
	[WORDS_CERTAINTY] = SET({ CERTAINTY_NONE, "none" }, { CERTAINTY_PLAUSIBLE, "plausible" },
				{ CERTAINTY_CONFIRMED, "confirmed" }, { CERTAINTY_DISPUTED, "disputed" },
				{ CERTAINTY_CONTRADICTED, "contradicted" }),
	[WORDS_KIND] = SET({ KIND_OVERRIDE, "override" }, { KIND_PROVIDER, "provider" }, { KIND_SITE, "site" },
			   { KIND_DATABASE, "database" }),
	[WORDS_ACTION] = SET({ ACTION_PERMIT, "permit" }, { ACTION_ALERT, "alert" }, { ACTION_BLOCK, "block" }),
	[WORDS_UNSURE] = SET({ UNSURE_PERMIT, "permit" }, { UNSURE_ALERT, "alert" }, { UNSURE_BLOCK, "block" },
			     { UNSURE_NEXT, "next" }),
	[WORDS_MODE] = SET({ MODE_OBSERVE, "observe" }, { MODE_ENFORCE, "enforce" }),
	[WORDS_DONE] = SET({ DONE_NOTHING, "permitted" }, { DONE_ALERTED, "alerted" }, { DONE_BLOCKED, "blocked" },
			   { DONE_WOULD_BLOCK, "would_block" }, { DONE_RELEASED, "released" },
			   { DONE_FAILED, "failed" }, { DONE_ASKED, "block_asked" }),
	[WORDS_STATE] = SET({ ALERT_OPENED, "opened" }, { ALERT_UPDATED, "updated" }, { ALERT_CLOSED, "closed" }),
	[WORDS_PREFIX] = SET({ PREFIX_VENDOR, "vendor" }, { PREFIX_VENDOR_WIDE, "vendor-wide" },
			     { PREFIX_ANYCAST, "anycast" }, { PREFIX_SHARED, "shared" }),
	[WORDS_SIDE] = SET({ SIDE_INSIDE, "inside" }, { SIDE_OUTSIDE, "outside" }, { SIDE_MIRROR, "mirror" }),
	[WORDS_FORMAT] = SET({ FORMAT_RFC3164, "rfc3164" }, { FORMAT_RFC5424, "rfc5424" }, { FORMAT_JSON, "json" }),
	[WORDS_FENCING] = SET({ FENCING_STRICT, "strict" }, { FENCING_AVAILABLE, "available" }),
	[WORDS_SIZE] = SET({ SIZE_SMALL, "small" }, { SIZE_MEDIUM, "medium" }, { SIZE_LARGE, "large" }),
	[WORDS_PROTO] = SET({ PROTO_TCP, "tcp" }, { PROTO_UDP, "udp" }),
	[WORDS_DECODED] = SET({ DECODED, "tracked" }, { DECODED_NO_PORTS, "no_ports" },
			      { DECODED_FRAGMENT, "fragment" }, { DECODED_NOT_UNICAST, "not_unicast" },
			      { UNDECODED_LINK, "link_type" }, { UNDECODED_NOT_IP, "not_ip" },
			      { UNDECODED_SHORT, "short" }, { UNDECODED_BROKEN, "broken" },
			      { UNDECODED_DEEP, "deep" }),
	[WORDS_DNS] = SET({ DNS_BELIEVED, "believed" }, { DNS_UNASKED, "unasked" }, { DNS_WRONG_ID, "wrong_id" },
			  { DNS_WRONG_PORT, "wrong_port" }, { DNS_WRONG_SERVER, "wrong_server" },
			  { DNS_WRONG_NAME, "wrong_name" }, { DNS_BAILIWICK, "bailiwick" }, { DNS_LATE, "late" },
			  { DNS_CONFLICT, "conflict" }, { DNS_NO_RESOLVER, "no_resolver" }),
	[WORDS_CODE] = SET({ CODE_SERVICE_BANNED, "SERVICE_BANNED" }, { CODE_KEY_REGION, "KEY_REGION" },
			   { CODE_MEDIA_REGION, "MEDIA_REGION" }, { CODE_SIGNALLING_REGION, "SIGNALLING_REGION" },
			   { CODE_WEB_REGION, "WEB_REGION" }, { CODE_LOC_NONE, "LOC_NONE" },
			   { CODE_LOCAL_UNSURE, "LOCAL_UNSURE" }, { CODE_ALERT_STORM, "ALERT_STORM" },
			   { CODE_HEARTBEAT, "HEARTBEAT" }, { CODE_POLICY_LOADED, "POLICY_LOADED" },
			   { CODE_POLICY_REJECTED, "POLICY_REJECTED" }, { CODE_PROCESS_RESTARTED, "PROCESS_RESTARTED" },
			   { CODE_CAPTURE_LOSS, "CAPTURE_LOSS" }, { CODE_CAPTURE_DOWN, "CAPTURE_DOWN" },
			   { CODE_CAPTURE_UP, "CAPTURE_UP" }, { CODE_BLOCK_APPLIED, "BLOCK_APPLIED" },
			   { CODE_BLOCK_FAILED, "BLOCK_FAILED" }, { CODE_BLOCK_REFUSED, "BLOCK_REFUSED" },
			   { CODE_BLOCK_RELEASED, "BLOCK_RELEASED" }, { CODE_BLOCK_LEAKING, "BLOCK_LEAKING" },
			   { CODE_BUDGET_SPENT, "BUDGET_SPENT" }, { CODE_TABLE_CONFLICT, "TABLE_CONFLICT" },
			   { CODE_PAUSED, "PAUSED" }, { CODE_RESUMED, "RESUMED" },
			   { CODE_DB_STALE, "DB_STALE" }, { CODE_SPOOL_LOST, "SPOOL_LOST" },
			   { CODE_OUTPUT_DOWN, "OUTPUT_DOWN" }, { CODE_OUTPUT_UP, "OUTPUT_UP" }),
	[WORDS_FRAMING] = SET({ FRAMING_NAME, "framing" }, { FRAMING_STUN_ATTRIBUTE, "stun_attribute" },
			      { FRAMING_REALM, "realm" }, { FRAMING_SOFTWARE, "software" },
			      { FRAMING_USERNAME, "username" }, { FRAMING_CERTIFICATE, "certificate" }),
	[WORDS_TELLS] = SET({ TELLS_REQUEST, "a request" }, { TELLS_ANSWER, "an answer" }, { TELLS_SETUP, "set-up" },
			    { TELLS_SESSION, "a session" }, { TELLS_KEYS, "keys agreed" },
			    { TELLS_CLEAR_KEYS, "keys in the clear" }, { TELLS_MEDIA, "media packets" },
			    { TELLS_RELAY, "a relay at work" }, { TELLS_PEER, "what only clients say to each other" },
			    { TELLS_ENCRYPTED, "encrypted records both ways" }, { TELLS_DATA, "application data both ways" },
			    { TELLS_LASTING, "data both ways, a second later" }, { TELLS_CLOSE, "a close" },
			    { TELLS_HIDDEN, "a cover name" }),
	[WORDS_WHY] = SET({ WHY_COUNTED, "counted" },
			  { WHY_PROVIDER_SPEAKS, "shown only: the provider's own list speaks here" },
			  { WHY_REGISTRANT, "shown only: it names the registrant of world-wide space" },
			  { WHY_ANYCAST, "shown only: one address in many places" },
			  { WHY_OVERRIDDEN, "shown only: an override speaks" },
			  { WHY_UNSURE_ALONE, "shown only: an unsure site never stands alone" },
			  { WHY_NO_COUNTRY, "names no country" }),
	[WORDS_RULE_STEP] = SET({ RULE_MATCHED, "matches" },
				{ RULE_MATCHED_UNSURE, "decides by what it says of unsure places" },
				{ RULE_NOT_FROM, "is not for this client (from)" },
				{ RULE_NOT_SERVICE, "is not for this service" },
				{ RULE_NOT_ROLE, "is not for these roles" },
				{ RULE_NOT_BASIS, "is not for this basis of key traffic" },
				{ RULE_NOT_PATH, "is not for this path" },
				{ RULE_NOT_OPERATOR, "is not for this operator" },
				{ RULE_INSIDE_FAILS, "does not match: the place lies outside its region" },
				{ RULE_OUTSIDE_FAILS, "does not match: the place lies inside its region" },
				{ RULE_UNSURE_NEXT, "is unsure of this place and leaves it to the next" },
				{ RULE_EXCEPTED, "does not match: an exception stands" }),
};

const char *word_name(enum word_set set, unsigned value)
{
	for (const struct word *w = sets[set]; w->name != NULL; w++)
		if (w->value == value)
			return w->name;
	return NULL;
}

bool word_find(enum word_set set, struct span name, unsigned *ret)
{
	for (const struct word *w = sets[set]; w->name != NULL; w++)
		if (span_equal(name, span_text(w->name))) {
			*ret = w->value;
			return true;
		}
	return false;
}

const char *word_at(enum word_set set, size_t index, unsigned *ret_value)
{
	for (const struct word *w = sets[set]; w->name != NULL; w++)
		if (index-- == 0) {
			*ret_value = w->value;
			return w->name;
		}
	return NULL;
}

enum strength strength_of(unsigned evidence)
{
	int kinds = __builtin_popcount(evidence & (EV_DNS | EV_CERT | EV_ANSWER | EV_PREFIX));
	return kinds > 1 ? STRENGTH_PROVEN : kinds == 1 ? STRENGTH_FIRM : STRENGTH_WEAK;
}
