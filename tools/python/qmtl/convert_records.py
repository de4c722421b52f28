# SPDX-License-Identifier: Apache-2.0
"""qmtl.convert's tables whose cells say of what type they are: workbooks and JSON."""

from __future__ import annotations

import csv
import datetime
import gzip
import json
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

if __package__:
    from .convert_table import MOST_COLUMNS, Column, Conversion, needed
    from .errors import DataError, UsageError
else:
    from convert_table import MOST_COLUMNS, Column, Conversion, needed  # type: ignore
    from errors import DataError, UsageError  # type: ignore


def packed(path: pathlib.Path, mode: str) -> Any:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    encoding = {} if "b" in mode else {"encoding": "utf-8-sig"}
    return gzip.open(path, mode, **encoding) if zipped else open(path, mode, **encoding)  # type: ignore[call-overload]


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
