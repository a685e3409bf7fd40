using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ProxProp.Engine.Theory;

namespace ProxProp.Cli.Output;

/// <summary>Certificates as a table, or as one JSON object per line: step, layer, name, claim, relation, bound, measured, margin, passed.</summary>
internal sealed class VerifyReport(TextWriter output, bool json) : IDisposable
{
    private readonly ArrayBufferWriter<byte> _line = new();
    private int _claims;
    private int _failed;

    public void Add(int step, StepCertificate certificate)
    {
        _claims += certificate.Entries.Count;
        foreach (CertificateEntry entry in certificate.Entries)
            _failed += entry.Passed ? 0 : 1;
        if (json)
        {
            foreach (CertificateEntry entry in certificate.Entries)
                WriteJson(step, entry);
            return;
        }

        output.WriteLine($"step {step}");
        var table = new Table("layer and claim", "measured", "", "bound", "margin", "");
        string? layer = null;
        foreach (CertificateEntry e in certificate.Entries)
        {
            string name = $"layer {e.Layer}: {e.LayerName}";
            if (name != layer)
                table.Add(name, "", "", "", "", "");
            layer = name;
            table.Add("  " + e.Claim, Number(e.Measured), e.AtLeast ? ">=" : "<=", Number(e.Bound), Number(e.Margin), e.Passed ? "pass" : "FAIL");
        }

        table.Write(output);
        output.WriteLine();
    }

    /// <summary>Writes the last line of the table; whether every claim held.</summary>
    public bool Finish()
    {
        if (!json)
            output.WriteLine(_failed == 0 ? $"All {_claims} claims hold." : $"{_failed} of {_claims} claims do not hold.");
        return _failed == 0;
    }

    public void Dispose() => output.Flush();

    private static string Number(double x) => x.ToString("0.###e+0", CultureInfo.InvariantCulture);

    private void WriteJson(int step, CertificateEntry entry)
    {
        _line.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(_line))
        {
            writer.WriteStartObject();
            writer.WriteNumber("step", step);
            writer.WriteNumber("layer", entry.Layer);
            writer.WriteString("name", entry.LayerName);
            writer.WriteString("claim", entry.Claim);
            writer.WriteString("relation", entry.AtLeast ? "at least" : "at most");
            Write(writer, "bound", entry.Bound);
            Write(writer, "measured", entry.Measured);
            Write(writer, "margin", entry.Margin);
            writer.WriteBoolean("passed", entry.Passed);
            writer.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(_line.WrittenSpan));
    }

    private static void Write(Utf8JsonWriter writer, string name, double value)
    {
        if (double.IsFinite(value))
            writer.WriteFraction(name, value);
        else
            writer.WriteNull(name);
    }
}
