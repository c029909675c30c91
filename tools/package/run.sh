#!/usr/bin/env bash
# bash tools/package/run.sh: builds the program for this machine, checks that it does not say where it
# was built, collects the licences of everything in it, and packs all that into
# target/package/xmlshred-VERSION-HOST.tar.gz. Committed is none of it.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tools/package/flags.sh

cargo build --release --locked --bin xmlshred
program=${CARGO_TARGET_DIR:-target}/release/xmlshred
version=$(cargo pkgid | sed 's/.*[#@]//')
host=$(rustc -vV | sed -n 's/^host: //p')

# Paths of this machine, wherever they came from. Of a home only what is hidden in it, where cargo and
# rustup are: the paths of a contract may begin as a home of `/root` does.
for path in "$HOME/." "$cargo_home/" "$PWD/" "$(rustc --print sysroot)/"; do
    if grep -q -a -F -e "$path" "$program"; then
        echo "the program has paths of this machine:" >&2
        grep -o -a -E -e "${path}[[:print:]]{0,100}" "$program" | sort -u | head -n 20 >&2
        exit 1
    fi
done

folder=${CARGO_TARGET_DIR:-target}/package/xmlshred-$version-$host
rm -rf "$folder"
mkdir -p "$folder"
python3 tools/package/licences.py "$host" >"$folder/THIRD-PARTY-LICENCES.txt"
cp "$program" README.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT "$folder"
tar --directory "$(dirname "$folder")" --owner=0 --group=0 --numeric-owner --sort=name \
    --create --gzip --file "$folder.tar.gz" "$(basename "$folder")"
echo "$folder.tar.gz: $(stat -c %s "$folder.tar.gz") bytes," \
    "the program $(stat -c %s "$program")," \
    "licences of $(grep -c '^## ' "$folder/THIRD-PARTY-LICENCES.txt") packages"
