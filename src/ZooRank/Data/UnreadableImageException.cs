namespace ZooRank.Data;

/// <summary>An image of a data set that cannot be read. Which one, for those who want to go on without it.</summary>
public sealed class UnreadableImageException : InvalidInputException
{
    public UnreadableImageException()
    {
    }

    public UnreadableImageException(string message) : base(message)
    {
    }

    public UnreadableImageException(string message, Exception innerException) : base(message, innerException)
    {
    }

    public Split Split { get; init; }

    /// <summary>The position in the split.</summary>
    public int Index { get; init; } = -1;
}
