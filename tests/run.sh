#!/usr/bin/env bash
# All tests; arguments go to pytest: tests/run.sh tests/scenes -k mask
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
./render.sh --setup
exec .venv/bin/python -m pytest "$@"
