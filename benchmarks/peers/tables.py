# SPDX-License-Identifier: Apache-2.0
"""Tables and plots of a race, made from its rows."""
NAMES = {"qmtl": "qmtl", "jax": "JAX by hand", "tensorcircuit": "TensorCircuit-NG", "pennylane": "PennyLane default.qubit",
         "lightning": "PennyLane lightning", "qulacs": "Qulacs"}
LIBRARIES = ("tensorcircuit", "pennylane", "lightning", "qulacs")


def label(peer):
    return NAMES.get(peer, peer)


def by_workload(rows):
    """{workload: {peer: its fastest correct row, or one with an error}} in order of appearance."""
    out = {}
    for row in rows:
        best = out.setdefault(row["workload"], {})
        old = best.get(row["peer"])
        time = lambda r: r["us_per_sample"] if r is not None and "error" not in r and "us_per_sample" in r else float("inf")
        if old is None or time(row) < time(old):
            best[row["peer"]] = row
    return out


def done(row):
    return row is not None and "error" not in row and "us_per_sample" in row


def workload_lines(rows):
    """What is printed while the race runs."""
    own = next((r for r in rows if r["peer"] == "qmtl"), None)
    lines = []
    for r in rows:
        if done(r):
            ratio = r["us_per_sample"] / own["us_per_sample"] if done(own) else float("nan")
            lines.append(f"{r['workload']:16s}{r['peer']:14s}{r['variant']:22s}{r['us_per_sample']:14.3f} us/sample"
                         f"{r['us_per_sample'] / r['T']:12.3f} us/sample/task{ratio:10.1f} x  error {r['rel_err']:.1e}")
        else:
            lines.append(f"{r['workload']:16s}{r['peer']:14s}{r['variant']:22s}{r.get('error', '')[:110]}")
    return "\n".join(lines)


def number(v):
    return f"{v:.3g}" if v < 1000 else f"{v:,.0f}"


def race_markdown(rows):
    """Times of qmtl and how many times longer everyone else takes, per workload."""
    table = by_workload(rows)
    peers = [p for p in dict.fromkeys(r["peer"] for r in rows) if p != "qmtl"]
    threads = sorted({r["threads"] for r in rows})
    head = ["workload", "plan", "us/sample", "us/sample/task", *(label(p) for p in peers), "fastest library", "largest error"]
    lines = [f"Threads: {', '.join(map(str, threads))}. Single precision, except Qulacs (double). Columns of peers: their time"
             " over qmtl's; e: measured on fewer samples.", "", "| " + " | ".join(head) + " |",
             "|---" * 2 + "|---:" * (len(head) - 2) + "|"]
    for name, best in table.items():
        own = best.get("qmtl")
        if not done(own):
            lines.append(f"| {name} | {(own or {}).get('error', 'not run')[:80]} |" + " |" * (len(head) - 2))
            continue

        def ratio(peer):
            row = best.get(peer)
            if not done(row):
                return "-" if row is None else "error"
            return number(row["us_per_sample"] / own["us_per_sample"]) + ("e" if row.get("extrapolated") else "")

        libraries = [p for p in LIBRARIES if done(best.get(p))]
        fastest = min(libraries, key=lambda p: best[p]["us_per_sample"], default=None)
        cells = [name, own["variant"], number(own["us_per_sample"]), number(own["us_per_sample"] / own["T"]),
                 *(ratio(p) for p in peers), f"{label(fastest)} {ratio(fastest)}" if fastest else "-", f"{own['rel_err']:.0e}"]
        lines.append("| " + " | ".join(cells) + " |")
    failed = [r for best in table.values() for r in best.values() if "error" in r]
    if failed:
        lines += ["", "Not finished:", ""]
        lines += [f"- {r['workload']}, {label(r['peer'])}: {' '.join(r['error'].split())[:200]}" for r in failed]
    return "\n".join(lines) + "\n"


COLOURS = {"qmtl": "#c2185b", "jax": "#1565c0", "tensorcircuit": "#2e7d32", "pennylane": "#f9a825", "lightning": "#ef6c00",
           "qulacs": "#6d4c41"}
MARKS = {"qmtl": "o", "jax": "s", "tensorcircuit": "^", "pennylane": "D", "lightning": "v", "qulacs": "P"}


def race_plot(rows, file):
    """Time a sample over the workloads, one mark a contestant, with qmtl's ratio to the fastest other written above."""
    import matplotlib
    matplotlib.use("svg" if str(file).endswith("svg") else "agg")
    import matplotlib.pyplot as plt

    table = {name: best for name, best in by_workload(rows).items() if done(best.get("qmtl"))}
    if not table:
        return
    peers = list(dict.fromkeys(r["peer"] for r in rows))
    fig, ax = plt.subplots(figsize=(max(7, 0.62 * len(table) + 2.5), 5.2), layout="constrained")
    for i, (name, best) in enumerate(table.items()):
        times = {p: r["us_per_sample"] for p, r in best.items() if done(r)}
        ax.plot([i, i], [min(times.values()), max(times.values())], color="#d0d0d0", lw=1.2, zorder=1)
        others = [v for p, v in times.items() if p != "qmtl"]
        if others:
            ax.annotate(f"{min(others) / times['qmtl']:.0f}x" if min(others) >= 10 * times["qmtl"]
                        else f"{min(others) / times['qmtl']:.1f}x", (i, times["qmtl"]), xytext=(0, -14),
                        textcoords="offset points", ha="center", fontsize=8, color=COLOURS["qmtl"])
    for j, p in enumerate(peers):
        points = [(i, best[p]["us_per_sample"]) for i, best in enumerate(table.values()) if done(best.get(p))]
        if points:
            ax.scatter(*zip(*points), label=label(p), s=52 if p == "qmtl" else 34, marker=MARKS.get(p, "x"),
                       color=COLOURS.get(p, "#455a64"), zorder=3 if p == "qmtl" else 2)
    ax.set_yscale("log")
    ax.margins(y=0.1)
    ax.set_xticks(range(len(table)), list(table), rotation=40, ha="right", fontsize=8.5)
    ax.set_ylabel("microseconds a sample, forward and gradient")
    threads = sorted({r["threads"] for r in rows})
    ax.set_title(f"One training step's quantum work, {' and '.join(map(str, threads))} thread{'s' * (threads != [1])};"
                 " below qmtl: how many times faster than the next", fontsize=10)
    ax.grid(axis="y", which="major", color="#ececec")
    ax.set_axisbelow(True)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.legend(frameon=False, fontsize=8.5, ncols=3, loc="upper left", bbox_to_anchor=(0, 1))
    low, high = ax.get_ylim()
    ax.set_ylim(low / 2, high * 8)
    fig.savefig(file)
    plt.close(fig)


def wide_markdown(rows, slopes, libraries):
    """Seconds and memory of every size, slopes against T, what the libraries say."""
    who = list(dict.fromkeys(r["who"] for r in rows))
    find = lambda Ls, T, name: next((r for r in rows if (r["Ls"], r["T"], r["who"]) == (Ls, T, name)), None)
    sizes = list(dict.fromkeys((r["Ls"], r["T"]) for r in rows))
    head = ["Ls", "tasks", "qubits", *(f"{name}: s a step" for name in who), *(f"{name}: MiB" for name in who)]
    lines = ["| " + " | ".join(head) + " |", "|---:" * len(head) + "|"]
    for Ls, T in sizes:
        found = [find(Ls, T, name) for name in who]
        cells = [str(Ls), str(T), str(2 * T)]
        cells += [f"{r['seconds']:.4f}" if r and "seconds" in r else "error" if r else "-" for r in found]
        cells += [f"{r['memory'] / 2**20:.0f}" if r and "memory" in r else "-" for r in found]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "Slope of log(time) against log(T), with its 95 % interval:", "", "| Ls | | slope |", "|---:|---|---:|"]
    lines += [f"| {Ls} | {name} | {slope:.3f} +- {half:.3f} |" for Ls, name, slope, half, _ in slopes]
    errors = [r for r in rows if "error" in r]
    if errors:
        lines += ["", *(f"- Ls {r['Ls']}, T {r['T']}, {r['who']}: {' '.join(r['error'].split())[:240]}" for r in errors)]
    if libraries:
        lines += ["", f"The whole circuit as one statevector (complex64), asked of the libraries with"
                  f" {libraries[0]['limit_gb']:.0f} GiB of address space:", "",
                  "| | qubits | bytes needed | what happens |", "|---|---:|---:|---|"]
        lines += [f"| {label(r['who'])} | {r['qubits']} | {r['state_bytes']} | {r['says'].replace('|', '/')} |" for r in libraries]
    return "\n".join(lines) + "\n"


def wide_plot(rows, slopes, file):
    """Time of a step against the number of tasks, log-log, one panel for each number of shared layers."""
    import matplotlib
    matplotlib.use("svg" if str(file).endswith("svg") else "agg")
    import matplotlib.pyplot as plt
    layers = sorted({r["Ls"] for r in rows})
    who = list(dict.fromkeys(r["who"] for r in rows))
    colours = dict(zip(who, ("#c2185b", "#7b1fa2", "#1565c0", "#2e7d32")))
    fig, axes = plt.subplots(1, len(layers), figsize=(3.6 * len(layers) + 0.8, 4.2), sharey=True, layout="constrained",
                             squeeze=False)
    for ax, Ls in zip(axes[0], layers):
        for name in who:
            points = sorted((r["T"], r["seconds"]) for r in rows if r["Ls"] == Ls and r["who"] == name and "seconds" in r)
            if points:
                fit = next((f"  slope {s:.2f} ± {h:.2f}" for L, w, s, h, _ in slopes if (L, w) == (Ls, name)), "")
                ax.plot(*zip(*points), "o-", color=colours[name], ms=5, lw=1.6, label=name + fit)
        ax.set_xscale("log", base=2)
        ax.set_yscale("log")
        T = sorted({r["T"] for r in rows})
        ax.set_xticks(T, [str(t) for t in T])
        ax.minorticks_off()
        ax.set_title(f"{Ls} shared layer{'s' * (Ls > 1)}", fontsize=10)
        ax.set_xlabel("tasks (on twice as many qubits)")
        ax.grid(color="#ececec")
        ax.set_axisbelow(True)
        ax.legend(frameon=False, fontsize=8, loc="upper left")
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
    low, high = axes[0][0].get_ylim()
    axes[0][0].set_ylim(low, high * 6)
    axes[0][0].set_ylabel("seconds a training step, forward and gradient")
    fig.savefig(file)
    plt.close(fig)
