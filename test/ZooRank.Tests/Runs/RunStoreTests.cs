using System.Text;
using ZooRank.Runs;

namespace ZooRank.Tests.Runs;

public sealed class RunStoreTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private RunStore Store => RunStore.Open(folder.Path);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_record_comes_back_as_it_was_written()
    {
        var record = PlainRuns.Record(PlainRuns.Configuration(learningRate: 1e-5)) with { TestAuc = 0.8851294903926483, Imported = null };
        Assert.True(Store.Add(record));
        var found = Store.Find(record.Id)!;
        Assert.Equivalent(record, found, strict: true);
        Assert.Equal(record.Id, found.Configuration.Id);
        Assert.Equivalent(record, Assert.Single(Store.Records()), strict: true);
    }

    [Fact]
    public void A_summary_is_the_record_without_its_curve()
    {
        var record = PlainRuns.Record(PlainRuns.Configuration());
        Store.Add(record);
        Assert.Equivalent(record with { Curve = [] }, Assert.Single(Store.Summaries().Records), strict: true);
    }

    [Fact]
    public void A_record_has_a_line_for_each_epoch()
    {
        var record = PlainRuns.Record(PlainRuns.Configuration(), epochs: 7);
        Store.Add(record);
        Assert.Equal(7, File.ReadLines(FileOf(record)).Count(line => line.Contains("\"train_loss\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_run_is_named_by_all_that_decides_its_result_and_by_nothing_else()
    {
        var one = PlainRuns.Configuration();
        RunConfiguration[] others =
        [
            one with { LearningRate = 0.1 }, one with { WeightDecay = 0 }, one with { Momentum = 0 }, one with { BatchSize = 64 }, one with { Seed = 1 }, one with { MaxEpochs = 200 }, one with { Patience = 10 },
            one with { HeadDropout = 0.5 }, one with { Augmentation = "none" }, one with { Precision = "tf32" }, one with { Source = one.Source with { Sha256 = "other" } }, one with { Target = one.Target with { Fold = 2 } },
        ];
        Assert.Equal(others.Length + 1, others.Append(one).Select(c => c.Id).Distinct().Count());
        Assert.Equal(one.Id, PlainRuns.Configuration().Id);
        Assert.Matches("^[0-9a-f]{16}$", one.Id);
    }

    [Fact]
    public void A_record_is_written_once_and_never_changed()
    {
        var record = PlainRuns.Record(PlainRuns.Configuration());
        Assert.True(Store.Add(record));
        Assert.False(Store.Add(record with { TestAuc = 0.1 }));
        Assert.Equal(record.TestAuc, Store.Find(record.Id)!.TestAuc);
    }

    [Fact]
    public void A_record_under_another_name_than_its_configuration_s_is_not_taken() => Assert.Throws<ArgumentException>(() => Store.Add(PlainRuns.Record(PlainRuns.Configuration()) with { Id = "0123456789abcdef" }));

    [Fact]
    public void All_records_are_listed_in_the_order_of_their_ids()
    {
        var records = Enumerable.Range(0, 300).Select(seed => PlainRuns.Record(PlainRuns.Configuration(seed: seed))).ToList();
        foreach (var record in records) Store.Add(record);
        Assert.Equal(records.Select(r => r.Id).Order(StringComparer.Ordinal), Store.Records().Select(r => r.Id));
    }

    [Fact]
    public void Half_written_files_are_not_read_and_go_when_they_are_old()
    {
        var record = PlainRuns.Record(PlainRuns.Configuration());
        Store.Add(record);
        var half = Path.Combine(Path.GetDirectoryName(FileOf(record))!, $".{record.Id}.json.17.0.tmp");
        File.WriteAllText(half, "{\"schema\": 2, ");
        Assert.Single(Store.Records());
        Assert.True(File.Exists(half));
        File.SetLastWriteTimeUtc(half, DateTime.UtcNow - TimeSpan.FromHours(2));
        Assert.Single(Store.Records());
        Assert.False(File.Exists(half));
    }

    [Fact]
    public void A_damaged_record_is_named_and_the_others_can_still_be_read()
    {
        var (sound, damaged) = (PlainRuns.Record(PlainRuns.Configuration()), PlainRuns.Record(PlainRuns.Configuration(seed: 1)));
        Store.Add(sound);
        Store.Add(damaged);
        File.WriteAllText(FileOf(damaged), File.ReadAllText(FileOf(damaged))[..200]);
        Assert.Contains(damaged.Id, Assert.Throws<InvalidInputException>(() => Store.Records()).Message, StringComparison.Ordinal);
        var (records, caveats) = Store.Summaries();
        Assert.Equal(sound.Id, Assert.Single(records).Id);
        Assert.Contains(FileOf(damaged), Assert.Single(caveats).Message, StringComparison.Ordinal);
        Assert.Null(Store.TryClaim(damaged.Configuration));
    }

    [Fact]
    public void A_record_whose_configuration_was_edited_or_that_was_moved_is_not_believed()
    {
        var record = PlainRuns.Record(PlainRuns.Configuration());
        Store.Add(record);
        var text = File.ReadAllText(FileOf(record));
        File.WriteAllText(FileOf(record), text.Replace("\"batch_size\": 32", "\"batch_size\": 64", StringComparison.Ordinal));
        Assert.Contains("configuration", Assert.Throws<InvalidInputException>(() => Store.Find(record.Id)).Message, StringComparison.Ordinal);
        File.Delete(FileOf(record));
        File.WriteAllText(folder[$"runs/zz/{record.Id}.json"], text);
        Assert.Contains("not where records are", Assert.Throws<InvalidInputException>(() => Store.Records()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Records_of_the_version_that_misread_test_images_are_refused_in_one_line()
    {
        var record = PlainRuns.Record(PlainRuns.Configuration());
        Store.Add(record);
        File.WriteAllText(FileOf(record), File.ReadAllText(FileOf(record)).Replace("\"schema\": 2", "\"schema\": 1", StringComparison.Ordinal));
        Assert.Contains("more than 256 images", Assert.Throws<InvalidInputException>(() => Store.Records()).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["store.json"], "{\"schema\": 1}");
        var message = Assert.Throws<InvalidInputException>(() => RunStore.OpenExisting(folder.Path)).Message;
        Assert.Contains("computed again, in another folder", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void What_a_newer_version_wrote_is_refused_in_one_line()
    {
        var record = PlainRuns.Record(PlainRuns.Configuration());
        Store.Add(record);
        File.WriteAllText(FileOf(record), File.ReadAllText(FileOf(record)).Replace("\"schema\": 2", "\"schema\": 3, \"something_new\": {\"schema\": 0}", StringComparison.Ordinal));
        var message = Assert.Throws<InvalidInputException>(() => Store.Records()).Message;
        Assert.Contains("newer ZooRank (schema 3", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);

        File.WriteAllText(folder["store.json"], "{\"schema\": 3}");
        Assert.Contains("newer ZooRank (schema 3", Assert.Throws<InvalidInputException>(() => Store).Message, StringComparison.Ordinal);
        Assert.Contains("newer ZooRank (schema 3", Assert.Throws<InvalidInputException>(() => RunStore.OpenExisting(folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["store.json"], "");
        Assert.Contains("damaged", Assert.Throws<InvalidInputException>(() => Store).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_no_store_is_not_made_one_by_looking_at_it()
    {
        Assert.Contains("not a store", Assert.Throws<InvalidInputException>(() => RunStore.OpenExisting(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("no such folder", Assert.Throws<InvalidInputException>(() => RunStore.OpenExisting(Path.Combine(folder.Path, "x"))).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_record_cut_off_anywhere_is_damaged_and_never_an_error_of_ours()
    {
        var (id, bytes) = Written();
        for (var length = 0; length < bytes.Length; length++)
        {
            // Only the last line break may be missing.
            if (length == bytes.Length - 1) Assert.NotNull(Parse(id, bytes.AsSpan(0, length)));
            else Assert.Throws<InvalidInputException>(() => Parse(id, bytes.AsSpan(0, length)));
        }
    }

    [Fact]
    public void A_record_with_changed_bytes_is_sound_or_damaged_and_never_an_error_of_ours()
    {
        var (id, bytes) = Written();
        var random = new Random(1);
        var replacements = ((string[])["null", "1e999", "-0", "[]", "{}", "\"\"", "\"\\ud800\"", "\ufeff", "2", ",", "true", "\"schema\":2,"]).Select(Encoding.UTF8.GetBytes).ToArray();
        var sound = 0;
        for (var trial = 0; trial < 20_000; trial++)
        {
            var changed = bytes.ToList();
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                var at = random.Next(changed.Count);
                switch (random.Next(4))
                {
                    case 0: changed[at] = (byte)random.Next(256); break;
                    case 1: changed.RemoveRange(at, Math.Min(random.Next(1, 40), changed.Count - at)); break;
                    case 2: changed.InsertRange(at, replacements[random.Next(replacements.Length)]); break;
                    default:
                        // A value, from after its colon to the next comma or line, becomes another.
                        var colon = changed.IndexOf((byte)':', at);
                        var end = colon < 0 ? -1 : changed.FindIndex(colon, b => b is (byte)',' or (byte)'\n');
                        if (end < 0) break;
                        changed.RemoveRange(colon + 1, end - colon - 1);
                        changed.InsertRange(colon + 1, replacements[random.Next(replacements.Length)]);
                        break;
                }
            }
            try
            {
                var record = Parse(id, changed.ToArray());
                // What was called sound can be used as such.
                Assert.Equal(id, record.Id);
                Assert.True(Enum.IsDefined(record.Status));
                RunStore.Open(folder["other"]).Add(record);
                File.Delete(Path.Combine(folder.Path, "other", "runs", id[..2], id + ".json"));
                sound++;
            }
            catch (InvalidInputException)
            {
            }
        }
        Assert.InRange(sound, 1, 10_000);
    }

    private static RunRecord Parse(string id, ReadOnlySpan<byte> json) => RunStore.Parse("r.json", id, json, RunsJson.Default.RunRecord);

    private (string Id, byte[] Bytes) Written()
    {
        var record = PlainRuns.Record(PlainRuns.Configuration());
        Store.Add(record);
        return (record.Id, File.ReadAllBytes(FileOf(record)));
    }

    private string FileOf(RunRecord record) => Path.Combine(folder.Path, "runs", record.Id[..2], record.Id + ".json");
}
