#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Exports into providers/: one service provider with -e service_provider=ACME, otherwise all of them.
set -eu
cd "$(dirname "$0")/.."
exec ansible-playbook waldur.provider.export -e providers_path=providers "$@"
