# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the pictures of the documentation: ``make pictures``.

The pictures show what the playbooks of the collection write about a simulated Waldur, as Chromium shows it. They are
in ``docs/pictures``, in light and dark, and no part of the artifact.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import chromium
from markdown_it import MarkdownIt
from PIL import Image

from simulator_process import Simulator

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
NOW = "2026-11-23T09:00:00Z"
LARGEST = 90_000
_COLOURS = 192
ALPHA = "Alpha Cloud Ltd"

# How pages of GitLab and GitHub show Markdown, in short.
STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --page: #fff; --line: #d1d9e0; --code: #f1f3f5; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f0f6fc; --page: #0d1117; --line: #3d444d; --code: #262c36; }
}
body { margin: 24px 32px; color: var(--ink); background: var(--page); font: 15px/1.5 system-ui, sans-serif; }
h1, h2 { border-bottom: 1px solid var(--line); padding-bottom: .2em; line-height: 1.25; margin: .8em 0 .5em; }
h1 { font-size: 1.7em; margin-top: 0; } h2 { font-size: 1.3em; } h3 { font-size: 1.1em; margin: .8em 0 .4em; }
table { border-collapse: collapse; } th, td { border: 1px solid var(--line); padding: 5px 12px; text-align: left; }
code { background: var(--code); border-radius: 5px; padding: .15em .35em; font: 13px "DejaVu Sans Mono", monospace; }
pre { background: var(--code); border-radius: 6px; padding: 12px; } pre code { padding: 0; }
"""


def main() -> int:
    """Take all pictures. Returns the exit code."""
    if chromium.find() is None:
        print(chromium.MISSING, file=sys.stderr)
        return 1
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pictures-") as name, Simulator.start(edition="2026") as simulator:
        folder = Path(name)
        prepare(simulator)
        write_pages(simulator, folder)
        for picture, page, size in (
            ("report", folder / "reports" / "alpha.html", (1200, 1130)),
            ("report-index", folder / "reports" / "index.html", (1200, 440)),
            ("plan", folder / "plan.html", (1000, 640)),
        ):
            for is_dark in (False, True):
                take(picture, page, size, dark=is_dark)
    return 0


def take(picture: str, page: Path, size: tuple[int, int], *, dark: bool) -> None:
    """Write one picture with few colours, and say how large it is."""
    file = PICTURES / f"{picture}-{'dark' if dark else 'light'}.png"
    chromium.take_picture(page.as_uri(), file, width=size[0], height=size[1], dark=dark)
    with Image.open(file) as image:
        # Without dithering, areas of one colour stay so, and are small in a file.
        reduced = image.convert("RGB").quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    reduced.save(file, optimize=True)
    length = file.stat().st_size
    if length > LARGEST:
        raise ValueError(f"{file.name} has {length:,} bytes, and {LARGEST:,} are allowed.")
    print(f"{file.relative_to(ROOT)}: {length:,} bytes")


def prepare(simulator: Simulator) -> None:
    """Give the simulated Waldur two years of a service provider: role grants, revenue, accounts and a conflict."""
    simulator.set_clock(NOW, frozen=True)
    simulator.change("Customer", {"name": ALPHA}, {"slug": "alpha"})
    simulator.change("ServiceProvider", {}, {"description": "Virtual machines and storage for research groups"})
    expiries = {"owner": "2026-11-29", "pm1": "2027-01-31", "member2": "2028-06-30", "support_user": "2026-11-20"}
    for user, day in expiries.items():
        simulator.create(
            "Grant", user=user, role="CUSTOMER.MANAGER", service_provider=ALPHA, expiration_time=f"{day}T00:00:00Z"
        )
    project = "Project c1"
    for back in range(16):
        year, month = divmod(2026 * 12 + 10 - back, 12)
        # It grows, not evenly, and the current month is not complete.
        total = (21_400 - 930 * back + (back * 37 % 11) * 310) * (0.7 if back == 0 else 1)
        bill = {"year": year, "month": month + 1, "price": total, "total": total}
        simulator.create("InvoiceItem", resource="res-vm_c1", project=project, **bill)
    account = {"user__username": "member1", "offering__name": "Alpha Storage"}
    simulator.change("OfferingUser", account, {"username": "m1_storage"})


def write_pages(simulator: Simulator, folder: Path) -> None:
    """Run the playbooks, which write a plan and reports into *folder*."""
    shutil.copytree(ROOT / "examples" / "gitops" / "providers", folder / "providers")
    run(simulator, folder, "plan", "-e", "providers_path=providers")
    variables = {
        "service_provider": ["ALPHA", "BETA", "EXTRA01"],
        "report_moment": NOW[:10],
        "report_currency": "EUR",
        "report_waldur_url": "https://waldur.example.org",
    }
    run(simulator, folder, "report", "-e", json.dumps(variables))
    text = MarkdownIt().enable("table").render((folder / "plan.md").read_text(encoding="utf-8"))
    (folder / "plan.html").write_text(f'<meta charset="utf-8"><style>{STYLE}</style>{text}', encoding="utf-8")


def run(simulator: Simulator, folder: Path, playbook: str, *options: str) -> None:
    """Run a playbook of the collection in *folder*."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "WALDUR_"))}
    subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), f"waldur.provider.{playbook}", *options],
        cwd=folder,
        env={
            **kept,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "build"),
            "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
            "ANSIBLE_CONFIG": str(ROOT / "build" / "ansible.cfg"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "WALDUR_API_URL": simulator.url,
            "WALDUR_ACCESS_TOKEN": simulator.tokens["staff"],
        },
        stdout=subprocess.DEVNULL,
        check=True,
    )


if __name__ == "__main__":
    sys.exit(main())
