using ZooRank.Evaluation;
using ZooRank.Models;

namespace ZooRank.Ranking;

/// <summary>A source model that was trained on the very data that it is to be judged on: its features, and what fine-tuning it gives, are of pictures that it knows.</summary>
public static class TrainedOnTarget
{
    /// <summary>By the names of the data sets in its card, or of its source where it has none (<see cref="SameData"/>); null where they name other data, or nothing.</summary>
    /// <param name="model">The model.</param>
    /// <param name="target">The target's name.</param>
    public static Caveat? Of(SourceModel model, string target)
    {
        IEnumerable<string> seen = model.Training is { } card ? card.Data.Select(d => d.Name) : model.Source is { } source ? [source] : [];
        return seen.FirstOrDefault(name => SameData.As(name, target)) is not { } same ? null
            : new("trained-on-target", $"it was trained on {same}, which by its name is this data or what this was made of: nothing that it does here says how it does on pictures it has not seen.", model.Id);
    }
}
