#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What an import says before it is too late, and what descriptions make of tables: categories, gaps, filters, groups, tasks
by a pattern, checked against numpy."""

import random

from import_case import ALL_TRAIN, h5py, Import, INPUT, np, task, main


class Told(Import):
    def test_a_column_cannot_be_input_and_label(self):
        self.refuse_import(2, ["column y", "input and the label of task t"], self.table("a,y\n1,2\n2,3\n", kind="regression").replace('["a"]', '["a", "y"]'))

    def test_numbers_taken_as_many_classes_are_said(self):
        rows = "".join(f"{i},{i % 44}\n" for i in range(200))
        self.doubted(self.table("a,y\n" + rows), "44 different numbers are taken as classes", 'kind = "regression"')
        rows = "".join(f"{i},{i / 7}\n" for i in range(200))
        self.refuse_import(3, ["200 different numbers", 'kind = "regression"'], self.table("a,y\n" + rows))

    def test_a_task_without_a_positive_label_is_refused(self):
        self.refuse_import(3, ["none of the 3 labels of task t is positive", "0 (3)"], self.table("a,y\n1,0\n2,0\n3,0\n", kind="binary"))
        self.refuse_import(3, ["none of the 4 labels"], self.table("a,y,z\n1,0,0\n2,0,0\n", kind="binary").replace(
            'column = "y"\nkind = "binary"', 'columns = ["y", "z"]\nkind = "multilabel"'))
        self.doubted(self.table("a,y\n1,1\n2,1\n", kind="binary"), "all 2 labels")

    def test_an_unknown_metric_is_refused_at_import(self):
        self.refuse_import(2, ["bad.toml:7", "task.t.metric", "accurracy"], self.table("a,y\n1,x\n2,z\n", more='metric = "accurracy"\n'))
        self.refuse_import(2, ["task.t.metric", "rmse"], self.table("a,y\n1,x\n2,z\n", more='metric = "rmse"\n'))

    def test_set_is_refused_where_it_would_change_nothing(self):
        self.write("t.toml", self.table("a,y\n1,x\n2,z\n"))
        for command in (["import", "t.toml", "--out", "never.h5"], ["eval", "run"], ["predict", "run", "t.csv", "--out", "p.csv"],
                        ["inspect", "t.h5"], ["export", "run", "--to", "edge", "--out", "x"], ["report", "run"], ["watch", "run"], ["doctor"],
                        ["noise", "--checkpoint", "run"], ["sweep", "run"], ["keys"], ["replay", "plan", "run"], ["bench", "--workload", "w"]):
            self.refuse(2, ["--set: expected none for " + command[0], "train.epochs=3"], *command, "--set", "train.epochs=3")

    def test_rows_without_labels_take_no_place_where_fractions_decide(self):
        rows = "".join(f"{i},{i % 2 if i % 4 == 0 or i % 7 == 0 else ''}\n" for i in range(400))
        labelled = [i for i in range(400) if i % 4 == 0 or i % 7 == 0]
        split = "[split]\nfractions = [0.6, 0.2, 0.2]\n"
        found, said = self.certain(self.table("a,y\n" + rows, kind="binary", split=split))
        self.assertEqual(found["inputs/x"].ravel().tolist(), labelled)
        self.assertEqual(found["tasks/t/labels"].tolist(), [i % 2 for i in labelled])
        n = len(labelled)
        self.assertEqual([list(found["split"]).count(part) for part in range(3)], [round(.6 * n), round(.8 * n) - round(.6 * n), n - round(.8 * n)])
        self.assertEqual((said["rows"], said["tasks"]["t"]["labels"], said["tasks"]["t"]["missing"]), (n, n, 0))
        self.assertIn(f"{400 - n} of 400 rows have no label for any task and are left out", said["notes"][0])
        found, said = self.certain(self.table("a,y\n" + rows, kind="binary", split=split + "keep_unlabelled = true\n"))
        self.assertEqual((len(found["split"]), said["tasks"]["t"]["missing"]), (400, 400 - n))
        np.save(self.path("x.npy"), np.arange(800.0).reshape(400, 2))
        found, _ = self.certain(self.table("a,y\n" + rows, kind="binary", split=split).replace('columns = ["a"]', 'file = "x.npy"'))
        self.assertEqual(found["inputs/x"].tolist(), [[2 * i, 2 * i + 1] for i in labelled])
        by_column = 'file = "t.csv"\n' + INPUT + task("binary") + '[split]\ncolumn = "part"\n'
        self.write("t.csv", "a,y,part\n1,0,train\n2,1,train\n" + "3,,test\n" * 5)
        self.doubted(by_column, "5 of 7 rows have no label")
        self.refuse_import(3, ["expected rows with a label", "3 of 3 rows"], self.table("a,y\n1,\n2,\n3,\n", kind="regression", split=split))

    def test_strata_too_small_to_share_out_are_refused_and_ranges_are_not(self):
        rows = "a,y\n" + "".join(f"{i},{i / 10}\n" for i in range(200))
        split = '[split]\nfractions = [0.6, 0.2, 0.2]\nstratify = "y"\n'
        self.refuse_import(3, ["split.stratify", "column y", "200 different values", "bins"], self.table(rows, kind="regression", split=split))
        found, _ = self.certain(self.table(rows, kind="regression", split=split + "bins = 10\n"))
        values, parts = found["tasks/t/labels"], found["split"]
        for low in range(10):
            of_bin = parts[(values >= 2 * low - 1e-4) & (values < 2 * low + 1.99)]
            self.assertEqual([list(of_bin).count(part) for part in range(3)], [12, 4, 4])

    def test_the_report_names_rows_missing_cells_and_classes(self):
        self.write("t.toml", self.table("a,y\n1,x\n2,z\n3,\n4,x\n"))
        text = self.succeed("import", "t.toml", "--out", "r.h5", "--overwrite").stdout
        for fragment in ("rows         4", "missing      y: 1 cells", "t: 3 labels, 1 missing; x 2, z 1"):
            self.assertIn(fragment, text)
        with h5py.File(self.path("r.h5")) as file:
            self.assertEqual([n.decode() for n in file["tasks/t/classes"]], ["x", "z"])
            self.assertEqual([n.decode() for n in file["columns/x"]], ["a"])


class Shapes(Import):
    """Categories, missing inputs, rows, groups and many tasks at once."""

    def test_categories_and_missing_cells_become_numbers(self):
        self.write("t.csv", "age,job,size,y\n10,cook,S,0\n,smith,M,1\n30,cook,L,0\n50,,S,1\n")
        keys = '[input.x]\ncolumns = ["age", "job", "size"]\none_hot = ["job"]\nordinal = ["size"]\n'
        rest = task("binary") + ALL_TRAIN
        for policy, age in (("mean", 30), ("median", 30)):
            found, _ = self.certain('file = "t.csv"\n' + keys + f'categories = {{ size = ["S", "M", "L"] }}\nmissing = "{policy}"\n' + rest)
            self.assertEqual(found["inputs/x"].tolist(), [[10, 0, 1, 0, 0, 0], [age, 1, 0, 1, 0, 1], [30, 0, 1, 0, 0, 2], [50, 0, 0, 0, 1, 0]])
            self.assertEqual([n.decode() for n in found["columns/x"]], ["age", "age.missing", "job=cook", "job=smith", "job.missing", "size"])
        found, _ = self.certain('file = "t.csv"\n' + keys + 'missing = "mean"\nindicator = false\n' + rest)
        self.assertEqual(found["inputs/x"].tolist(), [[10, 1, 0, 2], [30, 0, 1, 1], [30, 1, 0, 0], [50, 0, 0, 2]])
        self.refuse_import(3, ["t.csv:3, column age", "empty cell", "median"], 'file = "t.csv"\n' + keys + rest)
        self.write("t.csv", "job,y,part\ncook,0,train\nsmith,1,train\npilot,1,test\n")
        keys = '[input.x]\ncolumns = ["job"]\none_hot = ["job"]\n'
        rest = task("binary") + '[split]\ncolumn = "part"\n'
        self.refuse_import(3, ["t.csv:4, column job", '"pilot"', 'unseen = "zero"'], 'file = "t.csv"\n' + keys + rest)
        found, _ = self.certain('file = "t.csv"\n' + keys + 'unseen = "zero"\n' + rest)
        self.assertEqual(found["inputs/x"].tolist(), [[1, 0], [0, 1], [0, 0]])
        self.refuse_import(2, ["input.x.one_hot", "columns lists too"], 'file = "t.csv"\n' + keys.replace('t = ["job"]', 't = ["y"]') + rest)

    def test_a_hundred_tables_of_categories_are_what_numpy_computes(self):
        source = random.Random(10)
        for number in range(100):
            rows = source.randint(6, 30)
            part = ["train", "train"] + [source.choice(["train", "validation", "test"]) for _ in range(rows - 2)]
            age = ["1", "2"] + [source.choice(["", "nan", "NA", str(source.randint(0, 99)), str(source.random())]) for _ in range(rows - 2)]
            job = ["a", "b"] + [source.choice("abcde") for _ in range(rows - 2)]
            policy = source.choice(["mean", "median"])
            self.write("t.csv", "age,job,y,part\n" + "".join(f"{a},{j},{i % 2},{p}\n" for i, (a, j, p) in enumerate(zip(age, job, part))))
            found, _, _ = self.imported('file = "t.csv"\n[input.x]\ncolumns = ["age", "job"]\none_hot = ["job"]\nunseen = "zero"\n'
                                        f'missing = "{policy}"\nmissing_texts = ["NA"]\n' + task("binary") + '[split]\ncolumn = "part"\n')
            numbers = np.array([np.nan if a in ("", "nan", "NA") else float(a) for a in age])
            trained = np.array(part) == "train"
            fill = getattr(np, "nan" + policy)(numbers[trained])
            columns = [np.where(np.isnan(numbers), fill, numbers)]
            if np.isnan(numbers).any():
                columns.append(np.isnan(numbers))
            columns += [np.array(job) == c for c in sorted(set(np.array(job)[trained]))]
            # Sums of a few numbers in double, rounded once to float.
            np.testing.assert_allclose(found["inputs/x"], np.stack(columns, 1).astype("f8"), rtol=1e-6, err_msg=str(number))

    def test_rows_are_kept_and_dropped_in_tables_and_arrays(self):
        self.write("t.csv", "a,y,site,age\n0,0,p,1\n1,1,q,2\n2,0,p,\n3,1,r,4\n4,0,q,5\n5,1,p,6\n")
        np.save(self.path("x.npy"), np.arange(12.0).reshape(6, 2))
        found, said = self.certain('file = "t.csv"\n[rows]\nkeep = { site = ["p", "q"] }\ndrop = { a = [1] }\ndrop_missing = ["age"]\n'
                                   '[input.a]\ncolumns = ["a"]\n[input.x]\nfile = "x.npy"\n' + task("binary") + ALL_TRAIN)
        self.assertEqual(list(found["inputs/a"].ravel()), [0, 4, 5])
        self.assertEqual(found["inputs/x"].tolist(), [[0, 1], [8, 9], [10, 11]])
        self.assertEqual(list(found["tasks/t/labels"]), [0, 0, 1])
        self.assertEqual(said["rows"], 3)
        self.assertIn("3 rows are left out", said["notes"][0])
        self.refuse_import(3, ["rows.keep.site", '"z"', "never occurs"], self.table("a,y,site\n1,0,p\n2,1,p\n", kind="binary", keys="").replace(
            "[input", '[rows]\nkeep = { site = ["z"] }\n[input'))

    def test_groups_stay_together(self):
        source = random.Random(11)
        for number in range(20):
            people = [source.randrange(30) for _ in range(200)]
            self.write("t.csv", "a,y,who\n" + "".join(f"{i},{i % 2},p{p}\n" for i, p in enumerate(people)))
            found, _ = self.certain('file = "t.csv"\ngroups = "who"\n' + INPUT + task("binary") + f"[split]\nfractions = [0.6, 0.2, 0.2]\nseed = {number}\n")
            order = list(dict.fromkeys(people))
            self.assertEqual(list(found["groups"]), [order.index(p) for p in people])
            parts = {p: {part for q, part in zip(people, found["split"]) if q == p} for p in order}
            self.assertTrue(all(len(of) == 1 for of in parts.values()))
            counts = [sum(of == {part} for of in parts.values()) for part in range(3)]
            self.assertEqual(counts, [round(0.6 * len(order)), round(0.8 * len(order)) - round(0.6 * len(order)), len(order) - round(0.8 * len(order))])
        self.write("t.csv", "a,y,who,part\n1,0,p,train\n2,1,p,test\n3,1,q,train\n")
        self.doubted('file = "t.csv"\ngroups = "who"\n' + INPUT + task("binary") + '[split]\ncolumn = "part"\n', "1 groups have rows in several parts")

    def test_one_table_makes_a_task_of_each_column(self):
        self.write("t.csv", "a," + ",".join(f"sick{i}" for i in range(14)) + "\n"
                   + "".join(f"{r}," + ",".join("yes" if (r + i) % 3 == 0 else "" if (r + i) % 5 == 0 else "no" for i in range(14)) + "\n" for r in range(9)))
        found, said = self.certain('file = "t.csv"\n' + INPUT + '[tasks]\neach = { columns = ["sick0..sick13"], kind = "binary", prefix = "is ", classes = ["no", "yes"] }\n' + ALL_TRAIN)
        self.assertEqual(len(said["tasks"]), 14)
        for i in range(14):
            np.testing.assert_array_equal(found[f"tasks/is sick{i}/labels"],
                                          [1 if (r + i) % 3 == 0 else np.nan if (r + i) % 5 == 0 else 0 for r in range(9)])

if __name__ == "__main__":
    main()
