# SPDX-License-Identifier: GPL-3.0-or-later
"""Those who lie, to have the innocent cut off: names that are not the server's, forged answers of DNS, clients who are somebody else, and
places that must never be blocked. Packets only; what enforce itself refuses is in enforce.py."""
import itertools, socket, struct, tempfile, time
import frames, traffic
from frames import ACK, PSH, SYN, Wire
from keyfenced import Daemon
from lab import CLIENT, CN, NAMES, TW, US, elements, expect, has_lab, ip, lab, nft, passed
from traffic import Call, TlsServer, call_ends, certificate

IN_CN = 'zoomtj12zc.zoom.us'
GATEWAY, RESOLVER, PROTECTED = '198.51.100.1', '198.51.100.53', '198.51.100.99'
FAR_RESOLVER, NAMELESS, OTHER_CLIENT, NOBODY = '203.0.113.53', '203.0.113.66', '192.0.2.3', '192.0.2.77'
# The policy knows nothing of US: a name alone says where a server there stands.
COUNTRIES = {'198.51.100.0/24': 'CN', '198.18.0.0/15': 'TW'}

LAST_PORTS = itertools.count(9000)

def settled(d, pem):
    """The elements that there are when all that was sent has been judged: a call that must be blocked comes last."""
    port = next(LAST_PORTS)
    TlsServer(pem, CN, port)
    expect(call_ends(CN, IN_CN, port=port), 'a call to CN is cut')
    d.wait('BLOCK_APPLIED', destination__port=port)
    return [e for e in elements(nft('list', 'ruleset')) if int(e.split()[-1]) < 9000]

KNOWN = []  # elements that there should be by now

def expect_new(d, pem, these, what):
    KNOWN.extend(these)
    got = settled(d, pem)
    expect(got == sorted(KNOWN), f'{what}: {got}')

# ---- names ----

def show_forged_name(d, pem):
    """The name of a controller in CN, said to servers that are none."""
    call_ends(TW, IN_CN, within=0.5)
    expect_new(d, pem, [], 'the policy knows where the server stands: no element')
    call_ends(US, IN_CN, within=0.5)
    expect_new(d, pem, [f'{CLIENT} . {US} . tcp . 443'], 'nobody but the liar is cut off, from that port alone')
    call = Call(US, 'innocent.example', source=OTHER_CLIENT)
    expect(call.hold(0.3), 'others reach the server')
    call.close()

# ---- DNS ----

def question(number, name):
    return struct.pack('!6H', number, 0x100, 1, 0, 0, 0) + b''.join(bytes([len(part)]) + part for part in name.encode().split(b'.')) + b'\0\0\1\0\1'

def answer(asked, address, number=None, name=None):
    asked = asked if name is None else question(0, name)
    number = struct.unpack('!H', asked[:2])[0] if number is None else number
    return struct.pack('!6H', number, 0x8180, 1, 1, 0, 0) + asked[12:] + b'\xC0\x0C\0\1\0\1' + struct.pack('!IH', 60, 4) + socket.inet_aton(address)

class Asker:
    """A resolver at t whose answers we give when we like, and one question to it."""
    def __init__(self):
        self.server, self.client = traffic.udp('t', (FAR_RESOLVER, 53)), traffic.udp('c', (CLIENT, 5300), (FAR_RESOLVER, 53))

    def ask(self, number):
        self.client.send(question(number, IN_CN))
        self.asked, peer = self.server.recvfrom(512)
        return lambda address: self.server.sendto(answer(self.asked, address), peer)

    def close(self):
        self.server.close(), self.client.close()

def show_forged_answers(d, pem, wire):
    """What was not asked of that server, with that port and number, is not believed; what was, is."""
    asker = Asker()
    for name, forged in (('another number', lambda a: frames.udp((FAR_RESOLVER, 53), (CLIENT, 5300), answer(a, NAMELESS, number=78))),
                         ('another port', lambda a: frames.udp((FAR_RESOLVER, 53), (CLIENT, 5301), answer(a, NAMELESS))),
                         ('another server', lambda a: frames.udp((RESOLVER, 53), (CLIENT, 5300), answer(a, NAMELESS))),
                         ('another client', lambda a: frames.udp((FAR_RESOLVER, 53), (OTHER_CLIENT, 5300), answer(a, NAMELESS))),
                         ('another question', lambda a: frames.udp((FAR_RESOLVER, 53), (CLIENT, 5300), answer(a, NAMELESS, name='zoomtj99zc.zoom.us')))):
        asker.ask(77)
        wire.send(forged(asker.asked))
        call_ends(NAMELESS, None, within=0.3)
        expect_new(d, pem, [], f'an answer with {name} is not believed')
    asker.ask(79)(NAMELESS)
    time.sleep(0.05)
    call_ends(NAMELESS, None, within=0.5)
    expect_new(d, pem, [f'{CLIENT} . {NAMELESS} . tcp . 443'], 'the resolver\'s own answer is')
    asker.close()

# ---- clients ----

def show_spoofed(d, pem, wire):
    """Somebody's address as the client: one opens, and says the name, and has not seen what the server answered."""
    for victim, port in ((NOBODY, 50001), (OTHER_CLIENT, 50002)):
        ends = (victim, port), (CN, 443)
        for flags, sequence, acknowledged, data in ((SYN, 1000, 0, b''), (ACK, 1001, 4242, b''), (ACK | PSH, 1001, 4242, frames.tls_hello(IN_CN))):
            wire.send(frames.tcp(*ends, flags, sequence, acknowledged, data))
            time.sleep(0.02)
    expect_new(d, pem, [], 'a client that nobody heard is not blocked')
    wire.send(frames.udp((NOBODY, 50003), (CN, 8801), traffic.ZOOM_HELLO))
    for number in range(50):
        wire.send(frames.udp((NOBODY, 50003), (CN, 8801), traffic.media(number)))
    expect_new(d, pem, [], 'nor is one that nobody answered')

# ---- places ----

def show_protected(d, pem):
    """Servers in CN that must never be blocked: the calls live, and each is said once."""
    for address in (GATEWAY, RESOLVER, PROTECTED):
        calls = [Call(address, IN_CN) for _ in range(3)]
        expect_new(d, pem, [], f'no element for {address}')
        expect(all(c.hold(0.2) for c in calls), f'calls to {address} live')
        refused = d.told('BLOCK_REFUSED', destination__ip=address)
        expect([e['keyfence.block.refusal'] for e in refused] == ['the server is protected'], f'one event for {address}: {refused}')
        for c in calls:
            c.close()

def both_halves(wire, pem, client, server):
    """A whole call between two who do not know of it."""
    at = {True: 1000, False: 5000}
    ends = {True: (client, server), False: (server, client)}
    def say(from_client, flags, data=b''):
        wire.send(frames.tcp(*ends[from_client], flags, at[from_client], at[not from_client] if flags & ACK else 0, data))
        at[from_client] += len(data) + (flags & SYN != 0)
        time.sleep(0.005)
    for from_client, flags in ((True, SYN), (False, SYN | ACK), (True, ACK)):
        say(from_client, flags)
    for from_client, data in frames.tls_talk(pem, IN_CN):
        say(from_client, ACK | PSH, data)

def show_mapped(d, pem, wire):
    """An IPv4-mapped address on the wire stands for nobody."""
    both_halves(wire, pem, ('::ffff:' + CLIENT, 50010), ('::ffff:' + CN, 444))
    both_halves(wire, pem, ('::ffff:' + CLIENT, 50011), ('::ffff:' + PROTECTED, 444))
    expect_new(d, pem, [], 'no element for mapped addresses')

def serve(pem):
    for name, address in (('c', OTHER_CLIENT), ('s', RESOLVER), ('s', PROTECTED), ('t', FAR_RESOLVER), ('t', NAMELESS)):
        ip('-n', NAMES[name], 'addr', 'add', f'{address}/24', 'dev', f'v{name}')
    traffic.HOST_OF.update({RESOLVER: 's', PROTECTED: 's', NAMELESS: 't', GATEWAY: 'g'})
    for address in (CN, US, TW, GATEWAY, RESOLVER, PROTECTED, NAMELESS):
        TlsServer(pem, address)

def main():
    if not has_lab('openssl'):
        return
    with lab(), tempfile.TemporaryDirectory() as folder:
        pem = certificate(folder)
        serve(pem)
        wire = Wire()
        d = Daemon(folder, mode='enforce', countries=COUNTRIES).start()
        show_forged_name(d, pem)
        show_forged_answers(d, pem, wire)
        show_spoofed(d, pem, wire)
        show_protected(d, pem)
        show_mapped(d, pem, wire)
        d.never_died()
        d.stop()
    passed()

if __name__ == '__main__':
    main()
