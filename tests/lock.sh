#!/usr/bin/env bash
# requirements.lock anew, with uv (pipx install uv): tests/lock.sh, and tests/lock.sh --upgrade for newer releases.
#
# Torch is not in it, nor what its builds for graphics cards bring along: pip takes the build that suits the machine.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

compile=(
    uv pip compile --quiet pyproject.toml --extra test --universal --python-version 3.11
    --constraint requirements-torch.lock --no-annotate --output-file requirements.lock
)
export UV_CUSTOM_COMPILE_COMMAND='tests/lock.sh'
"${compile[@]}" "$@" >/dev/null
beside_torch=()
for name in $(grep -oE '^(torch|triton|(nvidia|cuda)-[a-z0-9-]+)' requirements.lock); do
    beside_torch+=(--no-emit-package "$name")
done
"${compile[@]}" "${beside_torch[@]}" --generate-hashes >/dev/null
