using System.IO.Compression;

namespace ZooRank.Data;

/// <summary>One array of an archive: its key and what it is, without its values.</summary>
public sealed record NpzEntry(string Name, NpyHeader Header)
{
    public override string ToString() => $"{Name} {Header}";
}

/// <summary>
/// A file of <c>numpy.savez</c> or <c>savez_compressed</c>, open for reading. Arrays are read whole or by rows; the latter streams, since some arrays
/// inflate to more than fits memory. Reads from several threads wait for one another.
/// </summary>
public sealed class NpzFile : IDisposable
{
    private readonly Lock gate = new();
    private readonly ZipArchive archive;
    private readonly Dictionary<string, ZipArchiveEntry> files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NpzEntry> entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, InvalidInputException> unreadable = new(StringComparer.Ordinal);

    private NpzFile(string path, ZipArchive archive)
    {
        Path = path;
        this.archive = archive;
    }

    public string Path { get; }

    /// <summary>The arrays in the order of the file.</summary>
    public IReadOnlyCollection<NpzEntry> Entries => entries.Values;

    /// <summary>Opens an archive and reads the head of every array.</summary>
    /// <param name="path">The file.</param>
    /// <param name="onlyNumbers">True: an array that is not made of numbers is an error at once; false: only when it is read.</param>
    /// <exception cref="InvalidInputException">The archive is damaged, holds no arrays, or one of them is not made of numbers.</exception>
    public static NpzFile Open(string path, bool onlyNumbers = true)
    {
        var file = new NpzFile(path, ZipFiles.Open(path));
        try
        {
            foreach (var entry in file.archive.Entries.Where(e => e.FullName.EndsWith(".npy", StringComparison.Ordinal)))
            {
                var name = entry.FullName[..^4];
                var where = file.Where(name);
                try
                {
                    var header = ZipFiles.Read(path, () =>
                    {
                        using var stream = entry.Open();
                        return NpyHeader.Read(stream, where);
                    });
                    if (header.ByteCount != entry.Length - header.Length)
                    {
                        throw new InvalidInputException(
                            $"{where}: its head declares {header} ({header.ByteCount} bytes), the archive holds {entry.Length - header.Length} bytes of values: the file is damaged.");
                    }
                    file.files[name] = entry;
                    file.entries[name] = new NpzEntry(name, header);
                }
                catch (InvalidInputException e) when (!onlyNumbers)
                {
                    file.unreadable[name] = e;
                }
            }
            if (file.entries.Count + file.unreadable.Count == 0) throw new InvalidInputException($"{path}: an archive without arrays (.npy). Write it with numpy.savez.");
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The array of that key, or null.</summary>
    public NpzEntry? Find(string name) => entries.GetValueOrDefault(name);

    /// <summary>True where there is an array of that key, whatever it holds.</summary>
    public bool Has(string name) => entries.ContainsKey(name) || unreadable.ContainsKey(name);

    internal IEnumerable<string> Names => entries.Keys.Concat(unreadable.Keys);

    /// <summary>Why an array that is there cannot be read.</summary>
    internal InvalidInputException Unreadable(string name) => unreadable[name];

    /// <summary>The arrays in words, at most twenty.</summary>
    internal string Contents => string.Join(", ", entries.Values.Select(e => e.ToString()).Concat(unreadable.Keys).Take(20).Select(ZipFiles.Printable));

    /// <summary>Reads a whole array, with its checksum compared.</summary>
    /// <exception cref="InvalidInputException">There is no such array, or it is damaged, or larger than 2 GB.</exception>
    public NpyArray Read(string name)
    {
        var (file, header) = Get(name);
        if (header.ByteCount > Array.MaxLength)
            throw new InvalidInputException($"{Where(name)}: {header} has {header.ByteCount} bytes, too many to hold at once (at most 2 GB).");
        var data = ZipFiles.Read(Path, () =>
        {
            lock (gate)
            {
                using var stream = file.Open();
                // Grows with what really arrives, not with what was declared.
                using var arrived = new MemoryStream();
                var crc = 0u;
                var buffer = new byte[1 << 16];
                for (int count; (count = stream.Read(buffer)) > 0;)
                {
                    crc = Crc32.Append(crc, buffer.AsSpan(0, count));
                    if (arrived.Length + count > file.Length) throw Longer(name);
                    arrived.Write(buffer, 0, count);
                }
                if (arrived.Length != file.Length) throw Shorter(name);
                if (crc != file.Crc32) throw WrongChecksum(name);
                return arrived.GetBuffer().AsSpan(header.Length, (int)header.ByteCount).ToArray();
            }
        });
        ToLittleEndian(data, header);
        if (header.IsFortranOrder && header.Shape.Count > 1) data = ToRowOrder(data, header);
        return new NpyArray(header.Type, header.Shape, data);
    }

    /// <summary>Reads some rows (items along the first axis). Only the wanted rows are held; the file is read up to the last of them.</summary>
    /// <param name="name">The array's key.</param>
    /// <param name="indices">Row numbers in any order, also repeated.</param>
    /// <returns>Each row's values in C order, little endian, in the order of <paramref name="indices"/>. A repeated row is the same array.</returns>
    /// <exception cref="InvalidInputException">There is no such array, it is damaged, or stored in Fortran order.</exception>
    public IReadOnlyList<byte[]> ReadRows(string name, IReadOnlyList<int> indices)
    {
        var rows = new Dictionary<int, byte[]?>();
        foreach (var index in indices) rows[index] = null;
        if (rows.Count == 0) return [];
        ArgumentOutOfRangeException.ThrowIfNegative(indices.Min(), nameof(indices));
        ScanRows(name, rows.ContainsKey, (index, row) => rows[index] = row.ToArray(), indices.Max());
        return [.. indices.Select(index => rows[index]!)];
    }

    /// <summary>Passes once through an array and shows each wanted row, in the order of the file; what is shown is valid during the call only.</summary>
    internal void ScanRows(string name, Func<int, bool> wanted, Action<int, ReadOnlySpan<byte>> visit, int? last = null)
    {
        var (file, header) = Get(name);
        if (header.Shape.Count == 0) throw new InvalidInputException($"{Where(name)}: a single number has no rows.");
        if (header.IsFortranOrder && header.Shape.Count > 1)
        {
            throw new InvalidInputException(
                $"{Where(name)}: stored in Fortran order, so a row is scattered over the whole file. Save numpy.ascontiguousarray(...) of it.");
        }
        var count = header.Shape[0];
        var end = last ?? (int)Math.Min(int.MaxValue, count - 1);
        if (end >= count) throw new ArgumentOutOfRangeException(nameof(last), $"{Where(name)} has {count} rows.");
        var rowLength = header.ByteCount / Math.Max(1, count);
        if (rowLength > Array.MaxLength) throw new InvalidInputException($"{Where(name)}: a row of {rowLength} bytes is too large (at most 2 GB).");
        ZipFiles.Read(Path, () =>
        {
            lock (gate)
            {
                using var stream = file.Open();
                var crc = 0u;
                Skip(stream, header.Length, ref crc, name);
                var row = new byte[rowLength];   // no more than the archive can inflate to: ZipFiles.Open and Open have compared both sizes
                for (var index = 0; index <= end; index++)
                {
                    if (!wanted(index))
                    {
                        Skip(stream, rowLength, ref crc, name);
                        continue;
                    }
                    if (stream.ReadAtLeast(row, row.Length, throwOnEndOfStream: false) < row.Length) throw Shorter(name);
                    crc = Crc32.Append(crc, row);
                    ToLittleEndian(row, header);
                    visit(index, row);
                }
                if (end == count - 1 && crc != file.Crc32) throw WrongChecksum(name);
                return 0;
            }
        });
    }

    public void Dispose() => archive.Dispose();

    private (ZipArchiveEntry File, NpyHeader Header) Get(string name) => entries.TryGetValue(name, out var entry)
        ? (files[name], entry.Header)
        : unreadable.TryGetValue(name, out var why) ? throw why
        : throw new InvalidInputException($"{Path}: no array '{name}'. The file holds: {string.Join(", ", entries.Keys.Take(20).Select(ZipFiles.Printable))}.");

    private string Where(string name) => $"{Path}: array '{ZipFiles.Printable(name)}'";

    private InvalidInputException Shorter(string name) => new($"{Where(name)} ends early: the file is damaged. Copy or download it again.");

    private InvalidInputException Longer(string name) => new($"{Where(name)} is longer than declared: the file is damaged. Copy or download it again.");

    private InvalidInputException WrongChecksum(string name) => new($"{Where(name)} does not match its checksum: the file is damaged. Copy or download it again.");

    private void Skip(Stream stream, long count, ref uint crc, string name)
    {
        Span<byte> buffer = stackalloc byte[1 << 14];
        while (count > 0)
        {
            var read = stream.Read(buffer[..(int)Math.Min(count, buffer.Length)]);
            if (read == 0) throw Shorter(name);
            crc = Crc32.Append(crc, buffer[..read]);
            count -= read;
        }
    }

    private static void ToLittleEndian(Span<byte> data, NpyHeader header)
    {
        var size = header.ItemSize;
        if (!header.IsBigEndian || size == 1) return;
        for (var i = 0; i < data.Length; i += size) data.Slice(i, size).Reverse();
    }

    private static byte[] ToRowOrder(byte[] data, NpyHeader header)
    {
        var size = header.ItemSize;
        var shape = header.Shape;
        var result = new byte[data.Length];
        var index = new long[shape.Count];
        var strides = new long[shape.Count];   // in elements, of the result
        strides[^1] = 1;
        for (var axis = shape.Count - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
        for (var from = 0; from < data.Length; from += size)
        {
            var to = 0L;
            for (var axis = 0; axis < index.Length; axis++) to += index[axis] * strides[axis];
            data.AsSpan(from, size).CopyTo(result.AsSpan(checked((int)(to * size))));
            for (var axis = 0; axis < index.Length && ++index[axis] == shape[axis]; axis++) index[axis] = 0;   // the first axis runs fastest
        }
        return result;
    }
}
