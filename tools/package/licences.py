#!/usr/bin/env python3
"""python3 licences.py HOST: prints the licences of all packages that are part of the program.

Their texts are in the sources that cargo has unpacked. A package without a text is named with
its licence, as its authors published it; one without a licence is an error.
"""

import pathlib
import re
import sys

from linked import linked

TEXTS = re.compile(r"^(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)
SOURCE = re.compile(r"\.(rs|py|js|c|h|html)$", re.IGNORECASE)


def texts(folder):
    """The licence files of a package, in its own folder and in those of what it brings along."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in files if TEXTS.match(path.name) and not SOURCE.search(path.name))


def main():
    _, packages = linked(sys.argv[1])
    seen = {}
    print("xmlshred contains the packages below, each under its own licence.\n")
    print("It also contains the standard library of Rust, under MIT or Apache-2.0: see")
    print("https://github.com/rust-lang/rust/blob/master/COPYRIGHT.\n")
    for package in packages:
        folder = pathlib.Path(package["manifest_path"]).parent
        found = texts(folder)
        licence = package["license"] or (found and "see its text")
        if not licence:
            sys.exit(f"{package['name']} {package['version']} has no licence")
        print(f"## {package['name']} {package['version']}: {licence}")
        print(f"{package['repository'] or package['homepage'] or ''}\n")
        if not found:
            authors = ", ".join(package["authors"]) or "its authors"
            print(f"(Published without a text; by {authors}.)\n")
        for path in found:
            text = path.read_text(encoding="utf-8", errors="replace").strip()
            shown = f"{package['name']}/{path.relative_to(folder).as_posix()}"
            first = seen.setdefault(text, shown)
            print(f"--- {shown}" + ("" if first == shown else f": as {first}") + "\n")
            if first == shown:
                print(text + "\n")


main()
