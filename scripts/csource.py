# SPDX-License-Identifier: Apache-2.0
"""What the checks and measures need to know of the repository and of C, short of a compiler."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent

TOKEN = re.compile(
    r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)


def repository_files(root=ROOT):
    """Paths of all files that are in git, or would be if they were added; sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, check=True, capture_output=True, text=True).stdout
    paths = {pathlib.PurePosixPath(name) for name in listed.split("\0") if name}
    return sorted(path for path in paths if (root / path).is_file())


def blank(text):
    """`text` with everything but its newlines made blank."""
    return re.sub(r"[^\n]", " ", text)


def code_only(text):
    """C source with comments blanked and literals emptied; lines and columns stay."""

    def replace(match):
        token = match.group(0)
        if token[0] == "/":
            return blank(token)
        return token[0] + blank(token[1:-1]) + token[-1]

    return TOKEN.sub(replace, text)


def comment_lines(text):
    """How many lines of C source hold nothing but comment."""
    code = code_only(text).split("\n")
    return sum(1 for raw, bare in zip(text.split("\n"), code) if raw.strip() and not bare.strip())


def functions(text):
    """
    (name, line of the opening brace, lines between the braces) of each function. Relies on the
    format: of all braces that open something, a function's alone stands by itself in column one.
    """
    found = []
    lines = code_only(text).split("\n")
    opened = None
    for number, line in enumerate(lines, 1):
        line = line.rstrip()
        if line == "{":
            opened = number
        elif line == "}" and opened is not None:
            found.append((function_name(lines, opened), opened, number - opened - 1))
            opened = None
    return found


def function_name(lines, opened):
    """The name before the parameter list that ends on the line before line `opened`."""
    start = opened - 1
    while start > 0 and lines[start - 1].strip() and lines[start - 1][-1:] not in ";}":
        start -= 1
    match = re.search(r"(\w+)\s*\(", " ".join(lines[start:opened - 1]))
    return match.group(1) if match else "?"
