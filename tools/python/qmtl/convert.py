# SPDX-License-Identifier: Apache-2.0
"""Tables that `qmtl import` does not read, as a CSV that it does: python3 -m qmtl.convert TABLE.

Parquet, Arrow (file, stream, Feather) and ORC by pyarrow, XLSX by openpyxl, JSON lines and lists by Python itself; Stata,
SPSS, XLS and ODS by pandas. Nothing is rounded: integers keep all digits, reals become the shortest text that means
the same number, categories their texts, times ISO 8601; null and NaN become empty cells. Columns of lists become a column for
each place, structures one for each field, pictures files in a folder beside the table.

The modules convert_* beside this one read. They need nothing else of the package, so that this also runs as a file where that
is not built."""

from __future__ import annotations

import argparse
import gzip
import os
import pathlib
import sys
from collections.abc import Iterable

if __package__:
    from .convert_arrow import ArrowWriter, arrow_batches, chosen, pandas_batches
    from .convert_records import convert_json, convert_workbook, packed
    from .convert_table import Conversion
    from .errors import DataError, Error, UsageError
else:
    from convert_arrow import ArrowWriter, arrow_batches, chosen, pandas_batches  # type: ignore
    from convert_records import convert_json, convert_workbook, packed  # type: ignore
    from convert_table import Conversion  # type: ignore
    from errors import DataError, Error, UsageError  # type: ignore
    del sys.path[0]  # or `import torch` of another package would find the module beside this one


def kind_of(path: pathlib.Path) -> str:
    """Told by the content, as `qmtl import` tells it."""
    with packed(path, "rb") as file:
        head, zipped = file.read(4096), isinstance(file, gzip.GzipFile)
    for begin, kind in ((b"PAR1", "Parquet"), (b"ARROW1", "Arrow"), (b"\xff\xff\xff\xff", "Arrow stream"),
                        (b"FEA1", "Feather 1"), (b"ORC", "ORC"), (b"\xd0\xcf\x11\xe0", "XLS"), (b"<stata_dta>", "Stata"),
                        (b"$FL2", "SPSS")):
        if head.startswith(begin) and not zipped:
            return kind
    if head.startswith(b"PK\x03\x04") and not zipped:
        return "ODS" if b"opendocument" in head else "XLSX"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return "JSON lines"
    if text.startswith(b"["):
        return "JSON"
    raise DataError("expected a Parquet, Arrow, Feather, ORC, Excel, ODS, Stata, SPSS or JSON file, found another; "
                    "CSV, ARFF, NPY, NPZ and HDF5 go to qmtl import as they are" +
                    ("; of files that are packed with gzip only JSON is taken" if zipped else ""))


def convert(table: str | os.PathLike[str], out: str | os.PathLike[str] | None = None, *, sheet: str | None = None,
            without: Iterable[str] = (), overwrite: bool = False) -> Conversion:
    """Writes the table as CSV, to `out` or beside it. `sheet`: of a workbook; the first. `without`: columns that are
    left out. Raises DataError for a file that is no such table or damaged, UsageError for a package that is missing and a
    file that is there already."""
    path = pathlib.Path(table)
    target = pathlib.Path(out) if out is not None else path.with_suffix(".csv")
    try:
        kind = kind_of(path)
        if target.exists() and not overwrite:
            raise UsageError(f"{target}: is there already; --overwrite replaces it")
        result = Conversion(target, kind)
        partial = target.with_name(f".{target.name}.partial")
        dropped = set(without)
        try:
            if kind == "XLSX":
                convert_workbook(path, partial, sheet, dropped, result)
            elif kind.startswith("JSON"):
                convert_json(path, partial, kind == "JSON lines", dropped, result)
            else:
                batches = pandas_batches(path, kind) if kind in ("Stata", "SPSS", "XLS", "ODS") else \
                    arrow_batches(path, kind)
                ArrowWriter(partial, f"{target.stem}-pictures", result).write(
                    one if not dropped else chosen(one, dropped) for one in batches)
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
    except Error as error:
        raise type(error)(str(error) if str(error).startswith(f"{target}:") else f"{path}: {error}") from error
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except Exception as error:  # pyarrow, openpyxl, zipfile and XML readers each have their own for damaged files
        raise DataError(f"{path}: {type(error).__name__}: {error}") from error
    return result


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m qmtl.convert", description=__doc__.split("\n\n")[0])
    parser.add_argument("table")
    parser.add_argument("--out", help="the CSV file; default: beside the table")
    parser.add_argument("--sheet", help="of a workbook; default: the first")
    parser.add_argument("--without", action="append", default=[], metavar="COLUMN", help="leave a column out")
    parser.add_argument("--overwrite", action="store_true")
    given = parser.parse_args(arguments)
    try:
        result = convert(given.table, given.out, sheet=given.sheet, without=given.without, overwrite=given.overwrite)
    except Error as error:
        print(f"convert: error: {error}", file=sys.stderr)
        return error.exit_code
    print(f"{result.kind}: {result.rows} rows, {len(result.columns)} columns -> {result.file}")
    for name, column in list(result.columns.items())[:40]:
        missing = f", {column.missing} missing" if column.missing else ""
        print(f"  {name}: {column.type}{missing}")
        if column.empty:
            result.notes.append(f"column {name!r} has {column.empty} empty texts, which an import takes for missing ones")
    if len(result.columns) > 40:
        print(f"  ... and {len(result.columns) - 40} more")
    for note in result.notes:
        print(f"note: {note}")
    print(f"next: qmtl import --draft {result.file} --label COLUMN")
    return 0


if __name__ == "__main__":
    sys.exit(main())
