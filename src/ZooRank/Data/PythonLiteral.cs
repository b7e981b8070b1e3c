using System.Globalization;

namespace ZooRank.Data;

/// <summary>
/// Reads the few Python literals that a NumPy head is made of: a dictionary of strings, booleans, whole numbers, tuples and lists. Nothing is evaluated.
/// </summary>
internal sealed class PythonLiteral(string text, string where)
{
    private const int DeepestNesting = 8;   // structured types nest; what nests deeper was not written by NumPy

    private int position;

    public Dictionary<string, object> ReadDictionary()
    {
        var entries = new Dictionary<string, object>(StringComparer.Ordinal);
        Expect('{');
        while (!Accept('}'))
        {
            if (ReadValue(0) is not string key) throw Damaged();
            Expect(':');
            entries[key] = ReadValue(0);
            if (!Accept(',') && Peek() != '}') throw Damaged();
        }
        if (Peek() != '\0') throw Damaged();
        return entries;
    }

    private object ReadValue(int depth)
    {
        if (depth > DeepestNesting) throw Damaged();
        var next = Peek();
        if (next is '\'' or '"') return ReadString(next);
        if (next is '(' or '[') return ReadSequence(next == '(' ? ')' : ']', depth);
        if (char.IsAsciiDigit(next) || next == '-') return ReadInteger();
        foreach (var (word, value) in new[] { ("True", true), ("False", false) })
        {
            if (!text.AsSpan(position).StartsWith(word, StringComparison.Ordinal)) continue;
            position += word.Length;
            return value;
        }
        throw Damaged();
    }

    private string ReadString(char quote)
    {
        var end = text.IndexOf(quote, position + 1);
        if (end < 0) throw Damaged();
        var value = text[(position + 1)..end];
        position = end + 1;
        return value;
    }

    private List<object> ReadSequence(char close, int depth)
    {
        var items = new List<object>();
        position++;
        while (!Accept(close))
        {
            items.Add(ReadValue(depth + 1));
            if (!Accept(',') && Peek() != close) throw Damaged();
        }
        return items;
    }

    private long ReadInteger()
    {
        var start = position++;
        while (position < text.Length && char.IsAsciiDigit(text[position])) position++;
        if (!long.TryParse(text.AsSpan(start, position - start), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)) throw Damaged();
        if (position < text.Length && text[position] == 'L') position++;   // Python 2 wrote long sizes so
        return value;
    }

    private char Peek()
    {
        while (position < text.Length && text[position] is ' ' or '\n' or '\t' or '\r') position++;
        return position < text.Length ? text[position] : '\0';
    }

    private bool Accept(char c)
    {
        if (Peek() != c) return false;
        position++;
        return true;
    }

    private void Expect(char c)
    {
        if (!Accept(c)) throw Damaged();
    }

    private InvalidInputException Damaged() => new($"{where}: the array's head cannot be read: the file is damaged.");
}
