"""Puts measured tables into README.md: report.py FILE.md ... replaces what stands between the marks
`<!-- FILE.md -->` and `<!-- end -->` with the file's text."""
import pathlib
import re
import sys

README = pathlib.Path(__file__).parent / "README.md"


def main():
    text = README.read_text()
    for name in sys.argv[1:]:
        file = pathlib.Path(name)
        mark = f"<!-- {file.name} -->"
        pattern = re.compile(re.escape(mark) + r".*?<!-- end -->", re.S)
        if not pattern.search(text):
            sys.exit(f"{README.name} has no mark {mark} ... <!-- end -->")
        block = f"{mark}\n\n{file.read_text().strip()}\n\n<!-- end -->"
        text = pattern.sub(lambda _: block, text)
    README.write_text(text)


if __name__ == "__main__":
    main()
