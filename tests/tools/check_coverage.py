# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails where too few lines or too few branches were run; ``coverage`` itself only knows one figure for both.

Takes the path of what ``coverage json`` wrote.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

# What was run: how it is called, the keys of coverage's totals, and how many of a hundred it must be.
LIMITS = (("lines", "covered_lines", "num_statements", 95), ("branches", "covered_branches", "num_branches", 90))


def shortfalls(totals: dict[str, Any]) -> list[str]:
    """What is below its limit, in words."""
    found = []
    for name, covered, all_of_them, least in LIMITS:
        share = 100 * totals[covered] / totals[all_of_them]
        print(f"{name}: {totals[covered]} of {totals[all_of_them]} were run, {share:.1f} %")
        if share < least:
            found.append(f"{share:.1f} % of the {name} were run, and {least} % must be")
    return found


if __name__ == "__main__":
    missing = shortfalls(json.loads(Path(sys.argv[1]).read_text())["totals"])
    sys.exit("; ".join(missing) or None)
