/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file that plain reads gives the same as libpcap makes of it: each is read once as a file and once through a pipe,
 * which plain does not take. */
#include "capture/capture.h"
#include "capture/plain.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { MICRO = 0xA1B2C3D4u, NANO = 0xA1B23C4Du, MADE_BYTES = 4 << 20 };

static char path[] = P_tmpdir "/keyfence-plain-XXXXXX";
static uint8_t made[MADE_BYTES];
static size_t made_bytes;

static void put_words(const uint32_t *words, size_t count)
{
	memcpy(made + made_bytes, words, count * 4);
	made_bytes += count * 4;
}

static void put_header(uint32_t magic, uint32_t version, uint32_t snap_bytes, uint32_t linktype)
{
	made_bytes = 0;
	put_words((uint32_t[]){ magic, version, 0, 0, snap_bytes, linktype }, 6);
}

/* In the machine's own order; the bytes tell of the record. A length that no file has is only claimed. */
static void put_record(uint32_t s, uint32_t fraction, uint32_t bytes, uint32_t wire_bytes)
{
	put_words((uint32_t[]){ s, fraction, bytes, wire_bytes }, 4);
	for (uint32_t i = 0; i < bytes && i < 300000; i++)
		made[made_bytes++] = (uint8_t)(s + i * 7);
}

/* What reading gave. */
struct told {
	uint64_t frames, bytes, digest;
	int status;
	char why[CAPTURE_WHY_BYTES];
};

static uint64_t mix(uint64_t h, uint64_t v)
{
	return (h ^ v) * 0x100000001B3u;
}

static struct told read_all(const char *name)
{
	struct told t = { .digest = 0xCBF29CE484222325u };
	struct capture *c;
	struct frame frames[CAPTURE_BATCH];
	t.status = capture_open_file(name, 3, &c, t.why);
	if (t.status < 0)
		return t;
	while ((t.status = capture_read(c, frames, 1 + t.frames % CAPTURE_BATCH, t.why)) > 0)
		for (int i = 0; i < t.status; i++) {
			const struct frame *f = &frames[i];
			t.frames++;
			t.bytes += f->bytes.len;
			t.digest = mix(mix(mix(t.digest, f->at_us), f->wire_bytes),
				       f->linktype + f->source * 65536u);
			for (size_t k = 0; k < f->bytes.len; k++)
				t.digest = mix(t.digest, f->bytes.at[k]);
		}
	capture_close(c);
	return t;
}

static void write_all(int fd, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t r = write(fd, made + done, n - done);
		if (r <= 0)
			break;
		done += (size_t)r;
	}
	close(fd);
}

static struct told read_piped(size_t n)
{
	int ends[2];
	char name[32];
	if (pipe(ends) < 0)
		exit(2);
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		write_all(ends[1], n);
		_exit(0);
	}
	close(ends[1]);
	snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
	struct told t = read_all(name);
	close(ends[0]);
	waitpid(child, NULL, 0);
	return t;
}

static struct told check_bytes(const char *what, size_t n)
{
	write_all(open(path, O_WRONLY | O_TRUNC), n);
	struct told file = read_all(path), pipe = read_piped(n);
	CHECK(file.status == pipe.status && strcmp(file.why, pipe.why) == 0,
	      "%s, %zu bytes: %d %s, not %d %s", what, n, file.status, file.why, pipe.status, pipe.why);
	CHECK(file.frames == pipe.frames && file.bytes == pipe.bytes && file.digest == pipe.digest,
	      "%s, %zu bytes: %llu frames, not %llu", what, n, (unsigned long long)file.frames,
	      (unsigned long long)pipe.frames);
	return file;
}

static void check_forms(void)
{
	static const struct {
		const char *what;
		uint32_t magic, version, snap_bytes, linktype;
	} rows[] = {
		{ "microseconds", MICRO, 0x00040002, 65535, 1 },
		{ "nanoseconds", NANO, 0x00040002, 65535, 1 },
		{ "version 2.3", MICRO, 0x00030002, 65535, 1 },
		{ "version 2.5", MICRO, 0x00050002, 65535, 1 },
		{ "version 1.4", MICRO, 0x00040001, 65535, 1 },
		{ "no snap length", MICRO, 0x00040002, 0, 1 },
		{ "huge snap length", MICRO, 0x00040002, 0xFFFFFFFF, 1 },
		{ "frames cut", MICRO, 0x00040002, 5, 1 },
		{ "raw", MICRO, 0x00040002, 65535, 101 },
		{ "cooked", MICRO, 0x00040002, 65535, 113 },
		{ "USB", MICRO, 0x00040002, 65535, 220 },
		{ "with a check sequence", MICRO, 0x00040002, 65535, 0x14000001 },
		{ "modified", 0xA1B2CD34, 0x00040002, 65535, 1 },
		{ "swapped", 0xD4C3B2A1, 0x02000400, 65535, 1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put_header(rows[i].magic, rows[i].version, rows[i].snap_bytes, rows[i].linktype);
		put_record(1700000000, 123456, 60, 60);
		put_record(0xFFFFFFFF, 0, 4, 1500);
		put_record(0x7FFFFFFF, 0xFFFFFFFF, 0, 0);
		put_record(1700000000, 999999999, 64, 3);
		/* an empty file is told before anybody reads; the first two forms are cut everywhere */
		for (size_t n = i < 2 ? 1 : made_bytes - 1; n <= made_bytes; n++)
			check_bytes(rows[i].what, n);
	}
}

static void check_sizes(void)
{
	static const uint32_t sizes[] = {
		65534, 65535, 65536, 262143, 262144, 262145, 0x7FFFFFFF, 0xFFFFFFFF
	};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (uint32_t snap_bytes = 65535; snap_bytes <= 262144; snap_bytes += 262144 - 65535) {
			put_header(MICRO, 0x00040002, snap_bytes, 1);
			put_record(1, 2, 100, 100);
			put_record(2, 3, sizes[i], sizes[i]);
			put_record(3, 4, 100, 100);
			check_bytes("a long frame", made_bytes);
		}
}

/* More than the room holds, in frames of many sizes, so that records lie over its end in many ways. */
static void check_rooms(void)
{
	uint64_t frames = 0;
	put_header(NANO, 0x00040002, 262144, 1);
	for (uint32_t n = 0; made_bytes + 262144 + 16 < MADE_BYTES; n++, frames++)
		put_record(n, n, n % 50 == 0 ? 262144 - n : n * 97 % 3000, n);
	CHECK(check_bytes("many rooms", made_bytes).frames == frames, "all %llu", (unsigned long long)frames);
	CHECK(check_bytes("many rooms, cut", made_bytes - 1).frames == frames - 1, "all but the last");
}

/* Not by way of libpcap: what it takes, and that it stops where it should. */
static void check_plain(void)
{
	static uint8_t room[4096];
	struct plain p;
	struct plain_record r = { 0 };
	put_header(MICRO, 0x00040002, 65535, 1);
	put_record(7, 8, 10, 20);
	put_record(9, 10, 101, 101);
	write_all(open(path, O_WRONLY | O_TRUNC), made_bytes);
	FILE *file = fopen(path, "rb");
	CHECK(!plain_open(&p, file, 100, room, sizeof room), "the header was not read yet");
	CHECK(fseek(file, 24, SEEK_SET) == 0 && plain_open(&p, file, 100, room, sizeof room), "opened");
	CHECK(!plain_take(&p, &r), "nothing was filled yet");
	plain_fill(&p);
	CHECK(plain_take(&p, &r) && r.seconds == 7 && r.microseconds == 8 && r.wire_bytes == 20 &&
		      r.bytes.len == 10,
	      "the first record");
	CHECK(!plain_take(&p, &r) && plain_position(&p) == 24 + 16 + 10, "one byte too long, told where");
	fclose(file);
}

int main(void)
{
	int fd = mkstemp(path);
	if (fd < 0)
		return 2;
	close(fd);
	check_plain();
	check_forms();
	check_sizes();
	check_rooms();
	unlink(path);
	return check_done();
}
