namespace ProxProp.Engine.Layers;

/// <summary>The shape of one sample: a vector of features, or an image of channels × height × width, stored row-major.</summary>
public readonly record struct Shape
{
    private Shape(int channels, int height, int width, bool isImage)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(channels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if ((Int128)channels * height * width > int.MaxValue)
            throw new ArgumentException($"A sample of {channels}x{height}x{width} elements is larger than {int.MaxValue}.", nameof(channels));
        Channels = channels;
        Height = height;
        Width = width;
        IsImage = isImage;
    }

    /// <summary>Channels of an image, features of a vector.</summary>
    public int Channels { get; }

    /// <summary>Height of an image, 1 for a vector.</summary>
    public int Height { get; }

    /// <summary>Width of an image, 1 for a vector.</summary>
    public int Width { get; }

    /// <summary>Whether the sample is an image.</summary>
    public bool IsImage { get; }

    /// <summary>Number of elements of one sample.</summary>
    public int Size => Channels * Height * Width;

    /// <summary>Elements per channel.</summary>
    public int Pixels => Height * Width;

    /// <summary>A vector of <paramref name="features"/> elements.</summary>
    public static Shape Vector(int features) => new(features, 1, 1, false);

    /// <summary>An image.</summary>
    public static Shape Image(int channels, int height, int width) => new(channels, height, width, true);

    /// <inheritdoc/>
    public override string ToString() => IsImage ? $"{Channels}x{Height}x{Width}" : $"{Channels}";
}
