# SPDX-License-Identifier: GPL-3.0-or-later
"""What `keyfence flows --json` recognises in a capture of gen-mix (README.md), held against what gen-mix wrote, which the
capture itself tells: by ports its three kinds of media, by the ClientHello the names. 1 if a flow was missed or is false.

    check_mix.py PROGRAM CAPTURE [ARGUMENTS OF flows...]
"""
import collections, ipaddress, json, struct, subprocess, sys

ENOUGH = 25 # packets of a media flow; shorter ones only began when the capture ended
NAMES = {'us04web.zoom.us': 'zoom', 'zoomfr204mmr.cloud.zoom.us': 'zoom', 'teams.microsoft.com': 'teams',
         'meet.google.com': 'meet', 'global-sfu.webex.com': 'webex', 'meet.jit.si': None} # None: if the catalogue has it

def packets(path):
    """(client, port, server, port, protocol, payload, sent by client) of each packet; clients are in private space."""
    raw, at = open(path, 'rb').read(), 24
    assert raw[:4] == b'\xd4\xc3\xb2\xa1', 'gen-mix writes little-endian pcap'
    while at + 16 <= len(raw):
        n = struct.unpack_from('<I', raw, at + 8)[0]
        frame = raw[at + 16:at + 16 + n]
        at += 16 + n
        v6 = frame[12:14] == b'\x86\xdd'
        proto, ends, l4 = (frame[20], frame[22:54], 54) if v6 else (frame[23], frame[26:34], 34)
        a, b = ends[:len(ends) // 2], ends[len(ends) // 2:]
        from_port, to_port = struct.unpack_from('>HH', frame, l4)
        payload = frame[l4 + (8 if proto == 17 else 20):]
        up = from_port >= 32768 and (to_port < 32768 or a[:1] in (b'\x0a', b'\xfd'))
        yield ((a, from_port, b, to_port) if up else (b, to_port, a, from_port)) + (proto, payload, up)

def sni(hello):
    """The host name of a ClientHello; None if there is none."""
    if len(hello) < 44 or hello[0] != 22 or hello[5] != 1: return None
    at = 43 + 1 + hello[43]
    at += 2 + struct.unpack_from('>H', hello, at)[0]
    at += 1 + hello[at] + 2
    while at + 9 <= len(hello):
        kind, n = struct.unpack_from('>HH', hello, at)
        if kind == 0: return hello[at + 9:at + 4 + n].decode()
        at += 4 + n
    return None

def written(path):
    """flow -> what it is and which services it may be said to be."""
    counts, flows = collections.Counter(), {}
    for client, client_port, server, port, proto, payload, up in packets(path):
        key = (client, client_port, server, port, proto)
        counts[key] += 1
        if proto == 17 and 8801 <= port <= 8810: flows[key] = ('zoom-like media', {'zoom'})
        elif proto == 17 and 3478 <= port <= 3481: flows[key] = ('RTP on the ports of TURN', {'unknown'})
        elif proto == 17 and port == 19305: flows[key] = ('RTP after STUN', {'unknown', 'meet'})
        elif proto == 17 and port == 443: flows[key] = ('QUIC', None) # its names are encrypted here
        elif proto == 6 and up and sni(payload) is not None:
            name = sni(payload)
            known = {NAMES[name]} if name in NAMES and NAMES[name] else {None, 'jitsi'} if name in NAMES else {None}
            flows[key] = ('TLS to ' + (name if name in NAMES else 'others'), known)
        else: flows.setdefault(key, ('other', {None}))
    return counts, flows

def recognised(program, path, more):
    p = subprocess.run([program, 'flows', '--json', '--quiet', *more, path], capture_output=True, text=True)
    if p.returncode not in (0, 1): sys.exit(p.stderr)
    lines = (json.loads(l) for l in p.stdout.splitlines())
    return {(ipaddress.ip_address(j['client']).packed, j['client_port'], ipaddress.ip_address(j['server']).packed, j['server_port'],
             {'udp': 17, 'tcp': 6}[j['proto']]): j for j in lines if 'accounting' not in j}

def main():
    if len(sys.argv) < 3: sys.exit(__doc__)
    counts, wrote = written(sys.argv[2])
    told = recognised(sys.argv[1], sys.argv[2], sys.argv[3:])
    rows, bad = collections.defaultdict(collections.Counter), 0
    for key, (what, services) in wrote.items():
        j = told.get(key)
        media = 'media' in what or 'RTP' in what
        if j is None: verdict = 'not listed'
        elif media and counts[key] < ENOUGH: verdict = 'too short'
        elif services is None: verdict = 'told' if j['service'] else 'not told'
        elif j['service'] not in services: verdict = 'false' if j['service'] else 'missed'
        else: verdict = 'right' if not media or ('media' in j['roles'] and j['stage'] == 'used') else 'without media'
        if j is not None and counts[key] != j['packets']: verdict = 'miscounted'
        rows[what][verdict] += 1
        bad += verdict in ('not listed', 'missed', 'false', 'without media', 'miscounted')
    extra = sum(key not in wrote for key in told)
    for what, verdicts in sorted(rows.items()):
        print(f'{what:38}', ', '.join(f'{n} {v}' for v, n in sorted(verdicts.items())))
    print(f'{len(wrote)} flows written, {bad} wrong, {extra} told that were not written')
    sys.exit(bad + extra > 0)

main()
