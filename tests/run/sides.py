# SPDX-License-Identifier: GPL-3.0-or-later
"""--side: a capture whose packets were all mirrored twice, the second time routed, gives the flows of the plain one, and each
packet is in one counter; outside, flows are marked as behind NAT; another word is refused."""
import json, os, struct, sys, tempfile

from lib_keyfence import SOURCE, keyfence

CATALOGUE = ('--catalogue', os.path.join(SOURCE, 'conf/services.d'))
ZOOM = os.path.join(SOURCE, 'tests/captures/zoom.pcap')
bad = 0

def fail(what, why):
    global bad
    bad += 1
    print(f'{what}: {why}')

def copy_of(frame):
    """Routed: TTL and checksum are others. Only Ethernet with IP; anything else comes once."""
    kind = struct.unpack('>H', frame[12:14])[0]
    if kind == 0x0800: return frame[:22] + bytes([frame[22] - 1]) + frame[23:24] + b'\x12\x34' + frame[26:]
    return frame[:21] + bytes([frame[21] - 1]) + frame[22:] if kind == 0x86DD else None

def mirrored(path, to):
    """Each packet, and its copy right behind it. How many copies there are, and their bytes."""
    data, at, packets, bytes = open(path, 'rb').read(), 24, 0, 0
    order = '<' if data[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
    with open(to, 'wb') as out:
        out.write(data[:24])
        while at < len(data):
            head, length = data[at:at + 16], struct.unpack(order + 'I', data[at + 8:at + 12])[0]
            frame = data[at + 16:at + 16 + length]
            at += 16 + length
            copy = copy_of(frame)
            out.write(head + frame)
            if copy is None: continue
            out.write(head + copy)
            packets += 1
            bytes += struct.unpack(order + 'I', head[12:16])[0]
    return packets, bytes

def flows(path, *options):
    lines = [json.loads(l) for l in keyfence('flows', *CATALOGUE, '--json', '--quiet', *options, path).stdout.splitlines()]
    for l in lines: l.pop('file')
    return lines[:-1], lines[-1]['accounting']

def pair(x): return (x['packets'], x['bytes'])

def mirror(folder):
    twice = os.path.join(folder, 'twice.pcap')
    copies = mirrored(ZOOM, twice)
    plain, once = flows(ZOOM, '--side', 'mirror')
    told, acc = flows(twice, '--side', 'mirror')
    if told != plain: fail('mirror', 'the flows are not those of the capture without copies')
    want = tuple(a + b for a, b in zip(copies, pair(once['duplicate'])))
    if pair(acc['duplicate']) != want: fail('mirror', f'{pair(acc["duplicate"])} copies, {want} were made')
    if pair(acc['tracked']) != pair(once['tracked']): fail('mirror', 'tracked others')
    parts = [pair(acc['undecoded'][k]) for k in acc['undecoded']]
    parts += [pair(acc[k]) for k in ('no_ports', 'fragment', 'not_unicast', 'duplicate', 'outside', 'tracked')]
    if tuple(map(sum, zip(*parts))) != pair(acc['delivered']): fail('mirror', f'delivered {pair(acc["delivered"])}, parts {parts}')
    _, inside = flows(twice)
    if pair(inside['duplicate']) != (0, 0): fail('inside', 'drops copies')
    text = keyfence('flows', *CATALOGUE, '--side', 'mirror', twice).stderr
    if f', {want[0]} duplicate' not in text: fail('mirror', f'in words: {text}')

def outside():
    told, acc = flows(ZOOM, '--side', 'outside')
    inside, _ = flows(ZOOM)
    if not told or not all(f['nat'] for f in told): fail('outside', 'a flow is not marked')
    if any(f['nat'] for f in inside): fail('inside', 'a flow is marked')
    if pair(acc['outside']) != (0, 0): fail('outside', 'is judged where there is no other')

def words():
    for word in ('frob', '', 'Inside', 'insid'):
        p = keyfence('flows', *CATALOGUE, '--side', word, ZOOM, statuses=(64,))
        if 'inside, outside or mirror would be right' not in p.stderr or p.stdout: fail(f'--side {word}', p.stderr)
    if '--side SIDE' not in keyfence('help').stdout: fail('help', 'does not name it')

with tempfile.TemporaryDirectory() as folder: mirror(folder)
outside()
words()
print(f'sides: {bad} wrong')
sys.exit(bad > 0)
