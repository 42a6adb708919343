# SPDX-License-Identifier: GPL-3.0-or-later
"""keyfence-report from facts to receivers: every output gets every event whole; receivers that are late, die, stand still;
kill -9 at random moments (KILLS=30); a full spool; who may start; what the program is linked with and fenced by."""
import os, random, re, signal, subprocess, sys, threading, time

sys.path.insert(0, os.path.join(os.environ['SOURCE'], 'tests/run'))
from lib_report import *

KILLS = int(os.environ.get('KILLS', '30'))

def leaves(value, at=''):
    if isinstance(value, dict):
        for k, v in value.items():
            yield from leaves(v, f'{at}.{k}')
    else:
        yield at, value

def all_here(r, *receivers):
    """Every receiver has every event that was accepted so far, in the order of acceptance, each the same."""
    wait('everything delivered', lambda: not any(r.waiting().values()), 40)

def same(whole, *receivers):
    """Short forms say less, never something else."""
    by_id = {e['event']['id']: e for e in whole.events()}
    order = [e['event']['id'] for e in whole.events()]
    for receiver in receivers:
        expect([e['event']['id'] for e in receiver.events()] == order, 'another order or another number in', receiver.parse)
        for e in receiver.events():
            all = dict(leaves(by_id[e['event']['id']]))
            if 'fields' in e:
                expect(e['message'] == all['.message'], e['message'], 'is not', all['.message'])
                continue
            for at, value in leaves(e):
                expect(all.get(at) == value or at == '.keyfence.brief', at, value, 'is not', all.get(at))

def one(receiver, code):
    found = [e for e in receiver.events() if e['event']['code'] == code]
    expect(len(found) == 1, len(found), code)
    return found[0]

# ---- every output ----

def every_output():
    tcp, udp_port = Stream(), 20000 + os.getpid() % 20000
    udp = Datagrams(udp_port, parse_5424)
    with tempfile.TemporaryDirectory() as dir:
        log, journal = Datagrams(dir + '/log', parse_3164), Datagrams(dir + '/journal', parse_journal)
        lines = Lines(dir + '/logs/events.json')
        with report(f'json:{lines.path}', f'tcp:{tcp.port}', f'udp:{udp_port}', f'unix:{log.at}', f'journal:{journal.at}',
                    folder=dir) as r:
            began = time.monotonic()
            r.do('start')
            r.do('flows 20')
            r.do('counters 0')
            for state in range(8):
                r.do(f'blocked {state}')
            for line in ('restarted', 'rejected', 'counters 5'):
                r.do(line)
            book = r.status()['book']
            wait('a heartbeat', lambda: 'HEARTBEAT' in {e['event']['code'] for e in lines.events()}, 10)
            all_here(r)
            r.stop()
        same(lines, tcp, udp, log, journal)
        codes = [e['event']['code'] for e in lines.events()]
        expect(codes[0] == 'POLICY_LOADED' and one(lines, 'POLICY_LOADED')['keyfence']['book']['hash'] == book, codes[0], book)
        expect(codes.count('KEY_REGION') == 40, codes.count('KEY_REGION'), 'alert events of 20 alerts')
        for code in ('BLOCK_APPLIED', 'BLOCK_FAILED', 'BLOCK_REFUSED', 'BLOCK_RELEASED', 'BLOCK_LEAKING', 'BUDGET_SPENT',
                     'TABLE_CONFLICT', 'PROCESS_RESTARTED', 'POLICY_REJECTED', 'CAPTURE_LOSS', 'HEARTBEAT'):
            one(lines, code)
        a = one(lines, 'HEARTBEAT')['keyfence']['accounting']
        expect(a['offered'] == a['filtered'] + a['dropped'] + a['delivered'] and a['dropped'] == 5, a)
        ids = {e['event']['id'] for e in lines.events()}
        expect(len(ids) == len(codes), 'an id twice')
        expect(len(set(MESSAGE_IDS.values())) == len(MESSAGE_IDS) and set(codes) <= set(MESSAGE_IDS), 'MESSAGE_IDs')
        for receiver in (tcp, udp, log, journal):
            receiver.die()
        print(f'every output: {len(codes)} events, the same in five forms, {time.monotonic() - began:.1f} s')

# ---- receivers that are not there, not any more, or do not read ----

def late_receivers():
    tcp = Stream()
    tcp.die()
    with report('json:{}/logs/events.json', f'tcp:{tcp.port}', 'unix:{}/log-socket', 'journal:{}/journal') as r:
        lines = Lines(r.folder + '/logs/events.json')
        r.do('start')
        r.do('flows 30')
        wait('the file', lambda: len(lines.alerts()) == 30)
        expect({e['keyfence']['output'].split()[0] for e in lines.events() if e['event']['code'] == 'OUTPUT_DOWN'} ==
               {'syslog', 'journal'}, 'OUTPUT_DOWN')
        tcp.open()
        log, journal = Datagrams(r.folder + '/log-socket', parse_3164), Datagrams(r.folder + '/journal', parse_journal)
        all_here(r)
        for receiver in (tcp, log, journal):
            expect(receiver.ids() >= lines.alerts(), 'the late one lacks some')
        codes = [e['event']['code'] for e in lines.events()]
        expect(codes.count('OUTPUT_UP') == 3 == codes.count('OUTPUT_DOWN'), codes)
        r.stop()
        for receiver in (tcp, log, journal):
            receiver.die()
    print('late receivers: 30 alerts each')

def dying_receiver():
    tcp = Stream()
    with report('json:{}/logs/events.json', f'tcp:{tcp.port}') as r:
        lines = Lines(r.folder + '/logs/events.json')
        r.do('start')
        tcp.dies_after = 120 # more than one window, none of them confirmed
        for _ in range(20):
            r.do('flows 10')
            time.sleep(0.01)
        wait('its death', lambda: not tcp.here)
        tcp.thread.join()
        time.sleep(0.3)
        tcp.open()
        all_here(r)
        expect(tcp.ids() >= lines.alerts() and len(lines.alerts()) == 200, 'lost in the break')
        again = len(tcp.events()) - len(tcp.ids())
        r.stop()
        tcp.die()
    print(f'receiver killed in the middle: 200 alerts, {again} events twice')

def stopped_receiver():
    """What a kernel acknowledged and its process never read: 60 alerts, 3 s, then kill -9 (facts seen with rsyslogd)."""
    tcp = Stream()
    with report('json:{}/logs/events.json', f'tcp:{tcp.port}') as r:
        lines = Lines(r.folder + '/logs/events.json')
        r.do('start')
        r.do('flows 5')
        wait('the first', lambda: len(tcp.alerts()) == 5)
        tcp.reads = False
        time.sleep(0.2)
        r.do('flows 12')
        all_here(r) # so it seems from here
        expect(len(tcp.alerts()) == 5, 'it did read')
        tcp.die()
        tcp.reads = True
        tcp.open()
        wait('what the dead one had', lambda: len(tcp.alerts()) == 17)
        expect(tcp.ids() >= lines.alerts(), 'lost')
        expect(len(tcp.events()) - len(tcp.ids()) <= 64, 'more than one window twice')
        r.stop()
        tcp.die()
    print('receiver stopped, then killed: 12 acknowledged and never read, all sent again')

def unread_datagrams():
    """What waits in the socket of a process that dies is lost with it, and is sent to the one that comes to the same path."""
    with report('json:{}/logs/events.json', 'unix:{}/log-socket') as r:
        lines = Lines(r.folder + '/logs/events.json')
        log = Datagrams(r.folder + '/log-socket', parse_3164)
        r.do('start')
        r.do('flows 5')
        wait('the first', lambda: len(log.alerts()) == 5)
        log.reads = False
        time.sleep(0.2)
        r.do('flows 5')
        wait('the file', lambda: len(lines.alerts()) == 10)
        time.sleep(0.3)
        log.die()
        log.reads = True
        log.open()
        all_here(r)
        expect(log.alerts() == lines.alerts(), 'lost with the dead one:', len(lines.alerts() - log.alerts()))
        r.stop()
        log.die()
    print('local receiver dead with 5 unread: all sent to the next one')

def slow_receivers():
    tcp = Stream()
    with report('json:{}/logs/events.json', f'tcp:{tcp.port}', 'unix:{}/log-socket') as r:
        lines = Lines(r.folder + '/logs/events.json')
        log = Datagrams(r.folder + '/log-socket', parse_3164)
        tcp.reads = log.reads = False
        r.do('start')
        began = time.monotonic()
        r.do('flows 250')
        intake = time.monotonic() - began
        wait('the file', lambda: len(lines.alerts()) >= 250, 10)
        slowest = time.monotonic() - began
        began = time.monotonic()
        r.do('flows 1')
        wait('one more', lambda: len(lines.ids()) and any('10.0.0.251' in e['message'] for e in lines.events()[-5:]), 10)
        single = time.monotonic() - began
        expect(intake < 5 and single < 1, 'held up:', intake, single)
        tcp.reads = log.reads = True
        all_here(r)
        expect(tcp.alerts() >= lines.alerts() and log.alerts() >= lines.alerts(), 'the slow ones lack some')
        r.stop()
        tcp.die()
        log.die()
    print(f'two that never read: 250 alerts taken in {intake * 1000:.0f} ms, in the file after {slowest * 1000:.0f} ms, one more '
          f'after {single * 1000:.0f} ms')

# ---- kill -9 ----

def kill_all(pid):
    """The process, and those that it started (strace's)."""
    with contextlib.suppress(OSError), open(f'/proc/{pid}/task/{pid}/children') as f:
        for child in f.read().split():
            os.kill(int(child), signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)

def kills():
    """Accepted is what stands in the spool of the killed process, or in any output."""
    tcp, strace = Stream(), shutil.which('strace')
    rng = random.Random(os.environ.get('SEED', '7'))
    accepted, first_of = {}, {}
    with report('json:{}/logs/events.json', f'tcp:{tcp.port}', 'journal:{}/journal', program=('env', REPORT)) as r:
        lines, journal = Lines(r.folder + '/logs/events.json', torn=KILLS), Datagrams(r.folder + '/journal', parse_journal)
        for i in range(KILLS):
            in_call = strace is not None and i % 3 == 2
            if in_call: # inside of a system call, which is then not made
                call = rng.choice(('pwrite64', 'fdatasync', 'sendto', 'write', 'recvmsg'))
                r.wrap(strace, '-o', '/dev/null', '-e', f'trace={call}', '-e',
                       f'inject={call}:signal=SIGKILL:when={rng.randint(1, 150)}', REPORT)
            else:
                r.wrap(REPORT)
            started = r.told('start') == 'ok'
            expect(started or in_call, 'no start', r.said()[-2000:])
            r.told('again 40')
            killer = threading.Timer(2 if in_call else rng.uniform(0, 0.25), kill_all, (r.pid(),))
            killer.start()
            while r.told('flows 2') == 'ok':
                time.sleep(0.002)
            if in_call:
                killer.cancel()
                kill_all(r.pid())
            killer.join()
            r.do('kill', 'ended -9')
            for id, rows in r.spooled().items():
                for row in rows:
                    accepted.setdefault(id, row)
                    expect(dict(leaves(row)).get('.source.ip') == dict(leaves(accepted[id])).get('.source.ip'),
                           'one id for two events', id)
        r.wrap(REPORT)
        r.do('start')
        r.do('again 5')
        all_here(r)
        for e in lines.events():
            if e['event']['code'] == 'KEY_REGION' and e['keyfence']['alert']['state'] == 'opened':
                ip = e['source']['ip']
                expect(first_of.setdefault(ip, e['event']['id']) == e['event']['id'], 'another id after a restart', ip)
        accepted = set(accepted) | lines.ids() | tcp.ids() | journal.ids()
        for receiver in (lines, tcp, journal):
            lacks = accepted - receiver.ids()
            expect(not lacks, f'{len(lacks)} of {len(accepted)} accepted events are lost')
        counts = [len(x.events()) for x in (lines, tcp, journal)]
        r.stop()
        tcp.die()
        journal.die()
    print(f'{KILLS} kills: {len(accepted)} events accepted, all delivered three times; with copies {counts}')

# ---- a full spool ----

def full_spool():
    tcp = Stream()
    tcp.die()
    with report('json:{}/logs/events.json', f'tcp:{tcp.port}') as r:
        lines = Lines(r.folder + '/logs/events.json')
        r.do('start')
        r.do('flows 100')
        for _ in range(40):
            r.do('blocks 500')
            time.sleep(0.05)
        wait('the file', lambda: max(r.waiting().values()) > 0 and r.waiting()[f'json {lines.path}'] == 0, 30)
        s = r.status()['spool']
        expect(s['lost'] > 0 and s['bytes'] <= 16 << 20, s)
        size = sum(os.path.getsize(f'{r.folder}/state/{n}') for n in os.listdir(r.folder + '/state'))
        expect(size < 40 << 20, 'the files of the spool hold', size)
        tcp.open()
        all_here(r)
        time.sleep(11) # the losses after the first are told together
        all_here(r)
        lacks = lines.ids() - tcp.ids()
        losses = {e['event']['id']: e for e in tcp.events() if e['event']['code'] == 'SPOOL_LOST'}
        told = sum(e['keyfence']['lost']['count'] for e in losses.values())
        expect(len(lacks) == told == r.status()['spool']['lost'], len(lacks), 'lost,', told, 'told')
        expect(len(tcp.alerts()) == 100, 'an alert went before what is less')
        accepted = r.status()['spool']['accepted']
        expect(accepted == len(lines.events()), 'the file, which was up, lost some', accepted, len(lines.events()))
        r.stop()
        tcp.die()
    print(f'a full spool: {told} of {accepted} lost to the receiver that was down, none to the file, and exactly so many told; files of {size >> 20} MB')

# ---- a storm of alerts ----

def storm():
    with report('json:{}/logs/events.json') as r:
        lines = Lines(r.folder + '/logs/events.json')
        r.do('start')
        began = time.monotonic()
        for _ in range(8):
            r.do('flows 500')
        for _ in range(400):
            r.do('blocked 3')
        intake = time.monotonic() - began
        wait('the storm', lambda: [e for e in lines.events() if e['event']['code'] == 'ALERT_STORM'], 10)
        expect(any('alert storm' in w for w in r.status()['wrong']), 'status does not tell')
        r.stop()
        codes = [e['event']['code'] for e in lines.events()]
        folded = [e['keyfence']['folded'] for e in lines.events() if e['event']['code'] == 'ALERT_STORM']
        alerts = [e for e in lines.events() if e['event']['code'] == 'KEY_REGION']
        opened = sum(e['keyfence']['alert']['state'] == 'opened' for e in alerts)
        flows = sum(e['keyfence']['violating']['flows'] for e in alerts if e['keyfence']['alert']['state'] == 'closed')
        expect(opened + sum(f['alerts'] for f in folded) == 4000, opened, folded)
        expect(flows + sum(f['flows'] for f in folded) == 4000, flows, folded)
        expect(codes.count('BLOCK_REFUSED') + sum(f['refused_blocks'] for f in folded) == 400, folded)
        expect(len(codes) < 1000 + 310, len(codes))
    print(f'a storm: 4000 alerts and 400 refusals in {intake:.1f} s, {len(codes)} events, the sums exact')

# ---- another book under open alerts ----

def reload():
    """An alert that goes on under the new book is opened once and closed once, with all that was counted."""
    with report('json:{}/logs/events.json') as r:
        lines = Lines(r.folder + '/logs/events.json')
        r.do('start')
        r.do('flows 30')
        r.do('fences available') # so that it is another book
        r.do('book')
        r.do('again 20') # the others are not told again: with the former book they end
        wait('the former book to go', lambda: sum(e['event']['code'] == 'KEY_REGION' for e in lines.events()) == 40, 10)
        r.stop()
        before = lines.events()
        r.do('start') # what is said now has ids of its own, but for openings
        r.do('again 20')
        r.stop()
        ends = [e['event']['id'] for e in lines.events() if e['keyfence'].get('alert', {}).get('state') == 'closed']
        begins = {e['event']['id'] for e in lines.events() if e['keyfence'].get('alert', {}).get('state') == 'opened'}
        expect(len(ends) == len(set(ends)) == 50 and len(begins) == 30, len(ends), len(set(ends)), len(begins))
        alerts, seen = {}, set()
        for e in before:
            expect(e['event']['id'] not in seen, 'one id for two events')
            seen.add(e['event']['id'])
            if e['event']['code'] == 'KEY_REGION':
                a = e['keyfence']['alert']
                alerts.setdefault(a['id'], []).append((a['state'], e['rule']['version']))
        expect(len(alerts) == 30 and all([s for s, _ in a] == ['opened', 'closed'] for a in alerts.values()), alerts)
        expect(sum(a[0][1] != a[1][1] for a in alerts.values()) == 20, 'which book closed them?')
    print('another book: 30 open alerts, each opened and closed once')

# ---- files that are rotated, captures that go ----

def rotation():
    with report('json:{}/logs/events.json') as r:
        path = r.folder + '/logs/events.json'
        r.do('start')
        r.do('flows 10')
        wait('the file', lambda: len(Lines(path).alerts()) == 10)
        os.rename(path, path + '.1')
        r.do('flows 10')
        wait('the old file', lambda: len(Lines(path + '.1').alerts()) == 20)
        r.do('hangup')
        wait('the new file', lambda: os.path.exists(path))
        with open(path, 'a') as f: # a line that was torn costs itself
            f.write('{"torn":')
        r.do('hangup')
        r.do('flows 10')
        old = Lines(path + '.1').alerts() # what was not synced yet is written again
        wait('the new file', lambda: len(Lines(path, torn=1).alerts() - old) == 10)
        r.do('counters 0')
        r.do('counters 0 down')
        wait('a word', lambda: [e for e in Lines(path, torn=1).events() if e['event']['code'] == 'CAPTURE_DOWN'])
        expect(any('no capture on br-lan' in w for w in r.status()['wrong']), 'status does not tell')
        r.do('counters 0')
        wait('a word', lambda: [e for e in Lines(path, torn=1).events() if e['event']['code'] == 'CAPTURE_UP'])
        expect(not any('looks wrong' in w for w in r.status()['wrong']), 'one in a hundred is usual')
        r.do('strangers')
        r.do('strangers')
        wait('a word', lambda: [e for e in Lines(path, torn=1).events() if e['event']['code'] == 'LOCAL_UNSURE'])
        expect(any('looks wrong' in w for w in r.status()['wrong']), 'status does not tell of strangers')
        told = [e for e in Lines(path, torn=1).events() if e['event']['code'] == 'LOCAL_UNSURE']
        expect(len(told) == 1, 'not one word a day', told)
        r.stop()
        expect(len(Lines(path + '.1').alerts() | Lines(path, torn=1).alerts()) == 60, 'between the files')
    print('a file rotated, a torn line ended, a capture down and up')

# ---- others that lie ----

def noise():
    """Facts, blocks and counters with wrong bytes: refused, or told in clean words; never a reason to fall."""
    with report('json:{}/logs/events.json', 'journal:{}/journal', 'unix:{}/log-socket') as r:
        lines, journal = Lines(r.folder + '/logs/events.json'), Datagrams(r.folder + '/journal', parse_journal)
        log = Datagrams(r.folder + '/log-socket', parse_3164)
        r.do('start')
        for n in (500, 1500, 2500):
            r.do(f'noise {n}')
            for args in (('status',), ('flows',), ('meetings',), ('blocks',)):
                objects = r.keyfence(*args, '--json').stdout.splitlines()
                expect(all(isinstance(json.loads(o), dict) for o in objects), args)
                text = r.keyfence(*args).stdout
                expect(all(c.isprintable() or c == '\n' for c in text), 'not clean', args)
        all_here(r)
        r.stop()
        expect(journal.ids() == lines.ids() and log.ids() == lines.ids(), 'not the same everywhere')
        journal.die()
        log.die()
    print(f'4500 spoilt messages of each kind: {len(journal.events())} clean events')

# ---- start, fences ----

def one_spool():
    with report('json:{}/logs/events.json') as r:
        r.do('start')
        second = subprocess.Popen([DRIVER, REPORT], env=r.env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        said, log = second.communicate('start\nstop\n', timeout=30)
        expect('not ready' in said and 'ended 69' in said and 'another keyfence-report' in log, said, log)
        r.keyfence('status')
        r.do('flows 1')
        wait('its alert', lambda: len(Lines(r.folder + '/logs/events.json').alerts()) == 1)
        r.stop()
    p = subprocess.run([REPORT], capture_output=True, text=True)
    expect(p.returncode == 69 and 'keyfenced' in p.stderr, p)
    print('one spool, one report')

def without_landlock():
    """A kernel that has none, as strace plays it."""
    strace = shutil.which('strace')
    if strace is None:
        print('fences: no strace, so the kernel without landlock is left out')
        return
    with report('json:{}/logs/events.json', program=(strace, '-o', '/dev/null', '-e',
                'inject=landlock_create_ruleset:error=ENOSYS', REPORT)) as r:
        r.do('start', 'not ready')
        r.do('stop', 'ended 69')
        expect('fence landlock cannot be raised' in r.said() and 'available' in r.said(), r.said())
        r.do('fences available')
        r.do('start')
        expect('fence landlock' in r.said().splitlines()[-1], r.said())
        r.stop()

def fences():
    with report('json:{}/logs/events.json') as r:
        r.do('start')
        with open(f'/proc/{r.pid()}/status') as f:
            held = dict(line.rstrip('\n').split(':\t', 1) for line in f if ':\t' in line)
        expect(held['NoNewPrivs'] == '1' and held['Seccomp'] == '2', held)
        expect(int(held['CapPrm'], 16) == int(held['CapEff'], 16) == int(held['CapAmb'], 16) == 0, held)
        os.makedirs(r.folder + '/logs/deeper')
        r.do(f'book json:{r.folder}/logs/deeper/events.json')
        os.makedirs(r.folder + '/elsewhere')
        r.do(f'book json:{r.folder}/elsewhere/events.json', 'not ready')
        r.do('stop', 'ended 75')
        expect('starting again' in r.said(), r.said())
        r.do('start')
        r.do('flows 1')
        wait('an alert behind the new fence', lambda: len(Lines(r.folder + '/elsewhere/events.json').alerts()) == 1)
        r.stop()
    without_landlock()
    p = subprocess.run(['ldd', REPORT], capture_output=True, text=True)
    libraries = set(re.findall(r'^\s*(lib[\w+-]+)\.so', p.stdout, re.M))
    with open(REPORT, 'rb') as f:
        sanitized = b'__asan_init' in f.read()
    expect(sanitized or libraries <= {'libsqlite3', 'libm', 'libc', 'libz'}, libraries)
    print('fences: no capability, seccomp, landlock; libraries:', *sorted(libraries))

def main():
    tests = [every_output, late_receivers, dying_receiver, stopped_receiver, unread_datagrams, slow_receivers, kills, full_spool, storm, reload, rotation, noise, one_spool, fences]
    for test in tests:
        if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
            test()

main()
