# SPDX-License-Identifier: GPL-3.0-or-later
"""keyfence-prepare as the supervisor runs it: lines of what the kernel says go in, a sealed book comes out, or every mistake in
words with its exit status; and a line that is none of the supervisor's is refused."""
import fcntl, os, shutil, struct, subprocess, sys, tempfile, time

from lib_keyfence import KEYFENCE, SOURCE

PREPARE = os.path.join(os.environ['BUILD'], 'keyfence-prepare')
SANITIZED = not os.path.exists(os.path.join(os.environ['BUILD'], 'tests/libcount_allocations.so'))
SERVICES = os.path.join(SOURCE, 'conf/services.d')
SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
SECTIONS = ('TEXT SETTINGS SERVICE COMPONENT NAME SITE PREFIX FRAMING PORTS SOURCE RANGE4 RANGE6 REGION GROUP MEMBER RULE SERVICE_LIST '
            'COUNTRY_LIST EXCEPTION LOCAL RESOLVER INDEX4 CAPTURE OUTPUT PROTECT ENFORCE').split()
POLICY = '''version: 1
site: {name: gate, country: TW}
capture: [{interface: br-lan, side: inside}, {interface: wan0, side: outside}]
local: [%s]
resolvers: [%s]
rules: [{name: a, role: key, action: alert}]
geo: {overrides: [{prefix: 203.0.113.0/24, country: TW, note: ours}]}
enforce: {protect: [198.51.100.9]}
'''
bad = runs = 0

def expect(holds, what):
    global bad
    if not holds:
        bad += 1
        print(f'wrong: {what}')

def prepare(*args, lines=b'generation 7\n', memfd=None, **more):
    """Exit status, standard output, and the memfd."""
    global runs
    runs += 1
    fd = memfd if memfd is not None else os.memfd_create('book', os.MFD_ALLOW_SEALING)
    p = subprocess.run((PREPARE, *args), input=lines, capture_output=True, timeout=120, close_fds=False,
                       preexec_fn=lambda: os.dup2(fd, 3) if fd >= 0 else os.close(3), **more)
    return p.returncode, p.stdout.decode('ascii'), fd # nothing from a file may come out raw

def prefixes(fd, section):
    """A section of prefixes, as text."""
    head = os.pread(fd, 32 + 16 * len(SECTIONS), 0)
    at, count = struct.unpack_from('=QQ', head, 32 + 16 * SECTIONS.index(section))
    rows = [os.pread(fd, 17, at + 17 * i) for i in range(count)]
    found = {f'{r[:16].hex()}/{r[16]}' for r in rows}
    expect(len(found) == count, f'{section}: one stands there twice')
    return found

def v4(text, bits=32):
    return '00' * 10 + 'ffff' + bytes(int(n) for n in text.split('.')).hex() + f'/{96 + bits}'

def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, 'w') as f: f.write(text)
    return path

KERNEL = b'''generation 4294967295
local 198.51.100.1
resolver 198.51.100.53
protect 198.51.100.1
protect 198.51.100.9
protect 2001:db8::1
prefix br-lan 198.51.100.0/24
prefix br-lan 10.1.0.0/16
prefix wan0 203.0.113.0/24
prefix lan9 192.0.2.0/24
'''

def sound(folder):
    policy = write(folder, 'auto.yaml', POLICY % ('auto, 192.168.0.0/16', 'auto'))
    status, out, fd = prepare(policy, SERVICES, lines=KERNEL)
    expect(status == 0, f'a sound policy: {status} {out}')
    if status: return
    expect(out == '' or all(l.startswith('warning: ') for l in out.splitlines()), f'only warnings: {out}')
    magic, version, size, _, generation = struct.unpack('=IIQQI', os.pread(fd, 28, 0))
    expect(magic == 0x4B464231 and size == os.fstat(fd).st_size and generation == 4294967295, f'the head: {size} {generation}')
    expect(fcntl.fcntl(fd, fcntl.F_GET_SEALS) == SEALS, 'seals')
    try:
        os.pwrite(fd, b'x', 0)
        expect(False, 'a sealed book was written to')
    except PermissionError: pass
    expect(prefixes(fd, 'LOCAL') == {v4('198.51.100.1'), v4('198.51.100.0', 24), v4('10.1.0.0', 16), v4('192.168.0.0', 16)},
           f'local: {prefixes(fd, "LOCAL")}')
    expect(prefixes(fd, 'RESOLVER') == {v4('198.51.100.53')}, 'resolvers')
    expect(prefixes(fd, 'PROTECT') == {v4('198.51.100.1'), v4('198.51.100.9'), '20010db8' + '00' * 11 + '01/128'}, 'protect, none twice')
    policy = write(folder, 'named.yaml', POLICY % ('198.51.100.0/24', '192.0.2.53'))
    status, out, fd = prepare(policy, SERVICES, lines=KERNEL)
    expect(status == 0 and prefixes(fd, 'LOCAL') == {v4('198.51.100.0', 24)} and prefixes(fd, 'RESOLVER') == {v4('192.0.2.53')},
           f'without auto only what is named: {status} {out}')
    expect('warning: ' in out and '`local` lacks 10.1.0.0/16' in out, f'a private network that local lacks: {out}')
    for lines, number in (b'', 1), (b'generation 1\n', 1), (b'generation 12\n', 12):
        status, out, fd = prepare(policy, SERVICES, lines=lines)
        expect(status == 0 and struct.unpack('=I', os.pread(fd, 4, 24))[0] == number, f'{lines}: {status} {out}')
    status, out, _ = prepare('named.yaml', cwd=folder) # the catalogue of the source is found from the build
    if os.path.realpath(os.environ['BUILD']).startswith(os.path.realpath(SOURCE) + os.sep):
        expect(status == 0, f'a relative path, and no catalogue named: {status} {out}')

def mistakes(folder):
    path = write(folder, 'lacks.yaml', POLICY % ('203.0.113.0/24', 'auto'))
    status, out, fd = prepare(path, SERVICES, lines=KERNEL)
    expect(status == 78 and out == f'{path}:4:8: `local` lacks 198.51.100.0/24, which is on the inside interface br-lan; auto or that '
           'prefix would be right\n', f'an inside network that is not local: {status} {out}')
    expect(os.fstat(fd).st_size == 0 and fcntl.fcntl(fd, fcntl.F_GET_SEALS) == 0, 'no book of a policy with mistakes')
    path = write(folder, 'two.yaml', 'version: 2\nmode: enforced\n')
    status, out, _ = prepare(path, SERVICES)
    expect(status == 78 and [l[len(path):][:5] for l in out.splitlines()] == [':1:10', ':2:7:'], f'all mistakes, no warning: {status} {out}')
    path = write(folder, 'raw.yaml', 'version: 1\n"\\e]0;x\\a": 1\n')
    status, out, _ = prepare(path, SERVICES)
    expect(status == 78 and out.isprintable() is False and '\x1b' not in out and '\a' not in out, f'nothing raw: {status} {out!r}')
    for name in 'missing.yaml', '.':
        status, out, _ = prepare(os.path.join(folder, name), SERVICES)
        expect(status == 74 and out.count('\n') == 1, f'{name}: {status} {out}')
    status, out, _ = prepare(path, os.path.join(folder, 'no-catalogue'))
    expect(status in (74, 78) and 'no-catalogue' in out, f'no catalogue: {status} {out}')

BAD_LINES = (b'generation 0\n', b'generation 4294967296\n', b'generation -1\n', b'generation x\n', b'generation\n', b'generation 1 2\n', b'\n',
             b'local\n', b'local 192.0.2.0/33\n', b'local 192.0.2.1 192.0.2.2\n', b'local example.com\n', b'resolver auto\n', b'protect \n',
             b'prefix br-lan\n', b'prefix 192.0.2.0/24\n', b'prefix br-lan 192.0.2\n', b'prefix abcdefghijklmnop 192.0.2.0/24\n',
             b'prefix br-lan 192.0.2.0/24 more\n', b'LOCAL 192.0.2.1\n', b'locals 192.0.2.1\n', b'route 192.0.2.1\n', b'local 192.0.2.1',
             b'local 192.0.2.1\0\n', b'local ' + b'1' * 200 + b'\n', b'\xff\xfe\n', b'local 192.0.2.1\n' * 8192, os.urandom(65536))

def bad_lines(folder):
    policy = write(folder, 'lines.yaml', POLICY % ('auto', 'auto'))
    for line in BAD_LINES:
        status, out, fd = prepare(policy, SERVICES, lines=b'generation 7\n' + line)
        expect(status == 64 and out.startswith('standard input, line ') and out.count('\n') == 1, f'{line[:40]}: {status} {out}')
        expect(os.fstat(fd).st_size == 0, f'{line[:40]}: a book was written')
        os.close(fd)
    status, out, _ = prepare(policy, SERVICES, lines=b'generation 7\nlocal 192.0.2.1\nlocl 192.0.2.1\n')
    expect(out.startswith('standard input, line 3: '), f'which line: {out}')

def usage(folder):
    policy = write(folder, 'usage.yaml', POLICY % ('auto', 'auto'))
    for args in (), (policy, SERVICES, 'more'):
        expect(prepare(*args)[0] == 64, f'{len(args)} arguments')
    expect(prepare(policy, SERVICES, memfd=-1)[0] == 64, 'no descriptor 3')
    expect(prepare(policy, SERVICES, memfd=os.memfd_create('book'))[0] == 70, 'a memfd that cannot be sealed')
    expect(prepare(policy, SERVICES, memfd=os.open(policy, os.O_RDONLY))[0] == 70, 'a file that cannot be written')

def fenced(folder):
    """It limits itself before it reads anything; it is linked with what it parses, and with nothing of the wire or the system."""
    policy = write(folder, 'fenced.yaml', POLICY % ('auto', 'auto'))
    fd = os.memfd_create('book', os.MFD_ALLOW_SEALING)
    p = subprocess.Popen((PREPARE, policy, SERVICES), stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False, preexec_fn=lambda: os.dup2(fd, 3))
    for _ in range(200):
        limits = open(f'/proc/{p.pid}/limits').read()
        cpu, space = (next(l.split()[3] for l in limits.splitlines() if l.startswith(name)) for name in ('Max cpu time', 'Max address space'))
        if cpu != 'unlimited' and (SANITIZED or space != 'unlimited'): break
        time.sleep(0.05)
    expect(cpu != 'unlimited' and int(cpu) <= 60, f'processor time: {cpu}')
    expect(SANITIZED or (space != 'unlimited' and int(space) <= 4 << 30), f'memory: {space}')
    p.communicate(b'generation 1\n', timeout=120)
    expect(p.returncode == 0, f'fed slowly: {p.returncode}')
    if shutil.which('ldd'):
        needs = subprocess.run(('ldd', PREPARE), capture_output=True, text=True).stdout
        for name in 'pcap', 'systemd', 'sqlite', 'mnl', 'ssl', 'crypto', 'curl':
            expect(f'lib{name}' not in needs, f'linked with lib{name}')
        expect(all(f'lib{name}' in needs for name in ('yaml', 'maxminddb', 'jansson')), 'the libraries that parse')

if not os.path.exists(PREPARE):
    print('keyfence-prepare is not built: not tried')
    sys.exit(0)
for test in sound, mistakes, bad_lines, usage, fenced:
    with tempfile.TemporaryDirectory() as folder: test(folder)
print(f'{runs} runs, {bad} wrong')
sys.exit(bad > 0)
