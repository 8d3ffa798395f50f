# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated cases are the same at every run, on every machine: a red test is a defect, never a matter of luck."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None, max_examples=150)
settings.load_profile("repeatable")
