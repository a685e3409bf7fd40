using System.Text;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

public sealed class ModelWriterTests
{
    private const string EveryKind =
        """{"input":[3,12,12],"layers":[{"type":"Conv2d","filters":4,"kernel":[3,5],"stride":[2,1],"padding":1,"dilation":1,"bias":false,"explicit":true},"""
        + """{"type":"BatchNorm","momentum":0.2,"epsilon":0.001},{"type":"ReLU"},{"type":"MaxPool2d","kernel":2,"stride":1,"padding":0},"""
        + """{"type":"GELU"},{"type":"AvgPool2d","kernel":2,"stride":2,"padding":1},{"type":"LeakyReLU","slope":0.2},{"type":"Flatten"},"""
        + """{"type":"Linear","outputs":7,"bias":true,"explicit":false},{"type":"Tanh"},{"type":"Dropout","probability":0.25},"""
        + """{"type":"Linear","outputs":5,"bias":false,"explicit":true},{"type":"Sigmoid"}]}""";

    [Fact]
    public void What_is_written_is_what_was_read() =>
        Assert.Equal(EveryKind, ModelWriter.ToJson(ModelFile.Parse<double>(Encoding.UTF8.GetBytes(EveryKind))));

    [Fact]
    public void A_network_s_description_builds_the_same_network()
    {
        Model<float> model = Models.ConvNet<float>(Shape.Image(3, 16, 16), 10);
        using var network = new Network<float>(model.Input, model.Layers, 2, seed: 5);
        Model<float> again = ModelFile.Parse<float>(Encoding.UTF8.GetBytes(ModelWriter.ToJson(network)));
        using var copy = new Network<float>(again.Input, again.Layers, 2, seed: 5);
        Assert.Equal(network.Layers.Select(l => l.ToString()), copy.Layers.Select(l => l.ToString()));
        Assert.True(network.Parameters.SequenceEqual(copy.Parameters));
    }

    [Fact]
    public void A_vector_at_the_input_has_one_size() =>
        Assert.StartsWith("""{"input":[64],""", ModelWriter.ToJson(Models.Mlp<float>(64, [], 10)), StringComparison.Ordinal);
}
