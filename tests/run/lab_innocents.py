# SPDX-License-Identifier: GPL-3.0-or-later
"""liars and what must never be blocked, in network namespaces (lab/innocents.py): needs root."""
import os, runpy, sys

sys.path.insert(0, os.path.join(os.environ['SOURCE'], 'tests/lab'))
runpy.run_module('innocents', run_name='__main__')
