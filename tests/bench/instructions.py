# SPDX-License-Identifier: GPL-3.0-or-later
"""Instructions a packet, by callgrind: the slope between a short and a long capture, so that start-up and reading the policy
drop out. Of `keyfence replay` with everything on, of a libpcap loop that only counts (tests/pcap_count of the same build),
and their difference, which is what Keyfence costs. PROFILE=FOLDER keeps callgrind's files there.

    instructions.py PROGRAM POLICY SHORT.pcap LONG.pcap [COUNT-PROGRAM]
"""
import os, re, subprocess, sys, tempfile

def instructions(folder, name, command):
    """All instructions of one run."""
    out = os.path.join(folder, name + '.callgrind')
    p = subprocess.run(['valgrind', '--tool=callgrind', '--callgrind-out-file=' + out, *command],
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    total = re.search(r'Collected : (\d+)', p.stderr)
    if p.returncode not in (0, 1) or total is None: # 1: replay found a violation
        sys.exit(f'{" ".join(command)}: exit status {p.returncode}\n{p.stderr[-2000:]}')
    return int(total.group(1))

def slope(folder, name, command, captures, packets):
    short, long = (instructions(folder, f'{name}.{n}', command + [c]) for n, c in zip(('short', 'long'), captures))
    return (long - short) / (packets[1] - packets[0])

def main():
    if len(sys.argv) not in (5, 6): sys.exit(__doc__)
    program, policy, captures = sys.argv[1], sys.argv[2], sys.argv[3:5]
    count = sys.argv[5] if len(sys.argv) == 6 else os.path.join(os.path.dirname(program), 'tests', 'pcap_count')
    packets = [int(subprocess.run([count, c], capture_output=True, text=True, check=True).stdout.split()[0]) for c in captures]
    if packets[0] >= packets[1]: sys.exit(f'the second capture must be the longer: {packets[0]} and {packets[1]} packets')
    with tempfile.TemporaryDirectory() as temporary:
        folder = os.environ.get('PROFILE', temporary)
        whole = slope(folder, 'replay', [program, 'replay', '-c', policy, '--quiet', '--json'], captures, packets)
        bare = slope(folder, 'count', [count], captures, packets)
    print(f'packets {packets[0]} and {packets[1]}')
    print(f'replay  {whole:8.1f} instructions a packet')
    print(f'libpcap {bare:8.1f}')
    print(f'above   {whole - bare:8.1f}')

main()
