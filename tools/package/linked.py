"""The packages that are part of the program."""

import json
import subprocess


def linked(host):
    """The program's own package, and those linked into it, by name.

    They are those that `cargo metadata` resolves for HOST, without those of tests and of build scripts.
    Each has in `linked` the ids of those that it uses.
    """
    command = ["cargo", "metadata", "--format-version=1", "--locked", f"--filter-platform={host}"]
    data = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    uses = {node["id"]: list(used(node)) for node in data["resolve"]["nodes"]}
    root = data["resolve"]["root"]
    found, waiting = set(), [root]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(uses[current])
    packages = [dict(p, linked=uses[p["id"]]) for p in data["packages"] if p["id"] in found]
    packages.sort(key=lambda package: (package["name"], package["version"]))
    [own] = [p for p in packages if p["id"] == root]
    return own, [p for p in packages if p["id"] != root]


def used(node):
    for dependency in node["deps"]:
        if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
            yield dependency["pkg"]
