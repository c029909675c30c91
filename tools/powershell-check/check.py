#!/usr/bin/env python3
"""Reads PowerShell with tree-sitter's grammar and holds it to rules that a tree can show.

python3 check.py check SCRIPT... with PAGE...
    each script parses and keeps every rule; each ```powershell block of a page parses and has no alias
python3 check.py self-test good.ps1
    the script breaks no rule, and with one line changed exactly the rule that is meant

It is no PowerShell: types, parameters of cmdlets and the scripts' behaviour it does not know.
"""

import pathlib
import re
import sys

import tree_sitter
import tree_sitter_powershell

PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
# Those of Get-Verb that an installation may need.
VERBS = set(
    "Add Clear Compare Complete Confirm Convert ConvertFrom ConvertTo Copy Expand Export Find Format Get Import "
    "Initialize Install Invoke Join Measure Mount Move New Out Pop Push Read Register Remove Rename Repair Resolve Restore Save "
    "Search Select Send Set Show Skip Split Start Stop Sync Test Trace Unblock Uninstall Unregister Update Use Wait "
    "Watch Write".split()
)
# `Where-Object` and its kind: verbs of PowerShell itself only.
OWN_VERBS = VERBS | {"ForEach", "Where", "Sort", "Group", "Tee"}
CHANGING = re.compile(
    r"^((New|Copy|Move|Remove|Rename|Clear)-Item(Property)?|(Set|Add|Clear)-\w+|Out-File|Export-\w+|Unblock-File"
    r"|Expand-Archive|Start-\w+|Stop-\w+|Restart-\w+|Register-\w+|Invoke-(Sqlcmd|DbaQuery|WebRequest|RestMethod))$"
)
# They change nothing outside of the session, and ask nothing.
HARMLESS = {"Set-StrictMode", "Add-Type", "Set-Location", "Set-Variable"}
# Cmdlets that ask for themselves where the script's -Confirm has lowered the preference.
ASKING = re.compile(r"^((New|Copy|Move|Remove|Rename)-Item|Set-Content|Unblock-File)$")
WRITES = re.compile(r"::(WriteAll|AppendAll|Create|Delete|Move|Copy)\w*\(", re.IGNORECASE)
READS = ("'contract', 'check'", "'install', '--plan'", "'doctor'", "'attestation', 'verify'")
RULES = (
    "alias ascii confirm help invoke-expression newer-syntax parse program should-process strict-mode "
    "variable-colon verb write-host"
).split()
# The last line of good.ps1 becomes this one, which breaks the rule.
BREAKS = (
    ("alias", "Get-ChildItem -LiteralPath $Path | % { $_.Name }"),
    ("ascii", "Write-Verbose -Message 'J\u00fcrgen'"),
    ("confirm", "if ($PSCmdlet.ShouldProcess($Path, 'Remove')) { Remove-Item -LiteralPath $Path }"),
    ("invoke-expression", "Invoke-Expression -Command $Path"),
    ("newer-syntax", "Test-Path -LiteralPath $Path && Get-Item -LiteralPath $Path"),
    ("parse", "if (Test-Path -LiteralPath $Path) { Get-Item -LiteralPath $Path"),
    ("parse", "$name = $Path ? $Path : 'none'"),
    ("program", "& xmlshred.exe @('--version')"),
    ("should-process", "Copy-Item -LiteralPath $Path -Destination C:\\x -Confirm:$false"),
    (
        "should-process",
        "if ($PSCmdlet.ShouldProcess($Path, 'Copy')) { Get-Item -LiteralPath $Path } else { Invoke-Sqlcmd -InputFile $Path }",
    ),
    ("should-process", "[System.IO.File]::WriteAllText($Path, 'x')"),
    ("should-process", "Invoke-Program -Path $Path -Arguments @('install')"),
    ("should-process", "Get-Item -LiteralPath $Path > C:\\x"),
    ("variable-colon", 'throw "$Path: not found"'),
    ("verb", "function Do-Work { Get-Date }"),
    ("write-host", "Write-Host $Path"),
)
# The lines of good.ps1 that begin so are left out.
LEFT_OUT = (("help", ".PARAMETER"), ("strict-mode", "Set-StrictMode"))


def walk(node):
    yield node
    for child in node.children:
        yield from walk(child)


def text(node):
    return node.text.decode("utf-8")


def within(node, kind):
    """The ancestors of a kind."""
    while node.parent:
        node = node.parent
        if node.type == kind:
            yield node


def is_guarded(node):
    """Whether a changing command is inside an `if` whose condition is ShouldProcess."""
    for branch in within(node, "if_statement"):
        condition, block = (branch.child_by_field_name("condition"), None)
        parts = [child for child in branch.children if child.is_named]
        condition, block = condition or parts[0], parts[1]
        inside = block.start_byte <= node.start_byte < block.end_byte
        if inside and "$PSCmdlet.ShouldProcess(" in text(condition):
            return True
    return False


def name_of(command):
    for child in command.children:
        if child.type == "command_name":
            return text(child)
    return None


def of_tree(root):
    """Findings of any piece of PowerShell: the rule, the node, what is wrong."""
    for node in walk(root):
        if node.type == "ERROR" or node.is_missing:
            yield "parse", node, f"cannot be read: {text(node)[:60]!r}"
        elif node.type in ("&&", "||"):
            yield "newer-syntax", node, f"Windows PowerShell 5.1 has no {node.type}"
        elif node.type == "command":
            name = name_of(node)
            if name is None or name in ("gh", "sqlcmd", "xmlshred", "icacls.exe"):
                continue
            if name.startswith((".\\", "..\\")) and name.endswith(".ps1"):
                continue
            verb, dash, _ = name.partition("-")
            if not dash or verb not in OWN_VERBS:
                yield "alias", node, f"{name} is not the full name of a cmdlet"
            if name == "Invoke-Expression":
                yield "invoke-expression", node, "builds code from text"
        elif node.type == "expandable_string_literal":
            found = re.search(r"(?<!`)\$\w+:(?!:)(?=\W|$)", text(node))
            # Scopes and drives, such as $env:OS, have a name behind the colon.
            if found:
                yield "variable-colon", node, f"write {found[0][:1]}{{{found[0][1:-1]}}}: before the colon"


def of_script(source, root):
    """Findings of a whole script."""
    if not source.isascii():
        yield "ascii", root, "Windows PowerShell 5.1 reads it in the machine's code page"
    body = text(root)
    if "Set-StrictMode -Version" not in body or "$ErrorActionPreference = 'Stop'" not in body:
        yield "strict-mode", root, "needs Set-StrictMode and $ErrorActionPreference = 'Stop'"
    yield from of_help(source.decode("utf-8"), root)
    for node in walk(root):
        if node.type == "function_statement":
            name = next(text(child) for child in node.children if child.type == "function_name")
            if name.partition("-")[0] not in VERBS:
                yield "verb", node, f"{name} does not begin with an approved verb"
        elif node.type == "command":
            yield from of_command(node)
        elif node.type == "redirection" and not is_guarded(node):
            yield "should-process", node, f"{text(node)} writes, and no ShouldProcess asks before"
        elif node.type == "invokation_expression" and WRITES.search(text(node)) and not is_guarded(node):
            yield "should-process", node, f"{text(node)[:50]} writes, and no ShouldProcess asks before"


def of_command(node):
    name, whole = name_of(node), text(node)
    if name is None or name in ("gh", "sqlcmd", "icacls.exe"):
        functions = [text(child) for f in within(node, "function_statement") for child in f.children[:3]]
        if "Invoke-Program" not in functions:
            yield "program", node, "a program is started without Invoke-Program, which checks its exit status"
        return
    if name == "Write-Host":
        yield "write-host", node, "no program can read what it prints"
    if ASKING.match(name) and "-Confirm:$false" not in whole:
        yield "confirm", node, f"{name} would ask a second time: -Confirm:$false"
    reads = name == "Invoke-Program" and any(words in whole for words in READS)
    changes = name not in HARMLESS and CHANGING.match(name) or name == "Invoke-Program" and not reads
    if changes and not is_guarded(node):
        yield "should-process", node, f"{name} may change something, and no ShouldProcess asks before"


def of_help(source, root):
    """Comment-based help has the usual sections, and one for each parameter of the script and no other."""
    found = re.search(r"<#(.*?)#>", source, re.DOTALL)
    words = found[1] if found else ""
    for section in ("SYNOPSIS", "DESCRIPTION", "EXAMPLE"):
        if not re.search(rf"^\.{section}\s*$", words, re.MULTILINE):
            yield "help", root, f"no .{section}"
    described = re.findall(r"^\.PARAMETER (\w+)$", words, re.MULTILINE)
    block = next((node for node in root.children if node.type == "param_block"), None)
    declared = []
    for node in walk(block) if block else []:
        if node.type == "script_parameter":
            declared += [text(child)[1:] for child in node.children if child.type == "variable"]
    if sorted(described) != sorted(declared):
        yield "help", root, f"described and declared parameters differ: {set(described) ^ set(declared)}"


def blocks(page):
    """The ```powershell blocks of a page, with the line that each begins at."""
    number, kept = 0, None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            if kept:
                yield kept[0], "\n".join(kept[1:])
            kept = [number] if kept is None and line.lstrip().startswith("```powershell") else None
        elif kept is not None:
            kept.append(line)


def findings(source):
    root = PARSER.parse(source).root_node
    return [*of_tree(root), *of_script(source, root)]


def check(arguments):
    at = arguments.index("with") if "with" in arguments else len(arguments)
    scripts, pages = arguments[:at], arguments[at + 1 :]
    wrong = read = 0
    for name in scripts:
        for rule, node, what in findings(pathlib.Path(name).read_bytes()):
            print(f"{name}:{node.start_point[0] + 1}: {rule}: {what}")
            wrong += 1
    for name in pages:
        for line, block in blocks(pathlib.Path(name)):
            read += 1
            for rule, node, what in of_tree(PARSER.parse(block.encode()).root_node):
                print(f"{name}:{line + node.start_point[0] + 1}: {rule}: {what}")
                wrong += 1
    print(f"powershell-check: {len(scripts)} scripts, {read} blocks of pages, {wrong} findings")
    return wrong or not scripts or (bool(pages) and not read)


def self_test(script):
    lines = pathlib.Path(script).read_text(encoding="ascii").splitlines()
    cases = [(None, lines), *((rule, [*lines[:-1], last]) for rule, last in BREAKS)]
    cases += ((rule, [line for line in lines if not line.startswith(start)]) for rule, start in LEFT_OUT)
    wrong = 0
    for expected, broken in cases:
        found = {rule for rule, _, _ in findings("\n".join([*broken, ""]).encode())}
        if found != {expected} - {None}:
            print(f"{script}, ending in {broken[-1]!r}: should break {expected}, breaks {sorted(found) or 'nothing'}")
            wrong += 1
    for rule in sorted(set(RULES) - {rule for rule, _ in cases}):
        print(f"nothing breaks {rule}")
        wrong += 1
    print(f"powershell-check self-test: {len(cases)} scripts, {len(RULES)} rules, {wrong} wrong")
    return wrong


action, *rest = sys.argv[1:]
sys.exit(1 if {"check": check, "self-test": lambda scripts: self_test(scripts[0])}[action](rest) else 0)
