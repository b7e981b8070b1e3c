using ZooRank.Data;

namespace ZooRank.Demo;

/// <summary>What is drawn.</summary>
public enum Motif
{
    /// <summary>Cells under a microscope, by the lobes of their nucleus: one round, one long, two, three.</summary>
    CellsByNucleus,

    /// <summary>The same kind of cells, by what is in them: nothing, few granules, many granules, a vacuole.</summary>
    CellsByContent,

    /// <summary>Gratings of four directions.</summary>
    Stripes,

    /// <summary>Flat pictures of four brightnesses.</summary>
    Brightness,
}

/// <summary>Small grey pictures drawn by code, so that ZooRank can be tried and tested where there are no data. They stand for nothing real.</summary>
public static class Drawings
{
    public const int Side = 32;

    /// <summary>The classes of a motif.</summary>
    public static IReadOnlyList<string> Classes(Motif motif) => motif switch
    {
        Motif.CellsByNucleus => ["round nucleus", "long nucleus", "two lobes", "three lobes"],
        Motif.CellsByContent => ["clear", "few granules", "many granules", "vacuole"],
        Motif.Stripes => ["0 degrees", "45 degrees", "90 degrees", "135 degrees"],
        Motif.Brightness => ["dark", "dim", "bright", "glaring"],
        _ => throw new ArgumentOutOfRangeException(nameof(motif)),
    };

    /// <summary>Writes a MedMNIST-style .npz: 32×32 grey pictures, as many of each class.</summary>
    /// <param name="path">The file.</param>
    /// <param name="motif">What is drawn.</param>
    /// <param name="perClass">Training pictures of each class; a quarter as many for validation and for test.</param>
    /// <param name="seed">The same seed draws the same pictures.</param>
    /// <param name="shuffleLabels">Labels drawn by lot: pictures from which nothing can be learned but by heart.</param>
    public static void Write(string path, Motif motif, int perClass, int seed, bool shuffleLabels = false)
    {
        var random = new Random(seed);
        var arrays = new List<KeyValuePair<string, NpyArray>>();
        foreach (var (split, count) in new[] { ("train", perClass), ("val", Math.Max(1, perClass / 4)), ("test", Math.Max(1, perClass / 4)) })
        {
            var labels = Enumerable.Range(0, count * Classes(motif).Count).Select(i => (byte)(i % Classes(motif).Count)).ToArray();
            var pictures = labels.SelectMany(label => Draw(motif, label, random)).ToArray();
            if (shuffleLabels) random.Shuffle(labels);
            arrays.Add(new($"{split}_images", NpyArray.Of<byte>(pictures, labels.Length, Side, Side)));
            arrays.Add(new($"{split}_labels", NpyArray.Of<byte>(labels, labels.Length, 1)));
        }
        NpzWriter.Write(path, arrays);
    }

    private static byte[] Draw(Motif motif, int label, Random random)
    {
        var canvas = new double[Side, Side];
        switch (motif)
        {
            case Motif.CellsByNucleus: Cell(canvas, random, lobes: label, granules: random.Next(0, 6), vacuole: false); break;
            case Motif.CellsByContent: Cell(canvas, random, lobes: random.Next(2), granules: label switch { 1 => 6, 2 => 20, _ => 0 }, vacuole: label == 3); break;
            case Motif.Stripes: Stripes(canvas, random, Math.PI / 4 * label); break;
            case Motif.Brightness: Ellipse(canvas, 0, 0, 4 * Side, 4 * Side, 0, 0.2 + 0.18 * label + 0.1 * random.NextDouble()); break;
        }
        // Uneven light and the noise of a sensor: without them every motif is trivial.
        var (tilt, angle) = (0.15 * random.NextDouble(), 2 * Math.PI * random.NextDouble());
        var picture = new byte[Side * Side];
        for (var y = 0; y < Side; y++)
            for (var x = 0; x < Side; x++)
            {
                var light = tilt * (Math.Cos(angle) * (x - Side / 2.0) + Math.Sin(angle) * (y - Side / 2.0)) / Side;
                picture[y * Side + x] = (byte)Math.Clamp(255 * (canvas[y, x] + light + 0.06 * Normal(random)), 0, 255);
            }
        return picture;
    }

    private static void Cell(double[,] canvas, Random random, int lobes, int granules, bool vacuole)
    {
        double Around(double mean, double spread) => mean + spread * (2 * random.NextDouble() - 1);
        var (x, y, turn) = (Around(Side / 2.0, 2.5), Around(Side / 2.0, 2.5), 2 * Math.PI * random.NextDouble());
        var body = Around(0.34 * Side, 0.05 * Side);
        Ellipse(canvas, 0, 0, 4 * Side, 4 * Side, 0, Around(0.75, 0.05));
        Ellipse(canvas, x, y, body, body * Around(0.9, 0.1), turn, Around(0.55, 0.05));
        for (var i = 0; i < granules; i++)
        {
            var (r, a) = (0.85 * body * Math.Sqrt(random.NextDouble()), 2 * Math.PI * random.NextDouble());
            Ellipse(canvas, x + r * Math.Cos(a), y + r * Math.Sin(a), 0.9, 0.9, 0, 0.3);
        }
        if (vacuole) Ellipse(canvas, x + 0.45 * body * Math.Cos(turn + 2), y + 0.45 * body * Math.Sin(turn + 2), 0.28 * body, 0.28 * body, 0, 0.85);
        var dark = Around(0.25, 0.05);
        switch (lobes)
        {
            case 0: Ellipse(canvas, x, y, 0.45 * body, 0.45 * body, turn, dark); break;
            case 1: Ellipse(canvas, x, y, 0.65 * body, 0.28 * body, turn, dark); break;
            default:
                for (var lobe = 0; lobe < lobes; lobe++)
                {
                    var a = turn + 2 * Math.PI * lobe / lobes;
                    Ellipse(canvas, x + 0.36 * body * Math.Cos(a), y + 0.36 * body * Math.Sin(a), 0.28 * body, 0.28 * body, a, dark);
                }
                break;
        }
    }

    private static void Stripes(double[,] canvas, Random random, double direction)
    {
        var (period, phase, contrast) = (4 + 4 * random.NextDouble(), 2 * Math.PI * random.NextDouble(), 0.1 + 0.15 * random.NextDouble());
        for (var y = 0; y < Side; y++)
            for (var x = 0; x < Side; x++)
                canvas[y, x] = 0.5 + contrast * Math.Sin(2 * Math.PI * (x * Math.Cos(direction) + y * Math.Sin(direction)) / period + phase);
    }

    private static void Ellipse(double[,] canvas, double cx, double cy, double a, double b, double turn, double grey)
    {
        var (cos, sin) = (Math.Cos(turn), Math.Sin(turn));
        for (var y = 0; y < Side; y++)
            for (var x = 0; x < Side; x++)
            {
                var (u, v) = (((x - cx) * cos + (y - cy) * sin) / a, ((y - cy) * cos - (x - cx) * sin) / b);
                // A soft edge about a pixel wide.
                var cover = Math.Clamp((1 - Math.Sqrt(u * u + v * v)) * Math.Min(a, b) + 0.5, 0, 1);
                canvas[y, x] += cover * (grey - canvas[y, x]);
            }
    }

    // Box and Muller's; 1 − u lies in (0, 1].
    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
