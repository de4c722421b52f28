# SPDX-License-Identifier: Apache-2.0
"""Tables that `qmtl import` does not read, as a CSV that it does: python3 -m qmtl.convert TABLE.

Parquet, Arrow (file, stream, Feather) and ORC by pyarrow, XLSX by openpyxl, JSON lines and lists by Python itself; Stata,
SPSS, XLS and ODS by pandas. Nothing is rounded: integers keep all digits, reals become the shortest text that means
the same number, categories their texts, times ISO 8601; null and NaN become empty cells. Columns of lists become a column for
each place, structures one for each field, pictures files in a folder beside the table.

The module needs nothing else of the package, so that it also runs as a file where that is not built."""

from __future__ import annotations

import argparse
import contextlib
import csv
import datetime
import gzip
import importlib
import json
import os
import pathlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

if __package__:
    from .errors import DataError, Error, UsageError
else:
    from errors import DataError, Error, UsageError  # type: ignore
    del sys.path[0]  # or `import torch` of another package would find the module beside this one

PICTURES = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"P5": ".pgm", b"P6": ".ppm"}
MOST_COLUMNS = 100_000  # that lists and structures may become


@dataclass
class Column:
    """What became of a column of the result."""

    type: str
    missing: int = 0
    empty: int = 0  # texts without a character, which an import takes for missing


@dataclass
class Conversion:
    """What `convert` did."""

    file: pathlib.Path
    kind: str
    rows: int = 0
    columns: dict[str, Column] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def needed(module: str, packages: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as missing:
        raise UsageError(f"expected the Python package {packages} for such a file, found that it cannot be imported "
                         f"({missing}); python3 -m pip install {packages}") from missing


# -- Arrow ---------------------------------------------------------------------------------------------------------

def arrow_batches(path: pathlib.Path, kind: str) -> Iterator[Any]:
    """The record batches of a file: as few rows at a time as its writer made, so that memory does not grow with it."""
    pa = needed("pyarrow", "pyarrow")
    if kind == "Parquet":
        with needed("pyarrow.parquet", "pyarrow").ParquetFile(path) as file:
            yield file.schema_arrow
            yield from file.iter_batches()
    elif kind == "Arrow stream":
        with pa.ipc.open_stream(str(path)) as stream:
            yield stream.schema
            yield from stream
    elif kind == "Arrow":
        with pa.memory_map(str(path)) as mapped, pa.ipc.open_file(mapped) as file:
            yield file.schema
            for batch in range(file.num_record_batches):
                yield file.get_batch(batch)
    else:
        reader = {"Feather 1": ("pyarrow.feather", "read_table"), "ORC": ("pyarrow.orc", "read_table")}[kind]
        table = getattr(needed(reader[0], "pyarrow"), reader[1])(str(path))
        yield table.schema
        yield from table.to_batches()


def pandas_batches(path: pathlib.Path, kind: str) -> Iterator[Any]:
    pandas = needed("pandas", "pandas")
    read, packages = {"Stata": ("read_stata", "pandas"), "SPSS": ("read_spss", "pyreadstat"),
                      "XLS": ("read_excel", "xlrd"), "ODS": ("read_excel", "odfpy")}[kind]
    try:
        frame = getattr(pandas, read)(path)
    except ImportError as missing:
        raise UsageError(f"{missing}; python3 -m pip install {packages}") from missing
    table = needed("pyarrow", "pyarrow").Table.from_pandas(frame, preserve_index=False)
    yield table.schema
    yield from table.to_batches()


class ArrowWriter:
    """Writes batches as CSV: columns of numbers and texts, others taken apart into such."""

    def __init__(self, out: pathlib.Path, folder: str, result: Conversion) -> None:
        self.pa = needed("pyarrow", "pyarrow")
        self.pc = needed("pyarrow.compute", "pyarrow")
        self.out, self.folder, self.result = out, folder, result
        self.widths: dict[str, int] = {}  # of columns of lists, settled by the first list

    def write(self, batches: Iterable[Any]) -> None:
        writer = None
        plain = None
        with contextlib.ExitStack() as stack:
            for batch in batches:
                if isinstance(batch, self.pa.Schema):
                    if len(set(batch.names)) != len(batch.names):
                        raise DataError("two columns have one name; give them names of their own")
                    batch = self.pa.RecordBatch.from_arrays([self.pa.nulls(0, t) for t in batch.types], schema=batch)
                    if any(self.is_list(t) for t in batch.schema.types):
                        continue  # how wide they are the rows tell
                columns: dict[str, Any] = {}
                for name, array in zip(batch.schema.names, batch.columns):
                    self.add(name, array, columns)
                if len(columns) == 1:  # an empty line would be no row
                    columns = {name: array.cast(self.pa.string()).fill_null("") for name, array in columns.items()}
                if plain is None:
                    # What a null column is, or a picture's, no later batch changes.
                    plain = self.pa.schema([(name, array.type) for name, array in columns.items()])
                    writer = stack.enter_context(needed("pyarrow.csv", "pyarrow").CSVWriter(str(self.out), plain))
                elif list(columns) != plain.names:
                    raise DataError("the file's parts have different columns")
                assert writer is not None
                writer.write_batch(self.pa.RecordBatch.from_arrays(
                    [array.cast(kind) for array, kind in zip(columns.values(), plain.types)], schema=plain))
                self.result.rows += batch.num_rows
        if plain is None:
            raise DataError("expected rows, found none: how many numbers its lists have is not known")

    def is_list(self, kind: Any) -> bool:
        types = self.pa.types
        return bool(types.is_list(kind) or types.is_large_list(kind))

    def add(self, name: str, array: Any, columns: dict[str, Any]) -> None:
        """Puts the column's texts and numbers into `columns`, its missing values null."""
        pa, pc, types = self.pa, self.pc, self.pa.types
        shown = str(array.type)
        if isinstance(array, pa.ExtensionArray):
            array = array.storage
        if types.is_dictionary(array.type) or types.is_run_end_encoded(array.type):
            array = array.dictionary_decode() if types.is_dictionary(array.type) else pc.run_end_decode(array)
        kind = array.type
        if types.is_struct(kind):
            self.add_structure(name, array, columns)
            return
        if self.is_list(kind) or types.is_fixed_size_list(kind):
            self.add_list(name, array, columns)
            return
        if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
            array = self.pictures(name, array)
        elif types.is_floating(kind):
            if types.is_float16(kind):
                array = array.cast(pa.float32())  # exact
            array = pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
        elif types.is_null(kind):
            array = array.cast(pa.string())
        elif types.is_decimal(kind) or types.is_temporal(kind):
            array = self.written(array)
        elif not (types.is_integer(kind) or types.is_boolean(kind) or types.is_string(kind) or types.is_large_string(kind)):
            raise DataError(f"column {name!r}: expected numbers, texts, times, lists or structures of such, or pictures, "
                            f"found {shown}; leave it out with --without {name}")
        if name in columns:
            raise DataError(f"two columns become {name!r}; leave one out with --without")
        if len(columns) >= MOST_COLUMNS:
            raise DataError(f"expected at most {MOST_COLUMNS} columns, found more in column {name!r}")
        column = self.result.columns.setdefault(name, Column(shown))
        column.missing += array.null_count
        if types.is_string(array.type) or types.is_large_string(array.type):
            column.empty += pc.sum(pc.equal(array, "")).as_py() or 0
        columns[name] = array

    def written(self, array: Any) -> Any:
        """Times and decimal numbers as texts, with all their digits. Arrow knows no zone's rules on every system: what
        has a zone is written in UTC."""
        if self.pa.types.is_timestamp(array.type) and array.type.tz is not None:
            plain = array.cast(self.pa.timestamp(array.type.unit))
            return self.pc.binary_join_element_wise(plain.cast(self.pa.string()), "Z", "")
        if self.pa.types.is_duration(array.type):
            return array.cast(self.pa.int64()).cast(self.pa.string())
        return array.cast(self.pa.string())

    def add_structure(self, name: str, array: Any, columns: dict[str, Any]) -> None:
        fields = [array.type.field(i).name for i in range(array.type.num_fields)]
        if set(fields) == {"bytes", "path"}:  # as `datasets` keeps pictures
            self.add(name, self.pc.struct_field(array, "bytes"), columns)
            return
        for one in fields:
            self.add(f"{name}.{one}", self.pc.struct_field(array, one), columns)

    def add_list(self, name: str, array: Any, columns: dict[str, Any]) -> None:
        pc, kind = self.pc, array.type
        lengths = [kind.list_size] if self.pa.types.is_fixed_size_list(kind) else \
            pc.unique(pc.list_value_length(array).drop_null()).to_pylist()
        width = self.widths.setdefault(name, lengths[0]) if lengths else self.widths.get(name)
        if width is None:
            raise DataError(f"column {name!r}: expected a list among its first rows, found none; leave it out with "
                            f"--without {name}")
        for length in lengths:
            if length != width:
                raise DataError(f"column {name!r}: expected lists of one length, found some of {width} and of {length}; "
                                f"leave it out with --without {name}")
        if width > MOST_COLUMNS:
            raise DataError(f"column {name!r}: expected lists of at most {MOST_COLUMNS} numbers, found {width}")
        for place in range(width):
            self.add(f"{name}_{place}", pc.list_element(array, place), columns)

    def pictures(self, name: str, array: Any) -> Any:
        """Writes the pictures beside the table; their files' names."""
        folder = self.out.parent / self.folder
        texts: list[str | None] = []
        for row, value in enumerate(array.to_pylist(), self.result.rows):
            if value is None:
                texts.append(None)
                continue
            ending = next((end for begin, end in PICTURES.items() if value.startswith(begin)), None)
            if ending is None:
                raise DataError(f"column {name!r}: row {row + 1}: expected a PNG, JPEG, PGM or PPM picture, found other "
                                f"bytes; leave it out with --without {name}")
            safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)
            file = folder / f"{safe}-{row + 1}{ending}"
            folder.mkdir(exist_ok=True)
            file.write_bytes(value)
            texts.append(f"{self.folder}/{file.name}")
        return self.pa.array(texts, self.pa.string())


# -- records: workbooks and JSON ------------------------------------------------------------------------------------

class Number(str):
    """A number as the file writes it."""


def cell(value: Any, column: Column) -> str:
    if value is None or value != value:
        column.missing += 1
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, str) and not value:
        column.empty += 1
    return str(value)


def write_records(out: pathlib.Path, names: list[str], rows: Iterable[dict[str, Any]], result: Conversion) -> None:
    if len(names) > MOST_COLUMNS:
        raise DataError(f"expected at most {MOST_COLUMNS} columns, found {len(names)}")
    result.columns = {name: Column("") for name in names}
    types: dict[str, set[str]] = {name: set() for name in names}
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row in rows:
            for name, value in row.items():
                if value is not None:
                    types[name].add("number" if isinstance(value, (int, float, Number)) and not isinstance(value, bool)
                                    else "true or false" if isinstance(value, bool)
                                    else "text" if isinstance(value, str) else "time")
            cells = [cell(row.get(name), result.columns[name]) for name in names]
            writer.writerow(cells)
            result.rows += 1
    for name, column in result.columns.items():
        column.type = " and ".join(sorted(types[name])) or "nothing"
        if len(types[name]) > 1:
            result.notes.append(f"column {name!r} has values of several kinds: {column.type}")


def workbook_rows(path: pathlib.Path, sheet: str | None, notes: list[str]) -> Iterator[list[Any]]:
    openpyxl = needed("openpyxl", "openpyxl")
    # Cells with formulas have values only where a program computed them: a second look tells one without from an empty one.
    values = openpyxl.load_workbook(path, read_only=True, data_only=True)
    formulas = openpyxl.load_workbook(path, read_only=True)
    names = [one.title for one in values.worksheets]
    if sheet is None and len(names) > 1:
        notes.append(f"of the sheets {', '.join(names)} the first was taken; --sheet NAME takes another")
    if sheet is not None and sheet not in names:
        raise UsageError(f"--sheet: expected one of {', '.join(names)}, found {sheet!r}")
    chosen = sheet or names[0]
    errors = 0
    for row, beside in zip(values[chosen].iter_rows(), formulas[chosen].iter_rows()):
        cells = []
        for one, written in zip(row, beside):
            if one.value is None and written.value is not None:
                raise DataError(f"cell {written.coordinate} of sheet {chosen!r} has a formula without a value; open the "
                                "workbook once with a program for sheets and save it")
            errors += one.data_type == "e"
            cells.append(None if one.data_type == "e" else one.value)
        yield cells
    if errors:
        notes.append(f"{errors} cells with errors (#N/A, #DIV/0!, ...) became empty ones")


def convert_workbook(path: pathlib.Path, out: pathlib.Path, sheet: str | None, without: set[str], result: Conversion) -> None:
    rows = workbook_rows(path, sheet, result.notes)
    header = next((row for row in rows if any(one is not None for one in row)), None)
    if header is None:
        raise DataError("expected a sheet with names of columns in its first row, found an empty one")
    places = [(place, str(name)) for place, name in enumerate(header) if name is not None and str(name) not in without]
    if len({name for _, name in places}) != len(places):
        raise DataError("two columns of the sheet have one name")

    def records() -> Iterator[dict[str, Any]]:
        skipped = 0
        for row in rows:
            if all(one is None for one in row):
                skipped += 1
                continue
            nameless = [place for place, one in enumerate(row)
                        if one is not None and (place >= len(header) or header[place] is None)]
            if nameless:
                raise DataError(f"row {result.rows + skipped + 2}: column {nameless[0] + 1} has values but no name in the "
                                "sheet's first row")
            yield {name: row[place] if place < len(row) else None for place, name in places}
        if skipped:
            result.notes.append(f"{skipped} empty rows were left out")

    write_records(out, [name for _, name in places], records(), result)


def json_records(path: pathlib.Path, lines: bool, without: set[str]) -> Iterator[dict[str, Any]]:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) != len(found):
            raise ValueError("one name twice in an object")
        return made

    def flat(value: Any, name: str, into: dict[str, Any]) -> dict[str, Any]:
        if isinstance(value, dict):
            for key, inner in value.items():
                if name or key not in without:
                    flat(inner, f"{name}.{key}" if name else key, into)
        elif isinstance(value, list):
            for place, inner in enumerate(value):
                flat(inner, f"{name}_{place}", into)
        elif name in into:
            raise ValueError(f"two values become {name!r}")
        else:
            into[name] = value
        return into

    def parsed(text: str) -> Any:
        return json.loads(text, object_pairs_hook=pairs, parse_int=Number, parse_float=Number,
                          parse_constant=lambda name: None if name == "NaN" else Number(name))

    place = "the file"
    try:
        with packed(path, "rt") as file:
            records = file if lines else parsed(file.read())
            for number, record in enumerate(records, 1):
                place = f"{'line' if lines else 'object'} {number}"
                if lines and not record.strip():
                    continue
                found = parsed(record) if lines else record
                if not isinstance(found, dict):
                    raise ValueError(f"expected an object, found {str(found):.40}")
                yield flat(found, "", {})
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place}: {error}") from error


def convert_json(path: pathlib.Path, out: pathlib.Path, lines: bool, without: set[str], result: Conversion) -> None:
    """Twice through the file: a key may come first in its last line."""
    names: dict[str, None] = {}
    for record in json_records(path, lines, without):
        names.update(dict.fromkeys(record))
        if len(names) > MOST_COLUMNS:
            break
    write_records(out, list(names), json_records(path, lines, without), result)


# -- which file it is -----------------------------------------------------------------------------------------------

def packed(path: pathlib.Path, mode: str) -> Any:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    encoding = {} if "b" in mode else {"encoding": "utf-8-sig"}
    return gzip.open(path, mode, **encoding) if zipped else open(path, mode, **encoding)  # type: ignore[call-overload]


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


def chosen(part: Any, without: set[str]) -> Any:
    """A schema or a batch without some columns."""
    if hasattr(part, "columns"):
        return part.select([name for name in part.schema.names if name not in without])
    for name in without & set(part.names):
        part = part.remove(part.get_field_index(name))
    return part


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
