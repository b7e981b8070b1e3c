namespace ZooRank.Tests.Native;

public class TorchRuntimeTests
{
    [Fact]
    public void Torch_computes() => Assert.Equal(45, TorchSharp.torch.arange(10).sum().item<long>());
}
