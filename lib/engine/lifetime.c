/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/state.h"

enum {
	QUIET_S = 120,          /* a conferencing flow is told to be quiet */
	CONFERENCING_UDP_S = 300, CONFERENCING_TCP_S = 1800, /* ... and forgotten */
	OTHER_UDP_S = 120, OTHER_TCP_S = 600,
	CLOSED_S = 10,          /* the last ACKs of a closed connection still belong to it */
};

_Static_assert(LEAST_IDLE_US <= OTHER_UDP_S * 1000000, "no timeout is shorter");

static bool idle_for(const struct engine *e, const struct flow *f, uint64_t seconds)
{
	return f->last_us + seconds * 1000000 <= e->now_us;
}

static void close_views(struct engine *e, struct detail *d)
{
	stream_close(e->streams, d->view[0]);
	stream_close(e->streams, d->view[1]);
	d->view[0] = d->view[1] = 0;
}

void settle(struct engine *e, struct flow *f)
{
	struct detail *d = detail_of(e, f);
	f->marks |= FLOW_SETTLED;
	if (d == NULL)
		return;
	if (f->now.service == SERVICE_NONE && d->marks & MARK_TOLD)
		tell(e, f, d, FACT_CHANGED, 0);
	close_views(e, d);
	detail_close(e->details, d);
	f->detail = 0;
}

/* An old flow's detail is taken only for a new one: then an undecided flow counts as settled, and a conferencing
 * one ends, which is told. */
struct detail *detail_for(struct engine *e, struct flow *f)
{
	struct detail *d = detail_open(e->details);
	if (d == NULL) {
		struct flow *stale = flow_at(e->flows, details_stale(e->details)->flow);
		e->counters.details_taken++;
		if (stale->now.service == SERVICE_NONE)
			settle(e, stale);
		else
			end_flow(e, stale, FLOW_EVICTED);
		d = detail_open(e->details);
	}
	if (d == NULL)
		return NULL;
	d->flow = flow_number(e->flows, f);
	f->detail = detail_number(e->details, d) + 1;
	return d;
}

/* f is not forgotten here: it may be a copy. */
static void tell_end(struct engine *e, struct flow *f, unsigned flags)
{
	struct detail *d = detail_of(e, f);
	if (d != NULL) {
		conclude_rest(e, f);
		d = detail_of(e, f);
	}
	if (d != NULL && d->list > LIST_LIVE && f->epoch != e->epoch)
		f->now.service = SERVICE_NONE; /* it was over before this book: who hears of it by this one knows nothing of it */
	if (f->now.service != SERVICE_NONE || (d != NULL && d->marks & MARK_TOLD) || e->options.every_flow)
		tell(e, f, d, FACT_ENDED, flags);
	settle(e, f);
}

void end_flow(struct engine *e, struct flow *f, unsigned flags)
{
	tell_end(e, f, flags);
	flow_forget(e->flows, f);
}

void tell_evicted(struct engine *e, struct flow *copy)
{
	e->counters.flows_evicted++;
	tell_end(e, copy, FLOW_EVICTED);
}

bool flow_is_over(const struct engine *e, const struct flow *f, const struct packet *pkt)
{
	bool tcp = f->key.proto == PROTO_TCP, conferencing = f->now.service != SERVICE_NONE;
	uint64_t idle_s = tcp ? (conferencing ? CONFERENCING_TCP_S : OTHER_TCP_S)
			      : (conferencing ? CONFERENCING_UDP_S : OTHER_UDP_S);
	if (f->marks & FLOW_CLOSED) {
		bool reopened = pkt != NULL && (pkt->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
		return reopened || idle_for(e, f, CLOSED_S);
	}
	return idle_for(e, f, idle_s);
}

static bool expire_list(struct engine *e, enum detail_list list, uint64_t seconds)
{
	for (struct detail *d; (d = details_first(e->details, list)) != NULL;) {
		struct flow *f = flow_at(e->flows, d->flow);
		if (!idle_for(e, f, seconds))
			return true;
		if (!facts_roomy(e))
			return false;
		if (list != LIST_LIVE) {
			end_flow(e, f, 0);
			continue;
		}
		detail_move(e->details, d, f->key.proto == PROTO_TCP ? LIST_QUIET_TCP : LIST_QUIET_UDP);
		tell(e, f, d, FACT_QUIET, 0);
	}
	return true;
}

bool expire(struct engine *e)
{
	return expire_list(e, LIST_CLOSING, CLOSED_S) && expire_list(e, LIST_LIVE, QUIET_S) &&
	       expire_list(e, LIST_QUIET_UDP, CONFERENCING_UDP_S) &&
	       expire_list(e, LIST_QUIET_TCP, CONFERENCING_TCP_S);
}
