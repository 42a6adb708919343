/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wire/rtp.h"

#include <limits.h>

#include "wire/wire.h"

enum {
	RTP_HEADER = 12,
	RTP_EXTENSION_WORDS = 256, /* AV1 dependency descriptors are long */
	NEED_ALONE = 4,
	NEED_BESIDE = 2, /* on a flow with an ICE check or a media handshake */
	SEQ_FIRST = 32,  /* how far the sequence may move while a stream is not believed */
	SEQ_BESIDE = 100,
	TS_MOST = 900000, /* 10 s at 90 kHz */
	RTCP_FIRST = 192,
	RTCP_LAST = 223,
	AUDIO_MOST_BYTES = 400,
	VIDEO_LEAST_BYTES = 700,
	LEAN_AUDIO = 4, /* steps that agree before a kind is told */
	LEAN_VIDEO = -3,
	LEAN_MOST = 16, /* and before it stands */
};

struct header {
	uint32_t ssrc, ts;
	uint16_t seq;
	uint8_t pt;
	size_t bytes; /* of the whole packet */
};

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Of more than RTP_HEADER bytes. The one parser here without a cursor: it runs for many media packets, and one
 * length guards all its reads. */
static bool header_read(struct span s, struct header *ret)
{
	const uint8_t *at = s.at;
	size_t need = RTP_HEADER + 4u * (at[0] & 15);
	if ((at[0] & 16) != 0) {
		if (need + 4 > s.len)
			return false;
		size_t words = (size_t)at[need + 2] << 8 | at[need + 3];
		if (words > RTP_EXTENSION_WORDS)
			return false;
		need += 4 + 4 * words;
	}
	if (need > s.len)
		return false;
	*ret = (struct header){ be32(at + 8), be32(at + 4), (uint16_t)(at[2] << 8 | at[3]), at[1] & 127,
				s.len };
	return true;
}

/* RFC 3551 tables 4 and 5. */
static uint8_t kind_of_static(uint8_t pt)
{
	static const uint8_t video[] = { 25, 26, 28, 31, 32, 33, 34 };
	if (pt <= 18 && pt != 1 && pt != 2)
		return MEDIA_AUDIO;
	for (size_t i = 0; i < sizeof video; i++)
		if (video[i] == pt)
			return MEDIA_VIDEO;
	return 0;
}

/* Frames of 10 to 160 ms at 8, 16 or 48 kHz. No usual frame rate of video gives such a step at 90 kHz. */
static bool is_audio_step(uint32_t step)
{
	return step > 0 && step <= 2880 && step % 160 == 0;
}

/* Silence that was not sent: whole frames of 10 ms at 48 kHz, which no frame rate of video gives at 90 kHz. */
static bool is_pause(uint32_t step)
{
	return step % 480 == 0 && step < TS_MOST && step > 0;
}

/* Audio: small packets, each a usual frame of samples after the one before. Video: large packets that share a
 * timestamp. One contrary step takes back two: 90 kHz steps of single-packet frames can look like audio's. */
static int8_t lean(int8_t now, const struct rtp_stream *was, const struct header *h)
{
	uint32_t step = h->ts - was->ts;
	int next = now;
	if ((uint16_t)(h->seq - was->seq) != 1)
		return now;
	if (step == 0 && h->bytes >= VIDEO_LEAST_BYTES)
		next -= next > 0 ? 2 : 1;
	else if (h->bytes < AUDIO_MOST_BYTES && is_audio_step(step))
		next += next < 0 ? 2 : 1;
	else if (next > 0 && (h->bytes >= AUDIO_MOST_BYTES || !is_pause(step)))
		next = next >= 2 ? next - 2 : 0;
	return next > LEAN_MOST || next < -LEAN_MOST ? now : (int8_t)next;
}

static uint8_t kind_of(uint8_t pt, int8_t leaning)
{
	if (pt < 35)
		return kind_of_static(pt);
	return leaning >= LEAN_AUDIO ? MEDIA_AUDIO : leaning <= LEAN_VIDEO ? MEDIA_VIDEO : 0;
}

/* The slot of this SSRC; else the first free one, or the one least sure of itself, cleared. Of equals the last goes,
 * so that the streams first believed stay. */
static struct rtp_stream *slot_touch(struct rtp_stream *s, uint32_t ssrc)
{
	unsigned least = 0, least_worth = UINT_MAX;
	for (unsigned i = 0; i < RTP_STREAMS; i++) {
		unsigned worth = (s[i].state & RTP_BELIEVED) != 0 ? 256 : s[i].hits;
		if (worth > 0 && s[i].ssrc == ssrc)
			return &s[i];
		if (worth < least_worth || (worth == least_worth && worth > 0))
			least = i, least_worth = worth;
	}
	s[least] = (struct rtp_stream){ .ssrc = ssrc };
	return &s[least];
}

static bool moves_on(const struct rtp_stream *s, const struct header *h, uint32_t seq_most)
{
	uint16_t ahead = (uint16_t)(h->seq - s->seq), behind = (uint16_t)(s->seq - h->seq);
	uint32_t later = h->ts - s->ts, sooner = s->ts - h->ts;
	return (ahead < behind ? ahead : behind) <= seq_most && (later < sooner ? later : sooner) <= TS_MOST;
}

/* Counts one packet of a stream not yet believed. */
static void believe(struct rtp_stream *s, const struct header *h, bool beside)
{
	if (s->hits > 0 && s->seq == h->seq)
		return; /* a copy: neither for nor against */
	bool in_order = s->hits > 0 && moves_on(s, h, beside ? SEQ_BESIDE : SEQ_FIRST);
	s->hits = in_order ? (uint8_t)(s->hits + 1) : 1;
	if (s->hits >= (beside ? NEED_BESIDE : NEED_ALONE))
		s->state = RTP_BELIEVED;
}

/* Looks for the kind of a believed stream, until it is plain or the stream has had its chance. */
static void settle(struct rtp_stream *s, const struct header *h, int8_t leaning)
{
	s->hits = s->hits < UINT8_MAX ? (uint8_t)(s->hits + 1) : UINT8_MAX;
	s->state = (uint8_t)(RTP_BELIEVED | kind_of(h->pt, leaning));
	bool plain = h->pt < 35 || leaning >= LEAN_MOST || leaning <= -LEAN_MOST;
	s->state |= plain || s->hits == UINT8_MAX ? RTP_SETTLED : 0;
}

static enum wire_result tell_media(uint32_t ssrc, uint8_t state, struct finding *ret)
{
	finding_init(ret);
	ret->evidence = EV_PAYLOAD;
	ret->tells = TELLS_MEDIA;
	ret->media = state & (MEDIA_AUDIO | MEDIA_VIDEO);
	ret->token = ssrc;
	return WIRE_MATCH;
}

/* Not inlined: the way of a settled stream shall save no registers for this one. */
__attribute__((noinline)) static enum wire_result see_rtp(const struct payload *p, struct rtp_memory *m,
							  struct finding *ret)
{
	struct header h;
	bool beside = (p->context & (TELLS_SESSION | TELLS_KEYS)) != 0;
	if (!header_read(p->bytes, &h) || (h.ssrc == 0 && !beside))
		return WIRE_OTHER;
	struct rtp_stream *all = m->stream[p->from_hi & 1], *s = slot_touch(all, h.ssrc);
	int8_t *leaning = &m->leaning[p->from_hi & 1][s - all];
	*leaning = s->hits > 0 ? lean(*leaning, s, &h) : 0;
	if ((s->state & RTP_BELIEVED) == 0)
		believe(s, &h, beside);
	if ((s->state & RTP_BELIEVED) != 0)
		settle(s, &h, *leaning);
	s->ts = h.ts;
	s->seq = h.seq;
	return (s->state & RTP_BELIEVED) != 0 ? tell_media(h.ssrc, s->state, ret) : WIRE_MORE;
}

/* Of compound RTCP, and of SRTCP behind its first 8 bytes, only the first length can be relied on. */
static bool rtcp_sound(struct span s)
{
	struct cursor c = cursor_of(s);
	cursor_take(&c, 1);
	uint32_t type = cursor_uint(&c, 1), words = cursor_uint(&c, 2);
	struct span first = cursor_take(&c, 4 * (size_t)words);
	return cursor_ok(&c) && type >= 200 && type <= 207 && first.len >= 4;
}

/* RTCP of a sender whose RTP was seen: believed, it is media too; not yet, it counts as a packet in order. */
__attribute__((noinline)) static enum wire_result see_rtcp(const struct payload *p, struct rtp_memory *m,
							   struct finding *ret)
{
	if (!rtcp_sound(p->bytes))
		return WIRE_OTHER;
	uint32_t ssrc = be32(p->bytes.at + 4);
	bool other_end = false;
	for (unsigned i = 0; i < RTP_STREAMS; i++) {
		struct rtp_stream *s = &m->stream[p->from_hi & 1][i];
		other_end |= (m->stream[(p->from_hi & 1) ^ 1][i].state & RTP_BELIEVED) != 0;
		if (s->hits == 0 || s->ssrc != ssrc)
			continue;
		if ((s->state & RTP_BELIEVED) != 0)
			return tell_media(ssrc, s->state, ret);
		if (s->hits == 2) /* the report can stand for one of the packets, not for more */
			s->hits = 3;
	}
	/* A receiver that sends nothing reports under an SSRC of its own, about a stream that is believed. */
	return other_end ? tell_media(ssrc, 0, ret) : WIRE_MORE;
}

/* Settled streams, which are most packets of a call, are told before anything else is read. */
enum wire_result rtp_recognise(const struct payload *p, void *memory, struct finding *ret)
{
	const uint8_t *at = p->bytes.at;
	struct rtp_memory *m = memory;
	if (p->bytes.len < 8 || at[0] >> 6 != 2)
		return WIRE_OTHER;
	if (at[1] >= RTCP_FIRST && at[1] <= RTCP_LAST)
		return see_rtcp(p, m, ret);
	if (p->bytes.len <= RTP_HEADER)
		return WIRE_OTHER;
	const struct rtp_stream *s = m->stream[p->from_hi & 1];
	uint32_t ssrc = be32(at + 8);
	for (unsigned i = 0; i < RTP_STREAMS; i++)
		if (s[i].ssrc == ssrc && (s[i].state & RTP_SETTLED) != 0)
			return tell_media(ssrc, s[i].state, ret);
	return see_rtp(p, m, ret);
}
