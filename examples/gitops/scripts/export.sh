#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Writes what is there into providers/: everything, or with -e service_provider=ACME one service provider.
set -eu
cd "$(dirname "$0")/.."
exec ansible-playbook waldur.provider.export -e '{"service_provider": []}' -e providers_path=providers "$@"
