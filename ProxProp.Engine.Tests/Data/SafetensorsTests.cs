using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ProxProp.Engine.Data;
using ProxProp.Engine.Tests.Generators;

namespace ProxProp.Engine.Tests.Data;

public sealed class SafetensorsTests
{
    [Fact]
    public void Wrong_arguments_are_named()
    {
        SafetensorsWriter writer = new();
        writer.Add<float>("ramp", [3], (ReadOnlySpan<float>)[1, 2, 3]);
        using MemoryStream stream = new();
        writer.Write(stream);
        using SafetensorsReader reader = SafetensorsReader.Open("memory", stream.ToArray());
        ArgumentException refused = Assert.Throws<ArgumentException>(() => reader.Read<float>("ramp", new float[2]));
        Assert.Equal("destination", refused.ParamName);
        Assert.Contains("The destination has 2 elements; the tensor 'ramp' [3] of memory has 3", refused.Message, StringComparison.Ordinal);
        Assert.Equal("name", Assert.Throws<ArgumentNullException>(() => reader.Find(null!)).ParamName);
        Assert.Equal("name", Assert.Throws<ArgumentNullException>(() => reader.TryFind(null!, out _)).ParamName);
    }

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

    [Fact]
    public void Half_precision_is_widened()
    {
        byte[] file = DataFiles.Safetensors(
            "{\"h\":{\"dtype\":\"F16\",\"shape\":[3],\"data_offsets\":[0,6]},\"b\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[6,12]}}", 12);
        ushort[] bits = [0x3E00, 0xC000, 0x0001, 0x3FC0, 0xC000, 0x7F80];
        MemoryMarshal.AsBytes(bits.AsSpan()).CopyTo(file.AsSpan(file.Length - 12));
        using SafetensorsReader reader = SafetensorsReader.Open("memory", file);
        double[] values = new double[3];
        reader.Read<double>("h", values);
        Assert.Equal([1.5, -2, Math.ScaleB(1, -24)], values);
        reader.Read<double>("b", values);
        Assert.Equal([1.5, -2, double.PositiveInfinity], values);
        float[] single = new float[3];
        reader.Read<float>("h", single);
        Assert.Equal([1.5f, -2, MathF.ScaleB(1, -24)], single);
    }

    [Theory]
    [InlineData("F8_E4M3", 6)]
    [InlineData("F4", 3)]
    [InlineData("C64", 48)]
    [InlineData("OTHER", 6)]
    public void A_tensor_of_another_type_is_listed_and_only_its_values_are_refused(string type, int bytes)
    {
        byte[] file = DataFiles.Safetensors(
            $"{{\"a\":{{\"dtype\":\"{type}\",\"shape\":[2,3],\"data_offsets\":[0,{bytes}]}},\"b\":{{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[{bytes},{bytes + 1}]}}}}",
            bytes + 1);
        file[^1] = 7;
        using SafetensorsReader reader = SafetensorsReader.Open("memory", file);
        SafetensorsEntry entry = reader.Find("a");
        Assert.Equal((SafetensorsType.Other, type, 6L), (entry.Type, entry.TypeText, entry.Count));
        Assert.Equal($"a: {type} [2, 3]", entry.ToString());
        byte[] value = new byte[1];
        reader.ReadBytes("b", value);
        Assert.Equal(7, value[0]);
        Refused("F64, F32, F16 or BF16", () => reader.Read<float>("a", new float[6]));
        Refused("I64, I32 or U8", () => reader.ReadIntegers("a", new long[6]));
        Refused("U8", () => reader.ReadBytes("a", new byte[6]));

        void Refused(string expected, Action read) =>
            Assert.Equal($"memory: found the tensor 'a' of type {type}; expected {expected}.", Assert.Throws<DataFormatException>(read).Message);
    }

    /// <summary>Longer than any buffer inside, so that its pieces must fit together.</summary>
    [Fact]
    public void Long_tensors_keep_their_order()
    {
        const int Length = (1 << 20) + 12_345;
        using TemporaryFolder folder = new();
        SafetensorsWriter writer = new();
        double[] ramp = [.. Enumerable.Range(0, Length).Select(i => (double)i)];
        writer.Add<double>("ramp", [Length], Length, () => ramp);
        writer.Add<int>("steps", [Length], (ReadOnlySpan<int>)Enumerable.Range(0, Length).ToArray());
        writer.Save(folder.File("ramp"));
        using SafetensorsReader reader = SafetensorsReader.Open(folder.File("ramp"));
        double[] wide = new double[Length];
        float[] single = new float[Length];
        long[] steps = new long[Length];
        reader.Read<double>("ramp", wide);
        reader.Read<float>("ramp", single);
        reader.ReadIntegers("steps", steps);
        for (int i = 0; i < Length; i++)
            Assert.True(wide[i] == i && single[i] == i && steps[i] == i, $"Element {i}");
    }

    [Fact]
    public void Wrong_tensors_are_refused()
    {
        SafetensorsWriter writer = new();
        writer.Add<float>("x", [2], (ReadOnlySpan<float>)[1, 2]);
        Assert.Contains("'x' is taken", Refused("x", [1]));
        Assert.Contains("'__metadata__' is taken", Refused("__metadata__", [1]));
        Assert.Contains("1 elements do not fill the shape [2].", Refused("y", [2]));
        Assert.Contains("1 elements do not fill the shape [-1, -1].", Refused("y", [-1, -1]));
        Assert.Contains("do not fill the shape", Refused("y", [1L << 62, 4, 1]));
        Assert.Throws<ArgumentException>(() => writer.Add<decimal>("y", [1], (ReadOnlySpan<decimal>)[1]));

        string Refused(string name, long[] shape) =>
            Assert.Throws<ArgumentException>(() => writer.Add<float>(name, shape, (ReadOnlySpan<float>)[1])).Message;
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
