/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyfence-prepare POLICY [CATALOGUE]: reads configuration, catalogue and databases, and writes the book. A short life without
 * privileges. Standard input: what the supervisor knows, a line each: `generation N`, `local ADDRESS`, `prefix INTERFACE PREFIX`,
 * `resolver ADDRESS`, `protect ADDRESS`. Descriptor 3: an empty memfd that may be sealed; it is, with the book in it. Standard
 * output: mistakes, and warnings where there is no mistake. Exit status: 0, 64 usage, 65 input, 70 our own, 74 a file cannot be read, 78 mistakes. */
#define _GNU_SOURCE /* the seals of a memfd */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/config.h"
#include "installed.h"

enum { DONE = 0, USAGE = 64, DATA = 65, OURS = 70, IO = 74, CONFIG = 78 };
enum { BOOK_FD = 3, LINES_MOST = 8192, LINE_BYTES = 128 };
static const rlim_t CPU_S = 50, MEMORY_BYTES = 3ull << 30;

struct gathered {
	uint32_t generation;
	struct prefix local[LINES_MOST], resolver[LINES_MOST], protect[LINES_MOST];
	struct gateway_prefix prefix[LINES_MOST];
	struct config_gateway gateway;
};

/* ---- standard input ---- */

static bool take_prefix(const char *text, struct prefix *list, size_t *count)
{
	return *count < LINES_MOST && prefix_parse(span_text(text), &list[*count], NULL) && ++*count > 0;
}

static bool take_network(const char *interface, const char *text, struct gathered *g)
{
	size_t *n = &g->gateway.prefix_count, bytes = strlen(interface) + 1;
	if (*n == LINES_MOST || bytes > sizeof g->prefix[0].interface ||
	    !prefix_parse(span_text(text), &g->prefix[*n].prefix, NULL))
		return false;
	memcpy(g->prefix[*n].interface, interface, bytes);
	++*n;
	return true;
}

static bool take_generation(const char *text, uint32_t *ret)
{
	char *end;
	errno = 0;
	unsigned long n = strtoul(text, &end, 10);
	*ret = (uint32_t)n;
	return errno == 0 && *end == '\0' && end != text && n > 0 && n <= UINT32_MAX;
}

static bool take_line(const char *line, struct gathered *g)
{
	char word[16], first[64], second[64] = "", more[2];
	int n = sscanf(line, "%15s %63s %63s %1s", word, first, second, more);
	if (n == 3 && strcmp(word, "prefix") == 0)
		return take_network(first, second, g);
	if (n != 2)
		return false;
	if (strcmp(word, "generation") == 0)
		return take_generation(first, &g->generation);
	if (strcmp(word, "local") == 0)
		return take_prefix(first, g->local, &g->gateway.local_count);
	if (strcmp(word, "resolver") == 0)
		return take_prefix(first, g->resolver, &g->gateway.resolver_count);
	return strcmp(word, "protect") == 0 && take_prefix(first, g->protect, &g->gateway.protect_count);
}

static bool read_lines(struct gathered *g)
{
	char line[LINE_BYTES];
	for (unsigned number = 1; fgets(line, sizeof line, stdin) != NULL; number++) {
		if (number <= LINES_MOST && strchr(line, '\n') != NULL && take_line(line, g))
			continue;
		printf("standard input, line %u: no line of the supervisor's; generation, local, prefix, "
		       "resolver "
		       "or protect with its value would be right\n",
		       number);
		return false;
	}
	g->gateway.local = g->local;
	g->gateway.resolver = g->resolver;
	g->gateway.protect = g->protect;
	g->gateway.prefix = g->prefix;
	return true;
}

/* ---- the book ---- */

/* Beside a mistake, a warning may only be what came of it. */
static void print_report(const struct config_report *r)
{
	bool warning;
	const char *line;
	for (size_t i = 0; (line = config_line(r, i, &warning)) != NULL; i++)
		if (!warning || config_mistakes(r) == 0)
			printf("%s%s\n", warning ? "warning: " : "", line);
}

static int write_book(const uint8_t *image, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		ssize_t n = pwrite(BOOK_FD, image + done, bytes - done, (off_t)done);
		if (n <= 0 && errno != EINTR)
			return n < 0 ? -errno : -EIO;
		done += n > 0 ? (size_t)n : 0;
	}
	if (fcntl(BOOK_FD, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return -errno;
	return 0;
}

static int status_of(int r)
{
	switch (r) {
	case 0: return DONE;
	case -EINVAL: return CONFIG;
	case -EIO: return IO;
	case -EBADMSG: return DATA;
	default: return OURS;
	}
}

/* The names of providers' regions stand beside the catalogue, if that was named. */
static const char *tables_of(const char *policy, const char *catalogue, char ret[PATH_MAX])
{
	int n = catalogue != NULL ? snprintf(ret, PATH_MAX, "%s/../tables", catalogue) : 0;
	return n > 0 && n < PATH_MAX && access(ret, R_OK) == 0 ? ret
							       : installed_folder(policy, "tables", ret);
}

static int prepare(const char *policy, const char *catalogue, const struct gathered *g)
{
	char services[PATH_MAX], tables[PATH_MAX];
	struct timespec now;
	uint8_t *image = NULL;
	size_t bytes = 0;
	struct config_report *report = config_report_new();
	if (report == NULL)
		return OURS;
	clock_gettime(CLOCK_REALTIME, &now);
	struct config_request q = { .policy = policy,
				    .catalogue = catalogue != NULL
							 ? catalogue
							 : installed_folder(policy, "services.d", services),
				    .tables = tables_of(policy, catalogue, tables),
				    .now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000,
				    .generation = g->generation,
				    .gateway = g->gateway };
	int status = status_of(config_load(&q, report, &image, &bytes));
	print_report(report);
	config_report_free(report);
	int r = status == DONE ? write_book(image, bytes) : 0;
	if (r < 0) {
		printf("the book cannot be written: %s\n", strerror(-r));
		status = OURS;
	}
	free(image);
	return status;
}

/* Sanitizers reserve more than any machine has. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED 0
#endif

/* A policy that eats without end shall not take the gateway with it. */
static void limit_self(void)
{
	setrlimit(RLIMIT_CPU, &(struct rlimit){ CPU_S, CPU_S });
	if (!SANITIZED)
		setrlimit(RLIMIT_AS, &(struct rlimit){ MEMORY_BYTES, MEMORY_BYTES });
}

int main(int argc, char **argv)
{
	static struct gathered g;
	struct stat st;
	if (argc < 2 || argc > 3 || fstat(BOOK_FD, &st) < 0) {
		fputs("keyfence-prepare is run by keyfenced, with a memfd as descriptor 3; keyfence check "
		      "reads a policy\n",
		      stderr);
		return USAGE;
	}
	limit_self();
	if (!read_lines(&g))
		return USAGE;
	int status = prepare(argv[1], argc == 3 ? argv[2] : NULL, &g);
	return fflush(stdout) == 0 ? status : IO;
}
