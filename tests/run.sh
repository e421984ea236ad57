#!/usr/bin/env bash
# All tests; arguments go to pytest: tests/run.sh tests/scenes -k mask
# --scene NAME runs what concerns one scene, in less than a minute.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
./render.sh --setup

# The course page is tested in a real browser, Debian's Chromium.
if ! [ -x /usr/bin/chromium ]; then
    if ! command -v apt-get >/dev/null || { [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; }; then
        printf '%s\n' 'error: the tests need Chromium at /usr/bin/chromium; on Debian: sudo apt-get install chromium' >&2
        exit 2
    fi
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
    "${as_root[@]}" apt-get update -qq >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >&2
fi
# More than four workers take much memory. tests/conftest.py says which tests stay together.
if [ "${1:-}" = --scene ]; then set -- tests/scenes tests/render/test_captions.py "$@"; fi
exec .venv/bin/python -m pytest -n auto --maxprocesses=4 --dist loadgroup "$@"
