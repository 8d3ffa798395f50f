#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Writes build/drift.json, and build/plan.md of the repair. Ends with 1 where there is drift, with 2 where nobody knows.
set -eu
cd "$(dirname "$0")/.."
rm -f build/drift.json build/plan.json build/plan.md
if ansible-playbook waldur.provider.drift -e providers_path=providers -e output_directory=build "$@"; then
    exit 0
fi
# Ansible ends with the same code for both.
read_status='import json; print(json.load(open("build/drift.json", encoding="utf-8"))["status"])'
status="$(python3 -c "$read_status")" || status=error
[ "$status" != drift ] || exit 1
exit 2
