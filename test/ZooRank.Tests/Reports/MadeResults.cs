using ZooRank.Evaluation;
using ZooRank.Metrics;
using ZooRank.Ranking;
using ZooRank.Reports;
using ZooRank.Runs;
using ZooRank.Tests.Runs;
using ZooRank.Truth;

namespace ZooRank.Tests.Reports;

/// <summary>Results that nobody computed, with everything that a page can show.</summary>
internal static class MadeResults
{
    /// <summary>Names that break pages made carelessly; each begins with a letter of its own.</summary>
    public static readonly string[] Hostile =
    [
        """A<script>document.title = "owned"</script><img src="x" onerror="document.title = 'owned'"/>&amp;'"><b>""",
        "B</title></style></script></svg>]]><!-- ${1} {0}",
        "C\u202Eexe.gpj\u202C שלום עולם\u2066",
        "D" + new string('x', 299),
        "E\0\u0001\uFFFF\uD800 " + string.Concat(Enumerable.Repeat("many words ", 30)),
        "Fمرحبا بالعالم javascript:alert(1)",
    ];

    public static readonly string[] Plain = ["imagenet", "radimagenet", "brainmri", "chestxray", "cifar10", "pathology"];

    public static ZooRank.Ranking.Ranking Ranking(IReadOnlyList<string>? names = null)
    {
        names ??= Plain;
        var random = new Random(1);
        return new()
        {
            Target = new(names[0], names[1], $"a folder called {names[3]}", [names[0], names[2], names[3]], 300, [100, 100, 100], "00ff00ff00ff00ff"),
            Metric = "lp_fu",
            Scenario = "source",
            ScenarioReason = $"all are resnet18; {names[4]}",
            Models = [.. names.Select((name, i) => new RankedModel
            {
                Id = name,
                Rank = i == 5 ? null : i + 1,
                Score = i == 5 ? null : 0.9 - (0.2 * i),
                Interval = i == 5 ? null : [0.7 - (0.17 * i), 1 - (0.2 * i)],
                ProbabilityBest = i == 5 ? null : i == 0 ? 0.8 : 0.05,
                Group = i == 5 ? null : i < 2 ? 1 : 2,
                Measures = new Dictionary<string, double?> { ["lp_fu"] = i == 5 ? null : 0.9 - (0.2 * i), ["lp"] = 0.5 + (0.05 * ((i * 7) % 5)), ["fu"] = i == 5 ? null : 2.5 - (0.4 * i), ["knn"] = 0.6, ["logme"] = -0.5 + (0.1 * i), [names[1]] = 1 },
                Undefined = i == 5 ? new Dictionary<string, string> { ["fu"] = names[0] } : new Dictionary<string, string>(),
                ImagenetTop1 = i == 1 ? 69.8 : null,
                Prior = i == 2 ? null : new(1.5 + i, 15, 11, 0.9 - (0.1 * i)),
                Seconds = 1.5 * i,
                Cached = i == 2,
                Architecture = names[2],
                Source = name,
                Parameters = 11_000_000 + (1_000_000 * i),
                Checkpoint = name,
                CheckpointSha256 = new string('a', 64),
                Preprocessing = new(224, "squash", [0.485f, 0.456f, 0.406f], [0.5f, 0.5f, 0.5f]),
            })],
            Skipped = [new(names[4], $"not readable: {names[0]}")],
            Data = new(new Dictionary<string, int> { ["train"] = 400, ["test"] = 80 }, [150, 150, 100], "64", "48 / 64 / 96", [1, 3], [8], 0.4, 480, 3, 2, 1),
            Structure = new(names[0], 0.4, 0.7, [.. Enumerable.Range(0, 90).Select(i => new StructurePoint(i % 3, [random.NextDouble(), random.NextDouble()], [(i % 3) + random.NextDouble(), random.NextDouble()], 0.2 * (1 + (i % 5)),
                "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="))]),
            History = new([names[0]], new Dictionary<string, double> { ["history"] = 0.5, ["lp_fu"] = 0.5 }, names[1], [names[2], names[3]], [names[5]], [names[1]]),
            Advice = $"Fine-tune {names[0]} and {names[1]}.",
            Caveats = [new("made-up", $"these numbers mean nothing: {names[0]}", names[3]), new("made-up", "nor do these")],
            Provenance = new()
            {
                Zoorank = "0.1.0+abc",
                Libtorch = "2.10.0",
                Runtime = ".NET 10",
                Platform = "Linux",
                Device = "cpu",
                Threads = 2,
                Zoo = names[3],
                Seed = 24,
                Fold = 1,
                ProbePerClass = 100,
                Sampling = "plain",
                Layer = names[1],
                Metrics = ["lp_fu", "lp", "fu", "logme", "knn"],
                Halves = 20,
                Started = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
                Seconds = 123,
                Command = ["zoorank", "rank", "--data", names[0]],
            },
        };
    }

    public static MetricEvaluation Evaluation(IReadOnlyList<string>? names = null)
    {
        names ??= Plain;
        string[] targets = [.. names.Select(n => n + "1")];
        ScoreTable Table(int seed) => new Random(seed) is var random ? ScoreTable.Of(names, targets, _ => [.. names.Select(_ => (double?)random.NextDouble())]) : null!;
        return Evaluator.Evaluate(new Dictionary<string, ScoreTable> { ["lp"] = Table(1), ["fu"] = Table(2), [names[0]] = Table(3), [names[3]] = Table(4) }, Table(5).Map(v => 0.5 + (v / 2)), new()
        {
            Scenario = Scenario.Source,
            Caveats = [new("made-up", names[0], names[1])],
            Seeds = [Truth(names).Truth.Targets[0] with { Target = targets[0] }],
            Command = ["zoorank", "evaluate", names[0]],
        });
    }

    public static (GroundTruth Truth, IReadOnlyList<RunRecord> Runs) Truth(IReadOnlyList<string>? names = null)
    {
        names ??= Plain;
        List<RunRecord> runs = [.. names.SelectMany((source, s) => names.Take(2).SelectMany((target, t) => Enumerable.Range(0, 3).Select(seed =>
            PlainRuns.Record(PlainRuns.Configuration(source, target, seed: seed), testAuc: 0.9 - (0.03 * ((s + t) % 6)) + (0.004 * ((seed + s) % 3))))))];
        return (GroundTruth.Of(runs), runs);
    }

    /// <summary>All three pages.</summary>
    public static IReadOnlyList<(string Kind, string Page)> Pages(IReadOnlyList<string>? names = null) =>
    [
        ("ranking", RankingReport.Of(Ranking(names))),
        ("evaluation", EvaluationReport.Of(Evaluation(names))),
        ("truth", Truth(names) is var (truth, runs) ? TruthReport.Of((names ?? Plain)[0], truth, runs) : ""),
    ];
}
