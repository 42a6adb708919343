# SPDX-License-Identifier: GPL-3.0-or-later
"""enforce in network namespaces (lab/enforce.py): needs root."""
import os, runpy, sys

sys.path.insert(0, os.path.join(os.environ['SOURCE'], 'tests/lab'))
runpy.run_module('enforce', run_name='__main__')
