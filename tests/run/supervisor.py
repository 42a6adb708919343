#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""keyfenced as a whole, in a network namespace of its own: starts its processes with nothing but what each needs, says READY,
starts what dies, reloads, follows the kernel, ends cleanly, and refuses with the documented statuses. Needs root."""
import atexit, contextlib, json, os, pwd, re, shutil, signal, socket, subprocess, sys, tempfile, threading, time

SOURCE, BUILD = os.environ['SOURCE'], os.environ['BUILD']
sys.path.insert(0, os.path.join(SOURCE, 'tests/lab'))
import lab
if not lab.has_lab('pgrep', 'setpriv'):
    sys.exit(0)

NS, USER = f'kfd{os.getpid()}', 'nobody'
ROLES = ('inspect', 'report', 'enforce')
ROOM = tempfile.mkdtemp(prefix='keyfence-supervisor-')
POLICY = '''version: 1
mode: {mode}
site: {{name: gw1, country: TW}}
size: small
capture: [{{interface: in0, side: inside}}]
local: [auto, 192.0.2.0/24]
resolvers: [auto]
geo:
  databases: [{{ipfire: geoip}}]
  overrides: [{{prefix: 198.51.100.0/24, country: CN}}]
regions: {{never: [CN]}}
rules:
  - {{name: {rule}, role: key, inside: never, action: block}}
alerts: {{json: {{file: {room}/logs/events.json}}}}
'''
checked = 0

def expect(so, what):
    global checked
    checked += 1
    if not so:
        sys.exit(f'not so: {what}')

def until(what, ask, seconds=20):
    began, end = time.monotonic(), time.monotonic() + seconds
    while time.monotonic() < end:
        got = ask()
        if got:
            if 'VERBOSE' in os.environ:
                print(f'{time.monotonic() - began:7.2f} s: {what}', flush=True)
            return got
        time.sleep(0.01)
    sys.exit(f'not so in {seconds} s: {what}\n' + open(f'{ROOM}/stderr').read()[-3000:])

def run(*args, **more):
    return subprocess.run(args, check=True, capture_output=True, text=True, **more).stdout

def ip(*args):
    return run('ip', '-n', NS, *args)

def write(name, text):
    with open(f'{ROOM}/{name}.new', 'w') as f:
        f.write(text)
    os.chmod(f'{ROOM}/{name}.new', 0o644)
    os.rename(f'{ROOM}/{name}.new', f'{ROOM}/{name}')

def policy(mode='observe', rule='keys-never'):
    write('keyfence.yaml', POLICY.format(mode=mode, rule=rule, room=ROOM))

def add_interface():
    ip('link', 'add', 'in0', 'type', 'veth', 'peer', 'name', 'far0')
    ip('addr', 'add', '192.0.2.1/24', 'dev', 'in0')
    for name in ('in0', 'far0'):
        ip('link', 'set', name, 'up')

def lay_out():
    """What the daemon's user can reach, wherever the build stands."""
    os.chmod(ROOM, 0o755)
    for name in os.listdir(BUILD):
        if name.startswith('keyfence') and os.access(f'{BUILD}/{name}', os.X_OK) and os.path.isfile(f'{BUILD}/{name}'):
            shutil.copy(f'{BUILD}/{name}', f'{ROOM}/{name}')
    for name in ('services.d', 'tables'):
        shutil.copytree(f'{SOURCE}/conf/{name}', f'{ROOM}/{name}')
    subprocess.run(('chmod', '-R', 'a+rX', ROOM), check=True)
    for name in ('run', 'state', 'logs'):
        os.mkdir(f'{ROOM}/{name}', 0o750)
        shutil.chown(f'{ROOM}/{name}', USER)
    write('geoip', '3325256704,3325256959,TW\n')
    policy()

ENV = {**os.environ, 'RUNTIME_DIRECTORY': f'{ROOM}/run', 'STATE_DIRECTORY': f'{ROOM}/state', 'LOGS_DIRECTORY': f'{ROOM}/logs',
       'ASAN_OPTIONS': 'detect_leaks=0', 'NOTIFY_SOCKET': f'{ROOM}/notify'}

class Daemon:
    started = []
    def __init__(self, *args, before=(), **env):
        self.log = open(f'{ROOM}/stderr', 'a')
        self.process = subprocess.Popen(('ip', 'netns', 'exec', NS, *before, f'{ROOM}/keyfenced', *(args or ('-c', f'{ROOM}/keyfence.yaml', '--user', USER))),
                                        env={**ENV, **env}, stderr=self.log, stdout=subprocess.PIPE, text=True)
        Daemon.started.append(self.process)
        self.pid = self.process.pid # ip execs it

    def children(self):
        """role -> pid"""
        found = {}
        for pid in subprocess.run(('pgrep', '-P', str(self.pid)), capture_output=True, text=True).stdout.split():
            with contextlib.suppress(OSError, IndexError):
                found[open(f'/proc/{pid}/cmdline').read().split('\0')[0].split('keyfence-')[1]] = int(pid)
        return found

    def end(self, number=None, status=0):
        if number:
            self.process.send_signal(number)
        got = self.process.wait(30)
        expect(got == status, f'keyfenced ends with {status}: {got}\n' + open(f'{ROOM}/stderr').read()[-2000:])

def cli(*args):
    r = subprocess.run((f'{ROOM}/keyfence', *args), env=ENV, capture_output=True, text=True)
    return r.returncode, r.stdout + r.stderr

def stderr():
    return open(f'{ROOM}/stderr').read()

class Notify:
    """Plays systemd: hears what it is told, always, since who tells it waits."""
    def __init__(self):
        self.lines = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f'{ROOM}/notify')
        os.chmod(f'{ROOM}/notify', 0o777)
        threading.Thread(target=self.hear, daemon=True).start()

    def hear(self):
        while True:
            self.lines += self.socket.recv(4096).decode().splitlines()

def told(notify):
    """What systemd was told since the last look."""
    lines, notify.lines = notify.lines, []
    return lines

def events():
    with contextlib.suppress(FileNotFoundError):
        return [json.loads(line) for line in open(f'{ROOM}/logs/events.json')]
    return []

def codes(code):
    return [e for e in events() if e['event']['code'] == code]

def status_of(pid):
    return dict(line.split(':\t', 1) for line in open(f'/proc/{pid}/status').read().splitlines() if ':\t' in line)

def clean():
    for p in Daemon.started:
        if p.poll() is None:
            p.kill()
            p.wait()
    subprocess.run(('ip', 'netns', 'del', NS), capture_output=True)
    shutil.rmtree(ROOM, ignore_errors=True)

# ---- the parts ----

def refusals():
    Daemon('--help').end()
    Daemon('--no-such-option').end(status=64)
    Daemon('surplus').end(status=64)
    Daemon('-c', f'{ROOM}/keyfence.yaml', '--user', 'no-such-user').end(status=77)
    Daemon('-c', f'{ROOM}/absent.yaml', '--user', USER).end(status=74)
    Daemon('-c', f'{ROOM}/keyfence.yaml', before=('setpriv', '--reuid', USER, '--clear-groups', '--bounding-set=-all', '--inh-caps=-all')).end(status=77)
    policy(rule='{twice: [}')
    Daemon().end(status=78)
    expect('keyfence.yaml:' in stderr(), 'a mistake is told with its place')
    policy()

def privileges(d, enforce):
    uid = pwd.getpwnam(USER).pw_uid
    holds = {d.pid: 0x3000, **{pid: 0x1000 if role == 'enforce' else 0 for role, pid in d.children().items()}}
    expect(len(holds) == (4 if enforce else 3), f'the processes: {d.children()}')
    for pid, capabilities in holds.items():
        s = status_of(pid)
        expect(set(s['Uid'].split()) == {str(uid)} and set(s['Gid'].split()) == {str(pwd.getpwnam(USER).pw_gid)}, f'{s["Name"]}: no root: {s["Uid"]}')
        for kind in ('CapEff', 'CapPrm'):
            expect(int(s[kind], 16) == capabilities, f'{s["Name"]}: {kind} {s[kind]}, not {capabilities:x}')
        expect(s['NoNewPrivs'] == '1', f'{s["Name"]}: no new privileges')
        expect(pid == d.pid or (int(s['CapAmb'], 16) == 0 and s['Seccomp'] == '2'), f'{s["Name"]}: fences: {s["CapAmb"]} {s["Seccomp"]}')

def libraries():
    """Each is linked only with what it needs."""
    own = {'keyfenced': {'systemd'}, 'keyfence-prepare': {'yaml', 'maxminddb', 'jansson'}, 'keyfence-inspect': {'pcap'},
           'keyfence-report': {'systemd', 'sqlite3'}, 'keyfence-enforce': {'mnl'}}
    for name, may in own.items():
        needs = run('readelf', '-d', f'{ROOM}/{name}') if shutil.which('readelf') else ''
        linked = set(re.findall(r'NEEDED.*\[lib([a-z0-9_]+?)(?:-[0-9.]+)?\.so', needs)) - {'c', 'm', 'gcc_s', 'dl', 'resolv', 'rt', 'pthread'}
        expect(linked <= may, f'{name} is linked with {linked - may}')

def deaths(d, roles):
    for role in roles:
        for _ in range(3):
            old = d.children()[role]
            t = time.monotonic()
            os.kill(old, signal.SIGKILL)
            new = until(f'{role} is started anew', lambda: d.children().get(role) not in (None, old) and d.children()[role])
            print(f'supervisor: {role} killed, started anew within {1000 * (time.monotonic() - t):.0f} ms')
            expect(os.path.exists(f'/proc/{new}'), f'{role} lives')
        until(f'{role}: three restarts are events', lambda: len([e for e in codes('PROCESS_RESTARTED') if role in json.dumps(e)]) >= 3)
    until('it answers again, and not all is well', lambda: cli('status')[0] == 1)

def reloads(d, notify):
    def count():
        """The latest book's number; a report that was started anew tells its book once more."""
        return max(e['keyfence']['book']['generation'] for e in codes('POLICY_LOADED'))
    before = count()
    policy(rule='other-name')
    told(notify)
    d.process.send_signal(signal.SIGHUP)
    until('SIGHUP: another book', lambda: count() > before)
    lines = told(notify)
    expect('RELOADING=1' in lines and any(l.startswith('MONOTONIC_USEC=') for l in lines), f'systemd hears of the reload: {lines}')
    before, rejected = count(), len(codes('POLICY_REJECTED'))
    policy(rule='{twice: [}')
    status, text = cli('reload')
    expect(status == 78 and 'keyfence.yaml:' in text, f'reload of a mistake: {status} {text}')
    until('a refused policy is an event', lambda: len(codes('POLICY_REJECTED')) > rejected)
    expect(count() == before, 'a mistake changes nothing')
    policy()
    status, text = cli('reload')
    expect(status == 0, f'reload: {status} {text}')
    until('reload: the book', lambda: count() > before)
    before = count()
    write('geoip', '3325256704,3325256959,US\n')
    until('a changed database is a reload', lambda: count() > before, 30)
    before = count()
    ip('addr', 'add', '203.0.113.9/32', 'dev', 'lo')
    until('a new address is a reload', lambda: count() > before)

def reload(mode):
    policy(mode=mode)
    status, text = cli('reload')
    expect(status == 0 and f'mode {mode}' in text, f'{mode} by a reload: {status} {text}')

def interfaces(d):
    old = d.children()['inspect']
    ip('link', 'del', 'in0')
    until('the interface is missed', lambda: codes('CAPTURE_DOWN'))
    expect('in0' in cli('status')[1], 'status names the interface')
    add_interface()
    until('inspect is started anew', lambda: d.children().get('inspect') not in (None, old))
    until('the interface is back', lambda: codes('CAPTURE_UP'))

def knock():
    """One frame into the captured interface."""
    run('ip', 'netns', 'exec', NS, sys.executable, '-c',
        'import socket; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("far0", 0)); s.send(b"\\xff" * 12 + b"\\x08\\x00" + bytes(46))')

def liar(notify):
    """An inspect that says what it may not is ended, by word of those whom it lied to."""
    os.remove(f'{ROOM}/keyfence-inspect')
    shutil.copy(f'{BUILD}/tests/inspect_probe', f'{ROOM}/keyfence-inspect')
    before = stderr().count('keyfenced: inspect sent what it may not')
    d = Daemon(PROBE='lie')
    until('READY', lambda: 'READY=1' in told(notify))
    knock()
    until('the liar is ended, and it is said why', lambda: stderr().count('keyfenced: inspect sent what it may not') > before)
    until('and another is started', lambda: 'inspect' in d.children())
    shutil.copy(f'{BUILD}/keyfence-inspect', f'{ROOM}/keyfence-inspect.new')
    os.rename(f'{ROOM}/keyfence-inspect.new', f'{ROOM}/keyfence-inspect')
    d.end(signal.SIGTERM)

def tables():
    return run('ip', 'netns', 'exec', NS, 'nft', 'list', 'tables') 

def main():
    atexit.register(clean)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('ended by a signal'))
    run('ip', 'netns', 'add', NS)
    ip('link', 'set', 'lo', 'up')
    add_interface()
    lay_out()
    libraries()
    refusals()
    notify = Notify()
    d = Daemon()
    until('READY', lambda: 'READY=1' in told(notify))
    until('status', lambda: cli('status')[0] in (0, 1))
    privileges(d, False)
    expect('keyfence' not in tables(), 'observe: no table')
    Daemon().end(status=69)
    deaths(d, ('inspect', 'report'))
    reloads(d, notify)
    interfaces(d)
    reload('enforce')
    until('enforce runs', lambda: 'enforce' in d.children())
    until('the table stands', lambda: 'keyfence' in tables())
    until('status', lambda: cli('status')[0] in (0, 1))
    privileges(d, True)
    deaths(d, ROLES)
    reload('observe')
    until('enforce is gone', lambda: 'enforce' not in d.children() and 'keyfence' not in tables())
    reload('enforce')
    until('enforce runs again', lambda: 'enforce' in d.children() and ('keyfence' in tables()))
    children = d.children()
    told(notify)
    d.end(signal.SIGTERM)
    expect('STOPPING=1' in told(notify), 'systemd hears of the end')
    expect('keyfence' not in tables(), 'after SIGTERM no table is left')
    expect(not any(os.path.exists(f'/proc/{pid}') for pid in children.values()), 'after SIGTERM no process is left')
    liar(notify)
    d = Daemon()
    until('READY', lambda: 'READY=1' in told(notify))
    children = d.children()
    d.process.kill()
    until('without supervisor nobody stays', lambda: not any(os.path.exists(f'/proc/{pid}') for pid in children.values()))
    print(f'supervisor: {checked} checks passed')

main()
