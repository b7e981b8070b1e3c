namespace ZooRank.Tracking;

/// <summary>MLflow did not do what it was asked.</summary>
/// <param name="message">What happened, in some words without a full stop.</param>
/// <param name="code">MLflow's name of the fault, as RESOURCE_DOES_NOT_EXIST; null where it gave none.</param>
/// <param name="passing">Whether it may go through later: no answer, or one that says so.</param>
/// <param name="inner">The cause.</param>
internal sealed class MlflowException(string message, string? code, bool passing, Exception? inner = null) : Exception(message, inner)
{
    public string? Code { get; } = code;
    public bool Passing { get; } = passing;
}
