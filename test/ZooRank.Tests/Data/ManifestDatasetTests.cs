using System.Text;
using ZooRank.Data;

namespace ZooRank.Tests.Data;

public class ManifestDatasetTests
{
    [Theory]
    [InlineData(",", "\n", "path", "label", "split", "group")]
    [InlineData(";", "\r\n", "File", "Class", "SPLIT", "patient")]
    [InlineData("\t", "\r\n", "image", "label", "split", "group")]
    public void Every_separator_and_name_of_a_column_is_read(string separator, string newline, params string[] columns)
    {
        using var folder = new TemporaryFolder();
        Images(folder, "a b.png", "x/2.png", "3.png");
        string[] lines = [string.Join(separator, columns), $"\"a b.png\"{separator}\"ill, very; so\"{separator}train{separator}p1", "", $"x/2.png{separator}well{separator}val{separator}p2", $" 3.png {separator}well{separator}Train{separator}p3"];
        File.WriteAllText(folder["m.csv"], string.Join(newline, lines), new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        using var dataset = ImageDatasets.Open(folder["m.csv"]);
        Assert.Equal(["ill, very; so", "well"], dataset.ClassNames);
        Assert.Equal([0, 1], dataset.Labels(Split.Train));
        Assert.Equal(["p1", "p3"], dataset.Groups(Split.Train));
        Assert.Equal([1], dataset.Labels(Split.Validation));
        Assert.Equal("CSV manifest, 2 train, 1 validation images, 2 classes", dataset.Description);
        Assert.Equal(2, dataset.Load(Split.Train, [1, 0]).Count);
    }

    [Fact]
    public void Numbers_are_classes_by_their_value()
    {
        using var dataset = Open("path,label\n1.png,10\n2.png,2\n3.png,-1\n");
        Assert.Equal(["-1", "2", "10"], dataset.ClassNames);
        Assert.Equal([2, 1, 0], dataset.Labels(Split.Train));
    }

    [Fact]
    public void A_file_that_is_no_image_is_left_out_with_its_line()
    {
        using var folder = new TemporaryFolder();
        Images(folder, "1.png", "2.png");
        File.WriteAllText(folder["3.png"], "text");
        File.WriteAllText(folder["m.csv"], "path,label\n1.png,a\n2.png,b\n3.png,a\n");
        using var dataset = ImageDatasets.Open(folder["m.csv"]);
        Assert.Equal("line 4, 3.png", Assert.Single(dataset.Caveats).About);
    }

    [Theory]
    [InlineData("", "the table is empty")]
    [InlineData("path,label\n", "no lines below its header")]
    [InlineData("name,label\n1.png,a\n", "line 1: no column 'path'. Found: name, label.")]
    [InlineData("path,what\n1.png,a\n", "line 1: no column 'label'")]
    [InlineData("path,label\n1.png,a\n\n,b\n", "line 4: the path is missing")]
    [InlineData("path,label\n1.png\n", "line 2: the label is missing")]
    [InlineData("path,label,split\n1.png,a,train\n2.png,b,holdout\n", "line 3: the split 'holdout' is unknown. Valid splits: train, val (valid, validation), test.")]
    [InlineData("path,label,split\n1.png,a,test\n2.png,b,test\n", "no line is of the split train")]
    [InlineData("path,label\n1.png,a\n9.png,b\n8.png,b\n", "line 3: no file '9.png'")]
    [InlineData("path,label\n1.png,a\n2.png,a\n", "every image has the label 'a'")]
    [InlineData("path,label\n1.png,a\n2.png,a|b\n", "line 3: label 'a|b' names several findings")]
    [InlineData("path,label\n1.png,a\n\"2.png,b\n3.png,c\n", "line 3: the line cannot be read")]
    [InlineData("path,label,split,group\n1.png,a,train,p7\n2.png,b,train,p8\n3.png,b,test,p7\n", "line 4: group 'p7' is in test here and in train on line 2")]
    public void Faults_give_their_line(string content, string expected)
    {
        var message = Assert.Throws<InvalidInputException>(() => Open(content)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Damaged_tables_give_one_line_or_a_data_set_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        Images(folder, "1.png", "2.png", "3.png");
        var random = new Random(3);
        var seed = Encoding.UTF8.GetBytes("path;label;split;group\r\n1.png;\"a \"\"b\";train;p1\r\n2.png;c;train;p2\r\n3.png;c;val;p3\r\n");
        for (var round = 0; round < 3000; round++)
        {
            var bytes = (byte[])seed.Clone();
            for (var change = random.Next(1, 6); change > 0; change--) bytes[random.Next(bytes.Length)] = (byte)(random.Next(2) == 0 ? random.Next(256) : "\";,\t\r\n\0."[random.Next(8)]);
            File.WriteAllBytes(folder["m.csv"], bytes);
            try
            {
                ImageDatasets.Open(folder["m.csv"]).Dispose();
            }
            catch (InvalidInputException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }

    [Fact]
    public void A_quotation_mark_that_is_never_closed_does_not_take_in_the_whole_file()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["m.csv"], "path,label\n\"" + string.Concat(Enumerable.Repeat("1.png,a\n", 300000)));
        Assert.Contains("line 2: the line cannot be read", FileDatasetTests.Refusal(folder["m.csv"]), StringComparison.Ordinal);
    }

    private static ImageDataset Open(string content)
    {
        using var folder = new TemporaryFolder();
        Images(folder, "1.png", "2.png", "3.png");
        File.WriteAllText(folder["m.csv"], content);
        return ImageDatasets.Open(folder["m.csv"]);
    }

    private static void Images(TemporaryFolder folder, params string[] names)
    {
        foreach (var name in names) DatasetFiles.Png(folder[name], name.Length + name[0]);
    }
}
