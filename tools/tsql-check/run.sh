#!/usr/bin/env bash
# Proves every .sql file: Microsoft's parser and the rules of the syntax tree (TsqlCheck, after
# its self-test), then sqlfluff. Installs what it needs, below target/ where it can.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
cache=${TSQL_CHECK_CACHE:-$repository/target/tsql-check}
scriptdom_wheel=mssql-cli==1.0.0
sqlfluff_version=4.5.0
sources=(sql agent-jobs)
# Generated T-SQL, and statements that the program sends: parsed, but not held to the rules of style.
generated=("$cache/generated" tests/generated_sql src/store/sqlserver/source docs/monitoring)

# Debian's mono, for the compiler and the runtime.
install_mono() {
    command -v mcs >/dev/null && command -v mono >/dev/null && return
    local sudo=()
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get -q -o DPkg::Lock::Timeout=300 update >/dev/null
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get -q -y -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends mono-devel >/dev/null
}

# Microsoft.SqlServer.TransactSql.ScriptDom.dll, out of a wheel that carries it.
fetch_scriptdom() {
    [ -f "$cache/Microsoft.SqlServer.TransactSql.ScriptDom.dll" ] && return
    local wheel
    wheel=$(mktemp -d)
    python3 -m pip download --quiet --no-deps --dest "$wheel" "$scriptdom_wheel"
    python3 - "$wheel" "$cache" <<'PYTHON'
import pathlib, sys, zipfile
wheel = next(pathlib.Path(sys.argv[1]).glob("*.whl"))
name = "mssqlcli/mssqltoolsservice/bin/Microsoft.SqlServer.TransactSql.ScriptDom.dll"
data = zipfile.ZipFile(wheel).read(name)
pathlib.Path(sys.argv[2], pathlib.PurePosixPath(name).name).write_bytes(data)
PYTHON
    rm -rf "$wheel"
}

compile_checker() {
    local netstandard
    netstandard=$(find /usr/lib/mono -path '*/4.5/Facades/netstandard.dll' | head -n 1)
    mcs -langversion:latest -out:"$cache/TsqlCheck.exe" \
        -r:"$cache/Microsoft.SqlServer.TransactSql.ScriptDom.dll" -r:"$netstandard" \
        "$here"/*.cs
}

install_sqlfluff() {
    "$cache/venv/bin/sqlfluff" --version 2>/dev/null | grep -q "$sqlfluff_version" && return
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" install --quiet --disable-pip-version-check "sqlfluff==$sqlfluff_version"
}

# The script that installs everything and takes over an earlier log.
generate_script() {
    mkdir -p "$cache/generated"
    cargo run --quiet -- install --script --adopt-log --adopt-status done=success >"$cache/generated/install.sql"
}

# The queries of the dashboard, with what Grafana puts in place of its macros.
generate_dashboard() {
    python3 - docs/monitoring/grafana.json >"$cache/generated/grafana.sql" <<'PYTHON'
import json, re, sys

def queries(panels):
    for panel in panels:
        yield from (target["rawSql"] for target in panel.get("targets", []))
        yield from queries(panel.get("panels", []))

for query in queries(json.load(open(sys.argv[1], encoding="utf-8"))["panels"]):
    query = re.sub(r"\$__timeFilter\((.*?)\)", r"\1 BETWEEN '2026-01-01T00:00:00Z' AND '2026-01-02T00:00:00Z'", query)
    print(query.replace("${schema}", "sandbox"), "GO", sep="\n")
PYTHON
}

# Every number that is thrown is explained, and every number explained is thrown.
check_error_numbers() {
    local thrown documented
    thrown=$(grep -hoE 'THROW 50[0-9]{3}' "$cache/generated/install.sql" tests/generated_sql/snapshots/*.sql | grep -oE '50[0-9]{3}' | sort -u)
    documented=$(grep -oE '^\| 50[0-9]{3} \|' docs/errors.md | grep -oE '50[0-9]{3}' | sort -u)
    if ! diff <(echo "$thrown") <(echo "$documented"); then
        echo "docs/errors.md differs from what the T-SQL throws (< thrown, > documented)"
        return 1
    fi
    echo "error numbers: $(echo "$thrown" | wc -l) thrown, all documented"
}

# Every installed file is in build-order.txt, once.
check_build_order() {
    local listed present
    listed=$(grep -v '^#' sql/build-order.txt | sort)
    present=$(cd sql && find . -name '*.sql' ! -name session_tables.sql ! -name install.sql | cut -c3- | sort)
    if ! diff <(echo "$listed") <(echo "$present"); then
        echo "sql/build-order.txt differs from the files there (< listed, > present)"
        return 1
    fi
    echo "build order: $(echo "$listed" | wc -l) files"
}

mkdir -p "$cache"
cd "$repository"
install_mono
fetch_scriptdom
compile_checker
install_sqlfluff
generate_script
generate_dashboard
mono "$cache/TsqlCheck.exe" self-test "$here/broken"
mono "$cache/TsqlCheck.exe" check "${sources[@]}" with tests/generated_sql/snapshots
mono "$cache/TsqlCheck.exe" parse "${generated[@]}"
mono "$cache/TsqlCheck.exe" statements "$here/statements.txt" sql tests/generated_sql/snapshots
check_error_numbers
check_build_order
PYTHONWARNINGS=ignore "$cache/venv/bin/sqlfluff" lint --processes 2 "${sources[@]}"
echo "sqlfluff $sqlfluff_version: $(find "${sources[@]}" -name '*.sql' ! -name install.sql | wc -l) files, clean"
