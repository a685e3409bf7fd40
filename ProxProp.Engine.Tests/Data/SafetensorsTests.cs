using System.Text;
using System.Text.Json;
using ProxProp.Engine.Data;

namespace ProxProp.Engine.Tests.Data;

public sealed class SafetensorsTests
{
    [Fact]
    public void What_is_written_is_read_back()
    {
        SafetensorsWriter writer = new();
        writer.SetMetadata("about", "grüße \"quoted\" \n");
        writer.Add<byte>("bytes", [3], (ReadOnlySpan<byte>)[1, 2, 255]);
        writer.Add<float>("0.weight", [2, 3], (ReadOnlySpan<float>)[1, -2, float.NaN, float.PositiveInfinity, 1e-45f, 0.1f]);
        writer.Add<double>("double", [], (ReadOnlySpan<double>)[Math.PI]);
        writer.Add<long>("step", [1], (ReadOnlySpan<long>)[long.MinValue]);
        writer.Add<int>("ints", [2], (ReadOnlySpan<int>)[-1, int.MaxValue]);
        writer.Add<float>("empty", [0, 4], (ReadOnlySpan<float>)[]);
        using MemoryStream stream = new();
        writer.Write(stream);
        using SafetensorsReader reader = SafetensorsReader.Open("memory", stream.ToArray());

        Assert.Equal("grüße \"quoted\" \n", reader.Metadata["about"]);
        float[] weight = new float[6];
        reader.Read<float>("0.weight", weight);
        Assert.Equal([1, -2, float.NaN, float.PositiveInfinity, 1e-45f, 0.1f], weight);
        double[] wide = new double[6];
        reader.Read<double>("0.weight", wide);
        Assert.Equal(weight.Select(x => (double)x), wide);
        float[] narrow = new float[1];
        reader.Read<float>("double", narrow);
        Assert.Equal((float)Math.PI, narrow[0]);
        long[] integers = new long[2];
        reader.ReadIntegers("ints", integers);
        Assert.Equal([-1, int.MaxValue], integers);
        reader.ReadIntegers("step", integers.AsSpan(0, 1));
        Assert.Equal(long.MinValue, integers[0]);
        byte[] bytes = new byte[3];
        reader.ReadBytes("bytes", bytes);
        Assert.Equal([1, 2, 255], bytes);
        reader.Read<float>("empty", []);
        Assert.Equal("0.weight: F32 [2, 3]", reader.Find("0.weight").ToString());
    }

    [Fact]
    public void Every_tensor_is_aligned_to_its_elements()
    {
        SafetensorsWriter writer = new();
        writer.Add<byte>("a", [3], (ReadOnlySpan<byte>)[1, 2, 3]);
        writer.Add<float>("b", [1], (ReadOnlySpan<float>)[1]);
        writer.Add<double>("c", [1], (ReadOnlySpan<double>)[1]);
        using MemoryStream stream = new();
        writer.Write(stream);
        byte[] bytes = stream.ToArray();
        long header = BitConverter.ToInt64(bytes);
        Assert.Equal(0, header % 8);
        using JsonDocument json = JsonDocument.Parse(Encoding.UTF8.GetString(bytes, 8, (int)header));
        int Start(string name) => json.RootElement.GetProperty(name).GetProperty("data_offsets")[0].GetInt32();
        Assert.Equal((0, 8, 12), (Start("c"), Start("b"), Start("a")));
        Assert.Equal(8 + header + 15, bytes.Length);
    }

    [Theory]
    [InlineData("layers.safetensors", "linear_square/input", new long[] { 7, 5 })]
    [InlineData("traces.safetensors", "mlp_gradient_sgd/init/0.weight", new long[] { 48, 64 })]
    public void Files_of_an_independent_writer_are_read(string file, string name, long[] shape)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(Path.Combine(AppContext.BaseDirectory, "Reference", file));
        Assert.Equal(shape, reader.Find(name).Shape.ToArray());
        Assert.StartsWith(file == "layers.safetensors" ? "one proximal step" : "digits rows", reader.Metadata["about"], StringComparison.Ordinal);
        foreach (SafetensorsEntry entry in reader.Entries)
        {
            if (entry.Type != SafetensorsType.F64)
                continue;
            double[] values = new double[entry.Count];
            reader.Read<double>(entry.Name, values);
            Assert.All(values, value => Assert.True(double.IsFinite(value)));
        }
    }
}
