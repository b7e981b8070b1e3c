using System.Globalization;
using ZooRank.Training;

namespace ZooRank.Tests.Training;

public class AucTests
{
    [Fact]
    public void It_is_the_share_of_pairs_in_the_right_order_and_ties_count_half()
    {
        // By hand: positives 0.9 and 0.4, negatives 0.4, 0.3 and 0.1: of six pairs five are right and one is tied.
        Assert.Equal(5.5 / 6, Auc.Binary([0.9f, 0.4f, 0.4f, 0.3f, 0.1f], [true, true, false, false, false]), 15);
        Assert.Equal(0.5, Auc.Binary([1, 1, 1], [true, false, true]));
        Assert.Equal(0, Auc.Binary([0, 1], [true, false]));
    }

    [Fact]
    public void Where_it_is_undefined_it_is_NaN()
    {
        Assert.Equal(double.NaN, Auc.Binary([1, 2], [true, true]));
        Assert.Equal(double.NaN, Auc.Binary([], []));
        Assert.Equal(double.NaN, Auc.Binary([float.NaN, 2], [true, false]));
        Assert.Equal(double.NaN, Auc.Of([0.1f, 0.9f], [1], 2));
        Assert.Throws<ArgumentException>(() => Auc.Binary([1], [true, false]));
    }

    [Fact]
    public void A_class_without_images_is_left_out_of_the_mean()
    {
        // Classes 0 and 1 are told apart perfectly, class 2 has no image.
        Assert.Equal(1, Auc.Of([0.8f, 0.1f, 0.1f, 0.2f, 0.7f, 0.1f], [0, 1], 3));
        Assert.Equal(0, Auc.OfFindings([0.8f, 0.1f, 0.2f, 0.7f], [0, 1, 1, 1], 2));   // the second finding is in both
    }

    [Theory]
    [InlineData(2, 200, 1)]
    [InlineData(5, 300, 2)]
    [InlineData(11, 1000, 3)]
    public void Scikit_learn_gives_the_same(int classes, int count, int seed)
    {
        // Scores of one decimal, so that many are tied; MedMNIST's evaluator calls roc_auc_score for each class against the rest.
        var expected = Python.Run("numpy, sklearn.metrics", """
            import numpy as np
            from sklearn.metrics import roc_auc_score
            c, n, seed = map(int, sys.argv[1:])
            rng = np.random.RandomState(seed)
            y = np.arange(n) % c
            s = np.round(rng.rand(n, c) + 0.3 * np.eye(c)[y], 1).astype(np.float32)
            f = (rng.rand(n, c) < 0.3).astype(int)
            print(' '.join(map(str, y)), ';', ' '.join(repr(float(v)) for v in s.ravel()), ';', ' '.join(map(str, f.ravel())), ';',
                  repr(roc_auc_score(y, s[:, 1]) if c == 2 else np.mean([roc_auc_score(y == i, s[:, i]) for i in range(c)])), ';', repr(np.mean([roc_auc_score(f[:, i], s[:, i]) for i in range(c)])))
            """, $"{classes}", $"{count}", $"{seed}").Split(';');
        T[] Numbers<T>(int part) where T : IParsable<T> => [.. expected[part].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => T.Parse(w.Trim(), CultureInfo.InvariantCulture))];
        var scores = Numbers<float>(1);
        // Both count pairs; scikit-learn sums trapezoids, hence rounding.
        Assert.Equal(Numbers<double>(3)[0], Auc.Of(scores, Numbers<int>(0), classes), 1e-12);
        Assert.Equal(Numbers<double>(4)[0], Auc.OfFindings(scores, Numbers<byte>(2), classes), 1e-12);
    }
}
