#!/usr/bin/env bash
# From a prompt to finished films: ./render.sh --help. On first use it sets itself up, in .venv beside this file.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
venv=$here/.venv
stamp=$venv/set-up

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 2
}

# The stamp is a copy of what the set-up was made from; where it still says the same, nothing is to do.
is_set_up() {
    cat "$here/requirements.lock" "$here/pyproject.toml" | cmp -s - "$stamp"
}

find_python() {
    local candidate
    for candidate in python3.13 python3.12 python3.11 python3; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "Python 3.11, 3.12 or 3.13 is needed, and none of them is on the PATH"
}

# Manim's text and drawing libraries are compiled on Linux: is what that takes here?
has_system_packages() {
    command -v cc >/dev/null && command -v pkg-config >/dev/null && pkg-config --exists pangocairo &&
        [ -f "$("$1" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ]
}

install_system_packages() {
    local python=$1 packages="gcc python3-dev pkg-config libpango1.0-dev" as_root=""
    has_system_packages "$python" && return
    if command -v apt-get >/dev/null; then
        if [ "$(id -u)" -ne 0 ]; then as_root="sudo -n"; fi
        # shellcheck disable=SC2086 # both are lists of words
        if { [ -z "$as_root" ] || sudo -n true 2>/dev/null; } && $as_root apt-get update -qq >&2 &&
            $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >&2 &&
            has_system_packages "$python"; then
            return
        fi
    fi
    printf '%s\n' \
        'error: a C compiler, the Python headers and Pango are needed to install Manim. Install them with one of' \
        "  sudo apt-get install $packages" \
        '  sudo dnf install gcc python3-devel pkgconf-pkg-config pango-devel cairo-devel' \
        '  brew install pkgconf pango cairo' \
        'and start again.' >&2
    exit 2
}

set_up() {
    local python quiet=(--quiet)
    python=$(find_python) || exit 2
    install_system_packages "$python"
    printf 'setting up %s (once; about 2 GB and a few minutes)\n' "$venv" >&2
    # No stamp means never finished: a half-made environment is made again from the start.
    if [ -t 2 ]; then quiet=(); fi
    rm -rf "$venv" &&
        "$python" -m venv "$venv" &&
        "$venv/bin/python" -m pip install "${quiet[@]}" --disable-pip-version-check -r "$here/requirements.lock" >&2 &&
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -e "$here" >&2 &&
        cat "$here/requirements.lock" "$here/pyproject.toml" >"$stamp"
}

if ! is_set_up; then
    # One set-up at a time; whoever waited finds it done.
    exec 9>"$here/.set-up.lock"
    if command -v flock >/dev/null; then flock 9; fi
    if ! is_set_up && ! set_up; then
        printf 'error: the set-up failed; what pip says is above\n' >&2
        exit 1
    fi
    exec 9>&-
fi

exec "$venv/bin/python" -m scenes.render "$@"
