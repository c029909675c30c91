#!/usr/bin/env python3
"""Packs a folder of files as contents.txt has them.

python3 archives.py list KIND FOLDER              prints the names in an archive of KIND
python3 archives.py pack KIND FOLDER NAME VERSION makes NAME.KIND beside FOLDER
KIND is tar.gz, zip or deb. A file that contents.txt does not name is an error, as is a name without
a file. An archive that is made is read again: it has these names and no others.
"""

import fnmatch
import gzip
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile

CONTENTS = pathlib.Path(__file__).with_name("contents.txt")
WHEN = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
PROGRAM = "xmlshred"
CONTROL = """Package: xmlshred
Version: {version}
Architecture: {architecture}
Maintainer: The authors of xmlshred <xmlshred@localhost>
Installed-Size: {kilobytes}
Depends: {depends}
Section: database
Priority: optional
Description: Turns XML documents in a SQL Server table into typed rows
 Each document exactly once, with its outcome in a log table. Workers may be
 stopped or killed at any time: no document is lost or written twice.
"""


def lines():
    for line in CONTENTS.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if words and not words[0].startswith("#"):
            yield words[0], words[1] if len(words) > 1 else None


def placed(name, pattern, target):
    """The name in the .deb: what the `*` stands for is kept."""
    if target is None or "*" not in target:
        return target
    before, after = pattern.split("*")
    kept = name[len(before) : len(name) - len(after)] if target.endswith(after) else name[len(before) :]
    return target.replace("*", kept)


def names(kind, folder):
    """The names in an archive, each with its file."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    found = {}
    for pattern, target in lines():
        matching = [name for name in files if fnmatch.fnmatchcase(name, pattern)]
        if not matching:
            sys.exit(f"no file is named {pattern}, as contents.txt has it")
        for name in matching:
            found.setdefault(name, placed(name, pattern, target))
    unknown = sorted(files.keys() - found.keys())
    if unknown:
        sys.exit(f"contents.txt does not name {', '.join(unknown)}")
    if kind == "deb":
        compressed = {n: f"{n}.gz" if n.startswith("usr/share/man/") else n for n in found.values() if n}
        return {compressed[target]: files[name] for name, target in sorted(found.items()) if target}
    executable = f"{PROGRAM}.exe" if kind == "zip" else PROGRAM
    return {executable if n == PROGRAM else n: files[n] for n in sorted(found)}


def mode(name):
    return 0o755 if pathlib.PurePosixPath(name).name in (PROGRAM, f"{PROGRAM}.exe") and "/share/" not in name else 0o644


def tar_gz(archive, root, members):
    with open(archive, "wb") as file, gzip.GzipFile("", "wb", 9, file, WHEN) as compressed:
        with tarfile.open(fileobj=compressed, mode="w") as tar:
            for name, path in members.items():
                entry = tarfile.TarInfo(f"{root}/{name}")
                entry.size, entry.mode, entry.mtime = path.stat().st_size, mode(name), WHEN
                with path.open("rb") as content:
                    tar.addfile(entry, content)
    with tarfile.open(archive) as tar:
        return [name.removeprefix(f"{root}/") for name in tar.getnames()]


def zipped(archive, root, members):
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, path in members.items():
            entry = zipfile.ZipInfo(f"{root}/{name}", time.gmtime(WHEN)[:6])
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, mode(name) << 16
            file.writestr(entry, path.read_bytes())
    with zipfile.ZipFile(archive) as file:
        return [name.removeprefix(f"{root}/") for name in file.namelist()]


def deb(archive, members, version):
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder, "tree")
        for name, path in members.items():
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith(".gz"):
                target.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
            else:
                shutil.copyfile(path, target)
            target.chmod(mode(name))
        size = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
        control = tree / "DEBIAN/control"
        control.parent.mkdir()
        fields = {"version": version, "kilobytes": -(-size // 1024), "depends": depends(tree)}
        fields["architecture"] = output("dpkg", "--print-architecture").strip()
        control.write_text(CONTROL.format(**fields), encoding="utf-8")
        for path in [tree, *tree.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)
        environment = dict(os.environ, SOURCE_DATE_EPOCH=str(WHEN))
        command = ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(tree), str(archive)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    with tarfile.open(fileobj=io.BytesIO(output("dpkg-deb", "--fsys-tarfile", archive, text=False))) as tar:
        return [entry.name.removeprefix("./") for entry in tar if entry.isfile()]


def depends(tree):
    """The packages of the libraries that the program needs, with the versions that it was linked to."""
    wanted = output("objdump", "-T", tree / "usr/bin" / PROGRAM)
    glibc = [word.strip("()") for word in wanted.split() if word.strip("()").startswith("GLIBC_2.")]
    numbers = [tuple(map(int, word.removeprefix("GLIBC_").split("."))) for word in glibc]
    needed = ".".join(map(str, max(numbers)))
    return f"libc6 (>= {needed}), libgcc-s1"


def output(*command, text=True):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=text).stdout


def main():
    action, kind, folder, *rest = sys.argv[1:]
    folder = pathlib.Path(folder)
    members = names(kind, folder)
    if action == "list":
        print("\n".join(members))
        return
    name, version = rest
    archive = folder.with_name(f"{name}.{kind}")
    if kind == "deb":
        packed = deb(archive, members, version)
    else:
        packed = {"tar.gz": tar_gz, "zip": zipped}[kind](archive, name, members)
    if sorted(packed) != sorted(members):
        sys.exit(f"{archive} has other names than contents.txt: {sorted(set(packed) ^ set(members))}")
    print(f"{archive}: {archive.stat().st_size} bytes, {len(members)} files")


main()
