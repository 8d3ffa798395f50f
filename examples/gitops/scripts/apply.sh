#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Applies the approved plan: APPROVED_PLAN is the path of its plan.json. Any other change is rejected.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${APPROVED_PLAN:-}" ]; then
    echo "APPROVED_PLAN: is required: set it to the approved plan, for example APPROVED_PLAN=build/plan.json" >&2
    exit 2
fi
exec ansible-playbook waldur.provider.apply -e providers_path=providers -e policy_path=policy.yml \
    -e "{\"approved_plan\": \"$APPROVED_PLAN\"}" "$@"
