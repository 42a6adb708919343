# SPDX-License-Identifier: GPL-3.0-or-later
"""No allocation per packet: between the 10,000th packet and the last one, replay (everything on) allocates nothing. The kept
captures follow each other until there are 40,000 packets, each round a day later than the one before."""
import glob, os, re, struct, sys, tempfile

from lib_keyfence import SOURCE, keyfence, sample_policy

counter = os.path.join(os.environ['BUILD'], 'tests', 'libcount_allocations.so')
if not os.path.exists(counter):
    print('built under sanitizers, which allocate themselves: not counted here')
    sys.exit(0)

def frames():
    for path in ('seed.pcap', 'zoom.pcap', 'teams.pcap', 'webex.pcap', 'skype-conference-call.pcap'):
        raw = open(os.path.join(SOURCE, 'tests/captures', path), 'rb').read()
        order, at, link = ('<' if raw[:1] in b'\xd4\x4d' else '>'), 24, None
        link = struct.unpack(order + 'I', raw[20:24])[0]
        if link != 1: continue
        while at + 16 <= len(raw):
            s, us, n, wire = struct.unpack(order + 'IIII', raw[at:at + 16])
            yield us, n, wire, raw[at + 16:at + 16 + n]
            at += 16 + n

with tempfile.TemporaryDirectory() as dir, sample_policy() as policy:
    path, n, second = os.path.join(dir, 'long.pcap'), 0, 1700000000
    with open(path, 'wb') as out:
        out.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        while n < 40000:
            for us, size, wire, data in frames():
                out.write(struct.pack('<IIII', second + n // 50, us % 1000000, size, wire) + data)
                n += 1
            second += 86400
    p = keyfence('replay', '-c', policy, '--quiet', '--json', path, env={**os.environ, 'LD_PRELOAD': counter})
    counted = re.search(r'packets (\d+) allocations (\d+)', p.stderr)
    print(counted.group(0) if counted else p.stderr)
    sys.exit(not (counted and int(counted.group(1)) >= 40000 and int(counted.group(2)) == 0))
