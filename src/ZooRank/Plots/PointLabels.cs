namespace ZooRank.Plots;

/// <param name="Text">The point's name.</param>
/// <param name="X">Of the point, in units of the figure.</param>
/// <param name="Y">Downwards.</param>
/// <param name="Width">Of the text.</param>
internal sealed record LabelledPoint(string Text, double X, double Y, double Width);

/// <summary>Finds places for the names of points, so that they cover neither each other nor points: near first, farther where it is crowded.</summary>
internal static class PointLabels
{
    private const int Passes = 8;

    /// <summary>Names farther from their points than this have a line to them.</summary>
    public const double Led = 8;

    /// <param name="points">All of them.</param>
    /// <param name="width">Of the area that holds all names.</param>
    /// <param name="height">Of the same.</param>
    /// <param name="textHeight">Of a name.</param>
    /// <param name="radius">Of a point.</param>
    /// <returns>The middle of each name, and how far it is from its point.</returns>
    public static IReadOnlyList<(double X, double Y, double Far)> Place(IReadOnlyList<LabelledPoint> points, double width, double height, double textHeight, double radius)
    {
        var candidates = points.Select(p => Around(p, width, height, textHeight, radius).ToList()).ToList();
        var chosen = candidates.Select(c => c[0]).ToArray();
        for (var pass = 0; pass < Passes; pass++)
        {
            for (var i = 0; i < points.Count; i++)
            {
                double Cost((double X, double Y, double Far) c)
                {
                    var (box, cost) = (new Box(c.X, c.Y, points[i].Width, textHeight), c.Far);
                    for (var j = 0; j < points.Count; j++)
                    {
                        cost += 4 * box.Overlap(new(points[j].X, points[j].Y, 2 * radius, 2 * radius));
                        if (j == i) continue;
                        // In the first pass only those placed before count.
                        if (pass > 0 || j < i) cost += 10 * box.Overlap(new(chosen[j].X, chosen[j].Y, points[j].Width + 3, textHeight));
                        if (Crosses(points[i], c, points[j], chosen[j])) cost += 60;
                        // The line from a name to its point keeps clear of other names and points.
                        if (c.Far > Led && new Box(chosen[j].X, chosen[j].Y, points[j].Width, textHeight).Cuts(points[i], c)) cost += 80;
                        if (c.Far > Led && new Box(points[j].X, points[j].Y, 2 * radius, 2 * radius).Cuts(points[i], c)) cost += 40;
                        if (chosen[j].Far > Led && box.Cuts(points[j], chosen[j])) cost += 80;
                    }
                    return cost;
                }
                chosen[i] = candidates[i].MinBy(Cost);
            }
        }
        return chosen;
    }

    private static IEnumerable<(double X, double Y, double Far)> Around(LabelledPoint p, double width, double height, double textHeight, double radius)
    {
        var any = false;
        foreach (var gap in (double[])[2, 5, 8, 13, 19, 26, 34, 44, 56, 70])
        {
            for (var step = 0; step < 16; step++)
            {
                var (sin, cos) = Math.SinCos(Math.PI * step / 8);
                var (x, y) = (p.X + (cos * (radius + gap)) + (Math.Clamp(cos * 1.5, -1, 1) * p.Width / 2), p.Y + (sin * (radius + gap)) + (Math.Clamp(sin * 1.5, -1, 1) * textHeight / 2));
                if (x - (p.Width / 2) < 1 || x + (p.Width / 2) > width - 1 || y - (textHeight / 2) < 1 || y + (textHeight / 2) > height - 1) continue;
                any = true;
                yield return (x, y, gap + (step % 8 == 0 ? 0 : 1));
            }
        }
        if (!any) yield return (Math.Clamp(p.X, p.Width / 2, Math.Max(p.Width / 2, width - (p.Width / 2))), Math.Clamp(p.Y - 12, textHeight / 2, height - (textHeight / 2)), 0);
    }

    private static bool Crosses(LabelledPoint a, (double X, double Y, double Far) to, LabelledPoint b, (double X, double Y, double Far) other)
    {
        static double Side(double ax, double ay, double bx, double by, double cx, double cy) => ((bx - ax) * (cy - ay)) - ((by - ay) * (cx - ax));
        return to.Far > Led && other.Far > Led
            && Side(a.X, a.Y, to.X, to.Y, b.X, b.Y) * Side(a.X, a.Y, to.X, to.Y, other.X, other.Y) < 0
            && Side(b.X, b.Y, other.X, other.Y, a.X, a.Y) * Side(b.X, b.Y, other.X, other.Y, to.X, to.Y) < 0;
    }

    private readonly record struct Box(double X, double Y, double Width, double Height)
    {
        public double Overlap(Box other)
        {
            var wide = ((Width + other.Width) / 2) - Math.Abs(X - other.X);
            var high = ((Height + other.Height) / 2) - Math.Abs(Y - other.Y);
            return wide > 0 && high > 0 ? wide * high : 0;
        }

        /// <summary>Whether the line from a point to the middle of its name passes through.</summary>
        public bool Cuts(LabelledPoint from, (double X, double Y, double Far) to)
        {
            for (var step = 1; step < 12; step++)
                if (Math.Abs(from.X + ((to.X - from.X) * step / 12) - X) < Width / 2 && Math.Abs(from.Y + ((to.Y - from.Y) * step / 12) - Y) < Height / 2) return true;
            return false;
        }
    }
}
