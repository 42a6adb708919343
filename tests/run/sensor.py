# SPDX-License-Identifier: GPL-3.0-or-later
"""What `check` says of the sensor: captures and sides, outputs, limits of blocks, what it is blind to, in words and as JSON; and
what the kernel of this machine says to it: an interface that is not here, an inside network that `local` lacks."""
import json, os, shutil, subprocess, sys, tempfile

from lib_keyfence import KEYFENCE, SOURCE

HEAD = 'version: 1\nsite: {name: gate, country: TW}\n'
FULL = HEAD + '''mode: %s
fences: available
size: small
capture: [{interface: lo, side: inside}, {interface: kf-none0, side: outside}]
local: [auto, 192.0.2.0/24]
resolvers: [192.0.2.53]
geo: {databases: [{ipfire: geo/geoip}]}
rules: [{name: r, role: key, action: block}]
enforce: {timeout: 15m, reject: false, protect: [198.51.100.1, "2001:db8::/32"], max_blocks: 100, budget: {client: 5/m, blocks: 50/m}}
alerts: {window: 90s, syslog: [{to: "tcp://192.0.2.9:601"}, {to: /dev/log}], json: {file: /var/log/keyfence/events.json}}
'''
WORDS = '''captures, fences available:
  lo              inside
  kf-none0        outside, not on this machine
local: auto, 192.0.2.0/24
resolvers: 192.0.2.53/32
alerts, gathered for 90 s:
  journal
  syslog   tcp://192.0.2.9:601, rfc5424
  syslog   /dev/log, rfc3164
  file     /var/log/keyfence/events.json, json
blocks%s:
  for 900 s, at most 100 at once; 5 a minute for one client, 50 in all
  who is cut off hears nothing
protected: 198.51.100.1/32, 2001:db8::/32
'''
NO_CAPTURE, NO_DATABASE = 'no interface is named under `capture`', 'no database of countries: places'
NAT, STRANGERS, RULES, NOBODY = 'everything is seen behind NAT', 'no public network is `local`', 'no rules', 'no outputs'
SIX = 'no database of countries for IPv6'
DATABASE, RULE = 'geo: {databases: [{ipfire: geo/geoip}]}\n', 'rules: [{name: r, action: alert}]\n'
BLIND = { # what a policy is blind to, all of it, in order
    HEAD: (NO_CAPTURE, NO_DATABASE, RULES),
    HEAD + DATABASE + RULE: (NO_CAPTURE,),
    HEAD + DATABASE + RULE + 'capture: [{interface: lo}]\n': (),
    HEAD + DATABASE + RULE + 'capture: [{interface: lo, side: mirror}]\n': (STRANGERS,),
    HEAD + DATABASE + RULE + 'capture: [{interface: lo, side: mirror}]\nlocal: [192.0.2.0/24]\n': (),
    HEAD + DATABASE + RULE + 'capture: [{interface: lo, side: outside}]\n': (NAT, STRANGERS),
    HEAD + DATABASE + RULE + 'capture: [{interface: lo}]\nalerts: {journal: false}\n': (NOBODY,),
    HEAD + RULE + 'capture: [{interface: lo}]\ngeo: {databases: [{ipfire: four}]}\n': (SIX,),
}
bad = 0

def expect(holds, what):
    global bad
    if not holds:
        bad += 1
        print(f'wrong: {what}')

def check(text, *args, before=(), statuses=(0,)):
    with open('policy.yaml', 'w') as f: f.write(text)
    line = (KEYFENCE, 'check', '-c', 'policy.yaml', '--catalogue', os.path.join(SOURCE, 'conf/services.d'), *args)
    p = subprocess.run((*before, *line), capture_output=True, text=True, timeout=60)
    expect(p.returncode in statuses, f'{text[-200:]}: exit status {p.returncode}: {p.stderr}')
    return p

def words():
    for mode, more in ('enforce', ''), ('observe', ', were the mode enforce'):
        p = check(FULL % mode)
        expect(p.stdout.endswith(WORDS % more), f'in words, {mode}: {p.stdout}')
        expect('warning: policy.yaml: this machine has no interface kf-none0; ' in p.stderr and 'interface lo' not in p.stderr, p.stderr)
        expect('with 1 warning:' in p.stdout, f'the missing interface is counted: {p.stdout[:100]}')
    expect(check(FULL % 'observe', '--quiet').stderr == '', 'quiet')

def as_json():
    told = json.loads(check(FULL % 'enforce', '--json', '--quiet').stdout)
    for key, want in {
        'warnings': 1, 'mode': 'enforce', 'fences': 'available', 'local_auto': True, 'local': ['192.0.2.0/24'], 'resolvers_auto': False,
        'resolvers': ['192.0.2.53/32'], 'window_s': 90, 'protect': ['198.51.100.1/32', '2001:db8::/32'], 'blind': [],
        'captures': [{'interface': 'lo', 'side': 'inside', 'here': True}, {'interface': 'kf-none0', 'side': 'outside', 'here': False}],
        'outputs': [{'kind': 'journal', 'target': None, 'format': None},
                    {'kind': 'syslog', 'target': 'tcp://192.0.2.9:601', 'format': 'rfc5424'},
                    {'kind': 'syslog', 'target': '/dev/log', 'format': 'rfc3164'},
                    {'kind': 'file', 'target': '/var/log/keyfence/events.json', 'format': 'json'}],
        'blocks': {'timeout_s': 900, 'reject': False, 'max_blocks': 100, 'budget_a_minute': {'client': 5, 'blocks': 50}},
    }.items():
        expect(told.get(key) == want, f'{key}: {told.get(key)}')
    told = json.loads(check(HEAD, '--json', '--quiet').stdout)
    expect(told['captures'] == told['outputs'] == told['protect'] == [] and told['blocks'] is None and told['local_auto'], str(told))

def blind():
    for text, want in BLIND.items():
        told = json.loads(check(text, '--json', '--quiet').stdout)['blind']
        expect(len(told) == len(want) and all(t.startswith(w) for t, w in zip(told, want)), f'{text}: {told}')
        out = check(text).stdout
        expect([l for l in out.partition('blind:\n')[2].splitlines()] == [f'  {t}' for t in told], f'in words: {out}')

def on_a_gateway():
    """A machine of our own, whose loopback has networks of the outside world."""
    alone = ('unshare', '-rn', 'sh', '-c', 'ip link set lo up && ip addr add 192.0.2.1/24 dev lo && ip addr add 10.1.2.3/8 dev lo && exec "$@"', 'sh')
    if not shutil.which('unshare') or not shutil.which('ip') or subprocess.run((*alone, 'true'), capture_output=True).returncode:
        print('no network namespace can be made here: an inside network that `local` lacks is not tried')
        return
    policy = HEAD + DATABASE + RULE + 'capture: [{interface: lo, side: %s}]\nlocal: [%s]\n'
    p = check(policy % ('inside', '198.51.100.0/24'), before=alone, statuses=(78,))
    expect(p.stderr == 'policy.yaml:6:8: `local` lacks 192.0.2.0/24, which is on the inside interface lo; auto or that prefix would be right\n',
           f'a network that local lacks: {p.stderr}')
    for side, local in ('inside', 'auto'), ('inside', '192.0.0.0/16, 10.0.0.0/8'), ('mirror', '198.51.100.0/24'), ('outside', '198.51.100.0/24'):
        expect('lacks' not in check(policy % (side, local), before=alone).stderr, f'{side} {local}')
    p = check(policy % ('inside', '192.0.2.0/24'), before=alone)
    expect(p.stderr == 'warning: policy.yaml:6:8: `local` lacks 10.0.0.0/8, which is on the inside interface lo; auto or that prefix would be '
           'right\n', f'a private network that local lacks: {p.stderr}')
    local = json.loads(check(policy % ('inside', 'auto'), '--json', '--quiet', before=alone).stdout)['local']
    expect(sorted(local) == ['10.0.0.0/8', '192.0.2.0/24'], f'auto: {local}')

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    shutil.copytree(os.path.join(SOURCE, 'tests/data'), 'geo')
    shutil.copy('geo/geoip', 'four')
    for test in words, as_json, blind, on_a_gateway: test()
    os.chdir('/')
print(f'{bad} wrong')
sys.exit(bad > 0)
