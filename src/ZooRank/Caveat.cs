namespace ZooRank;

/// <summary>
/// Something that a reader of a result must know to judge it, kept in the result itself and not in a log.
/// </summary>
/// <param name="Code">Short, stable name for programs, as "class-without-images".</param>
/// <param name="Message">One sentence for people, with the numbers that matter.</param>
/// <param name="About">What it is about: a model's id, a file; null when it concerns the whole result.</param>
public sealed record Caveat(string Code, string Message, string? About = null)
{
    public override string ToString() => About is null ? Message : $"{About}: {Message}";
}
