using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Training;

/// <summary>Adds every state that it visits to a file, a tensor each.</summary>
/// <param name="writer">The file.</param>
/// <param name="compute">What looks for numbers that are not finite, which are then refused; null for taking any.</param>
internal sealed class StateWriter(SafetensorsWriter writer, ComputeContext? compute = null) : IStateVisitor
{
    public void Visit(string name, ref long value) => writer.Add<long>(name, [], [value]);

    public void Visit(string name, ref double value, bool positive = false) => writer.Add<double>(name, [], [value]);

    public void Visit<T>(string name, Slot<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (compute is not null && !Reductions.AllFinite<T>(compute, values.Span))
            throw new InvalidOperationException($"'{name}' has a number that is not finite, so that nothing could be learnt from there on; it is not saved.");
        writer.Add<T>(name, [values.Length], values.Length, () => values.Span);
    }
}

/// <summary>Reads and checks every state that it visits, changing nothing; <see cref="Restoring"/> then gives the values out on a second walk.</summary>
/// <param name="reader">The file.</param>
/// <param name="compute">What looks for numbers that are not finite, which are then refused; null for taking any.</param>
internal sealed class StateReader(SafetensorsReader reader, ComputeContext? compute = null) : IStateVisitor
{
    private readonly HashSet<string> _known = [];
    private readonly Queue<object> _values = [];

    public void Visit(string name, ref long value)
    {
        Span<long> one = [0];
        Check(name, SafetensorsType.I64, 1);
        reader.ReadIntegers(name, one);
        if (one[0] < 0)
            throw new DataFormatException(reader.Name, $"tensor '{name}'", $"{one[0]}", "0 or more");
        _values.Enqueue(one[0]);
    }

    public void Visit(string name, ref double value, bool positive = false)
    {
        Span<double> one = [0];
        Check(name, SafetensorsType.F64, 1);
        reader.Read(name, one);
        if (positive && !(one[0] > 0 && double.IsFinite(one[0])))
            throw new DataFormatException(reader.Name, $"tensor '{name}'", $"{one[0]}", "a positive finite number");
        _values.Enqueue(one[0]);
    }

    public void Visit<T>(string name, Slot<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(name, typeof(T) == typeof(float) ? SafetensorsType.F32 : SafetensorsType.F64, values.Length);
        var read = new T[values.Length];
        reader.Read(name, read.AsSpan());
        if (compute is not null && !Reductions.AllFinite<T>(compute, read))
            throw new DataFormatException(reader.Name, $"tensor '{name}'", "a number that is not finite", "finite numbers");
        _values.Enqueue(read);
    }

    /// <summary>A visitor that writes the values read, in the same order, to what it visits.</summary>
    public IStateVisitor Restoring() => new Giver(_values);

    /// <summary>Refuses a tensor of another type or size before any memory is taken for it.</summary>
    public static void Expect(SafetensorsReader reader, string name, SafetensorsType type, long count)
    {
        SafetensorsEntry entry = reader.Find(name);
        if (entry.Type != type || entry.Count != count)
        {
            throw new DataFormatException(
                reader.Name, $"tensor '{name}'", $"{entry.TypeText} {entry.ShapeText}", $"{count} of {SafetensorsEntry.TypeName(type)}");
        }
    }

    private void Check(string name, SafetensorsType type, long count)
    {
        if (!_known.Add(name))
            throw new InvalidOperationException($"The state '{name}' is visited twice; give every state a name of its own.");
        Expect(reader, name, type, count);
    }

    private sealed class Giver(Queue<object> values) : IStateVisitor
    {
        public void Visit(string name, ref long value) => value = (long)values.Dequeue();

        public void Visit(string name, ref double value, bool positive = false) => value = (double)values.Dequeue();

        public void Visit<T>(string name, Slot<T> target)
            where T : unmanaged, IBinaryFloatingPointIeee754<T> => ((T[])values.Dequeue()).CopyTo(target.Span);
    }
}
