using System.Diagnostics.CodeAnalysis;

namespace ZooRank.Models;

/// <summary>A tensor whose shape is not the architecture's.</summary>
public sealed record ShapeMismatch(string Name, IReadOnlyList<long> Expected, IReadOnlyList<long> Found)
{
    public override string ToString() => $"{Name} [{string.Join(", ", Found)}] instead of [{string.Join(", ", Expected)}]";
}

/// <summary>A checkpoint's tensors are not those of the architecture that it was to be loaded into.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "It is nothing without its lists.")]
public sealed class CheckpointMismatchException : InvalidInputException
{
    private const int Shown = 5;

    public CheckpointMismatchException(string path, string architecture, IReadOnlyList<string> missing, IReadOnlyList<string> unexpected, IReadOnlyList<ShapeMismatch> wrongShape)
        : base(Describe(path, architecture, missing, unexpected, wrongShape)) =>
        (Missing, Unexpected, WrongShape) = (missing, unexpected, wrongShape);

    /// <summary>Keys of the architecture that the checkpoint lacks.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>Names in the checkpoint that the architecture does not know.</summary>
    public IReadOnlyList<string> Unexpected { get; }

    /// <summary>Keys that both have, with different shapes.</summary>
    public IReadOnlyList<ShapeMismatch> WrongShape { get; }

    private static string Describe(string path, string architecture, IReadOnlyList<string> missing, IReadOnlyList<string> unexpected, IReadOnlyList<ShapeMismatch> wrongShape)
    {
        var parts = new List<string>();
        List("missing", missing);
        List("unexpected", unexpected);
        List("of another shape", wrongShape);
        return $"{path} does not fit {architecture}: {string.Join("; ", parts)}. "
            + "Name the architecture that the file was saved from, or save the state dict of exactly this one.";

        void List<T>(string what, IReadOnlyList<T> items)
        {
            if (items.Count == 0) return;
            var rest = items.Count > Shown ? ", ..." : "";
            parts.Add($"{items.Count} {what} ({string.Join(", ", items.Take(Shown))}{rest})");
        }
    }
}
