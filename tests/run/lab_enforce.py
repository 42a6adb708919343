# SPDX-License-Identifier: GPL-3.0-or-later
"""enforce in network namespaces (lab/enforce.py): needs root."""
import os, runpy

runpy.run_path(os.path.join(os.environ['SOURCE'], 'tests/lab/enforce.py'), run_name='__main__')
