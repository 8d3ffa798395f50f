# SPDX-License-Identifier: GPL-3.0-or-later
"""A Waldur marketplace in one process, for development, the demo, tests and benchmarks.

Run ``python -m simulator`` with ``tests/`` on the path, or use :mod:`simulator_process` from a test.
"""
