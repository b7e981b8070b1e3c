"""ZooRank's one pass against the published procedure in PyTorch, in turn, in one run. See bench/README.md."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent


def make_inputs(folder, count, side, seed=1):
    """Grey pictures of three kinds of blobs, and a ResNet18 as PyTorch initialises it: the time does not depend on what is to be seen."""
    import torch
    import torchvision
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] / side
    labels = np.arange(count) % 3
    images = np.empty((count, side, side), np.uint8)
    for i, label in enumerate(labels):
        picture = 0.4 + 0.1 * rng.standard_normal((side, side))
        for _ in range(3 + 6 * label):
            cx, cy, r = rng.random(), rng.random(), 0.03 + 0.03 * rng.random()
            picture += 0.3 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / r ** 2)
        images[i] = np.clip(255 * picture, 0, 255)
    np.savez_compressed(folder / "target.npz", train_images=images, train_labels=labels.astype(np.uint8)[:, None])
    torch.manual_seed(seed)
    torch.save(torchvision.models.resnet18().state_dict(), folder / "resnet18.pth")


def run(command):
    """Wall seconds and peak memory of the whole process, and its JSON."""
    start = time.perf_counter()
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, error = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{command[0]} failed: {error.decode()}")
    return wall, usage.ru_maxrss / 1024, json.loads(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_inputs(folder, args.images, args.side)
        probe = ["--data", folder / "target.npz", "--probe", str(args.images // 3), "--input-size", str(args.side),
                 "--mean", "0.5,0.5,0.5", "--std", "0.5,0.5,0.5", "--threads", str(args.threads)]
        # Its own order of the images, so that both cut the same batches; and the first use of the program, not timed.
        subprocess.run([ROOT / "zoorank", "features", *probe, "--model", folder / "resnet18.pth", "--out", folder / "features.npz"], check=True, capture_output=True)
        mine = [ROOT / "zoorank", "rank", *probe, "--zoo", folder / "resnet18.pth", "--no-cache", "--json"]
        theirs = [sys.executable, ROOT / "bench" / "published.py", "--data", folder / "target.npz", "--model", folder / "resnet18.pth",
                  "--indices", folder / "features.npz", "--threads", str(args.threads)]
        ratios, memory = [], []
        print(f"ResNet18, {args.images} images of {args.side} pixels, {args.threads} threads: features, logits, S_LP and S_FU of one pair.")
        for number in range(args.rounds):
            wall, peak, result = run(mine)
            model = result["models"][0]
            their_wall, their_peak, published = run(theirs)
            ratios.append((published["seconds"] / model["seconds"], their_wall / wall))
            memory.append((peak, their_peak))
            parts = ", ".join(f"{part} {seconds:.2f}" for part, seconds in published["parts"].items())
            print(f"round {number + 1}: ZooRank {model['seconds']:.2f} s ({wall:.2f} s as a whole process, {peak:.0f} MB); "
                  f"published {published['seconds']:.2f} s ({their_wall:.2f} s, {their_peak:.0f} MB: {parts}); ratio {ratios[-1][0]:.2f} ({ratios[-1][1]:.2f} whole)")
        features = np.load(folder / "features.npz")
        norms = [float(np.linalg.norm(features[key])) for key in ("features", "logits")]
        print(f"median ratio {statistics.median(r for r, _ in ratios):.2f} computing, {statistics.median(w for _, w in ratios):.2f} as whole processes; "
              f"peak memory {statistics.median(p for p, _ in memory):.0f} MB against {statistics.median(t for _, t in memory):.0f} MB.")
        print(f"S_LP {model['measures']['lp']:.4f} against {published['lp']:.4f}; S_FU {model['measures']['fu']:.5f} against {published['fu']:.5f}; "
              f"norm of the features {norms[0]:.4f} against {published['feature_norm']:.4f}, of the logits {norms[1]:.4f} against {published['logit_norm']:.4f}.")


if __name__ == "__main__":
    main()
