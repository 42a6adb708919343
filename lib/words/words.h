/* SPDX-License-Identifier: GPL-3.0-or-later */
/* words: the words of the field, as C. Sets are bits, single choices are enumerations from 0; words.c holds
 * the one table of their names, for configuration, events and commands alike: no other file spells them. */
#ifndef KEYFENCE_WORDS_WORDS_H
#define KEYFENCE_WORDS_WORDS_H

#include "base/cursor.h"

/* What a flow carries: a set. */
enum role { ROLE_WEB = 1, ROLE_SIGNALLING = 2, ROLE_KEY = 4, ROLE_MEDIA = 8 };
/* Why a flow is said to carry keys: a set. */
enum basis { BASIS_SERVER = 1, BASIS_HANDSHAKE = 2, BASIS_CLEAR = 4 };
/* What a conclusion rests on: a set. The last four the client cannot forge. */
enum evidence {
	EV_SNI = 1, EV_PORT = 2, EV_DECLARED = 4, EV_PAYLOAD = 8,
	EV_DNS = 16, EV_CERT = 32, EV_ANSWER = 64, EV_PREFIX = 128,
};
enum strength { STRENGTH_WEAK, STRENGTH_FIRM, STRENGTH_PROVEN };
enum media { MEDIA_AUDIO = 1, MEDIA_VIDEO = 2, MEDIA_SCREEN = 4 };
/* By which path; and which place of a flow is meant. PATH_NONE: nothing tells. */
enum path { PATH_NONE, PATH_SERVER, PATH_RELAY, PATH_PEER };
enum place_of { PLACE_SERVER, PLACE_RELAY, PLACE_PEER, PLACES };
enum stage { STAGE_ATTEMPT, STAGE_PROBE, STAGE_USED };
enum certainty { CERTAINTY_NONE, CERTAINTY_PLAUSIBLE, CERTAINTY_CONFIRMED, CERTAINTY_DISPUTED, CERTAINTY_CONTRADICTED };
/* Kinds of source of a location: a set. */
enum kind { KIND_OVERRIDE = 1, KIND_PROVIDER = 2, KIND_SITE = 4, KIND_DATABASE = 8 };
enum action { ACTION_PERMIT, ACTION_ALERT, ACTION_BLOCK };
enum unsure { UNSURE_UNSET, UNSURE_PERMIT, UNSURE_ALERT, UNSURE_BLOCK, UNSURE_NEXT };
enum mode { MODE_OBSERVE, MODE_ENFORCE };
/* What was done on a verdict (event.action). */
enum done { DONE_NOTHING, DONE_ALERTED, DONE_BLOCKED, DONE_WOULD_BLOCK, DONE_RELEASED, DONE_FAILED, DONE_ASKED };
enum alert_state { ALERT_OPENED, ALERT_UPDATED, ALERT_CLOSED };
/* What a prefix of the catalogue is: the vendor's machines at known places; the vendor's machines all over
 * the world under one registration; one address in many places; fronts shared with strangers. */
enum prefix_place { PREFIX_VENDOR, PREFIX_VENDOR_WIDE, PREFIX_ANYCAST, PREFIX_SHARED };
enum side { SIDE_INSIDE, SIDE_OUTSIDE, SIDE_MIRROR };
enum size { SIZE_SMALL, SIZE_MEDIUM, SIZE_LARGE };
/* The form of a line to syslog: RFC 3164 only to a local socket. */
enum output_format { FORMAT_RFC3164, FORMAT_RFC5424, FORMAT_JSON, FORMATS };
/* What a fence that the kernel lacks means: strict refuses to start, available starts and says so. */
enum fencing { FENCING_STRICT, FENCING_AVAILABLE };
enum proto { PROTO_TCP = 6, PROTO_UDP = 17 }; /* IANA numbers; WORDS_PROTO names them */

/* What became of one frame (packet room), and which counter it is in the accounting. */
enum decoded {
	DECODED,
	DECODED_NO_PORTS,    /* a sound packet of a protocol without ports: ICMP, GRE, ... */
	DECODED_FRAGMENT,    /* not the first fragment */
	DECODED_NOT_UNICAST, /* multicast, broadcast, link-local, unspecified */
	UNDECODED,           /* from here on: reasons of not being decoded */
	UNDECODED_LINK = UNDECODED, /* a link type that no row decodes */
	UNDECODED_NOT_IP,    /* ARP, STP, LLDP, ... */
	UNDECODED_SHORT,     /* ends within a header */
	UNDECODED_BROKEN,    /* a header that contradicts itself */
	UNDECODED_DEEP,      /* nested deeper than the bound */
	DECODED_KINDS,
};

/* Why an answer of DNS was not believed. */
enum dns_doubt {
	DNS_BELIEVED,
	DNS_UNASKED,   /* no open question of this client to this server from this port */
	DNS_WRONG_ID,
	DNS_WRONG_PORT,
	DNS_WRONG_SERVER,
	DNS_WRONG_NAME, /* another name or type than was asked */
	DNS_BAILIWICK,  /* records outside the chain from the question */
	DNS_LATE,       /* more than 20 s after the question */
	DNS_CONFLICT,   /* a second, differing answer to one question */
	DNS_NO_RESOLVER, /* from a server that is none of `resolvers` */
	DNS_DOUBTS,
};

/* Event codes: stable, never reused; their names are upper case. */
enum code {
	CODE_SERVICE_BANNED, CODE_KEY_REGION, CODE_MEDIA_REGION, CODE_SIGNALLING_REGION, CODE_WEB_REGION,
	CODE_LOC_NONE, CODE_LOCAL_UNSURE, CODE_ALERT_STORM,
	/* From here on notices: what the daemon says of itself and of what it did. */
	CODE_HEARTBEAT, CODE_POLICY_LOADED, CODE_POLICY_REJECTED, CODE_PROCESS_RESTARTED,
	CODE_CAPTURE_LOSS, CODE_CAPTURE_DOWN, CODE_CAPTURE_UP,
	CODE_BLOCK_APPLIED, CODE_BLOCK_FAILED, CODE_BLOCK_REFUSED, CODE_BLOCK_RELEASED, CODE_BLOCK_LEAKING,
	CODE_BUDGET_SPENT, CODE_TABLE_CONFLICT, CODE_PAUSED, CODE_RESUMED, CODE_DB_STALE,
	CODE_SPOOL_LOST, CODE_OUTPUT_DOWN, CODE_OUTPUT_UP,
	CODES,
};

/* What a catalogue row of kind framing asks of a finding. */
enum framing_is {
	FRAMING_NAME,          /* the recogniser's own name, as `zoom` or `ms-turn` */
	FRAMING_STUN_ATTRIBUTE, /* a number among the finding's numbers */
	FRAMING_REALM, FRAMING_SOFTWARE, FRAMING_USERNAME, FRAMING_CERTIFICATE, /* a text of the finding, by pattern */
};

enum word_set {
	WORDS_ROLE, WORDS_BASIS, WORDS_EVIDENCE, WORDS_STRENGTH, WORDS_MEDIA, WORDS_PATH, WORDS_PLACE, WORDS_STAGE,
	WORDS_CERTAINTY, WORDS_KIND, WORDS_ACTION, WORDS_UNSURE, WORDS_MODE, WORDS_DONE, WORDS_STATE,
	WORDS_PREFIX, WORDS_SIDE, WORDS_SIZE, WORDS_PROTO, WORDS_DECODED, WORDS_DNS, WORDS_CODE, WORDS_FRAMING,
	WORDS_TELLS,     /* enum tells (values.h), as phrases */
	WORDS_WHY,       /* enum source_why (values.h), as phrases */
	WORDS_RULE_STEP, /* enum trace_rule (trace.h), as phrases */
	WORDS_FORMAT, WORDS_FENCING,
	WORD_SETS,
};

/* Name of one value; of one bit where the set is bits. NULL if there is none. */
const char *word_name(enum word_set set, unsigned value);
/* The value of a name, exactly as spelled. */
bool word_find(enum word_set set, struct span name, unsigned *ret);
/* Walks the names of a set in their order: NULL after the last. */
const char *word_at(enum word_set set, size_t index, unsigned *ret_value);

/* Counts the kinds out of DNS, CERT, ANSWER and PREFIX: none weak, one firm, more proven. */
enum strength strength_of(unsigned evidence);

#endif
