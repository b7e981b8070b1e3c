using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ZooRank;

/// <summary>Reads a result that a command of ZooRank wrote as JSON.</summary>
internal static class JsonFile
{
    /// <param name="path">The file.</param>
    /// <param name="type">What it holds.</param>
    /// <param name="what">The same in words, as "a ranking".</param>
    /// <param name="command">The command that writes such a file, without the file's name.</param>
    /// <exception cref="InvalidInputException">There is no such file, or something else is in it.</exception>
    public static T Read<T>(string path, JsonTypeInfo<T> type, string what, string command)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file. '{command} {path}' writes one.");
        try
        {
            using var stream = File.OpenRead(path);
            return JsonSerializer.Deserialize(stream, type) ?? throw new InvalidInputException($"{path}: empty; {what} was expected. '{command} {path}' writes one.");
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"{path}: not {what}{(e.LineNumber is { } line ? FormattableString.Invariant($" (its JSON fails on line {line + 1})") : ", or not a whole one")}. '{command} {path}' writes one.", e);
        }
    }
}
