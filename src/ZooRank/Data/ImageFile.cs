namespace ZooRank.Data;

/// <summary>One image of a data set whose images are files: where it is and what is said about it.</summary>
/// <param name="Name">The path, or the entry's name in an archive.</param>
/// <param name="ClassName">Its label in words.</param>
/// <param name="Split">The split that it belongs to.</param>
/// <param name="Group">Patient, lesion, or null.</param>
internal sealed record ImageFile(string Name, string ClassName, Split Split, string? Group = null);
