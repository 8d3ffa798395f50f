#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Checks the documents and the policy without Waldur, and writes all errors to build/validate.xml, as test results, and
# to build/codequality.json, for GitLab. Exits with 2 if there are any. Requires no token.
set -eu
cd "$(dirname "$0")/.."
rm -f build/validate.xml build/codequality.json
exec ansible-playbook waldur.provider.validate -e providers_path=providers -e policy_path=policy.yml \
    -e junit_file=build/validate.xml -e code_quality_file=build/codequality.json "$@"
