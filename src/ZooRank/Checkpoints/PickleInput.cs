using System.Buffers.Binary;
using System.Text;

namespace ZooRank.Checkpoints;

/// <summary>A pickle's bytes in order. No length that the pickle declares is believed before it was compared with what is left.</summary>
internal sealed class PickleInput
{
    private const int BufferSize = 1 << 16;

    private readonly ByteSource source;
    private readonly byte[] buffer;
    private long bufferStart;
    private int next;
    private int filled;

    public PickleInput(ByteSource source)
    {
        this.source = source;
        buffer = new byte[(int)Math.Min(BufferSize, source.Length)];
    }

    public long Position => bufferStart + next;

    public long Length => source.Length;

    public long Remaining => source.Length - Position;

    public byte Byte() => Bytes(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Bytes(4));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8));

    public double BigEndianDouble() => BinaryPrimitives.ReadDoubleBigEndian(Bytes(8));

    /// <summary>The next bytes; valid until the next call.</summary>
    public ReadOnlySpan<byte> Bytes(ulong count)
    {
        if (count > (ulong)Remaining || count > int.MaxValue) throw PastEnd(count);
        var length = (int)count;
        if (length > buffer.Length)
        {
            var large = new byte[length];
            source.Read(Position, large);
            MoveTo(Position + length);
            return large;
        }
        if (length > filled - next)
        {
            MoveTo(Position);
            filled = (int)Math.Min(buffer.Length, source.Length - bufferStart);
            source.Read(bufferStart, buffer.AsSpan(0, filled));
        }
        next += length;
        return buffer.AsSpan(next - length, length);
    }

    /// <summary>The text before the next line feed, as protocols 0 and 1 write names and numbers.</summary>
    public string Line(int longest)
    {
        var line = new List<byte>();
        for (var value = Byte(); value != (byte)'\n'; value = Byte())
        {
            if (line.Count == longest) throw Damaged($"a line is longer than {longest} bytes");
            line.Add(value);
        }
        return Encoding.UTF8.GetString(line.ToArray());
    }

    public UnreadableCheckpointException Damaged(string what) =>
        new($"its pickle is damaged near byte {Position}: {what}. Copy or download the file again.");

    private UnreadableCheckpointException PastEnd(ulong count) => Remaining == 0
        ? Damaged("it ends before it is complete")
        : Damaged($"it announces {count} bytes where {Remaining} are left");

    private void MoveTo(long position)
    {
        bufferStart = position;
        next = 0;
        filled = 0;
    }
}
