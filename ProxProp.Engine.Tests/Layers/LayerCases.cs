using System.Numerics;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Tests.Layers;

/// <summary>Every layer of the engine, in shapes small enough for central differences.</summary>
internal static class LayerCases
{
    public static readonly string[] Proximal =
    [
        "linear", "linear without bias", "linear of an image", "conv", "conv strided", "conv dilated", "conv oblong", "conv without bias", "locally connected",
    ];

    public static readonly string[] All =
    [
        .. Proximal, "relu", "leaky relu", "tanh", "sigmoid", "gelu", "max pool", "max pool overlapping", "average pool", "average pool padded",
        "flatten", "dropout", "batch norm", "batch norm of images",
    ];

    public static (Layer<T> Layer, Shape Input) Make<T>(string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => name switch
        {
            "linear" => (new Linear<T>(5), Shape.Vector(7)),
            "linear without bias" => (new Linear<T>(3, bias: false), Shape.Vector(6)),
            "linear of an image" => (new Linear<T>(4), Shape.Image(2, 3, 2)),
            "conv" => (new Conv2d<T>(3, 3, padding: 1), Shape.Image(2, 5, 4)),
            "conv strided" => (new Conv2d<T>(2, 3, stride: 2, padding: 2), Shape.Image(3, 6, 5)),
            "conv dilated" => (new Conv2d<T>(2, 2, padding: 1, dilation: 2), Shape.Image(2, 5, 6)),
            "conv oblong" => (new Conv2d<T>(3, (2, 3), (1, 2), (0, 1), (2, 1)), Shape.Image(2, 6, 5)),
            "conv without bias" => (new Conv2d<T>(4, 1, bias: false), Shape.Image(3, 3, 3)),
            "locally connected" => (new LocallyConnected<T>(3), Shape.Vector(8)),
            "relu" => (new Relu<T>(), Shape.Vector(9)),
            "leaky relu" => (new LeakyRelu<T>(0.2), Shape.Vector(9)),
            "tanh" => (new Tanh<T>(), Shape.Vector(9)),
            "sigmoid" => (new Sigmoid<T>(), Shape.Vector(9)),
            "gelu" => (new Gelu<T>(), Shape.Vector(9)),
            "max pool" => (new MaxPool2d<T>(2), Shape.Image(2, 5, 6)),
            "max pool overlapping" => (new MaxPool2d<T>(3, 2, 1), Shape.Image(2, 6, 5)),
            "average pool" => (new AvgPool2d<T>(2), Shape.Image(2, 5, 6)),
            "average pool padded" => (new AvgPool2d<T>(3, 2, 1), Shape.Image(2, 6, 5)),
            "flatten" => (new Flatten<T>(), Shape.Image(2, 3, 4)),
            "dropout" => (new Dropout<T>(0.4), Shape.Vector(12)),
            "batch norm" => (new BatchNorm<T>(), Shape.Vector(6)),
            "batch norm of images" => (new BatchNorm<T>(), Shape.Image(3, 4, 3)),
            _ => throw new ArgumentException(name, nameof(name)),
        };
}
