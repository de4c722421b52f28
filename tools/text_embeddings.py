#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns a text column of a CSV file into an array of embeddings (NPY) that a description for `qmtl import` can name.

    tools/text_embeddings.py reviews.csv --column text --out reviews.npy

    # in the description:
    [input.text]
    file = "reviews.npy"

With the Python package sentence-transformers installed, --model names one of its models (default all-MiniLM-L6-v2).
Without it, or with --hashed, each text becomes a hashed bag of n-grams: its lower-case words and pairs of neighbouring
words are counted; BLAKE2b of an n-gram chooses one of --dimensions entries and a sign; an entry is the signed sum of
sqrt(count), and the row has length 1 (0 for a text without words). Equal texts give equal rows on every machine.
"""

import argparse
import collections
import csv
import gzip
import hashlib
import re
import sys

try:
    import numpy
except ImportError:
    sys.exit("text_embeddings: expected the Python package numpy, found none; install python3-numpy")

DEFAULT_MODEL = "all-MiniLM-L6-v2"


class DataError(Exception):
    """Bad data or file: exit code 3, as of qmtl."""


def read_texts(path, column, delimiter):
    """The texts of a column, named by the header or by its number from 1."""
    opener = gzip.open if path.endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file, delimiter=delimiter) if row]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    if len(rows) < 2:
        raise DataError(f"{path}: expected a header and at least one row, found {len(rows)} rows")
    header = rows[0]
    if column in header:
        index = header.index(column)
    elif column.isdigit() and 1 <= int(column) <= len(header):
        index = int(column) - 1
    else:
        raise DataError(f"{path}: expected a column \"{column}\", found {', '.join(header[:12])}")
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(header):
            raise DataError(f"{path}: row {number}: expected {len(header)} cells as in the header, found {len(row)}")
    return [row[index] for row in rows[1:]]


def hashed(texts, dimensions):
    """Rows of a hashed bag of words and word pairs, float32 [texts, dimensions]."""
    places = {}

    def place(gram):
        if gram not in places:
            digest = int.from_bytes(hashlib.blake2b(gram.encode(), digest_size=8).digest(), "little")
            places[gram] = (digest >> 1) % dimensions, 1.0 if digest & 1 else -1.0
        return places[gram]

    result = numpy.zeros((len(texts), dimensions))
    for row, text in zip(result, texts):
        words = re.findall(r"\w+", text.lower())
        for gram, count in collections.Counter(words + [" ".join(pair) for pair in zip(words, words[1:])]).items():
            index, sign = place(gram)
            row[index] += sign * count**0.5
        length = numpy.sqrt((row**2).sum())
        if length > 0:
            row /= length
    return result.astype("<f4")


def embedded(texts, name):
    """Rows of a sentence-transformers model."""
    from sentence_transformers import SentenceTransformer

    try:
        model = SentenceTransformer(name)
    except Exception as error:  # the package has no error of its own for a model that is not there
        raise DataError(f"the model {name} cannot be loaded: {error}; name a folder with a model, or use --hashed") from None
    return numpy.asarray(model.encode(texts, show_progress_bar=False), dtype="<f4")


def has_sentence_transformers():
    try:
        import sentence_transformers  # noqa: F401
    except ImportError:
        return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", help="CSV file with a header, plain or .gz")
    parser.add_argument("--column", required=True, help="name or number (from 1) of the text column")
    parser.add_argument("--out", required=True, help="the NPY file to write")
    parser.add_argument("--delimiter", default=",")
    parser.add_argument("--model", help=f"name or folder of a sentence-transformers model (default {DEFAULT_MODEL})")
    parser.add_argument("--hashed", action="store_true", help="hashed n-grams, whatever is installed")
    parser.add_argument("--dimensions", type=int, default=256, help="of hashed n-grams (default 256)")
    options = parser.parse_args()
    if options.dimensions < 1:
        parser.error("--dimensions: expected at least 1")
    if options.model and options.hashed:
        parser.error("--model and --hashed exclude each other")
    available = not options.hashed and has_sentence_transformers()
    if options.model and not available:
        parser.error("--model needs the Python package sentence-transformers, which is not installed")
    try:
        texts = read_texts(options.table, options.column, options.delimiter)
        if available:
            how = f"sentence-transformers model {options.model or DEFAULT_MODEL}"
            rows = embedded(texts, options.model or DEFAULT_MODEL)
        else:
            how = f"hashed n-grams of {options.dimensions} dimensions"
            rows = hashed(texts, options.dimensions)
        with open(options.out, "wb") as file:
            numpy.save(file, rows)
    except (DataError, OSError) as error:
        print(f"text_embeddings: {error}", file=sys.stderr)
        return 3
    print(f"{options.out}: {rows.shape[0]} texts x {rows.shape[1]} numbers, {how}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
