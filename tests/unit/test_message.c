/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages between processes: only the verbs of a direction get in, only in their size, only with the descriptors that
 * belong to them; and a book only sealed. */
#define _GNU_SOURCE
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "book/writer.h"
#include "check.h"

static int open_files(void)
{
	int n = 0;
	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static bool takes_descriptor(enum verb verb)
{
	return verb == VERB_BOOK || verb == VERB_LINK;
}

/* Every verb in every direction: in where the table says so, else the sender is to be ended. */
static void check_directions(void)
{
	static const uint8_t body[sizeof(union message_body)];
	static struct message m;
	int before = open_files();
	for (unsigned verb = 1; verb < VERBS; verb++)
		for (unsigned from = 0; from < PROCESSES; from++)
			for (unsigned to = 0; to < PROCESSES; to++) {
				int pair[2], passed = -1, pass = takes_descriptor(verb) ? dup(0) : -1;
				CHECK(message_pair(4, pair) == 0, "a pair");
				CHECK(message_send(pair[0], verb, body, pass) == 0, "verb %u is sent", verb);
				int r = message_receive(pair[1], from, to, &m, &passed);
				bool in = message_allowed(from, to, verb);
				CHECK(r == (in ? 0 : -EPROTO), "verb %u from %u to %u: %d", verb, from, to, r);
				CHECK(!in || (m.verb == verb && m.bytes == message_bytes(verb)), "verb %u whole", verb);
				CHECK((passed >= 0) == (in && takes_descriptor(verb)), "verb %u passes", verb);
				int fds[] = { passed, pass, pair[0], pair[1] };
				for (size_t i = 0; i < 4; i++)
					if (fds[i] >= 0)
						close(fds[i]);
			}
	CHECK(open_files() == before, "no descriptor is left behind");
	CHECK(!message_allowed(PROCESS_INSPECT, PROCESS_SUPERVISOR, VERB_ASK), "inspect asks for nothing");
	CHECK(!message_allowed(PROCESS_REPORT, PROCESS_ENFORCE, VERB_BLOCK), "report blocks nobody");
	CHECK(!message_allowed(PROCESS_INSPECT, PROCESS_SUPERVISOR, VERB_BROKEN), "inspect accuses nobody");
	CHECK(message_bytes(VERBS) == 0 && message_bytes(0) == 0, "no other verbs");
}

static int receive_raw(const void *bytes, size_t len, int pass)
{
	static struct message m;
	int pair[2], passed = -1;
	CHECK(message_pair(4, pair) == 0, "a pair");
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)bytes, len };
	struct msghdr h = { .msg_iov = &part, .msg_iovlen = 1 };
	if (pass >= 0) {
		h.msg_control = &control;
		h.msg_controllen = sizeof control;
		control.header = (struct cmsghdr){ CMSG_LEN(sizeof pass), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.header), &pass, sizeof pass);
	}
	CHECK(sendmsg(pair[0], &h, 0) == (ssize_t)len, "sent raw");
	int r = message_receive(pair[1], PROCESS_INSPECT, PROCESS_SUPERVISOR, &m, &passed);
	CHECK(passed == -1, "nothing is passed with what is refused");
	close(pair[0]);
	close(pair[1]);
	return r;
}

/* What a taken-over sender may try. */
static void check_hostile(void)
{
	static struct message m;
	size_t whole = offsetof(struct message, body) + sizeof m.body.ready;
	int before = open_files();
	m.verb = VERB_READY, m.bytes = sizeof m.body.ready;
	CHECK(receive_raw(&m, whole, -1) == 0, "as it should be");
	for (size_t n = 1; n < whole; n++)
		CHECK(receive_raw(&m, n, -1) == -EPROTO, "%zu bytes of it", n);
	CHECK(receive_raw(&m, whole + 1, -1) == -EPROTO, "one more");
	CHECK(receive_raw(&m, sizeof m, -1) == -EPROTO, "many more");
	CHECK(receive_raw(&m, whole, 0) == -EPROTO, "with a descriptor");
	m.bytes--;
	CHECK(receive_raw(&m, whole, -1) == -EPROTO, "a length that lies");
	m.bytes++;
	static const uint32_t verbs[] = { 0, VERBS, 255, UINT32_MAX, VERB_STOP };
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		m.verb = verbs[i];
		CHECK(receive_raw(&m, whole, -1) == -EPROTO, "verb %u", verbs[i]);
	}
	CHECK(open_files() == before, "no descriptor is left behind");
}

static void check_full_and_gone(void)
{
	static struct message m;
	struct message_ready ready = { 7 };
	int pair[2], passed, sent = 0, r;
	CHECK(message_pair(8, pair) == 0, "a pair");
	CHECK(message_receive(pair[1], PROCESS_INSPECT, PROCESS_SUPERVISOR, &m, &passed) == -EAGAIN, "nothing there");
	while ((r = message_send(pair[0], VERB_READY, &ready, -1)) == 0 && sent < 100000)
		sent++;
	CHECK(r == -EAGAIN && sent >= 8, "full after %d: %d", sent, r);
	for (int i = 0; i < sent; i++)
		CHECK(message_receive(pair[1], PROCESS_INSPECT, PROCESS_SUPERVISOR, &m, &passed) == 0, "none is lost: %d", i);
	close(pair[1]);
	CHECK(message_send(pair[0], VERB_READY, &ready, -1) == -EPIPE, "the receiver is gone");
	close(pair[0]);
	CHECK(message_pair(8, pair) == 0, "a pair");
	close(pair[0]);
	CHECK(message_receive(pair[1], PROCESS_INSPECT, PROCESS_SUPERVISOR, &m, &passed) == -EPIPE, "the sender is gone");
	close(pair[1]);
}

static int book_in(const uint8_t *image, size_t bytes, unsigned seals)
{
	int fd = memfd_create("book", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CHECK(fd >= 0 && write(fd, image, bytes) == (ssize_t)bytes, "a memfd");
	CHECK(fcntl(fd, F_ADD_SEALS, seals) == 0, "seals");
	return fd;
}

static void check_book(void)
{
	struct book_writer *w = book_writer_new();
	struct book_settings set = { .size = SIZE_SMALL };
	struct book b = { 0 };
	uint8_t *image;
	size_t bytes;
	const unsigned all = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
	book_write(w, BOOK_SETTINGS, &set);
	CHECK(book_writer_image(w, 3, &image, &bytes) == 0, "an image");
	const struct book_header *h = (const void *)image;
	struct message_book m = { .bytes = bytes, .hash = h->hash, .generation = 3, .version = BOOK_VERSION_SENT };
	CHECK(message_map_book(&m, book_in(image, bytes, all), &b) == 0, "sealed and sound");
	CHECK(b.header != NULL && b.header->generation == 3, "opened");
	message_unmap_book(&b);
	CHECK(b.header == NULL, "and closed");
	static const unsigned missing[] = { F_SEAL_WRITE, F_SEAL_GROW, F_SEAL_SHRINK, F_SEAL_SEAL };
	for (size_t i = 0; i < 4; i++)
		CHECK(message_map_book(&m, book_in(image, bytes, all & ~missing[i]), &b) == -EPERM, "seal %zu is missing", i);
	struct message_book wrong = m;
	wrong.hash++;
	CHECK(message_map_book(&wrong, book_in(image, bytes, all), &b) == -EBADMSG, "another hash");
	wrong = m, wrong.generation = 4;
	CHECK(message_map_book(&wrong, book_in(image, bytes, all), &b) == -EBADMSG, "another generation");
	wrong = m, wrong.bytes--;
	CHECK(message_map_book(&wrong, book_in(image, bytes, all), &b) == -EBADMSG, "another size");
	wrong = m, wrong.version++;
	CHECK(message_map_book(&wrong, book_in(image, bytes, all), &b) == -EBADMSG, "another version");
	image[bytes - 1] ^= 1;
	CHECK(message_map_book(&m, book_in(image, bytes, all), &b) == -EBADMSG, "a bit of it");
	CHECK(message_map_book(&m, dup(0), &b) < 0 && b.header == NULL, "no memfd at all");
	book_writer_free(w);
	free(image);
}

int main(void)
{
	check_directions();
	check_hostile();
	check_full_and_gone();
	check_book();
	return check_done();
}
