# SPDX-License-Identifier: GPL-3.0-or-later
"""Every bad policy in bad_policies/ is refused with exactly the mistakes that its last lines tell (as line:column: text), with
status 78, whatever verb reads it; and so are those that would not do as files kept here: large, deep, binary ones. Each within a
second of work and bounded memory."""
import glob, os, resource, subprocess, sys, tempfile

from lib_keyfence import KEYFENCE, SOURCE

SANITIZED = not os.path.exists(os.path.join(os.environ['BUILD'], 'tests/libcount_allocations.so'))
WORK_S, MEMORY = (10, None) if SANITIZED else (1, 1 << 30)
PEAK_KB = 600000 if SANITIZED else 150000
CATALOGUE = os.path.join(SOURCE, 'conf/services.d')
bad = policies = 0

def fail(name, why):
    global bad
    bad += 1
    print(f'{name}: {why}')

def work():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime

def limit():
    if MEMORY: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

def check(path, expected, status=78, verb=('check',)):
    """Run once; expected are parts of the lines told, in order, and as many."""
    global policies
    policies += 1
    name, before = os.path.basename(path), work()
    p = subprocess.run((KEYFENCE, *verb, '--quiet', '--catalogue', CATALOGUE, '-c', name), capture_output=True, timeout=120,
                       cwd=os.path.dirname(path), preexec_fn=limit)
    lines = p.stderr.decode('ascii').splitlines() # nothing from the file may come out raw
    if p.returncode != status: fail(name, f'exit status {p.returncode}')
    if p.stdout: fail(name, f'standard output: {p.stdout[:200]}')
    if len(lines) != len(expected): fail(name, f'{len(lines)} lines instead of {len(expected)}: {lines[:4]}')
    for line, want in zip(lines, expected):
        if not line.startswith(want if want.startswith('and ') else f'{name}:{want}'): fail(name, f'told: {line[:200]}\n  wanted: {want}')
    if work() - before > WORK_S: fail(name, f'{work() - before:.1f} s of work')

def kept():
    for path in sorted(glob.glob(os.path.join(SOURCE, 'tests/run/bad_policies/*.yaml'))):
        expected = [l[2:].rstrip('\n') for l in open(path) if l.startswith('# ')]
        if not expected: fail(path, 'tells no mistake')
        check(path, expected)
        check(path, expected, verb=('replay', os.path.join(SOURCE, 'tests/captures/seed.pcap')))

def made(folder):
    def policy(name, data, *expected, status=78, size=None):
        path = os.path.join(folder, name)
        with open(path, 'wb') as f:
            f.write(data)
            if size: f.truncate(size)
        check(path, expected, status)
    policy('empty', b'', '1:1: the file is empty')
    policy('blank', b'# nothing\n\n', '1:1: the file is empty')
    policy('utf16', 'version: 1\n'.encode('utf-16'), '1:1: no YAML: invalid leading UTF-8 octet; plain UTF-8 text')
    policy('latin1', b'version: 1\nsite: {name: caf\xe9}\n', '2:18: no YAML: invalid trailing UTF-8 octet')
    policy('nul', b'version: 1\nsite: {name: "a\0b"}\n', '2:16: no YAML: control characters are not allowed')
    policy('escape', b'version: 1\nsite: {name: "\\e[2J\\u202e"}\n', '2:14: `')
    policy('binary', bytes(range(256)) * 64, '1:1: no YAML: control characters')
    policy('capture', open(os.path.join(SOURCE, 'tests/captures/seed.pcap'), 'rb').read(), '1:2: no YAML')
    policy('deep_list', b'version: 1\nregions: ' + b'[' * 200000, '2:41: nested deeper than 32')
    policy('deep_map', b'version: 1\nrules: ' + b'{a: ' * 200000, '2:132: nested deeper than 32')
    laughs = b''.join(b'%c: &%c [*%c, *%c]\n' % (c, c, c - 1, c - 1) for c in range(98, 110))
    policy('billion_laughs', b'version: 1\na: &a [x]\n' + laughs, '2:4: the anchor `&a`', *(
           f'{3 + i}:{at}: the {what} `' for i in range(12) for at, what in ((4, 'anchor'), (8, 'alias'), (12, 'alias'))))
    policy('long_key', b'version: 1\n' + b'k' * 100000 + b': 1\n', '2:100001: no YAML: while scanning a simple key')
    policy('long_line', b'version: 1\nsite: {name: ' + b'n' * 2000000 + b'}\n', '2:14: `nnn')
    policy('many_keys', b'version: 1\n' + b''.join(b'k%d: 1\n' % i for i in range(20000)), *(
           f'{2 + i}:1: unknown key `k{i}`' for i in range(64)), 'and 19936 more mistakes')
    policy('9_MB', b'version: 1\n' + b'# a comment that fills the file\n' * 300000, ' the policy is larger than 8 MB')
    policy('100_MB', b'version: 1\n', ' the policy is larger than 8 MB', size=100 << 20)
    policy('8_MB_of_list', b'version: 1\nlocal: [' + b'auto, ' * 1300000 + b']\n', '2:2999979: more than 500000 values')

kept()
with tempfile.TemporaryDirectory() as folder: made(folder)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
if peak > PEAK_KB: fail('memory', f'{peak} kB at most')
print(f'{policies} runs, {bad} wrong, at most {peak} kB')
sys.exit(bad > 0)
