# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures, nothing asserted: from the deciding packet to the last packet let through, of a new flow of media and of one that has stood for
ESTABLISHED_MS milliseconds with nothing but pings. Both ends of the time are stamps of the sender, one every GAP_US microseconds, that
arrived at the server. TRIES tries of each."""
import contextlib, os, statistics, sys, tempfile
from keyfenced import Daemon
from lab import CN, has_lab, lab
from traffic import ZOOM_ANSWER, leave_first_processor, pace, stamp_of, udp

TRIES, GAP_US, ESTABLISHED_MS, SEND_US = (int(os.environ.get(name, otherwise)) for name, otherwise in
                                          (('TRIES', 200), ('GAP_US', 10), ('ESTABLISHED_MS', 500), ('SEND_US', 30000)))

def one(port, pings):
    """Microseconds between the first packet of media and the last that came through, and how many did."""
    server = udp('s', (CN, port))
    sender = pace(CN, port, GAP_US, SEND_US // GAP_US, pings)
    _, peer = server.recvfrom(2048)
    server.sendto(ZOOM_ANSWER, peer)
    sender.wait()
    stamps = []
    server.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            packet = server.recv(2048)
            if packet[:1] == b'\x05':
                stamps.append(stamp_of(packet))
    server.close()
    if not stamps:
        sys.exit('not one packet of media came through')
    return (stamps[-1] - stamps[0]) / 1000, len(stamps)

def figures(name, ports, pings):
    times = sorted(one(port, pings) for port in ports)
    if times[-1][1] >= SEND_US // GAP_US:
        sys.exit(f'{name}: a flow was not cut while it was sent')
    us = [t for t, _ in times]
    print(f'{name}: {len(us)} tries, median {statistics.median(us):.0f} us, p99 {us[int(len(us) * 0.99)]:.0f} us, worst {us[-1]:.0f} us; '
          f'packets let through: median {statistics.median(n for _, n in times):.0f}')

def main():
    if not has_lab('taskset'):
        return
    leave_first_processor(0)
    with lab(), tempfile.TemporaryDirectory() as folder:
        d = Daemon(folder, mode='enforce', budget=100000).start()
        figures('new flow', range(20000, 20000 + TRIES), 0)
        figures(f'flow of {ESTABLISHED_MS} ms', range(30000, 30000 + TRIES), ESTABLISHED_MS)
        d.stop()

if __name__ == '__main__':
    main()
