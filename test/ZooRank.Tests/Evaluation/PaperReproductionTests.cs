using System.Globalization;
using System.Text.Json.Nodes;
using ZooRank.Evaluation;
using ZooRank.Metrics;
using ZooRank.Tests.Ranking;

namespace ZooRank.Tests.Evaluation;

public class PaperReproductionTests
{
    private static readonly PaperReproduction Paper = PaperReproduction.Compute();

    // All of tables 2 and 3 from the paper's files, by SciPy alone: the combination, the reversals, τ_w, ranks, Friedman's test and the critical difference.
    private const string Script = """
        import csv, json
        import numpy as np
        from scipy.stats import weightedtau, rankdata, friedmanchisquare, studentized_range
        folder, kind = sys.argv[1:]
        def read(name):
            rows = list(csv.reader(open(f'{folder}/{name}_{kind}.csv')))
            return rows[0][2:], [r[1] for r in rows[1:]], np.array([[float(c) if c else np.nan for c in r[2:]] for r in rows[1:]])
        auc_targets, auc_sources, auc = read('AUCs')
        names = ['logme', 'parc', 'sfda', 'ncti', 'leep', 'nleep', 'lp', 'fu']
        tables = {n: read(n) for n in names}
        targets = tables['lp'][0]
        def column(table, source_names, target):
            t, s, v = table
            return np.array([v[s.index(x), t.index(target)] for x in source_names])
        tau = {n: {} for n in names + ['lp_fu']}
        for target in targets:
            y = column((auc_targets, auc_sources, auc), auc_sources, target)
            known = ~np.isnan(y)
            scores = {n: column(tables[n], auc_sources, target) for n in names}
            def scaled(v):
                v = -v if kind == 'model' else v
                return (v - np.nanmin(v)) / (np.nanmax(v) - np.nanmin(v))
            scores['lp_fu'] = scaled(scores['lp']) * scaled(scores['fu'])
            if kind == 'model':
                for n in ['leep', 'nleep', 'parc', 'ncti']: scores[n] = 1 - scores[n]
            for n, v in scores.items():
                both = known & ~np.isnan(v)
                t = weightedtau(v[both], y[both]).statistic
                tau[n][target] = None if np.isnan(t) else t
        compared = ['logme', 'parc', 'sfda', 'ncti', 'leep', 'nleep', 'lp_fu']
        values = np.array([[-9 if tau[n][t] is None else tau[n][t] for t in targets] for n in compared])
        ranks = np.array([rankdata(-v) for v in values.T])
        q = studentized_range.ppf(0.95, len(compared), np.inf) / np.sqrt(2)
        k, n = len(compared), len(targets)
        print(json.dumps(dict(tau=tau, ranks=dict(zip(compared, ranks.mean(0))), p=friedmanchisquare(*values).pvalue, difference=q * np.sqrt(k * (k + 1) / (6 * n)))))
        """;

    private static JsonNode Scipy(string kind) => JsonNode.Parse(Python.Run("numpy, scipy", Script, SharedFolder.Require("paper"), kind))!;

    [Theory]
    [InlineData("dataset")]
    [InlineData("model")]
    public void Tables_2_and_3_are_what_scipy_makes_of_the_published_files(string kind)
    {
        var (expected, found) = (Scipy(kind), kind == "dataset" ? Paper.Sources : Paper.Architectures);
        foreach (var (metric, targets) in expected["tau"]!.AsObject())
        {
            Assert.Equal(11, targets!.AsObject().Count);
            foreach (var (target, tau) in targets.AsObject())
            {
                if (tau is null) Assert.Null(found.TauW[metric][target]);
                else Assert.Equal((double)tau, found.TauW[metric][target]!.Value, 1e-9);
            }
        }
        foreach (var (metric, rank) in expected["ranks"]!.AsObject()) Assert.Equal((double)rank!, found.AverageRanks[metric], 1e-9);
        Assert.Equal((double)expected["p"]!, found.Friedman!.P, 1e-9);
        Assert.Equal((double)expected["difference"]!, found.CriticalDifference!.Value, 1e-4);
    }

    [Fact]
    public void What_the_paper_prints_agrees_or_its_difference_is_explained()
    {
        Assert.Equal(["4.00", "4.00", "5.82", "4.91", "3.91", "3.45", "1.91", "0.002", "–", "–", "2.716", "4.18", "4.45"], Paper.Printed.Select(p => p.Recomputed));
        Assert.Equal(["Table 2, Nemenyi's critical difference", "Table 3, average rank of sfda", "Table 3, average rank of nleep"], Paper.Printed.Where(p => !p.Agrees).Select(p => p.Where));
        Assert.All(Paper.Printed, p => Assert.Equal(p.Agrees, p.Explanation is null));
        Assert.DoesNotContain(Paper.Printed, p => p.Explanation == "not explained");
    }

    [Theory]
    [InlineData("table-4-auc-sources", "AUCs_dataset", 100)]
    [InlineData("table-5-auc-architectures", "AUCs_model", 1)]
    public void Tables_4_and_5_are_the_published_aucs_in_per_cent_to_two_decimals(string name, string file, int factor)
    {
        var (published, table) = (PublishedTables.Read(file), Paper.Tables.Single(t => t.Name == name));
        Assert.Equal(published.Count, table.Rows.Count);
        foreach (var (row, (_, aucs)) in table.Rows.Zip(published))   // in the same order; architectures have torchvision's names here
        {
            foreach (var (target, cell) in table.Columns.Skip(1).Zip(row.Cells))
                Assert.Equal(aucs.TryGetValue(target, out var auc) ? ((decimal)auc * factor).ToString("0.00", CultureInfo.InvariantCulture) : "–", cell.Text);
            Assert.Equal(aucs.Count, row.Cells.Count(c => c.Value is not null));
        }
    }

    [Theory]
    [InlineData(Scenario.Source)]
    [InlineData(Scenario.Architecture)]
    public void The_scaled_terms_of_a_target_multiply_to_its_scores(Scenario scenario)
    {
        var evaluation = scenario == Scenario.Source ? Paper.Sources : Paper.Architectures;
        foreach (var target in evaluation.Targets)
        {
            var terms = ScaledTerms.Of(evaluation, target);
            Assert.Equal(evaluation.Truth.Sources.Count(s => evaluation.Truth[s, target] is not null), terms.Count);
            Assert.All(terms, t => Assert.Equal(evaluation.Scores["lp_fu"][t.Source, target]!.Value, t.Lp * t.Fu, 1e-12));
            Assert.All(terms, t => Assert.True(t is { Lp: >= 0 and <= 1, Fu: >= 0 and <= 1 }));
        }
        // Scores of another scaling are not their product, so there are no terms to show.
        Assert.Empty(ScaledTerms.Of(evaluation with { Scenario = scenario == Scenario.Source ? "architecture" : "source" }, "bloodmnist"));
    }
}
