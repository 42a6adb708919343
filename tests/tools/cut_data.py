#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""cut_data.py AWS.json AZURE.json GEOIP GEOIP6: makes the small cuts in tests/data from the full lists: what holds an address of
a capture in tests/captures (or of ADDRESSES below), and one prefix of each region, so that every region's name is tried.
Needs tshark to list the captures' addresses."""
import bisect, glob, ipaddress, json, subprocess, sys

ADDRESSES = '52.81.151.250 54.190.137.104 54.190.140.21 3.7.35.1 170.114.1.1 52.112.0.1 74.125.250.1 66.114.160.1 168.95.1.1 2001:b000::1 ' \
            '103.122.166.1 206.247.87.213 109.94.160.99 2001:4860:4864:5::1 2603:1063::1'.split()

def seen():
    found = {ipaddress.ip_address(a) for a in ADDRESSES}
    for f in glob.glob('tests/captures/*.pcap*'):
        out = subprocess.run(('tshark', '-r', f, '-T', 'fields', '-e', 'ip.src', '-e', 'ip.dst', '-e', 'ipv6.src', '-e', 'ipv6.dst', '-E', 'occurrence=a'),
                             capture_output=True, text=True).stdout
        for word in out.replace(',', ' ').split():
            found.add(ipaddress.ip_address(word))
    return [a for a in found if a.is_global]

def holds(prefix, addresses):
    n = ipaddress.ip_network(prefix)
    return any(a.version == n.version and a in n for a in addresses)

def cut_aws(path, addresses):
    full = json.load(open(path)); once = set()
    def keep(p, key):
        first = p['region'] not in once
        once.add(p['region'])
        return first or holds(p[key], addresses)
    cut = {'syncToken': full['syncToken'], 'createDate': full['createDate'],
           'prefixes': [p for p in full['prefixes'] if keep(p, 'ip_prefix')],
           'ipv6_prefixes': [p for p in full['ipv6_prefixes'] if keep(p, 'ipv6_prefix')]}
    json.dump(cut, open('tests/data/aws-ip-ranges.json', 'w'), indent=0)

def cut_azure(path, addresses):
    full = json.load(open(path)); values = []; once = set()
    for v in full['values']:
        region = v['properties']['region']
        kept = [p for p in v['properties']['addressPrefixes'] if holds(p, addresses)]
        if not kept and region not in once: kept = v['properties']['addressPrefixes'][:1]
        once.add(region)
        if kept: values.append({**v, 'properties': {**v['properties'], 'addressPrefixes': kept}})
    json.dump({**full, 'values': values}, open('tests/data/azure-ip-ranges.json', 'w'), indent=0)

def cut_text(path, out, version, addresses):
    head, rows = [], []
    for line in open(path):
        if line.startswith('#'): head.append(line); continue
        a, b, c = line.strip().split(',')
        rows.append((int(a) if version == 4 else int(ipaddress.ip_address(a)), line))
    starts, keep = [r[0] for r in rows], set()
    for a in addresses:
        if a.version == version:
            i = bisect.bisect_right(starts, int(a)) - 1
            keep |= {n for n in (i - 1, i, i + 1) if 0 <= n < len(rows)}
    with open(out, 'w') as h:
        h.writelines(head)
        h.writelines(rows[i][1] for i in sorted(keep))

addresses = seen()
cut_aws(sys.argv[1], addresses); cut_azure(sys.argv[2], addresses)
cut_text(sys.argv[3], 'tests/data/geoip', 4, addresses); cut_text(sys.argv[4], 'tests/data/geoip6', 6, addresses)
print(f'{len(addresses)} addresses')
