/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_run: a TLS flow driven as the engine does it, and hellos built by hand; for the tests of wire/tls. */
#ifndef KEYFENCE_TESTS_TLS_RUN_H
#define KEYFENCE_TESTS_TLS_RUN_H

#include "check.h"
#include "flow/stream.h"
#include "vector.h"
#include "wire/tls.h"

#define RANDOM "00000000000000000000000000000000 00000000000000000000000000000000"
enum { TO_SERVER = 0, TO_CLIENT = 1, NAME_BYTES = 256, START_US = 1000000 };

/* ---- a flow as the engine drives it: views for both ways, then the recogniser ---- */
struct run {
	struct streams *pool;
	uint32_t view[2];
	bool out[2], matched;
	struct tls_memory memory;
	uint64_t at_us;
	unsigned matches, tells, evidence, hosts; /* of all findings so far */
	unsigned last_tells;                      /* of the last segment */
	char name[NAME_BYTES], alpn[NAME_BYTES], leaf[NAME_BYTES];
	uint16_t number;
};

static inline void run_start(struct run *r, struct streams *pool)
{
	*r = (struct run){ .pool = pool, .at_us = START_US };
	r->view[0] = stream_open(pool);
	r->view[1] = stream_open(pool);
}

static inline void run_end(struct run *r)
{
	stream_close(r->pool, r->view[0]);
	stream_close(r->pool, r->view[1]);
}

static inline void copy_text(char *to, struct span from)
{
	size_t n = from.len < NAME_BYTES - 1 ? from.len : NAME_BYTES - 1;
	if (n > 0)
		memcpy(to, from.at, n);
	to[n] = '\0';
}

static inline void run_note(struct run *r, const struct finding *f)
{
	r->matched = true;
	r->matches++;
	r->tells |= f->tells;
	r->last_tells |= f->tells;
	r->evidence |= f->evidence;
	r->hosts += f->evidence & EV_CERT ? f->name_count : 0;
	if (f->tells & TELLS_REQUEST) {
		copy_text(r->name, f->name_count > 0 ? f->name[0] : span_of(NULL, 0));
		copy_text(r->alpn, f->text[TEXT_ALPN]);
		r->number = f->number_count > 0 ? f->number[0] : 0;
	}
	if (f->evidence & EV_CERT)
		copy_text(r->leaf, f->name[0]);
}

static inline void run_segment(struct run *r, uint8_t way, uint32_t at, struct span bytes)
{
	struct finding f;
	struct payload p = { .bytes = bytes, .at_us = r->at_us, .offset = at, .from_hi = way };
	r->last_tells = 0;
	if (!r->out[way] && stream_put(r->pool, r->view[way], at, bytes) == STREAM_GREW) {
		struct payload front = p;
		front.offset = 0;
		front.bytes = stream_front(r->pool, r->view[way]);
		enum wire_result got = tls_whole(&front, &r->memory, &f);
		r->out[way] = got == WIRE_OTHER || got == WIRE_BROKEN;
		if (got == WIRE_MATCH)
			run_note(r, &f);
	}
	if (r->matched && tls_recognise(&p, &r->memory, &f) == WIRE_MATCH)
		run_note(r, &f);
}

/* ---- building hellos ---- */
struct build {
	uint8_t at[20000];
	size_t len;
};

static inline void put(struct build *b, struct span bytes)
{
	memcpy(b->at + b->len, bytes.at, bytes.len);
	b->len += bytes.len;
}

static inline void put_hex(struct build *b, const char *hex)
{
	struct span bytes = check_hex(hex);
	put(b, bytes);
	free((void *)bytes.at);
}

static inline void put_uint(struct build *b, size_t bytes, size_t v)
{
	while (bytes-- > 0)
		b->at[b->len++] = (uint8_t)(v >> 8 * bytes);
}

static inline void put_zeros(struct build *b, size_t n)
{
	memset(b->at + b->len, 0, n);
	b->len += n;
}

static inline void put_name(struct build *b, struct span name) /* extension 0 with one host_name */
{
	put_uint(b, 2, 0), put_uint(b, 2, name.len + 5), put_uint(b, 2, name.len + 3);
	put_uint(b, 1, 0), put_uint(b, 2, name.len), put(b, name);
}

static inline struct span part(struct span whole, size_t from, size_t to)
{
	return span_of(whole.at + from, to - from);
}

/* A ClientHello message, with its head but without a record. */
static inline struct build client_message(struct span extensions)
{
	static struct build b;
	b.len = 0;
	put_hex(&b, "01 000000 0303"), put_zeros(&b, 32);
	put_hex(&b, "20"), put_zeros(&b, 32);
	put_hex(&b, "0006 0a0a 1301 c02b 01 00");
	put_uint(&b, 2, extensions.len), put(&b, extensions);
	size_t body = b.len - 4;
	b.at[1] = (uint8_t)(body >> 16), b.at[2] = (uint8_t)(body >> 8), b.at[3] = (uint8_t)body;
	return b;
}

/* The message in records of at most `most` bytes; the first one has `first`, unless that is 0. */
static inline struct build in_records(struct span message, size_t first, size_t most)
{
	static struct build b;
	b.len = 0;
	for (size_t done = 0; done < message.len;) {
		size_t n = done == 0 && first > 0 ? first : most;
		n = n < message.len - done ? n : message.len - done;
		put_hex(&b, "16 0301"), put_uint(&b, 2, n), put(&b, span_of(message.at + done, n));
		done += n;
	}
	return b;
}

static inline struct span whole_of(const struct build *b)
{
	return span_of(b->at, b->len);
}

static inline struct build client_hello(struct span extensions)
{
	struct build m = client_message(extensions);
	return in_records(whole_of(&m), 0, 16384);
}

static inline struct build named_hello(const char *name)
{
	struct build e = { .len = 0 };
	put_name(&e, span_text(name));
	return client_hello(whole_of(&e));
}

/* As today's browsers: GREASE, a post-quantum share of 1216 bytes before the name, two names, ECH, ALPN. */
static inline struct build modern_hello(bool name_last)
{
	static struct build names, e;
	names.len = e.len = 0;
	put_hex(&names, "0000 0027 0025 01 0001 78 00 000e"), put(&names, BYTES("modern.example"));
	put_hex(&names, "00 000d"), put(&names, BYTES("other.example"));
	put_hex(&e, "3a3a 0000");
	if (!name_last)
		put(&e, whole_of(&names));
	put_hex(&e, "0033 04ef 04ed 2a2a 0001 00 11ec 04c0"), put_zeros(&e, 1216);
	put_hex(&e, "001d 0020"), put_zeros(&e, 32);
	put_hex(&e, "0010 0011 000f 02 0a0a 02"), put(&e, BYTES("h2")), put_hex(&e, "08"),
		put(&e, BYTES("http/1.1"));
	put_hex(&e, "fe0d 00fa"), put_zeros(&e, 250);
	put_hex(&e, "0015 0190"), put_zeros(&e, 400);
	if (name_last)
		put(&e, whole_of(&names));
	put_hex(&e, "9a9a 0001 00");
	return client_hello(whole_of(&e));
}

#endif
