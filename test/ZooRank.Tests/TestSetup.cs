using System.Runtime.CompilerServices;
using ZooRank.Native;

namespace ZooRank.Tests;

internal static class TestSetup
{
    // The tests name TorchSharp's types themselves, so libtorch has to be in the process before the first of them runs.
    [ModuleInitializer]
    internal static void LoadTorch() => TorchRuntime.Load();
}
