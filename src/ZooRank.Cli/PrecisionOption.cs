using System.CommandLine;

namespace ZooRank.Cli;

/// <summary>--precision, for the commands that train.</summary>
internal static class PrecisionOption
{
    public static Option<string> Create(string byDefault)
    {
        var option = new Option<string>("--precision") { Description = "What convolutions compute with; tf32 on CUDA only.", DefaultValueFactory = _ => byDefault, HelpName = "float32|tf32|bfloat16" };
        option.AcceptOnlyFromAmong("float32", "tf32", "bfloat16");
        return option;
    }
}
