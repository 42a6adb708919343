/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pcap_count FILE...: what libpcap alone says of each file, as "packets bytes file", up to where it gives up.
 * The measure for counts, and the bare loop that speed is compared with. 1 if a file could not be opened. */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>

static int count_file(const char *path)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap = pcap_open_offline(path, why);
	if (pcap == NULL) {
		fprintf(stderr, "%s: %s\n", path, why);
		return 1;
	}
	struct pcap_pkthdr *h;
	const unsigned char *bytes;
	uint64_t packets = 0, wire_bytes = 0;
	for (; pcap_next_ex(pcap, &h, &bytes) == 1; packets++)
		wire_bytes += h->len;
	printf("%" PRIu64 " %" PRIu64 " %s\n", packets, wire_bytes, path);
	pcap_close(pcap);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;
	for (int i = 1; i < argc; i++)
		failed |= count_file(argv[i]);
	return failed;
}
