# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients and servers of the lab: TCP, TLS with a name of one's choice, media in Zoom's framing, each in its own namespace and in threads of
this process."""
import contextlib, errno, os, socket, ssl, struct, subprocess, threading, time
from lab import BUILD, HOST_OF, US, family, inside, start_in

# Zoom's framing: bytes of ntop/nDPI tests/cfgs/default/pcap/zoom.pcap, frames 386, 395 and 396, and of audio on such a flow.
ZOOM_ID = bytes.fromhex('7d464d35fffda234495d0d6d3b51e896')
ZOOM_HELLO = b'\x01\x00\x02' + ZOOM_ID + bytes.fromhex(
    '0000000000000002007a002a007a002a000000400e173ddf96025efb95c4240c2353bfcbf060be99dcbbd8c479c7b9732d6c75fa4362f0835eb83e4da9c6a7e6f309'
    'b31e40df0f6bb5756a840f731d9bc1f6a72d00000000')
ZOOM_ANSWER = b'\x02\x00\x01' + ZOOM_ID + bytes.fromhex('005a0e3e007a002a0000000000000000')
ZOOM_PING = bytes.fromhex('0300000001762a8d74005a0e3e')
ZOOM_AUDIO, ZOOM_RTP = bytes.fromhex('050f0100fb901611040300004909b64c00010048'), bytes.fromhex('01000802bede000150e4006800140c00')

def media(number):
    """One packet of audio; its number stands at its end."""
    rtp = struct.pack('!BBHI', 0x90, 0x71, number & 0xFFFF, number * 160 & 0xFFFFFFFF) + ZOOM_RTP + bytes(44) + struct.pack('!I', number)
    return ZOOM_AUDIO + rtp

def number_of(packet):
    return struct.unpack('!I', packet[-4:])[0]

SO_RCVBUFFORCE = 33

# ---- TCP ----

def listen(name, address, port):
    with inside(name):
        s = socket.create_server((address, port), family=family(address))
    s.settimeout(2)
    return s

def connect(address, port, client_port=0, source='', timeout=2):
    with inside('c'):
        s = socket.socket(family(address))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((source, client_port))
    s.settimeout(timeout)
    s.connect((address, port))
    return s

def is_cut(client, within=1.0):
    """Whether the client's side of a connection ends with a reset in that time."""
    until = time.monotonic() + within
    client.settimeout(0.05)
    while time.monotonic() < until:
        try:
            client.sendall(b'more')
            if client.recv(100) == b'':
                return True
        except TimeoutError:
            continue
        except OSError as e:
            return e.errno in (errno.ECONNRESET, errno.EPIPE)
    return False

# ---- TLS ----

def certificate(folder):
    path = os.path.join(folder, 'server.pem')
    subprocess.run(('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj',
                    '/CN=server of the lab', '-keyout', path, '-out', path), check=True, capture_output=True)
    return path

class TlsServer:
    """Sends back what it is sent; counts bytes."""
    def __init__(self, pem, address, port=443):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem)
        self.bytes = self.connections = 0
        self.listener = listen(HOST_OF[address], address, port)
        self.listener.settimeout(None)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, plain):
        self.connections += 1
        plain.settimeout(120)
        with contextlib.suppress(OSError), self.context.wrap_socket(plain, server_side=True) as s:
            while data := s.recv(4096):
                self.bytes += len(data)
                s.sendall(data)

class Call:
    """A TLS connection of the client. OSError where it cannot be had."""
    def __init__(self, address, name, port=443, source='', timeout=2):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        plain = connect(address, port, source=source, timeout=timeout)
        try:
            self.socket = context.wrap_socket(plain, server_hostname=name)
        except OSError:
            plain.close()
            raise

    def exchange(self, data=b'record'):
        self.socket.sendall(data)
        return self.socket.recv(4096) == data

    def hold(self, seconds):
        """Records go and come for so long; whether all did."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not self.exchange():
                return False
            time.sleep(0.02)
        return True

    def ends_within(self, seconds):
        """Whether the connection is cut in that time; records go meanwhile."""
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                if not self.exchange():
                    return True
                time.sleep(0.005)
        except TimeoutError:
            return False
        except OSError:
            return True
        return False

    def close(self):
        self.socket.close()

def call_ends(address, name, within=2.0, **more):
    """Whether a new call is refused, or cut in that time."""
    try:
        call = Call(address, name, **more)
    except OSError:
        return True
    try:
        return call.ends_within(within)
    finally:
        call.close()

# ---- media ----

def udp(name, bind=None, connect_to=None):
    with inside(name):
        s = socket.socket(family((bind or connect_to)[0]), socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
    s.settimeout(1)
    if bind:
        s.bind(bind)
    if connect_to:
        s.connect(connect_to)
    return s

class MediaServer:
    """Answers hellos and sends every tenth packet of media back; keeps the numbers of all it got."""
    def __init__(self, address, port=8801):
        self.socket, self.got = udp(HOST_OF[address], (address, port)), set()
        self.socket.settimeout(None)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            packet, peer = self.socket.recvfrom(2048)
            if packet == ZOOM_HELLO:
                self.socket.sendto(ZOOM_ANSWER, peer)
                continue
            number = number_of(packet)
            self.got.add(number)
            if number % 10 == 0:
                with contextlib.suppress(OSError):
                    self.socket.sendto(packet, peer)

class MediaFlow:
    """Media of the client to a server, paced. Numbers go on where they ended."""
    def __init__(self, address, port=8801):
        self.socket = udp('c', connect_to=(address, port))
        self.sent = 0
        self.socket.send(ZOOM_HELLO)
        if self.socket.recv(100) != ZOOM_ANSWER:
            raise OSError('no answer to the hello')

    def send(self, packets, a_second):
        begin = time.monotonic()
        for i in range(packets):
            with contextlib.suppress(OSError): # what an ICMP message left on the socket
                self.socket.send(media(self.sent))
            self.sent += 1
            if i % 10 == 9:
                time.sleep(max(0.0, begin + (i + 1) / a_second - time.monotonic()))

def pace(address, port, gap_us, count, pings=0):
    """A process that says hello and then sends media faster than a script could (tests/tools/pace.c), on the first processor."""
    return start_in('c', 'taskset', '-c', '0', os.path.join(BUILD, 'tests/pace'), address, str(port), str(gap_us), str(count), ZOOM_HELLO.hex(), media(0).hex(),
                    ZOOM_PING.hex(), str(pings))

def leave_first_processor(*pids):
    """What is measured does not share one with the busy loop of pace, if there are more."""
    for pid in pids:
        os.sched_setaffinity(pid, set(range(1, os.cpu_count())) or {0})

def stamp_of(packet):
    """When it was sent: nanoseconds of CLOCK_MONOTONIC."""
    return struct.unpack('!Q', packet[-12:-4])[0]

class Neighbour(threading.Thread):
    """A flow of media to the permitted server, that must lose nothing."""
    def __init__(self, port, packets=10000, a_second=4000):
        super().__init__(daemon=True)
        self.packets, self.a_second = packets, a_second
        self.server, self.flow = MediaServer(US, port), MediaFlow(US, port)
        self.start()

    def run(self):
        self.flow.send(self.packets, self.a_second)

    def lost(self):
        """Sent and not counted at the server."""
        self.join()
        until = time.monotonic() + 1
        while len(self.server.got) < self.flow.sent and time.monotonic() < until:
            time.sleep(0.01)
        return self.flow.sent - len(self.server.got)
