/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "places/answer.h"

#include "base/siphash.h"

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28, TYPE_DNAME = 39, TYPE_ANY = 255 };

static void fold_question(const struct dns_message *m, char ret[DNS_NAME_BYTES])
{
	size_t n = m->question_bytes < DNS_NAME_BYTES ? m->question_bytes : DNS_NAME_BYTES - 1;
	for (size_t i = 0; i < n; i++)
		ret[i] = (char)(m->question[i] | (m->question[i] >= 'A' && m->question[i] <= 'Z' ? 0x20 : 0));
	ret[n] = '\0';
}

uint64_t answer_name_hash(const struct dns_message *m, const uint64_t hash_key[2])
{
	char folded[DNS_NAME_BYTES];
	fold_question(m, folded);
	return siphash13(hash_key, folded, strlen(folded));
}

/* Position in the chain; the number of its names if it is not there. The empty name (a root, or a name that no host
 * has) is never there. */
static size_t position_of(const struct answer *a, const char *name)
{
	size_t i = 0;
	while (i < a->names && (a->chain[i][0] == '\0' || strcmp(a->chain[i], name) != 0))
		i++;
	return i;
}

/* The alias that the chain's last name has; NULL: none, or it leads back, or nowhere. */
static const char *next_alias(const struct dns_message *m, const struct answer *a)
{
	for (size_t i = 0; i < m->record_count; i++) {
		const struct dns_record *r = &m->record[i];
		const char *target = m->names + r->target;
		if (r->type != TYPE_CNAME || strcmp(m->names + r->owner, a->chain[a->names - 1]) != 0)
			continue;
		return target[0] != '\0' && position_of(a, target) == a->names ? target : NULL;
	}
	return NULL;
}

static void follow_chain(const struct dns_message *m, struct answer *a)
{
	a->chain[a->names++] = a->question;
	while (a->names <= ANSWER_ALIASES && a->question[0] != '\0') {
		const char *target = next_alias(m, a);
		if (target == NULL)
			return;
		a->chain[a->names++] = target;
	}
}

/* A DNAME stands above the name that it renames; the server sends the alias it makes with it (RFC 6672 s3.1). */
static bool is_above_chain(const struct answer *a, const char *owner)
{
	size_t bytes = strlen(owner);
	for (size_t i = 0; i < a->names; i++) {
		size_t n = strlen(a->chain[i]);
		const char *end = a->chain[i] + (n > bytes ? n - bytes : 0);
		if (n > bytes + 1 && end[-1] == '.' && strcmp(end, owner) == 0)
			return true;
	}
	return false;
}

static bool belongs(const struct dns_message *m, const struct answer *a, const struct dns_record *r,
		    size_t position)
{
	if (r->type == TYPE_DNAME)
		return is_above_chain(a, m->names + r->owner);
	const char *target = m->names + r->target;
	if (r->type == TYPE_CNAME && target[0] == '\0') /* no host: RFC 2317 aliases have a slash in them */
		return position < a->names;
	if (r->type == TYPE_CNAME)
		return position + 1 < a->names && strcmp(a->chain[position + 1], target) == 0;
	return position < a->names && (r->type == m->type || m->type == TYPE_ANY);
}

void answer_read(const struct dns_message *m, const uint64_t hash_key[2], struct answer *ret)
{
	ret->names = ret->count = 0;
	ret->digest = 0;
	ret->outside = false;
	fold_question(m, ret->question);
	follow_chain(m, ret);
	for (size_t i = 0; i < m->record_count; i++) {
		const struct dns_record *r = &m->record[i];
		const char *owner = m->names + r->owner;
		size_t position = position_of(ret, owner);
		if (!belongs(m, ret, r, position)) {
			ret->outside |= owner[0] != '\0'; /* a name that no host has deceives nobody */
			continue;
		}
		if (r->type != TYPE_A && r->type != TYPE_AAAA)
			continue;
		ret->digest += siphash13(hash_key, r->at.bytes, sizeof r->at.bytes);
		ret->depth[ret->count] = (uint8_t)position;
		ret->take[ret->count++] = r;
	}
}
