/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes small files in a folder of its own and reads them back. */
#include "capture/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static char folder[] = P_tmpdir "/keyfence-test-XXXXXX";

/* Bytes that grow: a file in the making. */
static uint8_t made[1 << 20];
static size_t made_bytes;

static void put(const void *bytes, size_t n)
{
	memcpy(made + made_bytes, bytes, n);
	made_bytes += n;
}

static void put_uint(uint64_t v, size_t bytes, bool big)
{
	for (size_t i = 0; i < bytes; i++)
		made[made_bytes++] = (uint8_t)(v >> 8 * (big ? bytes - 1 - i : i));
}

static void put_pcap_header(uint32_t magic, uint32_t linktype, bool big)
{
	made_bytes = 0;
	put_uint(magic, 4, big);
	put_uint(2, 2, big), put_uint(4, 2, big);
	put_uint(0, 8, big);
	put_uint(262144, 4, big);
	put_uint(linktype, 4, big);
}

static void put_pcap_frame(uint32_t s, uint32_t fraction, const char *bytes, uint32_t wire_bytes, bool big)
{
	uint32_t n = (uint32_t)strlen(bytes);
	put_uint(s, 4, big), put_uint(fraction, 4, big);
	put_uint(n, 4, big), put_uint(wire_bytes, 4, big);
	put(bytes, n);
}

/* A block of pcapng, little-endian. */
static void put_block(uint32_t type, const void *body, uint32_t n)
{
	uint32_t whole = 12 + (n + 3) / 4 * 4;
	put_uint(type, 4, false), put_uint(whole, 4, false);
	put(body, n);
	put_uint(0, whole - 12 - n, false);
	put_uint(whole, 4, false);
}

static void put_pcapng_header(void)
{
	made_bytes = 0;
	put_block(0x0A0D0D0A, "\x4D\x3C\x2B\x1A\1\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 16);
}

static void put_interface(uint8_t linktype, uint8_t resolution)
{
	uint8_t body[20] = { linktype, 0, 0, 0, 0, 0, 4, 0, 9, 0, 1, 0, resolution };
	put_block(1, body, sizeof body);
}

static void put_pcapng_frame(uint8_t interface, uint64_t stamp, uint8_t letter)
{
	uint8_t body[24] = { interface };
	for (size_t i = 0; i < 4; i++) {
		body[4 + i] = (uint8_t)(stamp >> (32 + 8 * i));
		body[8 + i] = (uint8_t)(stamp >> 8 * i);
	}
	body[12] = 4, body[16] = 9;
	memset(body + 20, letter, 4);
	put_block(6, body, sizeof body);
}

static const char *path_of(const char *name)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static const char *save(const char *name)
{
	const char *path = path_of(name);
	FILE *f = fopen(path, "wb");
	if (f == NULL || fwrite(made, 1, made_bytes, f) != made_bytes || fclose(f) != 0)
		abort();
	return path;
}

/* What one file gave in all. */
struct seen {
	int opened, ended;
	size_t frames;
	struct frame frame[80];
	char byte[80]; /* first of each frame, or NUL */
	char why[CAPTURE_WHY_BYTES];
};

static void read_all(const char *path, size_t most, struct seen *ret)
{
	struct capture *c = NULL;
	memset(ret, 0, sizeof *ret);
	ret->opened = capture_open_file(path, 7, &c, ret->why);
	if (ret->opened < 0)
		return;
	struct frame batch[CAPTURE_BATCH];
	while ((ret->ended = capture_read(c, batch, most, ret->why)) > 0) {
		CHECK((size_t)ret->ended <= most, "%s: a batch of %d", path, ret->ended);
		for (int i = 0; i < ret->ended && ret->frames < 80; i++) {
			ret->byte[ret->frames] = batch[i].bytes.len > 0 ? (char)batch[i].bytes.at[0] : '\0';
			ret->frame[ret->frames++] = batch[i];
		}
	}
	CHECK(capture_read(c, batch, most, ret->why) == ret->ended, "%s: it stays ended", path);
	uint64_t total, at = capture_position(c, &total);
	CHECK(ret->ended < 0 || total == 0 || at == total, "%s: at the end", path);
	capture_close(c);
}

static void check_frame(const struct seen *s, size_t i, char first, size_t bytes, uint32_t wire_bytes,
			uint64_t at_us)
{
	const struct frame *f = &s->frame[i];
	CHECK(i < s->frames && s->byte[i] == first, "frame %zu of %zu: %c", i, s->frames, s->byte[i]);
	CHECK(f->bytes.len == bytes && f->wire_bytes == wire_bytes, "frame %zu: %zu, %u", i, f->bytes.len,
	      f->wire_bytes);
	CHECK(f->at_us == at_us, "frame %zu at %llu", i, (unsigned long long)f->at_us);
	CHECK(f->source == 7, "frame %zu", i);
}

struct variant {
	const char *name;
	uint32_t magic;
	uint32_t fraction;
	bool big;
};
static const struct variant variants[] = {
	{ "little", 0xA1B2C3D4, 123456, false },
	{ "big", 0xA1B2C3D4, 123456, true },
	{ "little nanoseconds", 0xA1B23C4D, 123456789, false },
	{ "big nanoseconds", 0xA1B23C4D, 123456789, true },
};

static void check_variant(const struct variant *v)
{
	struct seen s;
	put_pcap_header(v->magic, 113, v->big);
	put_pcap_frame(1700000000, v->fraction, "abc", 3, v->big);
	put_pcap_frame(1700000001, 0, "", 60, v->big);
	put_pcap_frame(1700000000, 0, "defg", 1500, v->big);
	read_all(save("variant.pcap"), CAPTURE_BATCH, &s);
	CHECK(s.opened == 0 && s.ended == 0 && s.frames == 3, "%s: %s", v->name, s.why);
	check_frame(&s, 0, 'a', 3, 3, 1700000000123456);
	check_frame(&s, 1, '\0', 0, 60, 1700000001000000);
	check_frame(&s, 2, 'd', 4, 1500, 1700000000000000);
	CHECK(s.frame[0].linktype == 113, "%s", v->name);
}

static void check_pcapng(void)
{
	struct seen s;
	put_pcapng_header();
	put_interface(1, 6);
	put_interface(1, 9);
	put_pcapng_frame(0, 1700000000123456, 'a');
	put_pcapng_frame(1, 1700000000123457789, 'b');
	read_all(save("two.pcapng"), CAPTURE_BATCH, &s);
	CHECK(s.opened == 0 && s.ended == 0 && s.frames == 2, "two interfaces: %s", s.why);
	check_frame(&s, 0, 'a', 4, 9, 1700000000123456);
	check_frame(&s, 1, 'b', 4, 9, 1700000000123457);

	put_pcapng_header();
	put_interface(1, 6);
	put_pcapng_frame(0, 1700000000123456, 'a');
	put_interface(113, 6);
	put_pcapng_frame(1, 1700000000123457, 'b');
	read_all(save("mixed.pcapng"), CAPTURE_BATCH, &s);
	CHECK(s.opened == 0 && s.ended == -EBADMSG && s.frames == 1, "two link types: %zu", s.frames);
	CHECK(s.why[0] != '\0', "two link types");
}

/* Stamps that no clock gives: each becomes a time that can be printed and counted with. */
static void check_stamps(void)
{
	struct seen s;
	put_pcap_header(0xA1B2C3D4, 1, false);
	put_pcap_frame(0xFFFFFFFF, 0, "a", 1, false);
	put_pcap_frame(5, 0xFFFFFFFF, "b", 1, false);
	put_pcap_frame(5, 3000000, "c", 1, false);
	put_pcap_frame(0, 0, "d", 1, false);
	read_all(save("stamps.pcap"), CAPTURE_BATCH, &s);
	CHECK(s.ended == 0 && s.frames == 4, "stamps: %zu", s.frames);
	for (size_t i = 0; i < s.frames; i++)
		CHECK(s.frame[i].at_us < 5000000000000000, "stamp %zu: %llu", i,
		      (unsigned long long)s.frame[i].at_us);
	CHECK(s.frame[1].at_us / 1000000 == 5 && s.frame[2].at_us == 5999999, "too many microseconds");
	CHECK(s.frame[3].at_us == 0, "1970");

	put_pcapng_header();
	put_interface(1, 0);
	put_pcapng_frame(0, 0x7FFFFFFFFFFFFFFF, 'a');
	put_pcapng_frame(0, 0xFFFFFFFFFFFFFFF0, 'b');
	read_all(save("stamps.pcapng"), CAPTURE_BATCH, &s);
	CHECK(s.ended == 0 && s.frames == 2, "far stamps: %zu", s.frames);
	CHECK(s.frame[0].at_us / 1000000 == 253402300799, "the last year: %llu",
	      (unsigned long long)s.frame[0].at_us);
	CHECK(s.frame[1].at_us == 0, "before 1970: %llu", (unsigned long long)s.frame[1].at_us);
}

/* Frames of a batch live beside each other until the next read, whatever the batch. */
static void check_batches(void)
{
	struct seen s;
	char bytes[2] = "";
	put_pcap_header(0xA1B2C3D4, 1, false);
	for (int i = 0; i < 70; i++) {
		bytes[0] = (char)('0' + i);
		put_pcap_frame(1000 + (uint32_t)i, 0, bytes, 1, false);
	}
	const char *path = save("many.pcap");
	const size_t mosts[] = { 1, 7, CAPTURE_BATCH };
	for (size_t m = 0; m < 3; m++) {
		read_all(path, mosts[m], &s);
		CHECK(s.ended == 0 && s.frames == 70, "batches of %zu: %zu", mosts[m], s.frames);
		for (size_t i = 0; i < s.frames; i++)
			CHECK(s.byte[i] == (char)('0' + i), "batches of %zu: frame %zu", mosts[m], i);
	}
	struct capture *c;
	struct frame f[100];
	CHECK(capture_open_file(path, 0, &c, s.why) == 0, "%s", s.why);
	CHECK(capture_read(c, f, 0, s.why) == 0, "none asked for");
	CHECK(capture_read(c, f, 100, s.why) == CAPTURE_BATCH, "never more than a batch");
	capture_close(c);
}

/* Frames as long as libpcap allows: a batch ends early, and nothing is lost. */
static void check_long(void)
{
	static char bytes[200001];
	struct seen s;
	put_pcap_header(0xA1B2C3D4, 1, false);
	for (int i = 0; i < 5; i++) {
		memset(bytes, 'a' + i, sizeof bytes - 1);
		put_pcap_frame(1000, 0, bytes, 300000, false);
	}
	read_all(save("long.pcap"), CAPTURE_BATCH, &s);
	CHECK(s.ended == 0 && s.frames == 5, "long: %zu", s.frames);
	for (size_t i = 0; i < s.frames; i++)
		check_frame(&s, i, (char)('a' + i), 200000, 300000, 1000000000);

	/* USB has longer ones, which nothing decodes: cut, and counted with their length. */
	put_pcap_header(0xA1B2C3D4, 249, false);
	memcpy(made + 16, "\xFF\xFF\xFF\7", 4); /* the snapshot length */
	put_uint(1000, 4, false), put_uint(0, 4, false);
	put_uint(300000, 4, false), put_uint(300000, 4, false);
	memset(made + made_bytes, 'u', 300000);
	made_bytes += 300000;
	put_pcap_frame(1000, 0, "v", 1, false);
	read_all(save("long.pcap"), CAPTURE_BATCH, &s);
	CHECK(s.ended == 0 && s.frames == 2, "longer: %zu", s.frames);
	check_frame(&s, 0, 'u', 262144, 300000, 1000000000);
	check_frame(&s, 1, 'v', 1, 1, 1000000000);
}

/* Cut at every byte: whole frames come first, then the reason. */
static void check_cut_files(void)
{
	struct seen s;
	put_pcap_header(0xA1B2C3D4, 1, false);
	put_pcap_frame(1, 0, "abcd", 4, false);
	put_pcap_frame(2, 0, "efgh", 4, false);
	size_t whole = made_bytes;
	for (size_t n = 0; n <= whole; n++) {
		made_bytes = n;
		read_all(save("cut.pcap"), CAPTURE_BATCH, &s);
		CHECK((s.opened == 0) == (n >= 24), "cut to %zu: %d", n, s.opened);
		if (n < 24) {
			CHECK(s.opened == -EBADMSG && s.why[0] != '\0', "cut to %zu", n);
			continue;
		}
		CHECK(s.frames == (n - 24) / 20, "cut to %zu: %zu frames", n, s.frames);
		CHECK(s.ended == ((n - 24) % 20 == 0 ? 0 : -EBADMSG), "cut to %zu: %d", n, s.ended);
		CHECK((s.why[0] != '\0') == (s.ended < 0), "cut to %zu: %s", n, s.why);
	}
}

static void check_refused(const char *path, int want, const char *why)
{
	struct seen s;
	read_all(path, CAPTURE_BATCH, &s);
	CHECK(s.opened == want, "%s: %d", path, s.opened);
	CHECK(strstr(s.why, why) != NULL && strlen(s.why) < CAPTURE_WHY_BYTES, "%s: %s", path, s.why);
}

static void check_refusals(void)
{
	check_refused(path_of("missing.pcap"), -ENOENT, "No such file");
	check_refused(folder, -EISDIR, "directory");
	made_bytes = 0;
	check_refused(save("empty.pcap"), -EBADMSG, "empty");
	put("just some words of text, no capture at all", 42);
	check_refused(save("text.pcap"), -EBADMSG, "no capture");
	made_bytes = 0;
	put("\x1F\x8B\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 28);
	check_refused(save("packed.pcap.gz"), -EBADMSG, "gzip");
	put_pcap_header(0xA1B2C3D4, 1, false);
	const char *path = save("locked.pcap");
	chmod(path, 0);
	if (geteuid() != 0) /* root may read everything */
		check_refused(path, -EACCES, "ermission");
	capture_close(NULL);
}

static void check_standard_input(void)
{
	struct seen s;
	put_pcap_header(0xA1B2C3D4, 1, false);
	put_pcap_frame(1, 0, "abcd", 4, false);
	int from_file = open(save("stdin.pcap"), O_RDONLY), was = dup(STDIN_FILENO), ends[2];
	dup2(from_file, STDIN_FILENO);
	read_all("-", CAPTURE_BATCH, &s);
	CHECK(s.opened == 0 && s.ended == 0 && s.frames == 1 && s.byte[0] == 'a',
	      "standard input, a file: %s", s.why);
	CHECK(pipe(ends) == 0 && write(ends[1], made, made_bytes) == (ssize_t)made_bytes, "pipe");
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	read_all("-", CAPTURE_BATCH, &s);
	CHECK(s.opened == 0 && s.ended == 0 && s.frames == 1 && s.byte[0] == 'a',
	      "standard input, a pipe: %s", s.why);
	read_all("-", CAPTURE_BATCH, &s);
	CHECK(s.opened == -EBADMSG, "standard input, read already: %d", s.opened);
	dup2(was, STDIN_FILENO);
	close(ends[0]), close(from_file), close(was);
}

static void remove_files(void)
{
	static const char *const names[] = { "variant.pcap",  "two.pcapng", "mixed.pcapng",   "stamps.pcap",
					     "stamps.pcapng", "many.pcap",  "long.pcap",      "cut.pcap",
					     "empty.pcap",    "text.pcap",  "packed.pcap.gz", "locked.pcap",
					     "stdin.pcap" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlink(path_of(names[i]));
	CHECK(rmdir(folder) == 0, "%s: %s", folder, strerror(errno));
}

int main(void)
{
	if (mkdtemp(folder) == NULL)
		return 1;
	for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
		check_variant(&variants[i]);
	check_pcapng();
	check_stamps();
	check_batches();
	check_long();
	check_cut_files();
	check_refusals();
	check_standard_input();
	remove_files();
	return check_done();
}
