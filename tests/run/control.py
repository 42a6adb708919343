# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket through `keyfence` itself: answers, who may change anything, what each change leaves as an event, and
callers that mean no good."""
import os, random, sys, threading

sys.path.insert(0, os.path.join(os.environ['SOURCE'], 'tests/run'))
from lib_report import *

STATUS, UNBLOCK = 1, 5
RELOAD, PAUSE, RESUME, ASK_UNBLOCK = 1, 2, 3, 4
MAGIC = 0x4B464331

def request(verb, magic=MAGIC, flags=0, zero=0, argument=0):
    return struct.pack('=IIIIQ', magic, verb, flags, zero, argument)

def connect(r):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(r.folder + '/run/control.sock')
    return s

def answer(s):
    """(status, text), or None if it hung up."""
    data = b''
    with contextlib.suppress(ConnectionResetError):
        while more := s.recv(65536):
            data += more
    if not data:
        return None
    magic, size, status, zero = struct.unpack('=IIiI', data[:16])
    expect(magic == MAGIC and zero == 0 and size == len(data) - 16, 'head', data[:16])
    return status, data[16:].decode()

def objects(p):
    return [json.loads(line) for line in p.stdout.splitlines()]

# ---- questions ----

def questions(r):
    s = r.status()
    expect(s['flows'] == 25 and s['blocks'] == 1 and s['meetings'] == s['alerts'] == 25, s)
    a = s['accounting']
    expect(a['offered'] == a['filtered'] + a['dropped'] + a['delivered'] == 1012, a)
    expect(s['last_minute']['offered'] == 1012 and s['last_minute']['dropped'] == 12, s['last_minute'])
    expect(s['captures'][0]['up'] and not s['well'] and any('12 packets were dropped' in w for w in s['wrong']), s)
    text = r.keyfence('status').stdout
    for line in ('not all is well:', '! 12 packets were dropped', 'mode      observe', 'capture   br-lan (inside): up',
                 'last minute: 1012 offered = 0 filtered + 12 dropped + 1000 delivered', 'blocks    1 stand'):
        expect(line in text, line, 'is not in', text)
    expect(len(text.splitlines()) <= 24 and max(map(len, text.splitlines())) <= 160, 'more than a screen', text)
    flows = objects(r.keyfence('flows', '--json'))
    expect(len(flows) == 25 and {f['client'] for f in flows} == {f'10.0.0.{i}' for i in range(1, 26)}, len(flows))
    expect(all(f['candidates'] == ['CN'] and f['rule'] == 'keys-never' and 'key' in f['roles'] for f in flows), flows[0])
    expect(len(r.keyfence('flows').stdout.splitlines()) == 25, 'lines of flows')
    meetings = objects(r.keyfence('meetings', '--json'))
    expect(len(meetings) == 25 and r.keyfence('meetings').stdout.count('zoom meeting, client') == 25, len(meetings))
    block, = objects(r.keyfence('blocks', '--json'))
    expect(block['number'] == 7 and block['client'] == '10.0.0.1' and block['server'] == '52.81.150.1', block)
    expect(re.match(r'7 +10\.0\.0\.1 +52\.81\.150\.1:443 +tcp until \d\d:\d\d:\d\d UTC +keys-never\n$',
                    r.keyfence('blocks').stdout), r.keyfence('blocks').stdout)
    for args in (('status', 'x'), ('blocks', 'x'), ('unblock',), ('unblock', '0'), ('unblock', '-3'), ('pause', '5y'), ('pause', '0')):
        r.keyfence(*args, status=64)
    print('questions: status, flows, meetings, blocks, in text and JSON')

# ---- changes ----

def changed(r, args, kind, argument_status, says, status):
    """Asks, plays the supervisor, and gives what the caller got."""
    got = []
    caller = threading.Thread(target=lambda: got.append(r.keyfence(*args, status=status)))
    caller.start()
    asked = r.told('ask').split()
    expect(asked[:3] == ['ask', str(kind), str(os.getuid())], args, asked)
    r.do(f'say {asked[3]} {argument_status} {says}')
    return caller, got

def changes(r, lines):
    def uid_of(code, which=1):
        found = wait(code, lambda: [e for e in lines.events() if e['event']['code'] == code][which - 1:])
        return found[0].get('user', {}).get('id')
    caller, got = changed(r, ('pause', '10m'), PAUSE, 0, 'paused: no new blocks', 0)
    caller.join()
    expect('paused' in got[0].stdout and uid_of('PAUSED') == os.getuid(), got, uid_of('PAUSED'))
    expect(r.status()['paused'], 'not paused')
    caller, got = changed(r, ('resume',), RESUME, 0, 'resumed', 0)
    caller.join()
    expect(uid_of('RESUMED') == os.getuid() and not r.status()['paused'], got)
    caller, got = changed(r, ('unblock', '7'), ASK_UNBLOCK, 0, '', 0)
    expect(r.told('unblocked') == f'unblock 7 {os.getuid()}', 'enforce was not asked')
    caller.join()
    r.do('blocked 4')
    expect(uid_of('BLOCK_RELEASED') == os.getuid(), 'released by whom?')
    expect(objects(r.keyfence('blocks', '--json')) == [], 'it still stands')
    caller, got = changed(r, ('reload',), RELOAD, 78, 'keyfence.yaml:3:1: a mistake', 78)
    r.do('rejected')
    caller.join()
    expect('keyfence.yaml:3:1: a mistake' in got[0].stderr and uid_of('POLICY_REJECTED') == os.getuid(), got)
    caller, got = changed(r, ('reload',), RELOAD, 0, 'reloaded', 0)
    r.do('book')
    caller.join()
    expect(uid_of('POLICY_LOADED', 2) == os.getuid() and r.status()['generation'] == 2, 'loaded by whom?')
    r.do('book')
    expect(uid_of('POLICY_LOADED', 3) is None, 'nobody asked for this one')
    print('changes: pause, resume, unblock, reload, each an event with the uid')

OF_GROUP = ('setpriv', '--reuid', '65534', '--regid', '0', '--clear-groups')
NOBODY = ('setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups')

def can_be_others(r):
    if os.getuid() != 0 or not shutil.which('setpriv'):
        print('other users: needs root and setpriv: left out')
        return False
    for folder in (r.folder, os.path.join(r.folder, 'run')):
        os.chmod(folder, 0o755)
    tries = ([KEYFENCE, 'version'], [sys.executable, '-c', ''])
    if any(subprocess.run([*NOBODY, *t], capture_output=True).returncode != 0 for t in tries):
        print('other users: the program, or Python, is out of their reach: left out')
        return False
    return True

def strangers(r):
    if not can_be_others(r):
        return
    r.keyfence('status', before=OF_GROUP)
    for args in (('pause',), ('resume',), ('unblock', 'all'), ('reload',)):
        p = r.keyfence(*args, before=OF_GROUP, status=77)
        expect('only root' in p.stderr, p.stderr)
    r.keyfence('status', before=NOBODY, status=77)
    print('strangers: the group may look, nobody else; neither may change')

# ---- callers that mean no good ----

def garbage(r):
    rng, answers = random.Random(3), 0
    good = request(STATUS)
    wrong = [request(STATUS, magic=1), request(0), request(9), request(STATUS, flags=4), request(STATUS, zero=1), b'\0' * 24,
             b'\xff' * 24, rng.randbytes(24), rng.randbytes(4096)]
    for data in wrong:
        with connect(r) as s:
            s.sendall(data)
            got = answer(s)
            expect(got is None or got[0] == 64, data[:24], got)
            answers += got is not None
    expect(answers >= len(wrong) - 1, 'no answer to what was wrong')
    for cut in range(len(good)):
        with connect(r) as s:
            s.sendall(good[:cut])
            s.shutdown(socket.SHUT_WR)
            expect(answer(s) is None, 'an answer to a part of', cut)
    with connect(r) as s: # byte by byte is slow, not wrong
        for i in range(len(good)):
            s.sendall(good[i:i + 1])
            time.sleep(0.002)
        expect(answer(s)[0] in (0, 1), 'byte by byte')
    with connect(r) as s: # who does not take the answer
        s.sendall(good)
    with connect(r) as s:
        s.sendall(good + good)
        s.close()
    expect(r.status()['flows'] == 25, 'it suffered')
    print('garbage: each wrong request refused, each half one dropped')

OTHERS = """
import socket, sys
held = [socket.socket(socket.AF_UNIX) for _ in range(20)]
for s in held:
    s.connect(sys.argv[1])
print('here', flush=True)
sys.stdin.read()
"""

def crowd(r):
    """Twenty idle connections of another user, who may connect, take no place from us."""
    if not can_be_others(r):
        return
    p = subprocess.Popen([*OF_GROUP, sys.executable, '-c', OTHERS, r.folder + '/run/control.sock'], text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    expect(p.stdout.readline() == 'here\n', 'they cannot connect')
    began = time.monotonic()
    held = [connect(r) for _ in range(4)]
    for s in held:
        s.sendall(request(STATUS))
        expect(answer(s)[0] in (0, 1), 'no answer beside a crowd')
        s.close()
    expect(time.monotonic() - began < 1, 'late', time.monotonic() - began)
    p.communicate('')
    print('a crowd of another user: answers as ever')

def idlers(r):
    held, refused = [], 0
    for _ in range(1000):
        s = socket.socket(socket.AF_UNIX)
        s.setblocking(False)
        try:
            s.connect(r.folder + '/run/control.sock')
        except BlockingIOError:
            refused += 1
        held.append(s)
    began = time.monotonic()
    expect(r.status()['flows'] == 25, 'no answer beside idlers')
    took = time.monotonic() - began
    r.do('flows 1')
    wait('a fact', lambda: r.status()['flows'] == 26)
    fds = len(os.listdir(f'/proc/{r.pid()}/fd'))
    for s in held:
        s.close()
    expect(took < 3 and fds < 40, took, fds)
    print(f'1000 idle connections: an answer after {took * 1000:.0f} ms, {fds} descriptors open')

def main():
    with report('json:{}/logs/events.json') as r:
        expect(r.keyfence('status', status=69).stderr != '', 'no daemon, and nothing is said')
        r.do('start')
        r.do('flows 25')
        r.do('counters 12')
        r.do('blocked 0')
        wait('the facts', lambda: r.status()['flows'] == 25 and r.status()['blocks'] == 1)
        questions(r)
        garbage(r)
        idlers(r)
        crowd(r)
        strangers(r)
        changes(r, Lines(r.folder + '/logs/events.json'))
        r.stop()
        r.keyfence('status', status=69)
        expect(not os.path.exists(r.folder + '/run/control.sock'), 'the socket is left')

main()
