# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command of the pre-commit hook: validate documents without Ansible. ``pyproject.toml`` makes it a program."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .._common.errors import WaldurError
from .desired_state_validate import REPORTS, write_reports
from .findings import validate_documents

_HAS_FINDINGS, _FAILED = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Print all findings, one in a line, and return the exit status.

    It is 0 if there are none, 1 if there are some, and 2 if the documents could not be validated.
    """
    options = _parser().parse_args(arguments)
    status = 0
    try:
        for path in options.paths:
            validation = validate_documents(path)
            write_reports(validation, vars(options))
            for finding in validation.findings:
                sys.stdout.write(f"{finding}\n")
                status = _HAS_FINDINGS
    except WaldurError as error:
        sys.stderr.write(f"{error.message}\n")
        return _FAILED
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="waldur-provider-validate", description="Validate documents of Waldur service providers, without Waldur."
    )
    parser.add_argument("paths", nargs="+", metavar="path", help="a document, or a folder of documents")
    for option in REPORTS:
        parser.add_argument(f"--{option.replace('_', '-')}", metavar="FILE", help=f"write the report {option}")
    return parser
