# SPDX-License-Identifier: GPL-3.0-or-later
"""keyfenced in the gateway's namespace of the lab: its policy, its folders, its events, its command line."""
import contextlib, json, os, shutil, signal, subprocess, time
from lab import BUILD, ROOT, expect, fail, run_in, start_in

PROCESSES = ('keyfenced', 'keyfence-prepare', 'keyfence-inspect', 'keyfence-report', 'keyfence-enforce')
POLICY = '''version: 1
mode: {mode}
site: {{name: lab, country: TW}}
size: {size}
capture: [{{interface: gc, side: inside}}]
local: [{local}]
resolvers: [198.51.100.53, 203.0.113.53]
geo:
  overrides:
{overrides}
regions: {{never: [CN]}}
rules:
  - {{name: keys-never, role: key, inside: never, action: block}}
  - {{name: media-never, role: media, inside: never, action: block}}
enforce: {{timeout: {timeout}, protect: [198.51.100.99/32], budget: {{client: {budget}/m, servers: {budget}/m, blocks: {budget}/m}}}}
alerts: {{journal: false, window: {window}, syslog: [{syslog}], json: {{file: {folder}/log/events.json}}}}
'''
IN_COUNTRIES = {'198.51.100.0/24': 'CN', '203.0.113.0/24': 'US', '198.18.0.0/15': 'TW', '2001:db8:2::/64': 'CN', '2001:db8:3::/64': 'US',
                '2001:db8:4::/64': 'TW'}
AS_USER = 'nobody'

def flat(value, prefix=''):
    """One level of a JSON object: {'event.code': ...}."""
    if not isinstance(value, dict):
        return {prefix: value}
    return {k: v for key, inner in value.items() for k, v in flat(inner, f'{prefix}.{key}' if prefix else key).items()}

def whole(line):
    """The event of a line; None of one that a kill tore, or that is not yet whole: it is written again."""
    try:
        return json.loads(line)
    except ValueError:
        return None

class Daemon:
    """One keyfenced with folders of its own below `folder`; the executables are copied, so that its user reaches them."""
    def __init__(self, folder, **policy):
        self.folder, self.process = folder, None
        os.chmod(folder, 0o755)
        os.makedirs(f'{folder}/bin')
        for name in PROCESSES:
            shutil.copy(os.path.join(BUILD, name), f'{folder}/bin')
        for name in ('run', 'state', 'log'):
            os.mkdir(f'{folder}/{name}')
            shutil.chown(f'{folder}/{name}', AS_USER)
        for name in ('services.d', 'tables'):
            shutil.copytree(os.path.join(ROOT, 'conf', name), f'{folder}/{name}')
        self.environment = {**os.environ, 'RUNTIME_DIRECTORY': f'{folder}/run', 'STATE_DIRECTORY': f'{folder}/state',
                            'LOGS_DIRECTORY': f'{folder}/log', 'ASAN_OPTIONS': 'detect_leaks=0'}
        self.write_policy(**policy)

    def write_policy(self, countries=IN_COUNTRIES, syslog=None, **said):
        values = {'mode': 'observe', 'timeout': '10m', 'window': '5m', 'budget': 1000, 'size': 'small', 'folder': self.folder,
                  'local': '192.0.2.0/24, "2001:db8:1::/64"', 'syslog': f'{{to: "{syslog}", format: json}}' if syslog else '', **said}
        overrides = '\n'.join(f'    - {{prefix: "{prefix}", country: {country}, note: lab}}' for prefix, country in countries.items())
        with open(f'{self.folder}/policy.yaml', 'w') as f:
            f.write(POLICY.format(overrides=overrides, **values))

    def start(self):
        with open(f'{self.folder}/lines', 'a') as lines:
            self.process = start_in('g', f'{self.folder}/bin/keyfenced', '-c', f'{self.folder}/policy.yaml', '--user', AS_USER,
                                    stderr=lines, env=self.environment)
        self.until(self.is_up, 'the daemon is up', 10)
        return self

    def is_up(self):
        if self.process.poll() is not None:
            fail(f'keyfenced ended with {self.process.poll()}; {self.lines()}')
        status = self.status()
        return status is not None and status['captures'][0]['up'] and status

    def until(self, true, what, within=5):
        end = time.monotonic() + within
        while not (got := true()):
            if time.monotonic() > end:
                fail(f'{what}; {self.lines()}')
            time.sleep(0.02)
        expect(True, what)
        return got

    def lines(self):
        """The end of what it said on standard error."""
        with open(f'{self.folder}/lines') as f:
            return f.read()[-3000:]

    def cli(self, *args):
        """`keyfence` of the gateway: status, and what it says."""
        run = run_in('g', os.path.join(BUILD, 'keyfence'), *args, check=False, env=self.environment)
        return run.returncode, run.stdout + run.stderr

    def status(self):
        code, text = self.cli('status', '--json')
        return json.loads(text) if code in (0, 1) else None

    def events(self):
        try:
            with open(f'{self.folder}/log/events.json') as f:
                return [flat(event) for event in map(whole, f) if event]
        except FileNotFoundError:
            return []

    def told(self, code, **where):
        """Events of that code with these fields, `__` for a dot."""
        return [e for e in self.events() if e['event.code'] == code and all(e.get(k.replace('__', '.')) == v for k, v in where.items())]

    def wait(self, code, count=1, within=5, **where):
        return self.until(lambda: len(told := self.told(code, **where)) >= count and told, f'{count} {code} {where}', within)

    def children(self):
        """Process ids by name."""
        found = {}
        with open(f'/proc/{self.process.pid}/task/{self.process.pid}/children') as f:
            for pid in f.read().split():
                with contextlib.suppress(OSError), open(f'/proc/{pid}/cmdline') as line:
                    found[line.read().split('\0')[0]] = int(pid)
        return found

    def stop(self):
        """SIGTERM: it ends with 0, and all with it. Nobody has died of a sanitizer's complaint."""
        children = self.children()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            status = 'none within 10 s'
        expect(status == 0, f'keyfenced ends with 0: {status}; {self.lines()}')
        expect(not any(os.path.exists(f'/proc/{pid}') for pid in children.values()), f'none of {children} is left')
        with open(f'{self.folder}/lines') as f:
            text = f.read()
        expect('Sanitizer' not in text and 'runtime error' not in text, text)

    def never_died(self):
        expect(not any(self.status()['restarts'].values()), f'nobody had to be started again: {self.lines()}')
