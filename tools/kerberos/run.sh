#!/usr/bin/env bash
# Logs in with a ticket, bound to TLS, to an imitation of SQL Server that takes nothing else, and reads what is said
# where that cannot be:
#
#     bash tools/kerberos/run.sh [-v]              the program of this folder, built with the feature kerberos
#     bash tools/kerberos/run.sh [-v] COMMAND…     another one, such as one for Windows under Wine
#
# It makes a realm of its own in a temporary folder, on free ports of this machine; nothing of it stays. Needs
# Debian's krb5-kdc, krb5-admin-server, krb5-user, python3-gssapi, openssl, libkrb5-dev and libclang-dev, and
# installs what is missing, for which it needs root.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$repository/target}
export PATH=$PATH:/usr/sbin

verbose=()
if [ "${1:-}" = -v ]; then
    verbose=(-v)
    shift
fi
if ! command -v krb5kdc kadmin.local kinit openssl >/dev/null || ! /usr/bin/python3 -c 'import gssapi' 2>/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update --quiet
    apt-get install --yes --quiet --no-install-recommends \
        krb5-kdc krb5-admin-server krb5-user python3-gssapi openssl libkrb5-dev libclang-dev
fi
for library in /usr/lib/*/faketime/libfaketime.so.1; do
    [ -e "$library" ] && export FAKETIME_LIBRARY=$library
done
if [ $# = 0 ]; then
    cargo build --quiet --manifest-path "$repository/Cargo.toml" --features kerberos --bin xmlshred
    set -- "$target/debug/xmlshred"
fi
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$here/logins.py" "${verbose[@]}" "$@"
