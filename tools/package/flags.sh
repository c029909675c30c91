# Sourced: sets the flags of a release build whose program does not say where it was built. rustc's
# own `trim-paths` is not stable yet. Sourced twice it sets them once, so that cargo builds once.
cargo_home=${CARGO_HOME:-$HOME/.cargo}
[ -z "${PACKAGE_FLAGS:-}" ] || return 0
export PACKAGE_FLAGS=set
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# Of those that fit, the last one counts.
remapped="--remap-path-prefix=$HOME=home --remap-path-prefix=$cargo_home=cargo"
remapped+=" --remap-path-prefix=$repository=xmlshred"
for sources in "$cargo_home"/registry/src/*; do
    remapped+=" --remap-path-prefix=$sources=registry"
done
export RUSTFLAGS="${RUSTFLAGS:-} $remapped"
# The libraries in C: SQLite and aws-lc.
mapped="-ffile-prefix-map=$HOME=home -ffile-prefix-map=$cargo_home=cargo"
mapped+=" -ffile-prefix-map=$repository=xmlshred"
export CFLAGS="${CFLAGS:-} $mapped"
