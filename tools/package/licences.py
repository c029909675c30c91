#!/usr/bin/env python3
"""python3 licences.py HOST: prints the licences of all packages that are part of the program.

They are those that `cargo metadata` resolves for HOST, without those of tests and of build scripts,
and their texts are in the sources that cargo has unpacked. A package without a text is named with
its licence, as its authors published it; one without a licence is an error.
"""

import json
import pathlib
import re
import subprocess
import sys

TEXTS = re.compile(r"^(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)
SOURCE = re.compile(r"\.(rs|py|js|c|h|html)$", re.IGNORECASE)


def metadata(host):
    command = ["cargo", "metadata", "--format-version=1", "--locked", f"--filter-platform={host}"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def linked(resolve):
    """The ids of the packages that end up in the program."""
    nodes = {node["id"]: node for node in resolve["nodes"]}
    found, waiting = set(), [resolve["root"]]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.add(current)
        for dependency in nodes[current]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    return found - {resolve["root"]}


def texts(folder):
    """The licence files of a package, in its own folder and in those of what it brings along."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in files if TEXTS.match(path.name) and not SOURCE.search(path.name))


def main():
    data = metadata(sys.argv[1])
    ids = linked(data["resolve"])
    packages = sorted((p for p in data["packages"] if p["id"] in ids), key=lambda p: p["name"])
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
