using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>Weights as safetensors: PyTorch's names, to the bit in the same precision, and refused whole where they do not fit.</summary>
public sealed class WeightsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("proxprop-weights").FullName;
    private readonly ComputeContext _compute = new(1);

    [Fact]
    public void Names_and_shapes_are_those_of_a_sequential_module()
    {
        using Network<float> network = Make<float>(1);
        Weights.Save(network, FilePath, [new("tau", "0.05")]);
        using SafetensorsReader reader = SafetensorsReader.Open(FilePath);
        Assert.Equal(
            [
                "0.bias [3]", "0.weight [3, 2, 3, 3]", "1.bias [3]", "1.running_mean [3]", "1.running_var [3]", "1.weight [3]", "4.weight [2, 48]",
                "6.bias [2]", "6.weight [2, 2]",
            ],
            reader.Entries.Select(e => $"{e.Name} {e.ShapeText}").Order(StringComparer.Ordinal));
        Assert.Equal(("pt", "0.05"), (reader.Metadata["format"], reader.Metadata["tau"]));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Numbers_that_are_not_finite_are_not_saved_and_the_old_file_stays(float value)
    {
        using Network<float> network = Make<float>(1);
        using var step = new TrainingStep<float>(network, new ExplicitStep<float>(), new Sgd<float>());
        Action[] saves = [() => Weights.Save(network, FilePath), () => Checkpoint.Save(step, FilePath)];
        foreach (Action save in saves)
        {
            save();
            byte[] before = File.ReadAllBytes(FilePath);
            float last = network.Parameters[^1];
            network.Parameters[^1] = value;
            Assert.StartsWith("Tensor '6.bias' of the network has a number that is not finite", Assert.Throws<InvalidOperationException>(save).Message, StringComparison.Ordinal);
            network.Parameters[^1] = last;
            network.Layers[1].StateValues(0)[0] = value;
            Assert.StartsWith("Tensor '1.running_mean'", Assert.Throws<InvalidOperationException>(save).Message, StringComparison.Ordinal);
            network.Layers[1].StateValues(0)[0] = 0;
            Assert.Equal(before, File.ReadAllBytes(FilePath));
        }
    }

    [Fact]
    public void A_round_trip_keeps_every_bit()
    {
        RoundTrip<float>();
        RoundTrip<double>();
    }

    [Fact]
    public void Precisions_convert_both_ways()
    {
        using Network<double> exact = Make<double>(1), back = Make<double>(3);
        using Network<float> single = Make<float>(2);
        Weights.Save(exact, FilePath);
        Weights.Load(single, FilePath);
        Assert.Equal(exact.Parameters.ToArray().Select(p => (float)p), single.Parameters.ToArray());
        Weights.Save(single, FilePath);
        Weights.Load(back, FilePath);
        Assert.Equal(single.Parameters.ToArray().Select(p => (double)p), back.Parameters.ToArray());
    }

    [Fact]
    public void Pytorchs_count_of_batches_is_passed_over()
    {
        SaveChanged((name, values) => values, writer => writer.Add("1.num_batches_tracked", [], [7L]));
        using Network<float> network = Make<float>(2);
        Weights.Load(network, FilePath);
    }

    [Fact]
    public void What_does_not_fit_is_named_and_changes_nothing()
    {
        Refused("no tensor '6.bias'", () => SaveChanged((name, values) => name == "6.bias" ? null : values));
        Refused("no tensor '1.running_var'", () => SaveChanged((name, values) => name == "1.running_var" ? null : values));
        Refused("tensor 'head.weight'; expected only the 9 tensors", () => SaveChanged((_, v) => v, w => w.Add("head.weight", [2], [1f, 2f])));
        Refused("tensor '6.num_batches_tracked'", () => SaveChanged((_, v) => v, w => w.Add("6.num_batches_tracked", [], [7L])));
        Refused("'6.weight': found the shape [4]; expected the network's [2, 2]", () => SaveChanged((_, v) => v, flat: "6.weight"));
        Refused("'4.weight': found a number that is not finite", () => SaveChanged((name, values) =>
        {
            if (name == "4.weight")
                values[5] = float.NaN;
            return values;
        }));
        Refused("6.weight", () => SaveChanged((name, values) => name == "6.weight" ? null : values, w => w.Add("6.weight", [2, 2], [1L, 2, 3, 4])));
        Refused("6.weight", () => SaveChanged((name, values) => name == "6.weight" ? null : values, w => w.Add("6.weight", [2, 2], [1e300, 2, 3, 4])));
    }

    [Fact]
    public void A_prefix_picks_tensors_from_a_larger_file()
    {
        using Network<float> source = Make<float>(1), target = Make<float>(2);
        var writer = new SafetensorsWriter();
        Weights.Save(source, FilePath);
        using (SafetensorsReader reader = SafetensorsReader.Open(FilePath))
        {
            foreach (SafetensorsEntry entry in reader.Entries)
            {
                var values = new float[entry.Count];
                reader.Read<float>(entry.Name, values);
                writer.Add<float>("model." + entry.Name, entry.Shape, values);
            }
        }

        writer.Add("epoch", [], [3L]);
        writer.Save(FilePath);
        using SafetensorsReader large = SafetensorsReader.Open(FilePath);
        Weights.Load(target, large, "model.", exact: false);
        Assert.Equal(source.Parameters.ToArray(), target.Parameters.ToArray());
        Assert.Throws<DataFormatException>(() => Weights.Load(target, large, "model.", exact: true));
        Assert.Throws<DataFormatException>(() => Weights.Load(target, large, "other.", exact: false));
    }

    public void Dispose()
    {
        _compute.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string FilePath => Path.Combine(_folder, "net.safetensors");

    private void RoundTrip<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using Network<T> source = Make<T>(1), target = Make<T>(2);
        Assert.NotEqual(source.Parameters.ToArray(), target.Parameters.ToArray());
        source.Forward(new Pass(_compute, 2, Training: true), Values.Uniform<T>(2 * source.Input.Size, 3));
        Weights.Save(source, FilePath);
        Weights.Load(target, FilePath);
        Assert.Equal(source.Parameters.ToArray(), target.Parameters.ToArray());
        for (int i = 0; i < 2; i++)
            Assert.Equal(source.Layers[1].StateValues(i).ToArray(), target.Layers[1].StateValues(i).ToArray());
        Assert.DoesNotContain(T.Zero, target.Layers[1].StateValues(0).ToArray());
    }

    // Saves a network tensor by tensor, with changes.
    private void SaveChanged(Func<string, float[], float[]?> change, Action<SafetensorsWriter>? add = null, string flat = "")
    {
        using Network<float> network = Make<float>(1);
        string original = Path.Combine(_folder, "original.safetensors");
        Weights.Save(network, original);
        using SafetensorsReader reader = SafetensorsReader.Open(original);
        var writer = new SafetensorsWriter();
        foreach (SafetensorsEntry entry in reader.Entries)
        {
            var values = new float[entry.Count];
            reader.Read<float>(entry.Name, values);
            if (change(entry.Name, values) is { } changed)
                writer.Add<float>(entry.Name, entry.Name == flat ? [changed.Length] : entry.Shape, changed);
        }

        add?.Invoke(writer);
        writer.Save(FilePath);
    }

    private void Refused(string said, Action save)
    {
        save();
        using Network<float> network = Make<float>(2);
        float[] before = network.Parameters.ToArray();
        string message = Assert.Throws<DataFormatException>(() => Weights.Load(network, FilePath)).Message;
        Assert.Contains(said, message, StringComparison.Ordinal);
        Assert.Contains("net.safetensors", message, StringComparison.Ordinal);
        Assert.Equal(before, network.Parameters.ToArray());
    }

    private Network<T> Make<T>(ulong seed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => new(
        Shape.Image(2, 4, 4),
        [
            new Conv2d<T>(3, 3, padding: 1), new BatchNorm<T>(), new Relu<T>(), new Flatten<T>(), new Linear<T>(2, bias: false), new Tanh<T>(), new Linear<T>(2),
        ],
        4,
        seed,
        _compute);
}
