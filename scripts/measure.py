#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sizes of files and functions, share of comments, tests a line of code: to look at, not a gate."""

import collections
import statistics
import sys

import csource


def spread(values):
    """Median, 90th percentile and maximum, as text."""
    if not values:
        return f"{'-':>5} {'-':>5} {'-':>5}"
    values = sorted(values)
    p90 = values[min(len(values) - 1, len(values) * 9 // 10)]
    return f"{statistics.median_low(values):5} {p90:5} {values[-1]:5}"


def folder_of(path):
    """What a file is counted under: src/FOLDER with its public headers, tests/KIND."""
    parts = path.parts
    if parts[0] == "include":
        parts = ("src", *parts[2:])
    return "/".join(parts[:2])


class Folder:
    def __init__(self):
        self.c_lines = []
        self.h_lines = []
        self.functions = []
        self.comments = collections.Counter()
        self.written = collections.Counter()

    def add(self, suffix, text):
        lines = [line for line in text.split("\n") if line.strip()]
        (self.c_lines if suffix == ".c" else self.h_lines).append(text.count("\n"))
        self.functions += [lines for _, _, lines in csource.functions(text)]
        self.comments[suffix] += csource.comment_lines(text)
        self.written[suffix] += len(lines)

    def share(self, suffix):
        if not self.written[suffix]:
            return "    -"
        return f"{100 * self.comments[suffix] / self.written[suffix]:4.0f}%"

    def row(self, name):
        return (f"{name:18} {len(self.c_lines):4} {sum(self.c_lines):6} {sum(self.h_lines):6}  "
                f"{spread(self.c_lines)}  {len(self.functions):5} {spread(self.functions)}  "
                f"{self.share('.c')} {self.share('.h')}")


def main():
    folders = collections.defaultdict(Folder)
    other = collections.Counter()
    for path in csource.repository_files():
        if path.parts[0] not in ("src", "include", "tests") or "corpus" in path.parts:
            continue
        whole = "tests" if path.parts[0] == "tests" else "src"
        if path.suffix in (".c", ".h"):
            text = (csource.ROOT / path).read_text(encoding="utf-8")
            folders[whole].add(path.suffix, text)
            folders[folder_of(path)].add(path.suffix, text)
        elif path.suffix in (".mjs", ".js", ".html", ".css", ".py"):
            other[whole] += (csource.ROOT / path).read_bytes().count(b"\n")

    print(f"{'':18} {'.c':>4} {'lines':>6} {'.h':>6}  {'lines a .c':^17}  {'func':>5} "
          f"{'lines a function':^17}  {'comments':>11}")
    print(f"{'':18} {'':4} {'':6} {'lines':>6}  {'p50':>5} {'p90':>5} {'max':>5}  {'':5} "
          f"{'p50':>5} {'p90':>5} {'max':>5}  {'.c':>5} {'.h':>5}")
    for name in sorted(folders):
        print(folders[name].row(name))
    code = sum(folders["src"].c_lines) + sum(folders["src"].h_lines)
    tests = sum(folders["tests"].c_lines) + sum(folders["tests"].h_lines)
    print(f"\npages and scripts: {other['src']} lines in src, {other['tests']} in tests")
    print(f"lines of test a line of code: {tests / max(code, 1):.2f} in C, "
          f"{(tests + other['tests']) / max(code + other['src'], 1):.2f} in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
