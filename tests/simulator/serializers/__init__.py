# SPDX-License-Identifier: GPL-3.0-or-later
"""What each object looks like over HTTP, area by area; keys and their order are those of the contract."""
