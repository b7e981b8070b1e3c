using System.CommandLine;
using ZooRank.Cli.Display;
using ZooRank.Evaluation;
using ZooRank.Files;

namespace ZooRank.Cli.Commands;

/// <summary>The paper's tables and figures from its published numbers.</summary>
internal static class PaperCommand
{
    public static Command Create()
    {
        var @out = new Option<string?>("--out", "-o") { Description = "Write the tables (Markdown, LaTeX, CSV), the figures (SVG, PDF, PNG) and a README.md into a folder too.", HelpName = "FOLDER" };
        var json = new Option<bool>("--json") { Description = "Print as JSON." };
        var command = new Command("paper", "Recompute the tables and figures of arXiv 2412.20172 from its published numbers, beside what it prints.") { @out, json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(@out) is { } folder) AtomicFile.CheckWritable(Path.Combine(folder, "README.md"));
            var paper = PaperReproduction.Compute();
            if (parsed.GetValue(json)) Console.Out.WriteLine(PaperDisplay.Json(paper));
            else PaperDisplay.Print(paper, Terminal.Output);
            if (parsed.GetValue(@out) is { } into)
            {
                PaperDisplay.Write(paper, into);
                Console.Error.WriteLine($"written: {Path.Combine(into, "README.md")} and what it leads to");
            }
            return ExitCode.Done;
        });
        return command;
    }
}
