# SPDX-License-Identifier: GPL-3.0-or-later
"""Open pages in Chromium without a window: pictures of them, and their content after their scripts ran."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

# Chromium and its relatives, by the names of their programs.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "Chromium was not found on the PATH: install it, or set CHROMIUM to its path."


def find() -> str | None:
    """Return the path of Chromium: from CHROMIUM in the environment, or from the PATH; None if there is none."""
    names = [os.environ["CHROMIUM"]] if os.environ.get("CHROMIUM") else list(PROGRAMS)
    return next((path for name in names if (path := shutil.which(name))), None)


def take_picture(url: str, file: Path, *, width: int, height: int, dark: bool = False) -> None:
    """Write what a window of *width* by *height* shows as a PNG, with the colours of dark mode if *dark* is true."""
    run(url, f"--screenshot={file}", f"--window-size={width},{height}", "--hide-scrollbars", dark=dark)


def dump_dom(url: str, *, width: int = 1280, milliseconds: int = 5000) -> str:
    """Return the page as HTML after its scripts ran for so many milliseconds of its own clock."""
    options = (f"--virtual-time-budget={milliseconds}", f"--window-size={width},800")
    return run(url, "--dump-dom", *options)


def write_pdf(url: str, file: Path) -> None:
    """Print the page to a PDF."""
    run(url, f"--print-to-pdf={file}", "--no-pdf-header-footer")


def run(url: str, *options: str, dark: bool = False) -> str:
    """Open one page with the command-line *options*, and return what Chromium printed."""
    program = find()
    if program is None:
        raise FileNotFoundError(MISSING)
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as folder:
        command = [program, "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        command += ["--force-device-scale-factor=1", f"--user-data-dir={folder}/data"]
        command += [f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # Chromium's sandbox refuses to run as root
        done = subprocess.run(
            [*command, *options, url],
            env={**os.environ, "HOME": folder},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
    if done.returncode != 0:
        raise OSError(f"Chromium ended with {done.returncode} and said:\n{done.stderr[-2000:]}")
    return done.stdout
