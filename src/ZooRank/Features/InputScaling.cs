namespace ZooRank.Features;

/// <summary>What becomes of an image's values, 0 to 1, before the first convolution: scale·x + shift for each of red, green, blue.</summary>
public sealed record InputScaling(IReadOnlyList<double> Scale, IReadOnlyList<double> Shift)
{
    /// <summary>(x − mean) ÷ std.</summary>
    public static InputScaling Of(IReadOnlyList<float> mean, IReadOnlyList<float> std) =>
        new([.. std.Select(s => 1.0 / s)], [.. mean.Zip(std, (m, s) => -(double)m / s)]);

    /// <summary>This, and then another on top of it.</summary>
    public InputScaling Then(InputScaling next) =>
        new([.. Scale.Zip(next.Scale, (a, b) => a * b)], [.. Shift.Zip(next.Scale, (s, b) => s * b).Zip(next.Shift, (s, t) => s + t)]);
}
