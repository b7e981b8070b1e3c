using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Google.Protobuf;
using Tensorboard;

namespace ZooRank.Tracking;

/// <summary>
/// A file of events as TensorBoard reads them: TFRecords (length, its checksum, data, their checksum) that hold tensorflow.Event messages. Each event is handed to the
/// system at once, so a board follows live and a killed process loses none.
/// </summary>
internal sealed class EventFile : IDisposable
{
    private readonly FileStream stream;

    private EventFile(FileStream stream) => this.stream = stream;

    /// <summary>Opens a new file in a run's folder, named so that TensorBoard reads it after all that are there.</summary>
    /// <returns>The file, and whether the folder held others.</returns>
    public static (EventFile File, bool Continues) Create(string folder, DateTimeOffset now)
    {
        Directory.CreateDirectory(folder);
        // TensorBoard reads a folder's files in the order of their names, and the seconds lead: two starts within one, or a clock behind another's, must not swap them.
        var earlier = Directory.EnumerateFiles(folder, "events.out.tfevents.*").Select(f => long.TryParse(Path.GetFileName(f).Split('.')[3], NumberStyles.None, CultureInfo.InvariantCulture, out var s) ? s : 0).DefaultIfEmpty(-1).Max();
        var seconds = Math.Max(now.ToUnixTimeSeconds(), earlier + 1);
        var name = string.Create(CultureInfo.InvariantCulture, $"events.out.tfevents.{seconds:D10}.{Environment.MachineName}.{Environment.ProcessId}.zoorank");
        var file = new EventFile(new FileStream(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write, FileShare.Read));
        file.Write(new Event { FileVersion = "brain.Event:2" }, now);
        return (file, earlier >= 0);
    }

    public void Write(Event e, DateTimeOffset time)
    {
        e.WallTime = time.ToUnixTimeMilliseconds() / 1000.0;
        var data = e.ToByteArray();
        var record = new byte[8 + 4 + data.Length + 4];
        BinaryPrimitives.WriteInt64LittleEndian(record, data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), MaskedCrc(record.AsSpan(0, 8)));
        data.CopyTo(record, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + data.Length), MaskedCrc(data));
        stream.Write(record);
        stream.Flush();
    }

    public void Dispose() => stream.Dispose();

    // CRC-32C, turned and shifted, since a checksum of data with checksums in them is weak (TensorFlow, lib/hash/crc32c.h).
    private static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes) crc = BitOperations.Crc32C(crc, b);
        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }
}
