using System.CommandLine;
using ZooRank.Cli.Commands;

namespace ZooRank.Cli;

/// <summary>Every command of the program, in the order in which help lists them.</summary>
internal static class CommandTree
{
    public static RootCommand Create() => new("Which pretrained model should you fine-tune for your medical images? ZooRank ranks a zoo of checkpoints from one pass over a few hundred of them.")
    {
        RankCommand.Create(), ScoreCommand.Create(), MetricsCommand.Create(), FeaturesCommand.Create(), InspectCommand.Create(), DataCommand.Create(), ZooCommand.Create(), PretrainCommand.Create(), FineTuneCommand.Create(), TruthCommand.Create(), EvaluateCommand.Create(), PaperCommand.Create(), ReportCommand.Create(), ServeCommand.Create(), DemoCommand.Create(), DoctorCommand.Create(),
    };
}
