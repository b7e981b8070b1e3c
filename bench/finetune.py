"""One fine-tuning run by ZooRank and by the published pipeline written in PyTorch, in turn, in one run. See bench/README.md."""
import argparse
import json
import pathlib
import statistics
import sys
import tempfile
import time

from one_pass import ROOT, run


def ours(options, folder, number):
    grid = folder / "grid.json"
    grid.write_text(json.dumps({"lr": [0.01], "weight_decay": [1e-4], "momentum": [0.9], "batch_size": [options.batch]}))
    store = folder / f"truth{number}"
    run([ROOT / "zoorank", "finetune", "--data", options.data, "--zoo", folder / "source.safetensors", "--input-size", str(options.size), "--mean", "0.5,0.5,0.5", "--std", "0.5,0.5,0.5",
         "--grid", grid, "--epochs", str(options.epochs), "--out", store, "--device", options.device, "--threads", str(options.threads), "--json", *(["--torch", options.torch] if options.torch else []), "--precision", options.precision])
    record = json.loads(next((store / "runs").rglob("*.json")).read_text())
    return [e["seconds"] for e in record["curve"]], record["test_auc"]


def theirs(options, folder):
    """The paper's code as its text and repository have it: PIL images one by one through torchvision's transforms in a DataLoader, Nesterov's SGD, validation after each epoch."""
    import numpy as np
    import torch
    import torchvision
    from PIL import Image
    from sklearn.metrics import roc_auc_score
    from torchvision import transforms as t
    torch.set_num_threads(options.threads)
    device = torch.device(options.device if options.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu")
    # PyTorch by itself computes convolutions in TF32 and matrix products in single precision: here both sides do the same.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = options.precision == "tf32"
    autocast = torch.autocast(device.type, dtype=torch.bfloat16, enabled=options.precision == "bfloat16")
    data = np.load(options.data)

    class Images(torch.utils.data.Dataset):
        def __init__(self, images, labels, transform):
            self.images, self.labels, self.transform = images, labels, transform

        def __len__(self):
            return len(self.images)

        def __getitem__(self, i):
            return self.transform(Image.fromarray(self.images[i]).convert("RGB").resize((options.size, options.size))), int(self.labels[i])

    last = [t.ToTensor(), t.Normalize([0.5] * 3, [0.5] * 3)]
    augment = t.Compose([t.RandomHorizontalFlip(), t.RandomResizedCrop(options.size, antialias=True), t.RandomRotation((0, 5)), t.RandomAdjustSharpness(2), t.RandomAutocontrast(), t.RandomEqualize(), *last])
    labels = data["train_labels"].ravel()
    classes = int(labels.max()) + 1
    chosen = np.random.RandomState(24).choice(len(labels), min(100 * classes, len(labels)), replace=False)
    validation = np.arange(len(data["val_labels"]))[:25 * classes]
    loader = torch.utils.data.DataLoader(Images(data["train_images"][chosen], labels[chosen], augment), options.batch, shuffle=True, num_workers=options.workers)
    check = torch.utils.data.DataLoader(Images(data["val_images"][validation], data["val_labels"].ravel()[validation], t.Compose(last)), options.batch, num_workers=options.workers)
    net = torchvision.models.resnet18(weights=None)
    net.load_state_dict(torch.load(folder / "source.pth"))
    net.fc = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(512, classes))
    net.to(device)
    sgd = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, options.epochs)
    seconds = []
    for _ in range(options.epochs):
        start = time.perf_counter()
        net.train()
        for x, y in loader:
            sgd.zero_grad()
            with autocast:
                logits = net(x.to(device))
            loss = torch.nn.functional.cross_entropy(logits.float(), y.to(device))
            loss.backward()
            sgd.step()
            loss.item()
        schedule.step()
        net.eval()
        with torch.no_grad(), autocast:
            p = torch.cat([net(x.to(device)).float().softmax(1).cpu() for x, _ in check])
        y = data["val_labels"].ravel()[validation]
        [roc_auc_score(y == c, p[:, c]) for c in range(classes)]
        seconds.append(time.perf_counter() - start)
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="a MedMNIST-style .npz")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0, help="the DataLoader's processes")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--torch", help="for ZooRank: auto, or a folder")
    parser.add_argument("--precision", default="float32", help="of both: float32, tf32, bfloat16")
    options = parser.parse_args()
    import torch
    import torchvision
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        torch.manual_seed(1)
        net = torchvision.models.resnet18(weights=None)
        torch.save(net.state_dict(), folder / "source.pth")
        (folder / "source.safetensors").symlink_to("source.pth")   # ZooRank goes by content
        ratios = []
        for number in range(options.rounds):
            mine, auc = ours(options, folder, number)
            other = theirs(options, folder)
            # The first epoch warms up.
            a, b = statistics.median(mine[1:]), statistics.median(other[1:])
            ratios.append(b / a)
            print(f"round {number + 1}: ZooRank {a:.2f} s an epoch, PyTorch {torch.__version__} {b:.2f} s; ratio {ratios[-1]:.2f} (test AUC {auc:.3f})", flush=True)
        print(f"median ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    sys.exit(main())
