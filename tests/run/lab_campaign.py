# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at random moments, in network namespaces (lab/campaign.py), a few times: needs root."""
import os, runpy, sys

sys.path.insert(0, os.path.join(os.environ['SOURCE'], 'tests/lab'))
runpy.run_module('campaign', run_name='__main__')
