"""Writes NAME.npz (features, labels or findings, logits) and expected.json: values of metrics on small inputs, straight from the papers' formulas in plain
NumPy, with loops, inverses, determinants and n x n matrices, and none of the shortcuts that the C# takes. Run: python3 make.py
Ledoit and Wolf's shrinkage is checked against scikit-learn's where that is installed."""
import json
import math
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).parent
SOURCE_CLASSES = 7


def classes(y):
    return sorted(set(y.tolist()))


def cov(a, ddof):
    a = a - a.mean(axis=0)
    return a.T @ a / (len(a) - ddof)


def class_mean_rows(x, y):
    g = np.zeros_like(x)
    for c in classes(y):
        g[y == c] = x[y == c].mean(axis=0)
    return g


def hscore(x, y):
    # Bao et al. 2019, definition 2; both covariances with 1/(n - 1).
    return np.trace(np.linalg.pinv(cov(x, 1), rcond=1e-12) @ cov(class_mean_rows(x, y), 1))


def ledoit_wolf(x):
    # Ledoit and Wolf 2004, lemma 3.2-3.4: m, d^2, b^2 with the inner product tr(AB')/p.
    n, p = x.shape
    x = x - x.mean(axis=0)
    s = x.T @ x / n
    m = np.trace(s) / p
    d2 = np.sum((s - m * np.eye(p)) ** 2) / p
    b2 = min(d2, sum(np.sum((np.outer(row, row) - s) ** 2) / p for row in x) / n ** 2)
    alpha = b2 / d2
    try:
        from sklearn.covariance import LedoitWolf
        assert abs(alpha - LedoitWolf().fit(x).shrinkage_) < 1e-12
    except ImportError:
        pass
    return alpha, (1 - alpha) * s + alpha * m * np.eye(p)


def hscore_shrunk(x, y):
    # Ibrahim et al., section 4; all covariances with 1/n.
    alpha, sigma = ledoit_wolf(x)
    return np.trace(np.linalg.inv(sigma) @ ((1 - alpha) * cov(class_mean_rows(x, y), 0)))


def nce(logits, y):
    # Tran et al. 2019: -H(y|z).
    z = logits.argmax(axis=1)
    n, total = len(y), 0.0
    for s in classes(z):
        for c in classes(y):
            joint, given = np.sum((y == c) & (z == s)) / n, np.sum(z == s) / n
            if joint > 0:
                total += joint * math.log(joint / given)
    return total


def gbc(x, y, kind):
    # Pandy et al. 2022: D_B of two Gaussians with full matrices; 64 principal components (all there are, where fewer).
    centred = x - x.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    k = min(64, int(np.sum(s > 1e-6 * s[0])))
    p = u[:, :k] * s[:k]
    least = 1e-4 if kind == "published" else 1e-4 * p.var(axis=0).mean()
    total = 0.0
    for a in classes(y):
        for b in classes(y):
            if a == b:
                continue
            va, vb = (np.maximum(p[y == c].var(axis=0), least) for c in (a, b))
            if kind != "diagonal":
                va, vb = np.full(k, va.mean()), np.full(k, vb.mean())
            sa, sb = np.diag(va), np.diag(vb)
            mid = (sa + sb) / 2
            difference = p[y == a].mean(axis=0) - p[y == b].mean(axis=0)
            logs = np.linalg.slogdet(mid)[1] - (np.linalg.slogdet(sa)[1] + np.linalg.slogdet(sb)[1]) / 2
            if kind == "published":
                logs /= k   # the code has one logarithm for the sphere
            total += math.exp(-(difference @ np.linalg.inv(mid) @ difference / 8 + logs / 2))
    return -total


def coding_rate(z, eps=1e-4):
    return np.linalg.slogdet(np.eye(z.shape[1]) + z.T @ z / (len(z) * eps))[1] / 2


def transrate(x, y, weighted):
    # Huang et al. 2022: R(Z) - R(Z|Y).
    z = x - x.mean(axis=0)
    within = [(np.mean(y == c) if weighted else 1 / len(classes(y))) * coding_rate(z[y == c]) for c in classes(y)]
    return coding_rate(z) - sum(within)


def energies(a):
    return np.array([np.logaddexp.reduce(row) for row in a])


def lda(x, y):
    # Mean probability of the right class under Gaussians with one covariance, shrunk as SFDA does (three double power steps from the row sums).
    means = [x[y == c].mean(axis=0) for c in classes(y)]
    shares = [np.mean(y == c) for c in classes(y)]
    within = sum(share * cov(x[y == c], 0) for c, share in zip(classes(y), shares))
    v = within.sum(axis=1)
    for _ in range(3):
        w = within @ v
        w /= np.linalg.norm(w)
        v = within @ w
        v /= np.linalg.norm(v)
    shrinkage = max(math.exp(-5 * (v @ within @ w)), 1e-10)
    within = (1 - shrinkage) * within + shrinkage * np.trace(within) / len(within) * np.eye(len(within))
    inverse = np.linalg.inv(within)
    return right_class(x, y, means, shares, inverse)


def right_class(x, y, means, shares, inverse):
    total = 0.0
    for row, label in zip(x, y):
        odds = np.array([-(row - m) @ inverse @ (row - m) / 2 + math.log(s) for m, s in zip(means, shares)])
        p = np.exp(odds - odds.max())
        total += p[classes(y).index(label)] / p.sum()
    return total / len(y)


def etran_published(x, y):
    means = [x[y == c].mean(axis=0) for c in classes(y)]
    lowest = np.sort(energies(x))[: max(1, 5 * len(x) // 1000)]
    return {"energy": lowest.mean(), "classification": right_class(x, y, means, [np.mean(y == c) for c in classes(y)], np.eye(x.shape[1]))}


def lfc(x, k):
    # Deshpande et al. 2021: correlation of the entries of two n x n matrices.
    return np.corrcoef((x @ x.T).ravel(), k.ravel())[0, 1]


def separability(x, y):
    m = x.mean(axis=0)
    between, within = np.zeros((x.shape[1],) * 2), np.zeros((x.shape[1],) * 2)
    for c in classes(y):
        mc = x[y == c].mean(axis=0)
        between += np.sum(y == c) * np.outer(mc - m, mc - m)
        for row in x[y == c]:
            within += np.outer(row - mc, row - mc)
    return np.trace(between) / np.trace(within)


def draw(random, sizes, d):
    """Classes of the given sizes: shifted, correlated, of unequal spread, all positive in part as after a ReLU."""
    y = np.repeat(np.arange(len(sizes)), sizes)
    mix = random.normal(size=(d, d)) / math.sqrt(d) + np.eye(d)
    centres = random.normal(size=(len(sizes), d)) * 0.7
    x = (centres[y] + random.normal(size=(len(y), d)) * (0.6 + 0.3 * y[:, None])) @ mix + 1
    order = random.permutation(len(y))
    return np.maximum(x, -0.5)[order].astype(np.float32), y[order]


def single(name, seed, sizes, d):
    random = np.random.default_rng(seed)
    x, y = draw(random, sizes, d)
    logits = (random.normal(size=(len(y), SOURCE_CLASSES)) * 2 + np.eye(SOURCE_CLASSES)[y % SOURCE_CLASSES]).astype(np.float32)
    np.savez_compressed(HERE / f"{name}.npz", features=x, labels=y.astype(np.int64), logits=logits)
    x, logits = x.astype(np.float64), logits.astype(np.float64)
    n = len(y)
    return {
        "hscore": hscore(x, y) if d < n else None,
        "shrinkage": ledoit_wolf(x)[0],
        "hscore:shrunk": hscore_shrunk(x, y),
        "nce": nce(logits, y),
        "gbc": gbc(x, y, "spherical"),
        "gbc:diagonal": gbc(x, y, "diagonal"),
        "gbc:published": gbc(x, y, "published"),
        "transrate": transrate(x, y, True),
        "transrate:published": transrate(x, y, False),
        "energy": energies(logits).mean(),
        "energy:features": energies(x).mean(),
        "etran": {"energy": energies(x).mean(), "classification": lda(x, y)} if d < n else None,
        "etran:published": etran_published(x, y),
        "lfc": lfc(x, np.where(y[:, None] == y[None, :], 1.0, -1.0)),
        "separability": separability(x, y),
    }


def findings(name, seed, n, d):
    """Four findings: common, half, rare, and one that no image has."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, d)) + 0.5
    t = np.stack([x @ random.normal(size=d) + random.normal(size=n) * 2 > cut for cut in (-3, 0, 5)] + [np.zeros(n, bool)], axis=1).astype(np.uint8)
    logits = random.normal(size=(n, SOURCE_CLASSES)).astype(np.float32)
    x = x.astype(np.float32)
    np.savez_compressed(HERE / f"{name}.npz", features=x, findings=t, logits=logits)
    x = x.astype(np.float64)
    varying = [t[:, f] for f in range(t.shape[1]) if 0 < t[:, f].sum() < n]
    agreeing = sum((t[:, f][:, None] == t[:, f][None, :]).astype(float) for f in range(t.shape[1]))
    return {
        "hscore": np.mean([hscore(x, f) for f in varying]),
        "hscore:shrunk": np.mean([hscore_shrunk(x, f) for f in varying]),
        "energy": energies(logits.astype(np.float64)).mean(),
        "energy:features": energies(x).mean(),
        "lfc": lfc(x, agreeing),
        "separability": np.mean([separability(x, f) for f in varying]),
    }


expected = {
    "made with": f"NumPy {np.__version__}, Python {sys.version.split()[0]}",
    "small": single("small", 1, [20, 20, 20], 20),
    "wide": single("wide", 2, [14, 13, 13], 64),
    "imbalanced": single("imbalanced", 3, [60, 25, 4, 1], 12),
    "many": single("many", 4, [120, 90, 90], 80),
    "findings": findings("findings", 5, 70, 10),
}
(HERE / "expected.json").write_text(json.dumps(expected, indent=2) + "\n", encoding="utf-8")
