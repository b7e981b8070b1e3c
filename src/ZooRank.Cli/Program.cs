Console.WriteLine(ZooRank.Native.TorchRuntime.Load().LibTorchSharp);
Run();
[System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
static void Run() {
var t = TorchSharp.torch.arange(10, dtype: TorchSharp.torch.ScalarType.Float64);
Console.WriteLine(t.sum().item<double>());
}
