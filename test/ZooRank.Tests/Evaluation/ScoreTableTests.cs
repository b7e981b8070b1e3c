using System.Text;
using ZooRank.Evaluation;

namespace ZooRank.Tests.Evaluation;

public sealed class ScoreTableTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string Write(string text)
    {
        File.WriteAllText(folder["table.csv"], text);
        return folder["table.csv"];
    }

    [Fact]
    public void Reads_tables_with_and_without_pandas_row_numbers()
    {
        foreach (var text in new[] { ",source,a,b\n0,x,0.5,\n1,y,nan,-2e-3\n", "source,a,b\r\nx,0.5,\r\n\r\ny,-,-0.002\r\n", "\uFEFFsource,a,b\nx, 0.5 ,\n\"y\",,-0.002" })
        {
            var table = ScoreTable.Read(Write(text));
            Assert.Equal(["x", "y"], table.Sources);
            Assert.Equal(["a", "b"], table.Targets);
            Assert.Equal((0.5, null, null, -0.002), (table["x", "a"], table["x", "b"], table["y", "a"], table["y", "b"]));
            Assert.Null(table["z", "a"]);
        }
    }

    [Theory]
    [InlineData("source,a\nx,half\n", "line 2, column 'a': 'half' is not a number")]
    [InlineData("source,a\nx,1,2\n", "line 2: 3 cells")]
    [InlineData("source,a\nx,1\nx,2\n", "line 3: the source 'x' is there twice")]
    [InlineData("source,a,a\nx,1,2\n", "the target 'a' is there twice")]
    [InlineData("source,a\n,1\n", "no name of a source")]
    [InlineData("source\nx\n", "no targets")]
    [InlineData("source,a\n", "no rows")]
    [InlineData("", "no targets")]
    [InlineData("source,a\nx,1e999\n", "'1e999' is not a number")]
    [InlineData("source,a\n\"x,1\n", "not a CSV table")]
    public void Says_in_a_line_where_a_table_is_wrong(string text, string complaint)
    {
        var message = Assert.Throws<InvalidInputException>(() => ScoreTable.Read(Write(text))).Message;
        Assert.Contains(complaint, message, StringComparison.Ordinal);
        Assert.StartsWith(folder["table.csv"], message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_first_column_without_a_heading_holds_the_names_where_it_does_not_count()
    {
        // pandas: DataFrame(index=sources).to_csv()
        var table = ScoreTable.Read(Write(",t,u\nx,1,2\ny,3,4\n"));
        Assert.Equal((2, "t,u", 4.0), (table.Sources.Count, string.Join(',', table.Targets), table["y", "u"]!.Value));
    }

    [Fact]
    public void Changed_bytes_are_read_or_refused()
    {
        var random = new Random(11);
        var whole = Encoding.UTF8.GetBytes(",source,a,b\n0,x,0.5,1\n1,\"y\",2,3\n");
        for (var round = 0; round < 500; round++)
        {
            var bytes = (byte[])whole.Clone();
            for (var i = random.Next(1, 4); i > 0; i--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(folder["table.csv"], bytes);
            try
            {
                var table = ScoreTable.Read(folder["table.csv"]);
                Assert.All(table.Values, row => Assert.Equal(table.Targets.Count, row.Count));
            }
            catch (InvalidInputException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }
}
