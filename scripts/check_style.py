#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
What a formatter cannot see: sizes, columns, blanks, calls that are not used here, sleeps in
tests, paths of somebody's machine, characters nobody can see.

Prints one line for each offence and exits 1 if there are any.
"""

import pathlib
import re
import sys
import unicodedata

import csource

COLUMNS = 100
FUNCTION_LINES = 100
LONG_FUNCTION_LINES = 60
FILE_LINES = 600
TEST_FILE_LINES = 1000  # of a source file's tests: cases add up, ideas don't

# Data, not text of ours: taken as it came.
DATA = re.compile(r"^(tests/fuzz/corpus/|tests/golden/|LICENSE$)|(^|/)package-lock\.json$")

C = {".c", ".h"}
SCRIPT = {".py", ".sh", ".js", ".mjs", ".css", ".html"}
MARKUP = {".html", ".svg"}
SPDX = C | SCRIPT | {".cmake"}
SPDX_NAMES = {"CMakeLists.txt", ".ci/run"}

# Brackets in these patterns keep them from matching themselves.
REMINDER = re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X)\b")
UNSAFE = re.compile(r"\b(v?sprintf|strcpy|strcat|gets|ato[ifl]|atoll|strtok|alloca)\s*\(")
MACHINE_PATH = re.compile(r"""(?:^|[\s"'`(=:])(/(?:home|Users|root|work)/\w\S*)""")
SLEEP = re.compile(r"\b(u?sleep|nanosleep|uv_sleep|waitForTimeout|setTimeout)\s*\(|^\s*sleep\s+\S")
# Tests wait for events. What waits for time itself says so, with the reason, on that line or on
# the one before.
TIMED = re.compile(r"no event to wait for: \w+")
MAY_SLEEP = ("tests/bench/", "tests/tools/")
INVISIBLE = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}


def columns(line):
    """Columns that a line takes on a terminal."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in line)
    return len(line) + wide - sum(unicodedata.combining(c) > 0 for c in line)


def may_be_long(path, line):
    """What cannot be broken: a table of Markdown, the value of an attribute, an address."""
    if path.suffix == ".md" and line.lstrip().startswith("|"):
        return True
    if path.suffix in MARKUP and re.search(r'="[^"]{20,}"', line):
        return True
    return bool(re.fullmatch(r"\W*(?:\[[^\]]*\][(:]\s*)?https?://\S+\W*", line))


def line_offences(path, line):
    """What is wrong with one line, whatever its language."""
    if columns(line) > COLUMNS and not may_be_long(path, line):
        yield f"{columns(line)} columns, more than {COLUMNS}"
    if "\t" in line:
        yield "a tab"
    if line != line.rstrip():
        yield "blanks at the end of the line"
    for char in sorted(set(line) - set("\t ")):
        if unicodedata.category(char) in INVISIBLE:
            yield f"an invisible character, U+{ord(char):04X}"
    match = REMINDER.search(line)
    if match:
        yield f"{match.group(1)}: do it, or write it down where work is planned"
    match = MACHINE_PATH.search(line)
    if match:
        yield f"a path of one machine, {match.group(1)}"


def c_offences(text):
    """What is wrong with C: calls and the sizes of functions."""
    for number, line in enumerate(csource.code_only(text).split("\n"), 1):
        match = UNSAFE.search(line)
        if match:
            yield number, f"{match.group(1)}() is not used here"
    for name, number, lines in csource.functions(text):
        if lines > FUNCTION_LINES:
            yield number, f"{name}() has {lines} lines, more than {FUNCTION_LINES}"


def sleep_offences(text):
    """Sleeps in a test."""
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        before = lines[number - 2] if number > 1 else ""
        if SLEEP.search(line) and not TIMED.search(line) and not TIMED.search(before):
            yield number, "a test sleeps: wait for an event, or move the clock"


def needs_spdx(path):
    return path.suffix in SPDX or path.name in SPDX_NAMES or path.as_posix() in SPDX_NAMES


def is_test(path):
    """Whether the rule about sleeps is for this file."""
    name = path.as_posix()
    return (name.startswith("tests/") and not name.startswith(MAY_SLEEP)
            and not name.startswith("tests/scripts/") and path.suffix in C | SCRIPT)


def check_text(path, text):
    """(line, what is wrong) for everything that is wrong with the file."""
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        for what in line_offences(path, line):
            yield number, what
    if text and not text.endswith("\n"):
        yield len(lines), "no newline at the end"
    if text.endswith("\n\n"):
        yield len(lines), "blank lines at the end"
    if needs_spdx(path) and not any("SPDX-License-Identifier:" in line for line in lines[:3]):
        yield 1, "no SPDX-License-Identifier in the first lines"
    limit = TEST_FILE_LINES if path.parts[0] == "tests" else FILE_LINES
    if path.suffix in C | SCRIPT and len(lines) - 1 > limit:
        yield limit, f"{len(lines) - 1} lines, more than {limit}: it holds two ideas"
    if path.suffix in C:
        yield from c_offences(text)
    if is_test(path):
        yield from sleep_offences(text)


def check(root, paths):
    """Offences as lines of text, and the functions that are long though not too long."""
    found = []
    long_functions = []
    for path in paths:
        if DATA.search(path.as_posix()):
            continue
        data = (root / path).read_bytes()
        if b"\0" in data:
            continue
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            found.append(f"{path}:1: not UTF-8 (byte {error.start})")
            continue
        found += [f"{path}:{number}: {what}" for number, what in sorted(check_text(path, text))]
        if path.suffix in C:
            long_functions += [f"{path}:{number}: {name}(), {lines} lines"
                               for name, number, lines in csource.functions(text)
                               if lines > LONG_FUNCTION_LINES]
    return found, long_functions


def main():
    root = csource.ROOT
    named = [pathlib.Path(name).resolve().relative_to(root) for name in sys.argv[1:]]
    paths = named or csource.repository_files(root)
    found, long_functions = check(root, paths)
    for line in found:
        print(line)
    for line in long_functions:
        print(f"  long: {line}")
    print(f"check_style: {len(paths)} files, {len(found)} offences, "
          f"{len(long_functions)} functions of more than {LONG_FUNCTION_LINES} lines")
    return 1 if found or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
