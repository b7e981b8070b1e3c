using System.IO.Compression;
using System.Text;
using ZooRank.Checkpoints;

namespace ZooRank.Tests.Checkpoints;

public class ForeignFormatTests
{
    public static TheoryData<string, byte[], string> Files => new()
    {
        { "nothing", [], "is empty (0 bytes)" },
        { "HDF5", [0x89, .. "HDF\r\n\u001a\n"u8, 0, 0], "is an HDF5 file" },
        { "npy", [0x93, .. "NUMPY"u8, 1, 0], "is a NumPy array" },
        { "npz", MadeFiles.Zip(("a.npy", [1])), "is a NumPy archive" },
        { "ONNX", [0x08, 0x07, 0x12, 0x07, .. "pytorch"u8], "is an ONNX model" },
        { "SavedModel", [0x08, 0x01, 0x12, 0xff, 0x01], "is a TensorFlow SavedModel" },
        { "gzip", [0x1f, 0x8b, 8, 0], "is compressed with gzip" },
        { "tar", [.. new byte[257], .. "ustar\0"u8, 0, 0], "is a tar archive" },
        { "first PyTorch", [.. "storages"u8, .. new byte[249], .. "ustar\0"u8, 0, 0], "is a PyTorch file from before 2017" },
        { "web page", [.. "\n<!DOCTYPE html><html>"u8], "is a web page" },
        { "LFS", [.. "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"u8], "is a Git LFS pointer" },
        { "JSON", [.. "{\"weight_map\": {}}"u8], "is a JSON text" },
        { "pickle", new MadePickle(4).Op(']').Stop().ToArray(), "is a Python pickle, but not one of torch.save: it holds a list of 0" },
        { "pickled tensor", new MadePickle().Global("torch.storage", "_load_from_bytes").Op(')').Op('R').Stop().ToArray(), "was written with Python's pickle.dump" },
        { "zip of weights", MadeFiles.Zip(("RadImageNet/ResNet50.pt", [1])), "is a zip archive that contains 'RadImageNet/ResNet50.pt'. Unpack it" },
        { "other zip", MadeFiles.Zip(("readme.txt", [1]), ("b", [1])), "it has no data.pkl. It contains 'readme.txt' and 1 more" },
        { "noise", [1, 2, 3, 4, 5, 6, 7, 8, 9], "is no checkpoint: it starts with the bytes 0102030405060708" },
        { "control characters", MadeFiles.Zip(("a\nb", [1])), "It contains 'a?b'" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_that_is_no_checkpoint_is_named_for_what_it_is(string what, byte[] content, string expected)
    {
        using var file = new TemporaryFile(content, ".pth");

        var error = Assert.Throws<InvalidInputException>(() => Checkpoint.Open(file.Path));

        Assert.StartsWith($"{file.Path}: ", error.Message);
        Assert.True(error.Message.Contains(expected), $"{what}: {error.Message}");
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_told_apart()
    {
        Assert.Contains("no such file", Assert.Throws<InvalidInputException>(() => Checkpoint.Open("no/such/file.pth")).Message);
        Assert.Contains("is a folder", Assert.Throws<InvalidInputException>(() => Checkpoint.Open(AppContext.BaseDirectory)).Message);
    }

    [Fact]
    public void A_compressed_archive_and_another_folder_name_are_read_all_the_same()
    {
        var pickle = new MadePickle().Vectors(1000, "w").Stop().ToArray();
        using var opened = new OpenedFile(MadeFiles.Zip(CompressionLevel.Optimal, ("any name/inside/data.pkl", pickle), ("any name/inside/data/0", MadeFiles.Floats([.. Enumerable.Repeat(2f, 1000)]))));

        Assert.Equal(2000, opened.Read("w").Sum());
    }

    [Fact]
    public void A_pickle_that_inflates_to_a_thousand_times_its_size_is_refused()
    {
        var bytes = MadeFiles.Zip(CompressionLevel.Optimal, ("a/data.pkl", [.. Enumerable.Repeat((byte)']', 1 << 20)]));

        Assert.Contains("can only be meant to fill the memory", Assert.Throws<InvalidInputException>(() => new OpenedFile(bytes)).Message);
    }

    [Fact]
    public void A_file_is_free_again_after_a_failure_and_after_disposal()
    {
        using var bad = new TemporaryFile(Encoding.UTF8.GetBytes("<html>"));
        Assert.Throws<InvalidInputException>(() => Checkpoint.Open(bad.Path));
        using (new FileStream(bad.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) { }

        using var good = new TemporaryFile(MadeFiles.TorchZip(new MadePickle().Vectors(2, "w").Stop(), MadeFiles.Floats(1, 2)));
        Checkpoint.Open(good.Path).Dispose();
        using (new FileStream(good.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) { }
    }
}
