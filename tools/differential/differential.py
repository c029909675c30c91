"""Random documents and contracts: what `xmlshred map` gives, and what lxml finds by XPath 1.0.

Each column has one expression and its meaning in XPath. XPath has no name for an element's own text
(`own()` below), and its functions do not know null, so that the meaning is a function of the row.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from lxml import etree

NAMES = ["a", "b", "c", "p:d"]
ATTRIBUTES = ["x", "y"]
TEXTS = ["1", "2", "left", "&amp;", "<![CDATA[<]]>", "<!-- c -->", "Ünï", "<?pi p?>"]
PREFIXES = {"p": "urn:p"}


def own(element):
    """The element's own text, without that of the elements in it."""
    return "".join(element.xpath("text()"))


etree.FunctionNamespace(None)["own"] = lambda context: own(context.context_node)


def xpath(element, path):
    return element.xpath(path, namespaces=PREFIXES)


class Documents:
    """Makes documents; white space between elements would be text in them, so there is none."""

    def __init__(self, chance):
        self.chance = chance

    def document(self):
        # The prefix is the sender's; only its namespace counts.
        prefix = self.chance.choice(["p", "q"])
        inside = "".join(self.element(3) for _ in range(self.chance.randint(1, 5)))
        return f'<r xmlns:{prefix}="urn:p">{inside}</r>'.replace("p:d", f"{prefix}:d")

    def element(self, depth):
        chance = self.chance
        name = chance.choice(NAMES)
        attributes = "".join(
            f' {attribute}="{chance.choice("123")}"'
            for attribute in ATTRIBUTES
            if chance.random() < 0.6
        )
        parts = [chance.choice(TEXTS) for _ in range(chance.randint(0, 2))]
        if depth > 0:
            parts += [self.element(depth - 1) for _ in range(chance.randint(0, 3))]
        chance.shuffle(parts)
        return f"<{name}{attributes}>{''.join(parts)}</{name}>"


class Expressions:
    """Makes paths and expressions, as the contract writes them and as XPath does."""

    def __init__(self, chance):
        self.chance = chance

    def predicate(self):
        attribute, value = self.chance.choice(ATTRIBUTES), self.chance.choice("123")
        return self.chance.choice(
            [
                (f"[@{attribute}]",) * 2,
                (f"[{self.name()}]",) * 2,
                (f"[@{attribute} = '{value}']",) * 2,
                (f"[@{attribute} <> '{value}']", f"[@{attribute} != '{value}']"),
                (f"[. = '{value}']", f"[own() = '{value}']"),
                (f"[{self.chance.randint(1, 3)}]",) * 2,
                ("[last()]",) * 2,
                (f"[@{attribute}][2]",) * 2,
                (f"[@{attribute} = '{value}' OR EXISTS(@x)]", f"[@{attribute} = '{value}' or @x]"),
                (f"[EXISTS(@{attribute}) AND NOT EXISTS({NAMES[0]})]", f"[@{attribute} and not({NAMES[0]})]"),
            ]
        )

    def name(self):
        return self.chance.choice(NAMES)

    def step(self, wide=0.2):
        name = "*" if self.chance.random() < wide else self.name()
        contract, meaning = self.predicate() if self.chance.random() < 0.3 else ("", "")
        return name + contract, name + meaning

    def steps(self, most):
        steps = [self.step() for _ in range(self.chance.randint(1, most))]
        return "/".join(step[0] for step in steps), "/".join(step[1] for step in steps)

    def row(self):
        """The path of the rows, not the root."""
        if self.chance.random() < 0.4:
            contract, meaning = self.step(0.1)
            return f"//{contract}", f"//{meaning}"
        contract, meaning = self.steps(2)
        return f"/r/{contract}", f"/r/{meaning}"

    def elements(self):
        """A path to elements."""
        kind = self.chance.random()
        contract, meaning = self.steps(3)
        if kind < 0.65:
            return contract, meaning
        if kind < 0.8:
            return f"../{contract}", f"../{meaning}"
        if kind < 0.9:
            return f"/r/{contract}", f"/r/{meaning}"
        contract, meaning = self.step(0.1)
        return f"//{contract}", f"//{meaning}"

    def expression(self):
        """An expression, its type, and what it gives in a row."""
        contract, meaning = self.elements()
        attribute = self.chance.choice(ATTRIBUTES)

        def texts(row):
            return [own(element) for element in xpath(row, meaning)]

        def values(row):
            return [str(value) for value in xpath(row, f"{meaning}/@{attribute}")]

        def numbers(row):
            return [int(value) for value in values(row)]

        def at(position):
            def of(row):
                found = xpath(row, meaning)
                return found[position].get(attribute) if found else None

            return of

        # The value of a plain path is the only one, or the document fails.
        def plain(found):
            return lambda row: Several if len(found(row)) > 1 else (found(row) or [None])[0]

        def following(row):
            found = xpath(row, f"following-sibling::{meaning.split('/')[0]}[1]/@{attribute}")
            return str(found[0]) if found else None

        def position(row, rows):
            return [other for other in rows if other.getparent() is row.getparent()].index(row) + 1

        text, number = "nvarchar(max)", "bigint"
        first = contract.split("/")[0]
        choices = [
            (f"COUNT({contract})", number, lambda row: len(texts(row))),
            (f"COUNT({contract}/@{attribute})", number, lambda row: len(values(row))),
            (f"JOIN({contract}, '|')", text, lambda row: "|".join(texts(row)) if texts(row) else None),
            (f"JOIN({contract}/@{attribute}, '|')", text, lambda row: "|".join(values(row)) or None),
            (f"FIRST({contract})", text, lambda row: (texts(row) or [None])[0]),
            (f"LAST({contract})", text, lambda row: (texts(row) or [None])[-1]),
            (f"FIRST({contract}/@{attribute})", text, at(0)),
            (f"LAST({contract}/@{attribute})", text, at(-1)),
            (f"CASE WHEN EXISTS({contract}) THEN 1 ELSE 0 END", number, lambda row: int(bool(texts(row)))),
            (f"SUM({contract}/@{attribute})", number, lambda row: sum(numbers(row)) if numbers(row) else None),
            (f"MAX(CAST({contract}/@{attribute} AS int))", number, lambda row: max(numbers(row), default=None)),
            (f"SUM({contract}, @x * @y)", number, lambda row: total(xpath(row, meaning))),
            (f"@{attribute}", text, lambda row: row.get(attribute)),
            (".", text, own),
            ("STRING(.)", text, lambda row: xpath(row, "string()")),
            ("LOCAL_NAME()", text, lambda row: etree.QName(row).localname),
            ("POSITION()", number, position),
            (f"./{contract}" if contract[0] not in "./" else contract, text, plain(texts)),
            (f"{contract}/@{attribute}", text, plain(values)),
        ]
        choices += self.functions(attribute)
        if contract[0] not in "./" and "[" not in first:
            choices.append((f"FOLLOWING({first}/@{attribute})", text, following))
        return self.chance.choice(choices)


    def functions(self, attribute):
        """Functions that XPath has too, of the row's own text and attributes."""
        text, number = "nvarchar(max)", "bigint"
        start, length = self.chance.randint(1, 4), self.chance.randint(0, 4)
        part = self.chance.choice(["1", "2", "left", "<", "ft"])

        def of(path, kind):
            return lambda row: kind(xpath(row, path))

        # Null where an attribute is absent, which XPath does not know.
        def where(path, kind):
            return lambda row: kind(xpath(row, path)) if xpath(row, "@x and @y") else None

        return [
            (f"SUBSTRING(., {start}, {length})", text, of(f"substring(own(), {start}, {length})", str)),
            ("LEN(.)", number, of("string-length(own())", int)),
            (f"REPLACE(., '{part[0]}', '#')", text, of(f"translate(own(), '{part[0]}', '#')", str)),
            (f"CASE WHEN . LIKE '%{part}%' THEN 1 ELSE 0 END", number, of(f"contains(own(), '{part}')", int)),
            (f"CASE WHEN . LIKE '{part}%' THEN 1 ELSE 0 END", number, of(f"starts-with(own(), '{part}')", int)),
            ("@x || '-' || @y", text, where("concat(@x, '-', @y)", str)),
            ("@x + 2 * @y", number, where("@x + 2 * @y", int)),
            ("@x * 10 / @y", number, where("floor(@x * 10 div @y)", int)),
            ("@x % 2 - @y", number, where("@x mod 2 - @y", int)),
            ("CASE WHEN @x > 1 AND NOT @y = 2 THEN 1 END", number,
             where("@x > 1 and not(@y = 2)", lambda true: 1 if true else None)),
        ]


class Several:
    """A plain path that finds several nodes."""


def total(elements):
    products = [int(e.get("x")) * int(e.get("y")) for e in elements if e.get("x") and e.get("y")]
    return sum(products) if products else None


def contract(row, columns):
    lines = [
        '[contract]\nname = "random"\n[document]\nroot = "r"\nnamespaces = { p = "urn:p" }',
        f'[[tables]]\nname = "t"\neach = {json.dumps(row)}\napp_column = "app_id"\n[tables.columns]',
        'app_id = { type = "int", value = "APP_ID()" }',
    ]
    for number, (expression, sql_type, _) in enumerate(columns):
        blank = ', blank = "keep"' if sql_type.startswith("nvarchar") else ""
        lines.append(
            f'c{number} = {{ type = "{sql_type}", value = {json.dumps(expression, ensure_ascii=False)}{blank} }}'
        )
    return "\n".join(lines) + "\n"


def expected(document, row, columns):
    """The rows, or None where a plain path finds several nodes."""
    elements = xpath(etree.fromstring(document), row)
    rows = []
    for element in elements:
        values = {}
        for number, (expression, _, meaning) in enumerate(columns):
            value = meaning(element, elements) if expression == "POSITION()" else meaning(element)
            if value is Several:
                return None
            values[f"c{number}"] = value
        rows.append(values)
    return rows


def found(line):
    """The rows that xmlshred gives, or None where it refuses the document for that reason."""
    if line["ok"]:
        return [{k: v for k, v in row.items() if k != "app_id"} for row in line["tables"]["t"]]
    failure = line["failure"]
    return None if failure["category"] == "many_values" else failure


def compare(program, folder, chance):
    """One contract and its documents; the number of rows that agree."""
    make = Expressions(chance)
    row, meaning = make.row()
    columns = [make.expression() for _ in range(chance.randint(1, 8))]
    documents = [Documents(chance).document() for _ in range(20)]
    text = contract(row, columns)
    (folder / "contract.toml").write_text(text, encoding="utf-8", newline="\n")
    names = []
    for number, document in enumerate(documents, 1):
        names.append(f"{number}.xml")
        (folder / names[-1]).write_text(document, encoding="utf-8", newline="\n")
    call = [program, "map", "--contract", "contract.toml", "--fail-on", "never", *names]
    said = subprocess.run(call, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    if said.returncode != 0:
        sys.exit(f"{said.stderr}\n{text}")
    agreed = 0
    for document, line in zip(documents, said.stdout.splitlines(), strict=True):
        wanted, got = expected(document, meaning, columns), found(json.loads(line))
        if wanted != got:
            sys.exit(f"{text}\n{document}\n\nlxml:     {wanted}\nxmlshred: {got}")
        agreed += len(wanted or [])
    return agreed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--contracts", type=int, default=1000)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        rows = sum(
            compare(arguments.program.resolve(), pathlib.Path(folder), chance)
            for _ in range(arguments.contracts)
        )
    print(f"{arguments.contracts} contracts, {rows} rows: xmlshred and lxml agree")


if __name__ == "__main__":
    main()
