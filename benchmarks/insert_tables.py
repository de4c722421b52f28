# SPDX-License-Identifier: Apache-2.0
"""Puts measured tables into a page: insert_tables.py README.md FILE.md ... replaces what stands between the marks
`<!-- FILE.md -->` and `<!-- end -->` with the file's text."""
import pathlib
import re
import sys


def main():
    page, *files = map(pathlib.Path, sys.argv[1:])
    text = page.read_text()
    for file in files:
        mark = f"<!-- {file.name} -->"
        pattern = re.compile(re.escape(mark) + r".*?<!-- end -->", re.S)
        if not pattern.search(text):
            sys.exit(f"{page} has no mark {mark} ... <!-- end -->")
        block = f"{mark}\n\n{file.read_text().strip()}\n\n<!-- end -->"
        text = pattern.sub(lambda _: block, text)
    page.write_text(text)


if __name__ == "__main__":
    main()
