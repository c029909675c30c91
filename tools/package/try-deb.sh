#!/usr/bin/env bash
# bash tools/package/try-deb.sh [DEB]: installs the package in a fresh Debian of its own, made by
# debootstrap, and runs the demo there. Needs root and, for debootstrap and the libraries, the network.
set -euo pipefail
cd "$(dirname "$0")/../.."

deb=${1:-$(ls "${CARGO_TARGET_DIR:-target}"/package/xmlshred_*.deb)}
# A chroot left by another call of this script, to be used again: as downloaded, without the package.
base=${XMLSHRED_CHROOT_BASE:-}
chroot=$(mktemp -d)
# Its root is entered by others than root, too.
chmod 755 "$chroot"
trap 'umount "$chroot/proc" 2>/dev/null || true; rm -rf --one-file-system "$chroot"' EXIT

if [ -n "$base" ]; then
    cp -a "$base/." "$chroot"
else
    debootstrap --variant=minbase bookworm "$chroot" >"$chroot.log" || { cat "$chroot.log"; exit 1; }
    rm "$chroot.log"
fi
inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp DEBIAN_FRONTEND=noninteractive chroot "$chroot" "$@"; }
mount -t proc proc "$chroot/proc"
cp "$deb" "$chroot/tmp/xmlshred.deb"

inside apt-get install --yes --no-install-recommends /tmp/xmlshred.deb
inside xmlshred --version
test -s "$chroot/usr/share/doc/xmlshred/sql/install.sql"
# Not as root: a worker needs no rights.
inside setpriv --reuid=65534 --regid=65534 --clear-groups sh -c 'cd /tmp && xmlshred demo --apps 500' |
    tee "$chroot/tmp/demo.txt"
grep -q '^CHECKED: .*; 0 lost, 0 duplicated$' "$chroot/tmp/demo.txt"
inside apt-get purge --yes xmlshred
if left=$(cd "$chroot" && find usr -name '*xmlshred*' | grep .); then
    echo "left behind: $left" >&2
    exit 1
fi
