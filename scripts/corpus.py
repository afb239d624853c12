"""The table of docs/corpus.md: corpus.py FINDINGS.json CORPUS"""

import collections
import csv
import json
import pathlib
import re
import sys

found = json.load(open(sys.argv[1]))
corpus = pathlib.Path(sys.argv[2])
index = csv.DictReader(open(corpus / "INDEX.tsv"), delimiter="\t")
origin = {row["file"]: row["origin"] for row in index}

files = [file["path"] for file in found["files"]]
refused = {f["file"] for f in found["findings"] if f["severity"] == "error"}
origins = sorted({origin.get(file, "other") for file in files}, key=lambda o: (o != "head", o))

print("# The rules on real files\n")
print("Written by `make corpus`. `head`: files that are in use. The others are former versions of files, files out of")
print("templates and documents, and such as somebody has asked about.\n")
print("| origin | files | CodeBuild would refuse |\n|---|---:|---:|")
for name in origins:
    of = [file for file in files if origin.get(file, "other") == name]
    print(f"| {name} | {len(of)} | {sum(file in refused for file in of)} |")
print(f"| all | {len(files)} | {len(refused)} |\n")

print("| rule | severity | findings | files | files in use |\n|---|---|---:|---:|---:|")
rules = collections.defaultdict(list)
for finding in found["findings"]:
    rules[finding["severity"], finding["rule"]].append(finding["file"])
for (severity, rule), where in sorted(rules.items(), key=lambda item: (item[0][0], -len(item[1]), item[0][1])):
    used = {file for file in where if origin.get(file) == "head"}
    print(f"| {rule} | {severity} | {len(where)} | {len(set(where))} | {len(used)} |")

# What CodeBuild's parser says about files that it does not take, as ERRORS.md has it.
expected = {}
for line in open(corpus / "ERRORS.md"):
    cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
    if len(cells) == 3 and cells[0] in origin and re.search(r" at line \d+$", cells[2]):
        expected[cells[0]] = cells[2]
said = collections.defaultdict(set)
for finding in found["findings"]:
    if finding["codebuild"]:
        said[finding["file"]].add(finding["codebuild"]["message"])
same = sum(message in said[file] for file, message in expected.items())
print(f"\nOf {len(expected)} files with a known or predicted sentence of CodeBuild's, {same} get it word for word.")
