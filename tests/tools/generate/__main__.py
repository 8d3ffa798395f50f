# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the generated texts, or with ``--check`` only say which of them are out of date."""

from __future__ import annotations

import sys

from . import COMMAND, ROOT, obsolete, stale, texts


def main(arguments: list[str]) -> int:
    """Return the exit status."""
    files = stale()
    names = [str(path.relative_to(ROOT)) for path in files]
    if "--check" in arguments:
        if names:
            print(f"out of date, run {COMMAND}: {', '.join(names)}", file=sys.stderr)
        return 1 if names else 0
    wanted = texts()
    removed = obsolete()
    for path in files:
        if path in removed:
            path.unlink()
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
    print("\n".join(names) or "everything is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
