namespace ProxProp.Cli.Output;

/// <summary>Where in an earlier log a run that goes on from a checkpoint has its place.</summary>
internal static class EarlierLog
{
    private const int LongestStart = 128; // of a line; no number of a step's record lies behind it

    /// <summary>
    /// Bytes to keep of a log: up to the first line that begins as the next record does, which a run that goes on makes again to the bit; all whole lines
    /// where the last step is the one before it. Null if the log is another run's, or has lines there that are no records: it must not lose them.
    /// </summary>
    /// <param name="log">The log, at its beginning.</param>
    /// <param name="step">The next record's step.</param>
    /// <param name="record">The next record up to its loss.</param>
    public static long? End(Stream log, long step, ReadOnlySpan<byte> record)
    {
        Span<byte> start = stackalloc byte[LongestStart];
        long position = 0, line = 0, last = 0;
        long? found = null;
        int length = 0;
        for (int read; (read = log.ReadByte()) >= 0;)
        {
            position++;
            if (read != '\n')
            {
                if (length < LongestStart)
                    start[length++] = (byte)read;
                continue;
            }

            ReadOnlySpan<byte> text = start[..length];
            if (found is null && text.Length > record.Length && text.StartsWith(record) && text[record.Length] is (byte)',' or (byte)'}')
                found = line;
            if (found is not null && !IsRecord(text))
                return null;
            last = StepOf(text) ?? last;
            (line, length) = (position, 0);
        }

        if (length > 0 && !IsRecord(start[..length]))
            return null; // a record of which the end was lost begins like one
        return found ?? (last == step - 1 && last > 0 ? line : null);
    }

    // Whole, or as far as it was written.
    private static bool IsRecord(ReadOnlySpan<byte> line) => Begins(line, "{\"step\":"u8) || Begins(line, "{\"epoch\":"u8) || Begins(line, "{\"plan\":"u8);

    private static bool Begins(ReadOnlySpan<byte> line, ReadOnlySpan<byte> with)
    {
        int common = Math.Min(line.Length, with.Length);
        return line[..common].SequenceEqual(with[..common]);
    }

    private static long? StepOf(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> name = "{\"step\":"u8;
        if (!line.StartsWith(name))
            return null;
        long step = 0;
        foreach (byte digit in line[name.Length..])
        {
            if (digit is < (byte)'0' or > (byte)'9')
                break;
            step = (step * 10) + (digit - '0');
        }

        return step;
    }
}
