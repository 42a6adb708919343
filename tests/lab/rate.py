# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures, nothing asserted: rate.py CAPTURE [PACKETS-A-SECOND...] plays a capture (Ethernet; clients in LOCAL) into the client's link by
tcpreplay, as fast as it can and at the rates named, and tells what keyfenced took, what was dropped, and the processor time of each process.
PLAY_S seconds a rate; MODE and SIZE of the policy."""
import os, subprocess, sys, tempfile, time
from keyfenced import Daemon
from lab import NAMES, has_lab, lab

LOCAL = '192.0.2.0/24, "2001:db8:1::/64", ' + os.environ.get('LOCAL', '198.18.0.0/16, "fd00::/8"')
PLAY_S, MODE, SIZE = int(os.environ.get('PLAY_S', '10')), os.environ.get('MODE', 'observe'), os.environ.get('SIZE', 'medium')
TICK = os.sysconf('SC_CLK_TCK')

def processor_s(pid):
    with open(f'/proc/{pid}/stat') as f:
        fields = f.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK

def counts(d):
    return d.status()['captures'][0]

def play(capture, rate):
    """Packets sent, and how many a second."""
    speed = ('--topspeed',) if rate is None else (f'--pps={rate}',)
    run = subprocess.run(('ip', 'netns', 'exec', NAMES['c'], 'taskset', '-c', '0', 'tcpreplay', '-q', '-K', '-i', 'vc', '--loop=0', *speed,
                          f'--duration={PLAY_S}', capture), capture_output=True, text=True)
    sent = [line for line in run.stdout.splitlines() if line.startswith('Actual:')]
    rated = [line for line in run.stdout.splitlines() if line.startswith('Rated:')]
    if not sent or not rated:
        sys.exit(f'tcpreplay: {run.stdout}{run.stderr}')
    return int(sent[0].split()[1]), float(rated[0].split()[-2].rstrip(','))

def measure(d, capture, rate):
    before, used = counts(d), {name: processor_s(pid) for name, pid in processes(d).items()}
    sent, pps = play(capture, rate)
    time.sleep(2.5)  # counters come each second
    after = counts(d)
    got, dropped = (sum(after[k] - before[k] for k in keys) for keys in (('received',), ('dropped', 'dropped_by_interface')))
    shares = ', '.join(f'{name} {(processor_s(pid) - used[name]) * pps / sent * 100:.0f}%' for name, pid in processes(d).items())
    print(f'{"top speed" if rate is None else f"{rate} asked"}: {sent} sent at {pps:.0f} a second, {got} received, {dropped} dropped '
          f'({dropped / max(1, got) * 100:.3f} %); processor: {shares}', flush=True)

def processes(d):
    return {'keyfenced': d.process.pid, **d.children()}

def main():
    if len(sys.argv) < 2:
        sys.exit('usage: rate.py CAPTURE [PACKETS-A-SECOND...]')
    if not has_lab('tcpreplay', 'taskset'):
        return
    with lab(), tempfile.TemporaryDirectory() as folder:
        d = Daemon(folder, mode=MODE, local=LOCAL, size=SIZE).start()
        for rate in [*map(int, sys.argv[2:]), None]:
            measure(d, sys.argv[1], rate)
        print(d.cli('status')[1])
        d.stop()

if __name__ == '__main__':
    main()
