#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit under a real systemd: systemd.py ROOT. ROOT is a Debian 12 tree into which Keyfence was installed, as
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,iproute2,nftables,libpcap0.8,libyaml-0-2,libmaxminddb0,\
libjansson4,libsqlite3-0,libmnl0,python3 bookworm ROOT
    DESTDIR=ROOT cmake --install build/release
It is booted with a network of its own (systemd-nspawn), and what the trial changes stays in it. Not part of the suite: it needs
root, systemd-nspawn, and minutes for the tree."""
import ctypes, json, os, re, socket, struct, subprocess, sys, time

if len(sys.argv) != 2 or os.geteuid() != 0:
    sys.exit('usage (as root): systemd.py ROOT')
ROOT = os.path.abspath(sys.argv[1])
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')
CAPTURE = f'{SOURCE}/tests/captures/seed.pcap'
POLICY = '''version: 1
mode: %s
site: {name: gw1, country: TW}
size: small
capture: [{interface: in0, side: inside}]
local: [auto]
resolvers: [auto]
geo: {overrides: [{prefix: 52.81.0.0/16, country: CN}]}
regions: {never: [CN]}
rules: [{name: keys-never, role: key, inside: never, action: block}]
alerts: {journal: true, json: {file: /var/log/keyfence/events.json}}
'''
checked = 0

def expect(so, what):
    global checked
    checked += 1
    print('ok  ' if so else 'NOT ', what)
    if not so:
        print(inside('journalctl', '-n', '40', '--no-pager', check=False))
        sys.exit(1)

def until(what, ask, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = ask()
        if got:
            expect(True, what)
            return got
        time.sleep(0.05)
    expect(False, f'{what} (in {seconds} s)')

def put(path, text):
    os.makedirs(os.path.dirname(ROOT + path), exist_ok=True)
    with open(ROOT + path, 'w') as f:
        f.write(text)

def boot():
    nspawn = subprocess.Popen(('systemd-nspawn', '-q', '-D', ROOT, '--register=no', '--keep-unit', '--private-network', '--console=pipe',
                               '--capability=CAP_NET_ADMIN,CAP_NET_RAW', '--system-call-filter=landlock_create_ruleset landlock_add_rule landlock_restrict_self', '-b'), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for p in first_process(nspawn.pid):
            if 'active' == subprocess.run(('nsenter', '-t', str(p), '-a', 'systemctl', 'is-active', 'multi-user.target'), capture_output=True, text=True).stdout.strip():
                return nspawn, p
        time.sleep(0.2)
    nspawn.terminate()
    sys.exit('the tree does not boot')

def first_process(pid):
    """The tree's PID 1, somewhere below this one."""
    for child in subprocess.run(('pgrep', '-P', str(pid)), capture_output=True, text=True).stdout.split():
        if open(f'/proc/{child}/comm').read().strip() == 'systemd':
            yield int(child)
        else:
            yield from first_process(int(child))

def inside(*args, check=True):
    r = subprocess.run(('nsenter', '-t', str(leader), '-a', *args), capture_output=True, text=True)
    if check and r.returncode != 0:
        sys.exit(f'{args}: {r.returncode}\n{r.stdout}{r.stderr}' + subprocess.run(('nsenter', '-t', str(leader), '-a', 'journalctl', '-n', '20', '--no-pager'), capture_output=True, text=True).stdout)
    return r.stdout + (r.stderr if not check else '')

def unit(*names):
    text = inside('systemctl', 'show', 'keyfenced', *[f'-p{n}' for n in names])
    return dict(line.split('=', 1) for line in text.splitlines())

def journal():
    lines = inside('journalctl', '-b', '-o', 'json', '--no-pager', 'SYSLOG_IDENTIFIER=keyfenced', '+', '_SYSTEMD_UNIT=keyfenced.service').splitlines()
    return [json.loads(line) for line in lines]

def replay():
    """The kept capture, frame by frame, into the far end of the veth pair."""
    data = open(CAPTURE, 'rb').read()
    order = '<' if data[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
    here = os.open('/proc/self/ns/net', os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    there = os.open(f'/proc/{leader}/ns/net', os.O_RDONLY)
    libc.setns(there, 0)
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind(('far0', 0))
    libc.setns(here, 0)
    at = 24
    while at + 16 <= len(data):
        n = struct.unpack_from(order + 'I', data, at + 8)[0]
        s.send(data[at + 16:at + 16 + n])
        at += 16 + n
        time.sleep(0.0005)

def main():
    inside('systemd-sysusers')
    inside('systemd-tmpfiles', '--create', check=False)
    inside('ip', 'link', 'add', 'in0', 'type', 'veth', 'peer', 'name', 'far0')
    inside('ip', 'addr', 'add', '192.168.77.1/24', 'dev', 'in0')
    for name in ('lo', 'in0', 'far0'):
        inside('ip', 'link', 'set', name, 'mtu', '65535', 'up')
    inside('systemctl', 'daemon-reload')

    put('/etc/keyfence/keyfence.yaml', 'version: 1\nmode: watch\n')
    inside('systemctl', 'start', 'keyfenced', check=False)
    time.sleep(3)
    u = unit('ActiveState', 'NRestarts', 'ExecMainStatus', 'Result')
    expect(u['ActiveState'] == 'failed' and u['NRestarts'] == '0', f'a mistake in the policy: failed, not restarted: {u}')

    put('/etc/keyfence/keyfence.yaml', POLICY % 'observe')
    inside('chgrp', '-R', 'keyfence', '/etc/keyfence')
    inside('systemctl', 'reset-failed', 'keyfenced', check=False)
    began = time.monotonic()
    inside('systemctl', 'start', 'keyfenced')
    print(f'     started and READY in {time.monotonic() - began:.2f} s')
    u = unit('ActiveState', 'StatusText', 'User', 'MainPID')
    expect(u['ActiveState'] == 'active' and 'observe' in u['StatusText'], f'active, with its state: {u}')
    expect('root' not in inside('ps', '-o', 'user=', '-C', 'keyfenced,keyfence-inspect,keyfence-report'), 'no process of root')
    expect(inside('keyfence', 'status', check=False) != '', 'keyfence status answers')
    print(inside('keyfence', 'status', check=False))

    replay()
    alert = until('the alert is in the journal', lambda: [e for e in journal() if 'KEY_REGION' in json.dumps(e)])[0]
    expect(re.fullmatch('[0-9a-f]{32}', alert.get('MESSAGE_ID', '')) is not None and alert['KEYFENCE_DESTINATION_GEO_COUNTRY_ISO_CODE'] == 'CN',
           f'with a MESSAGE_ID and {sum(k.startswith("KEYFENCE_") for k in alert)} fields')
    opened = [e for e in journal() if e.get('KEYFENCE_ALERT_STATE') == 'opened']
    expect(len(opened) == 1, f'one alert: {len(opened)}')

    put('/etc/keyfence/keyfence.yaml', POLICY % 'enforce')
    inside('systemctl', 'reload', 'keyfenced')
    until('enforce by systemctl reload: the table stands', lambda: 'keyfence' in inside('nft', 'list', 'tables'))
    u = unit('ActiveState', 'StatusText', 'NFileDescriptorStore')
    expect('enforce' in u['StatusText'] and u['NFileDescriptorStore'] == '1', f'state, and one socket kept: {u}')

    put('/etc/keyfence/keyfence.yaml', 'version: 1\nmode: watch\n')
    said = inside('systemctl', 'reload', 'keyfenced', check=False)
    expect(unit('ActiveState')['ActiveState'] == 'active' and 'enforce' in unit('StatusText')['StatusText'], f'a reload of a mistake changes nothing: {said.strip()}')
    put('/etc/keyfence/keyfence.yaml', POLICY % 'enforce')

    main_pid = unit('MainPID')['MainPID']
    watch = subprocess.Popen(('nsenter', '-t', str(leader), '-a', 'sh', '-c',
                              'n=0; m=0; while [ $n -lt 150 ]; do nft list tables | grep -q keyfence || m=$((m+1)); n=$((n+1)); sleep 0.02; done; echo $m of $n'),
                             stdout=subprocess.PIPE, text=True)
    inside('kill', '-9', main_pid)
    time.sleep(0.1)
    inside('nft', 'flush', 'ruleset')
    until('kill -9 of keyfenced: systemd starts it anew', lambda: unit('MainPID')['MainPID'] not in ('0', main_pid) and unit('ActiveState')['ActiveState'] == 'active')
    missed = watch.communicate()[0].strip()
    expect(missed.startswith('0 of'), f'over the death and a foreign flush the table was missed in {missed} looks')

    main_pid = unit('MainPID')['MainPID']
    inside('kill', '-STOP', main_pid)
    until('SIGSTOP of keyfenced: the watchdog', lambda: unit('MainPID')['MainPID'] not in ('0', main_pid) and unit('ActiveState')['ActiveState'] == 'active', 150)

    inside('systemctl', 'stop', 'keyfenced')
    u = unit('ActiveState', 'Result', 'ExecMainStatus')
    expect(u['Result'] == 'success' and u['ExecMainStatus'] == '0', f'ends cleanly: {u}')
    expect('keyfence' not in inside('nft', 'list', 'tables'), 'and leaves no table')
    print(f'systemd: {checked} checks passed')

nspawn, leader = boot()
try:
    main()
finally:
    subprocess.run(('nsenter', '-t', str(leader), '-a', 'systemctl', 'poweroff', '--no-wall'), capture_output=True)
    try:
        nspawn.wait(20)
    except subprocess.TimeoutExpired:
        nspawn.terminate()
