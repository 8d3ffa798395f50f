#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Writes build/drift.json, and build/plan.md with the changes that would repair the drift. Exits with 1 if there is
# drift, and with 2 if it could not be determined. build/drift.xml shows the same as test results, and
# build/waldur.prom as metrics, with the number of role grants that end within 30 days.
set -eu
cd "$(dirname "$0")/.."
rm -f build/drift.json build/drift.xml build/waldur.prom build/plan.json build/plan.md
if ansible-playbook waldur.provider.drift -e providers_path=providers -e output_directory=build \
    -e junit_file=drift.xml -e metrics_file=waldur.prom -e expiring_within=30d -e policy_path=policy.yml "$@"; then
    exit 0
fi
# Ansible exits with the same code in both cases.
read_status='import json; print(json.load(open("build/drift.json", encoding="utf-8"))["status"])'
status="$(python3 -c "$read_status")" || status=error
[ "$status" != drift ] || exit 1
exit 2
