namespace ZooRank;

/// <summary>
/// A user's mistake, told in one line: what, where, what was found, what is allowed, what to do next.
/// The command line prints the message alone and exits with code 2; any other exception is a bug of ours.
/// </summary>
public class InvalidInputException : Exception
{
    public InvalidInputException()
    {
    }

    public InvalidInputException(string message) : base(message)
    {
    }

    public InvalidInputException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
