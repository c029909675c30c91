#!/usr/bin/env bash
# bash tools/package/run.sh: builds the program for this machine, checks that it does not say where it
# was built, and packs it with all that contents.txt names: as tar.gz and .deb, or on Windows as zip, in
# target/package, with SHA256SUMS. A commit with the tag of its version makes a release; any
# other has its hash in the version. Committed is none of it. Needs no network once cargo has fetched.
set -euo pipefail
cd "$(dirname "$0")/../.."
# What it writes has letters of all the world, also where Windows has a code page.
export PYTHONUTF8=1
source tools/package/flags.sh

export PYTHONDONTWRITEBYTECODE=1
python=$(command -v python3 || command -v python)
target=${CARGO_TARGET_DIR:-target}
host=$(rustc -vV | sed -n 's/^host: //p')
version=$(cargo pkgid | sed 's/.*[#@]//')
commit=$(git rev-parse --short HEAD)
if tags=$(git tag --points-at HEAD | grep '^v[0-9]'); then
    if [ "$tags" != "v$version" ]; then
        echo "the commit has the tag $tags, and Cargo.toml version $version" >&2
        exit 1
    fi
    name=$version debian=$version
else
    name=$version-g$commit debian=$version~g$commit
fi
case $host in
    *windows*) exe=.exe kinds=zip ;;
    *) exe='' kinds=tar.gz; command -v dpkg-deb >/dev/null && kinds+=' deb' ;;
esac

cargo build --release --locked --bin xmlshred
# Of the archives: the libraries in C would be compiled again for it.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
program=$target/release/xmlshred$exe

# Paths of this machine, wherever they came from. Of a home only what is hidden in it, where cargo and
# rustup are: the paths of a contract may begin as a home of `/root` does.
for path in "$HOME/." "$cargo_home/" "$PWD/" "$(rustc --print sysroot)/"; do
    path=$(native "$path")
    if grep -q -a -F -e "$path" "$program"; then
        echo "the program has paths of this machine:" >&2
        strings "$program" | grep -F -e "$path" | sort -u | head -n 20 >&2
        exit 1
    fi
done

packages=$target/package
folder=$packages/files
rm -rf "$packages"
mkdir -p "$folder/sql" "$folder/completions" "$folder/docs"
cp "$program" "$folder/xmlshred"
cp LICENSE-APACHE LICENSE-MIT "$folder"
cp -r agent-jobs "$folder"
cp -r docs/monitoring "$folder/docs"
# Nothing that a person has set up on this machine.
as_installed() { env -i PATH="$PATH" HOME=/nonexistent SYSTEMROOT="${SYSTEMROOT:-}" "$program" "$@"; }
as_installed install --script >"$folder/sql/install.sql"
as_installed man --out "$folder/man"
as_installed completions bash >"$folder/completions/xmlshred.bash"
as_installed completions zsh >"$folder/completions/_xmlshred"
as_installed completions fish >"$folder/completions/xmlshred.fish"
as_installed completions powershell >"$folder/completions/xmlshred.ps1"
$python tools/package/licences.py "$host" >"$folder/THIRD-PARTY-LICENCES.txt"
$python tools/package/sbom.py "$host" >"$folder/sbom.cdx.json"
# Not for this machine only, so without the flags of the program.
env -u RUSTFLAGS cargo run --quiet --locked --package xmlshred-pages -- . "$folder"

for kind in $kinds; do
    case $kind in
        deb) archive=xmlshred_${debian}_$(dpkg --print-architecture) ;;
        *) archive=xmlshred-$name-$host ;;
    esac
    $python tools/package/archives.py pack "$kind" "$folder" "$archive" "$debian"
done
(cd "$packages" && sha256sum xmlshred* >SHA256SUMS)
echo "the program: $(stat -c %s "$program") bytes," \
    "licences of $(grep -c '^## ' "$folder/THIRD-PARTY-LICENCES.txt") packages"
