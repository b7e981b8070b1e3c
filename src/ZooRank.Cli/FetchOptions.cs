using System.CommandLine;
using ZooRank.Cli.Display;
using ZooRank.Downloads;

namespace ZooRank.Cli;

/// <summary>The options of the commands that fetch.</summary>
internal sealed class FetchOptions
{
    private readonly Option<string?> from = new("--from") { Description = "Address of a mirror's folder, in place of the publisher's.", HelpName = "URL" };
    private readonly Option<string?> folder = new("--to") { Description = "Folder to put it into, in place of the usual one.", HelpName = "FOLDER" };
    private readonly Option<bool> offline = new("--offline") { Description = "Fetch nothing: say what is missing and where it belongs." };

    public FetchOptions(Command command)
    {
        command.Add(from);
        command.Add(folder);
        command.Add(offline);
    }

    public string? From(ParseResult parsed) => parsed.GetValue(from);

    public string? Folder(ParseResult parsed) => parsed.GetValue(folder);

    public void Fetch(ParseResult parsed, Download download, CancellationToken cancellation)
    {
        var outcome = Downloader.Fetch(download, new DownloadOptions { Offline = parsed.GetValue(offline), Progress = new DownloadDisplay(Path.GetFileName(download.Destination)), Cancellation = cancellation });
        Console.Out.WriteLine($"{download.Destination}{(outcome == DownloadOutcome.AlreadyThere ? " (was already there)" : "")}");
    }
}
