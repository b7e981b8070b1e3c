"""ZooRank's metrics against the published definitions in NumPy and scikit-learn, in turn, in one run; and their growth. See bench/README.md."""
import argparse
import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np

from one_pass import ROOT, run

PAPER = "lp:published,leep,nleep,logme,parc,sfda,ncti"
GROWTH = [(1_000, 512), (2_000, 512), (5_000, 512), (10_000, 512), (20_000, 512), (50_000, 512), (1_000, 2_048), (2_000, 2_048), (5_000, 2_048), (10_000, 2_048)]


def make_features(path, n, width, classes=11, source_classes=24, seed=1):
    """What a network with ReLU gives: not negative, classes that overlap; and logits that know a little of them."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    # A few directions vary much and tell the classes apart a little, as in networks; the rest is noise.
    spread = np.exp(-np.arange(width) / 20) + 0.05
    latent = (0.55 * rng.standard_normal((classes, width))[labels] * (np.arange(width) < 30) + rng.standard_normal((n, width))) * spread
    basis = np.linalg.qr(rng.standard_normal((width, width)))[0]
    features = np.maximum(3 * latent @ basis + 0.2, 0).astype(np.float32)
    logits = (rng.standard_normal((classes, source_classes))[labels] + 2 * rng.standard_normal((n, source_classes))).astype(np.float32)
    np.savez(path, features=features, labels=labels, logits=logits)


def ours(file, metrics, threads, memory=None):
    command = [ROOT / "zoorank", "score", file, "--metrics", metrics, "--json", "--device", "cpu", "--threads", str(threads)]
    return run(command + (["--memory", str(memory)] if memory else []))


def theirs(file, metrics, threads):
    return run([sys.executable, ROOT / "bench" / "published_metrics.py", file, "--metrics", metrics, "--threads", str(threads)])


def compare(file, names, rounds, threads):
    """names: ZooRank's name and the reference's."""
    ratios, single = [], {}
    for number in range(rounds):
        wall, peak, mine = ours(file, ",".join(m for m, _ in names), threads)
        their_wall, _, other = theirs(file, ",".join(t for _, t in names), threads)
        total, their_total = sum(mine["seconds"].values()), sum(other["seconds"].values())
        ratios.append(their_total / total)
        for m, t in names:
            single.setdefault(m, []).append((mine["seconds"][m], other["seconds"][t]))
        print(f"round {number + 1}: ZooRank {total:.2f} s ({wall:.2f} s as a whole process, {peak:.0f} MB), reference {their_total:.2f} s ({their_wall:.2f} s, {other['megabytes']:.0f} MB); ratio {ratios[-1]:.1f}", flush=True)
    for m, t in names:
        a, b = (statistics.median(column) for column in zip(*single[m]))
        value = mine["undefined"].get(m) or mine["scores"][m]
        print(f"  {m:14} {a:8.3f} s against {b:8.3f} s: {b / max(a, 1e-9):6.1f}   {value} against {other['scores'][t]}")
    print(f"median ratio of the totals {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})", flush=True)


def grow(folder, threads, out):
    """One run for each size; what metrics share (principal components) is counted to the first that needs it, which is LP."""
    rows = []
    for n, width in GROWTH:
        file = folder / f"{n}x{width}.npz"
        make_features(file, n, width)
        _, peak, result = ours(file, PAPER, threads)
        rows += [(name, n, width, round(result["seconds"][name], 3), "") for name in PAPER.split(",")]
        rows.append(("all", n, width, round(sum(result["seconds"].values()), 3), round(peak)))
        print(f"n {n:6} D {width:5}: {rows[-1][3]:8.2f} s, {rows[-1][4]:6} MB; " + ", ".join(f"{r[0]} {r[3]:.2f}" for r in rows[-8:-1]) + (f"; undefined: {result['undefined']}" if result["undefined"] else ""), flush=True)
        file.unlink()
    with open(out.with_suffix(".csv"), "w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["metric", "n", "d", "seconds", "peak_megabytes"])
        writer.writerows(rows)
    plot(rows, out.with_suffix(".svg"))


def plot(rows, path):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "growth"
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    for name in dict.fromkeys(r[0] for r in rows):
        points = [(r[1], r[3]) for r in rows if r[0] == name and r[2] == 512]
        axes[0].loglog(*zip(*points), marker="o", markersize=3, linewidth=2 if name == "all" else 1, color="black" if name == "all" else None, label=name)
    for width in sorted({r[2] for r in rows}):
        points = [(r[1], r[4]) for r in rows if r[0] == "all" and r[2] == width]
        axes[1].loglog(*zip(*points), marker="o", markersize=3, label=f"D = {width:,}")
    axes[0].set(xlabel="images n (D = 512)", ylabel="seconds")
    axes[1].set(xlabel="images n", ylabel="peak memory of the process, MB")
    for axis in axes:
        axis.grid(alpha=0.3)
        axis.legend(fontsize=7)
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--features", type=pathlib.Path, help="measure on this file instead of on made features")
    parser.add_argument("--large", action="store_true", help="n = 10,000, D = 2,048: LP against scikit-learn, PARC and everything within 4 GB")
    parser.add_argument("--growth", type=pathlib.Path, help="time and memory with n and D, to FILE.csv and FILE.svg (half an hour)")
    args = parser.parse_args()
    subprocess.run([ROOT / "zoorank", "--version"], check=True, capture_output=True)   # builds, where it must
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if args.growth:
            grow(folder, args.threads, args.growth)
        elif args.large:
            make_features(folder / "large.npz", 10_000, 2_048)
            print(f"n = 10,000, D = 2,048, C = 11, {args.threads} threads")
            compare(folder / "large.npz", [("lp:published", "lp")], args.rounds, args.threads)
            for metrics, memory in (("parc", 2), (PAPER, 4)):
                wall, peak, result = ours(folder / "large.npz", metrics, args.threads, memory)
                print(f"{metrics}: {wall:.1f} s as a whole process, peak {peak:.0f} MB; {result['seconds']} {result['undefined'] or ''}")
        else:
            make_features(folder / "paper.npz", 1_100, 512)
            print(f"{args.features or 'n = 1,100, D = 512, C = 11'}, {args.threads} threads")
            compare(args.features or folder / "paper.npz", [(m, m.split(":")[0]) for m in PAPER.split(",")], args.rounds, args.threads)


if __name__ == "__main__":
    main()
