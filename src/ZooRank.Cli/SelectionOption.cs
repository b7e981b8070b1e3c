using System.CommandLine;
using ZooRank.Truth;

namespace ZooRank.Cli;

/// <summary>--select, for all commands that read a store of runs.</summary>
internal static class SelectionOption
{
    public static Option<string> Create()
    {
        var option = new Option<string>("--select")
        {
            Description = "Of a store's runs, what stands for a seed: seed (as published: its run with the lowest validation loss) or mean (its run with the hyperparameters whose loss is the lowest in the mean over the seeds).",
            DefaultValueFactory = _ => "seed",
            HelpName = "seed|mean",
        };
        option.AcceptOnlyFromAmong("seed", "mean");
        return option;
    }

    /// <exception cref="InvalidInputException">It was given where there is nothing to select.</exception>
    public static void Refuse(ParseResult parsed, Option<string> option, string why)
    {
        if (parsed.GetResult(option) is { Implicit: false }) throw new InvalidInputException($"--select {parsed.GetValue(option)}: {why}");
    }

    public static RunSelection Of(ParseResult parsed, Option<string> option) => parsed.GetValue(option) == "mean" ? RunSelection.Mean : RunSelection.Seed;
}
