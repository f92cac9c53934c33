# SPDX-License-Identifier: Apache-2.0
"""The two READMEs agree with the config's reference and name no file that isn't there."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def reference_keys():
    """Keys and defaults of conf/phien.yaml, as "hls.part_ms" and "channels[].name"."""
    keys = {}
    section = ""
    for line in (ROOT / "conf/phien.yaml").read_text(encoding="utf-8").split("\n"):
        match = re.match(r"^(\s*(?:- )?)(\w+):\s*(.*)$", line)
        if not match:
            continue
        indent, name, value = match.groups()
        if not indent:
            section = name
        if indent or value:
            prefix = "" if not indent else "channels[]." if section == "channels" else f"{section}."
            keys[prefix + name] = value.strip('"')
    return keys


def table_keys():
    """Keys and defaults of the README's table."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text[text.index("## Config\n"):text.index("## Logs\n")]
    rows = re.findall(r"^\| `([a-z_.\[\]]+)` \| (.+?) \|", section, re.MULTILINE)
    return {name: value.strip("`") for name, value in rows}


class Readme(unittest.TestCase):
    def test_the_table_has_the_reference_s_keys_in_its_order(self):
        self.assertGreater(len(reference_keys()), 10)
        self.assertEqual(list(table_keys()), list(reference_keys()))

    def test_the_table_has_the_reference_s_defaults(self):
        for name, value in table_keys().items():
            if not name.startswith("channels[]."):
                self.assertEqual(value, reference_keys()[name] or "none", name)

    def test_files_that_are_named_exist(self):
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        for name in re.findall(r"`((?:src|conf|scripts)/[\w./-]+\.\w+)", text):
            self.assertTrue((ROOT / name).is_file(), name)

    def test_files_of_the_packet_s_way_exist(self):
        text = (ROOT / "src/README.md").read_text(encoding="utf-8")
        way = text[text.index("## One packet"):text.index("## Threads")]
        folder = None
        named = re.findall(r"`([\w/]+\.c)`", way)
        self.assertGreater(len(named), 10)
        for name in named:
            path = pathlib.PurePosixPath(name)
            folder = path.parent if path.parent.name else folder
            self.assertTrue((ROOT / "src" / folder / path.name).is_file(), f"{folder}/{path.name}")


if __name__ == "__main__":
    unittest.main()
