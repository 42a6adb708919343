/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/turn.h"

#include "base/siphash.h"
#include "wire/wire.h"

enum {
	NESTING = 2,
	CHANNEL_FIRST = 0x4000,
	CHANNEL_LAST = 0x4FFF, /* RFC 8656 s12; RFC 5766 allowed to 7FFF, and old servers do */
	CHANNEL_LAST_OLD = 0x7FFF,
	TRIAL_HITS = 3,
	MULTIPLEXED = 0xFF10,
	SESSION_BYTES = 8,
	MARK_SET = 1,   /* a mark is never 0 */
	MARK_CHECK = 2, /* of an ICE check */
};

/* ---- joining what two recognisers tell ---- */

/* Which told address is worth more. */
static unsigned told_rank(uint8_t told_as)
{
	static const uint8_t rank[] = { [TOLD_CLIENT_OUTER] = 1,
					[TOLD_CANDIDATE] = 2,
					[TOLD_OTHER_SERVER] = 3,
					[TOLD_PEER] = 4,
					[TOLD_RELAY] = 5 };
	return told_as < sizeof rank ? rank[told_as] : 0;
}

static void tell_address(struct finding *f, uint8_t told_as, const struct address *at, uint16_t port)
{
	if (told_rank(told_as) <= told_rank(f->told_as))
		return;
	f->told_as = told_as;
	f->told = *at;
	f->told_port = port;
}

void turn_merge(struct finding *into, const struct finding *from)
{
	into->evidence |= from->evidence;
	into->media |= from->media;
	into->tells |= from->tells;
	into->token = into->token != 0 ? into->token : from->token;
	tell_address(into, from->told_as, &from->told, from->told_port);
	for (unsigned i = 0; i < from->number_count; i++)
		finding_add_number(into, from->number[i]);
	for (unsigned i = 0; i < from->name_count; i++)
		finding_add_name(into, from->name[i]);
	for (unsigned i = 0; i < FINDING_TEXTS; i++)
		if (into->text[i].len == 0)
			into->text[i] = from->text[i];
	for (unsigned i = 0; i < from->piece_count && into->piece_count < FINDING_PIECES; i++)
		into->piece[into->piece_count++] = from->piece[i];
}

/* ---- transactions ---- */

static uint64_t token_of(struct span id)
{
	static const uint64_t key[2] = { 0, 0 }; /* the same transaction has the same token on every flow */
	return siphash13(key, id.at, id.len);
}
static uint32_t mark_of(uint64_t token)
{
	return ((uint32_t)token & ~3u) | MARK_SET;
}

/* The mark of this id among the requests of a way; 0: none. */
static uint32_t asked_find(const struct turn_memory *m, unsigned way, uint32_t mark)
{
	for (unsigned i = 0; i < TURN_ASKED; i++)
		if ((m->asked[way][i] & ~(uint32_t)MARK_CHECK) == mark)
			return m->asked[way][i];
	return 0;
}
static void asked_keep(struct turn_memory *m, unsigned way, uint32_t mark, bool check)
{
	if (asked_find(m, way, mark) != 0) /* sent again */
		return;
	m->asked[way][m->next_asked[way] % TURN_ASKED] = mark | (check ? MARK_CHECK : 0);
	m->next_asked[way] = (uint8_t)((m->next_asked[way] + 1) % TURN_ASKED);
}

static bool is_send(const struct stun_message *s)
{
	return s->ms_turn ? s->method == STUN_REFRESH && s->class == STUN_REQUEST
			  : s->method == STUN_SEND && s->class == STUN_INDICATION;
}
static bool is_data(const struct stun_message *s)
{
	return s->ms_turn ? s->method == STUN_MS_DATA : s->method == STUN_DATA && s->class == STUN_INDICATION;
}
static bool is_request(const struct stun_message *s)
{
	bool known =
		(s->method >= STUN_BINDING && s->method <= STUN_LAST_METHOD) || s->method == STUN_GOOG_PING;
	return s->class == STUN_REQUEST && known;
}
static bool is_answer(const struct stun_message *s)
{
	return (s->class == STUN_SUCCESS || s->class == STUN_ERROR) && !is_data(s);
}

/* Only a relay that holds an allocation for the other end sends these. */
static bool proves_allocation(const struct stun_message *s)
{
	bool of_turn = s->method == STUN_ALLOCATE || s->method == STUN_REFRESH || s->method == STUN_PERMIT ||
		       s->method == STUN_BIND_CHANNEL || (s->ms_turn && s->method == STUN_SEND);
	return is_data(s) || (of_turn && s->class == STUN_SUCCESS);
}

static void tell_transaction(const struct stun_message *s, unsigned way, struct turn_memory *m,
			     struct finding *f)
{
	f->token = token_of(s->id);
	uint32_t mark = mark_of(f->token);
	if (is_request(s)) {
		f->tells |= TELLS_REQUEST;
		asked_keep(m, way, mark, stun_is_check(s));
		if (stun_is_check(s))
			f->tells |= TELLS_SESSION;
		return;
	}
	uint32_t asked = is_answer(s) ? asked_find(m, way ^ 1, mark) : 0;
	if (asked == 0)
		return;
	f->tells |= TELLS_ANSWER;
	f->evidence |= EV_ANSWER;
	if ((asked & MARK_CHECK) != 0 && s->class == STUN_SUCCESS)
		f->tells |= TELLS_SESSION;
}

/* ---- channels ---- */

/* The request names channel and peer, its success confirms them. */
static void channel_asked(const struct stun_message *s, struct turn_memory *m)
{
	bool binds = s->method == STUN_BIND_CHANNEL || (s->ms_turn && s->method == STUN_SEND);
	if (!binds || s->class != STUN_REQUEST || !s->peer.set)
		return;
	unsigned i = m->next_bound % TURN_CHANNELS;
	for (unsigned j = 0; j < TURN_CHANNELS; j++)
		if (m->bound[j].by != 0 && m->bound[j].channel == s->channel)
			i = j;
	if (i == m->next_bound % TURN_CHANNELS)
		m->next_bound = (uint8_t)((i + 1) % TURN_CHANNELS);
	m->bound[i] = (struct turn_channel){ s->peer.at, mark_of(token_of(s->id)), s->channel, s->peer.port };
	m->bound_set &= (uint8_t) ~(1u << i);
}
static void channel_bound(const struct stun_message *s, struct turn_memory *m, struct finding *f)
{
	bool binds = s->method == STUN_BIND_CHANNEL || (s->ms_turn && s->method == STUN_SEND);
	for (unsigned i = 0; binds && s->class == STUN_SUCCESS && i < TURN_CHANNELS; i++) {
		if (m->bound[i].by != mark_of(f->token))
			continue;
		m->bound_set |= (uint8_t)(1u << i);
		if (m->bound[i].channel == 0) /* the client chose it to carry its media */
			tell_address(f, TOLD_PEER, &m->bound[i].peer, m->bound[i].port);
	}
}

/* ---- inner bytes ---- */

static enum wire_result see_stun(const struct payload *p, struct turn_memory *m, unsigned depth,
				 struct finding *ret);

static enum wire_result see_inner(const struct payload *outer, struct span bytes, struct turn_memory *m,
				  unsigned depth, struct finding *ret)
{
	struct payload p = *outer;
	p.bytes = bytes;
	if (bytes.len == 0 || depth > NESTING)
		return WIRE_OTHER;
	if (bytes.at[0] < 16) /* RFC 7983 has 0 to 3; WhatsApp sends types from 0800 */
		return see_stun(&p, m, depth, ret);
	if (bytes.at[0] >= 20 && bytes.at[0] < 64)
		return dtls_recognise(&p, &m->dtls, ret);
	if (bytes.at[0] >= 128 && bytes.at[0] < 192)
		return rtp_recognise(&p, &m->rtp, ret);
	return WIRE_OTHER;
}
static bool is_seen(enum wire_result r)
{
	return r == WIRE_MATCH || r == WIRE_PIECES;
}
static enum wire_result seen_as(const struct finding *f)
{
	return f->piece_count > 0 ? WIRE_PIECES : WIRE_MATCH;
}

static bool carries_media(const struct finding *f)
{
	return (f->tells & (TELLS_MEDIA | TELLS_KEYS)) != 0;
}

/* Adds what a relay was given to carry, or brought. An outer address told inside is the relay's, as the peer sees
 * it, or the peer's: not the client's. */
static void merge_relayed(struct finding *into, struct finding *inner)
{
	inner->tells &= (uint16_t)~TELLS_REQUEST;
	if (inner->told_as == TOLD_CLIENT_OUTER)
		inner->told_as = TOLD_NOTHING;
	turn_merge(into, inner);
	into->tells |= TELLS_RELAY;
}

/* ---- stun ---- */

static void tell_addresses(const struct stun_message *s, struct finding *f)
{
	bool success = s->class == STUN_SUCCESS;
	if (s->relayed.set && success && s->method == STUN_ALLOCATE)
		tell_address(f, TOLD_RELAY, &s->relayed.at, s->relayed.port);
	if (s->other.set && s->class == STUN_ERROR)
		tell_address(f, TOLD_OTHER_SERVER, &s->other.at, s->other.port);
	if (s->mapped.set && success)
		tell_address(f, TOLD_CLIENT_OUTER, &s->mapped.at, s->mapped.port);
}
static void tell_texts(const struct stun_message *s, struct finding *f)
{
	f->text[TEXT_REALM] = s->realm;
	f->text[TEXT_SOFTWARE] = s->software;
	if (s->method == STUN_BINDING)
		f->text[TEXT_USERNAME] = s->username;
	memcpy(f->number, s->number, sizeof f->number);
	f->number_count = s->number_count;
}

static void tell_inside(const struct payload *p, const struct stun_message *s, struct turn_memory *m,
			unsigned depth, struct finding *f)
{
	struct finding inner;
	if ((is_send(s) || is_data(s)) && is_seen(see_inner(p, s->data, m, depth + 1, &inner))) {
		merge_relayed(f, &inner);
		if (s->peer.set &&
		    carries_media(&inner)) /* before that, ICE probes peers that come to nothing */
			tell_address(f, TOLD_PEER, &s->peer.at, s->peer.port);
	}
	struct payload dtls = *p;
	dtls.bytes = s->dtls;
	if (s->dtls.len > 0 && is_seen(dtls_recognise(&dtls, &m->dtls, &inner)))
		turn_merge(f, &inner);
}

/* A classic message has no magic: its answer is what proves it. */
static enum wire_result see_classic(const struct stun_message *s, unsigned way, struct turn_memory *m)
{
	uint32_t mark = mark_of(token_of(s->id));
	if (is_request(s))
		asked_keep(m, way, mark, false);
	return is_answer(s) && asked_find(m, way ^ 1, mark) != 0 ? WIRE_MATCH : WIRE_MORE;
}

static enum wire_result see_stun(const struct payload *p, struct turn_memory *m, unsigned depth,
				 struct finding *ret)
{
	struct stun_message s;
	unsigned way = p->from_hi & 1;
	enum wire_result how = stun_parse(p->bytes, &s);
	if (how == WIRE_MATCH && s.classic && !s.ms_turn)
		how = see_classic(&s, way, m);
	if (how != WIRE_MATCH)
		return how;
	finding_init(ret);
	ret->evidence = EV_PAYLOAD;
	ret->tells = TELLS_SETUP;
	tell_transaction(&s, way, m, ret);
	channel_asked(&s, m);
	channel_bound(&s, m, ret);
	tell_addresses(&s, ret);
	tell_texts(&s, ret);
	tell_inside(p, &s, m, depth, ret);
	if (proves_allocation(&s))
		ret->tells |= TELLS_RELAY;
	if (!s.ms_turn && s.method == STUN_REFRESH && is_request(&s) && (s.saw & STUN_SAW_LIFETIME) &&
	    s.lifetime_s == 0)
		ret->tells |= TELLS_CLOSE;
	if (depth == 0 && (ret->tells & TELLS_RELAY) != 0)
		m->allocated = true;
	if (s.session.len == SESSION_BYTES)
		m->session = mark_of(token_of(s.session));
	return seen_as(ret);
}

enum wire_result stun_recognise(const struct payload *p, void *memory, struct finding *ret)
{
	return see_stun(p, memory, 0, ret);
}

/* ---- ChannelData ---- */

/* channel(2) length(2) data; over UDP the pad to 4 may be there or not (RFC 8656 s12.5). */
static bool channel_split(struct span payload, uint16_t *ret_channel, struct span *ret_data)
{
	struct cursor c = cursor_of(payload);
	uint32_t channel = cursor_uint(&c, 2), bytes = cursor_uint(&c, 2);
	*ret_data = cursor_take(&c, bytes);
	*ret_channel = (uint16_t)channel;
	return cursor_ok(&c) && channel >= CHANNEL_FIRST && channel <= CHANNEL_LAST_OLD &&
	       c.rest.len <= (4 - bytes % 4) % 4;
}

/* Without an allocation the head is no proof (2^-18): what lies inside must be, three times on one channel. */
static bool channel_tried(struct turn_memory *m, uint16_t channel, bool seen)
{
	if (!seen || channel > CHANNEL_LAST)
		return false;
	if (m->trial != channel)
		m->trial_hits = 0;
	m->trial = channel;
	m->allocated = ++m->trial_hits >= TRIAL_HITS;
	return m->allocated;
}

enum wire_result turn_recognise(const struct payload *p, void *memory, struct finding *ret)
{
	struct turn_memory *m = memory;
	struct finding inner;
	struct span data;
	uint16_t channel;
	if (!channel_split(p->bytes, &channel, &data))
		return WIRE_OTHER;
	enum wire_result how = see_inner(p, data, m, 1, &inner);
	if (!m->allocated && !channel_tried(m, channel, is_seen(how)))
		return is_seen(how) || how == WIRE_MORE ? WIRE_MORE : WIRE_OTHER;
	finding_init(ret);
	ret->evidence = EV_PAYLOAD;
	ret->tells = TELLS_RELAY;
	if (!is_seen(how))
		return WIRE_MATCH;
	merge_relayed(ret, &inner);
	for (unsigned i = 0; i < TURN_CHANNELS && carries_media(&inner); i++)
		if (m->bound[i].channel == channel && (m->bound_set >> i & 1) != 0)
			tell_address(ret, TOLD_PEER, &m->bound[i].peer, m->bound[i].port);
	return seen_as(ret);
}

/* ---- Microsoft's multiplexed TURN ---- */

/* ff 10, length of what follows it, session id(8), data: sent to a relayed port that many allocations share. */
enum wire_result turn_multiplexed_recognise(const struct payload *p, void *memory, struct finding *ret)
{
	struct turn_memory *m = memory;
	struct finding inner;
	struct cursor c = cursor_of(p->bytes);
	uint32_t magic = cursor_uint(&c, 2), bytes = cursor_uint(&c, 2);
	bool exact = bytes == c.rest.len;
	struct span session = cursor_take(&c, SESSION_BYTES);
	if (!cursor_ok(&c) || magic != MULTIPLEXED || !exact)
		return WIRE_OTHER;
	uint32_t mark = mark_of(token_of(session));
	enum wire_result how = see_inner(p, c.rest, m, 1, &inner);
	if (!is_seen(how) && m->session != mark)
		return how == WIRE_MORE ? WIRE_MORE : WIRE_OTHER;
	finding_init(ret);
	ret->evidence = EV_PAYLOAD;
	ret->tells = TELLS_RELAY;
	if (is_seen(how)) {
		m->session = mark;
		merge_relayed(ret, &inner);
	}
	return seen_as(ret);
}

enum wire_result turn_whole(const struct payload *p, void *memory, struct finding *ret)
{
	struct turn_memory *m = memory;
	return dtls_whole(p, &m->dtls, ret);
}

enum wire_result turn_any(const struct payload *p, void *memory, struct finding *ret)
{
	if (p->bytes.len > 0 && p->bytes.at[0] >= 64 && p->bytes.at[0] < 128)
		return turn_recognise(p, memory, ret);
	return see_inner(p, p->bytes, memory, 0, ret);
}
