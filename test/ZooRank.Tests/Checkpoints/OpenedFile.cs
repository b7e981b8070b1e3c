using ZooRank.Checkpoints;
using static TorchSharp.torch;

namespace ZooRank.Tests.Checkpoints;

/// <summary>A checkpoint of these bytes, opened; its file goes away with it.</summary>
internal sealed class OpenedFile : IDisposable
{
    private readonly TemporaryFile file;

    public OpenedFile(byte[] content)
    {
        file = new TemporaryFile(content);
        try
        {
            Checkpoint = Checkpoint.Open(file.Path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public Checkpoint Checkpoint { get; }

    public IEnumerable<string> Names => Checkpoint.Tensors.Select(tensor => tensor.Name);

    /// <summary>A tensor's values in row-major order, as float32.</summary>
    public float[] Read(string name)
    {
        using var values = Checkpoint.Read(Checkpoint.Tensors.Single(tensor => tensor.Name == name));
        using var floats = values.to(ScalarType.Float32);
        return floats.NumberOfElements == 0 ? [] : floats.data<float>().ToArray(); // TorchSharp cannot copy nothing
    }

    public void Dispose()
    {
        Checkpoint.Dispose();
        file.Dispose();
    }
}
