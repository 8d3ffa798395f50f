# SPDX-License-Identifier: GPL-3.0-or-later
"""Answer as the command line of GitHub does, for the commands of the workflows, from a folder.

GH_FOLDER has a file pulls.json (the pull requests of each commit), a file runs.json (the runs of workflows), artifacts
in artifacts/RUN/NAME, and comments.json, which this program writes. GH_PERMISSIONS are the permissions of the workflow,
as JSON. Any other command or option is an error.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import jq

FOLDER = Path(os.environ["GH_FOLDER"])


def parse_arguments() -> argparse.Namespace:
    """Return the arguments, with the function that answers the command."""
    parser = argparse.ArgumentParser(prog="gh")
    commands = parser.add_subparsers(required=True)
    api = commands.add_parser("api")
    api.add_argument("path")
    api.add_argument("--jq", required=True)
    api.set_defaults(answer=list_pulls)
    runs = commands.add_parser("run").add_subparsers(required=True)
    listing = runs.add_parser("list")
    for option in ("workflow", "commit", "status", "limit", "json", "jq"):
        listing.add_argument(f"--{option}", required=True)
    listing.set_defaults(answer=list_runs)
    download = runs.add_parser("download")
    download.add_argument("run")
    download.add_argument("--name", required=True)
    download.add_argument("--dir", required=True)
    download.set_defaults(answer=download_artifact)
    comment = commands.add_parser("pr").add_subparsers(required=True).add_parser("comment")
    comment.add_argument("number")
    comment.add_argument("--body-file", required=True)
    comment.add_argument("--edit-last", action="store_true", required=True)
    comment.add_argument("--create-if-none", action="store_true", required=True)
    comment.set_defaults(answer=write_comment)
    return parser.parse_args()


def require(scope: str, *access: str) -> None:
    """End with the error of GitHub if the workflow does not have the permission."""
    if not os.environ.get("GH_TOKEN"):
        sys.exit("gh: To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable.")
    if json.loads(os.environ["GH_PERMISSIONS"]).get(scope) not in access:
        sys.exit(f"gh: Resource not accessible by integration (HTTP 403): {scope} is required")


def read(name: str) -> Any:
    """Return the content of a file of the folder."""
    return json.loads((FOLDER / name).read_text())


def show(expression: str, value: Any) -> None:
    """Print the results of an expression as gh does: texts as they are, other values as JSON."""
    for found in jq.compile(expression).input_value(value).all():
        print(found if isinstance(found, str) else json.dumps(found))


def list_pulls(arguments: argparse.Namespace) -> None:
    """Show the pull requests of a commit."""
    require("pull-requests", "read", "write")
    match = re.fullmatch(
        rf"repos/{re.escape(os.environ['GITHUB_REPOSITORY'])}/commits/([0-9a-f]{{40}})/pulls", arguments.path
    )
    if match is None:
        sys.exit(f"gh: Not Found (HTTP 404): {arguments.path}")
    show(arguments.jq, read("pulls.json").get(match[1], []))


def list_runs(arguments: argparse.Namespace) -> None:
    """Show the runs of a workflow for a commit."""
    require("actions", "read", "write")
    wanted = {"workflow": arguments.workflow, "commit": arguments.commit, "status": arguments.status}
    runs = [run for run in read("runs.json") if wanted.items() <= run.items()]
    rows = [{key: run[key] for key in arguments.json.split(",")} for run in runs[: int(arguments.limit)]]
    show(arguments.jq, rows)


def download_artifact(arguments: argparse.Namespace) -> None:
    """Copy the artifact of a run into a folder."""
    require("actions", "read", "write")
    shutil.copytree(FOLDER / "artifacts" / arguments.run / arguments.name, arguments.dir)


def write_comment(arguments: argparse.Namespace) -> None:
    """Write the comment of a pull request, or replace it."""
    require("pull-requests", "write")
    path = FOLDER / "comments.json"
    comments = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**comments, arguments.number: Path(arguments.body_file).read_text()}))


if __name__ == "__main__":
    found = parse_arguments()
    found.answer(found)
