using System.Globalization;
using ZooRank.Training;

namespace ZooRank.Cli.Display;

/// <summary>Where a training stands, on standard error.</summary>
internal sealed class TrainingProgressDisplay(string name) : IProgress<TrainingProgress>, IDisposable
{
    private readonly StatusLine line = new();
    private string validation = "";
    private double? begun;   // where this process took over

    public void Report(TrainingProgress value)
    {
        if (value.Images.All > 0)
        {
            line.Show(string.Create(CultureInfo.InvariantCulture, $"{name}: reading images, {value.Images.Read:N0} of {value.Images.All:N0}"));
            return;
        }
        var from = begun ??= value.Fraction;
        var left = from < 1 ? line.TimeLeft((value.Fraction - from) / (1 - from)) : "";
        if (value.Ended is not { } ended)
        {
            line.Show(string.Create(CultureInfo.InvariantCulture, $"{name}: epoch {value.Epoch + 1} of {value.Epochs}, loss {value.Loss:0.000}{validation}{left}"), important: value.Fraction == from);
            return;
        }
        var best = value.Best is { } b ? b == ended ? " (the best)" : string.Create(CultureInfo.InvariantCulture, $" (best: epoch {b.Epoch + 1}, {b.ValidationAuc:0.000})") : "";
        validation = ended.ValidationLoss is null ? "" : string.Create(CultureInfo.InvariantCulture, $", validation AUC {ended.ValidationAuc:0.000}{best}");
        line.Show(string.Create(CultureInfo.InvariantCulture, $"{name}: epoch {ended.Epoch + 1} of {value.Epochs}, loss {value.Loss:0.000}{validation}{left}"), important: validation.Length > 0);
    }

    public void Dispose() => line.Dispose();
}
