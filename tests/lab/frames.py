# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames by hand, for those who lie: sent on the client's link to the gateway, whoever they claim to be from. And TLS as bytes."""
import contextlib, ipaddress, socket, ssl, struct
from lab import inside, run_in

SYN, ACK, PSH = 2, 16, 8
TCP, UDP = 6, 17

def checksum(data):
    total = sum(struct.unpack(f'!{len(data) // 2}H', data)) if len(data) % 2 == 0 else sum(struct.unpack(f'!{len(data) // 2 + 1}H', data + b'\0'))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF

def packet(source, target, proto, segment, checksum_at):
    """IPv4 or IPv6, with a right checksum in the segment."""
    a, b = ipaddress.ip_address(source).packed, ipaddress.ip_address(target).packed
    pseudo = a + b + struct.pack('!II', len(segment), proto)
    segment = segment[:checksum_at] + struct.pack('!H', checksum(pseudo + segment)) + segment[checksum_at + 2:]
    if len(a) == 16:
        return struct.pack('!IHBB', 6 << 28, len(segment), proto, 64) + a + b + segment
    head = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(segment), 1, 0x4000, 64, proto, 0) + a + b
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + segment

def tcp(source, target, flags, sequence, acknowledged, data=b''):
    """source, target: address and port."""
    segment = struct.pack('!HHIIBBHHH', source[1], target[1], sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF, 5 << 4, flags, 65000, 0, 0) + data
    return packet(source[0], target[0], TCP, segment, 16)

def udp(source, target, data):
    return packet(source[0], target[0], UDP, struct.pack('!HHHH', source[1], target[1], 8 + len(data), 0) + data, 6)

class Wire:
    """The client's end of the link to the gateway."""
    def __init__(self):
        with inside('c'):
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.socket.bind(('vc', 0))
        mac = run_in('g', 'cat', '/sys/class/net/gc/address').stdout.strip()
        self.head = bytes.fromhex(mac.replace(':', '')) + self.socket.getsockname()[4]

    def send(self, packet):
        self.socket.send(self.head + (b'\x08\x00' if packet[0] >> 4 == 4 else b'\x86\xDD') + packet)

def tls_hello(name):
    """What a client says first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    out = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return out.read()

def tls_talk(pem, name):
    """A whole handshake and two records, as (from the client, bytes)."""
    contexts = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    contexts[0].check_hostname, contexts[0].verify_mode = False, ssl.CERT_NONE
    contexts[1].load_cert_chain(pem)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = contexts[0].wrap_bio(to_client, to_server, server_hostname=name), contexts[1].wrap_bio(to_server, to_client, server_side=True)
    said = []
    for turn in range(6):
        with contextlib.suppress(ssl.SSLWantReadError):
            ends[turn % 2].do_handshake()
        if turn >= 4:
            ends[turn % 2].write(b'record')
        out, other = (to_server, to_client) if turn % 2 == 0 else (to_client, to_server)
        if data := out.read():
            said.append((turn % 2 == 0, data))
            out.write(data)
    return said
