using ZooRank.Models;
using ZooRank.Runs;

namespace ZooRank.FineTuning;

/// <summary>What all runs of a grid share. The defaults are those of the paper's runs over architectures (arXiv 2412.20172); its runs over source data sets had at most 200 epochs.</summary>
public sealed record FineTuningProtocol
{
    public int MaxEpochs { get; init; } = 400;

    /// <summary>So many epochs without a better validation AUC end a run.</summary>
    public int Patience { get; init; } = 50;

    /// <summary>Dropout on the features before the new head; null: as published, 0.5 for ResNet18, and what the architecture itself has for the others.</summary>
    public double? HeadDropout { get; init; }

    /// <summary>Whether training images are augmented as published.</summary>
    public bool Augment { get; init; } = true;

    /// <summary>"float32", "tf32" (CUDA) or "bfloat16".</summary>
    public string Precision { get; init; } = "float32";

    /// <summary>Every run of a grid for one model and target, seeds changing slowest.</summary>
    /// <param name="model">The source model.</param>
    /// <param name="target">The target.</param>
    /// <param name="grid">The hyperparameters.</param>
    /// <param name="seeds">How many seeds, from 0.</param>
    /// <exception cref="InvalidInputException">The model cannot be fine-tuned.</exception>
    public IEnumerable<RunConfiguration> Runs(LoadedModel model, FineTuningTarget target, FineTuningGrid grid, int seeds)
    {
        var source = new RunSource
        {
            Id = model.Source.Id,
            Architecture = model.ArchitectureName,
            Dataset = model.Source.Source,
            Sha256 = model.Sha256,
            Mean = model.Preprocessing.Mean,
            Std = model.Preprocessing.Std,
            InputSize = model.Preprocessing.InputSize,
            Resize = model.Preprocessing.Resize.ToString().ToLowerInvariant(),
            TransformInput = model.TransformInput ? true : null,
        };
        var dropout = HeadDropout ?? (FineTuner.ArchitectureOf(model) is var architecture && architecture == ResNet.ResNet18 ? 0.5 : architecture.HeadDropout());
        return from seed in Enumerable.Range(0, seeds)
               from point in grid.Combinations(target.Train.Count)
               select new RunConfiguration
               {
                   Source = source,
                   Target = target.Identity,
                   LearningRate = point.LearningRate,
                   WeightDecay = point.WeightDecay,
                   Momentum = point.Momentum,
                   BatchSize = point.BatchSize,
                   Seed = seed,
                   MaxEpochs = MaxEpochs,
                   Patience = Patience,
                   HeadDropout = dropout,
                   Augmentation = Augment ? "paper" : "none",
                   Precision = Precision,
               };
    }
}
