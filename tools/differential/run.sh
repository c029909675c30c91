#!/usr/bin/env bash
# Compares what paths and functions give with lxml's XPath, on random documents and contracts of one
# seed, and what a full check takes with expat. `run.sh --seed 7 --contracts 500` tries others of the first.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$repository/target}
venv=$target/tools/differential
lxml=6.0.2

if ! "$venv/bin/python" -c "import lxml; assert lxml.__version__ == '$lxml'" 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "lxml==$lxml"
fi
cargo build --quiet --manifest-path "$repository/Cargo.toml"
"$venv/bin/python" "$here/well_formed.py" "$target/debug/xmlshred"
"$venv/bin/python" "$here/differential.py" "$target/debug/xmlshred" "$@"
