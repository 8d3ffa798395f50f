# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator against what a real Waldur answered, and against the official SDK."""
