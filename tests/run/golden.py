# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kept captures come to under the sample policy, whole, against tests/replay: NAME.events (replay --json), NAME.text
(replay), NAME.meetings (meetings) and NAME.flows (flows --json, shortened to one line a flow). `golden.py --refresh` writes them
anew, for `git diff` and a reader; only the book's hash is left out, since it names the catalogue and not the traffic."""
import difflib, json, os, re, sys

from lib_keyfence import SOURCE, keyfence, sample_policy

NAMES = ('seed.pcap', 'zoom.pcap', 'teams.pcap', 'webex.pcap', 'stun_google_meet.pcapng', 'zoom_p2p.pcapng', 'stun_dtls_rtp.pcapng',
         'skype-conference-call.pcap')
refresh = '--refresh' in sys.argv[1:]
bad = 0

def some(*values): return [str(v) for v in values if v not in (None, '', [])]
def both(values): return '+'.join(values) or '-'

def flow_line(f):
    """The fields of one flow that matter, in the order in which one asks."""
    if 'accounting' in f:
        a = f['accounting']
        return 'accounting ' + json.dumps({k: a[k] for k in ('offered', 'tracked', 'dns')}, separators=(',', ':'))
    line = [f['proto'], f'{f["client"]}:{f["client_port"]}', f'{f["server"]}:{f["server_port"]}', f'{f["packets"]}p', f'{f["bytes"]}B']
    if f['service'] is None: return ' '.join(line + ['-'])
    line += ['/'.join(some(f['service'], f['component'])), both(f['roles']), f['stage'], *some(f['path'])]
    if f['key_basis']: line.append('keys=' + both(f['key_basis']))
    if f['media']: line.append('media=' + both(f['media']))
    if f['peer']: line.append('peer=' + f['peer'])
    if f['name']: line.append('name=' + f['name'])
    line += [f'{f["strength"]}({both(f["evidence"])})', '|'.join(f['candidates']) or '??', f['certainty'], f['verdict'], *some(f['rule'])]
    return ' '.join(line)

def stable(text): return re.sub(r'("version":)"[0-9a-f]{16}"', r'\1"BOOK"', text)

def forms(capture):
    """Each form of one capture. Run where the policy is, so that nobody's folder is named."""
    def run(verb, *options):
        return stable(keyfence(verb, '-c', 'keyfence.yaml', *options, capture, cwd=folder).stdout)
    yield 'events', run('replay', '--json')
    yield 'text', run('replay')
    yield 'meetings', run('meetings')
    yield 'flows', ''.join(flow_line(json.loads(l)) + '\n' for l in run('flows', '--json').splitlines())

def hold(path, got):
    """Compare, or write."""
    global bad
    want = open(path).read() if os.path.exists(path) else ''
    if got == want: return
    if refresh: open(path, 'w').write(got)
    else: bad += 1
    name = os.path.relpath(path, SOURCE)
    lines = list(difflib.unified_diff(want.splitlines(), got.splitlines(), name, name + ' now', lineterm='', n=0))
    print(f'{name} written' if refresh else '\n'.join(l[:400] for l in lines[:40]))

with sample_policy() as policy:
    folder = os.path.dirname(policy)
    for name in NAMES:
        for form, got in forms(os.path.join(SOURCE, 'tests/captures', name)):
            hold(os.path.join(SOURCE, 'tests/replay', f'{name.split(".")[0]}.{form}'), got)
print(f'{len(NAMES)} captures, {bad} forms differ')
sys.exit(bad > 0)
