#!/usr/bin/env bash
# Builds xmlshred and its tests for x86_64-pc-windows-gnu and runs them under Wine:
#
#     bash tools/windows/run.sh FOLDER                  the library and the tests without a server
#     bash tools/windows/run.sh FOLDER --server FILTER  and those of `--test sqlserver` that match
#     bash tools/windows/run.sh FOLDER --check          only compiles everything, and clippy
#
# FOLDER keeps the toolchain and what is built, about 8 GB. Needs Debian 12, and root the first time, for
# mingw-w64 and Wine. Rust for Windows has no package in Debian: its own rustc, cargo and the source of std,
# of one version, are unpacked into FOLDER, not installed, because they conflict with rustup's.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)
folder=$(mkdir -p "${1:?a folder for the toolchain}" && cd "$1" && pwd)
mode=${2:-}
filter=${3:-}
target=x86_64-pc-windows-gnu
toolchain=$folder/tc
wine=/usr/lib/wine/wine64

install_toolchain() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update --quiet
    apt-get install --yes --quiet --no-install-recommends gcc-mingw-w64-x86-64 wine64 wine
    mkdir -p "$folder/debs" "$toolchain"
    local version std
    version=$(apt-cache policy rustc-web | awk '/Candidate/{print $2}')
    std=$(apt-cache depends "libstd-rust-web-dev=$version" | awk '/Depends: libstd-rust-web-/{print $2; exit}')
    (
        cd "$folder/debs"
        apt-get download "rustc-web=$version" "rust-web-src=$version" "cargo-web=$version" \
            "libstd-rust-web-dev=$version" "rust-web-clippy=$version" "$std=$version" \
            libllvm22 libgit2-1.5 libhttp-parser2.9 libmbedcrypto7 libmbedx509-1 libmbedtls14
        for package in *.deb; do dpkg -x "$package" "$toolchain"; done
    )
}

# std imports ProcessPrng from a DLL that Wine 8 does not have.
prepare_wine() {
    "$wine" wineboot -i >/dev/null 2>&1 || true
    x86_64-w64-mingw32-gcc -shared -O2 -x c - -ladvapi32 \
        -o "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" <<'C'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG); /* RtlGenRandom */
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE p, SIZE_T n) { return SystemFunction036(p, (ULONG)n); }
BOOL WINAPI DllMain(HINSTANCE h, DWORD r, LPVOID v) { return TRUE; }
C
}

export WINEPREFIX=$folder/prefix WINEDEBUG=-all
[ -x "$toolchain/usr/bin/rustc" ] || install_toolchain
[ -e "$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll" ] || prepare_wine

# Where the flags of the machine's own linker are set, they do not hold for this target.
unset RUSTFLAGS CARGO_BUILD_RUSTFLAGS
export LD_LIBRARY_PATH=$toolchain/usr/lib/x86_64-linux-gnu PATH=$toolchain/usr/bin:$PATH
export RUSTC=$toolchain/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$folder/target
# One list of crates of std for every command: another list compiles everything again.
export CARGO_BUILD_TARGET=$target CARGO_UNSTABLE_BUILD_STD=std,panic_unwind,test
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$wine
export CC_x86_64_pc_windows_gnu=x86_64-w64-mingw32-gcc
export CARGO_PROFILE_DEV_DEBUG=0 INSTA_UPDATE=no INSTA_WORKSPACE_ROOT=$repository
export PROPTEST_RNG_SEED=20261124

# Without optimized dependencies it compiles in half the time.
windows_cargo() {
    local command=$1
    shift
    cargo "$command" --config 'profile.dev.package."*".opt-level=0' \
        --config 'profile.dev.package.xmlshred-model.opt-level=0' \
        --config 'profile.dev.package.libsqlite3-sys.opt-level=1' "$@"
}

cd "$repository"
case $mode in
    --check)
        windows_cargo clippy --all-targets -- -D warnings
        ;;
    --server)
        : "${XMLSHRED_TEST_SQLSERVER:?the connection string of a server}"
        windows_cargo test --test sqlserver -- $filter </dev/null
        ;;
    *)
        # A suite that fails does not keep the others from running.
        windows_cargo test --no-fail-fast --lib --test tests </dev/null
        ;;
esac
