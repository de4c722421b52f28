#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`qmtl report`: one page without references to others, that a browser shows without errors; wrong input leaves no page."""

import html.parser
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Program, main

NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(1)> \"'&"


def compare():
    def run(seed):
        return {"split": "fold0", "seed": seed, "choice": {"train.learning_rate": 0.01}, "validation": 0.9, "mean": 0.91,
                "tasks": {NASTY: 0.91}, "argmax": None, "best_epoch": 3, "seconds": 1.5, "run_hash": f"{seed:064x}"}

    def variant(name, head):
        return {"name": name, "head": "qmtl", "width": 8, "ablation": name == NASTY,
                "parameters": {"head": head, "backbone": 5000}, "runs": [run(1), run(2)],
                "summary": {"mean": 0.91, "sd": 0.012, "validation": 0.9, "seconds": 1.5,
                            "tasks": {NASTY: {"mean": 0.91, "sd": 0.012}, "b": {"mean": None, "sd": None}}}}

    return {"format": "qmtl-compare", "version": 1, "title": "heads " + NASTY,
            "data": {"title": NASTY, "hash": "ab" * 32, "samples": 1797}, "seeds": [1, 2], "splits": ["fold0"],
            "variants": [variant("qmtl", 100), variant(NASTY, 12345)], "metric": {NASTY: "f1", "b": "auc"},
            "left_out": {"c": "too few labels"},
            "differences": [{"a": "qmtl", "b": NASTY, "mean": 0.01, "low": -0.002, "high": 0.022, "n": 2, "p": 0.0004}]}


def scale():
    return {"format": "qmtl-scale", "version": 1,
            "counted": [{"head": h, "T": t, "width": 2 * t, "head_parameters": t * (t if h == "linear" else 6),
                         "total_parameters": 4096 + t * t} for h in ("linear", "qmtl") for t in (4, 64, 1024)],
            "slopes": [{"head": "linear", "of": "head", "slope": 2.0, "low": 1.99, "high": 2.01}],
            "trained": [{"head": "qmtl", "T": 4, "width": 8, "head_parameters": 24, "accuracy": 0.93,
                         "seconds_per_step": 0.0021, "memory_bytes": 12500000}]}


def noise():
    return {"format": "qmtl-noise-sweep", "version": 1, "title": "sweep",
            "shots": [{"shots": 0, "mean": 0.96, "sd": 0.0}, {"shots": 100, "mean": 0.9, "sd": 0.02}],
            "noise": [{"strength": 0.0, "mean": 0.96, "mitigated": None}, {"strength": 0.01, "mean": 0.9, "mitigated": 0.94}]}


class Page(html.parser.HTMLParser):
    """The elements of a page, its visible text, and what its elements refer to."""

    VOID = {"meta", "link", "img", "br"}

    def __init__(self, text):
        super().__init__()
        self.tags, self.references, self.handlers, self.text, self.open = [], [], [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "srcset", "action", "data"):
                self.references.append(value)
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> ends {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text += data


class Pages(Program):
    """Three runs, one of them on three ranks and resumed on one, a comparison, a scaling study and a noise sweep."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("run", "other"):
            cls.must("train", "train.toml", "--quiet", "--set", f"run.folder={name}")
        for options, ranks in ((["--set", "train.epochs=1"], 1), (["--resume"], 3)):
            cls.must("train", "train.toml", "--quiet", "--set", "run.folder=ranks", "--set", "run.log_every=1", "--threads", "1",
                     *options, ranks=ranks)
        restarts = ({"time": 1e9, "exit_code": 137, "reason": "killed", "step": 3, "wait_seconds": 1.5},
                    {"time": 1e9 + 60, "exit_code": 75, "step": 6, "wait_seconds": 3})
        cls.write("ranks/restarts.jsonl", "".join(json.dumps(restart) + "\n" for restart in restarts) + "{\"time\": 10")
        for name, content in (("compare.json", compare()), ("scale.json", scale()), ("noise.json", noise())):
            cls.write(name, json.dumps(content))

    def report(self, *arguments):
        return json.loads(self.succeed("report", *arguments, "--json").stdout)

    def page(self, name):
        return Page(self.read(name).decode())

    def chart_text(self, name):
        return self.read(name).decode().split('id="charts">')[1].split("</script>")[0]


class Report(Pages):
    def test_everything_is_one_page_that_refers_to_nothing_outside(self):
        made = self.report("run", "other", "compare.json", "scale.json", "noise.json", "--out", "all.html")
        self.assertEqual([section["kind"] for section in made["sections"]],
                         ["compare", "scale", "noise-sweep", "runs", "run", "run"])
        self.assertEqual(made["bytes"], os.path.getsize(self.path("all.html")))
        page = self.page("all.html")
        self.assertEqual(page.open, [])
        outside = [r for r in page.references if not r.startswith("#") and r != "data:,"]
        self.assertEqual(outside, [])
        self.assertEqual(page.tags.count("canvas"), len(json.loads(self.chart_text("all.html"))))
        self.assertEqual(page.tags.count("table"), page.tags.count("caption"))

    def test_names_are_shown_as_they_are_and_never_become_elements(self):
        self.report("compare.json", "--out", "nasty.html", "--title", NASTY)
        page = self.page("nasty.html")
        self.assertEqual(page.tags.count("script"), 3)
        self.assertNotIn("img", page.tags)
        self.assertEqual(page.handlers, [])
        self.assertIn(NASTY, page.text)
        names = [series["name"] for chart in json.loads(self.chart_text("nasty.html")) for series in chart["series"]]
        self.assertIn(NASTY, names)

    def test_a_run_shows_its_scores_parameters_circuit_and_hashes(self):
        made = self.report("run")
        self.assertEqual(os.path.normpath(made["out"]), "run/report.html")
        text = self.page("run/report.html").text
        inspected = json.loads(self.succeed("inspect", "run", "--json").stdout)
        for key in ("run_hash", "data_hash", "content_hash"):
            self.assertIn(inspected[key], text)
        records = self.metrics("run", "epoch")
        best = records[inspected["best_epoch"] - 1]
        for task, value in best["tasks"].items():
            self.assertIn(task, text)
            self.assertIn(f"{value:.4f}", text)
        for tensor in inspected["tensors"]:
            self.assertIn(tensor, text)
        self.assertIn("RY(a0)", text)
        self.assertIn("learning_rate", text)
        loss = json.loads(self.chart_text("run/report.html"))[0]
        self.assertEqual([p[0] for p in loss["series"][0]["points"]], [1, 2, 3])
        self.assertAlmostEqual(loss["series"][0]["points"][2][1], records[2]["train_loss"], delta=1e-5)

    def test_a_run_shows_the_circuits_of_its_backbone(self):
        self.succeed("train", "train.toml", "--quiet", "--set", "run.folder=stages", "--set", "train.epochs=1", "--set",
                     'backbone.layers=[{ type = "circuit", qubits = 3 }, { type = "residual", layers = [{ type = "circuit", '
                     'qubits = 6, share = true, rotations = ["rx"] }] }]')
        self.report("stages")
        text = self.page("stages/report.html").text
        of_trunk = text[text.index("Circuits of the layer trunk.0"):]
        first, inner = of_trunk.split("Circuits of the layer trunk.1.0")
        for part, rotation, numbers in ((first, "RY(p0)", "numbers of its own"), (inner, "RX(p0)", "the same trained numbers")):
            self.assertIn("RY(a0)", part)
            self.assertIn(rotation, part)
            self.assertIn(numbers, part)

    def test_a_run_shows_where_its_time_went(self):
        self.report("ranks")
        text = self.page("ranks/report.html").text
        charts = json.loads(self.chart_text("ranks/report.html"))
        epochs = self.metrics("ranks", "epoch")[1:]  # those on three ranks
        steps = sum(line["timing"]["steps"] for line in epochs)
        seconds = sum(line["timing"]["seconds"] for line in epochs)
        for phase in ("compute", "wait", "reduce", "update", "evaluate", "save"):
            mean = sum(line["timing"]["phases"][phase]["mean"] for line in epochs)
            self.assertIn(f"{phase}", text)
            self.assertIn(f"{100 * mean / seconds:.1f} %", text)
        compute = [sum(line["timing"]["phases"]["compute"]["ranks"][rank] for line in epochs) for rank in range(3)]
        ratio = max(compute) / (sum(compute) / 3)
        self.assertIn(f"{ratio:.2f}", text)
        self.assertIn("3 ranks, 1 thread each", text)
        work = next(chart for chart in charts if chart["x"]["title"] == "rank")
        self.assertEqual([series["name"] for series in work["series"]], ["compute", "wait"])
        for rank, point in enumerate(work["series"][0]["points"]):
            self.assertEqual(point[0], rank)
            self.assertAlmostEqual(point[1] / (1e3 * compute[rank] / steps), 1, delta=1e-4)
        losses = next(chart for chart in charts if chart["x"]["title"] == "step")
        expected = [[line["step"], line["losses"]["value"]] for line in self.metrics("ranks", "step")]
        points = next(series["points"] for series in losses["series"] if series["name"] == "value")
        for point, (step, loss) in zip(points, expected, strict=True):
            self.assertEqual(point[0], step)
            self.assertAlmostEqual(point[1], loss, delta=1e-5 * abs(loss))

    def test_a_run_shows_its_environment_starts_and_restarts(self):
        self.report("ranks")
        text = self.page("ranks/report.html").text
        starts = [json.loads(line) for line in self.read("ranks/environment.jsonl").decode().splitlines()]
        self.assertEqual(len(starts), 2)
        for key in ("mpi", "hdf5", "processor", "system"):
            self.assertIn(starts[1][key], text)
        for place in starts[1]["ranks"]:
            for value in (place["host"], str(place["process"]), place["cores"], place["simd"]):
                self.assertIn(value, text)
        for shown in ("Starts of the program", "Restarts by qmtl supervise", "2001-09-09 01:46:40 UTC", "1.5 s", "restarts"):
            self.assertIn(shown, text)
        self.assertRegex(text, r"137\s*killed\s*3\s*1\.5 s")
        self.assertRegex(text, r"01:47:40 UTC\s*75\s*6\s*3\.0 s")

    def test_a_run_without_times_and_environment_is_shown_without_them(self):
        shutil.copytree(self.path("run"), self.path("bare"))
        os.remove(self.path("bare/environment.jsonl"))
        self.write("bare/metrics.jsonl", "".join(
            json.dumps({key: value for key, value in line.items() if key not in ("timing", "kind")}) + "\n"
            for line in self.metrics("run")))
        self.report("bare")
        text = self.page("bare/report.html").text
        self.assertNotIn("Where the time went", text)
        self.assertNotIn("Environment", text)
        self.assertIn("Every epoch", text)

    def test_numbers_are_written_for_people(self):
        self.report("compare.json", "scale.json", "noise.json", "--out", "numbers.html")
        text = self.page("numbers.html").text
        for shown in ("12,345", "17,345", "0.9100 ± 0.0120", "+0.0100", "-0.0020 to +0.0220", "< 0.001", "2.1 ms",
                      "12.5 MB", "1.990 to 2.010", "exact"):
            self.assertIn(shown, text)

    def test_equal_input_gives_an_equal_page_and_an_older_report_is_replaced(self):
        self.report("run", "noise.json", "--out", "a.html")
        first = self.read("a.html")
        self.report("run", "noise.json", "--out", "a.html")
        self.assertEqual(self.read("a.html"), first)

    def test_a_folder_of_results_needs_no_file_names(self):
        os.makedirs(self.path("results"), exist_ok=True)
        self.write("results/noise.json", json.dumps(noise()))
        self.write("results/scale.json", json.dumps(scale()))
        made = self.report("results")
        self.assertEqual([section["kind"] for section in made["sections"]], ["scale", "noise-sweep"])
        self.assertTrue(os.path.exists(self.path("results/report.html")))

    def test_damaged_or_missing_input_is_one_error_and_leaves_the_old_page(self):
        def damaged(change):
            content = compare()
            change(content)
            return json.dumps(content)

        cases = [
            ("{\"format\": \"qmtl-comp", ["not valid JSON"]),
            ("[1, 2]", ["expected an object with the field format", "a list of 2"]),
            (json.dumps({"format": "qmtl-other", "version": 1}), ["format", "qmtl-scale", "qmtl-other"]),
            (damaged(lambda c: c.update(version=2)), ["version", "from 1 to 1", "found 2"]),
            (damaged(lambda c: c.pop("variants")), ["expected the field variants"]),
            (damaged(lambda c: c.update(variants=[])), ["variants", "at least one"]),
            (damaged(lambda c: c["variants"][1]["summary"].update(mean="high")),
             ["variants[1].summary.mean", "expected a number", "\"high\""]),
            (damaged(lambda c: c["variants"][0]["parameters"].update(head=-3)),
             ["variants[0].parameters.head", "whole number", "-3"]),
        ]
        self.write("old.html", "<!doctype html>old")
        for content, fragments in cases:
            with self.subTest(fragments=fragments):
                self.write("bad.json", content)
                self.refuse(3, ["bad.json", *fragments], "report", "bad.json", "--out", "old.html")
                self.assertEqual(self.read("old.html"), b"<!doctype html>old")
        self.refuse(3, ["none", "no such file"], "report", "none")
        os.makedirs(self.path("empty"), exist_ok=True)
        self.refuse(3, ["empty", "found neither"], "report", "empty")
        shutil.copytree(self.path("run"), self.path("torn"), ignore=shutil.ignore_patterns("report.html"))
        lines = self.read("torn/metrics.jsonl")
        self.write("torn/metrics.jsonl", lines[:-20])
        self.refuse(3, ["torn/metrics.jsonl:3", "not valid JSON"], "report", "torn")
        self.assertFalse(os.path.exists(self.path("torn/report.html")))
        for file, line, fragments in (("restarts.jsonl", "{\"time\": 1}", ["restarts.jsonl:1", "exit_code"]),
                                      ("environment.jsonl", "[]", ["environment.jsonl:1", "time"]),
                                      ("metrics.jsonl", "{\"kind\": \"year\"}", ["metrics.jsonl:1", "kind", "\"year\""])):
            with self.subTest(file=file):
                folder = f"damaged-{file}"
                shutil.copytree(self.path("run"), self.path(folder), ignore=shutil.ignore_patterns("report.html"))
                self.write(f"{folder}/{file}", line + "\n")
                self.refuse(3, fragments, "report", folder)

    def test_a_file_that_is_no_report_is_never_replaced(self):
        self.refuse(2, ["compare.json", "earlier report"], "report", "compare.json", "--out", "compare.json")
        self.assertEqual(json.loads(self.read("compare.json"))["format"], "qmtl-compare")

    def test_a_path_is_needed(self):
        self.refuse(2, ["path", "Usage: qmtl report"], "report")


CHROMIUM = shutil.which("chromium")


@unittest.skipUnless(CHROMIUM, "chromium is not installed")
class Browser(Pages):
    """A browser's own word: nothing on the console, and no request but the one for the page."""

    def console(self, name, *options):
        """Opens a page of the folder from a server of its own; returns the console's lines, the paths asked for, the DOM."""
        asked = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments, folder=self.base, **others):
                super().__init__(*arguments, directory=folder, **others)

            def log_request(self, *_):
                asked.append(self.path)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with tempfile.TemporaryDirectory(prefix="qmtl-chromium-") as profile:
                command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                           f"--user-data-dir={profile}", "--virtual-time-budget=4000", "--enable-logging=stderr",
                           "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", *options, "--dump-dom",
                           f"http://127.0.0.1:{server.server_port}/{name}"]
                result = subprocess.run(command, capture_output=True, text=True, timeout=120)
        finally:
            server.shutdown()
            server.server_close()
        return [line for line in result.stderr.splitlines() if "CONSOLE" in line], asked, result.stdout

    def test_a_browser_draws_every_chart_without_errors_and_requests(self):
        self.report("run", "other", "ranks", "compare.json", "scale.json", "noise.json", "--out", "shown.html")
        charts = len(json.loads(self.chart_text("shown.html")))
        for options in ([], ["--blink-settings=preferredColorScheme=0"], ["--window-size=500,900"]):
            with self.subTest(options=options):
                lines, asked, dom = self.console("shown.html", *options)
                self.assertEqual(lines, [])
                self.assertEqual(asked, ["/shown.html"])
                # Chart.js gives the canvases that it draws a size of their own.
                self.assertEqual(dom.count('style="display: block'), charts)

    def test_the_browser_would_report_an_error_and_a_request(self):
        self.report("noise.json", "--out", "broken.html")
        page = self.read("broken.html").decode().replace("</main>", "<img src='/picture.png'></main><script>nothing()</script>")
        self.write("broken.html", page.replace("img-src data:", "img-src *"))
        lines, asked, _ = self.console("broken.html")
        self.assertTrue(any("nothing is not defined" in line for line in lines), lines)
        self.assertIn("/picture.png", asked)


if __name__ == "__main__":
    main()
