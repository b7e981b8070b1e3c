using System.Globalization;
using ZooRank.Metrics;
using ZooRank.Ranking;
using static ZooRank.Reports.Markup;

namespace ZooRank.Reports;

/// <summary>A ranking as a page: what to do, how sure that is, and all that it rests on.</summary>
public static class RankingReport
{
    // The script and the page stay well below 2 MB with so much of them.
    private const int PictureBytes = 1_200_000;

    public static string Of(Ranking.Ranking ranking)
    {
        var r = ranking;
        return Page.Of("Ranking", r.Target.Name, Lead(r),
        [
            new("models", "The models", Models(r)),
            new("plane", "Feature quality and feature update", Plane(r)),
            new("classes", "The classes as the model sees them", Structure(r)),
            new("metrics", "Every metric", Metrics(r)),
            new("history", "What history adds", History(r)),
            new("data", "The data", Data(r)),
            new("caveats", "Bear in mind", Parts.Caveats(r.Caveats)),
            new("skipped", "Skipped models", Skipped(r)),
            new("methods", "For a paper", Html($"<p>A paragraph for a methods section; change it to your needs.</p>{Parts.Copy("Methods paragraph", Methods(r))}")),
            new("provenance", "How it was computed", Provenance(r)),
            new("cite", "Sources", Parts.Citations([r.Metric, .. r.Provenance.Metrics], r.Provenance.Zoorank)),
        ], Parts.Foot(r.Provenance.Zoorank));
    }

    private static Markup Lead(Ranking.Ranking r)
    {
        var first = r.Models.FirstOrDefault(m => m.Rank == 1);
        // As in the advice: those that are all but never the best are not counted, though they cannot be told from the leader one by one.
        var leaders = r.Models.Where(m => m.Rank == 1 || (m.Group == 1 && m.ProbabilityBest >= 0.05)).ToList();
        return Html($"""
            <p class="about"><bdi>{r.Target.Description}</bdi></p>
            <div class="verdict">
            {(first is null ? default : Html($"""<p class="first"><span>Ranked first of {r.Models.Count}</span> <strong>{Words.Name(first.Id)}</strong></p>"""))}
            <p class="advice" dir="auto">{r.Advice}</p>
            {Parts.Facts(
            [
                ("best in", first?.ProbabilityBest is { } p ? Html($"{Words.Percent(p)} <small>of draws of other images</small>") : default),
                ("cannot be told apart", leaders.Count > 1 ? Html($"{leaders.Count} <small>models lead</small>") : default),
                ("measured", Html($"{r.Target.ProbeImages} <small>images of {r.Target.Classes.Count} classes</small>")),
                ("metric", Html($"{r.Metric} <small>{r.Scenario}s are compared</small>")),
            ])}</div>

            """);
    }

    private static Markup Models(Ranking.Ranking r)
    {
        var scored = r.Models.Where(m => m.Score is not null).ToList();
        var scale = Scale.Around([.. scored.Select(m => m.Score!.Value), .. scored.SelectMany(m => m.Interval ?? [])]);
        var chart = scored.Count == 0 ? default : DotRows.Of(
            Html($"Score by {r.Metric}, higher is better. The line is the 90 % interval of the score when other images of the same data are drawn; it says nothing of other errors. Compared: {r.ScenarioReason}."),
            [.. scored.Select(m => new DotRow(Words.Name(m.Id), [new(m.Score, m.Interval?[0], m.Interval?[1])],
                Html($"{Words.Fixed(m.Score, 3)}{(m.ProbabilityBest is { } p ? Html($" <small>best in {Words.Percent(p)}</small>") : default)}"), m.Group == 1 || (m.Group is null && m.Rank == 1)))], scale, "score");
        List<Column<RankedModel>> columns = [new("model", m => Cell.Name(m.Id)), new("rank", m => new(Html($"{m.Rank?.ToString(CultureInfo.InvariantCulture) ?? Words.None}"), m.Rank)), new(r.Metric is "lp_fu" ? "score" : r.Metric, m => Cell.Number(m.Score, 3))];
        void Where(Func<RankedModel, bool> any, Column<RankedModel> column)
        {
            if (r.Models.Any(any)) columns.Add(column);
        }
        Where(m => m.Interval is not null, new("90 % within", m => m.Interval is { } i && i[1] > i[0] ? new(Html($"{Words.Range(i[0], i[1], 2)}"), i[0]) : new(Html($"–")), hint: "5th to 95th percentile of the score when other images are drawn"));
        Where(m => m.ProbabilityBest is not null, new("best in", m => new(Html($"{Words.Percent(m.ProbabilityBest)}"), m.ProbabilityBest), hint: "share of the draws of other images in which the model is the best"));
        Where(m => m.Group is not null, new("group", m => new(Html($"{m.Group?.ToString(CultureInfo.InvariantCulture) ?? Words.None}"), m.Group), hint: "models of group 1 cannot be told from the leading one by these images"));
        foreach (var (name, heading) in Terms.Where(t => t.Name != r.Metric)) Where(m => m.Measures.ContainsKey(name), new(heading, m => Cell.Number(m.Measures.GetValueOrDefault(name), 4)));
        columns.Add(new("parameters", m => new(Html($"{Words.Fixed(m.Parameters / 1e6, 1)} M"), m.Parameters)));
        Where(m => m.ImagenetTop1 is not null, new("ImageNet", m => new(Html($"{(m.ImagenetTop1 is { } top1 ? $"{Words.Fixed(top1, 1)} %" : Words.None)}"), m.ImagenetTop1), hint: "per cent of ImageNet's validation images that the architecture's published weights classify right"));
        Where(m => m.Prior is not null, new("prior", m => m.Prior is { } p ? new(Html($"{Words.Fixed(p.MeanRank, 1)} of {p.Of}"), p.MeanRank) : new(Html($"–")), hint: "mean rank of the source after fine-tuning on other targets"));
        return Html($"""{chart}{DataTable.Of(Html($"The models in rank order. What looks at no image of the target (parameters, ImageNet accuracy, prior) is a baseline that a metric has to beat."), r.Models, columns, m => m.Rank == 1)}""");
    }

    private static readonly (string Name, string Heading)[] Terms = [("lp", "S_LP"), ("fu", "S_FU"), ("knn", "k‑NN")];

    private static Markup Plane(Ranking.Ranking r)
    {
        var reversed = r.Scenario == "architecture";
        var lp = r.Metric.Split('+')[0] == FeatureCombination.Published.Name && r.Models.Any(m => m.Measures.ContainsKey(FeatureQuality.Published.Name)) ? FeatureQuality.Published.Name : FeatureCombination.Lp;
        if (QualityUpdatePlane.Places(r.Models, m => m.Measures.GetValueOrDefault(lp), m => m.Measures.GetValueOrDefault(FeatureCombination.Fu), reversed) is not { } places) return default;
        var points = places.Select(p => new Point(p.Quality, p.Update, p.Model.Id, string.Create(CultureInfo.InvariantCulture, $"S_LP {Words.Fixed(p.Model.Measures[lp], 4)}, S_FU {Words.Fixed(p.Model.Measures["fu"], 4)}; product {Words.Fixed(p.Quality * p.Update, 3)}"), p.Model.Rank == 1 ? 1 : 0)).ToList();
        return Html($"""
            <figure>{QualityUpdatePlane.Plane("The models by the two terms of the score", points, reversed).Draw()}
            <figcaption>Each model by its two terms, min–max scaled over the zoo{(reversed ? " and reversed, since architectures are compared (eq. 8 of the paper)" : "")}. The paper's score is their product: models on one line score the same. The square is the model ranked first. Of few models a scaled term says little: one is always 0, another 1.</figcaption></figure>
            {Parts.More("The numbers", DataTable.Of(Html($"The two terms, as measured and scaled."), places,
            [
                new("model", p => Cell.Name(p.Model.Id)), new("S_LP", p => Cell.Number(p.Model.Measures[lp], 4)), new("S_FU", p => Cell.Number(p.Model.Measures["fu"], 4)),
                new("S_LP scaled", p => Cell.Number(p.Quality, 3)), new("S_FU scaled", p => Cell.Number(p.Update, 3)), new("product", p => Cell.Number(p.Quality * p.Update, 3)),
            ]))}
            """);
    }

    private static Markup Structure(Ranking.Ranking r)
    {
        if (r.Structure is not { Points.Count: > 0 } s) return default;
        var classes = r.Target.Classes;
        string Of(int label) => label >= 0 && label < classes.Count ? classes[label] : $"class {label}";
        var pictures = s.Points.Select(p => p.Thumbnail is { } t && t.StartsWith("data:image/", StringComparison.Ordinal) ? t : null).ToList();
        var total = pictures.Sum(p => p?.Length ?? 0);
        // Evenly fewer, where all would make the page too large.
        var every = (total + PictureBytes - 1) / PictureBytes;
        Markup Drawn(string title, Func<StructurePoint, IReadOnlyList<double>> place, Func<StructurePoint, string> said, bool withPictures) => new Scatter
        {
            Title = title,
            Description = $"{s.Points.Count} images of {classes.Count} classes; how many of its own class are near each is in the table below.",
            Points = [.. s.Points.Select((p, i) => new Point(place(p)[0], place(p)[1], Of(p.Label), said(p), p.Label % 8, i, withPictures && every > 0 && i % every == 0 ? pictures[i] : null))],
            X = Tight(s.Points.Select(p => place(p)[0])),
            Y = Tight(s.Points.Select(p => place(p)[1])),
            Width = 380,
            Height = 330,
            Bare = true,
        }.Draw();
        var rows = s.Points.GroupBy(p => p.Label).OrderBy(g => g.Key).ToList();
        return Html($"""
            <p>The images as {Words.Name(s.Model)} sees them, before and after the map that NCA learns to tell the classes apart (as figure 3 of the paper, by principal components). Classes that stay mixed after it are those that the model's features do not separate. Some separation is owed to the learning itself.</p>
            {Legend(rows.Select(g => (g.Key % 8, Of(g.Key))))}
            <div class="pair"><figure>{Drawn("Before NCA", p => p.Before, _ => "", true)}<figcaption>Before: {Words.Percent(s.VarianceBefore)} of the features' variance.</figcaption></figure>
            <figure>{Drawn("After NCA", p => p.After, p => $"{Words.Percent(p.OwnShare)} of its five nearest are of its class", false)}<figcaption>After: {Words.Percent(s.VarianceAfter)} of the learned map's variance.</figcaption></figure></div>
            {DataTable.Of(Html($"Share of its own class among an image's five nearest after NCA, itself included: S_LP is its mean over all images."), rows,
            [
                new("class", g => Cell.Name(Of(g.Key))), new("images shown", g => Cell.Whole(g.Count())), new("mean share", g => Cell.Number(g.Average(p => p.OwnShare), 3, (g.Average(p => p.OwnShare) - 0.2) / 0.8)),
                new("images with no other of their class near", g => Cell.Whole(g.Count(p => p.OwnShare < 0.3))),
            ])}{(every > 1 ? Html($"<p class=\"note\">Thumbnails of every {every}th image only: all would make the page too large.</p>") : default)}
            """);
    }

    private static Markup Legend(IEnumerable<(int Series, string Name)> names) => Html($"""<p class="legend">{names.Select(n => Html($"""<span><i class="dot s{n.Series}"></i> <bdi class="name">{n.Name}</bdi></span> """))}</p>""");

    private static Scale Tight(IEnumerable<double> values)
    {
        var known = values.ToList();
        var (low, high) = (known.Min(), known.Max());
        var margin = high > low ? 0.04 * (high - low) : 1;
        return new(low - margin, high + margin, high - low + (2 * margin));
    }

    private static Markup Metrics(Ranking.Ranking r)
    {
        var names = r.Models.SelectMany(m => m.Measures.Keys).Distinct().ToList();
        var best = names.ToDictionary(n => n, n => r.Models.Max(m => m.Measures.GetValueOrDefault(n)));
        var undefined = r.Models.SelectMany(m => m.Undefined.Select(u => (Model: m.Id, Metric: u.Key, Why: u.Value))).GroupBy(u => (u.Metric, u.Why)).ToList();
        return names.Count == 0 ? default : Html($"""
            {DataTable.Of(Html($"Every metric measured, higher is better (S_LP and S_FU too; where architectures are compared, the paper's score turns them round). The best of each column is bold."), r.Models,
                [new Column<RankedModel>("model", m => Cell.Name(m.Id)), .. names.Select(n => new Column<RankedModel>(n, m => Value(m, n), hint: MetricList.All.FirstOrDefault(x => x.Name == n)?.Meaning))])}
            {(undefined.Count == 0 ? default : Html($"""<ul class="caveats">{undefined.Select(u => Html($"<li><strong>{u.Key.Metric}</strong> is undefined for {Words.Names(u.Select(x => x.Model))}: {u.Key.Why}.</li>"))}</ul>"""))}
            """);

        Cell Value(RankedModel m, string name) => m.Measures.GetValueOrDefault(name) is { } v ? new(v == best[name] ? Html($"<b>{Words.Short(v)}</b>") : Html($"{Words.Short(v)}"), v) : new(Html($"–"));
    }

    private static Markup History(Ranking.Ranking r) => r.History is not { } h ? default : Html($"""
        <p>The order is in part from what fine-tuning gave on other targets ({Words.Names(h.From)}), not from these images. The weights: {h.LearnedOn}.</p>
        {DotRows.Of(Html($"Weight of each term of the score; they add to 1."), [.. h.Weights.OrderByDescending(w => w.Value).ThenBy(w => w.Key, StringComparer.Ordinal).Select(w => new DotRow(Words.Name(w.Key), [new(w.Value, 0, w.Value)], Html($"{Words.Percent(w.Value)}"), w.Key == "history"))], new(0, 1, 0.25), "weight")}
        <p>Targets whose results count, {h.Targets.Count}: {Words.Names(h.Targets)}.{(h.Without.Count > 0 ? Html($" Without history, and so judged by the metrics alone: {Words.Names(h.Without)}.") : default)}</p>
        """);

    private static Markup Data(Ranking.Ranking r)
    {
        var (t, d) = (r.Target, r.Data);
        var counts = t.Classes.Select((name, i) => (Name: name, Probe: i < t.ProbeClassCounts.Count ? t.ProbeClassCounts[i] : (int?)null, Train: d is not null && i < d.TrainClassCounts.Count ? d.TrainClassCounts[i] : (int?)null)).ToList();
        var most = counts.Max(c => Math.Max(c.Train ?? 0, c.Probe ?? 0));
        List<Column<(string Name, int? Probe, int? Train)>> columns = [new("class", c => Cell.Name(c.Name)), new("measured", c => Count(c.Probe))];
        if (d is not null) columns.Add(new("in the training split", c => Count(c.Train)));
        return Html($"""
            {(d is null ? default : Parts.Facts(
            [
                ("images", Join(Html($", "), d.Images.Select(i => Html($"{Words.Whole(i.Value)} <small>{i.Key}</small>")))),
                ("width", Html($"{d.Width}")), ("height", Html($"{d.Height}")),
                ("channels", Html($"{string.Join(", ", d.Channels.Select(c => c == 1 ? "1 (grey)" : c == 3 ? "3 (colour)" : c.ToString(CultureInfo.InvariantCulture)))}")),
                ("bits", Html($"{string.Join(", ", d.BitDepths)}")), ("mean intensity", Html($"{Words.Fixed(d.MeanIntensity, 3)}")),
                ("duplicates", Html($"{Words.Whole(d.DuplicatesInTrain)} <small>within the training split</small>, {Words.Whole(d.DuplicatesAcrossSplits)} <small>across splits</small>, {Words.Whole(d.ConflictingLabels)} <small>with another label; {Words.Whole(d.Compared)} compared</small>")),
            ]))}
            {(d is { DuplicatesAcrossSplits: > 0 } ? Html($"""<p class="warning">{Words.Whole(d.DuplicatesAcrossSplits)} images of the validation or test split are also in an earlier split: results on them are too good.</p>""") : default)}
            {DataTable.Of(Html($"Images by class."), counts, columns)}
            """);

        Cell Count(int? n) => n is { } x ? new(Html($"""{Words.Whole(x)}<i class="share" style="width:{(most > 0 ? 60.0 * x / most : 0)}px"></i>"""), x) : new(Html($"–"));
    }

    private static Markup Skipped(Ranking.Ranking r) => r.Skipped.Count == 0 ? default : DataTable.Of(Html($"Models that could not be measured, and why."), r.Skipped, [new("model", s => Cell.Name(s.Id)), new("reason", s => Cell.Text(s.Reason), numeric: false)]);

    private static Markup Provenance(Ranking.Ranking r)
    {
        var p = r.Provenance;
        return Html($"""
            {Parts.Command(p.Command)}
            <details><summary>Versions, device, seeds, files</summary>
            {Parts.Facts(
            [
                ("ZooRank", Html($"{p.Zoorank}")), ("libtorch", Html($"{p.Libtorch}")), ("runtime", Html($"{p.Runtime}")), ("platform", Html($"{p.Platform}")), ("device", Html($"{p.Device}, {p.Threads} <small>threads</small>")),
                ("started", Html($"{p.Started.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} <small>UTC</small>")), ("took", Html($"{Words.Duration(p.Seconds)}")),
                ("seed, fold", Html($"{p.Seed.ToString(CultureInfo.InvariantCulture)}, {p.Fold}")), ("drawn", Html($"{p.ProbePerClass} <small>images per class,</small> {p.Sampling}")), ("layer", Html($"{p.Layer ?? "the last before the head"}")),
                ("random halves", Html($"{p.Halves}")), ("zoo", Html($"<code>{p.Zoo}</code>")), ("data", Html($"<code>{r.Target.Path}</code>")), ("hash of the probe", Html($"<code>{r.Target.ProbeSha256}</code>")),
            ])}
            {DataTable.Of(Html($"The checkpoints and how images were prepared for them."), r.Models,
            [
                new("model", m => Cell.Name(m.Id)), new("architecture", m => Cell.Text(m.Architecture), numeric: false), new("source", m => new(Words.Name(m.Source ?? Words.None)), numeric: false),
                new("input", m => Cell.Text($"{m.Preprocessing.InputSize} px, {m.Preprocessing.Resize}"), numeric: false), new("mean", m => Cell.Text(Channels(m.Preprocessing.Mean)), numeric: false), new("std", m => Cell.Text(Channels(m.Preprocessing.Std)), numeric: false),
                new("time", m => new(Html($"{Words.Duration(m.Seconds)}{(m.Cached ? Html($" <small>cached</small>") : default)}"), m.Seconds)),
                new("checkpoint", m => new(Html($"<code>{m.Checkpoint}</code>")), numeric: false), new("SHA-256", m => new(Html($"<code>{m.CheckpointSha256}</code>")), numeric: false),
            ])}</details>
            """);

        static string Channels(IReadOnlyList<float> values) => values.Distinct().Count() == 1 ? values[0].ToString("0.####", CultureInfo.InvariantCulture) : string.Join(", ", values.Select(v => v.ToString("0.####", CultureInfo.InvariantCulture)));
    }

    /// <summary>A paragraph as a paper's methods section has it.</summary>
    internal static string Methods(Ranking.Ranking r)
    {
        var p = r.Provenance;
        var name = r.Metric.Split('+')[0];
        var metric = MetricList.All.FirstOrDefault(m => m.Name == name);
        var what = name.StartsWith("lp_fu", StringComparison.Ordinal)
            ? $"the product of feature quality (S_LP) and feature update (S_FU) of Juodelyte et al. (arXiv 2412.20172), each min–max scaled over the models{(r.Scenario == "architecture" ? " and reversed, as for the comparison of architectures" : "")}"
            : $"{name}{(metric is null ? "" : $" ({metric.Source})")}";
        if (r.History is { } h)
            what = $"the weighted mean of the models' ranks, scaled to −1…1, by {string.Join(", ", h.Weights.Select(w => string.Create(CultureInfo.InvariantCulture, $"{w.Key} (weight {Words.Fixed(w.Value, 2)})")))}, where history is the mean rank by AUC after fine-tuning on {Words.Whole(h.Targets.Count)} other target{(h.Targets.Count == 1 ? "" : "s")}, {name} is {what}, and the weights were learned on {h.LearnedOn}";
        var doubt = p.Halves > 0 ? $" Uncertainty was estimated from {p.Halves} random halves of the images; reported are the 90 % interval of each score and the share of {Words.Whole(Doubt.Draws)} draws in which a model is the best." : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"We ranked {r.Models.Count} pretrained models for {r.Target.Name} with ZooRank {Parts.Version(p.Zoorank)} by {what}. The models were measured on {r.Target.ProbeImages} labelled training images of {r.Target.Classes.Count} classes ({(p.ProbePerClass == 0 ? "all images" : $"{p.ProbePerClass} × {r.Target.Classes.Count}, {p.Sampling} sampling")}, seed {p.Seed}, fold {p.Fold}; SHA-256 of images and labels {Start(r.Target.ProbeSha256)}…), with features of {(p.Layer is null ? "the last layer before the head" : $"the layer {p.Layer}")}.{doubt} Computed with libtorch {p.Libtorch} on {p.Device}.");

        static string Start(string hash) => hash.Length > 12 ? hash[..12] : hash;
    }
}
