#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Applies what was approved: APPROVED_PLAN is the path of that plan.json. Any other change is refused.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${APPROVED_PLAN:-}" ]; then
    echo "APPROVED_PLAN: name the plan that was approved, such as APPROVED_PLAN=build/plan.json" >&2
    exit 2
fi
exec ansible-playbook waldur.provider.apply -e providers_path=providers -e "{\"approved_plan\": \"$APPROVED_PLAN\"}" "$@"
