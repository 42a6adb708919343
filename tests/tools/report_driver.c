/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report_driver PROGRAM OUTPUT...: plays supervisor, inspect and enforce to keyfence-report. OUTPUT: json:PATH, stdout,
 * journal:PATH, unix:PATH, udp:PORT, tcp:PORT (of 127.0.0.1), each with an optional 3164 or 5424 before the colon's kind:
 * the formats that fit are taken. Commands come as lines on standard input, each is answered by "ok" or a word:
 *   start           starts the program with a book; answers when it is READY
 *   pid             "pid NUMBER"
 *   flows N         N new flows with keys in CN, each of a client of its own: N alerts
 *   again N         the last N flows once more, as inspect tells them to a report that was started again
 *   book OUTPUT...  a new book, with these outputs if there are any
 *   fences WORD     strict (at first) or available, from the next book on
 *   counters DROPPED [down]  the counters of inspect, and whether its capture is
 *   strangers       such counters, in which one byte in fifty is of conferencing between strangers
 *   noise N         N facts, blocks and counters with wrong bytes in them
 *   blocked STATE   one block of enforce; blocks N: so many were made
 *   ask             waits for one question of the report: "ask KIND UID NUMBER"
 *   say NUMBER STATUS TEXT
 *   unblocked       waits for what enforce is asked: "unblock ELEMENT UID"
 *   restarted, broken (a message that may not be), kill, stop (waits: "ended STATUS")
 * Its standard output is for answers; the program's goes to descriptor 9 if there is one. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit/ledger_book.h"
#include "message.h"

enum { SPOOL_OUTPUTS_MOST = 32, PROGRAM_STDOUT = 9, READY_MS = 10000, FACT_ROOM = 128 };

static struct {
	const char *program;
	char **outputs;
	int output_count, supervisor, inspect, enforce;
	pid_t pid;
	uint64_t flows, generation, began_s;
	uint8_t fences;
	bool strangers;
	char line[1024], *told[SPOOL_OUTPUTS_MOST];
} d = { .supervisor = -1, .inspect = -1, .enforce = -1 };

static uint64_t clock_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

static void die(const char *what)
{
	fprintf(stderr, "report_driver: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* ---- the book ---- */

static struct book_output output_of(struct book_writer *w, const char *told)
{
	struct book_output o = { .kind = OUTPUT_SYSLOG, .format = FORMAT_RFC5424 };
	const char *rest = strchr(told, ':');
	rest = rest != NULL ? rest + 1 : "";
	if (strncmp(told, "json:", 5) == 0)
		o.kind = OUTPUT_JSON_FILE, o.format = FORMAT_JSON, o.target = ledger_text(w, rest);
	else if (strncmp(told, "stdout", 6) == 0)
		o.kind = OUTPUT_STDOUT, o.format = FORMAT_JSON;
	else if (strncmp(told, "journal:", 8) == 0)
		o.kind = OUTPUT_JOURNAL, o.target = ledger_text(w, rest);
	else if (strncmp(told, "unix:", 5) == 0)
		o.transport = TRANSPORT_UNIX, o.format = FORMAT_RFC3164, o.target = ledger_text(w, rest);
	else {
		o.transport = strncmp(told, "tcp:", 4) == 0 ? TRANSPORT_TCP : TRANSPORT_UDP;
		o.host = address_from_v4(0x7F000001);
		o.port = (uint16_t)atoi(rest);
	}
	return o;
}

static void send_book(void)
{
	struct book_writer *w = book_writer_new();
	struct book_settings s = { .site_name = ledger_text(w, "gw1"),
				   .policy_file = ledger_text(w, "keyfence.yaml"),
				   .window_s = 300,
				   .site_country = 'T' << 8 | 'W',
				   .size = SIZE_SMALL,
				   .fences = d.fences,
				   .has_policy = 1 };
	struct book_capture c = { .interface = ledger_text(w, "br-lan") };
	uint8_t *image;
	size_t bytes;
	book_write(w, BOOK_SETTINGS, &s);
	book_write(w, BOOK_CAPTURE, &c);
	ledger_tables(w);
	for (int i = 0; i < d.output_count; i++) {
		struct book_output o = output_of(w, d.outputs[i]);
		book_write(w, BOOK_OUTPUT, &o);
	}
	if (book_writer_image(w, (uint32_t)++d.generation, &image, &bytes) != 0)
		die("the book");
	int fd = memfd_create("book", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || write(fd, image, bytes) != (ssize_t)bytes ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		die("memfd");
	struct message_book m = { .bytes = bytes,
				  .version = BOOK_VERSION_SENT,
				  .generation = (uint32_t)d.generation,
				  .hash = ((const struct book_header *)image)->hash };
	if (message_send(d.supervisor, VERB_BOOK, &m, fd) < 0)
		die("send the book");
	close(fd);
	free(image);
	book_writer_free(w);
}

/* ---- the program ---- */

static int pair_to(int number, int *theirs)
{
	int fd[2];
	if (message_pair(FACT_ROOM, fd) < 0)
		die("socketpair");
	*theirs = fcntl(fd[1], F_DUPFD_CLOEXEC, 20 + number);
	close(fd[1]);
	return fd[0];
}

static void end_links(void)
{
	int *const links[] = { &d.supervisor, &d.inspect, &d.enforce };
	for (unsigned i = 0; i < 3; i++) {
		if (*links[i] >= 0)
			close(*links[i]);
		*links[i] = -1;
	}
}

static void send_link(enum process to, int theirs)
{
	struct message_link m = { .to = to };
	if (message_send(d.supervisor, VERB_LINK, &m, theirs) < 0)
		die("send a link");
	close(theirs);
}

static bool wait_for(enum verb verb, struct message *ret, int ms)
{
	int passed;
	struct pollfd p = { .fd = d.supervisor, .events = POLLIN };
	while (poll(&p, 1, ms) > 0) {
		int r = message_receive(d.supervisor, PROCESS_REPORT, PROCESS_SUPERVISOR, ret, &passed);
		if (r == 0 && ret->verb == verb)
			return true;
		if (r < 0 && r != -EAGAIN)
			return false;
	}
	return false;
}

static const char *start(void)
{
	int theirs[3];
	static struct message m;
	end_links();
	d.supervisor = pair_to(0, &theirs[0]);
	d.inspect = pair_to(1, &theirs[1]);
	d.enforce = pair_to(2, &theirs[2]);
	d.pid = fork();
	if (d.pid == 0) {
		dup2(theirs[0], LINK_SUPERVISOR);
		if (fcntl(PROGRAM_STDOUT, F_GETFD) >= 0)
			dup2(PROGRAM_STDOUT, STDOUT_FILENO);
		else
			dup2(STDERR_FILENO, STDOUT_FILENO);
		execl(d.program, d.program, (char *)NULL);
		_exit(127);
	}
	close(theirs[0]);
	send_link(PROCESS_INSPECT, theirs[1]);
	send_link(PROCESS_ENFORCE, theirs[2]);
	send_book();
	return wait_for(VERB_READY, &m, READY_MS) ? "ok" : "not ready";
}

static const char *end(int signal)
{
	static char line[64];
	int status;
	if (signal != 0)
		kill(d.pid, signal);
	else
		message_send(d.supervisor, VERB_STOP, NULL, -1);
	if (waitpid(d.pid, &status, 0) < 0)
		return "no such process";
	end_links();
	snprintf(line, sizeof line, "ended %d", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	return line;
}

/* ---- what is said to it ---- */

static int send_fact(const struct flow_fact *f)
{
	for (unsigned tries = 0; tries < 2000; tries++) {
		int r = message_send(d.inspect, VERB_FACT, f, -1);
		if (r != -EAGAIN)
			return r;
		usleep(1000);
	}
	return -EAGAIN;
}

/* Each client has one flow with a key server in CN: one alert. */
static struct flow_fact flow_of(uint64_t number)
{
	struct flow_fact f = a_flow(number, ZOOM, ROLE_KEY | ROLE_SIGNALLING, d.began_s);
	f.generation = (uint32_t)d.generation;
	f.key.lo = address_from_v4(0x0A000000 + (uint32_t)number);
	f.at_us = f.last_us = clock_us();
	violate(&f, KEYS_NEVER, located(IN_CN, 0, CERTAINTY_CONFIRMED));
	f.name_bytes = (uint8_t)snprintf(f.name, sizeof f.name, "zoomtj%" PRIu64 "zc.zoom.us", number);
	return f;
}

static const char *flows(uint64_t n, bool again)
{
	uint64_t first = !again ? d.flows + 1 : n < d.flows ? d.flows - n + 1 : 1;
	for (uint64_t i = first; again ? i <= d.flows : i < first + n; i++) {
		struct flow_fact f = flow_of(i);
		if (!again)
			d.flows = i;
		if (send_fact(&f) < 0)
			return "gone";
	}
	return "ok";
}

/* Facts, blocks and counters of a process that lies: good ones with a few bytes changed. */
static void spoil(void *bytes, size_t n, uint64_t *state)
{
	uint8_t *at = bytes;
	for (unsigned i = 0; i < 1 + *state % 6; i++) {
		*state = *state * 6364136223846793005u + 1442695040888963407u;
		at[(*state >> 33) % n] = (uint8_t)(*state >> 25);
	}
}

static const char *noise(uint64_t n)
{
	static struct message_counters c;
	uint64_t state = n + 1;
	for (uint64_t i = 0; i < n; i++) {
		struct flow_fact f = flow_of(1 + i % 200);
		struct message_blocked b = { .element = i % 5, .block.generation = (uint32_t)d.generation };
		spoil(&f, sizeof f, &state);
		f.generation = (uint32_t)d.generation;
		spoil(&b, sizeof b, &state);
		spoil(&c, sizeof c, &state);
		if (send_fact(&f) < 0 || message_send(d.inspect, VERB_COUNTERS, &c, -1) == -EPIPE ||
		    message_send(d.enforce, VERB_BLOCKED, &b, -1) == -EPIPE)
			return "gone";
	}
	return "ok";
}

static const char *counters(uint64_t dropped, bool up)
{
	static struct message_counters m;
	memset(&m, 0, sizeof m);
	m.at_us = clock_us();
	m.captures = 1;
	m.capture[0].received = 1000 + dropped;
	m.capture[0].dropped = dropped;
	m.capture[0].up = up;
	m.engine.offered_packets = 1000;
	m.engine.decoded_packets[DECODED] = 990;
	m.engine.decoded_packets[UNDECODED_NOT_IP] = 10;
	m.engine.conferencing_bytes = 5 << 20;
	m.engine.both_foreign_bytes = d.strangers ? m.engine.conferencing_bytes / 50 : m.engine.conferencing_bytes / 100;
	return message_send(d.inspect, VERB_COUNTERS, &m, -1) == 0 ? "ok" : "gone";
}

static const char *blocked(unsigned state, uint64_t element)
{
	struct message_blocked m = { .state = (uint8_t)state,
				     .element = element,
				     .until_us = clock_us() + 600 * SECOND };
	m.block = (struct message_block){ .client = address_from_v4(0x0A000001),
					  .server = address_from_v4(0x34519601),
					  .client_port = 40000,
					  .server_port = 443,
					  .proto = PROTO_TCP,
					  .rule = KEYS_NEVER,
					  .service = ZOOM,
					  .packets = { 3, 4 },
					  .bytes = { 300, 400 },
					  .generation = (uint32_t)d.generation };
	m.refusal = state == BLOCK_REFUSED ? REFUSED_PROTECTED : 0;
	m.error = state == BLOCK_FAILED ? -EPERM : 0;
	for (unsigned tries = 0; tries < 2000; tries++) {
		int r = message_send(d.enforce, VERB_BLOCKED, &m, -1);
		if (r != -EAGAIN)
			return r == 0 ? "ok" : "gone";
		usleep(1000);
	}
	return "full";
}

static const char *blocks(uint64_t n)
{
	for (uint64_t i = 1; i <= n; i++)
		if (strcmp(blocked(BLOCK_APPLIED, 1000 + i % 1000), "ok") != 0)
			return "gone";
	return "ok";
}

static const char *ask(void)
{
	static struct message m;
	static char line[64];
	if (!wait_for(VERB_ASK, &m, READY_MS))
		return "no question";
	snprintf(line, sizeof line, "ask %u %u %u", m.body.ask.ask, m.body.ask.uid, m.body.ask.number);
	return line;
}

static const char *unblocked(void)
{
	static struct message m;
	static char line[64];
	struct pollfd p = { .fd = d.enforce, .events = POLLIN };
	int passed;
	if (poll(&p, 1, READY_MS) <= 0 ||
	    message_receive(d.enforce, PROCESS_REPORT, PROCESS_ENFORCE, &m, &passed) != 0)
		return "no question";
	snprintf(line, sizeof line, "unblock %" PRIu64 " %u", m.body.unblock.element, m.body.unblock.uid);
	return line;
}

static const char *tell(const char *args)
{
	struct message_say m = { 0 };
	int used = 0;
	sscanf(args, "%" SCNu32 " %" SCNd32 " %n", &m.number, &m.status, &used);
	m.bytes = (uint32_t)snprintf(m.text, sizeof m.text, "%s", args + used);
	return message_send(d.supervisor, VERB_SAY, &m, -1) == 0 ? "ok" : "gone";
}

static const char *restarted(void)
{
	struct message_restarted m = { .process = PROCESS_INSPECT, .status = -9, .count = 3 };
	return message_send(d.supervisor, VERB_RESTARTED, &m, -1) == 0 ? "ok" : "gone";
}

static const char *loaded(int status)
{
	struct message_loaded m = { .status = status };
	return message_send(d.supervisor, VERB_LOADED, &m, -1) == 0 ? "ok" : "gone";
}

static void take_outputs(const char *names)
{
	snprintf(d.line, sizeof d.line, "%s", names);
	d.output_count = 0;
	for (char *s = strtok(d.line, " "); s != NULL && d.output_count < SPOOL_OUTPUTS_MOST;
	     s = strtok(NULL, " "))
		d.told[d.output_count++] = s;
	d.outputs = d.told;
}

static const char *new_book(const char *args)
{
	static struct message m;
	if (args != NULL)
		take_outputs(args + 1);
	send_book();
	return wait_for(VERB_READY, &m, READY_MS) ? "ok" : "not ready";
}

static const char *show_pid(void)
{
	static char line[32];
	snprintf(line, sizeof line, "pid %d", (int)d.pid);
	return line;
}

static const char *obey(const char *line)
{
	const char *args = strchr(line, ' ');
	uint64_t n = args != NULL ? strtoull(args + 1, NULL, 10) : 0;
	if (strncmp(line, "start", 5) == 0)
		return start();
	if (strncmp(line, "noise", 5) == 0)
		return noise(n);
	if (strncmp(line, "pid", 3) == 0)
		return show_pid();
	if (strncmp(line, "flows", 5) == 0)
		return flows(n, false);
	if (strncmp(line, "again", 5) == 0)
		return flows(n, true);
	if (strncmp(line, "fences", 6) == 0) {
		d.fences = strcmp(line, "fences available") == 0 ? FENCING_AVAILABLE : FENCING_STRICT;
		return "ok";
	}
	if (strncmp(line, "strangers", 9) == 0)
		d.strangers = true;
	if (strncmp(line, "counters", 8) == 0 || strncmp(line, "strangers", 9) == 0)
		return counters(n, strstr(line, "down") == NULL);
	if (strncmp(line, "blocked", 7) == 0)
		return blocked((unsigned)n, 7);
	if (strncmp(line, "blocks", 6) == 0)
		return blocks(n);
	if (strncmp(line, "unblocked", 9) == 0)
		return unblocked();
	if (strncmp(line, "ask", 3) == 0)
		return ask();
	if (strncmp(line, "say ", 4) == 0)
		return tell(line + 4);
	if (strncmp(line, "restarted", 9) == 0)
		return restarted();
	if (strncmp(line, "rejected", 8) == 0)
		return loaded(78);
	if (strncmp(line, "loaded", 6) == 0)
		return loaded(0);
	if (strncmp(line, "book", 4) == 0)
		return new_book(args);
	if (strncmp(line, "broken", 6) == 0)
		return send(d.inspect, "not a message", 13, MSG_NOSIGNAL) == 13 ? "ok" : "gone";
	if (strncmp(line, "kill", 4) == 0)
		return end(SIGKILL);
	if (strncmp(line, "hangup", 6) == 0)
		return kill(d.pid, SIGHUP) == 0 ? "ok" : "gone";
	if (strncmp(line, "leave", 5) == 0) {
		end_links();
		return end(0);
	}
	return strncmp(line, "stop", 4) == 0 ? end(0) : "what?";
}

int main(int argc, char **argv)
{
	char line[1024];
	if (argc < 2)
		return 64;
	signal(SIGPIPE, SIG_IGN);
	d.began_s = clock_us() / SECOND;
	d.program = argv[1];
	d.outputs = argv + 2;
	d.output_count = argc - 2;
	while (fgets(line, sizeof line, stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		puts(obey(line));
		fflush(stdout);
	}
	if (d.pid > 0)
		kill(d.pid, SIGKILL);
	return 0;
}
