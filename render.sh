#!/usr/bin/env bash
# From a prompt to finished films: ./render.sh --help. On first use it sets itself up, in .venv beside this file.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
venv=$here/.venv
stamp=$venv/set-up

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 2
}

# An environment works in one place and with one Python; elsewhere, or with another, it is made anew.
place() {
    printf '%s\n' "$here" "$(readlink -f "$venv/bin/python")"
}

made_from() {
    place
    cat "$here/requirements.lock" "$here/requirements-torch.lock" "$here/pyproject.toml"
}

# The stamp is a copy of what the environment was made from, written last: no stamp, never finished.
is_set_up() {
    [ -x "$venv/bin/python" ] && made_from | cmp -s - "$stamp"
}

# A terminal sees a command's progress; elsewhere only the last lines of one that fails are shown.
run() {
    local said
    if [ -t 2 ]; then
        "$@" >&2
    elif ! said=$("$@" 2>&1); then
        tail -n 20 <<<"$said" >&2
        return 1
    fi
}

# Python is started isolated (-I), and never from a relative entry of the PATH: what lies in the directory that one
# happens to be in is not run.
find_python() {
    local candidate place
    for candidate in python3.13 python3.12 python3.11 python3; do
        place=$(type -aP "$candidate" | grep -m 1 ^/) || continue
        if "$place" -I -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            printf '%s\n' "$place"
            return
        fi
    done
    fail "Python 3.11, 3.12 or 3.13 is needed, and none of them is on the PATH"
}

# Manim's text and drawing libraries are compiled on Linux; Debian's names of what that takes and is not here.
missing_packages() {
    local python=$1 version include
    version=$("$python" -I -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    include=$("$python" -I -c 'import sysconfig; print(sysconfig.get_path("include"))')
    command -v cc >/dev/null || printf 'gcc '
    [ -f "$include/Python.h" ] || printf '%s-dev ' "$version"
    "$python" -I -c 'import ensurepip' 2>/dev/null || printf '%s-venv ' "$version"
    command -v pkg-config >/dev/null || printf 'pkg-config '
    pkg-config --exists pangocairo 2>/dev/null || printf 'libpango1.0-dev '
}

install_system_packages() {
    local python=$1 missing as_root=()
    read -ra missing <<<"$(missing_packages "$python")"
    [ "${#missing[@]}" -gt 0 ] || return 0
    if command -v apt-get >/dev/null; then
        [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
        if "${as_root[@]}" true 2>/dev/null; then
            printf 'installing %s\n' "${missing[*]}" >&2
            run "${as_root[@]}" apt-get update -qq &&
                run "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
                    apt-get install -y -qq --no-install-recommends "${missing[@]}" &&
                [ -z "$(missing_packages "$python")" ] && return
        fi
    fi
    printf '%s\n' \
        'error: a C compiler, the Python headers and Pango are needed to install Manim. Install them with one of' \
        "  sudo apt-get install ${missing[*]}" \
        '  sudo dnf install gcc python3-devel pkgconf-pkg-config pango-devel' \
        '  brew install pkgconf pango cairo' \
        'and start again.' >&2
    exit 2
}

install_packages() {
    local install=("$venv/bin/python" -I -m pip --disable-pip-version-check install)
    # The lock holds everything, so nothing is looked for besides it; each file's digest is checked.
    run "${install[@]}" --require-hashes --no-deps -r "$here/requirements.lock" &&
        run "${install[@]}" -r "$here/requirements-torch.lock" &&
        # Built with the setuptools of the lock, for a fetched one would need the network each time.
        run "${install[@]}" --no-deps --no-build-isolation -e "$here"
}

set_up() {
    local python before=$stamp-before
    if [ -x "$venv/bin/python" ] && place | cmp -s - <(head -n 2 "$stamp" 2>/dev/null); then
        printf 'bringing %s up to date\n' "$venv" >&2
        mv "$stamp" "$before"
    else
        python=$(find_python) || exit 2
        install_system_packages "$python"
        printf 'setting up %s (once; about 2 GB and a few minutes)\n' "$venv" >&2
        rm -rf "$venv" && run "$python" -I -m venv "$venv" || return
    fi
    if ! install_packages; then
        # An update that pip gave up, offline for one, is tried again; one that was cut off starts from nothing.
        [ ! -f "$before" ] || mv "$before" "$stamp"
        return 1
    fi
    made_from >"$stamp" && rm -f "$before"
}

if ! is_set_up; then
    # One set-up at a time; whoever waited finds it done.
    exec 9>"$here/.set-up.lock"
    if command -v flock >/dev/null; then flock 9; fi
    trap 'printf "the set-up was interrupted; the next start repeats it\n" >&2; exit 130' INT TERM
    if ! is_set_up && ! set_up; then
        printf 'error: the set-up failed; the reason is above\n' >&2
        exit 1
    fi
    trap - INT TERM
    exec 9>&-
fi

# Safe path: whoever starts this beside a folder `scenes` of their own gets ours.
PYTHONSAFEPATH=1 exec "$venv/bin/python" -m scenes.render "$@"
