using System.CommandLine;
using System.Globalization;
using ZooRank.Data;
using ZooRank.Imaging;
using ZooRank.Models;

namespace ZooRank.Cli;

/// <summary>The options of the commands that measure a target: the data, the draw of its probe, how all models are fed.</summary>
internal sealed class TargetOptions(bool withLayer = true)
{
    private readonly Option<string> data = new("--data", "-d")
    {
        Description = "The target data set: a MedMNIST-style .npz, a folder (class/… or train|val|test/class/…), a zip of one, or a CSV manifest (path, label, optional split and group).",
        Required = true,
        HelpName = "DATA",
    };

    private readonly Option<int> probe = new("--probe") { Description = "Images to measure, per class: N times the number of classes are drawn in all.", DefaultValueFactory = _ => 100, HelpName = "N" };
    private readonly Option<uint> seed = new("--seed") { Description = "Seed of the draw (24 is the published one).", DefaultValueFactory = _ => 24, HelpName = "N" };
    private readonly Option<int> fold = new("--fold") { Description = "Which of five independent draws, 1 to 5.", DefaultValueFactory = _ => 1, HelpName = "N" };
    private readonly Option<string> sampling = new("--sampling") { Description = "plain keeps the class shares in expectation, stratified exactly.", DefaultValueFactory = _ => "plain", HelpName = "plain|stratified" };
    private readonly Option<int?> inputSize = new("--input-size") { Description = "Side in pixels to which images are resized, for all models in place of what they state. Without it: what each states, else 224.", HelpName = "N" };
    private readonly Option<string?> mean = new("--mean") { Description = "Mean of the normalisation for all models, as 0.5,0.5,0.5 (of values from 0 to 1).", HelpName = "R,G,B" };
    private readonly Option<string?> std = new("--std") { Description = "Standard deviation of the normalisation for all models, as 0.5,0.5,0.5.", HelpName = "R,G,B" };
    private readonly Option<string?> resize = new("--resize") { Description = "How images that are not square become so: squash (as the published data), crop the middle, or pad with black.", HelpName = "squash|crop|pad" };

    private readonly Option<string?> layer = new("--layer") { Description = "Take the features from this layer (PyTorch's path, as layer3 or features.denseblock3; 'inspect' lists them), averaged over positions. Default: the head's input.", HelpName = "NAME" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { data, probe, seed, fold, sampling, inputSize, mean, std, resize }) command.Add(option);
        if (withLayer) command.Add(layer);
        sampling.AcceptOnlyFromAmong("plain", "stratified");
        resize.AcceptOnlyFromAmong("squash", "crop", "pad");
    }

    public ImageDataset Open(ParseResult parsed) => ImageDatasets.Open(parsed.GetRequiredValue(data));

    public ProbeOptions Probe(ParseResult parsed) => new()
    {
        PerClass = parsed.GetValue(probe),
        Seed = parsed.GetValue(seed),
        Fold = parsed.GetValue(fold),
        Sampling = Enum.Parse<Sampling>(parsed.GetValue(sampling)!, ignoreCase: true),
    };

    public ModelOverrides Overrides(ParseResult parsed)
    {
        if (parsed.GetValue(inputSize) is < 16 or > 2048) throw new InvalidInputException($"--input-size must be from 16 to 2048 pixels; got {parsed.GetValue(inputSize)}.");
        var (m, s) = (Triple(parsed, mean, allowZero: true), Triple(parsed, std, allowZero: false));
        if ((m is null) != (s is null)) throw new InvalidInputException("--mean and --std belong together: give both or neither.");
        return new()
        {
            InputSize = parsed.GetValue(inputSize),
            Mean = m,
            Std = s,
            Resize = parsed.GetValue(resize) is { } mode ? Enum.Parse<ResizeMode>(mode, ignoreCase: true) : null,
            Layer = withLayer ? parsed.GetValue(layer) : null,
        };
    }

    private static float[]? Triple(ParseResult parsed, Option<string?> option, bool allowZero)
    {
        if (parsed.GetValue(option) is not { } text) return null;
        var parts = text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries);
        var values = parts.Select(p => float.TryParse(p, NumberStyles.Float, CultureInfo.InvariantCulture, out var v) ? v : float.NaN).ToArray();
        return values.Length == 3 && values.All(v => v <= 1 && (allowZero ? v >= 0 : v > 0))
            ? values
            : throw new InvalidInputException($"{option.Name} {text}: three numbers from 0 to 1 are wanted, as 0.485,0.456,0.406. On a scale of 0 to 255, divide by 255.");
    }
}
