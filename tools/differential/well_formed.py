"""Random documents, well-formed or not: what `xmlshred map` takes with `check = "full"`, and what expat takes.

Beside names outside ASCII, of which expat knows those of XML 1.0's fourth edition, the two agree on every document.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.parsers import expat

CONTRACT = """
[contract]
name = "t"
[document]
root = "r"
check = "full"
[[tables]]
name = "t"
each = "/r"
app_column = "app_id"
[tables.columns]
app_id = { type = "int", value = "APP_ID()" }
"""

PIECES = [
    "<a", "<b", "</a>", "</b>", ">", "/>", " ", "\n", "x='1'", 'x="2"', "p:x='1'", "q:x='2'", "xmlns:p='u'",
    "xmlns:q='u'", "xmlns='v'", "xmlns:p=''", "<p:a", "</p:a>", "<!--", "-->", "--", "-", "<?", "?>", "p", "xml",
    "<![CDATA[", "]]>", "]]", ";", "&", "&amp;", "&#65;", "&#x41;", "&#1;", "&n;", "'", '"', "=", "<", "t", "1", ":",
    "xmlns:xml='u'", "xmlns:q='&#117;'", "xml:lang='d'", "/",
]

ATTRIBUTES = [
    "x='1'", 'y="2"', "y='&lt;'", "p:x='1'", "q:x='2'", "xmlns:p='u'", "xmlns:q='u'", "xmlns:q='&#117;'", "xmlns='v'",
    f"l='{'long' * 12}'", f"{'name' * 10}='1'", f"{'name' * 10}s='1'", "z = '1'",
]

# Tags with bytes behind them are read thirty-two bytes at a time.
BEHIND = ["", "\n" * 80]


class Documents:
    def __init__(self, dice):
        self.dice = dice

    def document(self):
        if self.dice.random() < 0.35:
            inside = "".join(self.dice.choices(PIECES, k=self.dice.randint(1, 12)))
        else:
            inside = self.element(0)
            for _ in range(self.dice.randint(0, 2)):
                inside = self.changed(inside)
        return f"<r>{inside}</r>{self.dice.choice(BEHIND)}"

    def element(self, depth):
        name = self.dice.choice(["a", "b", "p:a"])
        attributes = self.dice.sample(ATTRIBUTES, self.dice.randint(0, 4))
        if name == "p:a" and "xmlns:p='u'" not in attributes:
            attributes.append("xmlns:p='u'")
        tag = " ".join([name, *attributes])
        inside = "".join(self.part(depth) for _ in range(self.dice.randint(0, 3)))
        return f"<{tag}>{inside}</{name}>" if inside else f"<{tag}/>"

    def part(self, depth):
        kind = self.dice.randrange(6)
        if kind == 0 and depth < 3:
            return self.element(depth + 1)
        return ["t", "&lt;", "<!-- c -->", "<?p d?>", "<![CDATA[<&]]>", "]"][kind]

    def changed(self, text):
        at = self.dice.randint(0, len(text))
        if self.dice.random() < 0.5:
            return text[:at] + text[at + 1 :]
        return text[:at] + self.dice.choice(PIECES) + text[at:]


def is_well_formed(document):
    parser = expat.ParserCreate("utf-8", "|")
    try:
        parser.Parse(document.encode(), True)
    except expat.ExpatError:
        return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("xmlshred")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--documents", type=int, default=4000)
    arguments = parser.parse_args()
    documents = Documents(random.Random(arguments.seed))
    texts = [documents.document() for _ in range(arguments.documents)]
    with tempfile.TemporaryDirectory() as folder:
        contract = Path(folder, "contract.toml")
        contract.write_text(CONTRACT, encoding="utf-8")
        samples = Path(folder, "samples")
        samples.mkdir()
        for number, text in enumerate(texts):
            Path(samples, f"{number}.xml").write_text(text, encoding="utf-8", newline="")
        command = [arguments.xmlshred, "map", samples, "--contract", contract, "--format", "json"]
        mapped = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    lines = [json.loads(line) for line in mapped.stdout.splitlines()]
    if len(lines) != len(texts):
        sys.exit(f"{len(lines)} of {len(texts)} documents: {mapped.stderr}")
    taken = 0
    for line in lines:
        text = texts[int(Path(line["file"]).stem)]
        if line["ok"] != is_well_formed(text):
            sys.exit(f"{text}\n\nexpat: {not line['ok']}\nxmlshred: {line['failure']}")
        taken += line["ok"]
    print(f"{len(lines)} documents, {taken} well-formed: xmlshred and expat agree")


if __name__ == "__main__":
    main()
