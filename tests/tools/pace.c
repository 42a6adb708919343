/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pace ADDRESS PORT GAP_US COUNT HELLO MEDIA [PING PINGS]: one UDP flow, paced by a busy loop where a script is too slow. Says
 * HELLO (bytes in hexadecimal) and waits for one answer; says PING every millisecond, PINGS times; then sends COUNT times MEDIA, one
 * every GAP_US, with the clock (CLOCK_MONOTONIC, nanoseconds, big-endian) in its last 12 to 4 bytes and a number from 0 in its last
 * 4. What a firewall answers is ignored. */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 2048, ANSWER_MS = 2000, STAMP_BYTES = 12 };

struct bytes {
	uint8_t at[ROOM];
	size_t len;
};

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct bytes bytes_of(const char *hex)
{
	struct bytes b = { .len = strlen(hex) / 2 };
	for (size_t i = 0; i < b.len; i++) {
		unsigned byte;
		if (i == ROOM || sscanf(hex + 2 * i, "%2x", &byte) != 1) {
			fprintf(stderr, "pace: bytes in hexadecimal would be right\n");
			exit(64);
		}
		b.at[i] = (uint8_t)byte;
	}
	return b;
}

static int open_flow(const char *address, const char *port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port)) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = six.sin6_port };
	if (inet_pton(AF_INET, address, &four.sin_addr) == 1) {
		int s = socket(AF_INET, SOCK_DGRAM, 0);
		return connect(s, (struct sockaddr *)&four, sizeof four) == 0 ? s : -1;
	}
	int s = socket(AF_INET6, SOCK_DGRAM, 0);
	inet_pton(AF_INET6, address, &six.sin6_addr);
	return connect(s, (struct sockaddr *)&six, sizeof six) == 0 ? s : -1;
}

static void say(int s, const struct bytes *b)
{
	if (send(s, b->at, b->len, MSG_DONTWAIT) < 0 && errno == EBADF)
		exit(70);
}

static bool has_answer(int s)
{
	uint8_t answer[ROOM];
	struct pollfd p = { .fd = s, .events = POLLIN };
	return poll(&p, 1, ANSWER_MS) == 1 && recv(s, answer, sizeof answer, MSG_DONTWAIT) > 0;
}

static void send_media(int s, struct bytes *media, uint64_t gap_ns, uint32_t count)
{
	uint64_t due = now_ns();
	for (uint32_t i = 0; i < count; i++, due += gap_ns) {
		uint64_t now;
		while ((now = now_ns()) < due)
			continue;
		uint64_t stamp = htobe64(now);
		uint32_t number = htonl(i);
		memcpy(media->at + media->len - STAMP_BYTES, &stamp, sizeof stamp);
		memcpy(media->at + media->len - sizeof number, &number, sizeof number);
		say(s, media);
	}
}

int main(int argc, char **argv)
{
	if (argc != 7 && argc != 9) {
		fprintf(stderr, "usage: pace ADDRESS PORT GAP_US COUNT HELLO MEDIA [PING PINGS]\n");
		return 64;
	}
	struct bytes hello = bytes_of(argv[5]), media = bytes_of(argv[6]),
		     ping = bytes_of(argc == 9 ? argv[7] : "");
	int s = open_flow(argv[1], argv[2]);
	if (s < 0 || media.len < STAMP_BYTES) {
		fprintf(stderr, "pace: no such flow: %s\n", strerror(errno));
		return 69;
	}
	say(s, &hello);
	if (!has_answer(s)) {
		fprintf(stderr, "pace: no answer to the hello\n");
		return 69;
	}
	for (int i = 0; argc == 9 && i < atoi(argv[8]); i++) {
		say(s, &ping);
		usleep(1000);
	}
	send_media(s, &media, strtoull(argv[3], NULL, 10) * 1000, (uint32_t)strtoul(argv[4], NULL, 10));
	return 0;
}
