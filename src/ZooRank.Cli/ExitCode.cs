namespace ZooRank.Cli;

/// <summary>What a command tells its caller.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>A fault of ours: the stack trace is on standard error.</summary>
    public const int Bug = 1;

    /// <summary>The user's input was wrong: one line on standard error says what.</summary>
    public const int InvalidInput = 2;

    /// <summary>Done, but some models could not be measured.</summary>
    public const int SomeSkipped = 3;

    public const int Interrupted = 130;
}
