using ZooRank.Data;
using ZooRank.Demo;
using ZooRank.FineTuning;
using ZooRank.Tests.Data;

namespace ZooRank.Tests.FineTuning;

public sealed class HeldOutDatasetTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    // A manifest of pictures of 30 patients, 4 each, two classes; one of a patient's four is of the other class.
    private ImageDataset Manifest(bool groups)
    {
        Directory.CreateDirectory(folder["images"]);
        var lines = new List<string> { groups ? "path,label,group" : "path,label" };
        for (var i = 0; i < 120; i++)
        {
            var patient = i / 4;
            DatasetFiles.Png(folder[$"images/{i}.png"], i);
            lines.Add($"images/{i}.png,{(patient % 2 == 0 ^ i % 4 == 3 ? "benign" : "malignant")}{(groups ? $",p{patient}" : "")}");
        }
        File.WriteAllLines(folder["set.csv"], lines);
        return ImageDatasets.Open(folder["set.csv"]);
    }

    [Fact]
    public void Every_image_is_in_one_split_and_a_fifth_is_held_out_for_each()
    {
        using var whole = Manifest(groups: false);
        var complete = HeldOutDataset.Complete(whole, 24);
        var names = ImageDataset.Splits.SelectMany(s => Enumerable.Range(0, complete.Count(s)).Select(i => complete.Describe(s, i))).ToList();
        Assert.Equal(120, names.Distinct().Count());
        Assert.Equal(120, names.Count);
        Assert.Equal((72, 24, 24), (complete.Count(Split.Train), complete.Count(Split.Validation), complete.Count(Split.Test)));
        Assert.Equal(12, complete.Labels(Split.Test).Count(y => y == 0));   // half of each class, as in the whole
        Assert.Contains(complete.Caveats, c => c.Code == "held-out" && c.Message.Contains("no patients are stated", StringComparison.Ordinal));
    }

    [Fact]
    public void All_images_of_a_patient_are_on_one_side()
    {
        using var whole = Manifest(groups: true);
        var complete = HeldOutDataset.Complete(whole, 24);
        var patients = ImageDataset.Splits.Select(s => complete.Groups(s)!.ToHashSet()).ToList();
        Assert.Equal(30, patients.Sum(p => p.Count));
        Assert.Equal(30, patients.SelectMany(p => p).Distinct().Count());
        Assert.All(patients, p => Assert.InRange(p.Count, 5, 20));
    }

    [Fact]
    public void Labels_images_and_bytes_are_those_of_the_whole()
    {
        using var whole = Manifest(groups: true);
        var complete = HeldOutDataset.Complete(whole, 24);
        var places = Enumerable.Range(0, 120).ToDictionary(i => whole.Describe(Split.Train, i));
        foreach (var split in ImageDataset.Splits)
        {
            int[] some = [3, 1];
            var images = complete.Load(split, some);
            for (var k = 0; k < some.Length; k++)
            {
                var place = places[complete.Describe(split, some[k])];
                Assert.Equal(whole.Load(Split.Train, [place])[0].Pixels, images[k].Pixels);
                Assert.Equal(whole.Labels(Split.Train)[place], complete.Labels(split)[some[k]]);
                Assert.Equal(whole.ContentHash(Split.Train, [place]), complete.ContentHash(split, [some[k]]));
            }
        }
    }

    [Fact]
    public void A_data_set_with_all_its_splits_is_left_as_it_is()
    {
        Drawings.Write(folder["drawn.npz"], Motif.Stripes, 8, 1);
        using var drawn = ImageDatasets.Open(folder["drawn.npz"]);
        Assert.Same(drawn, HeldOutDataset.Complete(drawn, 24));
    }

    [Fact]
    public void The_draw_hangs_on_the_seed_alone()
    {
        using var whole = Manifest(groups: true);
        string Names(uint seed) => HeldOutDataset.Complete(whole, seed) is var c ? string.Join(" ", Enumerable.Range(0, c.Count(Split.Test)).Select(i => c.Describe(Split.Test, i))) : "";
        Assert.Equal(Names(1), Names(1));
        Assert.NotEqual(Names(1), Names(2));
    }

    [Fact]
    public void The_only_image_of_a_class_stays_in_the_train_split()
    {
        var lines = new List<string> { "path,label" };
        for (var i = 0; i < 21; i++)
        {
            DatasetFiles.Png(folder[$"{i}.png"], i);
            lines.Add($"{i}.png,{(i == 20 ? "rare" : i % 2 == 0 ? "a" : "b")}");
        }
        File.WriteAllLines(folder["rare.csv"], lines);
        using var whole = ImageDatasets.Open(folder["rare.csv"]);
        var rare = whole.ClassNames.ToList().IndexOf("rare");
        foreach (var seed in Enumerable.Range(0, 20)) Assert.Contains(rare, HeldOutDataset.Complete(whole, (uint)seed).Labels(Split.Train));
    }

    [Fact]
    public void A_split_of_one_class_is_refused()
    {
        File.WriteAllLines(Directory.CreateDirectory(folder["few"]).FullName + "/set.csv", ["path,label,split"]);
        for (var i = 0; i < 12; i++)
        {
            DatasetFiles.Png(folder[$"few/{i}.png"], i);
            File.AppendAllLines(folder["few/set.csv"], [$"{i}.png,{(i < 4 ? "a" : i < 8 ? "b" : "a")},{(i < 8 ? "train" : i < 10 ? "val" : "test")}"]);
        }
        using var dataset = ImageDatasets.Open(folder["few/set.csv"]);
        Assert.Contains("validation AUC", Assert.Throws<InvalidInputException>(() => FineTuningTarget.Draw(dataset)).Message, StringComparison.Ordinal);
    }
}
