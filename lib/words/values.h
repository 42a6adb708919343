/* SPDX-License-Identifier: GPL-3.0-or-later */
/* values: what crosses from one room to the next. Plain values of fixed size; spans borrow from the packet
 * (or from the book) and live only as long as the call they come with. */
#ifndef KEYFENCE_WORDS_VALUES_H
#define KEYFENCE_WORDS_VALUES_H

#include "base/address.h"
#include "words/words.h"

/* ---- countries: two upper-case letters, the first in the high byte; 0 is none ---- */
typedef uint16_t country;
enum { COUNTRY_NONE = 0 };
static inline country country_from(struct span two) /* COUNTRY_NONE unless two ASCII letters, any case */
{
	uint8_t a = two.len == 2 ? two.at[0] & 0xDF : 0, b = two.len == 2 ? two.at[1] & 0xDF : 0;
	bool letters = a >= 'A' && a <= 'Z' && b >= 'A' && b <= 'Z' && two.at[0] >= 'A' && two.at[1] >= 'A';
	return (country)(letters ? a << 8 | b : COUNTRY_NONE);
}
static inline const char *country_text(country c, char ret[3]) /* "" for none */
{
	ret[0] = (char)(c >> 8), ret[1] = (char)(c & 0xFF), ret[2] = '\0';
	return ret;
}

/* ---- packet -> flow ---- */

/* Canonical: lo is the smaller (address, port); who is the client is a bit of the flow. 40 bytes without
 * padding, compared and hashed as bytes. vlan is 0 unless flows are kept apart by VLAN. */
struct flow_key {
	struct address lo, hi;
	uint16_t lo_port, hi_port, vlan;
	uint8_t proto, zero;
};
_Static_assert(sizeof(struct flow_key) == 40, "a key is compared as bytes");

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

struct packet {
	struct flow_key key;
	bool from_hi;       /* sent by key.hi */
	uint8_t tcp_flags;  /* 0 for UDP */
	uint16_t vlan;      /* the innermost VLAN id of the outer frame; 0: none */
	uint32_t seq, ack;  /* TCP */
	struct span payload; /* transport payload as far as captured; IP padding cut off */
	uint64_t at_us;
	uint32_t wire_bytes; /* length of the frame on the wire */
};

/* One captured frame, borrowed from the capture until the next read. */
struct frame {
	struct span bytes;   /* as far as captured */
	uint64_t at_us;      /* since 1970 */
	uint32_t wire_bytes;
	uint16_t linktype;   /* LINKTYPE_/DLT_ value as libpcap gives it */
	uint16_t source;     /* which capture, counted from 0 */
};

/* ---- wire -> catalogue, engine ---- */

/* What a finding says of the flow: a set. */
enum tells {
	TELLS_REQUEST = 1,    /* its sender asked: names the client where nothing better does */
	TELLS_ANSWER = 2,     /* its sender answered the other end's transaction or handshake */
	TELLS_SETUP = 4,      /* sets up or probes a session, as STUN and TURN do: signalling, if it conferences at all */
	TELLS_SESSION = 8,    /* a session between two ends that agreed credentials (an ICE check): conferencing of some service */
	TELLS_KEYS = 16,      /* agrees media keys in a handshake (use_srtp): role key, basis handshake */
	TELLS_CLEAR_KEYS = 32, /* keys in the open: role key, basis clear */
	TELLS_MEDIA = 64,     /* media bytes: role media */
	TELLS_RELAY = 128,    /* the far end relays (allocation, channel data, multiplexed frame): path relay */
	TELLS_PEER = 256,     /* a framing that only clients speak to each other: path peer */
	TELLS_ENCRYPTED = 512, /* both ends have finished their handshake (encrypted records both ways) */
	TELLS_DATA = 1024,    /* application data both ways after the handshake */
	TELLS_LASTING = 2048, /* records of application data both ways later than 1 s after the server's hello */
	TELLS_CLOSE = 4096,   /* its sender ends the session */
	TELLS_HIDDEN = 8192,  /* the name is a cover (ECH): it does not say whom the client wants */
};

/* What tells mean for every service alike: the roles of a flow that conferences at all, and the basis of its key role. */
static inline unsigned roles_told(unsigned tells)
{
	return (tells & (TELLS_SETUP | TELLS_SESSION) ? ROLE_SIGNALLING : 0u) | (tells & TELLS_MEDIA ? ROLE_MEDIA : 0u) |
	       (tells & (TELLS_KEYS | TELLS_CLEAR_KEYS) ? ROLE_KEY : 0u);
}
static inline unsigned basis_told(unsigned tells)
{
	return (tells & TELLS_KEYS ? BASIS_HANDSHAKE : 0u) | (tells & TELLS_CLEAR_KEYS ? BASIS_CLEAR : 0u);
}

/* Which texts a finding can carry beside names. */
enum finding_text { TEXT_REALM, TEXT_SOFTWARE, TEXT_USERNAME, TEXT_CERTIFICATE, TEXT_ALPN, FINDING_TEXTS };

/* What a told address is told as. */
enum told_as { TOLD_NOTHING, TOLD_CLIENT_OUTER, TOLD_RELAY, TOLD_PEER, TOLD_CANDIDATE, TOLD_OTHER_SERVER };

enum { FINDING_NAMES = 16, FINDING_NUMBERS = 8, FINDING_PIECES = 4 };

/* A piece of a message that comes over several packets: the engine lays it into a bounded in-order view and
 * calls the recogniser's `whole` with the contiguous front of it. */
struct piece {
	uint32_t at;       /* offset of these bytes in the message (or stream) */
	struct span bytes;
	uint8_t message;   /* messages of one way are told apart by this number (DTLS message_seq) */
};

/* What one recogniser tells of one payload. */
struct finding {
	uint8_t wire;       /* index of the recogniser in wire_table */
	uint8_t evidence;   /* kinds of evidence that it is, beside what the catalogue adds: EV_PAYLOAD, EV_SNI, EV_CERT, EV_DECLARED, ... */
	uint8_t media;      /* enum media, where the payload tells */
	uint8_t told_as;
	uint16_t tells;     /* enum tells */
	uint16_t told_port;
	struct address told;
	uint64_t token;     /* transaction, session or SSRC: links flows; 0: none */
	uint8_t name_count, number_count, piece_count;
	uint16_t number[FINDING_NUMBERS];        /* vendor's numbers seen (STUN attributes outside the standards) */
	struct piece piece[FINDING_PIECES];
	struct span text[FINDING_TEXTS];
	struct span name[FINDING_NAMES];         /* host names: one SNI, or the names of a certificate */
};

enum wire_result {
	WIRE_OTHER,  /* not mine */
	WIRE_MATCH,  /* whole and well-formed: ret was written */
	WIRE_MORE,   /* may be mine, more bytes or packets are needed; memory may have changed, ret not */
	WIRE_PIECES, /* ret->piece holds parts of a message; ret's other fields count as well */
	WIRE_BROKEN, /* has my magic, breaks my framing: counted, never a finding */
};

/* One payload as a recogniser sees it. */
struct payload {
	struct span bytes;
	uint64_t at_us;
	uint32_t offset;         /* TCP: of the first byte, from the start of this way's stream (0: first byte after the SYN); UDP: 0 */
	uint16_t from_port, to_port;
	uint8_t from_hi;         /* which way: 0 sent by key.lo, 1 by key.hi */
	uint8_t context;         /* enum tells >> 0, lowest 8 bits, seen on this flow before: SESSION and KEYS let RTP be believed sooner */
};

/* DNS as `places` takes it: one whole message over UDP or TCP, read by wire/dns. Names are lower case without
 * trailing dot, in the message's own storage. */
enum { DNS_NAME_BYTES = 254, DNS_ANSWERS = 64 };
struct dns_record {
	uint16_t owner, target;  /* offsets into names[] of NUL-ended text; target: of CNAME/DNAME */
	uint16_t type;
	uint32_t ttl_s;
	struct address at;       /* of A and AAAA */
};
struct dns_message {
	uint16_t id;
	bool answer, truncated;
	uint8_t rcode;
	uint16_t type;                  /* of the question */
	uint8_t question_bytes;         /* length of the name as sent, in question[] */
	char question[DNS_NAME_BYTES];  /* as sent, case kept, NUL-ended */
	uint8_t record_count;
	struct dns_record record[DNS_ANSWERS]; /* A, AAAA, CNAME of the answer section */
	uint16_t names_bytes;
	char names[2048];               /* NUL-ended names of the records; a message with more is WIRE_BROKEN */
};

/* ---- catalogue -> engine ---- */
struct match {
	uint16_t service, component; /* indices into the book; 0 is none (service) and none (component); SERVICE_UNKNOWN */
	uint8_t roles, may, basis, path; /* sets as in the conclusion; may: roles that the flow must show first */
	uint8_t evidence, media;
	uint8_t prefix_place;        /* enum prefix_place of the server's address, where in_prefix */
	bool in_prefix, standing, site_unsure;
	country site;                /* told by the name; 0: none */
	uint16_t site_row;           /* index into the book's site table + 1; 0: none */
	struct span name;            /* the name that matched; borrowed from the finding or from places */
};
enum { SERVICE_NONE = 0, SERVICE_UNKNOWN = 1 }; /* book service rows 0 and 1 are always these */

/* ---- geo ---- */
enum { CANDIDATES = 4, LOCATION_SOURCES = 6 };
struct location_source {
	country says;
	uint8_t source;   /* row of the book's source table; 255: the site table (row in site_row) */
	uint8_t kind;     /* enum kind */
	uint8_t counted;  /* 0: shown only (a dissenting database, the registrant in a vendor-wide prefix, ...) */
	uint8_t why;      /* enum source_why */
};
enum source_why { WHY_COUNTED, WHY_PROVIDER_SPEAKS, WHY_REGISTRANT, WHY_ANYCAST, WHY_OVERRIDDEN, WHY_UNSURE_ALONE, WHY_NO_COUNTRY };
struct location {
	country candidate[CANDIDATES];
	uint8_t kinds[CANDIDATES]; /* enum kind: which say so */
	uint8_t count, certainty, source_count, prefix_place;
	uint16_t site_row;         /* + 1 */
	uint32_t asn;              /* 0: not known */
	struct location_source source[LOCATION_SOURCES];
};

/* ---- policy ---- */
struct verdict {
	uint16_t rule;   /* row of the rule + 1; 0: no rule matched */
	uint8_t action;  /* enum action */
	uint8_t place;   /* enum place_of: the worst one */
	uint8_t unsure;  /* the rule decided by its `unsure` */
	uint8_t observe; /* the rule, or the policy, only observes */
	uint8_t coverage; /* some place was unsure for some rule: counted in coverage */
};

/* Whether a verdict is acted on at this stage (design: contact is not use): block from probe on, so that the client picks
 * another place, alert from used on. */
static inline bool verdict_acts(const struct verdict *v, unsigned stage)
{
	return v->rule != 0 && ((v->action == ACTION_BLOCK && stage >= STAGE_PROBE) ||
				(v->action == ACTION_ALERT && stage >= STAGE_USED));
}

/* ---- flow, engine -> ledger ---- */
struct conclusion {
	uint16_t service, component, rule;
	uint8_t roles, basis, evidence, media, stage, path, action, client_is_hi;
};

enum fact_kind {
	FACT_CHANGED, /* judged for the first time, or the conclusion or a verdict changed, or a minute went by */
	FACT_QUIET,   /* 2 minutes without a packet, but not forgotten */
	FACT_RESUMED, /* a packet after FACT_QUIET */
	FACT_ENDED,   /* closed, timed out, evicted, or the input ended */
};
enum flow_flag {
	FLOW_STANDING = 1,    /* the catalogue row is `standing`: starts no meeting */
	FLOW_BOTH_LOCAL = 2, FLOW_BOTH_FOREIGN = 4,
	FLOW_ONE_WAY = 8, FLOW_NAT = 16,
	FLOW_NAME_CUT = 32,   /* name holds only the last bytes of a longer one */
	FLOW_HIDDEN = 64, FLOW_EVICTED = 128,
};
enum { FACT_NAME_BYTES = 64 };

struct place_fact {
	struct address at;
	uint16_t port;
	uint8_t set; /* 0: there is no such place */
	struct location where;
	struct verdict verdict;
};
struct flow_fact {
	uint64_t id;         /* hash of key and first_us: stable over runs */
	uint64_t at_us;      /* when it was said, the packets' clock */
	uint64_t first_us, last_us;
	uint64_t packets[2], bytes[2]; /* [0] from the client, [1] from the server */
	struct flow_key key;
	struct conclusion now;
	struct place_fact place[PLACES];
	struct verdict verdict; /* the worst of the places' */
	uint32_t generation;
	uint16_t source;     /* capture of the first packet */
	uint16_t vlan;
	uint16_t flags;      /* enum flow_flag */
	uint8_t kind;        /* enum fact_kind */
	uint8_t name_bytes;
	char name[FACT_NAME_BYTES]; /* hostile text; a longer name keeps its last bytes */
};
static inline const struct address *fact_client(const struct flow_fact *f)
{
	return f->now.client_is_hi ? &f->key.hi : &f->key.lo;
}
static inline uint16_t fact_client_port(const struct flow_fact *f)
{
	return f->now.client_is_hi ? f->key.hi_port : f->key.lo_port;
}
static inline const struct address *fact_server(const struct flow_fact *f)
{
	return f->now.client_is_hi ? &f->key.lo : &f->key.hi;
}
static inline uint16_t fact_server_port(const struct flow_fact *f)
{
	return f->now.client_is_hi ? f->key.lo_port : f->key.hi_port;
}

#endif
