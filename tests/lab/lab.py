# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: network namespaces of this process's own, on documentation addresses and with no way out: a client c, a gateway g, and servers
where the policy's overrides put CN (s), US (t) and TW (u). Whatever is made here is gone when the `with` ends, whichever way it ends."""
import contextlib, ctypes, os, shutil, signal, socket, subprocess, sys, time

ROOT, BUILD = os.environ['SOURCE'], os.environ['BUILD']
NETS = {'c': ('192.0.2', '2001:db8:1'), 's': ('198.51.100', '2001:db8:2'), 't': ('203.0.113', '2001:db8:3'), 'u': ('198.18.0', '2001:db8:4')}
NAMES = {n: f'kf{os.getpid()}{n}' for n in (*NETS, 'g')}
CLIENT, CN, US, TW = (f'{v4}.2' for v4, _ in NETS.values())
CLIENT6, CN6, US6, TW6 = (f'{v6}::2' for _, v6 in NETS.values())
HOST_OF = {CN: 's', CN6: 's', US: 't', US6: 't', TW: 'u', TW6: 'u'}
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
processes = [] # ours, ended with the lab

def ip(*args):
    subprocess.run(('ip',) + args, check=True)

@contextlib.contextmanager
def inside(name):
    """This thread's sockets are made in that namespace."""
    def enter(file):
        if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), 'setns')
    with open('/proc/thread-self/ns/net') as home:
        with open(f'/run/netns/{NAMES[name]}') as there:
            enter(there)
        try:
            yield
        finally:
            enter(home)

def run_in(name, *args, check=True, **more):
    return subprocess.run(('ip', 'netns', 'exec', NAMES[name]) + args, check=check, capture_output=True, text=True, **more)

def start_in(name, *args, **more):
    processes.append(subprocess.Popen(('ip', 'netns', 'exec', NAMES[name]) + args, **more))
    return processes[-1]

def nft(*args, check=True):
    return run_in('g', 'nft', *args, check=check).stdout

def elements(ruleset):
    """Those of the fence in what `nft list` says: client . server . proto . port, each once, without its time."""
    return sorted(line.split(' expires')[0].split(' timeout')[0].strip(' \t{},') for line in
                  ruleset.replace('elements = {', '\n').replace(',', '\n').splitlines() if ' . ' in line and 'saddr' not in line and
                  'typeof' not in line and 'type ' not in line)

def wire(name, net, six):
    """A veth pair between g and one of the others: .1 and :1 are the gateway's."""
    ip('link', 'add', f'v{name}', 'netns', NAMES[name], 'type', 'veth', 'peer', 'name', f'g{name}', 'netns', NAMES['g'])
    for ns, device, last in ((name, f'v{name}', 2), ('g', f'g{name}', 1)):
        ip('-n', NAMES[ns], 'addr', 'add', f'{net}.{last}/24', 'dev', device)
        ip('-n', NAMES[ns], 'addr', 'add', f'{six}::{last}/64', 'dev', device, 'nodad')
        ip('-n', NAMES[ns], 'link', 'set', device, 'up')
        ip('-n', NAMES[ns], 'link', 'set', 'lo', 'up')
    ip('-n', NAMES[name], 'route', 'add', 'default', 'via', f'{net}.1')
    ip('-n', NAMES[name], '-6', 'route', 'add', 'default', 'via', f'{six}::1')

def wait_running():
    """The kernel says that a link runs only some time after it does."""
    end = time.monotonic() + 5
    while True:
        links = run_in('g', 'ip', '-br', 'link', 'show', 'type', 'veth').stdout
        if all(' UP ' in line for line in links.splitlines()):
            return
        if time.monotonic() > end:
            fail(f'the links come up: {links}')
        time.sleep(0.05)

@contextlib.contextmanager
def lab():
    made = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('ended by a signal'))
    try:
        for n in NAMES.values():
            ip('netns', 'add', n)
            made.append(n)
            subprocess.run(('ip', 'netns', 'exec', n, 'sh', '-c', 'echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad'), check=True)
        for name, (net, six) in NETS.items():
            wire(name, net, six)
        run_in('g', 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding')
        wait_running()
        yield
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        for n in made:
            subprocess.run(('ip', 'netns', 'del', n))

def has_lab(*programs):
    """Whether the lab can stand here; else a line says why not."""
    missing = [p for p in ('ip', 'nft', *programs) if shutil.which(p) is None]
    if os.geteuid() != 0 or missing:
        print('skipped: needs ' + ', '.join((['root'] if os.geteuid() != 0 else []) + missing))
        return False
    if not can_namespaces():
        print('skipped: this machine lets nobody make network namespaces with veth and nftables')
        return False
    return True

def can_namespaces():
    """A container's root often may not."""
    name = f'kfp{os.getpid()}'
    tries = [('ip', 'netns', 'add', name), ('ip', '-n', name, 'link', 'add', 'probe0', 'type', 'veth', 'peer', 'name', 'probe1')]
    if shutil.which('nft'):
        tries.append(('ip', 'netns', 'exec', name, 'nft', 'add', 'table', 'inet', 'try'))
    able = all(subprocess.run(t, capture_output=True).returncode == 0 for t in tries)
    subprocess.run(('ip', 'netns', 'del', name), capture_output=True)
    return able

# ---- words of the tests ----

checked = 0

def fail(what):
    raise SystemExit(f'not so: {what}')

def expect(so, what):
    global checked
    checked += 1
    if not so:
        fail(what)

def passed():
    print(f'{checked} checks passed')

def family(address):
    return socket.AF_INET6 if ':' in address else socket.AF_INET
