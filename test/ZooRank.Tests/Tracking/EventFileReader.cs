using System.Text.Json.Nodes;

namespace ZooRank.Tests.Tracking;

/// <summary>
/// Reads a folder of TensorBoard's event files with Python's standard library alone: the framing and checksums of TFRecord
/// (tensorflow/core/lib/io/record_writer.h, lib/hash/crc32c.h), protobuf's wire format, and the field numbers of event.proto, summary.proto and plugin_data.proto.
/// </summary>
internal static class EventFileReader
{
    private const string Script =
        """
        import os
        def crc32c(data):
            crc = 0xFFFFFFFF
            for byte in data:
                crc ^= byte
                for _ in range(8): crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
            return crc ^ 0xFFFFFFFF
        assert crc32c(b'123456789') == 0xE3069283   # the check value of CRC-32C (RFC 3720, B.4 uses the same polynomial)
        def masked(data):
            crc = crc32c(data)
            return (((crc >> 15) | (crc << 17)) + 0xa282ead8) & 0xFFFFFFFF

        def fields(data):
            at = 0
            def varint():
                nonlocal at
                value = shift = 0
                while True:
                    byte = data[at]; at += 1
                    value |= (byte & 127) << shift; shift += 7
                    if byte < 128: return value
            while at < len(data):
                key = varint()
                kind = key & 7
                if kind == 0: value = varint()
                elif kind == 1: value = data[at:at + 8]; at += 8
                elif kind == 5: value = data[at:at + 4]; at += 4
                elif kind == 2:
                    length = varint(); value = data[at:at + length]; at += length
                    assert len(value) == length
                else: raise Exception(f'wire type {kind}')
                yield key >> 3, value
        def double(b): return struct.unpack('<d', b)[0]

        def hparams(data):
            out = {}
            for n, v in fields(data):
                if n == 1: out['version'] = v
                if n == 3:
                    out['start'] = {}
                    for m, w in fields(v):
                        if m == 1:
                            entry = dict(fields(w))
                            (kind, value), = fields(entry[2])
                            out['start'][entry[1].decode()] = double(value) if kind == 2 else value.decode() if kind == 3 else None
                        if m == 5: out['start_time'] = double(w)
                if n == 4:
                    end = dict(fields(v))
                    out['status'], out['end_time'] = end[1], double(end[2])
            return out

        def event(data):
            out = {'step': 0}
            for n, v in fields(data):
                if n == 1: out['time'] = double(v)
                if n == 2: out['step'] = v
                if n == 3: out['version'] = v.decode()
                if n == 7: out['session'] = dict(fields(v))[1]
                if n == 5:
                    for m, w in fields(v):
                        assert m == 1
                        tag, value = None, {}
                        for k, x in fields(w):
                            if k == 1: tag = x.decode()
                            if k == 2: value['simple'] = struct.unpack('<f', x)[0]
                            if k == 9:
                                plugin = dict(fields(dict(fields(x))[1]))
                                value['plugin'] = plugin[1].decode()
                                value['content'] = hparams(plugin[2])
                        out.setdefault('values', {})[tag] = value
            return out

        files = []
        for name in sorted(os.listdir(sys.argv[1])):
            data, events = open(os.path.join(sys.argv[1], name), 'rb').read(), []
            while data:
                length, check = struct.unpack('<QI', data[:12])
                assert masked(data[:8]) == check, 'length checksum'
                body = data[12:12 + length]
                assert len(body) == length and masked(body) == struct.unpack('<I', data[12 + length:16 + length])[0], 'data checksum'
                events.append(event(body))
                data = data[16 + length:]
            files.append({'name': name, 'events': events})
        print(json.dumps(files))
        """;

    /// <summary>The files in the order in which TensorBoard reads them, each with its events.</summary>
    public static JsonArray Read(string folder) => JsonNode.Parse(Python.Run("json, struct", Script, folder))!.AsArray();

    /// <summary>A scalar's points as TensorBoard shows them: the start of a session at a step takes back that step and all later ones (event_accumulator.py).</summary>
    public static List<(int Step, double Value)> Curve(JsonArray files, string tag)
    {
        var points = new List<(int Step, double Value)>();
        foreach (var e in files.SelectMany(f => f!["events"]!.AsArray()))
        {
            var step = (int)e!["step"]!;
            if (e["session"] is { } session && (int)session == 1) points.RemoveAll(p => p.Step >= step);
            if (e["values"]?[tag]?["simple"] is { } value) points.Add((step, (double)value));
        }
        return points;
    }
}
