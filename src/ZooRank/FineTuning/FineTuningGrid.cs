using System.Text.Json;
using System.Text.Json.Serialization;

namespace ZooRank.FineTuning;

/// <summary>The hyperparameters that are tried, each with each.</summary>
public sealed record FineTuningGrid
{
    [JsonPropertyName("lr")]
    public required IReadOnlyList<double> LearningRates { get; init; }

    [JsonPropertyName("weight_decay")]
    public required IReadOnlyList<double> WeightDecays { get; init; }

    [JsonPropertyName("momentum")]
    public required IReadOnlyList<double> Momenta { get; init; }

    /// <summary>Null: as published, by the number of training images (<see cref="PublishedBatchSizes"/>).</summary>
    [JsonPropertyName("batch_size")]
    public IReadOnlyList<int>? BatchSizes { get; init; }

    /// <summary>The published grid: 6 × 5 × 2 × 2 = 120 runs for each source and target.</summary>
    public static FineTuningGrid Paper { get; } = new()
    {
        LearningRates = [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5],
        WeightDecays = [1e-3, 1e-4, 1e-5, 1e-6, 0],
        Momenta = [0.9, 0],
    };

    /// <summary>What decides most in the published logs, the learning rate, at one momentum and weight decay: 3 runs.</summary>
    public static FineTuningGrid Small { get; } = new() { LearningRates = [1e-1, 1e-2, 1e-3], WeightDecays = [1e-4], Momenta = [0.9], BatchSizes = [32] };

    /// <summary>"paper", "small", or a JSON file: <c>{"lr": [0.1, 0.01], "weight_decay": [0.0001], "momentum": [0.9], "batch_size": [32, 64]}</c>.</summary>
    /// <exception cref="InvalidInputException">There is no such file, or it is not a grid.</exception>
    public static FineTuningGrid Open(string nameOrFile)
    {
        if (nameOrFile == "paper") return Paper;
        if (nameOrFile == "small") return Small;
        if (!File.Exists(nameOrFile)) throw new InvalidInputException($"grid '{nameOrFile}': neither paper nor small, and no such file. A grid file is JSON: {{\"lr\": [0.1, 0.01], \"weight_decay\": [0.0001], \"momentum\": [0.9], \"batch_size\": [32]}}.");
        try
        {
            var grid = JsonSerializer.Deserialize(File.ReadAllText(nameOrFile), GridJson.Default.FineTuningGrid) ?? throw new InvalidInputException($"{nameOrFile}: empty; a grid was expected.");
            Check(nameOrFile, "lr", grid.LearningRates, v => v > 0, "above 0");
            Check(nameOrFile, "weight_decay", grid.WeightDecays, v => v >= 0, "at least 0");
            Check(nameOrFile, "momentum", grid.Momenta, v => v is >= 0 and < 1, "at least 0 and below 1");
            if (grid.BatchSizes is { } sizes) Check(nameOrFile, "batch_size", [.. sizes.Select(b => (double)b)], v => v >= 2, "at least 2");
            return grid;
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"{nameOrFile}: not a grid ({e.Message.Split('\n')[0]}). It is JSON with the lists lr, weight_decay, momentum and, if wanted, batch_size.", e);
        }
    }

    /// <summary>The batch sizes of the paper's targets follow from how many images they were trained on: {128, 256} from 700, {64, 128} for 400 and 500, {32, 64} for 200.</summary>
    /// <param name="trainImages">100·C as a rule.</param>
    public static IReadOnlyList<int> PublishedBatchSizes(int trainImages) => trainImages >= 600 ? [128, 256] : trainImages >= 300 ? [64, 128] : [32, 64];

    /// <summary>Every combination; the learning rate changes slowest.</summary>
    /// <param name="trainImages">Of the target, for the batch sizes.</param>
    public IEnumerable<Hyperparameters> Combinations(int trainImages) =>
        from lr in LearningRates
        from momentum in Momenta
        from decay in WeightDecays
        from batch in BatchSizes ?? PublishedBatchSizes(trainImages)
        select new Hyperparameters(lr, decay, momentum, batch);

    private static void Check(string file, string name, IReadOnlyList<double> values, Func<double, bool> allowed, string range)
    {
        if (values.Count == 0) throw new InvalidInputException($"{file}: '{name}' is empty; give at least one value.");
        foreach (var value in values)
        {
            if (!allowed(value)) throw new InvalidInputException(FormattableString.Invariant($"{file}: '{name}' holds {value}; it must be {range}."));
        }
        if (values.Distinct().Count() < values.Count) throw new InvalidInputException($"{file}: '{name}' holds a value twice.");
    }
}

/// <summary>One point of a grid.</summary>
public readonly record struct Hyperparameters(double LearningRate, double WeightDecay, double Momentum, int BatchSize);

[JsonSourceGenerationOptions(UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true)]
[JsonSerializable(typeof(FineTuningGrid))]
internal sealed partial class GridJson : JsonSerializerContext;
