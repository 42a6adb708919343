# SPDX-License-Identifier: GPL-3.0-or-later
"""Captures without a meeting that breaks the sample policy give no alert: games, mesh VPNs, WireGuard, file sharing, tunnels.
A notice that a place could not be located is an alert neither, but only a conferencing flow may have one. CAPTURES adds folders,
and then files whose name stands in CAPTURES_ALERT may alert."""
import glob, json, os, sys

from lib_keyfence import SOURCE, keyfence, sample_policy

folders = [os.path.join(SOURCE, 'tests/captures/other')] + os.environ.get('CAPTURES', '').split()
may = os.environ.get('CAPTURES_ALERT', '').split()
bad = files = flows = 0

def fail(path, why):
    global bad
    bad += 1
    print(f'{path}: {why}')

def check(path):
    """One capture; returns how many flows it has."""
    run = keyfence('replay', '-c', policy, '--json', '--quiet', path)
    told = [json.loads(l) for l in run.stdout.splitlines()]
    for e in told:
        if e['event']['code'] != 'LOC_NONE': fail(path, f'alert: {e["message"]}')
    if run.returncode != 0: fail(path, f'exit status {run.returncode}')
    lines = [json.loads(l) for l in keyfence('flows', '-c', policy, '--json', '--quiet', path).stdout.splitlines()]
    known = {(f['client'], f['service']) for f in lines if f.get('service')}
    for e in told:
        if (e['source']['ip'], e['network']['application']) not in known: fail(path, f'a notice of no conferencing flow: {e["message"]}')
    return len(lines) - 1

with sample_policy() as policy:
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, '*.pcap*'))):
            if os.path.basename(path) in may: continue
            files += 1
            flows += check(path)
print(f'{files} captures, {flows} flows, {bad} wrong')
sys.exit(bad > 0 or files == 0 or flows == 0)
