using System.Globalization;
using ZooRank.Training;

namespace ZooRank.Cli.Display;

/// <summary>Where a training stands, on standard error.</summary>
internal sealed class TrainingProgressDisplay(string name) : IProgress<TrainingProgress>, IDisposable
{
    private readonly StatusLine line = new();
    private int epoch = -1;

    public void Report(TrainingProgress value)
    {
        var left = line.TimeLeft(value.Fraction);
        line.Show(string.Create(CultureInfo.InvariantCulture, $"{name}: epoch {value.Epoch + 1} of {value.Epochs}, loss {value.Loss:0.000}{left}"), important: value.Epoch != epoch && value.Epoch == 0);
        epoch = value.Epoch;
    }

    public void Dispose() => line.Dispose();
}
