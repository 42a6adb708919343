# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets and bytes to the packet: over the flows and the accounting line of each capture, and against a bare libpcap loop
(tests/tools/pcap_count.c), malformed ones included, up to where libpcap itself gives up. CAPTURES adds folders."""
import glob, json, os, subprocess, sys

keyfence, source, build = os.environ['KEYFENCE'], os.environ['SOURCE'], os.environ['BUILD']
folders = ['tests/captures', 'tests/captures/other', 'tests/captures/malformed'] + os.environ.get('CAPTURES', '').split()
catalogue = ('--catalogue', os.path.join(source, 'conf/services.d')) # the program may be built anywhere
bad = files = packets = 0

def fail(path, why):
    global bad
    bad += 1
    print(f'{path}: {why}')

def pair(x): return (x['packets'], x['bytes'])
def add(*pairs): return tuple(map(sum, zip(*pairs)))

def check(path):
    global packets
    out = subprocess.run((keyfence, 'flows', *catalogue, '--json', '--quiet', path), capture_output=True, text=True, timeout=300)
    count = subprocess.run((os.path.join(build, 'tests', 'pcap_count'), path), capture_output=True, text=True).stdout.split()
    want = (int(count[0]), int(count[1])) if len(count) >= 2 else (0, 0)
    if out.returncode not in (0, 65): return fail(path, f'exit status {out.returncode}: {out.stderr[-600:]}')
    lines = [json.loads(l) for l in out.stdout.splitlines()]
    flows = [l for l in lines if 'accounting' not in l]
    acc = [l['accounting'] for l in lines if 'accounting' in l]
    if not acc:
        return None if want == (0, 0) else fail(path, f'no accounting, but libpcap reads {want}')
    a = acc[0]
    parts = add(*(pair(a['undecoded'][k]) for k in a['undecoded']), *(pair(a[k]) for k in
                ('no_ports', 'fragment', 'not_unicast', 'duplicate', 'outside', 'tracked')))
    tracked = (sum(f['packets'] for f in flows), sum(f['bytes'] for f in flows))
    packets += want[0]
    if pair(a['offered']) != want: fail(path, f'offered {pair(a["offered"])}, libpcap counts {want}')
    if pair(a['delivered']) != parts: fail(path, f'delivered {pair(a["delivered"])}, its parts {parts}')
    if pair(a['tracked']) != tracked: fail(path, f'tracked {pair(a["tracked"])}, the flows hold {tracked}')

for folder in folders:
    for path in sorted(glob.glob(os.path.join(folder, '*.pcap*'))):
        files += 1
        check(path)
print(f'{files} captures, {packets} packets, {bad} wrong')
sys.exit(bad > 0 or files == 0)
