# SPDX-License-Identifier: GPL-3.0-or-later
"""What the whole-program tests share: the program, and the sample policy over the small cuts of tests/data."""
import contextlib, os, shutil, subprocess, tempfile

KEYFENCE, SOURCE = os.environ['KEYFENCE'], os.environ['SOURCE']
DATE = 1793491200 # 2026-11-01

@contextlib.contextmanager
def sample_policy():
    """conf/keyfence.yaml itself, in a folder where the files that it names are the cuts. The catalogue and the tables are
    those of the source. The copies have one date, since the date of Azure's list is its file's."""
    with tempfile.TemporaryDirectory() as dir:
        shutil.copy(os.path.join(SOURCE, 'conf/keyfence.yaml'), dir)
        shutil.copytree(os.path.join(SOURCE, 'tests/data'), os.path.join(dir, 'geo'))
        for name in os.listdir(os.path.join(dir, 'geo')):
            os.utime(os.path.join(dir, 'geo', name), (DATE, DATE))
        for name in ('services.d', 'tables'):
            os.symlink(os.path.join(SOURCE, 'conf', name), os.path.join(dir, name))
        yield os.path.join(dir, 'keyfence.yaml')

def keyfence(*args, statuses=(0, 1), text=True, **more):
    """Standard output of one run; any other exit status ends the test with what it said."""
    p = subprocess.run((KEYFENCE,) + args, capture_output=True, text=text, timeout=600, **more)
    if p.returncode not in statuses:
        raise SystemExit(f'keyfence {" ".join(args)}: exit status {p.returncode}\n{p.stderr[-2000:]}')
    return p
