/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "enforce/batch.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

const char table_name[] = "keyfence";
static const char chain_forward[] = "forward", chain_cut[] = "cut";

/* How nft tells types of a concatenation: 6 bits each. For people who list the set; the kernel does not look. */
enum { TYPE_IPV4 = 7, TYPE_IPV6 = 8, TYPE_PROTO = 12, TYPE_SERVICE = 13 };
enum { PRIORITY = -10, REJECTS_A_SECOND = 100, REJECTS_AT_ONCE = 50 };
enum { KEY_BYTES_MOST = 40 };

static const struct family {
	const char *set;
	uint32_t id, type, key_bytes, address_bytes, client_at, server_at; /* offsets in the IP header */
	uint8_t nfproto;
} families[] = {
	{ "blocked4", 1, ((TYPE_IPV4 << 6 | TYPE_IPV4) << 6 | TYPE_PROTO) << 6 | TYPE_SERVICE, 16, 4, 12, 16,
	  NFPROTO_IPV4 },
	{ "blocked6", 2, ((TYPE_IPV6 << 6 | TYPE_IPV6) << 6 | TYPE_PROTO) << 6 | TYPE_SERVICE, 40, 16, 8, 24,
	  NFPROTO_IPV6 },
};

/* ---- messages ---- */

static struct nlmsghdr *message_add(struct batch *b, uint16_t type, uint16_t flags, uint8_t family,
				    uint16_t res)
{
	struct nlmsghdr *n = mnl_nlmsg_put_header(b->bytes + b->len);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(n, sizeof *g);
	n->nlmsg_type = type;
	n->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	n->nlmsg_seq = ++b->last;
	*g = (struct nfgenmsg){ family, NFNETLINK_V0, htons(res) };
	return n;
}

static struct nlmsghdr *table_add(struct batch *b, unsigned type, uint16_t flags)
{
	return message_add(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, NFPROTO_INET, 0);
}

static void message_close(struct batch *b, const struct nlmsghdr *n)
{
	b->len += NLMSG_ALIGN(n->nlmsg_len);
}

void batch_begin(struct batch *b, uint32_t sequence)
{
	b->len = 0;
	b->first = b->last = sequence;
	message_close(b, message_add(b, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	b->first = b->last + 1;
}

/* The answer of the last message comes when all of it was done, or with the errors. */
void batch_end(struct batch *b)
{
	struct nlmsghdr *n = (void *)b->bytes;
	int left = (int)b->len;
	for (; mnl_nlmsg_ok(n, left); n = mnl_nlmsg_next(n, &left))
		if (n->nlmsg_seq == b->last)
			n->nlmsg_flags |= NLM_F_ACK;
	uint32_t last = b->last;
	message_close(b, message_add(b, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
	b->last = last;
}

/* ---- expressions ---- */

static void put_u32(struct nlmsghdr *n, unsigned type, uint32_t value)
{
	mnl_attr_put_u32(n, (uint16_t)type, htonl(value));
}

struct expression {
	struct nlattr *element, *data;
};

static struct expression expression_begin(struct nlmsghdr *n, const char *name)
{
	struct expression e;
	e.element = mnl_attr_nest_start(n, NFTA_LIST_ELEM);
	mnl_attr_put_strz(n, NFTA_EXPR_NAME, name);
	e.data = mnl_attr_nest_start(n, NFTA_EXPR_DATA);
	return e;
}

static void expression_end(struct nlmsghdr *n, struct expression e)
{
	mnl_attr_nest_end(n, e.data);
	mnl_attr_nest_end(n, e.element);
}

static void put_meta(struct nlmsghdr *n, uint32_t key, uint32_t reg)
{
	struct expression e = expression_begin(n, "meta");
	put_u32(n, NFTA_META_DREG, reg);
	put_u32(n, NFTA_META_KEY, key);
	expression_end(n, e);
}

static void put_payload(struct nlmsghdr *n, uint32_t base, uint32_t at, uint32_t bytes, uint32_t reg)
{
	struct expression e = expression_begin(n, "payload");
	put_u32(n, NFTA_PAYLOAD_DREG, reg);
	put_u32(n, NFTA_PAYLOAD_BASE, base);
	put_u32(n, NFTA_PAYLOAD_OFFSET, at);
	put_u32(n, NFTA_PAYLOAD_LEN, bytes);
	expression_end(n, e);
}

static void put_is(struct nlmsghdr *n, uint32_t reg, uint8_t value)
{
	struct expression e = expression_begin(n, "cmp");
	put_u32(n, NFTA_CMP_SREG, reg);
	put_u32(n, NFTA_CMP_OP, NFT_CMP_EQ);
	struct nlattr *data = mnl_attr_nest_start(n, NFTA_CMP_DATA);
	mnl_attr_put(n, NFTA_DATA_VALUE, sizeof value, &value);
	mnl_attr_nest_end(n, data);
	expression_end(n, e);
}

static void put_lookup(struct nlmsghdr *n, const struct family *f)
{
	struct expression e = expression_begin(n, "lookup");
	mnl_attr_put_strz(n, NFTA_LOOKUP_SET, f->set);
	put_u32(n, NFTA_LOOKUP_SREG, NFT_REG32_00);
	put_u32(n, NFTA_LOOKUP_SET_ID, f->id);
	expression_end(n, e);
}

static void put_counter(struct nlmsghdr *n)
{
	expression_end(n, expression_begin(n, "counter"));
}

/* chain: where to, with NFT_GOTO; else NULL. */
static void put_verdict(struct nlmsghdr *n, int32_t code, const char *chain)
{
	struct expression e = expression_begin(n, "immediate");
	put_u32(n, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	struct nlattr *data = mnl_attr_nest_start(n, NFTA_IMMEDIATE_DATA);
	struct nlattr *verdict = mnl_attr_nest_start(n, NFTA_DATA_VERDICT);
	put_u32(n, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain != NULL)
		mnl_attr_put_strz(n, NFTA_VERDICT_CHAIN, chain);
	mnl_attr_nest_end(n, verdict);
	mnl_attr_nest_end(n, data);
	expression_end(n, e);
}

static void put_limit_over(struct nlmsghdr *n)
{
	struct expression e = expression_begin(n, "limit");
	mnl_attr_put_u64(n, NFTA_LIMIT_RATE, htobe64(REJECTS_A_SECOND));
	mnl_attr_put_u64(n, NFTA_LIMIT_UNIT, htobe64(1));
	put_u32(n, NFTA_LIMIT_BURST, REJECTS_AT_ONCE);
	put_u32(n, NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
	put_u32(n, NFTA_LIMIT_FLAGS, NFT_LIMIT_F_INV);
	expression_end(n, e);
}

static void put_reject(struct nlmsghdr *n, uint32_t type, uint8_t code)
{
	struct expression e = expression_begin(n, "reject");
	put_u32(n, NFTA_REJECT_TYPE, type);
	mnl_attr_put_u8(n, NFTA_REJECT_ICMP_CODE, code);
	expression_end(n, e);
}

/* ---- rules ---- */

struct rule {
	struct nlmsghdr *n;
	struct nlattr *list;
};

static struct rule rule_begin(struct batch *b, const char *chain)
{
	struct rule r = { table_add(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND), NULL };
	mnl_attr_put_strz(r.n, NFTA_RULE_TABLE, table_name);
	mnl_attr_put_strz(r.n, NFTA_RULE_CHAIN, chain);
	r.list = mnl_attr_nest_start(r.n, NFTA_RULE_EXPRESSIONS);
	return r;
}

static void rule_end(struct batch *b, struct rule r)
{
	mnl_attr_nest_end(r.n, r.list);
	message_close(b, r.n);
}

/* Lays client . server . proto . port of a packet into registers as they stand in the set, each field padded to 4 bytes:
 * towards the server as they are, from it with the ends swapped. A later fragment has no ports, and breaks off here. */
static void put_key(struct nlmsghdr *n, const struct family *f, bool from_server)
{
	uint32_t words = f->address_bytes / 4;
	put_meta(n, NFT_META_NFPROTO, NFT_REG_1);
	put_is(n, NFT_REG_1, f->nfproto);
	put_payload(n, NFT_PAYLOAD_NETWORK_HEADER, from_server ? f->server_at : f->client_at,
		    f->address_bytes, NFT_REG32_00);
	put_payload(n, NFT_PAYLOAD_NETWORK_HEADER, from_server ? f->client_at : f->server_at,
		    f->address_bytes, NFT_REG32_00 + words);
	put_meta(n, NFT_META_L4PROTO, NFT_REG32_00 + 2 * words);
	put_payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, from_server ? 0 : 2, 2, NFT_REG32_00 + 2 * words + 1);
	put_lookup(n, f);
}

static void add_forward_rules(struct batch *b, const struct family *f)
{
	struct rule out = rule_begin(b, chain_forward);
	put_key(out.n, f, false);
	put_verdict(out.n, NFT_GOTO, chain_cut);
	rule_end(b, out);
	struct rule back = rule_begin(b, chain_forward);
	put_key(back.n, f, true);
	put_counter(back.n);
	put_verdict(back.n, NF_DROP, NULL);
	rule_end(b, back);
}

static void add_drop(struct batch *b, bool over_limit)
{
	struct rule r = rule_begin(b, chain_cut);
	if (over_limit)
		put_limit_over(r.n);
	put_counter(r.n);
	put_verdict(r.n, NF_DROP, NULL);
	rule_end(b, r);
}

static void add_rejects(struct batch *b)
{
	struct rule tcp = rule_begin(b, chain_cut);
	put_meta(tcp.n, NFT_META_L4PROTO, NFT_REG_1);
	put_is(tcp.n, NFT_REG_1, PROTO_TCP);
	put_counter(tcp.n);
	put_reject(tcp.n, NFT_REJECT_TCP_RST, 0);
	rule_end(b, tcp);
	struct rule rest = rule_begin(b, chain_cut);
	put_counter(rest.n);
	put_reject(rest.n, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
	rule_end(b, rest);
}

/* ---- the table ---- */

static void add_set(struct batch *b, const struct family *f, uint32_t size)
{
	struct nlmsghdr *n = table_add(b, NFT_MSG_NEWSET, NLM_F_CREATE);
	mnl_attr_put_strz(n, NFTA_SET_TABLE, table_name);
	mnl_attr_put_strz(n, NFTA_SET_NAME, f->set);
	put_u32(n, NFTA_SET_ID, f->id);
	put_u32(n, NFTA_SET_FLAGS, NFT_SET_TIMEOUT);
	put_u32(n, NFTA_SET_KEY_TYPE, f->type);
	put_u32(n, NFTA_SET_KEY_LEN, f->key_bytes);
	struct nlattr *desc = mnl_attr_nest_start(n, NFTA_SET_DESC);
	put_u32(n, NFTA_SET_DESC_SIZE, size);
	mnl_attr_nest_end(n, desc);
	message_close(b, n);
}

static struct nlmsghdr *chain_begin(struct batch *b, const char *name)
{
	struct nlmsghdr *n = table_add(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	mnl_attr_put_strz(n, NFTA_CHAIN_TABLE, table_name);
	mnl_attr_put_strz(n, NFTA_CHAIN_NAME, name);
	return n;
}

/* An own chain before the others: what it drops is dropped, whatever they accept. */
static void add_chains(struct batch *b)
{
	message_close(b, chain_begin(b, chain_cut));
	struct nlmsghdr *n = chain_begin(b, chain_forward);
	struct nlattr *hook = mnl_attr_nest_start(n, NFTA_CHAIN_HOOK);
	put_u32(n, NFTA_HOOK_HOOKNUM, NF_INET_FORWARD);
	put_u32(n, NFTA_HOOK_PRIORITY, (uint32_t)PRIORITY);
	mnl_attr_nest_end(n, hook);
	put_u32(n, NFTA_CHAIN_POLICY, NF_ACCEPT);
	mnl_attr_put_strz(n, NFTA_CHAIN_TYPE, "filter");
	message_close(b, n);
}

void batch_table(struct batch *b, const struct table_form *form)
{
	struct nlmsghdr *n = table_add(b, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	mnl_attr_put_strz(n, NFTA_TABLE_NAME, table_name);
	put_u32(n, NFTA_TABLE_FLAGS, form->owner ? NFT_TABLE_F_OWNER : 0);
	message_close(b, n);
	for (size_t i = 0; i < 2; i++)
		add_set(b, &families[i], form->set_size);
	add_chains(b);
	for (size_t i = 0; i < 2; i++)
		add_forward_rules(b, &families[i]);
	add_drop(b, form->reject);
	if (form->reject)
		add_rejects(b);
}

void batch_drop_table(struct batch *b)
{
	struct nlmsghdr *n = table_add(b, NFT_MSG_DELTABLE, 0);
	mnl_attr_put_strz(n, NFTA_TABLE_NAME, table_name);
	message_close(b, n);
}

/* ---- elements ---- */

/* Network order, each field padded to 4 bytes behind. */
static size_t lay_key(const struct element_key *key, const struct family *f, uint8_t ret[KEY_BYTES_MOST])
{
	size_t skip = sizeof key->client - f->address_bytes, at = 0;
	memset(ret, 0, KEY_BYTES_MOST);
	memcpy(ret, key->client.bytes + skip, f->address_bytes);
	at += f->address_bytes;
	memcpy(ret + at, key->server.bytes + skip, f->address_bytes);
	at += f->address_bytes;
	ret[at] = key->proto;
	ret[at + 4] = (uint8_t)(key->port >> 8);
	ret[at + 5] = (uint8_t)key->port;
	return at + 8;
}

static void add_element(struct batch *b, const struct element_key *key, unsigned type, uint16_t flags,
			uint64_t timeout_ms)
{
	const struct family *f = &families[address_is_v4(&key->client) ? 0 : 1];
	uint8_t bytes[KEY_BYTES_MOST];
	struct nlmsghdr *n = table_add(b, type, flags);
	mnl_attr_put_strz(n, NFTA_SET_ELEM_LIST_TABLE, table_name);
	mnl_attr_put_strz(n, NFTA_SET_ELEM_LIST_SET, f->set);
	put_u32(n, NFTA_SET_ELEM_LIST_SET_ID, f->id);
	struct nlattr *list = mnl_attr_nest_start(n, NFTA_SET_ELEM_LIST_ELEMENTS);
	struct nlattr *element = mnl_attr_nest_start(n, NFTA_LIST_ELEM);
	struct nlattr *data = mnl_attr_nest_start(n, NFTA_SET_ELEM_KEY);
	mnl_attr_put(n, NFTA_DATA_VALUE, lay_key(key, f, bytes), bytes);
	mnl_attr_nest_end(n, data);
	if (timeout_ms > 0)
		mnl_attr_put_u64(n, NFTA_SET_ELEM_TIMEOUT, htobe64(timeout_ms));
	mnl_attr_nest_end(n, element);
	mnl_attr_nest_end(n, list);
	message_close(b, n);
}

void batch_put(struct batch *b, const struct element_key *key, uint64_t timeout_ms)
{
	add_element(b, key, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, timeout_ms > 0 ? timeout_ms : 1);
}

void batch_take(struct batch *b, const struct element_key *key)
{
	add_element(b, key, NFT_MSG_DELSETELEM, 0, 0);
}

/* ---- conntrack ---- */

static void put_tuple_addresses(struct nlmsghdr *n, const struct element_key *key)
{
	bool v4 = address_is_v4(&key->client);
	size_t skip = v4 ? 12 : 0;
	struct nlattr *ip = mnl_attr_nest_start(n, CTA_TUPLE_IP);
	mnl_attr_put(n, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, 16 - skip, key->client.bytes + skip);
	mnl_attr_put(n, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, 16 - skip, key->server.bytes + skip);
	mnl_attr_nest_end(n, ip);
}

size_t conntrack_delete(void *buffer, uint32_t sequence, const struct element_key *key, uint16_t client_port)
{
	struct nlmsghdr *n = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(n, sizeof *g);
	n->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
	n->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	n->nlmsg_seq = sequence;
	*g = (struct nfgenmsg){ address_is_v4(&key->client) ? AF_INET : AF_INET6, NFNETLINK_V0, 0 };
	struct nlattr *tuple = mnl_attr_nest_start(n, CTA_TUPLE_ORIG);
	put_tuple_addresses(n, key);
	struct nlattr *proto = mnl_attr_nest_start(n, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(n, CTA_PROTO_NUM, key->proto);
	mnl_attr_put_u16(n, CTA_PROTO_SRC_PORT, htons(client_port));
	mnl_attr_put_u16(n, CTA_PROTO_DST_PORT, htons(key->port));
	mnl_attr_nest_end(n, proto);
	mnl_attr_nest_end(n, tuple);
	return n->nlmsg_len;
}

/* ---- notices: read by our own cursor; lengths are in this machine's order ---- */

/* NFTA_TABLE_NAME, NFTA_CHAIN_TABLE and so on: attribute 1 of every kind is its table. */
static bool names_table(struct span attributes)
{
	struct cursor c = cursor_of(attributes);
	while (cursor_more(&c)) {
		struct nlattr a = { 0 };
		struct span head = cursor_take(&c, sizeof a);
		if (head.len == sizeof a)
			memcpy(&a, head.at, sizeof a);
		struct span value = cursor_take(&c, a.nla_len >= sizeof a ? a.nla_len - sizeof a : SIZE_MAX);
		if (cursor_ok(&c) && (a.nla_type & NLA_TYPE_MASK) == NFTA_TABLE_NAME)
			return span_equal(value, span_of(table_name, sizeof table_name));
		size_t pad = (4 - a.nla_len % 4u) % 4;
		cursor_take(&c, pad < c.rest.len ? pad : c.rest.len);
	}
	return false;
}

static bool is_loss(const struct nlmsghdr *n, struct span body)
{
	struct cursor c = cursor_of(body);
	struct span general = cursor_take(&c, sizeof(struct nfgenmsg));
	if (n->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || general.len == 0 || general.at[0] != NFPROTO_INET)
		return false;
	switch (n->nlmsg_type & 0xFF) {
	case NFT_MSG_DELTABLE:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_DELRULE:
	case NFT_MSG_DELSET:
	case NFT_MSG_DELSETELEM: return names_table(c.rest);
	default: return false;
	}
}

bool notices_tell_loss(struct span notices, uint32_t own_port)
{
	struct cursor c = cursor_of(notices);
	bool loss = false;
	while (cursor_more(&c)) {
		struct nlmsghdr n = { 0 };
		struct span head = cursor_take(&c, sizeof n);
		if (head.len == sizeof n)
			memcpy(&n, head.at, sizeof n);
		struct span body =
			cursor_take(&c, n.nlmsg_len >= sizeof n ? n.nlmsg_len - sizeof n : SIZE_MAX);
		loss |= cursor_ok(&c) && n.nlmsg_pid != own_port && is_loss(&n, body);
		size_t pad = (4 - n.nlmsg_len % 4) % 4;
		cursor_take(&c, pad < c.rest.len ? pad : c.rest.len);
	}
	return loss;
}
