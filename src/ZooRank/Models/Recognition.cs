namespace ZooRank.Models;

/// <summary>What a checkpoint's names and shapes say about the network that it came from.</summary>
/// <param name="Architecture">The architecture that fits in every tensor, or null.</param>
/// <param name="Prefix">The leading path that all names share and the architecture's do not, as "encoder."; mostly empty.</param>
/// <param name="ClassCount">Source classes of the head; 0 where there is none.</param>
/// <param name="Explanation">One sentence for people: what it is, or what it comes closest to and why it is not that.</param>
public sealed record Recognition(Architecture? Architecture, string Prefix, int ClassCount, string Explanation);
