using System.Text;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>Model files: what they can say, and every way in which they can be wrong.</summary>
public sealed class ModelFileTests
{
    private const string Everything = """
        {
          // comments and trailing commas are fine
          "input": [3, 12, 10],
          "layers": [
            { "type": "Conv2d", "filters": 4, "kernel": [3, 5], "stride": [1, 2], "padding": [0, 2], "dilation": [2, 1], "bias": false, "explicit": true },
            { "type": "BatchNorm", "momentum": 0.3, "epsilon": 1e-4 }, { "type": "ReLU" }, { "type": "MaxPool2d", "kernel": 2, "stride": 1, "padding": 1 },
            { "type": "GELU" }, { "type": "AvgPool2d", "kernel": 2 }, { "type": "Flatten" }, { "type": "Dropout", "probability": 0.25 },
            { "type": "Linear", "outputs": 6, "bias": false }, { "type": "LeakyReLU", "slope": 0.2 }, { "type": "Tanh" }, { "type": "Sigmoid" },
            { "type": "Linear", "outputs": 2, "explicit": true },
          ],
        }
        """;

    public static TheoryData<string, string> Wrong => new()
    {
        { "", "not JSON" },
        { "hello", "not JSON" },
        { "{", "not JSON" },
        { "{}}", "not JSON" },
        { "\u0000", "not JSON" },
        { new string('[', 200), "not JSON" },
        { "[]", "model must be an object, but is Array" },
        { "null", "model must be an object, but is Null" },
        { "{}", "model lacks the member 'input'" },
        { """{"input":[3]}""", "model lacks the member 'layers'" },
        { """{"input":[3],"layers":[]}""", "'layers' is empty" },
        { """{"input":[3],"layers":{}}""", "model.layers must be an array, but is {}" },
        { """{"input":[3],"layers":[{"type":"ReLU"}],"extra":1}""", "model has the unknown member 'extra'" },
        { """{"input":[3],"input":[4],"layers":[{"type":"ReLU"}]}""", "model has two members 'input'" },
        { """{"input":[3],"layers":[7]}""", "layers[0] must be an object, but is Number" },
        { """{"input":[3],"layers":[{}]}""", "layers[0] lacks the member 'type'" },
        { """{"input":[3],"layers":[{"type":7}]}""", "layers[0].type must be a text, but is 7" },
        { """{"input":[3],"layers":[{"type":"ReLU"},{"type":"Lineer","outputs":2}]}""", "layers[1] has the unknown type 'Lineer'; known are Linear," },
        { """{"input":[3],"layers":[{"type":"relu"}]}""", "unknown type 'relu'" },
        { """{"input":[3],"layers":[{"type":"Linear"}]}""", "layers[0] lacks the member 'outputs'" },
        { """{"input":[3],"layers":[{"type":"Linear","outputs":0}]}""", "layers[0].outputs must be a whole number of at least 1, but is 0" },
        { """{"input":[3],"layers":[{"type":"Linear","outputs":2.5}]}""", "but is 2.5" },
        { """{"input":[3],"layers":[{"type":"Linear","outputs":"2"}]}""", "but is \"2\"" },
        { """{"input":[3],"layers":[{"type":"Linear","outputs":99999999999}]}""", "but is 99999999999" },
        { """{"input":[3],"layers":[{"type":"Linear","outputs":2,"bias":1}]}""", "layers[0].bias must be true or false, but is 1" },
        { """{"input":[3],"layers":[{"type":"Linear","outputs":2,"output":3}]}""", "layers[0] has the unknown member 'output'" },
        { """{"input":[3],"layers":[{"type":"ReLU","slope":0.1}]}""", "layers[0] has the unknown member 'slope'" },
        { """{"input":[3],"layers":[{"type":"Conv2d","filters":2}]}""", "layers[0] lacks the member 'kernel'" },
        { """{"input":[3],"layers":[{"type":"Conv2d","filters":2,"kernel":[3]}]}""", "layers[0].kernel must be a whole number" },
        { """{"input":[3],"layers":[{"type":"Conv2d","filters":2,"kernel":[3,0]}]}""", "layers[0].kernel[1] must be a whole number of at least 1, but is 0" },
        { """{"input":[3],"layers":[{"type":"Conv2d","filters":2,"kernel":3,"padding":-1}]}""", "layers[0].padding must be a whole number of at least 0" },
        { """{"input":[3],"layers":[{"type":"MaxPool2d","kernel":[2,2]}]}""", "layers[0].kernel must be a whole number" },
        { """{"input":[3],"layers":[{"type":"Dropout","probability":1}]}""", "probability of dropout must be at least 0 and below 1" },
        { """{"input":[3],"layers":[{"type":"Dropout","probability":"half"}]}""", "layers[0].probability must be a number, but is \"half\"" },
        { """{"input":[3],"layers":[{"type":"Dropout","probability":1e999}]}""", "layers[0].probability must be a number" },
        { """{"input":[3],"layers":[{"type":"LeakyReLU","slope":-1}]}""", "slope of a leaky ReLU" },
        { """{"input":[3],"layers":[{"type":"BatchNorm","epsilon":0}]}""", "epsilon of batch normalisation" },
        { """{"input":3,"layers":[{"type":"ReLU"}]}""", "'input' must be [features] or [channels, height, width]" },
        { """{"input":[3,4],"layers":[{"type":"ReLU"}]}""", "'input' must be" },
        { """{"input":[0],"layers":[{"type":"ReLU"}]}""", "input[0] must be a whole number of at least 1, but is 0" },
        { """{"input":[2000000000,2000000000,2000000000],"layers":[{"type":"ReLU"}]}""", "is larger than" },
        { """{"input":[3],"layers":[{"type":"\ud800"}]}""", "surrogate" },
        { """{"input":[3],"layers":[{"type":"Linear","outputs":[[[[[[[[1]]]]]]]]}]}""", "not JSON" },
    };

    [Fact]
    public void Every_layer_and_member_is_read()
    {
        Model<double> model = Parse(Everything);
        Assert.Equal(Shape.Image(3, 12, 10), model.Input);
        Assert.Equal(
            "Conv2d BatchNorm ReLU MaxPool2d GELU AvgPool2d Flatten Dropout Linear LeakyReLU Tanh Sigmoid Linear",
            string.Join(' ', model.Layers.Select(l => l.Kind == "LeakyRelu" ? "LeakyReLU" : l.Kind)));
        var conv = (Conv2d<double>)model.Layers[0];
        Assert.Equal((4, (3, 5), (1, 2), (0, 2), (2, 1)), (conv.Filters, conv.Kernel, conv.Stride, conv.Padding, conv.Dilation));
        Assert.True(conv.TrainExplicitly && !conv.HasBias);
        Assert.Equal((0.3, 1e-4), (((BatchNorm<double>)model.Layers[1]).Momentum, ((BatchNorm<double>)model.Layers[1]).Epsilon));
        Assert.Equal((2, 1, 1), (((MaxPool2d<double>)model.Layers[3]).Kernel, ((MaxPool2d<double>)model.Layers[3]).Stride, ((MaxPool2d<double>)model.Layers[3]).Padding));
        Assert.Equal((2, 2, 0), (((AvgPool2d<double>)model.Layers[5]).Kernel, ((AvgPool2d<double>)model.Layers[5]).Stride, ((AvgPool2d<double>)model.Layers[5]).Padding));
        Assert.Equal(0.25, ((Dropout<double>)model.Layers[7]).Probability);
        Assert.Equal((6, false, false), (((Linear<double>)model.Layers[8]).Outputs, ((Linear<double>)model.Layers[8]).HasBias, ((Linear<double>)model.Layers[8]).TrainExplicitly));
        Assert.Equal(0.2, ((LeakyRelu<double>)model.Layers[9]).Slope);
        Assert.True(((Linear<double>)model.Layers[12]).TrainExplicitly);
        using var compute = new ComputeContext(1);
        using var network = new Network<double>(model.Input, model.Layers, 2, compute: compute);
        Assert.Equal(2, network.Output.Size);
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_is_wrong_is_said(string json, string said)
    {
        var e = Assert.Throws<ModelFormatException>(() => Parse(json));
        Assert.Contains(said, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_no_json()
    {
        Assert.Throws<ModelFormatException>(() => ModelFile.Parse<float>(new byte[] { 0xFF, 0xFE, 0x00 }));
        Assert.Throws<ModelFormatException>(() => ModelFile.Parse<float>(Encoding.Unicode.GetBytes(Everything)));
        var random = new Random(1);
        byte[] good = Encoding.UTF8.GetBytes(Everything);
        for (int i = 0; i < 3000; i++)
        {
            byte[] damaged = [.. good];
            for (int k = random.Next(1, 4); k > 0; k--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                ModelFile.Parse<float>(damaged);
            }
            catch (ModelFormatException)
            {
                // The only exception that a bad file may cause.
            }
        }
    }

    [Fact]
    public void A_file_is_named_in_every_message()
    {
        string folder = Directory.CreateTempSubdirectory("proxprop-models").FullName;
        try
        {
            string path = Path.Combine(folder, "model.json");
            Assert.Contains(path, Assert.Throws<FileNotFoundException>(() => ModelFile.Load<float>(path)).Message, StringComparison.Ordinal);
            Assert.Throws<FileNotFoundException>(() => ModelFile.Load<float>(folder));
            File.WriteAllText(path, "{}");
            Assert.Contains($"'{path}': model lacks", Assert.Throws<ModelFormatException>(() => ModelFile.Load<float>(path)).Message, StringComparison.Ordinal);
            File.WriteAllText(path, Everything, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
            Assert.Equal(13, ModelFile.Load<float>(path).Layers.Count);
            File.WriteAllText(path, new string(' ', (1 << 20) + 1));
            string message = Assert.Throws<ModelFormatException>(() => ModelFile.Load<float>(path)).Message;
            Assert.Contains("1048577 bytes; a model file has at most 1048576", message, StringComparison.Ordinal);
            Assert.Throws<ModelFormatException>(() => ModelFile.Parse<float>(new byte[(1 << 20) + 1]));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Layers_that_do_not_fit_are_both_named()
    {
        Model<double> model = Parse("""{"input":[1,8,8],"layers":[{"type":"Linear","outputs":5},{"type":"Conv2d","filters":2,"kernel":3}]}""");
        using var compute = new ComputeContext(1);
        string message = Assert.Throws<ArgumentException>(() => new Network<double>(model.Input, model.Layers, 1, compute: compute)).Message;
        Assert.Contains("Layer 1 (Conv2d) cannot follow layer 0 (Linear) of shape 5", message, StringComparison.Ordinal);
    }

    private static Model<double> Parse(string json) => ModelFile.Parse<double>(Encoding.UTF8.GetBytes(json));
}
