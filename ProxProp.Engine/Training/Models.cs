using System.Numerics;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Training;

/// <summary>The networks of the paper's evaluation, for any input and number of classes.</summary>
public static class Models
{
    /// <summary>Fully connected layers with ReLU between them.</summary>
    /// <param name="features">Elements of one sample.</param>
    /// <param name="hidden">Widths of the hidden layers; empty for a linear classifier.</param>
    /// <param name="classes">Number of outputs.</param>
    public static Model<T> Mlp<T>(int features, ReadOnlySpan<int> hidden, int classes)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var layers = new List<Layer<T>>();
        foreach (int width in hidden)
        {
            layers.Add(new Linear<T>(width));
            layers.Add(new Relu<T>());
        }

        layers.Add(new Linear<T>(classes));
        return new Model<T>(Shape.Vector(features), layers);
    }

    /// <summary>
    /// The convolutional network of the paper's section 5.3, as in its published code: convolutions with 16, 20 and 20 filters, all 5x5
    /// with padding 2, each followed by ReLU, max-pooling 2x2 after the first two, then one fully connected layer.
    /// </summary>
    /// <param name="input">Shape of one image.</param>
    /// <param name="classes">Number of outputs.</param>
    public static Model<T> ConvNet<T>(Shape input, int classes)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => new(
        input,
        [
            new Conv2d<T>(16, kernel: 5, padding: 2),
            new Relu<T>(),
            new MaxPool2d<T>(2),
            new Conv2d<T>(20, kernel: 5, padding: 2),
            new Relu<T>(),
            new MaxPool2d<T>(2),
            new Conv2d<T>(20, kernel: 5, padding: 2),
            new Relu<T>(),
            new Flatten<T>(),
            new Linear<T>(classes),
        ]);
}
