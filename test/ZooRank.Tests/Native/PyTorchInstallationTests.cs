using ZooRank.Native;

namespace ZooRank.Tests.Native;

public sealed class PyTorchInstallationTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private string Torch(string? version, string at = "torch", bool withLibrary = true)
    {
        if (version is not null) File.WriteAllText(folder[$"{at}/version.py"], $"from typing import Optional\n\n__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip']\n__version__ = '{version}'\ndebug = False\n");
        if (withLibrary) File.WriteAllText(folder[$"{at}/lib/{NativeLibraries.FileName("torch_cpu")}"], "");
        return folder[at];
    }

    private static string Refusal(string path)
    {
        var message = Assert.Throws<InvalidInputException>(() => PyTorchInstallation.At(path)).Message;
        Assert.DoesNotContain('\n', message);
        Assert.Contains(path, message, StringComparison.Ordinal);
        return message;
    }

    [Theory]
    [InlineData("2.10.0")]
    [InlineData("2.11.0+cu128")]
    [InlineData("2.12.0a0+git1234")]
    [InlineData("3.0.0")]
    public void The_package_folder_and_its_lib_are_both_understood(string version)
    {
        var torch = Torch(version);
        var expected = new PyTorchInstallation(Path.Combine(torch, "lib"), version);
        Assert.Equal(expected, PyTorchInstallation.At(torch));
        Assert.Equal(expected, PyTorchInstallation.At(Path.Combine(torch, "lib")));
        Assert.Equal(expected with { Libraries = Path.Combine(torch, "lib") + "/" }, PyTorchInstallation.At(Path.Combine(torch, "lib") + "/"));
    }

    [Fact]
    public void An_unpacked_libtorch_states_its_version_in_another_file()
    {
        Torch(version: null, at: "libtorch");
        File.WriteAllText(folder["libtorch/build-version"], "2.10.0+cpu\n");
        Assert.Equal("2.10.0+cpu", PyTorchInstallation.At(folder["libtorch"]).Version);
    }

    [Fact]
    public void Without_a_stated_version_it_is_taken_as_it_is() => Assert.Null(PyTorchInstallation.At(Torch(version: null)).Version);

    [Theory]
    [InlineData("1.13.1")]
    [InlineData("2.9.1+cu126")]
    [InlineData("2.0.0")]
    public void One_that_is_too_old_is_refused_with_what_is_needed(string version)
    {
        Assert.Contains($"PyTorch {version} is older than the 2.10 that TorchSharp needs", Refusal(Torch(version)), StringComparison.Ordinal);
        // Also where its libraries lie elsewhere, as in Debian's package.
        Assert.Contains("older than", Refusal(Torch(version, at: "debian", withLibrary: false)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_libtorch_is_refused()
    {
        Assert.Contains($"{NativeLibraries.FileName("torch_cpu")} is neither there nor in its lib folder", Refusal(Torch("2.10.0", withLibrary: false)), StringComparison.Ordinal);
        Assert.Contains("no such folder", Refusal(Path.Combine(folder.Path, "none")), StringComparison.Ordinal);
    }
}
