#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""People's tables: dialects, names, sizes, joins, each kind with a generator that makes a hundred more, checked against csv
and dictionaries."""

import csv
import gzip
import io
import json
import random

from import_case import ALL_TRAIN, Import, INPUT, np, task, main


class Tables(Import):
    def test_blanks_around_quotes_are_no_part_of_a_value(self):
        _, said = self.certain(self.table('a,y\n1, "x"\n2,x\n3,"z" \n4,\t"x"\n5,z\n'))
        self.assertEqual(self.classes(said), {"x": 3, "z": 2})

    def test_names_that_would_come_twice_are_refused(self):
        self.write("t.csv", "a,y\n1,0.1\n2,0.2\n3,0.3\n")
        head = 'file = "t.csv"\n' + INPUT
        regression = 'column = "y"\nkind = "regression"\n'
        binary = 'column = "a"\nkind = "binary"\npositive = ["1"]\n'.replace('"a"', '"y"').replace('"1"', '"0.1"')
        self.refuse_import(3, ["task id", '"id"', "another name"], head + "[task.id]\n" + regression + ALL_TRAIN)
        self.refuse_import(3, ['"x.class"', "another name"], head + "[task.x]\n" + binary + '[task."x.class"]\n' + regression + ALL_TRAIN)
        self.refuse_import(3, ['"x.probability"'], head + "[task.x]\n" + binary + '[task."x.probability"]\n' + regression + ALL_TRAIN)
        self.refuse_import(3, ['"x_output"'], head + "[task.x]\n" + regression + "[task.x_output]\n" + regression + ALL_TRAIN)

    def test_a_hundred_sets_of_names_come_once_or_are_refused(self):
        source = random.Random(12)
        endings = {"binary": [".class", ".probability"], "multiclass": [".class", ".probability.p", ".probability.q", ".probability.r"], "regression": [""]}
        column = {"binary": 'column = "y"\nkind = "binary"\n', "multiclass": 'column = "z"\nkind = "multiclass"\n',
                  "regression": 'column = "v"\nkind = "regression"\n'}
        self.write("t.csv", "a,y,z,v\n1,0,p,0.5\n2,1,q,1.5\n3,1,r,2.5\n")
        pool = ["id", "x", "x.class", "x.probability", "x.probability.q", "y", "x_output", "y.class.class", "y.class"]
        refused = 0
        for number in range(100):
            tasks = {name: source.choice(list(column)) for name in source.sample(pool, source.randint(1, 4))}
            made = ["id"] + [name + end for name, kind in tasks.items() for end in endings[kind]]
            ends = ["x"] + [name + ("_output" if name == "x" else "") for name in tasks]
            description = 'file = "t.csv"\n' + INPUT + "".join(f'[task."{name}"]\n{column[kind]}' for name, kind in tasks.items()) + ALL_TRAIN
            if len(set(made)) == len(made) and len(set(ends)) == len(ends):
                self.imported(description)
            else:
                refused += 1
                self.refuse_import(3, ["another name"], description)
        self.assertGreater(refused, 10)

    def test_a_hundred_arff_files_hold_what_was_written(self):
        source = random.Random(13)
        words = ["cat", "big dog", "o'x", 'q"t', "a,b", "100%", "back\\slash", "ü", "?"]
        for number in range(100):
            names, rows = source.sample(words, source.randint(2, 6)), source.randint(8, 20)
            quote = source.choice("'\"")
            def written(text):
                if source.random() < 0.5 and text.isalpha():
                    return text
                return quote + text.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote
            labels = names + [source.choice(names + [None]) for _ in range(rows - len(names))]
            values = [source.choice([str(source.randint(-9, 9)), repr(source.random())]) for _ in range(rows)]
            text = f"% made\n@relation 'r {number}'\n@ATTRIBUTE {written('a')} real\n@attribute {written('y')} {{{','.join(written(n) for n in names)}}}\n@data\n"
            for value, label in zip(values, labels):
                text += source.choice(["", "% note, 'open\n", "\n"]) + f"{value}{source.choice([',', ', ', ' ,'])}{'?' if label is None else written(label)}\n"
            self.write("t.arff", text)
            found, said, _ = self.imported('file = "t.arff"\n' + INPUT + task("multiclass") + ALL_TRAIN)
            np.testing.assert_array_equal(found["inputs/x"].ravel(), np.array([float(v) for v in values], "f4"), err_msg=text)
            self.assertEqual(self.classes(said), {n: labels.count(n) for n in names}, text)

    def test_white_space_comments_and_trailing_delimiters(self):
        found, said = self.certain(self.table("# made by hand\n  a    y # names\n\n 1 \t x\n2   z   \n# end\n3 'q'\n",
                                              keys='delimiter = "whitespace"\ncomment = "#"\n'))
        self.assertEqual(list(found["inputs/x"].ravel()), [1, 2, 3])
        self.assertEqual(self.classes(said), {"'q'": 1, "x": 1, "z": 1})
        for text in ("a,y,\n1,x,\n2,z,\n", "a,y\n1,x,\n2,z,\n", "a,y,\n1,x\n2,z\n", "a,y\n1,x,\n2,z\n", "a,y,\n1,x,\n2,z,"):
            found, said, _ = self.imported(self.table(text))
            self.assertEqual(self.classes(said), {"x": 1, "z": 1}, text)
        found, said, _ = self.imported(self.table("1,x,\n2,z,\n", keys='header = false\ncolumns = ["a", "y"]\n'))
        self.assertEqual(self.classes(said), {"x": 1, "z": 1})
        self.refuse_import(3, ["t.csv:2", "expected 2 cells", "found 1", 'comment = "#"'], self.table("a,y\n# a comment\n1,x\n"))
        self.refuse_import(3, ["t.csv:3", "expected 2 cells", "found 3"], self.table("a,y\n1,x\n2,z,3\n"))

    def test_names_that_nobody_uses_may_come_twice(self):
        found, _ = self.certain(self.table("a,y,u,u,u,,\n1,x,1,2,3,,\n2,z,1,2,3,,\n"))
        self.assertEqual(list(found["inputs/x"].ravel()), [1, 2])
        self.refuse_import(3, ["two columns", '"u"', "number"], self.table("u,y,u\n1,x,2\n2,z,3\n").replace('"a"', '"u"'))
        found, _ = self.certain(self.table("u,y,u\n1,x,2\n3,z,4\n").replace('"a"', '3'))
        self.assertEqual(list(found["inputs/x"].ravel()), [2, 4])

    def test_a_first_row_of_numbers_is_a_doubtful_header(self):
        self.doubted(self.table("1,2\n3,4\n5,6\n", kind="regression").replace('"a"', '"1"').replace('"y"', '"2"'), "taken as names", "header =")
        self.certain(self.table("1,2\n3,4\n5,6\n", kind="regression", keys="header = true\n").replace('"a"', '"1"').replace('"y"', '"2"'))

    def test_a_wrong_delimiter_is_named(self):
        self.refuse_import(2, ['delimiter = ";"'], self.table("a;y\n1;x\n2;z\n"))
        self.refuse_import(2, ['delimiter = "\\t"'], self.table("a\ty\n1\tx\n2\tz\n"))

    def test_forty_thousand_columns_take_linear_time(self):
        n = 40000
        rows = [",".join(f"c{i}" for i in range(n)) + ",y"] + [",".join(str((r * i) % 7) for i in range(n)) + f",{r % 2}" for r in range(4)]
        self.write("t.csv", "\n".join(rows) + "\n")
        names = ", ".join(f'"c{i}"' for i in range(n))
        found, _, _ = self.imported(f'file = "t.csv"\n[input.x]\ncolumns = [{names}]\n' + task("binary") + ALL_TRAIN)
        np.testing.assert_array_equal(found["inputs/x"], [[(r * i) % 7 for i in range(n)] for r in range(4)])

    def test_arff_is_read(self):
        text = ("% a comment\n@RELATION pets\n\n@attribute 'body size' NUMERIC\n@attribute kind {cat, 'big dog', \"o'x\"}\n"
                "@attribute note string\n@DATA\n1.5, cat, 'it\\'s, fine'\n% another\n2,'big dog',?\n?,\"o'x\",plain text\n".replace("?,\"o'x", "3,\"o'x"))
        for name in ("pets.arff", "pets.csv"):
            self.write(name, text)
            found, said = self.certain(f'file = "{name}"\nid = "note"\n[input.x]\ncolumns = ["body size"]\n' + task("multiclass", column="kind") + ALL_TRAIN)
            self.assertEqual(list(found["inputs/x"].ravel()), [1.5, 2, 3])
            self.assertEqual(self.classes(said), {"cat": 1, "big dog": 1, "o'x": 1})
            self.assertEqual([t.decode() for t in found["ids"]], ["it's, fine", "", "plain text"])
        self.write("s.arff", "@relation s\n@attribute a numeric\n@attribute b numeric\n@attribute y {no, yes}\n@data\n{0 2, 2 yes}\n{1 -1}\n{}\n")
        found, said = self.certain('file = "s.arff"\n[input.x]\ncolumns = ["a", "b"]\n' + task("binary", 'classes = ["no", "yes"]\n') + ALL_TRAIN)
        self.assertEqual(found["inputs/x"].tolist(), [[2, 0], [0, -1], [0, 0]])
        self.assertEqual(list(found["tasks/t/labels"]), [1, 0, 0])
        self.write("b.arff", "@relation b\n@attribute a numeric\n@attribute y {u, v}\n@data\n1,u\n2\n")
        self.refuse_import(3, ["b.arff:6", "expected 2 values"], 'file = "b.arff"\n' + INPUT + task("multiclass") + ALL_TRAIN)

    def test_other_kinds_of_files_are_named_with_a_way_out(self):
        workbook = io.BytesIO()
        import zipfile
        with zipfile.ZipFile(workbook, "w") as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
        arrays = io.BytesIO()
        np.savez(arrays, x=np.zeros(3))
        for content, fragments in (
                (b"PAR1\x15\x04", ["Parquet", "python3 -m qmtl.convert"]), (workbook.getvalue(), ["Excel", "qmtl.convert"]),
                (b'{"a": 1, "y": "x"}\n{"a": 2, "y": "z"}\n', ["JSON lines", "qmtl.convert"]), (b'[\n {"a": 1}]', ["JSON list"]),
                (arrays.getvalue(), ["NPZ", "dataset ="]), (b"\x89HDF\r\n\x1a\n", ["HDF5", "dataset ="]), (b"ARROW1\0\0", ["Arrow"]),
                (b"\xff\xff\xff\xff\x80\0\0\0", ["Arrow stream", "qmtl.convert"]),
                (b"<!DOCTYPE html>\n<html>", ["web page"]), (b"SQLite format 3\0", ["SQLite"]), (b"\xfd7zXZ\0", ["xz", "unxz"]),
                (b"\x28\xb5\x2f\xfd", ["Zstandard"]), (b"BZh91AY&SY\x8c", ["bzip2"]), (b"%PDF-1.4\n%\xe2\xe3", ["PDF"])):
            for packed in (False, True):
                with self.subTest(fragments=fragments, packed=packed):
                    self.refuse_import(3, ["t.csv", *fragments], self.table(gzip.compress(content) if packed else content))

    def test_columns_may_be_named_as_other_kinds_of_files_begin(self):
        for name in ("ORC", "PAR1", "X", "RDX", "BZh"):
            found, _ = self.certain(self.table(f"{name},y\n1,x\n2,z\n").replace('"a"', f'"{name}"'))
            self.assertEqual(list(found["inputs/x"].ravel()), [1, 2])

    def test_a_hundred_dialects_are_read_as_python_reads_them(self):
        source = random.Random(4)
        for number in range(100):
            delimiter = source.choice([",", ";", "\t", "|", "whitespace"])
            decimal = source.choice([".", ","]) if delimiter != "," else "."
            comment = source.choice(["", "#", "//", "%"])
            ending = source.choice(["\n", "\r\n"])
            codec, encoding = source.choice([("utf-8", None), ("latin-1", "latin-1"), ("utf-16", "utf-16")])
            count = source.randint(1, 4)
            rows = [[source.choice([source.randint(-999, 999), round(source.uniform(-9, 9), 3)]) for _ in range(count)]
                    + [source.choice(["red", "gr ün", 'q"x', "a,b", "x;y"])] for _ in range(12)]
            buffer = io.StringIO()
            blank = delimiter == "whitespace"
            writer = csv.writer(buffer, delimiter=" " if blank else delimiter, lineterminator="\n",
                                quoting=source.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
            writer.writerow([f"c{i}" for i in range(count)] + ["y"])
            for row in rows:
                writer.writerow([str(v).replace(".", decimal) for v in row[:-1]] + [row[-1]])
            plain = buffer.getvalue()
            lines = plain.splitlines()
            trailing = not blank and source.random() < 0.3
            text = ""
            for line in lines:
                if comment and source.random() < 0.3:
                    text += comment + " note, with; marks\" 'and'" + ending
                if blank and source.random() < 0.5:
                    line = "  " + line + " "
                text += line + (delimiter if trailing else "") + ending
            keys = f"delimiter = {json.dumps(delimiter)}\ndecimal = \"{decimal}\"\n" + (f'encoding = "{encoding}"\n' if encoding else "") \
                + (f'comment = "{comment}"\n' if comment else "")
            self.write("t.csv", text.encode(codec))
            found, said, _ = self.imported(f'file = "t.csv"\n{keys}[input.x]\ncolumns = ["c0..c{count - 1}"]\n' + task("multiclass") + ALL_TRAIN)
            read = list(csv.reader(io.StringIO(plain), delimiter=" " if blank else delimiter))[1:]
            expected = np.array([[float(v.replace(",", ".")) for v in row[:-1]] for row in read], dtype="f4")
            np.testing.assert_array_equal(found["inputs/x"], expected, err_msg=f"{number}: {text!r}")
            names = [name.decode() for name in found["tasks/t/classes"]]
            self.assertEqual([names[int(v)] for v in found["tasks/t/labels"]], [row[-1] for row in read], f"{number}: {text!r}")


class Large(Import):
    """Tables of several megabytes, which are read in pieces, against csv and numpy."""

    def test_texts_that_lie_across_pieces_are_those_of_csv(self):
        source = random.Random(3)
        rows = [[f"{source.uniform(-1e4, 1e4):.{source.randrange(12)}f}", source.choice(["", "nan", "5", '"x, ""y"""', '"two\nlines"', "é"]),
                 source.choice(["no", '"yes"', " no "])] for _ in range(120000)]
        text = "a,note,y\n" + "".join(",".join(row) + source.choice(["\n", "\r\n"]) for row in rows)
        expected = list(csv.DictReader(io.StringIO(text, newline="")))
        for codec, encoding in (("utf-8", "utf-8"), ("utf-16", "utf-16")):
            for name in ("t.csv", "t.csv.gz"):
                data = text.encode(codec)
                description = self.table(gzip.compress(data, 1) if name.endswith("gz") else data, kind="binary", more='positive = ["yes"]\n',
                                         keys=f'encoding = "{encoding}"\nid = "note"\n', name=name)
                found, said = self.certain(description)
                np.testing.assert_array_equal(found["inputs/x"][:, 0], np.array([row["a"] for row in expected], "f8").astype("f4"))
                np.testing.assert_array_equal(found["tasks/t/labels"], [row["y"].strip() == "yes" for row in expected])
                self.assertEqual([i.decode() for i in found["ids"]], [row["note"] for row in expected])
                self.assertEqual(said["missing"]["note"], sum(row["note"] in ("", "nan") for row in expected))

    def test_numbers_are_shared_by_inputs_labels_filters_and_strata(self):
        source = np.random.default_rng(4)
        n = 30000
        table = {"time": 1.7e9 + source.integers(0, 10**6, n), "a": source.normal(size=n), "b": source.normal(size=n) * 1e-9,
                 "kind": source.integers(0, 3, n), "size": source.normal(size=n)}
        self.write("t.csv", ",".join(table) + "\n" + "".join(",".join(f"{v!r}" for v in row) + "\n"
                                                           for row in zip(*(c.tolist() for c in table.values()))))
        found, said, _ = self.imported('file = "t.csv"\n[rows]\nkeep = { kind = [0, 2] }\n[input.first]\ncolumns = ["b", "time"]\n'
                                       '[input.second]\ncolumns = ["a", "time", "size"]\n[task.t]\nkind = "multiclass"\ncolumn = "kind"\n'
                                       + '[split]\nfractions = [0.5, 0.25, 0.25]\nstratify = "size"\nbins = 10\n')
        kept = table["kind"] != 1
        np.testing.assert_array_equal(found["inputs/first"][:, 0], table["b"][kept].astype("f4"))
        np.testing.assert_array_equal(found["inputs/first"][:, 1], table["time"][kept].astype("f8"))
        np.testing.assert_array_equal(found["inputs/second"], np.stack([table["a"][kept].astype("f4"), table["time"][kept],
                                                                        table["size"][kept].astype("f4")], 1))
        np.testing.assert_array_equal(found["tasks/t/labels"], table["kind"][kept] / 2)
        self.assertEqual(said["rows"], kept.sum())


class Joins(Import):
    """A second table whose rows are found by a key."""

    def joined(self, keys="", other="id;age;sex\nb;2,5;f\na;1,5;m\nc;9;m\n", table="who,v,y\na,1,0\nb,2,1\na,3,1\n"):
        self.write("t.csv", table)
        self.write("people.csv", other)
        return ('file = "t.csv"\n[join.people]\nfile = "people.csv"\nkey = ["who", "id"]\ndelimiter = ";"\ndecimal = ","\n' + keys
                + '[input.x]\ncolumns = ["v", "age", "sex"]\none_hot = ["sex"]\nmissing = "mean"\n' + task("binary") + ALL_TRAIN)

    def test_rows_get_the_columns_of_their_partner(self):
        found, said = self.certain(self.joined())
        self.assertEqual(found["inputs/x"].tolist(), [[1, 1.5, 0, 1], [2, 2.5, 1, 0], [3, 1.5, 0, 1]])
        self.assertIn("3 rows have a partner by id, 0 have none; 1 of its rows are not used", said["notes"][0])

    def test_what_has_no_partner_or_two_is_refused_or_missing_as_told(self):
        lonely = "who,v,y\na,1,0\nz,2,1\n,3,1\n"
        self.refuse_import(3, ["t.csv:3, column who", '"z"', "people.csv", 'join.people.unmatched = "missing"'], self.joined(table=lonely))
        found, _ = self.certain(self.joined(keys='unmatched = "missing"\n', table=lonely + "b,4,0\n", other="id;age;sex\na;1,5;m\nb;1,5;f\n"))
        self.assertEqual(found["inputs/x"][:, :3].tolist(), [[1, 1.5, 0], [2, 1.5, 1], [3, 1.5, 1], [4, 1.5, 0]])
        self.refuse_import(3, ["people.csv:3, column id", '"a" again', "line 2"], self.joined(other="id;age;sex\na;1;m\na;2;f\n"))
        self.refuse_import(3, ["none of the 1 of", "another column"], self.joined(keys='unmatched = "missing"\n', other="id;age;sex\nq;1;m\n"))
        self.refuse_import(2, ["join.people.key", "who2"], self.joined().replace('"who", "id"', '"who2", "id"'))
        self.refuse_import(2, ["join.people.unmatched"], self.joined(keys='unmatched = "drop"\n'))
        self.refuse_import(2, ["join.people.colums"], self.joined(keys='colums = ["age"]\n'))
        self.refuse_import(2, ['two columns are named "v"'], self.joined(other="id;age;sex;v\na;1;m;1\nb;1;m;1\n"))

    def test_a_hundred_joins_are_those_of_a_dictionary(self):
        source = random.Random(31)
        for number in range(100):
            keys = [f"{source.choice('abc')}{i}" for i in range(source.randint(3, 20))]
            values = {key: source.randint(-99, 99) for key in keys}
            rows = [source.choice(keys + ["none"]) for _ in range(source.randint(10, 40))] + [keys[0], keys[1]]
            self.write("o.csv", "k,w\n" + "".join(f"{k},{values[k]}\n" for k in source.sample(keys, len(keys))))
            self.write("t.csv", "k,y\n" + "".join(f"{k},{i % 2}\n" for i, k in enumerate(rows)))
            found, _, _ = self.imported('file = "t.csv"\n[join.o]\nfile = "o.csv"\nkey = "k"\nunmatched = "missing"\nprefix = "o."\n[rows]\ndrop_missing = ["o.w"]\n'
                                        '[input.x]\ncolumns = ["o.w"]\n' + task("binary") + ALL_TRAIN)
            self.assertEqual(found["inputs/x"].ravel().tolist(), [values[k] for k in rows if k in values], number)
            self.assertEqual(found["tasks/t/labels"].tolist(), [i % 2 for i, k in enumerate(rows) if k in values], number)

if __name__ == "__main__":
    main()
