# Sourced: sets the flags of a release build whose program does not say where it was built. rustc's
# own `trim-paths` is not stable yet. Sourced twice it sets them once, so that cargo builds once.
cargo_home=${CARGO_HOME:-$HOME/.cargo}
# As the compiler writes a path: in Git's bash on Windows paths look different.
native() { if command -v cygpath >/dev/null; then cygpath -w "$1"; else printf '%s' "$1"; fi; }
[ -z "${PACKAGE_FLAGS:-}" ] || return 0
export PACKAGE_FLAGS=set
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# Of those that fit, the last one counts.
remapped="--remap-path-prefix=$(native "$HOME")=home --remap-path-prefix=$(native "$cargo_home")=cargo"
remapped+=" --remap-path-prefix=$(native "$repository")=xmlshred"
for sources in "$cargo_home"/registry/src/*; do
    remapped+=" --remap-path-prefix=$(native "$sources")=registry"
done
export RUSTFLAGS="${RUSTFLAGS:-} $remapped"
# The program needs no redistributable of the compiler's on Windows.
if command -v cygpath >/dev/null; then export RUSTFLAGS="$RUSTFLAGS -C target-feature=+crt-static"; fi
# The libraries in C: SQLite and aws-lc. Microsoft's compiler has no such flag.
command -v cygpath >/dev/null && return 0
mapped="-ffile-prefix-map=$HOME=home -ffile-prefix-map=$cargo_home=cargo"
mapped+=" -ffile-prefix-map=$repository=xmlshred"
export CFLAGS="${CFLAGS:-} $mapped"
