#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Changes nothing, and writes build/plan.md for review, build/plan.json for approval, and build/plan-gitlab.json for the
# widget in merge requests of GitLab.
set -eu
cd "$(dirname "$0")/.."
rm -f build/plan.json build/plan.md build/plan-gitlab.json
exec ansible-playbook waldur.provider.plan -e providers_path=providers -e output_directory=build \
    -e gitlab_file=plan-gitlab.json -e policy_path=policy.yml "$@"
