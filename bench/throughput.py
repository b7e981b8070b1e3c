"""Training images a second of fine-tuning, for sizes of image, precisions, and numbers of runs trained together. See bench/README.md."""
import argparse
import json
import pathlib
import statistics
import sys
import tempfile

import numpy as np

from one_pass import ROOT, run


def measure(options, folder, size, precision, together):
    """Median over the epochs after the first, of which each counts augmentation, training and validation."""
    grid = folder / f"grid{together}.json"
    grid.write_text(json.dumps({"lr": [0.001 * (1 + k) for k in range(together)], "weight_decay": [1e-4], "momentum": [0.9], "batch_size": [options.batch]}))
    store = folder / f"truth-{size}-{precision}-{together}"
    run([ROOT / "zoorank", "finetune", "--data", folder / f"noise{size}.npz", "--model", folder / f"{options.arch}.safetensors", "--input-size", str(size), "--probe", str(options.images // 8), "--grid", grid,
         "--epochs", str(options.epochs), "--patience", str(options.epochs), "--together", str(together), "--precision", precision, "--out", store, "--device", options.device, "--threads", str(options.threads), "--json",
         *(["--torch", options.torch] if options.torch else [])])
    records = [json.loads(path.read_text()) for path in (store / "runs").rglob("*.json")]
    assert len(records) == together
    # Runs trained together share the time of an epoch out among them.
    return statistics.median(options.images / epoch["seconds"] for record in records for epoch in record["curve"][1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="224,64,28")
    parser.add_argument("--precisions", default="float32,tf32,bfloat16")
    parser.add_argument("--together", default="1,4,8", help="above 1 only for resnet18")
    parser.add_argument("--arch", default="resnet18")
    parser.add_argument("--images", type=int, default=800, help="of eight classes")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--torch", help="auto, or a folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        random = np.random.default_rng(1)
        for size in map(int, options.sizes.split(",")):
            splits = {"train": options.images, "val": options.images // 4, "test": 16}
            np.savez(folder / f"noise{size}.npz", **{f"{split}_images": random.integers(0, 256, (n, size, size, 3), dtype=np.uint8) for split, n in splits.items()},
                     **{f"{split}_labels": (np.arange(n) % 8)[:, None].astype(np.uint8) for split, n in splits.items()})
            if not (folder / f"{options.arch}.safetensors").exists():
                run([ROOT / "zoorank", "pretrain", "--data", folder / f"noise{size}.npz", "--arch", options.arch, "--epochs", "0", "--out", folder / f"{options.arch}.safetensors", "--device", "cpu", "--json"])
            for precision in options.precisions.split(","):
                for together in map(int, options.together.split(",")):
                    print(f"{options.arch} {size} px, {precision}, {together} together: {measure(options, folder, size, precision, together):.0f} images/s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
