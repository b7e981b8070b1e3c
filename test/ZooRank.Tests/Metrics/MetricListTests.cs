using ZooRank.Metrics;

namespace ZooRank.Tests.Metrics;

public class MetricListTests
{
    private static string[] Parsed(string names) => [.. MetricList.Parse(names).Select(m => m.Name)];

    [Fact]
    public void Names_are_taken_once_and_in_the_list_s_order() => Assert.Equal(["lp", "leep", "logme:published"], Parsed("LogMe:Published, leep,lp leep"));

    [Theory]
    [InlineData("all")]
    [InlineData("leep,ALL")]
    public void All_is_all(string names) => Assert.Equal(MetricList.All, MetricList.Parse(names));

    [Theory]
    [InlineData("")]
    [InlineData(" , ")]
    public void No_name_is_refused(string names) => Assert.Contains("no metric is named", Assert.Throws<InvalidInputException>(() => MetricList.Parse(names)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_unknown_name_says_which_is_meant() => Assert.Contains("logme", Assert.Throws<InvalidInputException>(() => MetricList.Parse("leep,logmee")).Message, StringComparison.Ordinal);
}
