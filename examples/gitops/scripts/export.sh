#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Writes what is there into providers/: with -e service_provider=ACME one service provider, else all of them.
set -eu
cd "$(dirname "$0")/.."
exec ansible-playbook waldur.provider.export -e providers_path=providers "$@"
