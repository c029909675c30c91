#!/usr/bin/env python3
"""python3 sbom.py HOST: prints what is linked into the program as a bill of materials: CycloneDX, JSON."""

import json
import os
import sys
import time
import tomllib

from linked import linked


def checksums():
    with open("Cargo.lock", "rb") as file:
        packages = tomllib.load(file)["package"]
    return {(p["name"], p["version"]): p.get("checksum") for p in packages}


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, kind, checksum):
    entry = {
        "type": kind,
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "description": package["description"] or "",
        "purl": purl(package),
    }
    if checksum:
        entry["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["license"]:
        # Older packages write MIT/Apache-2.0.
        entry["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if package["repository"]:
        entry["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return entry


def main():
    own, packages = linked(sys.argv[1])
    known = checksums()
    refs = {package["id"]: purl(package) for package in [own, *packages]}
    when = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())))
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", when),
            "component": component(own, "application", None),
        },
        "components": [
            component(p, "library", known[p["name"], p["version"]]) for p in packages
        ],
        "dependencies": [
            {"ref": refs[p["id"]], "dependsOn": sorted({refs[used] for used in p["linked"]})}
            for p in [own, *packages]
        ],
    }
    print(json.dumps(bill, indent=2))


main()
