# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at random moments, under calls that are alerts and blocks: KILLS times each of inspect, report and enforce, and a tenth as often
keyfenced itself. What was accepted is delivered, to a file at once and to a receiver that comes up only at the end; no block outlives its
time; each restart is counted, and told how long it took. SEED repeats a run as far as chance allows."""
import contextlib, itertools, json, os, random, re, socket, statistics, tempfile, threading, time
from keyfenced import Daemon, flat
from lab import CN, NAMES, elements, expect, fail, has_lab, inside, ip, lab, nft, passed
from traffic import Call, TlsServer, certificate

KILLS, SEED, PAUSE_S = int(os.environ.get('KILLS', '4')), int(os.environ.get('SEED', '1')), float(os.environ.get('PAUSE_S', '1.0'))
TIMEOUT_S, CLIENTS, CALLS_A_SECOND, RECEIVER = 10, 200, 10, ('127.0.0.1', 5140)
IN_CN = 'zoomtj12zc.zoom.us'
KILLED = ('keyfence-inspect', 'keyfence-report', 'keyfence-enforce')

# ---- traffic ----

class Callers(threading.Thread):
    """Call after call to CN, each from another of many clients; most end in a cut."""
    def __init__(self):
        super().__init__(daemon=True)
        self.stop, self.calls = threading.Event(), 0
        for i in range(CLIENTS):
            ip('-n', NAMES['c'], 'addr', 'add', f'192.0.2.{10 + i}/24', 'dev', 'vc')
        self.start()

    def run(self):
        for i in itertools.count():
            if self.stop.wait(1 / CALLS_A_SECOND):
                return
            with contextlib.suppress(OSError):
                call = Call(CN, IN_CN, source=f'192.0.2.{10 + i % CLIENTS}', timeout=0.3)
                with contextlib.suppress(OSError):
                    call.hold(0.1)
                call.close()
            self.calls += 1

# ---- what stands ----

class Watch(threading.Thread):
    """Every element that stands, and since when: none may stand longer than its timeout and a second, unless it was asked for again."""
    def __init__(self):
        super().__init__(daemon=True)
        self.stop, self.oldest, self.seen = threading.Event(), 0.0, set()
        self.start()

    def run(self):
        since = {}
        while not self.stop.wait(0.2):
            text = nft('list', 'ruleset', check=False)
            now = time.monotonic()
            there = set(re.findall(r'(\S+ \. \S+ \. tcp \. \d+) timeout', text))
            since = {e: since.get(e, now) for e in there}
            self.seen |= there
            self.oldest = max([self.oldest, *(now - t for t in since.values())])

# ---- kills ----

def restart_ms(d, name, killed):
    """Kills it; milliseconds until another one runs."""
    os.kill(killed, 9)
    begin = time.monotonic()
    while (pid := d.children().get(name)) in (None, killed):
        if time.monotonic() - begin > 5:
            fail(f'{name} is started again within 5 s; {d.lines()}')
        time.sleep(0.001)
    return (time.monotonic() - begin) * 1000

def kill_children(d, chance):
    """By process: how long each restart took."""
    took = {name: [] for name in KILLED}
    turns = [name for name in KILLED for _ in range(KILLS)]
    chance.shuffle(turns)
    for name in turns:
        time.sleep(chance.uniform(0.1, 2 * PAUSE_S))
        pid = d.until(lambda: d.children().get(name), f'{name} runs')  # the kernel's list of children may miss one while another ends
        took[name].append(restart_ms(d, name, pid))
    return took

def kill_supervisor(d, chance):
    """All end with it; the next one takes over what it left. Milliseconds until that one is up."""
    time.sleep(chance.uniform(0.5, 1.5))
    children = d.children()
    d.process.kill()
    d.process.wait()
    begin = time.monotonic()
    while any(os.path.exists(f'/proc/{pid}') for pid in children.values()):
        if time.monotonic() - begin > 5:
            fail(f'they end with keyfenced: {children}')
        time.sleep(0.01)
    begin = time.monotonic()
    d.start()
    return (time.monotonic() - begin) * 1000

# ---- what was delivered ----

class Receiver(threading.Thread):
    """RFC 5424 over TCP, octet counting: the events of all messages, in the order they came."""
    def __init__(self):
        super().__init__(daemon=True)
        self.events = []
        with inside('g'):
            self.listener = socket.create_server(RECEIVER)
        self.start()

    def run(self):
        while True:
            connection, buffer = self.listener.accept()[0], b''
            while data := connection.recv(65536):
                buffer += data
                while (frame := re.match(rb'(\d+) ', buffer)) and len(buffer) >= frame.end() + int(frame[1]):
                    end = frame.end() + int(frame[1])
                    message, buffer = buffer[frame.end():end], buffer[end:]
                    self.events.append(flat(json.loads(message[message.index(b'{'):])))

def check_delivery(d, receiver):
    """What either output got, both got; in one order, once duplicates are left out."""
    d.until(lambda: all(o['waiting'] == 0 for o in d.status()['outputs']), 'nothing waits', 60)
    filed, received = ([e['event.id'] for e in events] for events in (d.events(), receiver.events))
    expect(set(filed) == set(received), f'only one output got: {len(set(filed) ^ set(received))} of {len(set(filed))}')
    expect(list(dict.fromkeys(filed)) == list(dict.fromkeys(received)), 'in one order')
    alerts = [e for e in d.events() if e['event.kind'] == 'alert']
    print(f'{len(set(filed))} events accepted, {len({e["event.id"] for e in alerts})} of alerts; all delivered to both; sent again: '
          f'{len(filed) - len(set(filed))} and {len(received) - len(set(received))}')

def check_told(d, took):
    """Each death is told; what the status counts."""
    d.until(lambda: (d.status() or {}).get('blocks') == len(elements(nft('list', 'ruleset'))) > 0, 'report knows of what stands')
    for name in KILLED:
        d.wait('PROCESS_RESTARTED', within=70, process__name=name, keyfence__restarts=len(took[name]))
    with open(f'{d.folder}/lines') as f:
        strange = [line for line in f if ' ended with status' in line]
    expect(not strange, f'nobody died but those who were killed: {strange}')
    return d.status()['restarts']

def tell(name, times):
    times = sorted(times)
    print(f'{name}: killed {len(times)} times; back after: median {statistics.median(times):.0f} ms, worst {times[-1]:.0f} ms')

def main():
    if not has_lab('openssl'):
        return
    chance = random.Random(SEED)
    with lab(), tempfile.TemporaryDirectory() as folder:
        pem = certificate(folder)
        server = TlsServer(pem, CN)
        d = Daemon(folder, mode='enforce', size='medium', timeout=f'{TIMEOUT_S}s', window='10s', budget=100000, syslog='tcp://{}:{}'.format(*RECEIVER)).start()
        watch, callers = Watch(), Callers()
        took = kill_children(d, chance)
        for name in KILLED:
            tell(name, took[name])
        counted = check_told(d, took)
        tell('keyfenced', [kill_supervisor(d, chance) for _ in range(max(1, KILLS // 10))])
        callers.stop.set()
        callers.join()
        d.until(lambda: d.status()['blocks'] == 0, 'every block ends', TIMEOUT_S + 3)
        watch.stop.set()
        watch.join()
        print(f'{callers.calls} calls, {server.connections} arrived; {len(watch.seen)} elements seen; the oldest stood for {watch.oldest:.1f} s')
        expect(watch.seen and watch.oldest <= TIMEOUT_S + 1, 'no block stands longer than its time and a second')
        receiver = Receiver()
        check_delivery(d, receiver)
        expect(all(counted[name] == len(took[name]) for name in KILLED), f'the status counted each death: {counted}')
        d.stop()
    passed()

if __name__ == '__main__':
    main()
