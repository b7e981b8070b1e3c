using ZooRank.Data;
using ZooRank.Downloads;

namespace ZooRank.Tests.Data;

public sealed class JoinedDatasetTests : IDisposable
{
    // As src/leave-one-out-pretrain.py of the paper's repository goes through them.
    private static readonly string[] PublishedOrder =
        ["chestmnist", "pneumoniamnist", "pathmnist", "dermamnist", "octmnist", "retinamnist", "breastmnist", "bloodmnist", "tissuemnist", "organamnist", "organcmnist", "organsmnist"];

    private readonly TemporaryFolder folder = new();
    private readonly List<ImageDataset> opened = [];

    public void Dispose()
    {
        opened.ForEach(o => o.Dispose());
        folder.Dispose();
    }

    /// <summary>One image of each class under a MedMNIST name; ChestMNIST has one without and one with each finding, and one with the last two.</summary>
    private ImageDataset MedMnist(string name, string suffix = "")
    {
        var classes = MedMnistCatalogue.Get(name).Classes.Count;
        if (name != "chestmnist") return Npz(name + suffix, DatasetFiles.Cycle(classes, classes));
        var rows = Enumerable.Range(-1, classes + 1).Select(f => Enumerable.Range(0, classes).Select(l => (byte)(l == f ? 1 : 0))).Append(Enumerable.Range(0, classes).Select(l => (byte)(l >= classes - 2 ? 1 : 0)));
        return Npz(name + suffix, NpyArray.Of<byte>([.. rows.SelectMany(r => r)], classes + 2, classes));
    }

    private ImageDataset Npz(string name, NpyArray labels, int side = 8)
    {
        var images = DatasetFiles.Images(labels.Shape[0], side, side);
        opened.Add(ImageDatasets.Open(DatasetFiles.Npz(folder[$"{opened.Count}/{name}.npz"], ("train_images", images), ("train_labels", labels), ("val_images", images), ("val_labels", labels))));
        return opened[^1];
    }

    private ImageDataset[] AllTwelve(string suffix = "") => [.. PublishedOrder.Select(n => MedMnist(n, suffix))];

    [Theory]
    [InlineData("")]
    [InlineData("_224")]
    public void All_of_MedMNIST_has_the_published_69_labels(string suffix) => Assert.Equal(69, JoinedDataset.Join(AllTwelve(suffix)).ClassNames.Count);

    // n_classes of the published script: 69 without pneumonia or one of the organ sets, whose labels others have; 56 without chest, whose pneumonia and normal pneumonia keeps; 69 − C without another.
    [Theory]
    [InlineData("pneumoniamnist", 69)]
    [InlineData("organamnist", 69)]
    [InlineData("organcmnist", 69)]
    [InlineData("organsmnist", 69)]
    [InlineData("chestmnist", 56)]
    [InlineData("pathmnist", 60)]
    [InlineData("dermamnist", 62)]
    [InlineData("octmnist", 65)]
    [InlineData("retinamnist", 64)]
    [InlineData("breastmnist", 67)]
    [InlineData("bloodmnist", 61)]
    [InlineData("tissuemnist", 61)]
    public void Leaving_a_target_out_leaves_the_published_number_of_labels(string target, int labels)
    {
        var join = Assert.IsType<JoinedDataset>(JoinedDataset.Join(AllTwelve(), [target]));
        Assert.Equal((labels, 11, "medmnist"), (join.ClassNames.Count, join.Sets.Count, join.Name));
        Assert.DoesNotContain(join.ClassNames, c => c.Contains(target, StringComparison.Ordinal));
    }

    [Fact]
    public void Labels_stand_where_the_published_script_puts_them()
    {
        var sets = AllTwelve();
        var labels = JoinedDataset.Join(sets).MultiLabels(Split.Train);
        var start = 0;
        // Where each set's first class is: 15 for chest with "no finding" at 14, of which pneumonia's normal and pneumonia are 14 and 6; the organs share the last 11.
        int[] first = [0, -1, 15, 24, 31, 35, 40, 42, 50, 58, 58, 58];
        foreach (var (set, s) in sets.Select((set, s) => (set, s)))
        {
            for (var i = 0; i < set.Count(Split.Train); i++)
            {
                int[] expected = PublishedOrder[s] switch
                {
                    "chestmnist" => i == 0 ? [14] : i == 15 ? [12, 13] : [i - 1],
                    "pneumoniamnist" => [i == 0 ? 14 : 6],
                    _ => [first[s] + i],
                };
                Assert.Equal(expected, Enumerable.Range(0, 69).Where(l => labels[start + i, l] == 1));
            }
            start += set.Count(Split.Train);
        }
    }

    [Fact]
    public void Label_names_say_which_sets_they_are_from()
    {
        var join = JoinedDataset.Join([MedMnist("chestmnist"), MedMnist("pneumoniamnist"), Npz("mine", DatasetFiles.Cycle(4, 2))]);
        Assert.Contains("chestmnist: no finding = pneumoniamnist: normal", join.ClassNames);
        Assert.Contains("chestmnist: pneumonia = pneumoniamnist: pneumonia", join.ClassNames);
        Assert.Equal(["mine: class 0", "mine: class 1"], join.ClassNames.TakeLast(2));
        Assert.Equal("chestmnist + pneumoniamnist + mine", join.Name);
    }

    [Fact]
    public void Users_share_labels_by_sets_or_one_by_one()
    {
        ImageDataset[] sets = [Npz("a", DatasetFiles.Cycle(6, 3)), Npz("b", DatasetFiles.Cycle(4, 2)), Npz("c", DatasetFiles.Cycle(4, 2))];
        Assert.Equal(7, JoinedDataset.Join(sets).ClassNames.Count);
        Assert.Equal(["a: class 0 = b: class 0", "a: class 1 = b: class 1", "a: class 2", "c: class 0", "c: class 1"], JoinedDataset.Join(sets, share: ["a, b"]).ClassNames);
        Assert.Equal(["a: class 0 = c: class 1", "a: class 1", "a: class 2", "b: class 0", "b: class 1", "c: class 0"], JoinedDataset.Join(sets, share: ["c: class 1 = a: class 0"]).ClassNames);
        // What is the same as the same is the same; what is left out shares nothing.
        Assert.Equal(["a: class 0 = b: class 0", "a: class 1 = a: class 2 = b: class 1"], JoinedDataset.Join(sets, ["c"], ["a, b", "b,c", "A: class 2 = b: class 1 = c: class 0"]).ClassNames);
        Assert.Equal(["a: class 0 = b: class 0 = c: class 0 = c: class 1", "a: class 1 = b: class 1", "a: class 2"], JoinedDataset.Join(sets, share: ["a, b", "b: class 0 = c: class 0", "c: class 0 = c: class 1"]).ClassNames);
    }

    [Fact]
    public void Rules_and_names_that_fit_nothing_are_refused_in_one_line()
    {
        ImageDataset[] sets = [Npz("first", DatasetFiles.Cycle(6, 3)), Npz("second", DatasetFiles.Cycle(4, 2))];
        string Refusal(string[]? leaveOut = null, string[]? share = null) => Assert.Throws<InvalidInputException>(() => JoinedDataset.Join(sets, leaveOut, share)).Message;
        Assert.Contains("Did you mean first?", Refusal(leaveOut: ["frist"]), StringComparison.Ordinal);
        Assert.Contains("every data set is left out", Refusal(leaveOut: ["first", "second"]), StringComparison.Ordinal);
        Assert.Contains("Did you mean second?", Refusal(share: ["first, secnod"]), StringComparison.Ordinal);
        Assert.Contains("one data set shares nothing", Refusal(share: ["first"]), StringComparison.Ordinal);
        Assert.Contains("Unknown class of first 'klass 0'", Refusal(share: ["first: klass 0 = second: class 0"]), StringComparison.Ordinal);
        Assert.Contains("'second' names no class", Refusal(share: ["first: class 0 = second"]), StringComparison.Ordinal);
        Assert.Contains("both are called 'first'", Assert.Throws<InvalidInputException>(() => JoinedDataset.Join([sets[0], Npz("first", DatasetFiles.Cycle(4, 2))])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_data_set_that_is_left_is_itself()
    {
        ImageDataset[] sets = [Npz("a", DatasetFiles.Cycle(6, 3)), Npz("b", DatasetFiles.Cycle(4, 2))];
        Assert.Same(sets[0], JoinedDataset.Join(sets, ["b"]));
    }

    [Fact]
    public void Images_of_all_sets_follow_one_another_whatever_their_size()
    {
        ImageDataset[] sets = [Npz("a", DatasetFiles.Cycle(6, 3)), Npz("b", DatasetFiles.Cycle(4, 2), side: 12), Npz("c", DatasetFiles.Cycle(5, 5))];
        var join = Assert.IsType<JoinedDataset>(JoinedDataset.Join(sets));
        Assert.Equal((15, 15, 0), (join.Count(Split.Train), join.Count(Split.Validation), join.Count(Split.Test)));
        int[] wanted = [14, 0, 6, 9, 7, 5];
        var expected = new[] { (2, 4), (0, 0), (1, 0), (1, 3), (1, 1), (0, 5) };
        Assert.Equal(expected.Select(e => sets[e.Item1].Load(Split.Train, [e.Item2])[0].Pixels), join.Load(Split.Train, wanted).Select(i => i.Pixels));
        Assert.Equal(expected.Select(e => sets[e.Item1].Describe(Split.Train, e.Item2)), wanted.Select(i => join.Describe(Split.Train, i)));
        Assert.Equal([0, 6, 10], Enumerable.Range(0, 3).Select(s => join.Start(s, Split.Train)));
        // The fingerprint reads labels, images and duplicates through it.
        Assert.Equal(15, DatasetFingerprint.Of(join).Counts[Split.Train]);
        Assert.NotEqual(join.ContentHash(Split.Train, [0, 6]), join.ContentHash(Split.Train, [6, 0]));
    }
}
