/* SPDX-License-Identifier: GPL-3.0-or-later */
/* event: what a SOC reads, as a value, and its renderings from one field table: text for people, ECS JSON; the other
 * formats come from the same table. Text from the wire is escaped only by base/text. */
#ifndef KEYFENCE_EVENT_EVENT_H
#define KEYFENCE_EVENT_EVENT_H

#include "base/text.h"
#include "book/book.h"

enum { EVENT_PLACES = 16, EVENT_JSON_BYTES = 32768 };

/* One place that a meeting touched: a server, relay or peer, with what was done there. */
struct event_place {
	struct address at, via; /* via: of a relay or a peer, the server that the packets go to; else :: */
	uint16_t port, via_port;
	uint8_t proto, place; /* enum proto, enum place_of */
	uint8_t roles, basis, media, stage, path, evidence;
	struct location where;
	struct verdict verdict;
	uint64_t packets[2], bytes[2]; /* [0] from the client; of the flows there */
	uint64_t first_us, last_us;
	uint32_t flows;
	uint8_t name_bytes, name_cut; /* cut: only the last bytes of a longer name */
	char name[FACT_NAME_BYTES];   /* hostile */
};

struct meeting {
	uint64_t id; /* hash of sensor name, client, service and first packet of the flow that started it */
	uint64_t first_us, last_us; /* of the flows that carry keys or media */
	struct address client;
	uint16_t service;
	uint32_t flows;
	uint64_t packets[2], bytes[2];
	uint8_t roles, media;
	uint8_t place_count;
	uint32_t places_lost; /* beyond EVENT_PLACES, the harmless ones; their counts are in the sums */
	/* Worst first: violating (block before alert), then keys and media, used before probed, by bytes. */
	struct event_place place[EVENT_PLACES];
};

struct event {
	uint64_t id; /* hash of meeting id, code, rule and update number */
	uint64_t at_us;
	uint8_t code;            /* enum code */
	uint8_t state;           /* enum alert_state */
	uint8_t done;            /* enum done */
	uint8_t severity;        /* 0 to 100 */
	uint8_t without_meeting; /* opened for client, service and rule in a window */
	uint32_t update;         /* 0: opened, then counting */
	uint64_t alert_id;       /* the same in all events of one alert */
	uint16_t rule, service, component;
	uint16_t client_port, vlan;
	struct meeting meeting;   /* as far as it is known at this moment; sums exact at close */
	struct event_place worst; /* the place that broke the rule */
	uint32_t violating_flows; /* what the alert stands for, exactly */
	uint64_t violating_packets[2], violating_bytes[2];
	country violating[8]; /* countries that broke the rule so far, in order of appearance */
	uint8_t violating_count;
};

/* 0 to 100, as the severity map has it: by what the rule forbids, what was done at the place, and how sure that is. */
uint8_t event_severity(const struct book *b, enum code code, uint16_t rule, const struct event_place *p);

/* One ECS JSON object without line end. ret is cut only if it is smaller than EVENT_JSON_BYTES. */
void event_json(const struct book *b, const struct event *e, struct text *ret);
/* The same within `most` bytes where receivers cut: first the list of places is left out, then the sources of the
 * location, then what to search by, then the reason, which the message says, too; facts that are single values always stay. */
void event_json_brief(const struct book *b, const struct event *e, size_t most, struct text *ret);
/* Fields of the systemd journal, "NAME=value\n" each, in one clean line each: MESSAGE, PRIORITY, then every single
 * value and every member of a set of the field table, as KEYFENCE_EVENT_ID= or KEYFENCE_ROLES=. */
void event_native(const struct book *b, const struct event *e, struct text *ret);
/* The block for people that stands for one closed alert; its last line ends, too. colour: ANSI. */
void event_text(const struct book *b, const struct event *e, bool colour, struct text *ret);
/* The reason in one sentence, as in event.reason. */
void event_reason(const struct book *b, const struct event *e, struct text *ret);
/* One meeting, for `keyfence meetings`. */
void meeting_json(const struct book *b, const struct meeting *m, struct text *ret);
void meeting_text(const struct book *b, const struct meeting *m, bool colour, struct text *ret);

#endif
