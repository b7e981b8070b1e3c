using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using static ZooRank.Checkpoints.UnreadableCheckpointException;

namespace ZooRank.Checkpoints;

/// <summary>
/// The table of contents of a zip archive, with each entry as bytes that can be read at any place: PyTorch stores tensors uncompressed, so a tensor
/// is read where it lies, without the rest of its storage (System.IO.Compression.ZipArchive can only read an entry from its start).
/// </summary>
/// <remarks>PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 to 4.5. Encrypted and multi-disk archives are refused.</remarks>
internal sealed class ZipDirectory
{
    private const int EndLength = 22;
    private const int LocatorLength = 20;
    private const int End64Length = 56;
    private const int LongestComment = ushort.MaxValue;
    private const int HeaderLength = 46;
    private const int LocalHeaderLength = 30;
    private const uint In64 = uint.MaxValue;

    // A name in PyTorch's archives is a folder and a number; in TorchScript a class's path.
    private const int LongestDirectory = 1 << 28;

    // What deflate reaches at best: weights that are all 0.
    private const long HighestRatio = 1032;

    // Pickles and code are packed ten or twenty times smaller; what is packed more is there to fill the memory.
    private const long HighestTextRatio = 64;

    private readonly FileBytes file;
    private readonly Dictionary<string, Entry> entries = [];
    private readonly List<string> names = [];

    // Views of one storage follow each other: the last entry that had to be inflated is kept, and no other.
    private (string Name, MemoryBytes Bytes)? inflated;

    private ZipDirectory(FileBytes file) => this.file = file;

    /// <summary>In the archive's order.</summary>
    public IReadOnlyList<string> Names => names;

    public bool Contains(string name) => entries.ContainsKey(name);

    public static ZipDirectory Read(FileBytes file)
    {
        var zip = new ZipDirectory(file);
        var (start, length) = zip.Locate();
        if (start < 0 || length < 0 || length > file.Length - start || length > LongestDirectory)
            throw Damaged("its directory lies outside the file");
        zip.ReadEntries(file.ReadUpTo(start, (int)length));
        return zip;
    }

    /// <summary>Whether an entry is as large, compared with its place in the archive, as text and pickles can honestly be.</summary>
    public bool IsPlausibleText(string name) => entries[name].Length / HighestTextRatio <= entries[name].Stored;

    /// <summary>An entry's bytes; a compressed entry is inflated at its first reading.</summary>
    public ByteSource Open(string name)
    {
        var entry = entries[name];
        var local = file.ReadUpTo(entry.LocalHeader, LocalHeaderLength);
        if (local.Length < LocalHeaderLength || U32(local, 0) != 0x04034b50) throw Damaged($"entry '{Quote(name)}' is not where the directory says");
        var start = entry.LocalHeader + LocalHeaderLength + U16(local, 26) + U16(local, 28);
        if (start > file.Length || entry.Stored > file.Length - start) throw Damaged($"entry '{Quote(name)}' reaches beyond the end");
        var stored = file.Slice(start, entry.Stored);
        return entry.Method switch
        {
            0 when entry.Stored == entry.Length => stored,
            8 when entry.Length / HighestRatio <= entry.Stored => new InflatedBytes(this, name, stored, entry.Length),
            0 or 8 => throw Damaged($"entry '{Quote(name)}' claims {entry.Length} bytes from {entry.Stored}"),
            var method => throw new UnreadableCheckpointException(
                $"its entry '{Quote(name)}' is compressed by method {method}; stored (0) and deflated (8) entries are read. Unpack and save it "
                + "again with torch.save."),
        };
    }

    // Where the directory of entries starts, and its length.
    private (long Start, long Length) Locate()
    {
        var tail = file.ReadUpTo(Math.Max(0, file.Length - EndLength - LongestComment), EndLength + LongestComment);
        var end = tail.AsSpan().LastIndexOf("PK\x05\x06"u8);
        if (end < 0 || tail.Length - end < EndLength)
        {
            throw new UnreadableCheckpointException(
                $"is cut short: a zip archive without its end, of which {file.Length} bytes are there. Copy or download the file again.");
        }
        if (U16(tail, end + 4) is not (0 or ushort.MaxValue)) throw Damaged("it is one part of several");
        var length = (long)U32(tail, end + 12);
        var start = (long)U32(tail, end + 16);
        if (length != In64 && start != In64 && U16(tail, end + 10) != ushort.MaxValue) return (start, length);

        var endPosition = file.Length - tail.Length + end;
        var locator = endPosition >= LocatorLength ? file.ReadUpTo(endPosition - LocatorLength, LocatorLength) : [];
        if (locator.Length < LocatorLength || U32(locator, 0) != 0x07064b50)
            return length != In64 && start != In64 ? (start, length) : throw Damaged("its 64-bit directory is missing");
        var end64Position = I64(locator, 8);
        var end64 = end64Position >= 0 && end64Position <= file.Length - End64Length ? file.ReadUpTo(end64Position, End64Length) : [];
        if (end64.Length < End64Length || U32(end64, 0) != 0x06064b50) throw Damaged("its 64-bit directory is not where it should be");
        return (I64(end64, 48), I64(end64, 40));
    }

    private void ReadEntries(byte[] directory)
    {
        for (var at = 0; at < directory.Length;)
        {
            if (directory.Length - at < HeaderLength || U32(directory, at) != 0x02014b50) throw Damaged("its directory breaks off");
            int nameLength = U16(directory, at + 28), extraLength = U16(directory, at + 30), commentLength = U16(directory, at + 32);
            if (directory.Length - at - HeaderLength < nameLength + extraLength + commentLength) throw Damaged("its directory breaks off");
            var name = Encoding.UTF8.GetString(directory, at + HeaderLength, nameLength).Replace('\\', '/');
            if ((U16(directory, at + 8) & 1) != 0)
                throw new UnreadableCheckpointException("is an encrypted zip archive. Unpack it with its password first.");
            var entry = new Entry(U16(directory, at + 10), U32(directory, at + 20), U32(directory, at + 24), U32(directory, at + 42));
            entry = With64(entry, directory.AsSpan(at + HeaderLength + nameLength, extraLength));
            if (entry.Stored < 0 || entry.Length < 0 || entry.LocalHeader < 0 || entry.LocalHeader > file.Length || entry.Stored > file.Length)
                throw Damaged($"entry '{Quote(name)}' lies outside the file");
            if (!entries.TryAdd(name, entry)) throw Damaged($"two entries are called '{Quote(name)}'");
            names.Add(name);
            at += HeaderLength + nameLength + extraLength + commentLength;
        }
    }

    // The extra field 1 holds, in this order, those numbers that did not fit 32 bits.
    private static Entry With64(Entry entry, ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (length > extra.Length - 4) break;
            if (BinaryPrimitives.ReadUInt16LittleEndian(extra) == 1)
            {
                var field = extra.Slice(4, length);
                var length64 = Next(entry.Length, ref field);
                var stored64 = Next(entry.Stored, ref field);
                return new Entry(entry.Method, stored64, length64, Next(entry.LocalHeader, ref field));
            }
            extra = extra[(4 + length)..];
        }
        return entry;

        static long Next(long value, ref ReadOnlySpan<byte> field)
        {
            if (value != In64 || field.Length < 8) return value;
            value = BinaryPrimitives.ReadInt64LittleEndian(field);
            field = field[8..];
            return value;
        }
    }

    private MemoryBytes Inflate(string name, FileBytes stored, long length)
    {
        if (inflated is { } last && last.Name == name) return last.Bytes;
        inflated = null;
        if (length > Array.MaxLength)
            throw new UnreadableCheckpointException(
                $"its entry '{Quote(name)}' has {length} bytes, compressed; such a size is read only uncompressed. Save it again with torch.save.");
        // Grows with what really comes out: the declared length alone pays for nothing.
        using var content = new MemoryStream();
        using (var deflate = new DeflateStream(new SourceStream(stored), CompressionMode.Decompress))
        {
            var buffer = new byte[1 << 14];
            try
            {
                for (int count; (count = deflate.Read(buffer)) > 0;)
                {
                    if (content.Length + count > length) throw Damaged($"entry '{Quote(name)}' holds more than it says");
                    content.Write(buffer, 0, count);
                }
            }
            catch (InvalidDataException)
            {
                throw Damaged($"entry '{Quote(name)}' cannot be inflated");
            }
        }
        if (content.Length != length) throw Damaged($"entry '{Quote(name)}' holds less than it says");
        var bytes = new MemoryBytes(content.ToArray());
        inflated = (name, bytes);
        return bytes;
    }

    private static UnreadableCheckpointException Damaged(string what) => new($"its zip archive is damaged: {what}. Copy or download the file again.");

    private static ushort U16(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private static uint U32(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));

    private static long I64(byte[] bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));

    private readonly record struct Entry(ushort Method, long Stored, long Length, long LocalHeader);

    private sealed class InflatedBytes(ZipDirectory zip, string name, FileBytes stored, long length) : ByteSource
    {
        public override long Length => length;

        public override void Read(long offset, Span<byte> target) => zip.Inflate(name, stored, length).Read(offset, target);
    }

    private sealed class SourceStream(ByteSource source) : Stream
    {
        private long position;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => source.Length;
        public override long Position { get => position; set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            var count = (int)Math.Min(buffer.Length, source.Length - position);
            source.Read(position, buffer[..count]);
            position += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
