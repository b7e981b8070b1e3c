"""The published procedure for one pair, in PyTorch: a pass for each metric, gradients of all weights (arXiv 2412.20172, section 3)."""
import argparse
import json
import resource
import time

import numpy as np
import torch
import torchvision


def batches(images, size):
    mean, std = torch.full((1, 3, 1, 1), 0.5), torch.full((1, 3, 1, 1), 0.5)
    for first in range(0, len(images), size):
        part = torch.from_numpy(images[first:first + size])
        x = part.permute(0, 3, 1, 2) if part.ndim == 4 else part.unsqueeze(1).expand(-1, 3, -1, -1)
        yield first, (x.float() / 255 - mean) / std


def features_by_hook(model, images):
    rows = []
    hook = model.fc.register_forward_hook(lambda _, inputs, __: rows.append(inputs[0].detach()))
    with torch.no_grad():
        for _, x in batches(images, 32):
            model(x)
    hook.remove()
    return torch.cat(rows).numpy()


def logits(model, images):
    with torch.no_grad():
        return torch.cat([model(x) for _, x in batches(images, 32)]).numpy()


def triplet_margin_loss(embeddings, labels, margin=0.05):
    """All valid triplets, listed; mean over those with loss above 0."""
    e = torch.nn.functional.normalize(embeddings)
    distance = torch.cdist(e, e)
    same = labels[:, None] == labels[None]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool)
    a, p, n = torch.where(positive[:, :, None] & ~same[:, None, :])
    losses = torch.relu(distance[a, p] - distance[a, n] + margin)
    active = losses[losses > 0]
    return active.mean() if len(active) else embeddings.sum() * 0


def feature_update(model, images, labels):
    model.fc = torch.nn.Identity()
    first, second = [], []
    size = len(images) // 6
    for start, x in batches(images, size):
        model.zero_grad()
        triplet_margin_loss(model(x), labels[start:start + size]).backward()
        first.append(model.conv1.weight.grad.norm().item())
        second.append(model.layer1[0].conv1.weight.grad.norm().item())
    return float(np.mean(second) / np.mean(first))


def feature_quality(features, labels):
    from sklearn.neighbors import KNeighborsClassifier, NeighborhoodComponentsAnalysis
    nca = NeighborhoodComponentsAnalysis(min(50, features.shape[1]), max_iter=50, tol=1e-5, random_state=42)
    embedded = nca.fit_transform(features, labels)
    knn = KNeighborsClassifier(5).fit(embedded, labels)
    return float(np.mean(knn.predict_proba(embedded)[np.arange(len(labels)), labels]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--indices", required=True, help="npz with the probe's indices, in order")
    parser.add_argument("--threads", type=int, required=True)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    order = np.load(args.indices)["indices"]
    data = np.load(args.data)
    images, labels = data["train_images"][order], data["train_labels"].ravel()[order].astype(np.int64)
    state = torch.load(args.model)
    model = torchvision.models.resnet18(num_classes=state["fc.bias"].shape[0])
    model.load_state_dict(state)
    model.eval()

    clock = time.perf_counter()
    x = features_by_hook(model, images)
    after_features = time.perf_counter()
    z = logits(model, images)
    after_logits = time.perf_counter()
    fu = feature_update(model, images, torch.from_numpy(labels))
    after_update = time.perf_counter()
    lp = feature_quality(x, labels)
    end = time.perf_counter()
    print(json.dumps({
        "seconds": end - clock,
        "parts": {"features": after_features - clock, "logits": after_logits - after_features, "feature update": after_update - after_logits, "NCA and 5-NN": end - after_update},
        "lp": lp, "fu": fu, "feature_norm": float(np.linalg.norm(x)), "logit_norm": float(np.linalg.norm(z)),
    }))


if __name__ == "__main__":
    main()
