# SPDX-License-Identifier: Apache-2.0
"""check_style.py and csource.py find what they are there to find, and nothing else."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import check_style  # noqa: E402
import csource  # noqa: E402

SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"


def function(name, lines):
    return f"static int {name}(int a,\n    int b)\n{{\n" + "    a();\n" * lines + "}\n"


class CheckStyle(unittest.TestCase):
    def check(self, path, text):
        return list(check_style.check_text(pathlib.PurePosixPath(path), text))

    def assert_clean(self, path, text):
        self.assertEqual(self.check(path, text), [])

    def assert_refused(self, path, text, line, what):
        found = self.check(path, text)
        self.assertEqual(len(found), 1, found)
        self.assertEqual(found[0][0], line)
        self.assertIn(what, found[0][1])

    def test_columns_are_counted_as_seen(self):
        self.assert_clean("a.md", "ợ" * 100 + "\n")
        self.assert_clean("a.md", "o\u0323\u031b" * 100 + "\n")
        self.assert_refused("a.md", "\n" + "ợ" * 101 + "\n", 2, "101 columns")
        self.assert_refused("a.md", "市" * 51 + "\n", 1, "102 columns")

    def test_what_cannot_be_broken_may_be_long(self):
        self.assert_clean("a.md", "| " + "x" * 120 + " |\n")
        self.assert_clean("a.md", "https://example.org/" + "x" * 120 + "\n")
        self.assert_clean("a.svg", '<path d="' + "M 1" * 40 + '"/>\n')
        self.assert_refused("a.svg", "<text>" + "x" * 120 + "</text>\n", 1, "columns")
        self.assert_refused("a.c", SPDX + "| " + "x" * 120 + " |\n", 2, "columns")

    def test_blanks(self):
        self.assert_refused("a.md", "a\n\tb\n", 2, "a tab")
        self.assert_refused("a.md", "a \n", 1, "blanks at the end")
        self.assert_refused("a.md", "a", 1, "no newline")
        self.assert_refused("a.md", "a\n\n", 3, "blank lines at the end")

    def test_invisible_characters(self):
        self.assert_clean("a.md", "Chợ phiên Sìn Hồ, ƯỚC, e\u0302\n")
        for char in ("\u200b", "\u00a0", "\ufeff", "\u202e", "\u00ad"):
            self.assert_refused("a.md", f"a{char}b\n", 1, f"U+{ord(char):04X}")

    def test_reminders(self):
        for word in ("TO" + "DO", "FIX" + "ME", "XX" + "X"):
            self.assert_refused("a.md", f"{word}: later\n", 1, word)
        self.assert_clean("a.md", "mkstemp wants a name that ends in XXXXXX\n")

    def test_paths_of_a_machine(self):
        for top in ("/home", "/root", "/work", "/Users"):
            self.assert_refused("a.md", f"see {top}/someone/x\n", 1, f"{top}/someone/x")
        self.assert_clean("a.md", "https://example.org/home/x and src/work/x\n")

    def test_spdx(self):
        self.assert_refused("src/a.c", "int a;\n", 1, "SPDX")
        self.assert_refused("scripts/a.sh", "#!/bin/sh\n", 1, "SPDX")
        self.assert_clean("README.md", "text\n")

    def test_calls_not_used_here(self):
        for name in ("strcpy", "strcat", "sprintf", "vsprintf", "gets", "atoi", "atol", "strtok",
                     "alloca"):
            self.assert_refused("src/a.c", f"{SPDX}int a = {name} (b);\n", 2, f"{name}()")
        self.assert_clean("src/a.c", SPDX + "int a = snprintf(b);\nint c = fgets(d);\n")
        self.assert_clean("src/a.c", SPDX + '/* not atoi() */\nchar *a = "atoi(1)";\n')

    def test_sizes(self):
        self.assert_clean("src/a.c", SPDX + function("f", 100))
        self.assert_refused("src/a.c", SPDX + function("f", 101), 4, "f() has 101 lines")
        self.assert_clean("src/a.c", SPDX + "\n" * 598 + "int a;\n")
        self.assert_refused("src/a.c", SPDX + "\n" * 599 + "int a;\n", 600, "601 lines")
        self.assert_clean("tests/unit/a.c", SPDX + "\n" * 998 + "int a;\n")
        self.assert_refused("tests/unit/a.c", SPDX + "\n" * 999 + "int a;\n", 1000, "1001 lines")

    def test_sleeps(self):
        self.assert_refused("tests/unit/a.c", SPDX + "    sleep(1);\n", 2, "sleeps")
        self.assert_refused("tests/unit/a.c", SPDX + "    usleep(1);\n", 2, "sleeps")
        self.assert_refused("tests/e2e/a.mjs", f"{SPDX}setTimeout(f, 5);\n", 2, "sleeps")
        self.assert_refused("tests/e2e/a.sh", f"#{SPDX}sleep 1\n", 2, "sleeps")
        self.assert_clean("tests/bench/a.c", SPDX + "    usleep(1);\n")
        self.assert_clean("src/a.c", SPDX + "    usleep(1);\n")

    def test_waiting_for_time_with_a_reason(self):
        reason = "// no event to wait for: the drop lasts five seconds\n"
        self.assert_clean("tests/e2e/a.mjs", f"{SPDX}{reason}setTimeout(f, 5000);\n")
        self.assert_refused("tests/e2e/a.mjs",
                            f"{SPDX}// no event to wait for:\nsetTimeout(f, 5);\n", 3, "sleeps")


class CSource(unittest.TestCase):
    def test_code_only_keeps_lines_and_columns(self):
        text = 'a; /* "b"\n c */ d = "/* e */"; // f\ng = \'"\';\n'
        code = csource.code_only(text)
        self.assertEqual([len(line) for line in code.split("\n")],
                         [len(line) for line in text.split("\n")])
        self.assertEqual(code.split(), ["a;", "d", "=", '"', '";', "g", "=", "'", "';"])

    def test_functions(self):
        text = ("struct a {\n    int b;\n};\n" + function("one", 3)
                + "/* void two(void)\n{\n}\n*/\nint three(void)\n{\n}\n")
        self.assertEqual(csource.functions(text), [("one", 6, 3), ("three", 16, 0)])

    def test_comment_lines(self):
        self.assertEqual(csource.comment_lines("/* a\n *\n */\nint b; /* c */\n\n// d\n"), 4)


if __name__ == "__main__":
    unittest.main()
