"""The metrics that the paper compares, by the published definitions in NumPy, SciPy and scikit-learn (sources: `zoorank metrics`). Written for timing against, one metric after the other."""
import argparse
import json
import os
import resource
import time


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features")
    parser.add_argument("--metrics", default="leep,nleep,logme,parc,sfda,ncti,lp")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    return parser.parse_args()


def leep(x, y, logits, classes):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return expected_prediction(e / e.sum(1, keepdims=True), y, classes, log=True)


def expected_prediction(theta, y, classes, log):
    joint = np.stack([theta[y == c].sum(0) for c in range(classes)]) / len(y)
    conditional = joint / np.where(joint.sum(0) > 0, joint.sum(0), 1)
    p = (conditional[y] * theta).sum(1)
    return float(np.log(p).mean() if log else p.mean())


def nleep(x, y, logits, classes):
    from sklearn.decomposition import PCA
    from sklearn.mixture import GaussianMixture
    reduced = PCA(n_components=0.8).fit_transform(x)
    mixture = GaussianMixture(n_components=5 * classes, random_state=0).fit(reduced)
    return expected_prediction(mixture.predict_proba(reduced), y, classes, log=False)


def logme(x, y, logits, classes):
    f = x.astype(np.float64)
    n, d = f.shape
    if n > d:
        values, v = np.linalg.svd(f.T @ f)[1:]
        s2, v = values, v.T
        keep = np.sqrt(s2) > 1e-10
        u, s2 = (f @ v[:, keep]) / np.sqrt(s2[keep]), s2[keep]
    else:
        u, s, _ = np.linalg.svd(f, full_matrices=False)
        s2 = s ** 2
    evidence = 0.0
    for c in range(classes):
        target = (y == c).astype(np.float64)
        projected = (u.T @ target) ** 2
        outside = (target ** 2).sum() - projected.sum()
        alpha = beta = 1.0
        for _ in range(11):
            t = alpha / beta
            gamma = (s2 / (s2 + t)).sum()
            m2 = (s2 * projected / (t + s2) ** 2).sum()
            residual = (projected / (1 + s2 / t) ** 2).sum() + outside
            alpha, beta = gamma / (m2 + 1e-5), (n - gamma) / (residual + 1e-5)
            if abs(alpha / beta - t) / t <= 1e-3:
                break
        evidence += (len(s2) * np.log(alpha) + n * np.log(beta) - np.log(alpha + beta * s2).sum() - beta * residual - alpha * m2 - n * np.log(2 * np.pi)) / 2 / n
    return float(evidence / classes)


def parc(x, y, logits, classes):
    from scipy.stats import spearmanr
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler
    reduced = StandardScaler().fit_transform(PCA(n_components=32, svd_solver="randomized", random_state=1919, iterated_power=1).fit_transform(x))
    upper = np.triu_indices(len(y), 1)
    features, labels = (1 - np.corrcoef(reduced))[upper], (1 - np.corrcoef(np.eye(classes)[y]))[upper]
    return float(100 * spearmanr(features, labels)[0])


def fisher(x, y, classes, shrinkage=None):
    import scipy.linalg
    n, d = x.shape
    means = np.stack([x[y == c].mean(0) for c in range(classes)])
    shares = np.bincount(y, minlength=classes) / n
    within = sum(share * np.cov(x[y == c].T, bias=True) for c, share in enumerate(shares))
    if shrinkage is None:
        v = within.sum(1)
        for _ in range(3):
            w = within @ v
            w /= np.linalg.norm(w)
            v = within @ w
            v /= np.linalg.norm(v)
        shrinkage = max(np.exp(-5 * (v @ within @ w)), 1e-10)
    total = np.cov(x.T, bias=True)

    def shrunk(a):
        return (1 - shrinkage) * a + shrinkage * np.trace(a) / d * np.eye(d)
    _, vectors = scipy.linalg.eigh(shrunk(total) - shrunk(within), shrunk(within))
    coefficients = means @ vectors @ vectors.T
    scores = x @ coefficients.T - 0.5 * np.diag(means @ coefficients.T) + np.log(shares)
    e = np.exp(scores - scores.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True), shrinkage


def sfda(x, y, logits, classes):
    x = x.astype(np.float64)
    p, shrinkage = fisher(x, y, classes)
    p = np.exp(p) / np.exp(p).sum(1, keepdims=True)
    means = np.stack([x[y == c].mean(0) for c in range(classes)])
    others = (means.sum(0) - means) / (classes - 1)
    own = p[np.arange(len(y)), y][:, None]
    p, _ = fisher(own * x + (1 - own) * others[y], y, classes, shrinkage)
    return float(p[np.arange(len(y)), y].mean())


def ncti(x, y, logits, classes):
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    pca = PCA(n_components=64, random_state=42)
    reduced = pca.fit_transform(x)
    shrinkage = np.exp(-pca.explained_variance_[:32].sum())
    lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage=shrinkage) if shrinkage > 1e-10 else LinearDiscriminantAnalysis(solver="svd")
    projected = lda.fit(reduced, y).transform(reduced)
    p = lda.predict_proba(reduced)
    return {"seli": float(np.linalg.norm(projected - projected.mean(0), "nuc")), "ncc": float(p[np.arange(len(y)), y].mean()),
            "vc": float(np.log(sum(np.linalg.norm(p[y == c], "nuc") for c in range(classes))))}


def lp(x, y, logits, classes):
    from sklearn.neighbors import KNeighborsClassifier, NeighborhoodComponentsAnalysis
    nca = NeighborhoodComponentsAnalysis(n_components=50, max_iter=50, tol=1e-5, random_state=42).fit(x, y)
    embedded = nca.transform(x)
    p = KNeighborsClassifier(5).fit(embedded, y).predict_proba(embedded)
    return float(p[np.arange(len(y)), y].mean())


def main(args):
    file = np.load(args.features)
    x, y, logits = file["features"], file["labels"], file["logits"]
    classes = int(y.max()) + 1
    import scipy.stats  # noqa: F401  imports are not timed
    import sklearn.decomposition, sklearn.discriminant_analysis, sklearn.mixture, sklearn.neighbors, sklearn.preprocessing  # noqa: E401, F401
    scores, seconds = {}, {}
    for name in args.metrics.split(","):
        start = time.perf_counter()
        scores[name] = globals()[name](x, y, logits, classes)
        seconds[name] = time.perf_counter() - start
    print(json.dumps({"scores": scores, "seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    arguments = parse()
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(arguments.threads)   # before NumPy is loaded
    import warnings

    import numpy as np
    warnings.filterwarnings("ignore")
    main(arguments)
