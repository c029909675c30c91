#!/usr/bin/env python3
"""python3 manifests.py ZIP VERSION PROJECT TO: writes the manifests of winget and Scoop for a release.

ZIP is the archive for Windows, PROJECT the address of the repository. The templates are in manifests/.
"""

import hashlib
import pathlib
import sys


def main():
    zipped, version, project, to = sys.argv[1:]
    archive, to = pathlib.Path(zipped), pathlib.Path(to)
    values = {
        "VERSION": version,
        "PROJECT": project,
        "ZIP": archive.name,
        "FOLDER": archive.stem,
        "SHA256": hashlib.sha256(archive.read_bytes()).hexdigest(),
    }
    to.mkdir(parents=True, exist_ok=True)
    for template in sorted(pathlib.Path(__file__).with_name("manifests").iterdir()):
        text = template.read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace(f"@{name}@", value)
        (to / template.name).write_text(text, encoding="utf-8", newline="\n")


main()
