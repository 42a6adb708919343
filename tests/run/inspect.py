# SPDX-License-Identifier: GPL-3.0-or-later
"""keyfence-inspect in a network of its own (a veth pair, documentation addresses, no way out). This script plays the supervisor,
report, enforce and the wire. Needs root."""
import array, ctypes, os, re, select, shutil, signal, socket, struct, subprocess, sys, tempfile, time

ROOT, BUILD = os.environ['SOURCE'], os.environ['BUILD']
sys.path.insert(0, os.path.join(ROOT, 'tests/lab'))
import frames, traffic
INSPECT, PROBE = os.path.join(BUILD, 'keyfence-inspect'), os.path.join(BUILD, 'tests/inspect_probe')
PREPARE = os.path.join(BUILD, 'keyfence-prepare')
BOOK, LINK, STOP, PAUSE, RESUME, READY, GONE, FACT, COUNTERS, BLOCK = range(1, 11)
REPORT, ENFORCE = 3, 4 # enum process
CHANGED, QUIET, RESUMED, ENDED = range(4)
ENODEV, ENETDOWN, LINK_BYTES = 19, 100, 8 << 20
CLONE_NEWNET = 0x40000000
POLICY = '''version: 1
mode: {mode}
site: {{name: lab, country: TW}}
size: {size}
{more}fences: {fences}
capture: [{captures}]
local: [192.0.2.0/24, "2001:db8:1::/64"]
resolvers: [203.0.113.53]
geo: {{overrides: [{{prefix: 198.51.100.0/24, country: CN, note: lab}}, {{prefix: 203.0.113.0/24, country: TW, note: lab}}, {{prefix: "2001:db8:2::/64", country: CN, note: lab}}]}}
regions: {{never: [CN]}}
rules:
  - {{name: media-never, role: media, inside: never, action: block}}
  - {{name: keys-never, role: key, inside: never, action: block}}
enforce: {{timeout: 10m, max_blocks: 4096, budget: {{client: 1000/m, servers: 1000/m, blocks: 2000/m}}}}
'''
# Zoom's framing: bytes of ntop/nDPI tests/cfgs/default/pcap/zoom.pcap, frames 386 and 395, and of audio on such a flow.
ZOOM_ID = bytes.fromhex('7d464d35fffda234495d0d6d3b51e896')
ZOOM_HELLO = b'\x01\x00\x02' + ZOOM_ID + bytes.fromhex(
    '0000000000000002007a002a007a002a000000400e173ddf96025efb95c4240c2353bfcbf060be99dcbbd8c479c7b9732d6c75fa4362f0835eb83e4da9c6a7e6f309'
    'b31e40df0f6bb5756a840f731d9bc1f6a72d00000000')
ZOOM_ANSWER = b'\x02\x00\x01' + ZOOM_ID + bytes.fromhex('005a0e3e007a002a0000000000000000')
ZOOM_AUDIO, ZOOM_RTP = bytes.fromhex('050f0100fb901611040300004909b64c00010048'), bytes.fromhex('01000802bede000150e4006800140c00')
CLIENT, BANNED, PERMITTED = '192.0.2.2', '198.51.100.2', '203.0.113.2'
CLIENT6, BANNED6 = '2001:db8:1::2', '2001:db8:2::2'

checked = 0

def expect(so, what):
    global checked
    checked += 1
    if not so:
        raise SystemExit(f'not so: {what}')

# ---- the wire ----

def ip(*args):
    subprocess.run(('ip',) + args, check=True)

def make_pair(ours, theirs):
    ip('link', 'add', ours, 'type', 'veth', 'peer', 'name', theirs)
    for name in (ours, theirs):
        ip('link', 'set', name, 'arp', 'off', 'up')

def own_network():
    """This process and its children, in a network that ends with them."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        return False
    with open('/proc/sys/net/ipv6/conf/default/disable_ipv6', 'w') as f:
        f.write('1')
    ip('link', 'set', 'lo', 'up')
    make_pair('kfa', 'kfb')
    make_pair('kfc', 'kfd')
    return True

def ether(packet):
    return b'\x02\0\0\0\0\x01\x02\0\0\0\0\x02' + (b'\x08\0' if packet[0] >> 4 == 4 else b'\x86\xDD') + packet

def udp(source, target, data):
    """source, target: address and port."""
    return ether(frames.udp(source, target, data))

def media(number):
    return ZOOM_AUDIO + struct.pack('!BBHI', 0x90, 0x71, number & 0xFFFF, number * 160 & 0xFFFFFFFF) + ZOOM_RTP + bytes(48)

class Wire:
    """The other end of a captured link."""
    def __init__(self, name='kfb'):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.bind((name, 0))
        self.sent = 0

    def send(self, frame):
        self.socket.send(frame)
        self.sent += 1

    def call(self, server, port, packets=4, of=CLIENT):
        """A call that is answered, with media both ways."""
        client, far = (of, port), (server, 8801)
        self.send(udp(client, far, ZOOM_HELLO))
        self.send(udp(far, client, ZOOM_ANSWER))
        for i in range(packets):
            self.send(udp(client, far, media(i)))
            self.send(udp(far, client, media(i)))

    def talk(self, port, said):
        """A TCP connection to the banned server, in which this is said."""
        client, far, seq, other = (CLIENT, port), (BANNED, 443), 1000, 9000
        self.send(ether(frames.tcp(client, far, frames.SYN, seq, 0)))
        self.send(ether(frames.tcp(far, client, frames.SYN | frames.ACK, other, seq + 1)))
        seq, other = seq + 1, other + 1
        self.send(ether(frames.tcp(client, far, frames.ACK, seq, other)))
        for mine, data in said:
            for at in range(0, len(data), 1400):
                piece = data[at:at + 1400]
                if mine:
                    self.send(ether(frames.tcp(client, far, frames.ACK | frames.PSH, seq, other, piece)))
                    seq += len(piece)
                else:
                    self.send(ether(frames.tcp(far, client, frames.ACK | frames.PSH, other, seq, piece)))
                    other += len(piece)

# ---- the processes around inspect ----

def pair():
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    b.setsockopt(socket.SOL_SOCKET, 32, LINK_BYTES) # SO_SNDBUFFORCE
    return a, b

def send(link, verb, body=b'', fd=None):
    more = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))] if fd is not None else []
    link.sendmsg([struct.pack('=II', verb, len(body)) + body], more)

def receive(link, timeout=5.0):
    if not select.select([link], [], [], timeout)[0]:
        return None, b''
    data = link.recv(8192)
    return (struct.unpack('=I', data[:4])[0], data[8:]) if data else (None, b'')

def make_book(generation, captures='{interface: kfa, side: inside}', mode='enforce', fences='strict', size='small', more=''):
    memfd = os.memfd_create('book', os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    with tempfile.NamedTemporaryFile('w', suffix='.yaml') as f:
        f.write(POLICY.format(captures=captures, mode=mode, fences=fences, size=size, more=more))
        f.flush()
        run = subprocess.run((PREPARE, f.name, os.path.join(ROOT, 'conf/services.d')), input=f'generation {generation}\n', text=True,
                             capture_output=True, close_fds=False, preexec_fn=lambda: os.dup2(memfd, 3))
    if run.returncode != 0:
        sys.exit(f'prepare: {run.returncode}\n{run.stdout}{run.stderr}')
    _, version, size, book_hash, gen = struct.unpack('=IIQQI', os.pread(memfd, 28, 0))
    expect(gen == generation, 'the book has its generation')
    return memfd, struct.pack('=QQII', size, book_hash, generation, version)

def fact_of(body):
    ident, at, first, last, up, down, up_bytes, down_bytes = struct.unpack('=8Q', body[:64])
    lo, hi, lo_port, hi_port = struct.unpack('=16s16sHH', body[64:100])
    return {'id': ident, 'packets': (up, down), 'ports': {lo_port, hi_port}, 'stage': body[114], 'evidence': body[112], 'roles': body[110],
            'generation': struct.unpack('=I', body[392:396])[0], 'kind': body[402], 'source': struct.unpack('=H', body[396:398])[0]}

def block_of(body):
    flow, _, client, server, up, down, up_bytes, down_bytes, client_port, port, rule, _, proto, evidence, roles, answered, generation = \
        struct.unpack('=QQ16s16sQQQQHHHHBBBBI', body)
    def text(a):
        return socket.inet_ntoa(a[12:]) if a[:12] == bytes(10) + b'\xff\xff' else socket.inet_ntop(socket.AF_INET6, a)
    return {'flow': flow, 'client': text(client), 'server': text(server), 'evidence': evidence, 'packets': (up, down),
            'client_port': client_port, 'port': port, 'rule': rule, 'proto': proto, 'answered': answered, 'generation': generation}

def counters_of(body):
    offered = struct.unpack('=Q', body[8:16])[0]
    facts_lost, blocks_lost, captures, generation = struct.unpack('=QQII', body[-24:])
    rows = [struct.unpack('=QQQQB7x', body[-664 + 40 * i:-664 + 40 * (i + 1)]) for i in range(captures)]
    return {'offered': offered, 'facts_lost': facts_lost, 'blocks_lost': blocks_lost, 'generation': generation,
            'captures': [dict(zip(('received', 'dropped', 'by_interface', 'filtered', 'up'), r)) for r in rows]}

class Inspect:
    """One run of keyfence-inspect, and our ends of its links."""
    started = []
    def __init__(self, program=(INSPECT,), links=(REPORT, ENFORCE), **more):
        self.supervisor, theirs = pair()
        self.log = tempfile.TemporaryFile('w+')
        env = {**os.environ, 'ASAN_OPTIONS': 'detect_leaks=0', **more.pop('env', {})}
        self.process = subprocess.Popen(program, close_fds=False, preexec_fn=lambda: os.dup2(theirs.fileno(), 3), env=env, stderr=self.log, **more)
        theirs.close()
        self.started.append(self.process)
        self.facts, self.links = [], {}
        for peer in links:
            self.give(peer)

    def give(self, peer):
        """A new link to another process, from the supervisor's hand."""
        if peer in self.links:
            self.links.pop(peer).close()
        self.links[peer], theirs = pair()
        send(self.supervisor, LINK, struct.pack('=I', peer), theirs.fileno())
        theirs.close()

    def book(self, memfd, body):
        send(self.supervisor, BOOK, body, memfd)

    def ready(self, generation):
        while (heard := receive(self.supervisor, 10))[0] == GONE:
            self.gone = struct.unpack('=Ii', heard[1])
        expect(heard == (READY, struct.pack('=I', generation)), f'ready with book {generation}: {heard} {self.said()}')

    def hear_report(self, timeout=3.0):
        """('fact' | 'counters', what), or None."""
        verb, body = receive(self.links[REPORT], timeout)
        return ('fact', fact_of(body)) if verb == FACT else ('counters', counters_of(body)) if verb == COUNTERS else None

    def counters(self, true, what, seconds=6):
        until, c = time.monotonic() + seconds, None
        while time.monotonic() < until:
            heard = self.hear_report(0.5)
            if heard and heard[0] == 'fact':
                self.facts.append(heard[1])
            elif heard and true(c := heard[1]):
                return c
        raise SystemExit(f'not so: {what}: {c} {self.said()}')

    def fact(self, true, what, seconds=5):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            heard = self.hear_report(0.5)
            if heard and heard[0] == 'fact':
                self.facts.append(heard[1])
                if true(heard[1]):
                    return heard[1]
        raise SystemExit(f'not so: {what}: {self.facts[-3:]} {self.said()}')

    def block(self, timeout=3.0):
        verb, body = receive(self.links[ENFORCE], timeout)
        return block_of(body) if verb == BLOCK else None

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def ends(self, status, what):
        try:
            got = self.process.wait(10)
        except subprocess.TimeoutExpired:
            got = 'does not end'
        expect(got == status, f'{what}: ends with {status}: {got} {self.said()}')

def start(book, generation=1, **more):
    i = Inspect(**more)
    i.book(*book)
    i.ready(generation)
    return i

# ---- what is shown ----

def status_of(pid):
    with open(f'/proc/{pid}/status') as f:
        return dict(line.rstrip('\n').split(':\t', 1) for line in f if ':\t' in line)

def show_fences(i):
    s = status_of(i.process.pid)
    if SANITIZED:
        return
    for name, value in (('CapInh', 0), ('CapPrm', 0), ('CapEff', 0), ('CapAmb', 0), ('NoNewPrivs', 1), ('Seccomp', 2)):
        expect(int(s[name], 16) == value, f'{name} of {s[name]}')

def show_exact(i, wire):
    for n in range(3000):
        wire.send(udp((CLIENT, 1024 + n % 100), (PERMITTED, 9), bytes(n % 1400)))
    c = i.counters(lambda c: c['captures'][0]['received'] == wire.sent, f'{wire.sent} packets are counted')
    expect(c['offered'] == wire.sent, f'and delivered: {c}')
    expect(c['captures'][0]['dropped'] == 0 and c['captures'][0]['up'] == 1, f'none dropped, and up: {c}')

def show_block(i, wire):
    begin = time.monotonic()
    wire.call(BANNED, 40001)
    b = i.block()
    print(f'from the first packet of a call to the request: {(time.monotonic() - begin) * 1000:.1f} ms')
    expect(b and (b['client'], b['server'], b['client_port'], b['port'], b['proto']) == (CLIENT, BANNED, 40001, 8801, 17), f'a block: {b}')
    expect(b['answered'] == 1 and b['rule'] == 1 and b['generation'] == 1, f'answered, by rule 1: {b}')
    f = i.fact(lambda f: 40001 in f['ports'], 'its fact')
    expect(f['id'] == b['flow'] and f['generation'] == 1, 'of the same flow')
    wire.call(PERMITTED, 40002)
    i.fact(lambda f: 40002 in f['ports'], 'the fact of a permitted call')
    expect(i.block(0.3) is None, 'one request a flow, and none for a permitted one')
    return b

def show_again(i, wire, first):
    """The client's packets say nothing of the fence; the server's do."""
    client, far = (CLIENT, 40001), (BANNED, 8801)
    for n in range(45):
        wire.send(udp(client, far, media(10 + n)))
        time.sleep(0.1)
    expect(i.block(0) is None, 'a client that talks into the void is not blocked again')
    for n in range(5):
        wire.send(udp(far, client, media(10 + n)))
    b = i.block(2)
    expect(b and b['flow'] == first['flow'] and b['packets'][1] > first['packets'][1], f'what still comes back is told: {b}')
    for n in range(30):
        wire.send(udp(far, client, media(20 + n)))
        time.sleep(0.1)
    expect(i.block(0) is not None and i.block(0) is None, 'at most each two seconds')

def show_families(i, wire):
    wire.call(BANNED6, 40020, of=CLIENT6)
    b = i.block()
    expect(b and (b['client'], b['server'], b['port'], b['answered']) == (CLIENT6, BANNED6, 8801, 1), f'IPv6: {b}')

def show_tls(i, wire, folder):
    if shutil.which('openssl') is None:
        return
    said = frames.tls_talk(traffic.certificate(folder), 'zoomtj12zc.zoom.us')
    wire.talk(40030, said[:1])
    expect(i.block(0.2) is None, 'a hello that nobody answered blocks nothing')
    wire.talk(40031, said)
    b = i.block()
    expect(b and (b['server'], b['client_port'], b['port'], b['proto'], b['rule'], b['answered']) == (BANNED, 40031, 443, 6, 2, 1), f'keys over TLS: {b}')

def show_unanswered(i, wire):
    for n in range(12):
        wire.send(udp((CLIENT, 40003), (BANNED, 8801), ZOOM_HELLO if n == 0 else media(n)))
    b = i.block(1)
    expect(b is None or b['answered'] == 0, f'one direction is no answer: {b}')

def show_loss(i, wire):
    frame = udp((CLIENT, 5000), (PERMITTED, 9), bytes(1000))
    os.kill(i.process.pid, signal.SIGSTOP)
    for _ in range(40000):
        wire.send(frame)
    os.kill(i.process.pid, signal.SIGCONT)
    def whole(c):
        row = c['captures'][0]
        return row['received'] + row['dropped'] == wire.sent and c['offered'] == row['received']
    c = i.counters(whole, f'of {wire.sent} packets each is received or dropped')
    expect(c['captures'][0]['dropped'] > 0, f'some were dropped: {c}')
    print(f"stopped under 40 MB: {c['captures'][0]['dropped']} dropped, all counted")

def show_reload(i, wire):
    i.facts.clear()
    i.book(*make_book(2))
    i.ready(2)
    f = i.fact(lambda f: f['generation'] == 2 and 40001 in f['ports'], 'a live flow is told again by the new book')
    expect(f['kind'] == CHANGED, 'as judged')
    expect(i.block(0.3) is None, 'what stands is not asked for again')
    i.give(REPORT)
    i.fact(lambda f: 40001 in f['ports'], 'and to a new report')
    i.give(ENFORCE)
    wire.call(BANNED, 40010)
    b = i.block()
    expect(b and b['generation'] == 2, f'a new link to enforce is used: {b}')
    i.book(*make_book(3, mode='observe'))
    i.ready(3)
    wire.call(BANNED, 40011)
    i.fact(lambda f: 40011 in f['ports'], 'observed')
    expect(i.block(0.3) is None, 'who only observes asks for no block')
    i.book(*make_book(4))
    i.ready(4)
    asked = {i.block()['client_port']}
    while (b := i.block(0.5)) is not None:
        asked.add(b['client_port'])
    expect(40011 in asked, f'a flow that lives when the mode changes is blocked: {asked}')

def show_slow(i, wire):
    """A report that does not read: facts wait, then the oldest are lost, and counted."""
    i.give(REPORT)
    time.sleep(0.2)
    calls = 30000
    before = wire.sent
    for n in range(calls):
        server = f'203.0.113.{1 + n // 250}'
        wire.send(udp((CLIENT, 20000 + n % 250), (server, 8801), ZOOM_HELLO))
        wire.send(udp((server, 8801), (CLIENT, 20000 + n % 250), ZOOM_ANSWER))
        if n % 100 == 99:
            time.sleep(0.002)
    time.sleep(0.5)
    i.facts.clear()
    c = i.counters(lambda c: c['facts_lost'] > 0, 'facts are lost', 10)
    last = i.fact(lambda f: f['packets'] == (1, 1) and f['source'] == 0, 'the latest are there') if not i.facts else i.facts[-1]
    print(f"a report that does not read: {c['facts_lost']} facts lost")
    return before, last

def memory(i):
    s = status_of(i.process.pid)
    return s['VmData'], s['VmPeak']

def show_end(i):
    i.facts.clear()
    i.process.send_signal(signal.SIGTERM)
    while (heard := i.hear_report(2)) is not None:
        last = heard
        if heard[0] == 'fact':
            i.facts.append(heard[1])
    i.ends(0, 'SIGTERM')
    expect(any(f['kind'] == ENDED and 40001 in f['ports'] for f in i.facts), 'every flow ends')
    expect(last[0] == 'counters', 'the last word are the counters')

TWO = '{interface: kfa, side: inside}, {interface: kfc, side: inside}'

def show_gone(book):
    i, one, two = start(book), Wire(), Wire('kfd')
    two.send(udp((CLIENT, 1), (PERMITTED, 9), b'x'))
    i.counters(lambda c: [r['received'] for r in c['captures']] == [0, 1], 'each capture counts its own')
    ip('link', 'set', 'kfc', 'down')
    i.counters(lambda c: [r['up'] for r in c['captures']] == [1, 0], 'down is told')
    ip('link', 'set', 'kfc', 'up')
    i.counters(lambda c: [r['up'] for r in c['captures']] == [1, 1], 'up again')
    two.send(udp((CLIENT, 1), (PERMITTED, 9), b'x'))
    i.counters(lambda c: c['captures'][1]['received'] == 2, 'and packets come again')
    ip('link', 'set', 'kfc', 'name', 'kfe')
    two.send(udp((CLIENT, 1), (PERMITTED, 9), b'x'))
    i.counters(lambda c: c['captures'][1]['received'] == 3 and c['captures'][1]['up'] == 1, 'an interface that was renamed is the same')
    for _ in range(100):
        two.send(udp((CLIENT, 1), (PERMITTED, 9), b'x'))
    ip('link', 'del', 'kfe')
    heard = receive(i.supervisor)
    expect(heard == (GONE, struct.pack('=Ii', 1, -ENODEV)), f'gone: {heard}')
    one.call(BANNED, 40001)
    expect(i.block() is not None, 'the rest goes on')
    c = i.counters(lambda c: [r['up'] for r in c['captures']] == [1, 0], 'and is told')
    row = c['captures'][1]
    expect(row['received'] + row['dropped'] == two.sent, f'what came before it went was read: {row}, {two.sent}')
    expect(receive(i.supervisor, 0.3)[0] is None, 'once')
    make_pair('kfc', 'kfd')
    send(i.supervisor, STOP)
    i.ends(75, 'STOP with one gone')

def show_absent():
    ip('link', 'set', 'kfc', 'down')
    i = Inspect()
    i.book(*make_book(1, '{interface: kfa, side: inside}, {interface: kfc, side: mirror}, {interface: kfz, side: inside}'))
    gone = {struct.unpack('=Ii', body) for verb, body in (receive(i.supervisor), receive(i.supervisor), receive(i.supervisor)) if verb == GONE}
    expect(gone == {(1, -ENETDOWN), (2, -ENODEV)}, f'what is not there is told: {gone} {i.said()}')
    wire = Wire()
    wire.call(BANNED, 40001)
    expect(i.block() is not None, 'the rest works')
    send(i.supervisor, STOP)
    i.ends(75, 'STOP with some gone')
    ip('link', 'set', 'kfc', 'up')

def show_loopback():
    """Every packet passes twice there, and is seen once."""
    i = start(make_book(1, '{interface: lo, side: inside}'))
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(500):
        s.sendto(b'x', ('127.0.0.1', 9))
    s.close()
    c = i.counters(lambda c: c['captures'][0]['received'] >= 500, 'packets on the loopback')
    expect(c['captures'][0]['dropped'] == 0 and c['offered'] == c['captures'][0]['received'] <= 1000, f'each once, and what ICMP answers: {c}')
    send(i.supervisor, STOP)
    i.ends(0, 'STOP')

def show_sides():
    """The same call, seen inside and outside: judged once."""
    i, one, two = start(make_book(1, '{interface: kfa, side: inside}, {interface: kfc, side: outside}')), Wire(), Wire('kfd')
    one.call(BANNED, 40040)
    two.call(BANNED, 61000, of='203.0.113.77')
    b = i.block()
    expect(b and b['client_port'] == 40040 and i.block(0.3) is None, f'only what is inside is asked for: {b}')
    c = i.counters(lambda c: sum(r['received'] for r in c['captures']) == one.sent + two.sent, 'both count')
    expect(c['offered'] == one.sent + two.sent, f'all are delivered: {c}')
    send(i.supervisor, STOP)
    i.ends(0, 'STOP')

def show_missing_fence():
    """A kernel without landlock, or without seccomp, played by strace."""
    if shutil.which('strace') is None:
        return
    def without(call):
        return ('strace', '-qq', '-o', '/dev/null', '-e', f'trace={call}', '-e', f'inject={call}:error=ENOSYS', INSPECT)
    i = Inspect(program=without('seccomp'))
    i.book(*make_book(1, fences='available'))
    i.ends(70, 'without seccomp there is no start')
    blind = without('landlock_create_ruleset')
    i = Inspect(program=blind)
    i.book(*make_book(1))
    i.ends(70, 'strict refuses')
    expect('landlock' in i.said(), f'and says why: {i.said()}')
    i = Inspect(program=blind)
    i.book(*make_book(1, fences='available'))
    i.ready(1)
    expect('landlock' in i.said(), f'what is not available is said: {i.said()}')
    send(i.supervisor, STOP)
    i.ends(0, 'STOP')

def show_clock(book):
    """The time of day is set back."""
    library = os.path.join(BUILD, 'tests/libstep_clock.so')
    with tempfile.NamedTemporaryFile() as f:
        f.write(struct.pack('=q', 0))
        f.flush()
        i = start(book, env={'LD_PRELOAD': library, 'STEP_CLOCK': f.name})
        Wire().call(BANNED, 40050)
        expect(i.block() is not None, 'a block')
        time.sleep(0.3)
        f.seek(0)
        f.write(struct.pack('=q', -3600))
        f.flush()
        i.fact(lambda f: f['kind'] == ENDED and 40050 in f['ports'], 'when the clock is set back flows end')
        expect(i.block(0.3) is None and 'set back by 3' in i.said(), f'without a block, and it is said: {i.said()}')
        Wire().call(BANNED, 40051)
        expect(i.block() is not None, 'and begin anew')
        expect(i.said().count('set back') == 1, 'once')
        i.process.kill()

def show_ends(book):
    i = start(book)
    i.book(*make_book(2, '{interface: kfc, side: inside}'))
    i.ends(75, 'other captures')
    for name, other in (('another size', {'size': 'medium'}), ('other keys of flows', {'more': 'flows: {by_vlan: true}\n'}),
                        ('another side', {'captures': '{interface: kfa, side: outside}', 'mode': 'observe'})):
        i = start(book)
        i.book(*make_book(2, **other))
        i.ends(75, name)
    i = start(book)
    i.supervisor.close()
    i.ends(69, 'the supervisor is gone')
    i = start(book)
    i.supervisor.send(struct.pack('=II', FACT, 472) + bytes(472))
    i.ends(70, 'a message that the supervisor may not send')
    i = Inspect()
    i.supervisor.sendmsg([struct.pack('=II', BOOK, 24) + bytes(24)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [book[0]]))])
    i.ends(70, 'a book that is none')
    i = start(book)
    send(i.supervisor, PAUSE)
    send(i.supervisor, RESUME)
    send(i.supervisor, STOP)
    i.ends(0, 'STOP')
    i = Inspect()
    send(i.supervisor, STOP)
    i.ends(0, 'STOP before there is a book')
    alone = subprocess.run((INSPECT,), stdin=subprocess.DEVNULL, capture_output=True)
    expect(alone.returncode == 69, 'started by hand')
    i = Inspect(user=65534, group=65534)
    i.book(*book)
    i.ends(77, 'without a privilege')
    expect('kfa' in i.said(), f'and says where: {i.said()}')

def show_probes(book):
    if SANITIZED:
        return
    for act in ('open', 'socket', 'execve', 'ptrace'):
        i = start(book, program=(PROBE,), env={'PROBE': act})
        Wire().send(udp((CLIENT, 1), (PERMITTED, 9), b'x'))
        i.ends(-signal.SIGSYS, f'{act} behind the fences')

def show_libraries():
    def of(path):
        out = subprocess.run(('ldd', path), capture_output=True, text=True, check=True).stdout
        return {m.group(1) for m in re.finditer(r'^\s+(\S+?)\.so', out, re.M)}
    mine = of(INSPECT)
    pcap = next(m.group(1) for m in re.finditer(r'libpcap\.so\S* => (\S+)', subprocess.run(('ldd', INSPECT), capture_output=True, text=True).stdout))
    expect(mine <= of(pcap) | {'libpcap', 'libc', 'libm', 'linux-vdso'}, f'only what it needs: {sorted(mine - of(pcap))}')

def is_sanitized():
    with open(INSPECT, 'rb') as f:
        return b'__asan_init' in f.read()

def main():
    global SANITIZED
    if not os.path.exists(PREPARE):
        print('skipped: keyfence-prepare is not built')
        return
    if os.geteuid() != 0 or shutil.which('ip') is None or not own_network():
        print('skipped: needs root, ip and a network namespace')
        return
    SANITIZED = is_sanitized()
    while os.open('/dev/null', os.O_RDONLY | os.O_CLOEXEC) < 4:  # these numbers are the children's
        pass
    try:
        book = make_book(1)
        i, wire = start(book), Wire()
        show_fences(i)
        show_exact(i, wire)
        before = memory(i)
        first = show_block(i, wire)
        show_again(i, wire, first)
        show_unanswered(i, wire)
        show_families(i, wire)
        with tempfile.TemporaryDirectory() as folder:
            show_tls(i, wire, folder)
        show_loss(i, wire)
        expect(memory(i) == before or SANITIZED, f'no memory is asked for: {before} {memory(i)}')
        show_reload(i, wire)
        show_end(i)
        i, wire = start(book), Wire()
        show_slow(i, wire)
        send(i.supervisor, STOP)
        i.ends(0, 'STOP while report does not read')
        show_absent()
        show_gone(make_book(1, TWO))
        show_loopback()
        show_sides()
        if not SANITIZED:
            show_missing_fence()
            show_clock(book)
        show_ends(book)
        show_probes(book)
        if not SANITIZED:
            show_libraries()
    finally:
        for process in Inspect.started:
            if process.poll() is None:
                process.kill()
    print(f'{checked} checks passed')

if __name__ == '__main__':
    main()
