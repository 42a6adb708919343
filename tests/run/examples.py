# SPDX-License-Identifier: GPL-3.0-or-later
"""Each policy in conf/examples is sound over the small cuts of tests/data, says what its kind of user needs, hides no rule and
judges the captures; so does conf/keyfence.yaml with everything in it that is commented out."""
import glob, json, os, re, shutil, subprocess, sys, tempfile

from lib_keyfence import KEYFENCE, SOURCE

CONF = os.path.join(SOURCE, 'conf')
PLACES = ('/usr/share/tor', '/var/lib/keyfence/geo') # where the examples look for databases
SEED = os.path.join(SOURCE, 'tests/captures/seed.pcap')
WANTED = { # of `check --json`
    'agency': {'mode': 'observe', 'size': 'medium', 'sides': {'inside'}, 'outputs': ['syslog', 'syslog'], 'blocks': True, 'violated': True},
    'school': {'mode': 'observe', 'size': 'small', 'sides': {'mirror'}, 'outputs': ['journal'], 'blocks': False, 'violated': True},
    'soc': {'mode': 'observe', 'size': 'large', 'sides': {'mirror'}, 'outputs': ['syslog', 'file'], 'blocks': False, 'violated': True},
}
OPTIONAL = re.compile(r'^# (?:capture|fences|exceptions|alerts|enforce):.*\n(?:#  .*\n)*', re.M)
bad = 0

def expect(holds, what):
    global bad
    if not holds:
        bad += 1
        print(f'wrong: {what}')

def here(text, folder):
    for place in PLACES: text = text.replace(place, os.path.join(folder, 'geo'))
    return text

def run(verb, path, *args):
    return subprocess.run((KEYFENCE, verb, '-c', path, '--catalogue', os.path.join(CONF, 'services.d'), *args), capture_output=True,
                          text=True, timeout=120)

def check(name, text, folder):
    """What `check --json` says of a sound policy."""
    path = os.path.join(folder, f'{name}.yaml')
    with open(path, 'w') as f: f.write(here(text, folder))
    p = run('check', path, '--json')
    expect(p.returncode == 0, f'{name}: exit status {p.returncode}\n{p.stderr}')
    for line in p.stderr.splitlines(): # an old database, and interfaces that are not here, are no fault of the policy
        expect('this machine has no interface' in line or 'max_age' in line, f'{name}: {line}')
    return json.loads(p.stdout) if p.returncode == 0 else None

def examples(folder):
    found = {os.path.basename(p)[:-5]: open(p).read() for p in glob.glob(os.path.join(CONF, 'examples/*.yaml'))}
    expect(found.keys() == WANTED.keys(), f'examples: {sorted(found)}')
    for name, text in found.items():
        told = check(name, text, folder)
        if told is None: continue
        for key, want in WANTED[name].items():
            got = {'sides': {c['side'] for c in told['captures']}, 'outputs': [o['kind'] for o in told['outputs']],
                   'blocks': told['blocks'] is not None,
                   'violated': run('replay', os.path.join(folder, f'{name}.yaml'), SEED).returncode == 1}.get(key, told.get(key))
            expect(got == want, f'{name}: {key} is {got}, not {want}')
        expect(told['blind'] == [], f'{name}: is blind: {told["blind"]}')
        expect(not re.search(r'[^\x00-\x7f]|.{121}', text), f'{name}: plain text, lines of at most 120 characters')

def enforcing(folder):
    """What the agency is told to change is one word."""
    text = open(os.path.join(CONF, 'examples/agency.yaml')).read()
    told = check('enforcing', text.replace('\nmode: observe\n', '\nmode: enforce\n'), folder)
    modes = {r['rule']: r['mode'] for r in told['rules']} if told else {}
    expect(modes.get('keys-never') == 'enforce' and modes.get('keys-friends') == 'observe', f'enforcing: {modes}')

def sample(folder):
    text = open(os.path.join(CONF, 'keyfence.yaml')).read()
    bare = check('sample', text, folder)
    expect(bare and bare['captures'] == [] and bare['outputs'] == [] and bare['blocks'] is None, 'the sample needs no daemon')
    whole, blocks = OPTIONAL.subn(lambda m: re.sub('^# ', '', m.group(), flags=re.M), text)
    expect(blocks == 5, f'the sample: {blocks} blocks stand in comments')
    told = check('whole', whole.replace('\nmode: observe', '\nmode: enforce'), folder)
    expect(told and len(told['captures']) == 1 and [o['kind'] for o in told['outputs']] == ['journal', 'syslog', 'syslog', 'file'] and
           told['blocks'] and told['exceptions'] == 1 and told['protect'] == ['192.0.2.1/32'], f'the sample with all its blocks: {told}')

with tempfile.TemporaryDirectory() as folder:
    shutil.copytree(os.path.join(SOURCE, 'tests/data'), os.path.join(folder, 'geo'))
    os.symlink(os.path.join(CONF, 'tables'), os.path.join(folder, 'tables'))
    for test in examples, enforcing, sample: test(folder)
print(f'{len(WANTED) + 3} policies, {bad} wrong')
sys.exit(bad > 0)
