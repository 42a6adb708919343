# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of keyfence-report share: the driver that plays the other processes to it, receivers that are strict, and
a look into its spool."""
import contextlib, json, os, re, shutil, signal, socket, sqlite3, struct, subprocess, tempfile, threading, time

BUILD, SOURCE, KEYFENCE = os.environ['BUILD'], os.environ['SOURCE'], os.environ['KEYFENCE']
REPORT, DRIVER = os.path.join(BUILD, 'keyfence-report'), os.path.join(BUILD, 'tests/report_driver')
FOLDERS = {'RUNTIME_DIRECTORY': 'run', 'STATE_DIRECTORY': 'state', 'LOGS_DIRECTORY': 'logs'}

def expect(true, *what):
    if not true:
        raise SystemExit('not so: ' + ' '.join(map(str, what)))

def wait(what, true, seconds=20):
    """Until true() gives something; that is returned."""
    until = time.monotonic() + seconds
    while True:
        got = true()
        if got:
            return got
        if time.monotonic() > until:
            raise SystemExit(f'not within {seconds} s: {what}')
        time.sleep(0.02)

# ---- the program ----

class Report:
    """keyfence-report with folders of its own, behind the driver."""
    def __init__(self, folder, outputs, program=(REPORT,)):
        self.folder, self.log = folder, open(os.path.join(folder, 'stderr'), 'a+')
        for name in FOLDERS.values():
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        # behind its fence the search for leaks cannot read /proc
        self.env = {**os.environ, 'ASAN_OPTIONS': 'detect_leaks=0', **{k: os.path.join(folder, v) for k, v in FOLDERS.items()}}
        run = program[0]
        if len(program) > 1:
            run = os.path.join(folder, 'wrapper')
            self.wrap(*program)
        self.driver = subprocess.Popen([DRIVER, run, *outputs], env=self.env, text=True, stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=self.log)

    def wrap(self, *program):
        """The driver starts a script that starts this."""
        path = os.path.join(self.folder, 'wrapper')
        with open(path + '.new', 'w') as f:
            f.write('#!/bin/sh\nexec ' + ' '.join(program) + '\n')
        os.chmod(path + '.new', 0o755)
        os.rename(path + '.new', path)

    def told(self, line):
        self.driver.stdin.write(line + '\n')
        self.driver.stdin.flush()
        return self.driver.stdout.readline().strip()

    def do(self, line, answer='ok'):
        got = self.told(line)
        expect(got == answer, f'{line}: "{got}", not "{answer}"\n{self.said()[-2000:]}')

    def pid(self):
        return int(self.told('pid').split()[1])

    def said(self):
        self.log.flush()
        with open(os.path.join(self.folder, 'stderr')) as f:
            return f.read()

    def stop(self):
        self.do('stop', 'ended 0')

    def status(self):
        return json.loads(self.keyfence('status', '--json').stdout)

    def waiting(self):
        return {o['name']: o['waiting'] for o in self.status()['outputs']}

    def keyfence(self, *args, status=0, before=()):
        p = subprocess.run([*before, KEYFENCE, *args], env=self.env, capture_output=True, text=True, timeout=90)
        if args[:1] == ('status',) and status == 0 and p.returncode == 1:
            expect('not all is well' in p.stdout or '"well":false' in p.stdout.replace(' ', ''), p.stdout)
        elif status is not None:
            expect(p.returncode == status, f'keyfence {args}: {p.returncode}, not {status}: {p.stdout}{p.stderr}')
        return p

    def spooled(self):
        """What was accepted and is not forgotten: {id: [json]}, of the file as it stands, which may be one of a killed process."""
        with tempfile.TemporaryDirectory() as copy:
            for name in ('spool.db', 'spool.db-wal'):
                path = os.path.join(self.folder, 'state', name)
                if os.path.exists(path):
                    shutil.copy(path, copy)
            db = sqlite3.connect(os.path.join(copy, 'spool.db'))
            rows = db.execute('SELECT json FROM events ORDER BY seq').fetchall()
            db.close()
        found = {}
        for row, in rows:
            found.setdefault(json.loads(row)['event']['id'], []).append(json.loads(row))
        return found

    def end(self):
        self.driver.stdin.close()
        self.driver.wait(20)
        self.log.close()

@contextlib.contextmanager
def report(*outputs, program=(REPORT,), folder=None):
    """{} in an output stands for the folder."""
    with tempfile.TemporaryDirectory() as own:
        folder = folder or own
        r = Report(folder, [o.format(folder) for o in outputs], program)
        try:
            yield r
        finally:
            r.end()
            said = open(os.path.join(folder, 'stderr')).read()
        for word in ('Sanitizer', 'runtime error', 'seccomp', 'Bad system call'):
            expect(word not in said, said[-4000:])

# ---- what receivers read ----

LEVELS = {2, 3, 4, 5, 6}
TIME = r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z'
RFC5424 = re.compile(r'<(\d{1,3})>1 (' + TIME + r') ([!-~]{1,255}) (keyfence) (\d{1,10}) ([A-Z_]{1,32}) '
                     r'(-|(?:\[[!#-<>-\\^-~]{1,32}(?: [!#-<>-\\^-~]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*\])+) (.*)', re.S)
RFC3164 = re.compile(r'<(\d{1,3})>(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([ \d]\d) (\d\d:\d\d:\d\d) '
                     r'keyfence\[(\d{1,10})\]: (.*)', re.S)

def parse_json(text):
    """One ECS event, in one line."""
    def no_doubles(pairs):
        expect(len(dict(pairs)) == len(pairs), 'a key twice:', text)
        return dict(pairs)
    expect('\n' not in text and text.isprintable(), 'not one clean line:', text[:300])
    event = json.loads(text, object_pairs_hook=no_doubles)
    expect(re.fullmatch('[0-9a-f]{16}', event['event']['id']) and event['event']['code'], 'no id, no code:', text[:300])
    return event

def priority(pri, event):
    expect(pri // 8 == 20 and pri % 8 in LEVELS, 'priority', pri)
    told = event['log']['syslog']['severity']['code']
    expect(pri % 8 == told, 'priority', pri, 'of severity', told)

def parse_5424(data):
    m = RFC5424.fullmatch(data.decode())
    expect(m, 'not RFC 5424:', data[:300])
    event = parse_json(m[8])
    priority(int(m[1]), event)
    expect(m[6] == event['event']['code'] and m[7] == '-', 'MSGID', m[6])
    expect(m[2] == event['@timestamp'], 'times differ', m[2], event['@timestamp'])
    return event

def parse_3164(data):
    m = RFC3164.fullmatch(data.decode())
    expect(m, 'not RFC 3164:', data[:300])
    expect(len(data) <= 2048, len(data), 'bytes in a datagram')
    event = parse_json(m[6])
    priority(int(m[1]), event)
    return event

def message_ids():
    with open(os.path.join(SOURCE, 'daemon/report/frame.c')) as f:
        return dict(re.findall(r'\[CODE_(\w+)\] = "([0-9a-f]{32})"', f.read()))
MESSAGE_IDS = message_ids()

def parse_journal(data):
    """Source: systemd, "Native Journal Protocol"."""
    fields, rest = [], data
    while rest:
        line, _, rest = rest.partition(b'\n')
        name, equals, value = line.partition(b'=')
        if not equals: # the form with a length
            n, = struct.unpack('<Q', rest[:8])
            value, rest = rest[8:8 + n], rest[8 + n + 1:]
        expect(re.fullmatch(rb'[A-Z][A-Z0-9_]{0,63}', name), 'a field named', name)
        fields.append((name.decode(), value.decode()))
    expect(data.endswith(b'\n'), 'the last field has no end')
    one = dict(fields)
    code = one['KEYFENCE_EVENT_CODE']
    expect(one['MESSAGE_ID'] == MESSAGE_IDS[code], 'MESSAGE_ID of', code)
    expect(one['SYSLOG_IDENTIFIER'] == 'keyfence' and int(one['PRIORITY']) in LEVELS, one)
    return {'message': one['MESSAGE'], 'fields': fields, 'event': {'id': one['KEYFENCE_EVENT_ID'], 'code': code}}

class Receiver:
    """Keeps what it got, in order; wrong ones end the test when it is asked."""
    def __init__(self, parse):
        self.parse, self.got, self.wrong, self.lock = parse, [], [], threading.Lock()

    def take(self, data):
        try:
            event = self.parse(data)
            with self.lock:
                self.got.append(event)
        except (SystemExit, Exception) as e:
            self.wrong.append(repr(e))

    def events(self):
        expect(not self.wrong, self.wrong[:2])
        with self.lock:
            return list(self.got)

    def ids(self):
        return {e['event']['id'] for e in self.events()}

    def alerts(self):
        return {e['event']['id'] for e in self.events() if e['event']['code'] == 'KEY_REGION'}

class Datagrams(Receiver):
    """At a path or a port of 127.0.0.1."""
    def __init__(self, at, parse):
        super().__init__(parse)
        self.at, self.reads = at, True
        self.open()

    def open(self):
        path = isinstance(self.at, str)
        self.socket = socket.socket(socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_DGRAM)
        if path and os.path.exists(self.at):
            os.unlink(self.at)
        self.socket.bind(self.at if path else ('127.0.0.1', self.at))
        self.socket.settimeout(0.05)
        self.here = True
        self.thread = threading.Thread(target=self.run, args=(self.socket,), daemon=True)
        self.thread.start()

    def run(self, s):
        while self.here:
            if not self.reads:
                time.sleep(0.05)
                continue
            with contextlib.suppress(TimeoutError, OSError):
                self.take(s.recv(65536))

    def die(self):
        """What it has not read is lost, as with a process that is killed."""
        self.here = False
        self.thread.join()
        self.socket.close()

class Stream(Receiver):
    """RFC 6587 s3.4.1: octet counting. dies_after: kills itself in the middle of what it reads behind so many events."""
    def __init__(self, port=0, here=True):
        super().__init__(parse_5424)
        self.port, self.reads, self.dies_after, self.here = port, True, None, False
        self.connections = 0
        if here:
            self.open()

    def open(self):
        self.listener = socket.create_server(('127.0.0.1', self.port), backlog=8)
        self.port = self.listener.getsockname()[1]
        self.listener.settimeout(0.05)
        self.here, self.open_now = True, []
        self.thread = threading.Thread(target=self.run, args=(self.listener,), daemon=True)
        self.thread.start()

    def run(self, listener):
        while self.here:
            with contextlib.suppress(TimeoutError):
                c, _ = listener.accept()
                self.connections += 1
                self.open_now.append(c)
                threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        buffer = b''
        c.settimeout(0.05)
        while self.here:
            if not self.reads:
                time.sleep(0.05)
                continue
            try:
                more = c.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return
            if not more:
                expect(True)
                return
            buffer = self.take_whole(buffer + more, c)
            if buffer is None:
                return

    def take_whole(self, buffer, c):
        while True:
            m = re.match(rb'([1-9]\d{0,4}) ', buffer)
            if not m:
                if len(buffer) > 6:
                    self.wrong.append(f'no count: {buffer[:40]}')
                    return None
                return buffer
            n = int(m[1])
            if len(buffer) < m.end() + n:
                return buffer
            if self.dies_after is not None and len(self.got) >= self.dies_after:
                self.dies_after = None
                threading.Thread(target=self.die, daemon=True).start()
                self.here = False
                return None
            self.take(buffer[m.end():m.end() + n])
            buffer = buffer[m.end() + n:]

    def die(self):
        """As a process that is killed: resets, where something was not read."""
        self.here = False
        self.thread.join()
        self.listener.close()
        for c in self.open_now:
            with contextlib.suppress(OSError):
                c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            c.close()

class Lines(Receiver):
    """A file of JSON lines. A torn line may stand in it after a crash, never a wrong one that is whole."""
    def __init__(self, path, torn=0):
        super().__init__(parse_json)
        self.path, self.torn = path, torn

    def events(self):
        if not os.path.exists(self.path):
            return []
        with open(self.path, newline='\n') as f:
            text = f.read()
        lines, got, torn = text.split('\n')[:-1], [], 0
        for line in lines:
            try:
                got.append(parse_json(line))
            except (json.JSONDecodeError, SystemExit):
                torn += line != ''
        expect(torn <= self.torn, torn, 'torn lines in', self.path)
        return got
