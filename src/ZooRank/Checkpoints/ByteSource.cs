using Microsoft.Win32.SafeHandles;

namespace ZooRank.Checkpoints;

/// <summary>Bytes that can be read at any place: a file, a part of one, or memory. Nothing is read before it is asked for.</summary>
internal abstract class ByteSource
{
    public abstract long Length { get; }

    /// <summary>
    /// Fills <paramref name="target"/> from <paramref name="offset"/>; the caller has checked that it lies within <see cref="Length"/>.
    /// </summary>
    public abstract void Read(long offset, Span<byte> target);

    /// <summary>As <see cref="Read"/>, of at most <paramref name="count"/> bytes: fewer where the end comes first.</summary>
    public byte[] ReadUpTo(long offset, int count)
    {
        var bytes = new byte[(int)Math.Clamp(Length - offset, 0, count)];
        Read(offset, bytes);
        return bytes;
    }
}

/// <summary>A part of an open file. The handle belongs to the checkpoint.</summary>
internal sealed class FileBytes(SafeFileHandle file, long start, long length) : ByteSource
{
    public override long Length => length;

    public FileBytes Slice(long offset, long count) => new(file, start + offset, count);

    public override void Read(long offset, Span<byte> target)
    {
        var position = start + offset;
        while (target.Length > 0)
        {
            var count = RandomAccess.Read(file, target, position);
            if (count == 0)
                throw new UnreadableCheckpointException(
                    $"the file ends at byte {position}, earlier than when it was opened. It was changed meanwhile; try again.");
            position += count;
            target = target[count..];
        }
    }
}

internal sealed class MemoryBytes(byte[] bytes) : ByteSource
{
    public override long Length => bytes.Length;

    public override void Read(long offset, Span<byte> target) => bytes.AsSpan(checked((int)offset), target.Length).CopyTo(target);
}
