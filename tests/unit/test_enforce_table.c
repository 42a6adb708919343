/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages as bytes, against what nf_tables.h says; the elements' memory and its mirror; and, where a network namespace can be
 * made, the table in a real kernel without the owner flag, taken away by somebody else and put back. */
#define _GNU_SOURCE /* unshare */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "enforce/elements.h"
#include "enforce/kernel.h"
#include "enforce/table.h"

#define SECOND 1000000ull
static _Alignas(8) uint8_t room[BATCH_BYTES];

static struct message_block request(unsigned i, bool six)
{
	struct message_block b;
	memset(&b, 0, sizeof b);
	address_parse(span_text(six ? "2001:db8:1::2" : "192.0.2.2"), &b.client);
	address_parse(span_text(six ? "2001:db8:2::2" : "198.51.100.2"), &b.server);
	b.client_port = 40000, b.server_port = (uint16_t)(i + 1), b.proto = PROTO_TCP, b.flow = i;
	return b;
}

/* ---- bytes ---- */

/* One element, IPv4, 10 s: batch begin, NEWSETELEM, batch end. Lengths and types are in this machine's order. */
static void test_element_bytes(void)
{
	static const char want[] =
		"0000000a" /* nfgenmsg of the begin: unspec, version 0, subsystem 10 */
		"01000000" /* inet */
		"0d00 0100 6b657966656e63650000 0000" /* table keyfence */
		"0d00 0200 626c6f636b6564340000 0000" /* set blocked4 */
		"0800 0400 00000001"                  /* its number in a batch */
		"2c00 0380 2800 0180"                 /* elements, one */
		"1800 0180 1400 0100"                 /* key, value */
		"c0000202 c6336402 06000000 01bb0000" /* client . server . proto . port, padded behind */
		"0c00 0400 0000000000002710";         /* timeout, ms */
	struct message_block b = request(442, false);
	struct element_key key = element_key_of(&b);
	struct batch batch = { .bytes = room };
	struct span expected = check_hex(want);
	memset(room, 0, sizeof room); /* padding is left as it was */
	batch_begin(&batch, 7);
	batch_put(&batch, &key, 10000);
	batch_end(&batch);
	const struct nlmsghdr *begin = (const void *)room, *element = (const void *)(room + 20);
	CHECK(batch.len == 20 + element->nlmsg_len + 20, "three messages in %zu bytes", batch.len);
	CHECK(begin->nlmsg_type == 0x10 && begin->nlmsg_seq == 8, "the begin");
	CHECK(element->nlmsg_type == (10 << 8 | NFT_MSG_NEWSETELEM) && element->nlmsg_seq == 9,
	      "the element");
	CHECK(element->nlmsg_flags == (NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK),
	      "it alone asks for an answer");
	CHECK(batch.first == 9 && batch.last == 9, "numbers %u to %u", batch.first, batch.last);
	CHECK(memcmp(room + 16, expected.at, 4) == 0, "the frame");
	CHECK(element->nlmsg_len == 16 + expected.len - 4 &&
		      memcmp(room + 36, expected.at + 4, expected.len - 4) == 0,
	      "the element's bytes (%u)", element->nlmsg_len);
	free((void *)(uintptr_t)expected.at);
}

static void test_conntrack_bytes(void)
{
	static const char want[] = "0a000000"            /* AF_INET6 */
				   "4c00 0180 2c00 0180" /* tuple, addresses */
				   "1400 0300 20010db8000100000000000000000002"
				   "1400 0400 20010db8000200000000000000000002"
				   "1c00 0280 0500 0100 06000000" /* protocol */
				   "0600 0200 9c400000 0600 0300 01bb0000";
	struct message_block b = request(442, true);
	struct element_key key = element_key_of(&b);
	struct span expected = check_hex(want);
	memset(room, 0, sizeof room); /* padding is left as it was */
	size_t len = conntrack_delete(room, 3, &key, 40000);
	const struct nlmsghdr *n = (const void *)room;
	CHECK(n->nlmsg_type == (1 << 8 | 2) && n->nlmsg_flags == (NLM_F_REQUEST | NLM_F_ACK),
	      "conntrack, delete");
	CHECK(len == 16 + expected.len && memcmp(room + 16, expected.at, expected.len) == 0,
	      "its tuple (%zu)", len);
	free((void *)(uintptr_t)expected.at);
}

/* Every batch is whole messages, attributes nest within bounds, and the largest fits. */
static bool attributes_nest(struct span s, unsigned depth)
{
	struct cursor c = cursor_of(s);
	while (cursor_more(&c)) {
		struct span head = cursor_take(&c, 4);
		uint16_t len = 0, type = 0;
		if (head.len == 4)
			memcpy(&len, head.at, 2), memcpy(&type, head.at + 2, 2);
		struct span value = cursor_take(&c, len >= 4 ? len - 4u : SIZE_MAX);
		size_t pad = (4 - len % 4u) % 4;
		cursor_take(&c, pad < c.rest.len ? pad : c.rest.len);
		if ((type & NLA_F_NESTED) && (depth > 8 || !attributes_nest(value, depth + 1)))
			return false;
	}
	return cursor_ok(&c);
}

static void test_largest(void)
{
	struct table_form form = { 16640, true, true };
	struct batch batch = { .bytes = room };
	struct message_block b = request(1, true);
	unsigned messages = 0, answers = 0;
	batch_begin(&batch, 1);
	batch_drop_table(&batch);
	batch_table(&batch, &form);
	for (unsigned i = 0; i < BATCH_ELEMENTS_MOST; i++) {
		b.server_port = (uint16_t)i;
		struct element_key key = element_key_of(&b);
		batch_put(&batch, &key, 600000);
	}
	batch_end(&batch);
	CHECK(batch.len < BATCH_BYTES - 4096, "the largest batch has %zu bytes", batch.len);
	for (size_t i = 0; i + sizeof(struct nlmsghdr) <= batch.len;) {
		const struct nlmsghdr *n = (const void *)(room + i);
		answers += (n->nlmsg_flags & NLM_F_ACK) != 0;
		CHECK(attributes_nest(span_of(room + i + 20, n->nlmsg_len - 20), 0), "message %u nests",
		      messages);
		messages++;
		i += NLMSG_ALIGN(n->nlmsg_len);
	}
	CHECK(messages == 3 + 12 + BATCH_ELEMENTS_MOST && answers == 1, "%u messages, %u answers", messages,
	      answers);
}

static void test_notices(void)
{
	struct batch batch = { .bytes = room };
	batch_begin(&batch, 1);
	batch_drop_table(&batch);
	struct nlmsghdr *n = (void *)(room + 20);
	n->nlmsg_pid = 77;
	CHECK(notices_tell_loss(span_of(room, batch.len), 5), "our table deleted by 77");
	CHECK(!notices_tell_loss(span_of(room, batch.len), 77), "by ourselves");
	for (size_t cut = 0; cut < 20 + 36; cut++) {
		struct span piece = check_cut(span_of(room, batch.len), cut);
		CHECK(!notices_tell_loss(piece, 5), "cut to %zu", cut);
		free((void *)(uintptr_t)piece.at);
	}
	room[20 + 16 + 4 + 4] = 'K';
	CHECK(!notices_tell_loss(span_of(room, batch.len), 5), "another table");
}

/* ---- elements and mirror ---- */

static void test_elements(void)
{
	static const uint64_t key[2] = { 1, 2 };
	enum { CAPACITY = 64, STEPS = 100000, PORTS = 128 };
	uint64_t number[PORTS] = { 0 };
	uint32_t random = 1;
	struct elements e;
	CHECK(elements_new(CAPACITY, key, &e) == 0, "memory");
	for (int i = 0; i < STEPS; i++) {
		random = random * 1664525 + 1013904223;
		unsigned port = random >> 16 & (PORTS - 1);
		struct message_block b = request(port, random >> 30 & 1);
		b.client.bytes[15] = 2;
		struct element_key k = element_key_of(&b);
		struct element *x = elements_find(&e, &k);
		if (x != NULL)
			elements_remove(&e, x);
		else if (e.count < CAPACITY)
			number[port] = elements_add(&e, &b, 1, 2)->number;
		x = elements_find(&e, &k);
		if (x != NULL && (x->number != number[port] || elements_by_number(&e, x->number) != x))
			CHECK(false, "step %d", i);
		if (e.count + e.free_count != CAPACITY)
			CHECK(false, "step %d: slots", i);
	}
	size_t found = 0;
	for (unsigned i = 0; i < 2 * PORTS; i++) {
		struct message_block b = request(i / 2, i & 1);
		struct element_key k = element_key_of(&b);
		found += elements_find(&e, &k) != NULL;
	}
	CHECK(found == e.count && found > 16, "%zu found of %zu", found, e.count);
	free(e.at), free(e.index), free(e.free);
}

static struct elements reopened(const char *folder, const uint64_t boot[2], int want)
{
	static const uint64_t key[2] = { 3, 4 };
	struct elements e;
	elements_new(8, key, &e);
	int r = elements_open_mirror(&e, folder, boot);
	CHECK(r == want, "mirror: %d, not %d", r, want);
	return e;
}

static void forget(struct elements *e)
{
	if (e->mirror >= 0)
		close(e->mirror);
	free(e->at), free(e->index), free(e->free);
}

static void test_mirror(void)
{
	char folder[] = "/tmp/keyfence-test-XXXXXX", path[64];
	const uint64_t boot[2] = { 5, 6 }, later[2] = { 5, 7 };
	if (mkdtemp(folder) == NULL)
		return;
	snprintf(path, sizeof path, "%s/blocks", folder);
	struct elements e = reopened(folder, boot, 0);
	for (unsigned i = 0; i < 3; i++) {
		struct message_block b = request(i, false);
		elements_add(&e, &b, 1, 100 + i);
	}
	elements_remove(&e, elements_by_number(&e, 3));
	forget(&e);
	e = reopened(folder, boot, 0);
	struct element *one = elements_by_number(&e, 1), *two = elements_by_number(&e, 2);
	CHECK(e.count == 2 && one != NULL && two != NULL && two->until_us == 101 && two->first.flow == 1,
	      "two come back, whole");
	CHECK(e.next_number == 4 && elements_find(&e, &two->key) == two, "numbers go on; found by key");
	forget(&e);
	int fd = open(path, O_RDWR);
	uint8_t byte;
	CHECK(pread(fd, &byte, 1, 40) == 1 && (byte ^= 1, pwrite(fd, &byte, 1, 40)) == 1,
	      "one bit is turned");
	close(fd);
	e = reopened(folder, boot, 0);
	CHECK(e.count == 1, "a torn record does not count: %zu", e.count);
	forget(&e);
	e = reopened(folder, later, 0);
	CHECK(e.count == 0 && e.next_number == 1, "nor do those of another boot");
	forget(&e);
	unlink(path);
	CHECK(symlink("/etc/passwd", path) == 0, "a link");
	e = reopened(folder, boot, -ELOOP);
	forget(&e);
	unlink(path);
	CHECK(mkfifo(path, 0600) == 0, "a pipe");
	e = reopened(folder, boot, -EPERM);
	forget(&e);
	unlink(path);
	rmdir(folder);
}

/* ---- a kernel ---- */

static int nf_socket(void)
{
	uint32_t port;
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	return s >= 0 && kernel_prepare(s, &port) == 0 ? s : -1;
}

/* What was lost: any notice of it that has come. */
static bool heard_loss(int events, uint32_t own_port)
{
	bool loss = false;
	ssize_t n;
	while ((n = recv(events, room, sizeof room, MSG_DONTWAIT)) > 0 || (n < 0 && errno == ENOBUFS))
		loss |= n > 0 && notices_tell_loss(span_of(room, (size_t)n), own_port);
	return loss;
}

static void test_kernel(void)
{
	static const uint64_t key[2] = { 8, 9 };
	static struct table t, rude;
	struct table_form form = { 600 + TABLE_MARGIN, false, true };
	struct elements e;
	int events = nf_socket();
	t.requests = nf_socket(), t.conntrack = nf_socket(), rude.requests = nf_socket();
	if (events < 0 || kernel_prepare(t.requests, &t.port) < 0 || kernel_listen(events) < 0)
		return;
	elements_new(600, key, &e);
	CHECK(table_raise(&t, form, &e, 1) == 0 && !t.form.owner, "raised, not owned");
	for (unsigned i = 0; i < 600; i++) { /* more than one batch takes */
		struct message_block b = request(i, i & 1);
		struct element_key k = element_key_of(&b);
		int r = table_put(&t, &k, 600 * SECOND);
		if (r != 0)
			CHECK(false, "element %u: %d", i, r);
		elements_add(&e, &b, 1, 600 * SECOND);
	}
	CHECK(!heard_loss(events, t.port), "our own changes are no loss");
	CHECK(table_lower(&rude) == 0 && heard_loss(events, t.port), "somebody deletes it, and we hear");
	struct message_block gone = request(0, false), last = request(599, true);
	struct element_key k = element_key_of(&gone), l = element_key_of(&last);
	CHECK(table_put(&t, &k, SECOND) == -ENOENT, "no table");
	CHECK(table_raise(&t, form, &e, 1) == 0, "put back");
	CHECK(table_take(&rude, &k) == 0 && heard_loss(events, t.port),
	      "the first element was there, and its loss is heard");
	CHECK(table_take(&rude, &l) == 0 && heard_loss(events, t.port), "the last, too, of another batch");
	CHECK(table_raise(&t, form, &e, 600 * SECOND) == 0 && !heard_loss(events, t.port),
	      "raised when all have run out");
	CHECK(table_take(&rude, &k) == 0 && !heard_loss(events, t.port), "none of them is put back");
	CHECK(table_renew(&t, &k, SECOND) == 0 && table_renew(&t, &l, SECOND) == 0,
	      "renewed, whether it is there or not");
	CHECK(table_put(&t, &l, SECOND) == 0, "put though it is there");
	CHECK(table_forget_flow(&t, &k, 40000) == 0, "a conntrack entry that there is not");
	form.owner = true;
	CHECK(table_raise(&t, form, &e, 1) == 0 && t.form.owner, "a table that nobody owns is taken over");
	int r = table_raise(&rude, form, &e, 1);
	CHECK(r == -EBUSY, "an owned one is not: %d", r);
	CHECK(table_lower(&t) == 0 && table_lower(&t) == 0, "taken down, twice");
	free(e.at), free(e.index), free(e.free);
}

int main(void)
{
	test_element_bytes();
	test_conntrack_bytes();
	test_largest();
	test_notices();
	test_elements();
	test_mirror();
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)
		test_kernel();
	else
		printf("no network namespace: the kernel is not asked\n");
	return check_done();
}
