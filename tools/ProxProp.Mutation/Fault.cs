namespace ProxProp.Mutation;

/// <summary>A deliberate fault: one edit of one engine file, and the test classes that should turn red.</summary>
/// <param name="Name">What is wrong, in a few words.</param>
/// <param name="File">The file, below the engine's folder.</param>
/// <param name="Find">The right code; must occur exactly once.</param>
/// <param name="Replace">The wrong code.</param>
/// <param name="Classes">Names of test classes, without namespace.</param>
internal sealed record Fault(string Name, string File, string Find, string Replace, params string[] Classes)
{
    /// <summary>The faulty text of the file.</summary>
    /// <exception cref="InvalidOperationException">The right code is not there, or more than once.</exception>
    public string ApplyTo(string source)
    {
        int at = source.IndexOf(Find, StringComparison.Ordinal);
        if (at < 0)
            throw new InvalidOperationException($"'{Name}': the text to replace is not in {File}:\n{Find}");
        if (source.IndexOf(Find, at + 1, StringComparison.Ordinal) >= 0)
            throw new InvalidOperationException($"'{Name}': the text to replace occurs more than once in {File}:\n{Find}");
        return string.Concat(source.AsSpan(0, at), Replace, source.AsSpan(at + Find.Length));
    }
}

/// <summary>What the tests said to a fault.</summary>
/// <param name="Fault">The fault.</param>
/// <param name="Failed">The tests that turned red.</param>
/// <param name="Note">What else happened, or null.</param>
/// <param name="IsCaught">Whether a test turned red, or the run died of the fault.</param>
internal sealed record Verdict(Fault Fault, IReadOnlyList<string> Failed, string? Note, bool IsCaught);
