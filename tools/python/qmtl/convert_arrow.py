# SPDX-License-Identifier: Apache-2.0
"""qmtl.convert's tables with typed columns: what pyarrow reads, and pandas where that does not."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterable, Iterator
from typing import Any

if __package__:
    from .convert_table import MOST_COLUMNS, Column, Conversion, needed
    from .errors import DataError, UsageError
else:
    from convert_table import MOST_COLUMNS, Column, Conversion, needed  # type: ignore
    from errors import DataError, UsageError  # type: ignore

PICTURES = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"P5": ".pgm", b"P6": ".ppm"}


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


def chosen(part: Any, without: set[str]) -> Any:
    """A schema or a batch without some columns."""
    if hasattr(part, "columns"):
        return part.select([name for name in part.schema.names if name not in without])
    for name in without & set(part.names):
        part = part.remove(part.get_field_index(name))
    return part
