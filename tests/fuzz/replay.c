/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replays a corpus folder (or files) through a fuzz target in ordinary tests; also every prefix of the first 2048
 * bytes of each file, so that a short read is always tried. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static unsigned inputs;

static void feed(const uint8_t *data, size_t len)
{
	uint8_t *exact = malloc(len > 0 ? len : 1);
	if (exact == NULL)
		abort();
	if (len > 0)
		memcpy(exact, data, len);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
}

static void feed_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL) {
		perror(path);
		exit(1);
	}
	static uint8_t all[1 << 22];
	size_t n = fread(all, 1, sizeof all, f);
	fclose(f);
	size_t step = n > 65536 ? n / 16 : 1;
	for (size_t cut = 0; cut < n && cut < 2048 * step; cut += step)
		feed(all, cut);
	feed(all, n);
	inputs++;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct stat st;
		DIR *dir = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode) ? opendir(argv[i]) : NULL;
		if (dir == NULL) {
			feed_file(argv[i]);
			continue;
		}
		for (struct dirent *d = readdir(dir); d != NULL; d = readdir(dir)) {
			char path[4096];
			snprintf(path, sizeof path, "%s/%s", argv[i], d->d_name);
			if (d->d_name[0] != '.' && stat(path, &st) == 0 && S_ISREG(st.st_mode))
				feed_file(path);
		}
		closedir(dir);
	}
	printf("%u inputs replayed\n", inputs);
	return inputs == 0; /* a target without a corpus tests nothing */
}
