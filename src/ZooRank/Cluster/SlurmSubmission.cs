using System.Text.Json.Serialization;

namespace ZooRank.Cluster;

/// <summary>A job array that was submitted for a folder of runs; kept there as <c>slurm/JOB.json</c>.</summary>
public sealed record SlurmSubmission
{
    /// <summary>The array's number; its tasks are JOB_0, JOB_1, …</summary>
    public required string Job { get; init; }

    /// <summary>The cluster, where one command line reaches several.</summary>
    public string? Cluster { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset Submitted { get; init; }

    public required int Tasks { get; init; }

    /// <summary>The batch script, beside this record.</summary>
    public required string Script { get; init; }

    /// <summary>Pattern of the logs, beside this record; one a task.</summary>
    public required string Logs { get; init; }

    /// <summary>Given to sbatch.</summary>
    public required IReadOnlyList<string> Options { get; init; }

    /// <summary>What every task runs.</summary>
    public required IReadOnlyList<string> Command { get; init; }
}

/// <summary>A task of a job array, as Slurm tells of it.</summary>
/// <param name="Task">From 0.</param>
/// <param name="State">Slurm's own word: PENDING, RUNNING, COMPLETED, FAILED, CANCELLED, TIMEOUT, …</param>
/// <param name="Reason">Why it waits or failed, in Slurm's words; null where it gives none.</param>
/// <param name="Node">Where it runs or ran.</param>
public sealed record SlurmTask(int Task, string State, string? Reason, string? Node)
{
    // JOB STATE CODES in https://slurm.schedmd.com/squeue.html; all others wait, run, or will again.
    private static readonly HashSet<string> Ended =
        ["BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"];

    /// <summary>Whether it is over, and will not start again by itself.</summary>
    public bool HasEnded => Ended.Contains(State);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SlurmSubmission))]
internal sealed partial class ClusterJson : JsonSerializerContext;
