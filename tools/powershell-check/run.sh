#!/usr/bin/env bash
# Reads every PowerShell script, and every block of PowerShell in docs/, by tree-sitter's grammar, and holds
# them to the rules of check.py, after its self-test. It is no PowerShell: nothing is run. Installs what it
# needs below target/.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
cache=${CARGO_TARGET_DIR:-target}/powershell-check
pins=(tree-sitter==0.26.1 tree-sitter-powershell==0.26.4)

if [ "$(cat "$cache/pins" 2>/dev/null)" != "${pins[*]}" ]; then
    python3 -m venv --clear "$cache/venv"
    "$cache/venv/bin/pip" install --quiet --disable-pip-version-check "${pins[@]}"
    printf '%s' "${pins[*]}" >"$cache/pins"
fi
python=$cache/venv/bin/python
"$python" "$here/check.py" self-test "$here/good.ps1"
"$python" "$here/check.py" check agent-jobs/*.ps1 with docs/*.md
