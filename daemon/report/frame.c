/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Source: systemd, "Native Journal Protocol"; RFC 3164 s4.1; RFC 5424 s6; RFC 6587 s3.4.1. Facility local4, as firewalls use. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "event/when.h"
#include "report/output.h"

enum {
	FACILITY = 20,
	TCP_MOST_BYTES = 8000, /* rsyslog cuts at 8 KiB unless told otherwise */
	HOST_BYTES = 256,
	LENGTH_ROOM = 8,
};

/* MESSAGE_ID of each code: made once, the same for ever (sd_journal_send(3)). */
static const char *const message_ids[CODES] = {
	[CODE_SERVICE_BANNED] = "92566a264f524f50bbeb4700f3084e89",
	[CODE_KEY_REGION] = "d0a2b4c4ca674a6f927edbf2399abf76",
	[CODE_MEDIA_REGION] = "85f5a780d83746a096da3ebe3c770f40",
	[CODE_SIGNALLING_REGION] = "734538c3c83e44d09ab3fdd270af76d7",
	[CODE_WEB_REGION] = "ecfa0081e5ec4d9198a1c54d700ea5da",
	[CODE_LOC_NONE] = "33bef45719b04e068f44d0257eff5073",
	[CODE_LOCAL_UNSURE] = "89156f1320ad4b4084cb10b78d6f8610",
	[CODE_ALERT_STORM] = "dd0627d7c4574fc58fede607060bac90",
	[CODE_HEARTBEAT] = "803d778929c949ae825b1ac2a01bde2d",
	[CODE_POLICY_LOADED] = "73ee9a819bcf43e399d3a668e602f2af",
	[CODE_POLICY_REJECTED] = "acc56a36a13e4764a57bc25bb1a6b899",
	[CODE_PROCESS_RESTARTED] = "e9440b47bb7b4217948097ec8e584074",
	[CODE_CAPTURE_LOSS] = "48c937587673427da736139bc89585d1",
	[CODE_CAPTURE_DOWN] = "2d8af19cc9a94dceb7562e8e07d2b1ec",
	[CODE_CAPTURE_UP] = "41859081cfdb45b5b0fb8147071bbc5e",
	[CODE_BLOCK_APPLIED] = "5b4f7762e82c41d5bae00e82a200e3be",
	[CODE_BLOCK_FAILED] = "96b7fd542e1f4cd4a08b5331f3e6a7b2",
	[CODE_BLOCK_REFUSED] = "bc2df68ef51f466db809393d947737f6",
	[CODE_BLOCK_RELEASED] = "79accc6f1e8443e78184ee04cbe74585",
	[CODE_BLOCK_LEAKING] = "e007ce8c5f2d4e3ea129d18c56e06e0a",
	[CODE_BUDGET_SPENT] = "3ccc8732ab4f48cd9a3fd37d01454a4d",
	[CODE_TABLE_CONFLICT] = "27d1cd2947c74cba9de27990a5509017",
	[CODE_PAUSED] = "7cd39d5662014681abe9213c7b56efc1",
	[CODE_RESUMED] = "8aa1959f35984af6bead151496098641",
	[CODE_DB_STALE] = "a9e3edd5917e4d63a77eb985e1efdd37",
	[CODE_SPOOL_LOST] = "cae542eb80c1476a8609a643ef7193e7",
	[CODE_OUTPUT_DOWN] = "e4b7235fe86c48449db3439ef1b0d698",
	[CODE_OUTPUT_UP] = "6d86fe3708f44bc7aeecb91a762484d0",
};

static char host[HOST_BYTES] = "-";

void frame_init(void)
{
	char name[HOST_BYTES] = "";
	size_t n = 0;
	tzset();
	if (gethostname(name, sizeof name - 1) < 0)
		return;
	for (const char *c = name; *c != '\0'; c++) /* PRINTUSASCII, RFC 5424 s6 */
		if (*c > ' ' && *c < 127)
			host[n++] = *c;
	if (n > 0)
		host[n] = '\0';
}

static const char *code_name(unsigned code)
{
	const char *name = word_name(WORDS_CODE, code);
	return name != NULL ? name : "-";
}

static void put_journal(struct text *t, const struct record *r)
{
	text_put_span(t, r->native);
	text_printf(t, "SYSLOG_IDENTIFIER=keyfence\nSYSLOG_FACILITY=%d\n", FACILITY);
	if (r->code < CODES)
		text_printf(t, "MESSAGE_ID=%s\n", message_ids[r->code]);
}

static void put_rfc3164(struct text *t, const struct record *r)
{
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t at = (time_t)(r->at_us / 1000000);
	struct tm local;
	localtime_r(&at, &local);
	text_printf(t, "<%d>%s %2d %02d:%02d:%02d keyfence[%d]: ", FACILITY * 8 + r->priority,
		    months[local.tm_mon], local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec,
		    (int)getpid());
	text_put_span(t, r->brief);
}

static void put_rfc5424(struct text *t, const struct record *r, struct span body)
{
	text_printf(t, "<%d>1 ", FACILITY * 8 + r->priority);
	when_rfc3339(t, r->at_us);
	text_printf(t, " %s keyfence %d %s - ", host, (int)getpid(), code_name(r->code));
	text_put_span(t, body);
}

/* The length stands before what it counts: laid behind room for it, then moved up. */
static void put_counted(struct text *t, const struct record *r)
{
	char count[LENGTH_ROOM + 1];
	struct text body = text_in(t->at + LENGTH_ROOM, t->cap - LENGTH_ROOM);
	put_rfc5424(&body, r, r->json.len <= TCP_MOST_BYTES ? r->json : r->brief);
	int digits = snprintf(count, sizeof count, "%zu ", body.len);
	memcpy(t->at, count, (size_t)digits);
	memmove(t->at + digits, body.at, body.len);
	t->len = (size_t)digits + body.len;
}

void frame_event(struct output *o, const struct record *r)
{
	struct text t = text_in(o->frame, OUTPUT_FRAME_BYTES);
	if (o->kind == OUTPUT_JOURNAL) {
		put_journal(&t, r);
	} else if (o->kind == OUTPUT_SYSLOG && o->by == &by_tcp) {
		put_counted(&t, r);
	} else if (o->kind == OUTPUT_SYSLOG && o->format == FORMAT_RFC5424) {
		put_rfc5424(&t, r, r->brief);
	} else if (o->kind == OUTPUT_SYSLOG) {
		put_rfc3164(&t, r);
	} else {
		text_put_span(&t, r->json);
		text_put(&t, "\n");
	}
	o->frame_bytes = t.len;
}
