#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Writes who has access until when to access/review.md, review.csv and review.html: first what ends soon, then what is
# in no document. These files contain names and e-mail addresses, so they are not in build/, which pipelines keep.
set -eu
cd "$(dirname "$0")/.."
exec ansible-playbook waldur.provider.review -e providers_path=providers -e output_directory=access "$@"
