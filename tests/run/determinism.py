# SPDX-License-Identifier: GPL-3.0-or-later
"""Two replays give the same bytes, and so does one with every capture cut in two files; flows alike but for the names of
the files. CAPTURES adds folders."""
import glob, json, os, struct, sys, tempfile

from lib_keyfence import keyfence, sample_policy

folders = ['tests/captures'] + os.environ.get('CAPTURES', '').split()
bad = files = events = 0

def run(verb, *paths):
    return keyfence(verb, '-c', policy, '--json', '--quiet', *paths, statuses=(0, 1, 65)).stdout

def cut(path, folder):
    """A classic pcap in two files; None if it is another form, or broken."""
    raw = open(path, 'rb').read()
    if raw[:4] not in (b'\xd4\xc3\xb2\xa1', b'\xa1\xb2\xc3\xd4'): return None
    order, at, ends, stamps = '<' if raw[:1] == b'\xd4' else '>', 24, [], []
    while at + 16 <= len(raw):
        stamps.append(struct.unpack(order + 'II', raw[at:at + 8]))
        at += 16 + struct.unpack(order + 'I', raw[at + 8:at + 12])[0]
        ends.append(at)
    if not ends or ends[-1] != len(raw): return None
    half = len(ends) // 2
    if half > 0 and stamps[half] < max(stamps[:half]): return None  # a file that begins earlier starts anew: that is the rule
    middle = ends[len(ends) // 2 - 1] if len(ends) > 1 else 24
    parts = [os.path.join(folder, n) for n in ('a.pcap', 'b.pcap')]
    for p, b in zip(parts, (raw[:middle], raw[:24] + raw[middle:])): open(p, 'wb').write(b)
    return parts

def flows(out):
    keep = []
    for l in out.splitlines():
        j = json.loads(l)
        if 'accounting' not in j: j.pop('file'); keep.append(j)
    return keep

with sample_policy() as policy:
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, '*.pcap*'))):
            files += 1
            once = run('replay', path)
            events += once.count('\n')
            if once != run('replay', path): bad += 1; print(f'{path}: two replays differ')
            with tempfile.TemporaryDirectory() as dir:
                parts = cut(path, dir)
                if parts is None: continue
                if once != run('replay', *parts): bad += 1; print(f'{path}: cut in two, the events differ')
                if flows(run('flows', path)) != flows(run('flows', *parts)): bad += 1; print(f'{path}: cut in two, the flows differ')
print(f'{files} captures, {events} events, {bad} wrong')
sys.exit(bad > 0 or files == 0 or events == 0)
