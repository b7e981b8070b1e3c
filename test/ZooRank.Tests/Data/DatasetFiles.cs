using ZooRank.Data;
using ZooRank.Tests.Imaging;

namespace ZooRank.Tests.Data;

/// <summary>Writes the small data sets that the tests of this folder read.</summary>
internal static class DatasetFiles
{
    public static string Npz(string path, params (string Key, NpyArray Array)[] arrays)
    {
        NpzWriter.Write(path, arrays.Select(a => KeyValuePair.Create(a.Key, a.Array)));
        return path;
    }

    /// <summary>Images of random pixels.</summary>
    public static NpyArray Images(params long[] shape)
    {
        var pixels = new byte[shape.Aggregate(1L, (a, b) => a * b)];
        new Random(pixels.Length).NextBytes(pixels);
        return new NpyArray(NpyType.UInt8, shape, pixels);
    }

    public static NpyArray Labels(params byte[] labels) => NpyArray.Of<byte>(labels, labels.Length, 1);

    /// <summary>Labels in turn: 0, 1, …, C−1, 0, ….</summary>
    public static NpyArray Cycle(int count, int classes) => Labels([.. Enumerable.Range(0, count).Select(i => (byte)(i % classes))]);

    /// <summary>A small PNG whose grey is told by the number, so that no two are alike.</summary>
    public static void Png(string path, int value) => File.WriteAllBytes(path, ImageDecoderTests.Png(1, (byte)value));
}
