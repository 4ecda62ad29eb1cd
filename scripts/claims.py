#!/usr/bin/env python3
"""Holds README.md and SECURITY.md to docs/claims.toml, and the claims to their tests.

  scripts/claims.py write             put the claims into the documents, between their markers
  scripts/claims.py check [LOG …]     fail where a document differs, where a test does not exist, and, given the logs
                                      of all test runs, where a test of a claim or of Tests/Security did not pass, or
                                      any test was skipped; print a table
  scripts/claims.py table LOG … [--again REGEX LOG …]
                                      the claims that tests of Tests/Security, or other tests that ran, prove, with PASS
                                      or FAIL; PART where the rest of their tests has not run here. Again: logs of somebody
                                      else's run, in which all tests of Tests/Security but those that match
                                      (SUITE/FUNCTION) must have passed

A claim is a sentence and the tests that prove it, each named by its display name; README.md begins with the chief
ones. Exit status 1: something is false.
"""
import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECURITY = ROOT / "Tests" / "Security"
NAME = re.compile(r'@Test\(\s*"((?:[^"\\]|\\.)*)".*?\bfunc (\w+)', re.DOTALL)
# A line of a run: mark, name, and how it went. A test that runs cases says how many.
LINE = re.compile(r'Test "(.*)" (?:with [1-9]\d* test cases? )?(passed|failed|skipped)')


def tests_by_name():
    """Display name of each test, and the places (file, function) that have it."""
    found = {}
    for path in sorted((ROOT / "Tests").rglob("*.swift")):
        for match in NAME.finditer(path.read_text()):
            found.setdefault(match.group(1).replace('\\"', '"'), []).append((path, match.group(2)))
    return found


def outcomes(logs):
    """What became of each test; one failure or skip among several runs counts."""
    seen = {}
    for log in logs:
        for line in pathlib.Path(log).read_text(errors="replace").splitlines():
            match = LINE.search(line)
            if not match or " recorded an issue" in line:
                continue
            name, word = match.groups()
            seen[name] = word if seen.get(name) in (None, "passed") else seen[name]
    return seen


def rows(claims, tests):
    lines = ["| claim | proven by |", "|---|---|"]
    for claim in claims:
        files = sorted({path.stem.split("+")[0] for name in claim["tests"] for path, _ in tests.get(name, [])})
        lines.append(f"| {claim['says']} | {', '.join(f'`{name}`' for name in files)} |")
    return "\n".join(lines)


def promises(claims):
    return "\n".join(f"- {claim['says']}" for claim in claims)


def documents(claims, tests):
    """Each document, and what it says once the claims are in their places."""
    chief = promises(claim for claim in claims if claim.get("chief"))
    yield ROOT / "README.md", {"chief claims": chief, "claims": rows(claims, tests)}
    yield ROOT / "SECURITY.md", {"claims": promises(claims)}


def placed(text, parts):
    for name, body in parts.items():
        begin = f"<!-- {name}: written by scripts/claims.py -->"
        start, end = text.index(begin) + len(begin), text.index(f"<!-- end of {name} -->")
        text = text[:start] + "\n\n" + body + "\n\n" + text[end:]
    return text


def main(words):
    if not words or words[0] not in ("write", "check", "table"):
        print(__doc__, file=sys.stderr)
        return 2
    command, logs = words[0], words[1:]
    again = []
    if "--again" in logs:
        logs, again = logs[: logs.index("--again")], logs[logs.index("--again") + 1 :]
        if len(again) < 2:
            print(__doc__, file=sys.stderr)
            return 2
    claims = tomllib.loads((ROOT / "docs" / "claims.toml").read_text())["claim"]
    tests = tests_by_name()
    if command == "write":
        for path, parts in documents(claims, tests):
            path.write_text(placed(path.read_text(), parts))
        return 0
    wrong = []
    for claim in claims:
        if not claim["tests"]:
            wrong.append(f"no test proves: {claim['says']}")
        for name in claim["tests"]:
            places = tests.get(name, [])
            if len(places) != 1:
                wrong.append(f"{len(places)} tests are called: {name}")
    if command == "check":
        for path, parts in documents(claims, tests):
            if path.read_text() != placed(path.read_text(), parts):
                wrong.append(f"{path.name} does not say what docs/claims.toml says. Run: scripts/claims.py write")
    if logs:
        seen = outcomes(logs)
        inside = {name for name, places in tests.items() if any(SECURITY in path.parents for path, _ in places)}
        for claim in claims:
            states = {name: seen.get(name, "not run") for name in claim["tests"]}
            if command == "table":
                if not any(name in seen or name in inside for name in states):
                    continue
                elsewhere = {name for name, state in states.items() if state == "not run" and name not in inside}
                states = {name: state for name, state in states.items() if name not in elsewhere}
            passed = all(state == "passed" for state in states.values())
            word = "FAIL" if not passed else "PART" if len(states) < len(claim["tests"]) else "PASS"
            print(f"{word}  {claim['says']}")
            wrong += [f"{state}: {name}" for name, state in states.items() if state != "passed"]
        wrong += [f"not passed: {name}" for name in sorted(inside) if seen.get(name) != "passed"]
        wrong += [f"skipped: {name}" for name, state in seen.items() if state == "skipped"]
    if again:
        seen = outcomes(again[1:])
        wrong += [
            f"not passed again: {name}"
            for name in sorted(inside)
            if seen.get(name) != "passed"
            and not any(re.search(again[0], f"{path.stem.split('+')[0]}/{function}") for path, function in tests[name])
        ]
    for line in wrong:
        print(f"claims: {line}", file=sys.stderr)
    return 1 if wrong else 0


sys.exit(main(sys.argv[1:]))
