namespace ProxProp.Engine.Data;

/// <summary>
/// A file is missing, unreadable or not what it should be. The message is one line: the file, the place in it, what was found there and what
/// was expected. When a reader throws this, nothing of the file has been handed out.
/// </summary>
public sealed class DataFormatException : Exception
{
    /// <summary>Creates the exception with the message "file, place: found …; expected …."</summary>
    /// <param name="file">Name of the file or folder.</param>
    /// <param name="place">Where in it ("byte 16", "line 3"), or empty for the file as a whole.</param>
    /// <param name="found">What is there.</param>
    /// <param name="expected">What should be there.</param>
    /// <param name="innerException">The failure underneath, if any.</param>
    public DataFormatException(string file, string place, string found, string expected, Exception? innerException = null)
        : base(OneLine($"{file}{(place.Length == 0 ? "" : ", " + place)}: found {found}; expected {expected}."), innerException)
    {
        File = file;
        Place = place;
    }

    /// <summary>Name of the file or folder.</summary>
    public string File { get; }

    /// <summary>Where in the file, as words ("byte 16", "line 3"); empty for the file as a whole.</summary>
    public string Place { get; }

    /// <summary>What is quoted from a file may hold anything; a message may not.</summary>
    internal static string OneLine(string text) => string.Create(text.Length, text, static (line, from) =>
    {
        for (int i = 0; i < line.Length; i++)
            line[i] = char.IsControl(from[i]) ? '?' : from[i];
    });

    /// <summary>The beginning of a text of any length.</summary>
    internal static string Short(string text, int most) => text.Length <= most ? text : string.Concat(text.AsSpan(0, most), "...");
}
