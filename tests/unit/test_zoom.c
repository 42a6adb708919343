/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes of frames "F..." are those of ntop/nDPI tests/cfgs/default/pcap/zoom.pcap and zoom_p2p.pcapng, some
 * cut short; layout v3 is written by hand after the layout in zoom.c. */
#include "check.h"
#include "wire/zoom.h"

enum { LO, HI };
enum { S = TELLS_SETUP, A = TELLS_ANSWER, R = TELLS_REQUEST, M = TELLS_MEDIA, P = TELLS_PEER };

/* least: the shortest prefix that still matches from the same state; 0: any length of an unmatched step does
 * not. */
struct step {
	const char *name;
	int way;
	const char *hex;
	enum wire_result want;
	unsigned tells, media;
	size_t least;
};
struct flow {
	const char *name;
	const struct step *steps;
	size_t count;
};

#define NAT_ID "c15dae63585d14392e582c260403bf30"
#define NAT_REQUEST "00010018" NAT_ID "010100143132333435363738393031323334353637383900"
#define NAT_ANSWER "0002000c" NAT_ID "010300080001ff7550b4dcef"
static const struct step nat[] = {
	{ "answer that nobody asked for", HI, NAT_ANSWER, WIRE_MATCH, S, 0, 32 },
	{ "request F34", LO, NAT_REQUEST, WIRE_MATCH, S | R, 0, 44 },
	{ "answer of the same end", LO, NAT_ANSWER, WIRE_MATCH, S, 0, 32 },
	{ "answer F60", HI, NAT_ANSWER, WIRE_MATCH, S | A, 0, 32 },
	{ "answer with another id", HI, "0002000cc15dae63585d14392e582c260403bf31010300080001ff7550b4dcef",
	  WIRE_MATCH, S, 0, 32 },
	{ "other text", LO, "00010018" NAT_ID "010100143132333435363738393031323334353637383901", WIRE_OTHER,
	  0, 0, 0 },
	{ "other attribute", LO, "00010018" NAT_ID "010200143132333435363738393031323334353637383900",
	  WIRE_OTHER, 0, 0, 0 },
	{ "one byte more", LO, NAT_REQUEST "00", WIRE_OTHER, 0, 0, 0 },
	{ "answer and one byte more", HI, NAT_ANSWER "00", WIRE_OTHER, 0, 0, 0 },
	{ "answer of IPv6", HI, "0002000c" NAT_ID "010300080002ff7550b4dcef", WIRE_OTHER, 0, 0, 0 },
	{ "answer with the type of STUN", HI, "0101000c" NAT_ID "010300080001ff7550b4dcef", WIRE_OTHER, 0, 0,
	  0 },
	{ "STUN with its cookie", LO,
	  "000100182112a442585d14392e582c260403bf30010100143132333435363738393031323334353637383900",
	  WIRE_OTHER, 0, 0, 0 },
};

/* 111 bytes in three: with a ping of 13 and four more, 128 */
#define FILL5 "0000000000"
#define FILL FILL5 FILL5 FILL5 FILL5 FILL5 FILL5 FILL5 "0000"
#define V2_ID "7d464d35fffda234495d0d6d3b51e896"
#define V2_HELLO                                                                                       \
	"010002" V2_ID                                                                                 \
	"0000000000000002007a002a007a002a000000400e173ddf96025efb95c4240c2353bfcbf060be99dcbbd8c479c7" \
	"b9732d6c75fa4362f0835eb83e4da9c6a7e6f309b31e40df0f6bb5756a840f731d9bc1f6a72d00000000"
#define V2_ANSWER "020001" V2_ID "005a0e3e007a002a0000000000000000"
#define AUDIO_RTP                                                                                            \
	"9071190700"                                                                                         \
	"11d81001000802bede000150e4006800140c00000135490deda06459f912001dd57ef4be4ee1e042611d6861d89667e13b" \
	"d793d7050fa8ba9f20a1decc1af31627ce2f"
#define AUDIO "0f0100fb901611040300004909b64c00010048" AUDIO_RTP
static const struct step server_v2[] = {
	{ "hello F386", LO, V2_HELLO, WIRE_MATCH, S | R, 0, 39 },
	{ "ping before the answer", HI, "0300000001762a8d74005a0e3e", WIRE_MATCH, S, 0, 13 },
	{ "answer F395", HI, V2_ANSWER, WIRE_MATCH, S | A, 0, 35 },
	{ "answer of the same end", LO, V2_ANSWER, WIRE_MATCH, S, 0, 35 },
	{ "answer with another id", HI, "020001" NAT_ID "005a0e3e007a002a0000000000000000", WIRE_MATCH, S, 0,
	  35 },
	{ "ping F396", HI, "0300000001762a8d74005a0e3e", WIRE_MATCH, S, 0, 13 },
	{ "pong F397", LO, "0400000001762a8d74005a0e3e", WIRE_MATCH, S | A, 0, 13 },
	{ "pong of the same end", HI, "0400000001762a8d74005a0e3e", WIRE_MATCH, S, 0, 13 },
	{ "pong of another ping", LO, "0400000002762a8d74005a0e3e", WIRE_MATCH, S, 0, 13 },
	{ "ping of another session", HI, "0300000001762a8d74005a0e3f", WIRE_OTHER, 0, 0, 0 },
	{ "bind F399: announced is not told", LO,
	  "050c01218e9c3928c44b2fa9027072822e56f60100040103000000000000000100000016646174615f62696e645f726570"
	  "6c6163655f666c"
	  "61670200000001",
	  WIRE_MATCH, S, 0, 2 },
	{ "bind answer F400", HI,
	  "050d01218e9c3928c44b2fa9027072822e56f6010004010300000000010000000372696403000000000000",
	  WIRE_MATCH, S, 0, 2 },
	{ "bind of the screen F677", LO,
	  "050d0000000c01218e9c3928c44b2fa9027072822e56f601000403020000000000000001000000166461746100",
	  WIRE_MATCH, S, 0, 2 },
	{ "probe F404, cut", HI, "0515010000000000000033010dff0000762a8da600000003e8000000000101010101",
	  WIRE_MATCH, S, 0, 3 },
	{ "RTCP F689", LO,
	  "05220100fb90091000000000000000000080c8000601000402e13779d7e7ec12da0000091000000005000000b581ca0002"
	  "010004020100"
	  "0000",
	  WIRE_MATCH, S, 0, 19 },
	{ "keep-alive F693", LO, "050a06000000000000000000000000", WIRE_MATCH, S, 0, 3 },
	{ "audio", LO, "05" AUDIO, WIRE_MATCH, M, MEDIA_AUDIO, 2 },
	{ "video, cut behind the SSRC", LO,
	  "05100100fb901c180c0300004909b5f2000000000002010a10906256b40ed75fe201000801", WIRE_MATCH, M,
	  MEDIA_VIDEO, 2 },
	{ "screen in its wrapper", LO,
	  "050d0000001e"
	  "00000000000000000000000000000000000000"
	  "9063000100000001"
	  "01000403",
	  WIRE_MATCH, M, MEDIA_SCREEN, 2 },
	{ "inner type unknown", LO, "0577010000", WIRE_OTHER, 0, 0, 0 },
	{ "inner header without an outer one", LO, "150100000000000000", WIRE_OTHER, 0, 0, 0 },
	{ "one type behind RTCP", LO, "05240100fb90091000000000000000000080c80006", WIRE_OTHER, 0, 0, 0 },
	{ "ping of any length", HI, "0300000001762a8d74005a0e3e" FILL FILL FILL "00000000", WIRE_MATCH, S, 0,
	  13 },
	{ "ping of too many bytes", HI, "0300000001762a8d74005a0e3e" FILL FILL FILL "0000000000", WIRE_OTHER,
	  0, 0, 0 },
	{ "close", LO, "0700000001762a8d74005a0e3e00000000", WIRE_MATCH, TELLS_CLOSE, 0, 13 },
};

#define V3_ID "101112131415161718191a1b1c1d1e1f"
#define V3_HELLO "010003" V3_ID "00000000000000020572cff10572d06200000040"
#define V3_ANSWER "020003" V3_ID "00aabb010572cff10000000000000000004000400003e00100"
#define V3_AT "00aabb01"
static const struct step server_v3[] = {
	{ "close of a flow that is not open", LO, "0700000001762a8d74005a0e3e00000000", WIRE_OTHER, 0, 0, 0 },
	{ "hello, cut behind the length, sent again", LO, V3_HELLO, WIRE_MATCH, S | R, 0, 39 },
	{ "answer", HI, V3_ANSWER, WIRE_MATCH, S | A, 0, 35 },
	{ "data of another session", HI, "05000000aabb02040d01", WIRE_OTHER, 0, 0, 0 },
	{ "bind of audio", LO,
	  "050000" V3_AT "00"
	  "0c01" V3_ID "0100040201",
	  WIRE_MATCH, S, 0, 9 },
	{ "bind of the screen", LO,
	  "050001" V3_AT "00"
	  "0dd094000000000c01" V3_ID "0100040302",
	  WIRE_MATCH, S, 0, 9 },
	{ "bind answer of the screen", HI,
	  "050001" V3_AT "04"
	  "0d925a0000020000000000000000000d01" V3_ID,
	  WIRE_MATCH, S, 0, 9 },
	{ "audio", HI, "050002" V3_AT "04" AUDIO, WIRE_MATCH, M, MEDIA_AUDIO, 9 },
	{ "audio longer than it says", HI, "050002" V3_AT "04" AUDIO "00", WIRE_MATCH, S, 0, 9 },
	{ "audio whose RTP has another version", HI,
	  "050002" V3_AT "04"
	  "0f0100fb901611040300004909b64c0001000c"
	  "507119070011d81001000802",
	  WIRE_MATCH, S, 0, 9 },
	{ "video without a frame number", HI,
	  "050003" V3_AT "04"
	  "100100fb901c180c0300004909b5f20000000000"
	  "906256b40ed75fe201000801",
	  WIRE_MATCH, M, MEDIA_VIDEO, 9 },
	{ "video of a static payload type", HI,
	  "050003" V3_AT "04"
	  "100100fb901c180c0300004909b5f20000000000"
	  "900856b40ed75fe201000801",
	  WIRE_MATCH, S, 0, 9 },
	{ "screen in its wrapper", LO,
	  "050002" V3_AT "00"
	  "0dd094000000001e"
	  "00000000000000000000000000000000000000"
	  "906300010000000101000403",
	  WIRE_MATCH, M, MEDIA_SCREEN, 9 },
	{ "a control message in the wrapper", LO,
	  "050002" V3_AT "00"
	  "0dd0940000000000"
	  "00000000000000000000000000000000000000"
	  "906300010000000101000403",
	  WIRE_MATCH, S, 0, 9 },
	{ "an inner type that we do not know", LO,
	  "050002" V3_AT "00"
	  "200100",
	  WIRE_MATCH, S, 0, 9 },
	{ "pong of padded length", LO, "0400000001696591ba" V3_AT "00000000", WIRE_MATCH, S, 0, 13 },
};

static const struct step hellos[] = {
	{ "no id", LO,
	  "010003"
	  "00000000000000000000000000000000"
	  "00000000000000020572cff10572cff100000040",
	  WIRE_OTHER, 0, 0, 0 },
	{ "version 4", LO, "010004" V3_ID "00000000000000020572cff10572cff100000040", WIRE_OTHER, 0, 0, 0 },
	{ "no zero", LO, "010003" V3_ID "00000001000000020572cff10572cff100000040", WIRE_OTHER, 0, 0, 0 },
	{ "no two", LO, "010003" V3_ID "00000000000000010572cff10572cff100000040", WIRE_OTHER, 0, 0, 0 },
	{ "times apart", LO, "010003" V3_ID "00000000000000020572cff10573cff100000040", WIRE_OTHER, 0, 0, 0 },
	{ "token of another length", LO, "010003" V3_ID "00000000000000020572cff10572cff100000041",
	  WIRE_OTHER, 0, 0, 0 },
	{ "answer of version 2", HI, "020002" V2_ID "005a0e3e007a002a0000000000000000", WIRE_OTHER, 0, 0, 0 },
	{ "answer without session", HI, "020001" V2_ID "00000000007a002a0000000000000000", WIRE_OTHER, 0, 0,
	  0 },
	{ "answer without zeros", HI, "020001" V2_ID "005a0e3e007a002a0000000000000001", WIRE_OTHER, 0, 0,
	  0 },
	{ "answer of v2, too long", HI, V2_ANSWER "00", WIRE_OTHER, 0, 0, 0 },
	{ "answer without id", HI,
	  "020001"
	  "00000000000000000000000000000000"
	  "005a0e3e007a002a0000000000000000",
	  WIRE_OTHER, 0, 0, 0 },
	{ "none of those opened the flow", LO, "050c01218e9c3928", WIRE_OTHER, 0, 0, 0 },
	{ "answer alone", HI, V3_ANSWER, WIRE_MATCH, S, 0, 35 },
	{ "opens it", LO,
	  "050002" V3_AT "00"
	  "0c01",
	  WIRE_MATCH, S, 0, 9 },
};

/* F701 to F705: the middle of a flow, by a pong that echoes. */
static const struct step middle_pong[] = {
	{ "ping F701", LO, "03000000120ffe98d200272ec9010540dc", WIRE_MORE, 0, 0, 0 },
	{ "ping F702", HI, "03000000156d6e7c0000272ec9010540a4", WIRE_MORE, 0, 0, 0 },
	{ "pong of another ping", HI, "04000000130ffe98d200272ec9010540c4", WIRE_MORE, 0, 0, 0 },
	{ "pong F703", HI, "04000000120ffe98d200272ec9010540c4", WIRE_MATCH, S | A, 0, 13 },
	{ "pong F704", LO, "04000000156d6e7c0000272ec90105404d", WIRE_MATCH, S | A, 0, 13 },
	{ "control F705", HI, "050f3100272ec90415010000000000000035010201001f5a4e", WIRE_MATCH, S, 0, 2 },
	{ "another session", HI, "03000000156d6e7c0000272eca010540a4", WIRE_OTHER, 0, 0, 0 },
	{ "no session", HI, "03000000156d6e7c0000000000010540a4", WIRE_OTHER, 0, 0, 0 },
};
static const struct step middle_session[] = {
	{ "data", HI,
	  "050001" V3_AT "04"
	  "1501000000",
	  WIRE_MORE, 0, 0, 0 },
	{ "data of another session", HI,
	  "05000100aabb02"
	  "04"
	  "1501000000",
	  WIRE_MORE, 0, 0, 0 },
	{ "data", HI,
	  "050001" V3_AT "04"
	  "1501000000",
	  WIRE_MORE, 0, 0, 0 },
	{ "data again", HI,
	  "050002" V3_AT "04"
	  "1501000000",
	  WIRE_MORE, 0, 0, 0 },
	{ "data is not enough", HI,
	  "050003" V3_AT "04"
	  "1501000000",
	  WIRE_MORE, 0, 0, 0 },
	{ "ping of the same session", LO, "0300000001696591ba" V3_AT, WIRE_MATCH, S, 0, 13 },
	{ "now it holds", HI,
	  "050004" V3_AT "04"
	  "1501000000",
	  WIRE_MATCH, S, 0, 9 },
	{ "against another", HI,
	  "05000500aabb02"
	  "04"
	  "1501000000",
	  WIRE_OTHER, 0, 0, 0 },
};
static const struct step middle_pings[] = {
	{ "pings alone", LO, "0300000001696591ba" V3_AT, WIRE_MORE, 0, 0, 0 },
	{ "say", HI, "0300000001696591ba" V3_AT, WIRE_MORE, 0, 0, 0 },
	{ "nothing", LO, "0300000002696591ba" V3_AT, WIRE_MORE, 0, 0, 0 },
	{ "however many", LO, "0300000003696591ba" V3_AT, WIRE_MORE, 0, 0, 0 },
	{ "until there is data", LO,
	  "050001" V3_AT "04"
	  "1501000000",
	  WIRE_MATCH, S, 0, 10 },
};

static const struct step middle_votes[] = {
	{ "data of one session", LO,
	  "05000100aabb0204"
	  "1501000000",
	  WIRE_MORE, 0, 0, 0 },
	{ "pings of another", LO, "0300000001696591ba" V3_AT, WIRE_MORE, 0, 0, 0 },
	{ "pings of another", LO, "0300000002696591ba" V3_AT, WIRE_MORE, 0, 0, 0 },
	{ "pings of another", LO, "0300000003696591ba" V3_AT, WIRE_MORE, 0, 0, 0 },
	{ "a third session starts anew", LO,
	  "05000100aabb0304"
	  "1501000000",
	  WIRE_MORE, 0, 0, 0 },
	{ "two do not do", LO,
	  "030000000169659100"
	  "00aabb03",
	  WIRE_MORE, 0, 0, 0 },
	{ "pong with the ping's numbers, of another session", HI,
	  "040000000169659100"
	  "00aabb04",
	  WIRE_MORE, 0, 0, 0 },
};
#define VIDEO_RTP(type, sequence, ssrc) "90" type sequence "0ed75fe2" ssrc "bede0004"
#define VIDEO(type, sequence, ssrc) \
	"100100fb901c180c0300004909b5f2000000000002010a10" VIDEO_RTP(type, sequence, ssrc)
#define FIRST "01000801"
static const struct step middle_v2[] = {
	{ "video", LO, "05" VIDEO("62", "56b4", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "next", LO, "05" VIDEO("62", "56b5", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "third", LO, "05" VIDEO("62", "56b6", FIRST), WIRE_MATCH, M, MEDIA_VIDEO, 37 },
	{ "bind", LO, "050c01218e9c3928c44b2fa9027072822e56f6", WIRE_MATCH, S, 0, 2 },
};
static const struct step middle_v3[] = {
	{ "video", LO, "050001" V3_AT "00" VIDEO("62", "fffe", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "next", LO, "050001" V3_AT "00" VIDEO("e2", "ffff", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "third", LO, "050001" V3_AT "00" VIDEO("62", "0000", FIRST), WIRE_MATCH, M, MEDIA_VIDEO, 44 },
};

/* No session, and nothing at 20: as synthetic captures have it. A sequence that begins like an inner type misleads nobody
 * once RTP stood where v3 has it. */
#define PLAIN_VIDEO(sequence) \
	"100100fb901c180c0300004909b5f2000000000000000000" VIDEO_RTP("62", sequence, FIRST)
static const struct step middle_blank[] = {
	{ "a ping without a session", LO, "0300000001696591ba00000000", WIRE_OTHER, 0, 0, 0 },
	{ "video", LO, "0590010000000000" PLAIN_VIDEO("fffe"), WIRE_MORE, 0, 0, 0 },
	{ "next", LO, "0590020000000000" PLAIN_VIDEO("ffff"), WIRE_MORE, 0, 0, 0 },
	{ "third", LO, "0590030000000000" PLAIN_VIDEO("0000"), WIRE_MATCH, M, MEDIA_VIDEO, 44 },
	{ "sequence of an inner type", LO, "0510040000000000" PLAIN_VIDEO("0001"), WIRE_MATCH, M, MEDIA_VIDEO,
	  9 },
};

#define UUID "41463036354438382d414139422d344138312d383041342d423835434433314242393231"
static const struct step peer[] = {
	{ "inner header before a hello", LO, "1501000000000203", WIRE_OTHER, 0, 0, 0 },
	{ "hello F68", LO,
	  "1f0201000800010004004e150ef80000000700000063b6a50000000d3139322e3136382e312e32323600000024" UUID
	  "00000000",
	  WIRE_MATCH, S | P, 0, 45 },
	{ "hello F69", HI,
	  "1f020100040001000800e2a5c16e000000080000006398990000000d3139322e3136382e312e31323800000024" UUID
	  "00000000",
	  WIRE_MATCH, S | P, 0, 45 },
	{ "video F79, cut", HI, VIDEO("62", "56b4", FIRST), WIRE_MATCH, M | P, MEDIA_VIDEO, 1 },
	{ "probe F80, cut", LO, "15010000000002030033010d040000fffee3e600000003e8000000000101", WIRE_MATCH,
	  S | P, 0, 2 },
	{ "audio F85", HI, AUDIO, WIRE_MATCH, M | P, MEDIA_AUDIO, 1 },
	{ "screen", HI, "1e0100fb901c180c0300004909b5f2000000000090630001000000010100080300", WIRE_MATCH,
	  M | P, MEDIA_SCREEN, 1 },
	{ "RTCP F193", HI,
	  "220100fb90161000000000000000000080c8000601000802e705420356bb45c800125b500000013b0000324181ca000201"
	  "00080201000000",
	  WIRE_MATCH, S | P, 0, 18 },
	{ "RTCP that is none", HI, "220100fb90161000000000000000000080d80006", WIRE_OTHER, 0, 0, 0 },
	{ "other first byte", HI, "170100fb90161000000000000000000080c80006", WIRE_OTHER, 0, 0, 0 },
};
static const struct step peer_hellos[] = {
	{ "to itself", LO,
	  "1f0201000800010008004e150ef80000000700000063b6a50000000d3139322e3136382e312e32323600000024" UUID,
	  WIRE_OTHER, 0, 0, 0 },
	{ "no port", LO,
	  "1f0201000800010004004e150ef8000000070000006300000000000d3139322e3136382e312e32323600000024" UUID,
	  WIRE_OTHER, 0, 0, 0 },
	{ "no address", LO,
	  "1f0201000800010004004e150ef80000000700000063b6a50000000d3139322e3136382e312e32323a00000024" UUID,
	  WIRE_OTHER, 0, 0, 0 },
	{ "no UUID", LO,
	  "1f0201000800010004004e150ef80000000700000063b6a50000000d3139322e3136382e312e32323600000025" UUID,
	  WIRE_OTHER, 0, 0, 0 },
	{ "other second byte", LO,
	  "1f0301000800010004004e150ef80000000700000063b6a50000000d3139322e3136382e312e32323600000024" UUID,
	  WIRE_OTHER, 0, 0, 0 },
	{ "another end", LO,
	  "1f0201000800010004004e150ef80000000700000063b6a50000000d3139322e3136382e312e32323600000024" UUID
	  "00000001",
	  WIRE_OTHER, 0, 0, 0 },
	{ "something behind the end", LO,
	  "1f0201000800010004004e150ef80000000700000063b6a50000000d3139322e3136382e312e32323600000024" UUID
	  "0000000001",
	  WIRE_OTHER, 0, 0, 0 },
};
static const struct step middle_peer[] = {
	{ "video", LO, VIDEO("62", "56b4", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "audio between", LO, AUDIO, WIRE_MORE, 0, 0, 0 },
	{ "the same again", LO, VIDEO("62", "56b4", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "next", LO, VIDEO("62", "56b5", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "error correction has its own sequence", LO, VIDEO("6e", "b644", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "third", LO, VIDEO("62", "56b6", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "fourth, and the audio of before", LO, VIDEO("62", "56b7", FIRST), WIRE_MATCH, M | P,
	  MEDIA_VIDEO | MEDIA_AUDIO, 36 },
	{ "video alone", LO, VIDEO("62", "56b8", FIRST), WIRE_MATCH, M | P, MEDIA_VIDEO, 1 },
};
static const struct step middle_turns[] = {
	{ "video", LO, VIDEO("62", "56b4", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "audio in turn", LO, AUDIO, WIRE_MORE, 0, 0, 0 },
	{ "video", LO, VIDEO("62", "56b5", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "audio in turn", LO, AUDIO, WIRE_MORE, 0, 0, 0 },
	{ "video", LO, VIDEO("62", "56b6", FIRST), WIRE_MATCH, M | P, MEDIA_VIDEO | MEDIA_AUDIO, 36 },
};
/* The same fixed bytes, and a version and a type where RTP has them: no media. */
static const struct step unlike_media[] = {
	{ "sources change", LO, VIDEO("62", "56b4", "01000801"), WIRE_MORE, 0, 0, 0 },
	{ "sources change", LO, VIDEO("62", "56b5", "01000c01"), WIRE_MORE, 0, 0, 0 },
	{ "sources change", LO, VIDEO("62", "56b6", "01001001"), WIRE_MORE, 0, 0, 0 },
	{ "sources change", LO, VIDEO("62", "56b7", "01001401"), WIRE_MORE, 0, 0, 0 },
	{ "sequence leaps", LO, VIDEO("62", "66b8", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "sequence leaps", LO, VIDEO("62", "76b9", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "sequence leaps", LO, VIDEO("62", "86ba", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "sequence leaps", LO, VIDEO("62", "96ba", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "sequence stands", LO, VIDEO("62", "96ba", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "sequence stands", LO, VIDEO("62", "96ba", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "other ways", HI, VIDEO("62", "96bb", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "other ways", HI, VIDEO("62", "96bc", FIRST), WIRE_MORE, 0, 0, 0 },
	{ "no source", LO, VIDEO("62", "96bd", "00000000"), WIRE_OTHER, 0, 0, 0 },
	{ "nothing", LO, "", WIRE_OTHER, 0, 0, 0 },
};

#define FLOW(name)                                      \
	{                                               \
#name, name, sizeof name / sizeof *name \
	}
static const struct flow flows[] = {
	FLOW(nat),          FLOW(server_v2),      FLOW(server_v3),    FLOW(hellos),
	FLOW(middle_pong),  FLOW(middle_session), FLOW(middle_pings), FLOW(middle_v2),
	FLOW(middle_v3),    FLOW(peer),           FLOW(peer_hellos),  FLOW(middle_peer),
	FLOW(middle_votes), FLOW(middle_turns),   FLOW(unlike_media), FLOW(middle_blank),
};

static enum wire_result see(const struct step *s, struct span bytes, struct zoom_memory *m,
			    struct finding *ret)
{
	struct payload p = {
		.bytes = bytes, .from_port = 50000, .to_port = 8801, .from_hi = (uint8_t)s->way
	};
	return zoom_recognise(&p, m, ret);
}

static void check_prefixes(const struct flow *f, const struct step *s, struct span bytes,
			   const struct zoom_memory *before)
{
	for (size_t n = 0; n < bytes.len; n++) {
		struct zoom_memory m = *before;
		struct finding ret;
		struct span cut = check_cut(bytes, n);
		bool matched = see(s, cut, &m, &ret) == WIRE_MATCH;
		CHECK(matched == (s->want == WIRE_MATCH && n >= s->least), "%s: %s cut to %zu", f->name,
		      s->name, n);
		free((void *)cut.at);
	}
}

static void check_flow(const struct flow *f)
{
	struct zoom_memory m = { 0 };
	for (const struct step *s = f->steps; s < f->steps + f->count; s++) {
		struct span bytes = check_hex(s->hex);
		struct finding ret = { 0 };
		if (s->want != WIRE_OTHER) /* what is no match at full length may well be one when cut */
			check_prefixes(f, s, bytes, &m);
		CHECK(see(s, bytes, &m, &ret) == s->want, "%s: %s", f->name, s->name);
		CHECK(ret.tells == s->tells && ret.media == s->media, "%s: %s tells %x, media %x", f->name,
		      s->name, ret.tells, ret.media);
		CHECK(ret.evidence == (s->want == WIRE_MATCH ? EV_PAYLOAD : 0), "%s: %s", f->name, s->name);
		free((void *)bytes.at);
	}
}

/* What one payload on a fresh flow tells beside its bits. */
static struct finding told_by(const char *hex)
{
	struct zoom_memory m = { 0 };
	struct finding ret = { 0 };
	struct span bytes = check_hex(hex);
	struct step s = { .way = LO };
	CHECK(see(&s, bytes, &m, &ret) == WIRE_MATCH, "%s", hex);
	free((void *)bytes.at);
	return ret;
}

static void check_told(const char *hex, unsigned as, const char *address, unsigned port)
{
	struct finding f = told_by(hex);
	char text[ADDRESS_TEXT_BYTES];
	CHECK(f.told_as == as && f.told_port == port && strcmp(address_text(&f.told, text), address) == 0,
	      "%s told as %u %s %u", hex, f.told_as, text, f.told_port);
}

/* The hash of the conference id, told by a bind on an opened flow. */
static uint64_t conference(const char *hello, const char *bind)
{
	struct zoom_memory m = { 0 };
	struct finding ret = { 0 };
	struct span a = check_hex(hello), b = check_hex(bind);
	struct step s = { .way = LO };
	see(&s, a, &m, &ret);
	CHECK(see(&s, b, &m, &ret) == WIRE_MATCH, "%s", bind);
	free((void *)a.at);
	free((void *)b.at);
	return ret.token;
}

/* Both ends tell the other's address; only the first teller's is the peer's. */
static void check_peers(int first_way)
{
	struct zoom_memory m = { 0 };
	const struct step *hello[] = { &peer[1], &peer[2], &peer[1] };
	for (size_t i = 0; i < 3; i++) {
		struct step s = { .way = i == 1 ? !first_way : first_way };
		struct span bytes = check_hex(hello[i]->hex);
		struct finding ret = { 0 };
		CHECK(see(&s, bytes, &m, &ret) == WIRE_MATCH, "hello %zu", i);
		CHECK(ret.told_as == (i == 1 ? TOLD_CLIENT_OUTER : TOLD_PEER), "hello %zu told as %u", i,
		      ret.told_as);
		free((void *)bytes.at);
	}
}

static void check_tokens(void)
{
	CHECK(told_by(V2_HELLO).token != 0 && told_by(V2_HELLO).token == told_by(V2_ANSWER).token,
	      "hello and answer");
	CHECK(told_by(NAT_REQUEST).token == told_by(NAT_ANSWER).token, "NAT test and answer");
	CHECK(told_by(V2_HELLO).token != told_by(V3_HELLO).token, "two flows");
	uint64_t v2 = conference(V2_HELLO, "050c01" V3_ID "0100040201"),
		 wrapped = conference(V2_HELLO, "050d0000000c01" V3_ID "01");
	CHECK(v2 != 0 && v2 == wrapped, "a bind, and that of the screen");
	CHECK(v2 == conference(V3_HELLO, "050000" V3_AT "00"
					 "0c01" V3_ID "01"),
	      "v3");
	CHECK(v2 == conference(V3_HELLO, "050000" V3_AT "00"
					 "0dd094000000000c01" V3_ID "01"),
	      "v3, of the screen");
	CHECK(v2 == conference(V2_HELLO, "050d01" V3_ID "01"), "the answer");
	CHECK(v2 != conference(V2_HELLO, "050c01" V2_ID "01"), "another meeting");
	CHECK(conference(V2_HELLO, "050c01"
				   "101112") == 0,
	      "cut");
}

int main(void)
{
	for (size_t i = 0; i < sizeof flows / sizeof *flows; i++)
		check_flow(&flows[i]);
	check_told(NAT_ANSWER, TOLD_CLIENT_OUTER, "80.180.220.239", 65397);
	check_told(peer[1].hex, TOLD_PEER, "192.168.1.226", 46757);
	check_told(NAT_REQUEST, TOLD_NOTHING, "::", 0);
	check_tokens();
	check_peers(LO);
	check_peers(HI);
	return check_done();
}
