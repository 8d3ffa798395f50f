# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine for tests of linux_accounts: a folder with files of accounts, used as its root. Standard library only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ansible_collections.waldur.provider.plugins.module_utils._linux.options import (
    ACCOUNT_OPTIONS,
    GROUP_OPTIONS,
    OPTIONS,
)

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINlByKjsnuRBMmj89ARhHJ3M8o281f8sRE9iGV2xR6u9"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEVm8Ptyf5n8A43ABq815OLGfkZGA5aI74W5IewvYwzj"
IS_ROOT = os.geteuid() == 0
FILES = {
    "passwd": (
        0o644,
        "root:x:0:0:root:/root:/bin/bash\n"
        "# a comment\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
        "local:x:1000:1000:Local user:/home/local:/bin/bash\n"
        "+@cluster::::::\n",
    ),
    "shadow": (0o640, "root:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\nlocal:$6$hash:19000:0:99999:7:::\n"),
    "group": (0o644, "root:x:0:\nsudo:x:27:local\nlocal:x:1000:\nnogroup:x:65534:\n"),
    "gshadow": (0o640, "root:*::\nsudo:*::local\nlocal:!::\nnogroup:*::\n"),
    "shells": (0o644, "# shells\n/bin/sh\n/bin/bash\n"),
    "login.defs": (0o644, "UID_MIN\t\t 1000\nGID_MIN\t\t 1000\n"),
}


class Machine:
    """The machine below a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "etc" / "skel").mkdir(parents=True)
        (root / "etc" / "skel" / ".profile").write_text("# profile\n")
        (root / "home").mkdir()
        for name, (mode, text) in FILES.items():
            (root / "etc" / name).write_text(text)
            (root / "etc" / name).chmod(mode)

    def options(self, **options: Any) -> dict[str, Any]:
        """Return the options of the module, with the defaults of those that are left out."""
        filled = {**_fill(OPTIONS, options), "root": str(self.root)}
        filled["accounts"] = [_fill(ACCOUNT_OPTIONS, row) for row in options.get("accounts", [])]
        filled["groups"] = [_fill(GROUP_OPTIONS, row) for row in options.get("groups", [])]
        return filled

    def read(self, name: str) -> dict[str, list[str]]:
        """Return the rows of a file in etc, by name."""
        rows = [line.split(":") for line in (self.root / "etc" / name).read_text().splitlines()]
        return {row[0]: row for row in rows}

    def snapshot(self) -> dict[str, str]:
        """Return the content of the files of accounts, the state file included, and of all keys."""
        paths = [self.root / "etc" / name for name in ("passwd", "shadow", "group", "gshadow")]
        paths += sorted(self.root.glob("var/lib/waldur_linux_accounts/*"))
        paths += sorted(self.root.glob("home/*/.ssh/authorized_keys"))
        homes = {f"home {path.name}": f"{path.stat().st_uid}" for path in sorted((self.root / "home").iterdir())}
        return {str(path.relative_to(self.root)): path.read_text() for path in paths} | homes

    def keys(self, name: str) -> list[str]:
        """Return the lines of the authorized_keys of an account, without the header."""
        return (self.root / "home" / name / ".ssh" / "authorized_keys").read_text().splitlines()[1:]


def _fill(spec: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    return {name: row.get(name, declared.get("default")) for name, declared in spec.items()}


def account(name: str = "alice", uid: int = 20001, **options: Any) -> dict[str, Any]:
    """Return an entry of accounts."""
    return {"name": name, "uid": uid, "group": name, "home": f"/home/{name}", "ssh_keys": [KEY], **options}


def personal_groups(*accounts: dict[str, Any], **groups: int) -> list[dict[str, Any]]:
    """Return entries of groups: one for each account, and those that are named, with their GIDs."""
    own = [{"name": row["group"], "gid": row["uid"]} for row in accounts]
    return own + [{"name": name, "gid": gid} for name, gid in groups.items()]
