# SPDX-License-Identifier: GPL-3.0-or-later
"""keyfence-enforce alone in the lab, where s is to be cut off and t is its neighbour. This script plays the supervisor, inspect and report."""
import array, contextlib, errno, os, select, signal, socket, statistics, struct, subprocess, sys, tempfile, time
from lab import BUILD, ROOT, elements, expect, has_lab, inside, lab, nft, passed, processes, run_in
from traffic import ZOOM_ANSWER, Neighbour, connect, is_cut, leave_first_processor, listen, pace, stamp_of, udp

ENFORCE, PREPARE = os.path.join(BUILD, 'keyfence-enforce'), os.path.join(BUILD, 'keyfence-prepare')
BOOK, LINK, STOP, PAUSE, RESUME, READY, GONE, FACT, COUNTERS, BLOCK, BLOCKED, UNBLOCK = range(1, 13)
APPLIED, RENEWED, FAILED, REFUSED, RELEASED, LEAKING, SPENT, CONFLICT = range(8)
(NOT, PROTECTED, LOCAL, UNANSWERED, FULL, BUDGET_CLIENT, BUDGET, MALFORMED, PAUSED, SHARED, PARDONED) = range(11)
BLOCK_FORM, NETFILTER = '=QQ16s16sQQQQHHHHBBBBI', 12
TCP, UDP, TRIES = 6, 17, int(os.environ.get('TRIES', '20'))
INSPECT, REPORT = 2, 3 # enum process
NETLINK_AT = (4, 5, 6)
POLICY = '''version: 1
mode: enforce
site: {{name: lab, country: TW}}
capture: [{{interface: lo, side: inside}}]
local: [192.0.2.0/24, "2001:db8:1::/64"]
resolvers: [203.0.113.53]
groups: {{many: {{prefixes: [192.0.2.128/25], shared: true}}}}
regions: {{never: [CN], watched: [US]}}
rules:
  - {{name: keys-never, role: key, inside: never, action: block}}
  - {{name: media-watch, role: media, inside: never, action: block, mode: observe}}
  - {{name: media-alert, role: media, inside: watched, action: alert}}
enforce: {{timeout: {timeout}, protect: [203.0.113.9/32], max_blocks: {most}, budget: {{client: {client}/m, servers: 64/m, blocks: {all}/m}}}}
'''

# ---- the processes around enforce ----

def pair():
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

def send(link, verb, body=b'', fd=None):
    more = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))] if fd is not None else []
    link.sendmsg([struct.pack('=II', verb, len(body)) + body], more)

def receive(link, timeout=3.0):
    if not select.select([link], [], [], timeout)[0]:
        return None, b''
    data = link.recv(8192)
    return (struct.unpack('=I', data[:4])[0], data[8:]) if data else (None, b'')

def make_book(folder, generation, **limits):
    path = os.path.join(folder, 'policy.yaml')
    with open(path, 'w') as f:
        f.write(POLICY.format(**limits))
    memfd = os.memfd_create('book', os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    run = subprocess.run((PREPARE, path, os.path.join(ROOT, 'conf/services.d')), input=f'generation {generation}\n', text=True,
                         capture_output=True, close_fds=False, preexec_fn=lambda: os.dup2(memfd, 3))
    if run.returncode != 0:
        sys.exit(f'prepare: {run.returncode}\n{run.stdout}{run.stderr}')
    _, version, size, book_hash, gen = struct.unpack('=IIQQI', os.pread(memfd, 28, 0))
    assert gen == generation
    return memfd, struct.pack('=QQII', size, book_hash, generation, version)

class Enforce:
    """One run of keyfence-enforce, and our ends of its links."""
    def __init__(self, folder, netlink):
        self.supervisor, a = pair()
        self.report, b = pair()
        self.inspect, c = pair()
        given = {3: a, **dict(zip(NETLINK_AT, netlink))}
        def place():
            for at, s in given.items(): # all of our own descriptors lie higher
                os.dup2(s.fileno(), at)
        self.process = subprocess.Popen((ENFORCE,), close_fds=False, preexec_fn=place, env={**os.environ, 'RUNTIME_DIRECTORY': folder, 'ASAN_OPTIONS': 'detect_leaks=0'})
        processes.append(self.process)
        self.give(REPORT, b)
        self.give(INSPECT, c)
        a.close()

    def give(self, peer, theirs):
        """The link to another process, from the supervisor's hand."""
        send(self.supervisor, LINK, struct.pack('=I', peer), theirs.fileno())
        theirs.close()

    def book(self, memfd, body, generation):
        send(self.supervisor, BOOK, body, memfd)
        self.generation = generation
        verb, ready = receive(self.supervisor, 10)
        expect(verb == READY and struct.unpack('=I', ready)[0] == generation, 'ready with the book')

    def request(self, client, server, port, proto=TCP, client_port=40000, rule=1, answered=1, evidence=64, flow=1, roles=4, generation=None):
        return struct.pack(BLOCK_FORM, flow, 1, wide(client), wide(server), 7, 5, 700, 500, client_port, port, rule, 1, proto, evidence,
                           roles, answered, generation or self.generation)

    def ask(self, *args, **more):
        send(self.inspect, BLOCK, self.request(*args, **more))

    def hear(self, timeout=3.0):
        verb, body = receive(self.report, timeout)
        if verb is None:
            return None
        names = struct.unpack('=96sQQiBB2x', body)
        block = struct.unpack(BLOCK_FORM, names[0])
        return {'client': block[2], 'server': block[3], 'port': block[9], 'packets': block[4] + block[5], 'bytes': block[6] + block[7],
                'until': names[1], 'element': names[2], 'error': names[3], 'state': names[4], 'refusal': names[5]}

    def knows(self):
        """Numbers of the blocks that a new report is told of."""
        told = [self.hear(), self.hear()]
        expect(all(t is not None and t['state'] == RENEWED for t in told) and self.hear(0.1) is None, f'told of standing blocks: {told}')
        return {t['element'] for t in told}

    def block(self, *args, state=APPLIED, **more):
        self.ask(*args, **more)
        told = self.hear()
        expect(told is not None and told['state'] == state, f'{args}: told {told}, not state {state}')
        return told

    def refuse(self, name, why, *args, **more):
        before = nft('list', 'ruleset')
        self.ask(*args, **more)
        told = self.hear()
        expect(told is not None and told['state'] == REFUSED and told['refusal'] == why, f'{name}: told {told}, not refusal {why}')
        self.ask(*args, **more)
        expect(self.hear(0.05) is None, f'{name}: one event for client and server in a minute')
        expect(elements(nft('list', 'ruleset')) == elements(before), f'{name}: no element')

    def end(self, number, status):
        if number:
            self.process.send_signal(number)
        expect(self.process.wait(10) == status, f'ends with {status}: {self.process.returncode}')

def netlink_sockets():
    with inside('g'):
        return [socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETFILTER) for _ in range(3)]

# ---- words of the test ----

def wide(text):
    return socket.inet_pton(socket.AF_INET6, text if ':' in text else '::ffff:' + text)

def talk(client, server):
    client.sendall(b'question')
    expect(server.recv(100) == b'question', 'the server hears the client')
    server.sendall(b'answer')
    expect(client.recv(100) == b'answer', 'the client hears the server')

# ---- what is shown ----

def show_cut(e):
    """A connection that stands and one that is new; the neighbour loses nothing meanwhile."""
    neighbour = Neighbour(9000)
    server, server6 = listen('s', '198.51.100.2', 443), listen('s', '2001:db8:2::2', 443)
    client, client6 = connect('198.51.100.2', 443, 40001), connect('2001:db8:2::2', 443, 40002)
    far, far6 = server.accept()[0], server6.accept()[0]
    other = listen('t', '203.0.113.2', 443)
    friend = connect('203.0.113.2', 443, 40003)
    friend_far = other.accept()[0]
    for pair_of in ((client, far), (client6, far6), (friend, friend_far)):
        talk(*pair_of)
    entries = conntrack_count()
    told = e.block('192.0.2.2', '198.51.100.2', 443, client_port=40001)
    expect(told['packets'] == 12 and told['bytes'] == 1200, 'applied tells what leaked')
    expect(abs(told['until'] / 1e6 - time.time() - 600) < 5, 'applied tells until when')
    e.block('2001:db8:1::2', '2001:db8:2::2', 443, client_port=40002)
    expect(conntrack_count() == entries - 2, f'two conntrack entries ended: {entries} -> {conntrack_count()}')
    expect(is_cut(client) and is_cut(client6), 'what stood is cut within a second')
    for address in ('198.51.100.2', '2001:db8:2::2'):
        try:
            connect(address, 443)
            expect(False, f'a new connection to {address} is refused')
        except ConnectionRefusedError:
            expect(True, 'refused')
    far.settimeout(0.2)
    far.sendall(b'from the server')
    try:
        expect(far.recv(100) != b'more', 'the server hears nothing more')
    except TimeoutError:
        pass
    talk(friend, friend_far)
    expect(neighbour.lost() == 0, 'the neighbour flow loses nothing of 10,000 packets')

def show_udp(e):
    server, client = udp('s', ('198.51.100.2', 8801)), udp('c', ('192.0.2.2', 42000), ('198.51.100.2', 8801))
    client.send(b'one')
    _, peer = server.recvfrom(100)
    server.sendto(b'two', peer)
    expect(client.recv(100) == b'two', 'UDP both ways')
    e.block('192.0.2.2', '198.51.100.2', 8801, proto=UDP, client_port=42000)
    server.settimeout(0.3), client.settimeout(0.3)
    server.sendto(b'back', peer)
    try:
        expect(client.recv(100) is None, 'nothing comes back')
    except TimeoutError:
        pass
    client.send(b'three')
    try:
        expect(client.recv(100) is None, 'an answer from nobody')
    except OSError as error:
        expect(error.errno in (errno.EHOSTUNREACH, errno.EACCES, errno.ECONNREFUSED, errno.ENETUNREACH), f'told at once: {error}')
    try:
        expect(server.recv(100) is None, 'nothing goes out')
    except TimeoutError:
        pass

def conntrack_count():
    return int(run_in('g', 'cat', '/proc/sys/net/netfilter/nf_conntrack_count').stdout)

def show_rude(e):
    """Other tools cannot take an owned table away."""
    before = nft('list', 'table', 'inet', 'keyfence')
    nft('flush', 'ruleset')
    for rude in (('delete', 'table', 'inet', 'keyfence'), ('flush', 'table', 'inet', 'keyfence'),
                 ('flush', 'set', 'inet', 'keyfence', 'blocked4')):
        expect(run_in('g', 'nft', *rude, check=False).returncode != 0, f'nft {" ".join(rude)} is refused')
    after = nft('list', 'table', 'inet', 'keyfence')
    expect(elements(before) == elements(after) != [], 'all elements stand after a foreign flush')
    try:
        connect('198.51.100.2', 443)
        expect(False, 'still cut')
    except ConnectionRefusedError:
        pass

def show_refusals(e):
    c, s = '192.0.2.2', '198.51.100.2'
    e.refuse('the gateway itself', LOCAL, c, '192.0.2.1', 443)
    e.refuse('a local server', LOCAL, c, '192.0.2.77', 443)
    e.refuse('a local server, IPv6', LOCAL, '2001:db8:1::2', '2001:db8:1::9', 443)
    e.refuse('the resolver', PROTECTED, c, '203.0.113.53', 53, proto=UDP)
    e.refuse('a protected server', PROTECTED, c, '203.0.113.9', 443)
    e.refuse('a protected server in 6to4', PROTECTED, '2001:db8:1::2', '2002:cb00:7109::1', 443)
    e.refuse('a protected server behind NAT64', PROTECTED, '2001:db8:1::2', '64:ff9b::203.0.113.9', 443)
    e.refuse('two families', MALFORMED, '2001:db8:1::2', '203.0.113.9', 443)
    e.refuse('loopback', PROTECTED, c, '127.0.0.1', 443)
    e.refuse('multicast', PROTECTED, c, '224.0.0.5', 443)
    e.refuse('a name server of anybody', PROTECTED, c, '198.51.100.3', 53, proto=UDP)
    e.refuse('nowhere', PROTECTED, c, '0.1.2.3', 443)
    e.refuse('a client that is none of ours', LOCAL, '203.0.113.70', s, 443)
    e.refuse('unanswered', UNANSWERED, c, '198.51.100.10', 443, answered=0)
    e.refuse('one of many', SHARED, '192.0.2.200', '198.51.100.11', 443, evidence=1)
    for name, more in (('a rule that there is not', {'rule': 9}), ('no rule', {'rule': 0}), ('a rule that watches', {'rule': 2}),
                       ('a rule that alerts', {'rule': 3}), ('an old book', {'generation': 77}), ('a strange protocol', {'proto': 1}),
                       ('no client port', {'client_port': 0}), ('no role', {'roles': 0})):
        show_refusals.last += 1
        e.refuse(name, MALFORMED, c, f'198.51.100.{show_refusals.last}', 443, **more)
show_refusals.last = 20

def show_pause(e):
    """Whoever pauses wants the network as if nobody stood guard."""
    standing = len(elements(nft('list', 'ruleset')))
    send(e.supervisor, PAUSE)
    expect(standing > 0 and [e.hear()['state'] for _ in range(standing)] == [RELEASED] * standing, 'what stands is let go')
    expect(elements(nft('list', 'ruleset')) == [], 'no element while paused')
    e.refuse('paused', PAUSED, '192.0.2.2', '198.51.100.12', 443)
    send(e.supervisor, RESUME)
    time.sleep(0.05)  # another link than that of requests
    e.block('192.0.2.2', '198.51.100.2', 443)

def show_leak(e):
    told = e.block('192.0.2.2', '198.51.100.2', 8001)
    e.ask('192.0.2.2', '198.51.100.2', 8001, client_port=40009, flow=2)
    again = e.hear()
    expect(again['state'] == RENEWED and again['element'] == told['element'], 'another flow at once is no leak')
    time.sleep(2.2)
    e.block('192.0.2.2', '198.51.100.2', 8001, state=LEAKING)

def show_crash(folder, netlink, book):
    """kill -9: the table stands while the supervisor holds the socket; the next one knows all."""
    e = Enforce(folder, netlink)
    e.book(*book, 1)
    e.block('192.0.2.2', '198.51.100.2', 443)
    e.block('2001:db8:1::2', '2001:db8:2::2', 443)
    e.end(signal.SIGKILL, -signal.SIGKILL)
    expect(len(elements(nft('list', 'ruleset'))) == 2, 'the fence stands while enforce is dead')
    nft('flush', 'ruleset')
    e = Enforce(folder, netlink)
    e.book(*book, 1)
    expect(len(elements(nft('list', 'ruleset'))) == 2, 'and afterwards')
    expect(e.knows() == {1, 2}, 'a report is told of what stands')
    e.report, theirs = pair()
    e.give(REPORT, theirs)
    expect(e.knows() == {1, 2}, 'and one that begins anew, too')
    told = e.block('192.0.2.2', '198.51.100.2', 444)
    expect(told['element'] == 3, 'numbers go on')
    send(e.report, UNBLOCK, struct.pack('=QII', 1, 0, 0))
    told = e.hear()
    expect(told['state'] == RELEASED and told['element'] == 1 and told['port'] == 443, 'unblocked by number')
    expect(len(elements(nft('list', 'ruleset'))) == 2, 'it is gone')
    told = e.block('192.0.2.9', '198.51.100.2', 443)
    send(e.report, UNBLOCK, struct.pack('=QII', told['element'], 0, 0))
    expect(e.hear()['state'] == RELEASED, 'let go')
    e.refuse('what somebody let go', PARDONED, '192.0.2.9', '198.51.100.2', 443, client_port=40001)
    return e

def show_second(folder, book):
    """Two daemons: the second cannot have the table."""
    e = Enforce(folder, netlink_sockets())
    send(e.supervisor, BOOK, book[1], book[0])
    expect(e.process.wait(10) == 69, f'the second ends with 69: {e.process.returncode}')
    told = e.hear(0.2)
    expect(told and told['state'] == CONFLICT, 'and says so')

def show_timeouts(e, book):
    e.book(*book, 2)
    told = [e.block('192.0.2.2', '198.51.100.2', 9001), e.block('192.0.2.2', '198.51.100.2', 9002)]
    begin = time.monotonic()
    gone = [e.hear(15), e.hear(15)]
    expect(sorted(t['element'] for t in gone) == sorted(t['element'] for t in told) and all(t['state'] == RELEASED for t in gone), 'released')
    expect(9.5 < time.monotonic() - begin < 12, 'at their time')
    time.sleep(0.1)
    listed = elements(nft('list', 'ruleset'))
    expect(not any(' 9001' in x or ' 9002' in x for x in listed), f'gone from the kernel, too: {listed}')
    for port in (9003, 9004):
        e.block('192.0.2.2', '198.51.100.2', port)
    e.refuse('a client that spent its budget', BUDGET_CLIENT, '192.0.2.2', '198.51.100.2', 9005)
    for i in range(2):
        e.block('192.0.2.3', '198.51.100.2', 9003 + i)
    e.block('192.0.2.4', '198.51.100.2', 9003)  # ten seconds gave one back
    e.ask('192.0.2.4', '198.51.100.2', 9004)
    expect([e.hear()['state'] for _ in range(2)] == [SPENT, REFUSED], 'the whole budget is spent, and it is said')
    send(e.report, UNBLOCK, struct.pack('=QII', 0, 0, 0))
    while (last := e.hear(0.5)) is not None:
        expect(last['state'] == RELEASED, f'all unblocked: {last}')
    expect(elements(nft('list', 'ruleset')) == [], 'nothing stands')

def measure(e):
    """A running UDP flow: from the request to the sending time of the last packet that still came through (0: none did), and to
    being told that the block is there."""
    times, told = [], []
    leave_first_processor(0, e.process.pid)
    for i in range(TRIES):
        server = udp('s', ('198.51.100.2', 20000 + i))
        sender = pace('198.51.100.2', 20000 + i, gap_us=5, count=4000)
        _, peer = server.recvfrom(2048)
        request = e.request('192.0.2.2', '198.51.100.2', 20000 + i, proto=UDP, client_port=peer[1])
        server.sendto(ZOOM_ANSWER, peer)
        packet = server.recv(2048)
        begin = time.monotonic_ns()
        send(e.inspect, BLOCK, request)
        expect(e.hear()['state'] == APPLIED, 'applied')
        told.append((time.monotonic_ns() - begin) / 1000)
        sender.wait()
        server.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = server.recv(2048)
        times.append(max(0, stamp_of(packet) - begin) / 1000)
        server.close()
    for name, us in (('effect on a running flow', times), ('being told', told)):
        us.sort()
        print(f'verdict to {name}, {TRIES} tries: median {statistics.median(us):.0f} us, p99 {us[int(TRIES * 0.99)]:.0f} us')

def show_strangers(folder, netlink, book):
    """A wrong size or verb closes the sender's link; the rest goes on. STOP takes the table down."""
    e = Enforce(folder, netlink)
    e.book(*book, 1)
    e.inspect.send(struct.pack('=II', BLOCK, 5) + b'short')
    expect(e.inspect.recv(10) == b'', 'the link of inspect is closed')
    e.inspect, theirs = pair()
    e.give(INSPECT, theirs)
    e.block('192.0.2.2', '198.51.100.2', 443)
    send(e.supervisor, STOP)
    e.end(None, 0)
    expect('keyfence' not in nft('list', 'ruleset'), 'no table after STOP')

def main():
    if not os.path.exists(PREPARE):
        print('keyfence-prepare is not built: the lab, which needs a policy with `enforce`, is not tried')
        return
    if not has_lab('taskset'):
        return
    while (fd := os.open('/dev/null', os.O_RDONLY | os.O_CLOEXEC)) < 12:  # these numbers are the children's
        pass
    with lab(), tempfile.TemporaryDirectory() as folder:
        nft('add', 'table', 'inet', 'firewall')
        nft('add', 'chain', 'inet', 'firewall', 'forward', '{ type filter hook forward priority 0; policy accept; }')
        nft('add', 'rule', 'inet', 'firewall', 'forward', 'ct', 'state', 'established', 'accept')
        netlink = netlink_sockets()
        book = make_book(folder, 1, timeout='10m', most=4096, client=1000, all=2000)
        e = Enforce(folder, netlink)
        e.book(*book, 1)
        show_cut(e)
        show_udp(e)
        show_refusals(e)
        show_pause(e)
        show_leak(e)
        measure(e)
        show_rude(e)
        show_second(tempfile.mkdtemp(dir=folder), book)
        e.end(signal.SIGTERM, 0)
        expect('keyfence' not in nft('list', 'ruleset'), 'no table after SIGTERM')
        with tempfile.TemporaryDirectory() as fresh:
            e = show_crash(fresh, netlink, book)
            show_timeouts(e, make_book(fresh, 2, timeout='10s', most=4096, client=4, all=6))
            e.end(signal.SIGTERM, 0)
            show_strangers(fresh, netlink, book)
    passed()

if __name__ == '__main__':
    main()
