using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Data;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Data;

/// <summary>Generated inputs for the readers of models and checkpoints; see <see cref="FuzzLoop"/>.</summary>
public sealed class ModelFuzzTests
{
    private const int Constant = 96 * 1024;

    private static readonly Mutator s_model = new(ModelTexts.Tokens);
    private static readonly Mutator s_plain = new();

    /// <summary>What is accepted is also built, without memory, so that sizes which no memory holds are met too.</summary>
    [Fact]
    public void Model_reader_survives()
    {
        using ComputeContext plan = ComputeContext.ForPlan(1);
        FuzzLoop.Run(
            generator => generator.NextInt(16) == 0 ? ModelTexts.Next(generator) : s_model.Mutate(generator, ModelTexts.Next(generator)),
            input =>
            {
                Model<float> model = ModelFile.Parse<float>(input);
                try
                {
                    using var network = new Network<float>(model.Input, model.Layers, 2, compute: plan);
                }
                catch (ArgumentException e)
                {
                    throw new ModelFormatException(e.Message.ReplaceLineEndings(" "), e);
                }
            },
            null,
            bytesPerByte: 256,
            Constant);
    }

    [Fact]
    public void Checkpoint_reader_survives()
    {
        using var compute = new ComputeContext(1);
        using var network = new Network<float>(
            Shape.Vector(3), [new Linear<float>(2), new BatchNorm<float>(), new Tanh<float>(), new Linear<float>(2)], 2, 1, compute);
        using var step = new TrainingStep<float>(
            network, new CgStep<float>(1, Damping.LevenbergMarquardt(1), CgPreconditioner.EarlierFactor), new Adam<float>());
        var position = new TrainingPosition
        {
            Step = 4,
            Epoch = 2,
            Batch = 1,
            EpochState = new Generator(1).State,
            Epochs = [new EpochResult(1, 1, 0.5, double.NaN, double.NaN, 0.1)],
        };
        using var stream = new MemoryStream();
        Checkpoint.Writer(step, position, null, null).Write(stream);
        byte[] whole = stream.ToArray();
        float[] samples = [1, 2, 3, -1, 0, 2];
        int[] labels = [0, 1];
        FuzzLoop.Run(
            generator => MakeCheckpoint(generator, whole),
            input =>
            {
                using SafetensorsReader reader = SafetensorsReader.Open("fuzz", input);
                Checkpoint.Restore(step, reader, null);
            },
            (input, accepted) =>
            {
                // What is accepted can be trained on, whatever numbers it brought.
                if (accepted && input[^1] % 8 == 0)
                    step.Run(samples, new Targets<float>(labels), 2, 0.1);
            },
            bytesPerByte: 24,
            Constant);
    }

    /// <summary>In turn: as it is; damage anywhere; tensors lost, changed or of another kind under a checksum that is right.</summary>
    private static byte[] MakeCheckpoint(Generator generator, byte[] whole)
    {
        if (generator.NextInt(16) == 0)
            return whole;
        if (generator.NextInt(2) == 0)
            return s_plain.Mutate(generator, whole);
        using SafetensorsReader reader = SafetensorsReader.Open("whole", whole);
        var writer = new SafetensorsWriter();
        foreach ((string name, string text) in reader.Metadata)
        {
            if (generator.NextInt(60) != 0)
                writer.SetMetadata(name, generator.NextInt(60) == 0 ? text[..generator.NextInt(text.Length + 1)] : text);
        }

        foreach (SafetensorsEntry entry in reader.Entries)
            AddChanged(generator, writer, reader, entry);
        writer.SetChecksum(Checkpoint.ChecksumKey);
        using var stream = new MemoryStream();
        writer.Write(stream);
        return stream.ToArray();
    }

    private static void AddChanged(Generator generator, SafetensorsWriter writer, SafetensorsReader reader, SafetensorsEntry entry)
    {
        int kind = generator.NextInt(120);
        if (kind == 0)
            return;
        string name = kind == 1 ? entry.Name + "x" : entry.Name;
        long[] shape = kind == 2 ? [entry.Count, 1] : entry.Shape.ToArray();
        if (entry.Type == SafetensorsType.I64)
        {
            var values = new long[entry.Count];
            reader.ReadIntegers(entry.Name, values);
            if (values.Length > 0 && generator.NextInt(4) == 0)
                values[generator.NextInt(values.Length)] = generator.NextInt(2) == 0 ? (long)generator.NextUInt64() : generator.NextInt(3) * int.MaxValue;
            writer.Add<long>(name, shape, values);
            return;
        }

        var numbers = new double[entry.Count];
        reader.Read(entry.Name, numbers.AsSpan());
        if (numbers.Length > 0 && generator.NextInt(6) == 0)
            numbers[generator.NextInt(numbers.Length)] = BitConverter.UInt64BitsToDouble(generator.NextUInt64());
        if ((entry.Type == SafetensorsType.F64) != (kind == 3))
            writer.Add<double>(name, shape, numbers);
        else
            writer.Add<float>(name, shape, [.. numbers.Select(n => (float)n)]);
    }
}
