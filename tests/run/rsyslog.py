# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's rsyslogd as receiver, on loopback and with a folder of its own: stopped under alerts and started again; then
killed -9. OUTAGE_S=60 ALERTS=200 from the environment: how long it is away, and how many alerts meanwhile."""
import os, signal, subprocess, sys, time

sys.path.insert(0, os.path.join(os.environ['SOURCE'], 'tests/run'))
from lib_report import *

OUTAGE_S, ALERTS = float(os.environ.get('OUTAGE_S', '3')), int(os.environ.get('ALERTS', '40'))
RSYSLOGD = shutil.which('rsyslogd', path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin')
CONFIG = '''
global(workDirectory="{0}" maxMessageSize="64k")
module(load="imuxsock" SysSock.Use="off" SysSock.RateLimit.Interval="0")
module(load="imtcp")
module(load="imudp")
template(name="raw" type="string" string="%rawmsg%\\n")
ruleset(name="tcp") {{ action(type="omfile" file="{0}/tcp" template="raw") }}
ruleset(name="udp") {{ action(type="omfile" file="{0}/udp" template="raw") }}
ruleset(name="local") {{ action(type="omfile" file="{0}/local" template="raw") }}
input(type="imtcp" port="{1}" address="127.0.0.1" ruleset="tcp")
input(type="imudp" port="{2}" address="127.0.0.1" ruleset="udp")
input(type="imuxsock" Socket="{0}/socket" RateLimit.Interval="0" ruleset="local")
action(type="omfile" file="{0}/own")
'''

class Kept(Receiver):
    """What rsyslogd wrote: each line one message as it came."""
    def __init__(self, path, parse):
        super().__init__(parse)
        self.path = path

    def events(self):
        if not os.path.exists(self.path):
            return []
        with open(self.path, 'rb') as f:
            return [self.parse(line) for line in f.read().split(b'\n')[:-1]]

class Rsyslogd:
    def __init__(self, folder):
        self.folder, ports = folder, []
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as s:
                s.bind(('127.0.0.1', 0))
                ports.append(s.getsockname()[1])
        self.tcp_port, self.udp_port = ports
        with open(folder + '/conf', 'w') as f:
            f.write(CONFIG.format(folder, *ports))
        self.tcp, self.udp = Kept(folder + '/tcp', parse_5424), Kept(folder + '/udp', parse_5424)
        self.local = Kept(folder + '/local', parse_3164)
        self.start()

    def start(self):
        self.log = open(self.folder + '/stderr', 'a')
        self.p = subprocess.Popen([RSYSLOGD, '-n', '-f', self.folder + '/conf', '-i', self.folder + '/pid'],
                                  stdout=self.log, stderr=self.log)
        wait('rsyslogd', lambda: os.path.exists(self.folder + '/socket') and self.listens(), 15)

    def listens(self):
        expect(self.p.poll() is None, open(self.folder + '/stderr').read())
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(('127.0.0.1', self.tcp_port), 1):
            return True

    def end(self, how):
        self.p.send_signal(how)
        self.p.wait(30)
        self.log.close()

def outage(r, d, lines, how):
    """Half of the alerts run into the end of rsyslogd, half come while it is away, a few when it is back."""
    for i in range(ALERTS // 2):
        r.do('flows 1')
        if i == ALERTS // 4:
            d.end(how)
        time.sleep(0.005)
    began = time.monotonic()
    for i in range(ALERTS - ALERTS // 2):
        r.do('flows 1')
        time.sleep(OUTAGE_S / ALERTS)
    time.sleep(max(0, OUTAGE_S - (time.monotonic() - began)))
    d.start()
    began = time.monotonic()
    r.do('flows 5')
    wait('all delivered', lambda: not any(r.waiting().values()), 60)
    r.do('flows 1')
    wait('all delivered', lambda: not any(r.waiting().values()), 60)
    return time.monotonic() - began

def show(what, lines, d, seconds):
    accepted = lines.ids()
    for name, kept, must in (('tcp', d.tcp, True), ('local', d.local, what != 'kill -9'), ('udp', d.udp, False)):
        events, ids = kept.events(), kept.ids()
        lacks = accepted - ids
        print(f'{what}, {name}: {len(accepted) - len(lacks)} of {len(accepted)} events there, {len(events) - len(ids)} twice')
        expect(not lacks or not must, f'{len(lacks)} events are lost')
        by_id = {e['event']['id']: e for e in lines.events()}
        for e in events:
            expect(e['message'] == by_id[e['event']['id']]['message'], 'another text')
    print(f'{what}: away for {OUTAGE_S:.0f} s under {ALERTS} alerts, all there {seconds:.1f} s after it was back')

def main():
    if RSYSLOGD is None:
        print('rsyslogd is not installed: left out')
        return
    with tempfile.TemporaryDirectory() as folder:
        d = Rsyslogd(folder)
        try:
            with report('json:{}/logs/events.json', f'tcp:{d.tcp_port}', f'udp:{d.udp_port}', f'unix:{folder}/socket') as r:
                lines = Lines(r.folder + '/logs/events.json')
                r.do('start')
                for what, how in (('stopped', signal.SIGTERM), ('kill -9', signal.SIGKILL)):
                    seconds = outage(r, d, lines, how)
                    time.sleep(0.3) # it writes what it has read
                    show(what, lines, d, seconds)
                r.stop()
        finally:
            d.end(signal.SIGTERM)

main()
