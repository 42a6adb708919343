/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "event/notice.h"

#include "event/fields.h"

#define ROW(key, name, type) [key] = { name, type, WORD_SETS, NULL, NULL, 0 }
static const struct field keys[NOTICE_KEYS] = {
	ROW(NOTICE_UID, "user.id", FIELD_NUMBER),
	ROW(NOTICE_ERROR, "error.message", FIELD_TEXT),
	ROW(NOTICE_PROCESS, "process.name", FIELD_TEXT),
	ROW(NOTICE_STATUS, "process.exit_code", FIELD_NUMBER),
	ROW(NOTICE_CLIENT, "source.ip", FIELD_ADDRESS),
	ROW(NOTICE_CLIENT_PORT, "source.port", FIELD_NUMBER),
	ROW(NOTICE_SERVER, "destination.ip", FIELD_ADDRESS),
	ROW(NOTICE_SERVER_PORT, "destination.port", FIELD_NUMBER),
	[NOTICE_TRANSPORT] = { "network.transport", FIELD_WORD, WORDS_PROTO, NULL, NULL, 0 },
	ROW(NOTICE_SERVICE, "network.application", FIELD_TEXT),
	ROW(NOTICE_RULE, "rule.name", FIELD_TEXT),
	ROW(NOTICE_PACKETS, "keyfence.leak.packets", FIELD_NUMBER),
	ROW(NOTICE_BYTES, "keyfence.leak.bytes", FIELD_NUMBER),
	ROW(NOTICE_ELEMENT, "keyfence.block.number", FIELD_NUMBER),
	ROW(NOTICE_UNTIL, "keyfence.block.until", FIELD_TIME),
	ROW(NOTICE_REFUSAL, "keyfence.block.refusal", FIELD_TEXT),
	ROW(NOTICE_BOOK, "keyfence.book.hash", FIELD_ID),
	ROW(NOTICE_GENERATION, "keyfence.book.generation", FIELD_NUMBER),
	ROW(NOTICE_FILE, "keyfence.book.file", FIELD_TEXT),
	ROW(NOTICE_RULES, "keyfence.book.rules", FIELD_NUMBER),
	[NOTICE_MODE] = { "keyfence.book.mode", FIELD_WORD, WORDS_MODE, NULL, NULL, 0 },
	ROW(NOTICE_RESTARTS, "keyfence.restarts", FIELD_NUMBER),
	ROW(NOTICE_INTERFACE, "keyfence.interface", FIELD_TEXT),
	ROW(NOTICE_OUTPUT, "keyfence.output", FIELD_TEXT),
	ROW(NOTICE_LOST, "keyfence.lost.count", FIELD_NUMBER),
	ROW(NOTICE_LOST_INFO, "keyfence.lost.info", FIELD_NUMBER),
	ROW(NOTICE_LOST_HEALTH, "keyfence.lost.health", FIELD_NUMBER),
	ROW(NOTICE_LOST_UPDATES, "keyfence.lost.updates", FIELD_NUMBER),
	ROW(NOTICE_LOST_ALERTS, "keyfence.lost.alerts", FIELD_NUMBER),
	ROW(NOTICE_LOST_KEYS, "keyfence.lost.key_alerts", FIELD_NUMBER),
	ROW(NOTICE_FIRST, "keyfence.lost.first", FIELD_NUMBER),
	ROW(NOTICE_LAST, "keyfence.lost.last", FIELD_NUMBER),
	ROW(NOTICE_FOLDED, "keyfence.folded.alerts", FIELD_NUMBER),
	ROW(NOTICE_FOLDED_FLOWS, "keyfence.folded.flows", FIELD_NUMBER),
	ROW(NOTICE_FOLDED_REFUSALS, "keyfence.folded.refused_blocks", FIELD_NUMBER),
	ROW(NOTICE_OFFERED, "keyfence.accounting.offered", FIELD_NUMBER),
	ROW(NOTICE_FILTERED, "keyfence.accounting.filtered", FIELD_NUMBER),
	ROW(NOTICE_DROPPED, "keyfence.accounting.dropped", FIELD_NUMBER),
	ROW(NOTICE_DELIVERED, "keyfence.accounting.delivered", FIELD_NUMBER),
	ROW(NOTICE_UNDECODED, "keyfence.accounting.undecoded", FIELD_NUMBER),
	ROW(NOTICE_NO_PORTS, "keyfence.accounting.no_ports", FIELD_NUMBER),
	ROW(NOTICE_FRAGMENT, "keyfence.accounting.fragment", FIELD_NUMBER),
	ROW(NOTICE_NOT_UNICAST, "keyfence.accounting.not_unicast", FIELD_NUMBER),
	ROW(NOTICE_DUPLICATE, "keyfence.accounting.duplicate", FIELD_NUMBER),
	ROW(NOTICE_OUTSIDE, "keyfence.accounting.outside", FIELD_NUMBER),
	ROW(NOTICE_TRACKED, "keyfence.accounting.tracked", FIELD_NUMBER),
	ROW(NOTICE_FLOWS, "keyfence.flows.seen", FIELD_NUMBER),
	ROW(NOTICE_EVICTED, "keyfence.flows.evicted", FIELD_NUMBER),
	ROW(NOTICE_FACTS_LOST, "keyfence.flows.facts_lost", FIELD_NUMBER),
	ROW(NOTICE_BLOCKS_LOST, "keyfence.flows.blocks_lost", FIELD_NUMBER),
	ROW(NOTICE_MEETINGS, "keyfence.ledger.meetings", FIELD_NUMBER),
	ROW(NOTICE_ALERTS, "keyfence.ledger.alerts", FIELD_NUMBER),
	ROW(NOTICE_ALERTS_LOST, "keyfence.ledger.alerts_lost", FIELD_NUMBER),
	ROW(NOTICE_UNSURE, "keyfence.ledger.unsure", FIELD_NUMBER),
	ROW(NOTICE_CONFERENCING, "keyfence.conferencing.bytes", FIELD_NUMBER),
	ROW(NOTICE_FOREIGN, "keyfence.conferencing.foreign_bytes", FIELD_NUMBER),
	ROW(NOTICE_SPOOLED, "keyfence.spool.waiting", FIELD_NUMBER),
	ROW(NOTICE_SPOOL_BYTES, "keyfence.spool.bytes", FIELD_NUMBER),
	ROW(NOTICE_OUTPUTS_DOWN, "keyfence.spool.outputs_down", FIELD_NUMBER),
	ROW(NOTICE_UPTIME, "keyfence.uptime_s", FIELD_NUMBER),
};

enum { SEVERITY_FAILING = 70, SEVERITY_ACTS = 50, SEVERITY_INFO = 10 };

/* Sentences: a name in braces is the value of that field; a part in brackets is left out when it has no value. */
#define FLOW_SAID "{source.ip} to {destination.ip} port {destination.port}/{network.transport}"
static const struct {
	enum code code;
	uint8_t severity;
	const char *says;
} kinds[] = {
	{ CODE_ALERT_STORM, SEVERITY_FAILING,
	  "too much to tell one by one: {keyfence.folded.alerts} more alerts and "
	  "{keyfence.folded.refused_blocks} refused blocks were only counted; {keyfence.folded.flows} flows "
	  "of "
	  "such alerts have ended" },
	{ CODE_HEARTBEAT, SEVERITY_INFO,
	  "the sensor is alive; packets: {keyfence.accounting.offered} offered, "
	  "{keyfence.accounting.dropped} dropped, "
	  "{keyfence.accounting.tracked} tracked; {keyfence.ledger.meetings} meetings, "
	  "{keyfence.ledger.alerts} alerts" },
	{ CODE_POLICY_LOADED, SEVERITY_INFO,
	  "book {keyfence.book.hash} is in force[, of {keyfence.book.file}][; mode {keyfence.book.mode}]"
	  "[, {keyfence.book.rules} rules][, asked for by uid {user.id}]" },
	{ CODE_POLICY_REJECTED, SEVERITY_FAILING,
	  "the policy was not taken, the one in force stays[: {error.message}][, asked for by uid "
	  "{user.id}]" },
	{ CODE_PROCESS_RESTARTED, SEVERITY_FAILING,
	  "{process.name} ended with {error.message} and was started again ({keyfence.restarts} times so "
	  "far)" },
	{ CODE_CAPTURE_LOSS, SEVERITY_FAILING,
	  "{keyfence.lost.count} packets were dropped on {keyfence.interface}; what they carried was not "
	  "judged" },
	{ CODE_CAPTURE_DOWN, SEVERITY_FAILING, "no capture on {keyfence.interface}[: {error.message}]" },
	{ CODE_CAPTURE_UP, SEVERITY_INFO, "capturing on {keyfence.interface}" },
	{ CODE_LOCAL_UNSURE, SEVERITY_FAILING,
	  "{keyfence.conferencing.foreign_bytes} of {keyfence.conferencing.bytes} conferencing bytes pass between two "
	  "addresses that are not local: `local` looks wrong, and they are never blocked" },
	{ CODE_BLOCK_APPLIED, SEVERITY_ACTS,
	  FLOW_SAID " is cut until {keyfence.block.until}; {keyfence.leak.packets} packets, "
		    "{keyfence.leak.bytes} bytes "
		    "had passed" },
	{ CODE_BLOCK_FAILED, SEVERITY_FAILING, FLOW_SAID " could not be cut[: {error.message}]" },
	{ CODE_BLOCK_REFUSED, SEVERITY_ACTS, FLOW_SAID " is not cut[: {keyfence.block.refusal}]" },
	{ CODE_BLOCK_RELEASED, SEVERITY_INFO, FLOW_SAID " is cut no more[, asked for by uid {user.id}]" },
	{ CODE_BLOCK_LEAKING, SEVERITY_FAILING,
	  FLOW_SAID
	  " was cut, and packets still pass: {keyfence.leak.packets} packets, {keyfence.leak.bytes} bytes" },
	{ CODE_BUDGET_SPENT, SEVERITY_FAILING,
	  "the budget of blocks is spent[: {keyfence.block.refusal}]; blocks stand, "
	  "no new ones for now" },
	{ CODE_TABLE_CONFLICT, SEVERITY_FAILING,
	  "another table or tool stands in the way of blocking[: {error.message}]" },
	{ CODE_PAUSED, SEVERITY_ACTS, "no blocks are made from now on[, asked for by uid {user.id}]" },
	{ CODE_RESUMED, SEVERITY_INFO, "blocks are made again[, asked for by uid {user.id}]" },
	{ CODE_DB_STALE, SEVERITY_FAILING, "{keyfence.book.file} is older than it may be" },
	{ CODE_SPOOL_LOST, SEVERITY_FAILING,
	  "[{keyfence.lost.count} ]events were lost before every output had them[: {error.message}]" },
	{ CODE_OUTPUT_DOWN, SEVERITY_FAILING,
	  "{keyfence.output} takes no events[: {error.message}]; they are kept" },
	{ CODE_OUTPUT_UP, SEVERITY_INFO, "{keyfence.output} takes events again" },
};

struct notice notice_of(enum code code, uint64_t id, uint64_t at_us)
{
	return (struct notice){ .code = (uint8_t)code, .id = id, .at_us = at_us };
}

void notice_number(struct notice *n, enum notice_key key, uint64_t value)
{
	n->has |= 1ull << key;
	n->number[key] = value;
}

void notice_text(struct notice *n, enum notice_key key, struct span hostile)
{
	size_t room = NOTICE_TEXT_BYTES - n->text_bytes, bytes = hostile.len < room ? hostile.len : room;
	if (bytes == 0)
		return;
	memcpy(n->text + n->text_bytes, hostile.at, bytes);
	notice_number(n, key, (uint64_t)n->text_bytes << 16 | bytes);
	n->text_bytes = (uint16_t)(n->text_bytes + bytes);
}

void notice_address(struct notice *n, enum notice_key key, const struct address *a)
{
	unsigned which = key == NOTICE_SERVER;
	n->address[which] = *a;
	notice_number(n, key, which);
}

const struct field *notice_field(enum notice_key key)
{
	return &keys[key];
}

bool notice_value(const struct notice *n, enum notice_key key, struct value *ret)
{
	if ((n->has >> key & 1) == 0)
		return false;
	ret->number = n->number[key];
	if (keys[key].type == FIELD_TEXT)
		ret->text = span_of(n->text + (ret->number >> 16), ret->number & 0xFFFF);
	if (keys[key].type == FIELD_ADDRESS)
		ret->address = &n->address[ret->number & 1];
	return true;
}

uint8_t notice_severity(enum code code)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (kinds[i].code == code)
			return kinds[i].severity;
	return SEVERITY_INFO;
}

/* ---- the sentence ---- */

/* false: the notice has no value of that name. */
static bool put_named(struct text *t, const struct notice *n, struct span name)
{
	for (unsigned key = 0; key < NOTICE_KEYS; key++) {
		struct value value = { 0 };
		if (!span_equal(name, span_text(keys[key].ecs)))
			continue;
		bool has = notice_value(n, key, &value);
		if (has)
			value_text(&keys[key], &value, 0, t);
		return has;
	}
	return false;
}

static bool has_named(const struct notice *n, struct span name)
{
	char storage[NOTICE_TEXT_BYTES * 4];
	struct text t = text_in(storage, sizeof storage);
	return put_named(&t, n, name);
}

/* The name in braces that begins at `at`. */
static struct span name_at(const char *at)
{
	const char *end = strchr(at, '}');
	return span_of(at + 1, end != NULL ? (size_t)(end - at - 1) : 0);
}

void notice_sentence(const struct notice *n, struct text *ret)
{
	const char *says = "";
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (kinds[i].code == n->code)
			says = kinds[i].says;
	for (const char *c = says; *c != '\0'; c++) {
		if (*c == '[' && !has_named(n, name_at(strchr(c, '{'))))
			c = strchr(c, ']');
		else if (*c == '{') {
			if (!put_named(ret, n, name_at(c)))
				text_put(ret, "?");
			c = strchr(c, '}');
		} else if (*c != '[' && *c != ']')
			text_put_span(ret, span_of(c, 1));
	}
}
