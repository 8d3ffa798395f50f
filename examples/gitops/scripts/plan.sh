#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Changes nothing, and writes build/plan.md for review and build/plan.json for approval.
set -eu
cd "$(dirname "$0")/.."
rm -f build/plan.json build/plan.md
exec ansible-playbook waldur.provider.plan -e providers_path=providers -e output_directory=build "$@"
