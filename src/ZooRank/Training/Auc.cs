namespace ZooRank.Training;

/// <summary>
/// Area under the ROC curve as MedMNIST's evaluator defines it (Yang et al. 2023, Scientific Data 10:41): of a binary task that of the second class; of a multi-class task
/// the mean of one class against the rest; of a multi-label task the mean over the findings.
/// </summary>
public static class Auc
{
    /// <summary>The probability that a positive scores above a negative, ties counting half; 0 to 1. NaN where there are no positives, no negatives, or a score is NaN.</summary>
    /// <param name="scores">n numbers, the higher the more positive.</param>
    /// <param name="positive">Which of the n are positive.</param>
    public static double Binary(ReadOnlySpan<float> scores, ReadOnlySpan<bool> positive)
    {
        if (scores.Length != positive.Length) throw new ArgumentException($"{scores.Length} scores for {positive.Length} labels.", nameof(positive));
        var sorted = scores.ToArray();
        var order = new int[sorted.Length];
        for (var i = 0; i < order.Length; i++)
        {
            if (float.IsNaN(sorted[i])) return double.NaN;
            order[i] = i;
        }
        Array.Sort(sorted, order);
        long positives = 0, below = 0;   // below: pairs won, in halves
        for (int start = 0, end; start < sorted.Length; start = end)
        {
            long tiedPositives = 0;
            for (end = start; end < sorted.Length && sorted[end] == sorted[start]; end++)
            {
                if (positive[order[end]]) tiedPositives++;
            }
            long negativesBefore = start - positives, tiedNegatives = end - start - tiedPositives;
            below += tiedPositives * ((2 * negativesBefore) + tiedNegatives);
            positives += tiedPositives;
        }
        var negatives = sorted.Length - positives;
        return positives == 0 || negatives == 0 ? double.NaN : below / 2.0 / positives / negatives;
    }

    /// <summary>Of a task with one label for each image.</summary>
    /// <param name="scores">n×C, row by row: probabilities, or anything that orders the images as they do within a class.</param>
    /// <param name="labels">n labels, 0…C−1.</param>
    /// <param name="classCount">C.</param>
    /// <returns>0 to 1. Classes without images, or with all of them, are left out of the mean; NaN where none is left.</returns>
    public static double Of(ReadOnlySpan<float> scores, IReadOnlyList<int> labels, int classCount)
    {
        if (classCount == 2) return Column(scores, 1, classCount, i => labels[i] == 1);
        var sum = new Mean();
        for (var c = 0; c < classCount; c++)
        {
            var label = c;
            sum.Add(Column(scores, c, classCount, i => labels[i] == label));
        }
        return sum.Value;
    }

    /// <summary>Of a multi-label task.</summary>
    /// <param name="scores">n×L, row by row.</param>
    /// <param name="labels">n×L of 0 and 1.</param>
    /// <param name="findings">L.</param>
    /// <returns>0 to 1. Findings that all images have, or none, are left out of the mean; NaN where none is left.</returns>
    public static double OfFindings(ReadOnlySpan<float> scores, byte[] labels, int findings)
    {
        var sum = new Mean();
        for (var l = 0; l < findings; l++)
        {
            var finding = l;
            sum.Add(Column(scores, l, findings, i => labels[(i * findings) + finding] == 1));
        }
        return sum.Value;
    }

    private static double Column(ReadOnlySpan<float> scores, int column, int width, Func<int, bool> isPositive)
    {
        var n = scores.Length / width;
        var values = new float[n];
        var positive = new bool[n];
        for (var i = 0; i < n; i++) (values[i], positive[i]) = (scores[(i * width) + column], isPositive(i));
        return Binary(values, positive);
    }

    private struct Mean
    {
        private double sum;
        private int count;

        public readonly double Value => count == 0 ? double.NaN : sum / count;

        public void Add(double value)
        {
            if (double.IsNaN(value)) return;
            sum += value;
            count++;
        }
    }
}
