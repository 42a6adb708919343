#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""remap.py IN OUT.pcap: maps every public address of a capture into 198.18.0.0/15 and 2001:db8::/32, so that nothing can be
recognised by address. Ports and all other bytes stay; addresses inside STUN (plain and XORed, also in DATA attributes and
in multiplexed frames, FINGERPRINT made anew) and in A and AAAA records are mapped as well. pcapng is turned into pcap by
editcap. One table of addresses for a run: the same address maps to the same one everywhere."""
import ipaddress, os, struct, subprocess, sys, tempfile, zlib

COOKIE = bytes.fromhex('2112a442')
XORED = {0x0020, 0x0016, 0x0012, 0x8020}
PLAIN = {0x0001, 0x0002, 0x0004, 0x0005, 0x000e, 0x0011, 0x8023, 0x802b, 0x802c}
table = {}

def mapped(raw):
    a = ipaddress.ip_address(raw)
    if not a.is_global or a.is_multicast: return raw
    if raw not in table:
        n = len(table) + 1
        table[raw] = (int(ipaddress.ip_address('198.18.0.0')) + n).to_bytes(4, 'big') if len(raw) == 4 else \
                     (int(ipaddress.ip_address('2001:db8::')) + n).to_bytes(16, 'big')
    return table[raw]

def checksum(b):
    s = sum(struct.unpack(f'>{len(b) // 2}H', b))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff

def stun_address(b, at, n, key):
    """b[at:at+n] is family, port, address; key XORs the address ('' for plain)."""
    if (n == 8 and b[at + 1] == 1) or (n == 20 and b[at + 1] == 2):
        size = n - 4
        clear = bytes(x ^ y for x, y in zip(b[at + 4:at + n], key[:size])) if key else bytes(b[at + 4:at + n])
        new = mapped(clear)
        b[at + 4:at + n] = bytes(x ^ y for x, y in zip(new, key[:size])) if key else new

def stun(b, at, end, depth=0):
    if depth > 2 or end - at < 20 or b[at] > 3: return
    kind, n = struct.unpack('>HH', b[at:at + 4])
    if at + 20 + n > end or (bytes(b[at + 4:at + 8]) != COOKIE and kind != 0x0115): return
    stop, p = at + 20 + n, at + 20
    key, ms = COOKIE + bytes(b[at + 8:at + 20]), bytes(b[p:p + 8]) == bytes.fromhex('000f000472c64bc6')
    while p + 4 <= stop:
        t, l = struct.unpack('>HH', b[p:p + 4]); v = p + 4
        if v + l > stop: break
        if t == 0x0103 or t in PLAIN or (t == 0x0012 and ms): stun_address(b, v, l, b'')
        elif t in XORED: stun_address(b, v, l, key)
        elif t == 0x0013: inner(b, v, v + l, depth + 1)
        elif t == 0x8028 and l == 4:
            b[v:v + 4] = (zlib.crc32(bytes(b[at:p])) ^ 0x5354554e).to_bytes(4, 'big')
        p = v + l + (0 if ms else -l % 4)

def inner(b, at, end, depth=0):
    if end - at >= 12 and b[at] == 0xff and b[at + 1] == 0x10: stun(b, at + 12, end, depth + 1)
    elif end - at >= 4 and 0x40 <= b[at] <= 0x4f: stun(b, at + 4, end, depth + 1)
    elif end - at >= 2 and at + 2 + struct.unpack('>H', b[at:at + 2])[0] <= end and bytes(b[at + 6:at + 10]) == COOKIE: stun(b, at + 2, end, depth)
    else: stun(b, at, end, depth)

def dns_name(b, p, end):
    while p < end and b[p] not in (0,) and b[p] < 0xc0: p += 1 + b[p]
    return p + (2 if p < end and b[p] >= 0xc0 else 1)

def dns(b, at, end):
    if end - at < 12 or not b[at + 2] & 0x80: return
    qd, an, ns, ar = struct.unpack('>HHHH', b[at + 4:at + 12]); p = at + 12
    for _ in range(min(qd, 4)): p = dns_name(b, p, end) + 4
    for _ in range(min(an + ns + ar, 128)):
        p = dns_name(b, p, end)
        if p + 10 > end: return
        t, l = struct.unpack('>H', b[p:p + 2])[0], struct.unpack('>H', b[p + 8:p + 10])[0]; v = p + 10
        if v + l > end: return
        if (t == 1 and l == 4) or (t == 28 and l == 16): b[v:v + l] = mapped(bytes(b[v:v + l]))
        p = v + l

def transport(b, at, end, proto):
    if proto == 17 and at + 8 <= end:
        ports = struct.unpack('>HH', b[at:at + 4])
        if 53 in ports: dns(b, at + 8, end)
        elif 2152 in ports and at + 16 <= end: ip(b, at + 16, end)
        else: inner(b, at + 8, end)
    elif proto == 6 and at + 20 <= end: inner(b, at + (b[at + 12] >> 4) * 4, end)

def ip(b, at, end):
    if at + 20 > end: return
    if b[at] >> 4 == 4:
        head = (b[at] & 15) * 4
        for o in (12, 16): b[at + o:at + o + 4] = mapped(bytes(b[at + o:at + o + 4]))
        b[at + 10:at + 12] = b'\0\0'
        if at + head <= end: b[at + 10:at + 12] = struct.pack('>H', checksum(bytes(b[at:at + head])))
        if not struct.unpack('>H', b[at + 6:at + 8])[0] & 0x1fff: transport(b, at + head, end, b[at + 9])
    elif b[at] >> 4 == 6 and at + 40 <= end:
        for o in (8, 24): b[at + o:at + o + 16] = mapped(bytes(b[at + o:at + o + 16]))
        transport(b, at + 40, end, b[at + 6])

def frame(b, link):
    at = {1: 14, 113: 16, 276: 20, 101: 0, 12: 0, 0: 4}.get(link)
    if at is None or at > len(b): return
    kind = struct.unpack('>H', b[12:14])[0] if link == 1 else struct.unpack('>H', b[14:16])[0] if link == 113 else \
           struct.unpack('>H', b[0:2])[0] if link == 276 else None
    while kind in (0x8100, 0x88a8) and at + 4 <= len(b):
        kind = struct.unpack('>H', b[at + 2:at + 4])[0]; at += 4
    if kind in (None, 0x0800, 0x86dd): ip(b, at, len(b))

def remap(source, out):
    raw = open(source, 'rb').read()
    if raw[:4] == b'\x0a\x0d\x0d\x0a':
        with tempfile.NamedTemporaryFile(suffix='.pcap') as t:
            if subprocess.run(('editcap', '-F', 'pcap', source, t.name), stderr=subprocess.DEVNULL).returncode != 0:
                return print(f'{source}: editcap makes no pcap of it (several link types?): left out', file=sys.stderr)
            raw = open(t.name, 'rb').read()
    order = '<' if raw[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
    link, at = struct.unpack(order + 'I', raw[20:24])[0] & 0xffff, 24
    with open(out, 'wb') as h:
        h.write(raw[:24])
        while at + 16 <= len(raw):
            n = struct.unpack(order + 'I', raw[at + 8:at + 12])[0]
            b = bytearray(raw[at + 16:at + 16 + n]); frame(b, link)
            h.write(raw[at:at + 16] + bytes(b)); at += 16 + n

if len(sys.argv) < 3: sys.exit(__doc__)
if os.path.isdir(sys.argv[-1]):
    for f in sys.argv[1:-1]: remap(f, os.path.join(sys.argv[-1], os.path.basename(f)))
else: remap(sys.argv[1], sys.argv[2])
# the table, so that a truth table can be mapped the same way
if os.environ.get('REMAP_TABLE'):
    with open(os.environ['REMAP_TABLE'], 'w') as h:
        for a, b in table.items(): h.write(f'{ipaddress.ip_address(a)}\t{ipaddress.ip_address(b)}\n')
