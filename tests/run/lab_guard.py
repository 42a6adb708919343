# SPDX-License-Identifier: GPL-3.0-or-later
"""keyfenced on guard in network namespaces (lab/guard.py): needs root."""
import os, runpy, sys

sys.path.insert(0, os.path.join(os.environ['SOURCE'], 'tests/lab'))
runpy.run_module('guard', run_name='__main__')
