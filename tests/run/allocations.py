# SPDX-License-Identifier: GPL-3.0-or-later
"""No allocation per packet: replay (everything on) of 10,000 packets and of 40,000 that begin with the same ones allocate
equally often. The kept captures follow each other, each round a day later than the one before; once as pcap, which is read
in place, and once as pcapng, where what libpcap itself allocates for the packets (tests/tools/pcap_count.c) is taken off."""
import os, re, struct, subprocess, sys, tempfile

from lib_keyfence import SOURCE, keyfence, sample_policy

SHORT, LONG = 10000, 40000
counter = os.path.join(os.environ['BUILD'], 'tests', 'libcount_allocations.so')
if not os.path.exists(counter):
    print('built under sanitizers, which allocate themselves: not counted here')
    sys.exit(0)

def frames():
    for path in ('seed.pcap', 'zoom.pcap', 'teams.pcap', 'webex.pcap', 'skype-conference-call.pcap'):
        raw = open(os.path.join(SOURCE, 'tests/captures', path), 'rb').read()
        order, at = ('<' if raw[:1] in b'\xd4\x4d' else '>'), 24
        if struct.unpack(order + 'I', raw[20:24])[0] != 1: continue
        while at + 16 <= len(raw):
            us, n, wire = struct.unpack(order + 'III', raw[at + 4:at + 16])
            yield us, wire, raw[at + 16:at + 16 + n]
            at += 16 + n

def stream():
    """Packets without end: (second, microsecond, length on the wire, bytes)."""
    n, second, kept = 0, 1700000000, list(frames())
    while True:
        for us, wire, data in kept:
            yield second + n // 50, us % 1000000, wire, data
            n += 1
        second += 86400

def pcap(packets):
    yield struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1)
    for s, us, wire, data in packets:
        yield struct.pack('<IIII', s, us, len(data), wire) + data

def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack('<II', kind, len(body) + 12) + body + struct.pack('<I', len(body) + 12)

def pcapng(packets):
    yield block(0x0A0D0D0A, struct.pack('<IHHq', 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack('<HHI', 1, 0, 262144))
    for s, us, wire, data in packets:
        stamp = s * 1000000 + us
        yield block(6, struct.pack('<IIIII', 0, stamp >> 32, stamp & 0xffffffff, len(data), wire) + data)

def counted(stderr): return int(re.search(r'^allocations (\d+)$', stderr, re.M).group(1))

def run(form, count, folder, policy):
    """Allocations of replay, of libpcap alone, and events."""
    path = os.path.join(folder, f'{count}.{form.__name__}')
    with open(path, 'wb') as out: out.writelines(form(p for p, _ in zip(stream(), range(count))))
    preloaded = {**os.environ, 'LD_PRELOAD': counter}
    bare = subprocess.run((os.path.join(os.environ['BUILD'], 'tests', 'pcap_count'), path), env=preloaded, capture_output=True,
                          text=True, check=True)
    p = keyfence('replay', '-c', policy, '--quiet', '--json', path, env=preloaded)
    return counted(p.stderr), counted(bare.stderr), p.stdout.count('\n')

bad = 0
with tempfile.TemporaryDirectory() as folder, sample_policy() as policy:
    for form in (pcap, pcapng):
        short, short_bare, few = run(form, SHORT, folder, policy)
        long, long_bare, many = run(form, LONG, folder, policy)
        more = long - short - (0 if form == pcap else long_bare - short_bare)
        bad += more != 0 or many <= few
        print(f'{form.__name__}: {short} allocations in {SHORT} packets, {more} more in {LONG}; {few} and {many} events')
sys.exit(bad > 0)
