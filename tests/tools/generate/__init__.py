# SPDX-License-Identifier: GPL-3.0-or-later
"""What repeats declarations of the collection, written from them: ``make generate``.

Each file has one kind of text as its subject.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
COMMAND = "make generate"


def texts() -> dict[Path, str]:
    """Return the files that hold generated text, as they have to be."""
    from . import actions, filters, playbooks, returns, roles, schemas, troubleshooting

    modules = sorted((ROOT / "plugins" / "modules").glob("*.py"))
    filled = {path: filters.filled(path.stem, path.read_text(encoding="utf-8")) for path in modules}
    return {
        **actions.texts(),
        **playbooks.texts(),
        **roles.texts(),
        **schemas.texts(),
        **troubleshooting.texts(),
        **{path: returns.filled(text) for path, text in filled.items()},
    }


def obsolete() -> list[Path]:
    """Return the files that were generated and have nothing left to be generated from."""
    from . import actions

    return actions.obsolete()


def stale() -> list[Path]:
    """Return the files that differ from what would be generated, and those that would be removed."""
    changed = [path for path, text in texts().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    return sorted([*changed, *obsolete()])
