#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""make_seed.py OUT.pcap: makes tests/captures/seed.pcap, the case that this project began with.

A meeting whose people and media are in the US gets a key server in Beijing (Citizen Lab, "Move Fast and Roll Your Own
Crypto", 2020-04-03). The TLS connections are those of a real client (openssl s_client against openssl s_server), recorded
on the loopback of a network namespace that this script makes and removes; then addresses, ports and times are rewritten
and checksums made anew. DNS answers are made here. The media are made here, too, after the layout of Zoom's server flows
as it was observed (2021 layout: 01 02 hello, 03 04 ping, 05 data; audio 0f, video 10; RTP inside).

Needs root, iproute2, tcpdump and openssl."""
import os, random, struct, subprocess, sys, tempfile, time

CLIENT, RESOLVER = '192.168.77.23', '192.168.77.1'
BEIJING, OREGON, MEDIA = '52.81.151.250', '54.190.137.104', '54.190.140.21'
START = 1795140000.0  # 2026-11-20 02:00:00 UTC
NS, SERVER_SIDE, CLIENT_SIDE = 'keyfence-seed', '198.18.0.2', '198.18.0.1'
random.seed(20200403)

def ip4(a): return bytes(map(int, a.split('.')))
def checksum(b):
    if len(b) % 2: b += b'\0'
    s = sum(struct.unpack(f'>{len(b) // 2}H', b))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff

def frame(src, dst, proto, body, ident=[0]):
    """Ethernet and IPv4 around a transport segment whose checksum field is filled in here."""
    at = 16 if proto == 6 else 6
    pseudo = ip4(src) + ip4(dst) + struct.pack('>BBH', 0, proto, len(body))
    body = body[:at] + b'\0\0' + body[at + 2:]
    body = body[:at] + struct.pack('>H', checksum(pseudo + body) or 0xffff) + body[at + 2:]
    ident[0] = ident[0] + 1 & 0xffff
    head = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(body), ident[0], 0x4000, 64, proto, 0) + ip4(src) + ip4(dst)
    head = head[:10] + struct.pack('>H', checksum(head)) + head[12:]
    up = src == CLIENT
    macs = b'\x02\0\0\0\0\x01\x02\0\0\0\0\x17' if up else b'\x02\0\0\0\0\x17\x02\0\0\0\0\x01'
    return macs + b'\x08\0' + head + body

def udp(src, sport, dst, dport, payload):
    return frame(src, dst, 17, struct.pack('>HHHH', sport, dport, 8 + len(payload), 0) + payload)

# ---- TLS of a real client ----
def run(*a, **k): return subprocess.run(a, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **k)
def in_ns(*a): return ('ip', 'netns', 'exec', NS) + a

def record(name, dir):
    """Frames (seconds from the first, Ethernet bytes) of one TLS connection that asks for name."""
    out = os.path.join(dir, name + '.pcap')
    server = subprocess.Popen(in_ns('openssl', 's_server', '-accept', f'{SERVER_SIDE}:443', '-cert', f'{dir}/c.pem', '-key', f'{dir}/k.pem',
                                    '-www', '-quiet'), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    dump = subprocess.Popen(in_ns('tcpdump', '-i', 'lo', '-s', '0', '-U', '-w', out, 'tcp', 'port', '443'), stderr=subprocess.DEVNULL)
    time.sleep(1.0)
    client = subprocess.Popen(in_ns('openssl', 's_client', '-connect', f'{SERVER_SIDE}:443', '-bind', CLIENT_SIDE, '-servername', name,
                                    '-alpn', 'h2,http/1.1', '-quiet', '-no_ign_eof'), stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    client.stdin.write(b'GET / HTTP/1.0\r\n\r\n'); client.stdin.flush()
    time.sleep(1.0)
    client.stdin.close(); client.wait(10)
    time.sleep(0.5)
    for p in (dump, server): p.terminate(); p.wait(10)
    raw = open(out, 'rb').read()
    frames, at = [], 24
    while at + 16 <= len(raw):
        s, us, n, _ = struct.unpack('<IIII', raw[at:at + 16])
        frames.append((s + us / 1e6, raw[at + 16:at + 16 + n])); at += 16 + n
    return [(t - frames[0][0], f) for t, f in frames]

def rewrite(frames, server, port, at, rtt):
    """The same segments between CLIENT:port and server:443; the recorded times stretched by a round trip a turn."""
    out, delay, last_up = [], 0.0, None
    for t, f in frames:
        ip = f[14:]
        total, head = struct.unpack('>H', ip[2:4])[0], (ip[0] & 15) * 4
        body, up = ip[head:total], ip[12:16] == ip4(CLIENT_SIDE)
        if last_up is not None and up != last_up: delay += rtt / 2
        last_up = up
        a, b = (CLIENT, server) if up else (server, CLIENT)
        ports = struct.pack('>HH', port, 443) if up else struct.pack('>HH', 443, port)
        out.append((at + min(t, 3.0) + delay, frame(a, b, 6, ports + body[4:])))
    return out

# ---- DNS ----
def dns(name, answer, ident, sport, at):
    q = b''.join(bytes([len(l)]) + l.encode() for l in name.split('.')) + b'\0' + struct.pack('>HH', 1, 1)
    ask = struct.pack('>HHHHHH', ident, 0x0100, 1, 0, 0, 0) + q
    tell = struct.pack('>HHHHHH', ident, 0x8180, 1, 1, 0, 0) + q + struct.pack('>HHHIH', 0xc00c, 1, 1, 300, 4) + ip4(answer)
    return [(at, udp(CLIENT, sport, RESOLVER, 53, ask)), (at + 0.012, udp(RESOLVER, 53, CLIENT, sport, tell))]

# ---- media ----
def rnd(n): return bytes(random.getrandbits(8) for _ in range(n))
def rtp(pt, seq, ts, ssrc, n): return struct.pack('>BBHII', 0x90, pt, seq & 0xffff, ts & 0xffffffff, ssrc) + b'\xbe\xde\0\x01\x10\x00\0\0' + rnd(n)
def audio(pt, seq, ts, ssrc, n):
    r = rtp(pt, seq, ts, ssrc, n)
    return b'\x0f\x01\0\xfb\x90' + rnd(4) + struct.pack('>HI', seq & 0xffff, ts & 0xffffffff) + b'\0\0' + struct.pack('>H', len(r)) + r
def video(seq, ts, ssrc, n, number, count):
    r = rtp(98, seq, ts, ssrc, n)
    return b'\x10\x01\0\xfb\x90' + rnd(4) + struct.pack('>HI', seq & 0xffff, ts & 0xffffffff) + rnd(5) + struct.pack('>BHB', 2, number, count) + r

def media(at, port):
    ident, session, out = rnd(16), 0x5a3c91e7, []
    def up(t, p): out.append((at + t, udp(CLIENT, port, MEDIA, 8801, p)))
    def down(t, p): out.append((at + t, udp(MEDIA, 8801, CLIENT, port, p)))
    ms = lambda t: int((1000 + t) * 1000)
    hello = b'\x01\0\x03' + ident + struct.pack('>IIII', 0, 2, ms(0), ms(0)) + struct.pack('>I', 0x40) + rnd(64) + bytes(20)
    up(0, hello)
    down(0.140, b'\x02\0\x03' + ident + struct.pack('>II', session, ms(0)) + bytes(17))
    for i in range(4):
        ping = struct.pack('>IIIB', i + 1, ms(i * 2), session, 0)
        up(0.2 + i * 2, b'\x03' + ping); down(0.34 + i * 2, b'\x04' + ping)
    seq = [0, 0]
    def data(d, inner):
        seq[d] += 1
        return b'\x05' + struct.pack('>HIB', seq[d], session, 4 if d else 0) + inner
    for i in range(200):        # 4 s of audio at 50 a second, each way
        for d, send, ssrc in ((0, up, 0x01000802), (1, down, 0x01000402)):
            send(0.5 + i * 0.02 + d * 0.007, data(d, audio(112, 4000 + i, 90000 + 640 * i, ssrc, 60)))
    for i in range(40):         # 10 frames a second of two packets, each way
        for d, send, ssrc in ((0, up, 0x01000801), (1, down, 0x01000401)):
            for part in range(2):
                send(0.6 + i * 0.1 + d * 0.009 + part * 0.001,
                     data(d, video(700 + 2 * i + part, 500000 + 9000 * i, ssrc, 700, i + 1, 2)))
    return out

def main():
    out = []
    subprocess.run(('ip', 'netns', 'del', NS), stderr=subprocess.DEVNULL)
    run('ip', 'netns', 'add', NS)
    try:
        run('ip', '-n', NS, 'link', 'set', 'lo', 'mtu', '1500', 'up')
        for a in (CLIENT_SIDE, SERVER_SIDE): run('ip', '-n', NS, 'addr', 'add', a + '/32', 'dev', 'lo')
        with tempfile.TemporaryDirectory() as dir:
            run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30',
                '-subj', '/O=Zoom Video Communications, Inc./CN=*.zoom.us', '-keyout', f'{dir}/k.pem', '-out', f'{dir}/c.pem')
            us, cn = record('zoomor104zc.zoom.us', dir), record('zoomtp101zc.zoom.us', dir)
    finally:
        run('ip', 'netns', 'del', NS)
    out += dns('zoomor104zc.zoom.us', OREGON, 0x3101, 53011, START)
    out += dns('zoomtp101zc.zoom.us', BEIJING, 0x3102, 53012, START + 0.004)
    out += rewrite(us, OREGON, 50111, START + 0.050, 0.140)
    out += rewrite(cn, BEIJING, 50112, START + 0.055, 0.060)
    out += media(START + 4.0, 50900)
    with open(sys.argv[1], 'wb') as h:
        h.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for t, f in sorted(out, key=lambda x: x[0]):
            h.write(struct.pack('<IIII', int(t), int(round(t % 1 * 1e6)) % 1000000, len(f), len(f)) + f)
    print(f'{sys.argv[1]}: {len(out)} frames')

main()
