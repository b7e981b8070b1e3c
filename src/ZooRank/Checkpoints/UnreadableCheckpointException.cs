namespace ZooRank.Checkpoints;

/// <summary>
/// Why a file cannot be read, without the file's name: <see cref="CheckpointFormats"/> puts that in front and turns it into the user's <see
/// cref="InvalidInputException"/>. The message may quote the file, which nobody vouches for: it is kept to one line of bounded length.
/// </summary>
internal sealed class UnreadableCheckpointException : Exception
{
    private const int LongestMessage = 600;
    private const int LongestQuote = 80;

    public UnreadableCheckpointException(string message) : base(OneLine(message, LongestMessage))
    {
    }

    /// <summary>A text of the file in a form that can stand in a message.</summary>
    public static string Quote(string text) => OneLine(text, LongestQuote);

    private static string OneLine(string text, int longest)
    {
        var shown = text.Length > longest ? text[..longest] + "…" : text;
        return string.Create(shown.Length, shown, static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++) target[i] = char.IsControl(source[i]) || char.IsSurrogate(source[i]) ? '?' : source[i];
        });
    }
}
