using System.Buffers;
using System.Text;
using System.Text.Json;
using ProxProp.Cli.Commands;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.Output;

/// <summary>A memory plan as tables, or as one JSON object.</summary>
/// <param name="plan">The plan.</param>
/// <param name="processBase">Memory of the program itself, as measured once it had planned.</param>
/// <param name="request">What is planned, with what a budget has made smaller.</param>
internal sealed class PlanReport(MemoryPlan plan, long processBase, TrainRequest request)
{
    /// <summary>A table of buffers, one of purposes, and the totals.</summary>
    public void WriteTables(TextWriter output)
    {
        int longest = 0;
        foreach (ArenaEntry e in plan.Entries)
            longest = Math.Max(longest, e.Name.Length);
        var buffers = new Table("owner", "bytes", "", "  buffer".PadRight(longest + 2));
        foreach (ArenaEntry e in plan.Entries)
            buffers.Add(e.Owner, $"{e.Bytes:N0}", e.Scratch ? "shared" : string.Empty, ("  " + e.Name).PadRight(longest + 2));
        buffers.Write(output);
        output.WriteLine();

        var purposes = new Table("purpose", "bytes");
        foreach ((string name, long bytes) in Purposes())
            purposes.Add(name, $"{bytes:N0}");
        purposes.Add("planned", $"{plan.TotalBytes:N0}");
        purposes.Add("of it standing by", $"-{plan.StandbyBytes:N0}");
        purposes.Add("program itself, about", $"{processBase:N0}");
        purposes.Add("together, about", $"{plan.TotalBytes - plan.StandbyBytes + processBase:N0}");
        purposes.Write(output);
        output.WriteLine();
        output.WriteLine("Layers work in turn and share the memory marked so; the largest of them counts.");
        foreach (string choice in PlanText.Within(request))
            output.WriteLine($"Within the budget by {choice}.");
        if (plan.StandbyBytes > 0)
            output.WriteLine("What stands by is not touched, so that the machine does not give it: packing beyond this network's products, Gram matrices of steps that form none, exact steps in double as long as float will do.");
    }

    /// <summary>Members: <c>buffers</c> (each <c>owner</c>, <c>buffer</c>, <c>purpose</c>, <c>bytes</c>, <c>shared</c>), <c>planned</c>, <c>standby</c>, <c>process</c>, <c>microBatch</c> (0: none), <c>packedRows</c>.</summary>
    public void WriteJson(TextWriter output)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            json.WriteStartArray("buffers");
            foreach (ArenaEntry e in plan.Entries)
            {
                json.WriteStartObject();
                json.WriteString("owner", e.Owner);
                json.WriteString("buffer", e.Name);
                json.WriteString("purpose", Name(e.Purpose));
                json.WriteNumber("bytes", e.Bytes);
                json.WriteBoolean("shared", e.Scratch);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteNumber("planned", plan.TotalBytes);
            json.WriteNumber("standby", plan.StandbyBytes);
            json.WriteNumber("process", processBase);
            json.WriteNumber("microBatch", request.MicroBatch);
            json.WriteNumber("packedRows", request.PackedRows);
            json.WriteEndObject();
        }

        output.WriteLine(Encoding.UTF8.GetString(text.WrittenSpan));
    }

    // Bytes that alignment adds, and what is shared, go where they are: the sum is the plan's.
    private IEnumerable<(string Name, long Bytes)> Purposes()
    {
        long counted = 0;
        for (BufferPurpose purpose = BufferPurpose.Other; purpose <= BufferPurpose.Packing; purpose++)
        {
            long own = 0;
            foreach (ArenaEntry e in plan.Entries)
                own += e.Purpose == purpose && !e.Scratch ? e.Bytes : 0;
            counted += own;
            if (own > 0)
                yield return (Name(purpose), own);
        }

        yield return ("shared by layers", plan.SharedBytes);
        yield return ("alignment", plan.TotalBytes - counted - plan.SharedBytes);
    }

    private static string Name(BufferPurpose purpose) => purpose switch
    {
        BufferPurpose.Parameters => "parameters",
        BufferPurpose.Activations => "activations",
        BufferPurpose.Layer => "layers",
        BufferPurpose.Gradients => "gradients and directions",
        BufferPurpose.Solver => "solvers",
        BufferPurpose.Standby => "standing by",
        BufferPurpose.Optimizer => "optimizer",
        BufferPurpose.Data => "data",
        BufferPurpose.Copy => "copies of good parameters",
        BufferPurpose.Packing => "packing",
        _ => "other",
    };
}
