using System.CommandLine;
using ZooRank.Files;
using ZooRank.Reports;

namespace ZooRank.Cli.Commands;

/// <summary>A result as a page to read, print and pass on.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var input = new Argument<string>("INPUT") { Description = "A ranking ('rank --out'), an evaluation ('evaluate --out'), or a store of runs ('finetune --out')." };
        var output = new Option<string>("--out", "-o") { Description = "The page to write.", DefaultValueFactory = _ => "report.html", HelpName = "FILE" };
        var command = new Command("report", "Make one HTML file of a ranking, an evaluation or a ground truth: charts, tables, methods text. It opens anywhere and loads nothing.") { input, output };
        command.SetAction(parsed =>
        {
            var (from, to) = (parsed.GetRequiredValue(input), parsed.GetRequiredValue(output));
            if (Path.GetFullPath(from) == Path.GetFullPath(to)) throw new InvalidInputException($"--out {to}: that is the input itself. Give another name.");
            Page.CheckName("--out", to);
            AtomicFile.WriteText(to, ReportInput.PageOf(from));
            Console.Error.WriteLine($"written: {to}");
            return ExitCode.Done;
        });
        return command;
    }
}
