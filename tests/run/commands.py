# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: exit statuses and the first words of what is said, standard input, several captures at once, colour, JSON
everywhere, and a standard output that cannot be written."""
import json, os, pty, re, shutil, struct, subprocess, sys, tempfile, time

from lib_keyfence import KEYFENCE, SOURCE, sample_policy

CAPTURES = os.path.join(SOURCE, 'tests/captures')
SEED, ZOOM = (os.path.join(CAPTURES, n) for n in ('seed.pcap', 'zoom.pcap'))
CATALOGUE = ('--catalogue', os.path.join(SOURCE, 'conf/services.d'))
bad = runs = 0

def fail(what, why):
    global bad
    bad += 1
    print(f'{what}: {why}')

def whole(args):
    """Without a policy the catalogue is looked for beside the program, which may be built anywhere."""
    return (*args, *CATALOGUE) if args and args[0] in ('flows', 'meetings', 'locate') and '-c' not in args else args

def run(*args, **more):
    global runs
    runs += 1
    more = {'stdout': subprocess.PIPE, 'stdin': subprocess.DEVNULL, **more}
    return subprocess.run((KEYFENCE, *whole(args)), stderr=subprocess.PIPE, text=True, timeout=120, **more)

def says(status, part, *args, **more):
    """Exit status, and what standard error says somewhere."""
    p = run(*args, **more)
    if p.returncode != status: fail(args, f'exit status {p.returncode} instead of {status}: {p.stderr[-300:]}')
    if part not in p.stderr: fail(args, f'does not say "{part}": {p.stderr[:300]}')
    if status == 64 and p.stdout: fail(args, f'usage on standard output: {p.stdout[:100]}')

def usage():
    says(64, 'usage: keyfence VERB')
    says(64, 'frob is no verb; `keyfence help` lists them', 'frob')
    says(64, "keyfence: unrecognized option '--frob'", 'check', '--frob')
    says(64, 'requires an argument', 'check', '-c')
    says(64, 'help: frob is no verb', 'help', 'frob')
    says(64, 'takes no argument', 'version', 'x')
    says(64, 'takes no argument', 'check', '-c', policy, 'x')
    for verb in ('replay', 'flows', 'meetings', 'explain'): says(64, f'{verb}: name a capture', verb, '-c', policy)
    says(64, 'locate: name an address', 'locate', '-c', policy)
    says(64, '192.0.2.256 is no IP address', 'locate', '-c', policy, '192.0.2.256')
    says(64, 'which - does not allow', 'explain', '-c', policy, '-')

def input_output(folder):
    fifo, none = os.path.join(folder, 'fifo'), os.path.join(folder, 'none')
    os.mkfifo(fifo)
    for verb in ('replay', 'flows', 'meetings', 'explain'):
        says(74, none, verb, '-c', policy, none)
        says(74, folder, verb, '-c', policy, folder)
    for path in (none, folder, fifo, '/dev/null'):
        says(74, f'{path}: ', 'check', '-c', path)
        says(74, f'{path}: ', 'replay', '-c', path, SEED)
    with open('/dev/full', 'w') as full:
        for args in (('help',), ('version',), ('check', '-c', policy), ('flows', SEED), ('replay', '-c', policy, '--json', SEED),
                     ('explain', '-c', policy, '--json', ZOOM), ('locate', '-c', policy, '192.0.2.1')):
            says(74, 'standard output: ', *args, stdout=full)
            closed = run(*args, stdout=None, preexec_fn=lambda: os.close(1))
            if closed.returncode != 74: fail(args, f'standard output closed: exit status {closed.returncode}')

def data(folder):
    def made(name, bytes):
        path = os.path.join(folder, name)
        open(path, 'wb').write(bytes)
        return path
    seed = open(SEED, 'rb').read()
    for name, bytes in (('empty.pcap', b''), ('text.pcap', b'no capture at all, but text\n' * 9), ('head.pcap', seed[:20])):
        for verb in ('replay', 'flows', 'meetings', 'explain'): says(65, name, verb, '-c', policy, made(name, bytes))
    p = run('flows', '--json', made('cut.pcap', seed[:-7])) # what came before the end is told all the same
    if p.returncode != 65 or '"service":"zoom"' not in p.stdout: fail('cut.pcap', f'exit status {p.returncode}, {p.stdout[:80]}')
    p = run('flows', '--json', made('text.pcap', b'text'), SEED)
    if p.returncode != 65 or '"service":"zoom"' not in p.stdout: fail('a bad capture before a good one', p.stderr)
    says(65, 'db.mmdb', 'locate', '--country-db', made('db.mmdb', b'no database' * 99), '192.0.2.1')
    says(74, 'none', 'locate', '--country-db', os.path.join(folder, 'none'), '192.0.2.1')

def rule(text):
    return f'version: 1\nsite: {{name: gw1, country: TW}}\nlocal: [auto]\ngeo: {{databases: [{{ipfire: geo/geoip}}]}}\n{text}'

def warnings(folder):
    """Warnings are told, are counted, change no exit status, and --quiet leaves them out."""
    path = os.path.join(folder, 'hidden.yaml')
    shutil.copytree(os.path.join(os.path.dirname(policy), 'geo'), os.path.join(folder, 'geo'))
    open(path, 'w').write(rule('rules:\n  - {name: all, action: alert}\n  - {name: keys, role: key, action: block}\n'))
    says(0, 'hidden.yaml:7:', 'check', *CATALOGUE, '-c', path)
    p = run('check', '--json', '--quiet', *CATALOGUE, '-c', path)
    if p.stderr or json.loads(p.stdout)['warnings'] != 1: fail('a hidden rule', p.stdout + p.stderr)
    open(path, 'w').write('version: 1\nrules: block\n')
    p = run('check', '--json', *CATALOGUE, '-c', path)
    told = json.loads(p.stdout)
    if p.returncode != 78 or told['sound'] or told['mistakes'] != 1: fail('a mistake in JSON', p.stdout)
    if p.stderr.count('\n') != 1: fail('one mistake', f'is told with more: {p.stderr}')

def violations():
    """Of captures with and without a broken rule."""
    for verb in ('replay', 'flows', 'explain'):
        says(1, '', verb, '-c', policy, SEED)
        says(0, '', verb, '-c', policy, ZOOM)
        says(1, '', verb, '-c', policy, ZOOM, SEED)
    says(0, '', 'meetings', '-c', policy, SEED)
    says(0, '', 'flows', SEED)

def objects(*args):
    """The JSON objects that a run prints, and nothing else."""
    p = run(*args, '--json', '--quiet')
    if p.returncode not in (0, 1) or p.stderr: fail(args, f'--json: exit status {p.returncode}, {p.stderr[:200]}')
    return [json.loads(l) for l in p.stdout.splitlines()]

def json_everywhere():
    for args in (('check', '-c', policy), ('replay', '-c', policy, SEED), ('flows', SEED), ('flows', '-c', policy, SEED),
                 ('meetings', SEED), ('explain', '-c', policy, SEED), ('locate', '-c', policy, '192.0.2.1', '2001:db8::1'),
                 ('version',), ('help',), ('help', 'replay')):
        if not objects(*args): fail(args, 'no JSON')
    told = {o['server']: o for o in objects('explain', '-c', policy, SEED)}['52.81.151.250']
    matched = [r['rule'] for r in told['rules'] if r['matched']]
    kinds = [s['kind'] for s in told['located'][0]['sources'] if s['says'] == 'CN' and s['counted']]
    if matched != ['keys-never'] or kinds != ['provider', 'database']: fail('explain --json', str(told)[:400])
    if [n['service'] for n in told['names']] != ['zoom'] or told['verdict'] != 'block': fail('explain --json', 'name or verdict')
    for o in objects('explain', '-c', policy, os.path.join(CAPTURES, 'teams.pcap')):
        for steps in ([json.dumps(s) for s in o[k]] for k in ('findings', 'names', 'framings', 'prefixes')):
            if len(set(steps)) != len(steps): fail('explain --json', f'a step told twice: {steps}')
    if len(objects('explain', '-c', policy, ZOOM, SEED, '192.168.77.23')) != 3: fail('explain', 'one client has three flows')
    sound = objects('check', '-c', policy)[0]
    if [r['rule'] for r in sound['rules']] != ['keys-never', 'keys-friends', 'media-friends']: fail('check --json', 'rules')
    if {s['service'] for s in sound['services']} < {'meet', 'teams', 'webex', 'zoom'}: fail('check --json', 'services')
    if not all(s['built'] and s['ranges'] for s in sound['sources']): fail('check --json', f'sources: {sound["sources"]}')
    where = objects('locate', '-c', policy, '52.81.151.250')[0]
    if where['country'] != 'CN' or where['certainty'] != 'confirmed': fail('locate --json', str(where)[:300])

def helps():
    for verb in [o['verb'] for o in objects('help')]:
        one, other = run('help', verb), run(verb, '--help')
        if one.returncode or one.stdout != other.stdout or f'usage: keyfence {verb}' not in one.stdout: fail(verb, 'help')

def started(bytes, at):
    """The same classic pcap, its first packet at another second; microseconds and order kept."""
    out, pos = bytearray(bytes), 24
    first = struct.unpack_from('<I', out, 24)[0]
    while pos < len(out):
        struct.pack_into('<I', out, pos, struct.unpack_from('<I', out, pos)[0] - first + at)
        pos += 16 + struct.unpack_from('<I', out, pos + 8)[0]
    return bytes[:24] + out[24:]

def several(folder):
    """Standard input, several captures, and one that begins before the one before it ended."""
    seed = open(SEED, 'rb').read()
    def flows(*paths, **more):
        out = [json.loads(l) for l in run('flows', '--json', *paths, **more).stdout.splitlines()]
        return [o for o in out if 'accounting' not in o], [o['file'] for o in out if 'accounting' in o]
    alone, _ = flows(SEED)
    with open(SEED, 'rb') as f: piped, files = flows('-', stdin=f)
    if files != ['-'] or [{**a, 'file': 0} for a in alone] != [{**p, 'file': 0} for p in piped]: fail('-', 'differs from the file')
    both, files = flows(SEED, ZOOM) # zoom.pcap is a year older
    if files != [SEED, ZOOM] or len(both) != len(alone) + len(flows(ZOOM)[0]): fail('two files', f'{len(both)} flows')
    if both[:len(alone)] != alone: fail('two files', 'the flows of the first are others')
    early = os.path.join(folder, 'early.pcap')
    open(early, 'wb').write(started(seed, 1600000000))
    again = [e for e in objects('replay', '-c', policy, SEED, early) if e['keyfence']['alert']['state'] == 'closed']
    if len(again) != 2 or again[0]['keyfence']['meeting']['id'] == again[1]['keyfence']['meeting']['id']: fail('starts anew', again)

def on_terminal(args, env):
    """What a run writes to a terminal on which all its streams are."""
    global runs
    runs += 1
    pid, fd = pty.fork()
    if pid == 0: os.execve(KEYFENCE, (KEYFENCE, *whole(args)), {**os.environ, **env})
    out = b''
    while True:
        try: piece = os.read(fd, 65536)
        except OSError: break
        if not piece: break
        out += piece
    os.close(fd)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out.decode()

def colour():
    plain = run('replay', '-c', policy, SEED, env={**os.environ, 'TERM': 'xterm'}).stdout
    if '\x1b' in plain: fail('colour', 'in a pipe')
    for env, want in (({'TERM': 'xterm', 'NO_COLOR': ''}, True), ({'TERM': 'xterm', 'NO_COLOR': '1'}, False), ({'TERM': 'dumb'}, False)):
        status, out = on_terminal(('replay', '-c', policy, SEED), env)
        if status != 1 or ('\x1b' in out) != want: fail('colour', f'{env}: status {status}')
        if re.sub(r'\x1b\[[0-9;]*m', '', out).replace('\r\n', '\n') != plain: fail('colour', f'{env}: other text')

def progress(folder):
    """A capture of 40 MB shows a bar, that of the seed none; the bar leaves nothing behind."""
    long, seed = os.path.join(folder, 'long.pcap'), open(SEED, 'rb').read()
    with open(long, 'wb') as f:
        f.write(seed[:24])
        for i in range((40 << 20) // len(seed)): f.write(started(seed, 1700000000 + i * 20)[24:])
    begun = time.monotonic()
    status, out = on_terminal(('flows', '--json', long), {'TERM': 'xterm'})
    bars = re.findall(r'\r\[([#.]{40})\] +(\d+) %', out)
    if status != 0 or len(bars) < 3: return fail('progress', f'status {status}, {len(bars)} bars')
    if [int(p) for _, p in bars] != sorted(int(p) for _, p in bars) or int(bars[-1][1]) > 100: fail('progress', 'runs back')
    if out.rfind('\r\x1b[K') < out.rfind('\r['): fail('progress', 'the last bar is left on the screen')
    if time.monotonic() - begun > 60: fail('progress', f'{time.monotonic() - begun:.0f} s')
    for args, env in ((('flows', '--json', SEED), {}), (('flows', '--json', '--quiet', long), {})):
        if '\r[' in on_terminal(args, {'TERM': 'xterm', **env})[1]: fail(args, 'shows a bar')
    if '%' in run('flows', '--json', long).stderr: fail('progress', 'in a pipe')

with sample_policy() as policy, tempfile.TemporaryDirectory() as folder:
    usage()
    violations()
    json_everywhere()
    helps()
    for part in (input_output, data, warnings, several, progress):
        sub = os.path.join(folder, part.__name__)
        os.mkdir(sub)
        part(sub)
    colour()
print(f'{runs} runs, {bad} wrong')
sys.exit(bad > 0)
