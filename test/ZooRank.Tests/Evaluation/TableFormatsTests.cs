using ZooRank.Evaluation;

namespace ZooRank.Tests.Evaluation;

public sealed class TableFormatsTests : IDisposable
{
    private static readonly ResultTable Table = new("t", "τ_w of lp_fu & 100 %", ["target_set", "lp_fu", "a|b"],
        [new("x_1", [new("0.52", 0.52345, Best: true), new("−0.10", -0.1)]), new("mean", [new("–"), new("1", 1)], Apart: true)], ["p < 0.05 × 2."]);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Markdown_escapes_what_would_end_a_cell_or_begin_emphasis() => Assert.Equal("""
        **τ\_w of lp\_fu &amp; 100 %**

        | target\_set | lp\_fu | a\|b |
        | --- | --: | --: |
        | x\_1 | **0.52** | −0.10 |
        | *mean* | – | 1 |

        p &lt; 0.05 × 2.

        """.ReplaceLineEndings("\n"), TableFormats.Markdown(Table));

    [Fact]
    public void Latex_escapes_and_uses_booktabs() => Assert.Equal("""
        % needs \usepackage{booktabs}
        \begin{table}
          \centering
          \caption{$\tau_w$ of lp\_fu \& 100 \%. p $<$ 0.05 $\times$ 2.}
          \label{tab:t}
          \begin{tabular}{lrr}
            \toprule
            target\_set & lp\_fu & a|b \\
            \midrule
            x\_1 & \textbf{0.52} & $-$0.10 \\
            \midrule
            mean & -- & 1 \\
            \bottomrule
          \end{tabular}
        \end{table}

        """.ReplaceLineEndings("\n"), TableFormats.Latex(Table));

    [Theory]
    [InlineData(@"a\b", @"a\textbackslash{}b")]
    [InlineData("50 % of {x}_1^2 ~ #3 $4 & 5", @"50 \% of \{x\}\_1\textasciicircum{}2 \textasciitilde{} \#3 \$4 \& 5")]
    [InlineData("χ² = 20.77 – α ± 1 > 0", @"$\chi$$^2$ = 20.77 -- $\alpha$ $\pm$ 1 $>$ 0")]
    [InlineData("one\ntwo", "one two")]
    public void Latex_escapes_every_special_sign(string text, string latex) => Assert.Equal(latex, TableFormats.InLatex(text));

    [Fact]
    public void The_csv_keeps_every_digit_and_quotes()
    {
        var files = TableFormats.Write(folder.Path, Table with { Columns = ["target", "lp,fu", "b"] });
        Assert.Equal(["t.md", "t.tex", "t.csv"], files.Select(Path.GetFileName));
        Assert.Equal("target,\"lp,fu\",b\nx_1,0.52345,-0.1\nmean,,1\n", File.ReadAllText(folder["t.csv"]));
    }
}
