using ZooRank.Native;

namespace ZooRank.Tests.Native;

public class TorchRuntimeTests
{
    [Fact]
    public void Torch_computes() => Assert.Equal(45, TorchSharp.torch.arange(10).sum().item<long>());

    [Fact]
    public void It_says_what_it_loaded()
    {
        var runtime = TorchRuntime.Load();
        Assert.Same(runtime, TorchRuntime.Load());
        Assert.True(File.Exists(Path.Combine(runtime.Folder, NativeLibraries.FileName("torch_cpu"))));
        Assert.True(File.Exists(runtime.LibTorchSharp));
        Assert.NotEqual(0, runtime.Handle("LibTorchSharp"));
        Assert.NotEqual(0, runtime.Handle("torch_cpu"));
        Assert.Equal(0, runtime.Handle("no such library"));
        Assert.Equal(runtime.HasCuda, File.Exists(Path.Combine(runtime.Folder, NativeLibraries.FileName("torch_cuda"))));
    }

    [Fact]
    public void Once_loaded_it_cannot_be_chosen_anew() => Assert.Throws<InvalidOperationException>(() => TorchRuntime.Choose("elsewhere"));
}
