namespace ProxProp.Mutation;

/// <summary>The table of faults and the tests that caught them.</summary>
internal static class Report
{
    private const int Named = 3;

    /// <summary>Prints the table.</summary>
    /// <returns>0 where every fault was caught, 1 otherwise.</returns>
    public static int Print(IReadOnlyList<Verdict> verdicts)
    {
        int width = verdicts.Max(v => v.Fault.Name.Length);
        Console.WriteLine($"{"fault".PadRight(width)} | caught by");
        Console.WriteLine($"{new string('-', width)}-|-{new string('-', 60)}");
        foreach (Verdict verdict in verdicts)
            Console.WriteLine($"{verdict.Fault.Name.PadRight(width)} | {Describe(verdict)}");
        int caught = verdicts.Count(v => v.IsCaught);
        Console.WriteLine($"{caught} of {verdicts.Count} faults were caught");
        return caught == verdicts.Count ? 0 : 1;
    }

    private static string Describe(Verdict verdict)
    {
        if (verdict.Failed.Count == 0)
            return verdict.IsCaught ? verdict.Note! : $"NOBODY: {verdict.Note}";
        string names = string.Join(", ", verdict.Failed.Take(Named));
        return verdict.Failed.Count > Named ? $"{names} and {verdict.Failed.Count - Named} more" : names;
    }
}
