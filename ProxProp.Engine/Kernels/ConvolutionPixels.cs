using System.Numerics;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

// A padded image with its channels innermost: [row][column][channel]. The taps of one kernel row are then contiguous,
// (kx, channel) from the pixel's place on, so an outer product of a pixel with its taps reads plain vectors.

/// <summary>Geometry of padded images with the channels innermost.</summary>
internal readonly unsafe struct ConvolutionPixels<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Reading past the last tap of the last pixel, up to one widest vector, stays inside.
    private const int Slack = 16;
    private readonly int _channels, _height, _width, _paddingY, _paddingX;

    public ConvolutionPixels(int channels, int height, int width, int paddingY, int paddingX)
    {
        (_channels, _height, _width, _paddingY, _paddingX) = (channels, height, width, paddingY, paddingX);
        RowStep = (width + (2 * paddingX)) * channels;
        ImageStep = (((height + (2 * paddingY)) * RowStep) + Slack + 15) / 16 * 16;
    }

    /// <summary>From one padded row to the next.</summary>
    public int RowStep { get; }

    /// <summary>From one image to the next.</summary>
    public int ImageStep { get; }

    /// <summary>Copies one image inside its border, which is left as it is.</summary>
    public void Pack(T* source, T* image)
    {
        for (int y = 0; y < _height; y++)
        {
            T* row = image + ((y + _paddingY) * (long)RowStep) + (_paddingX * _channels);
            for (int c = 0; c < _channels; c++)
            {
                T* from = source + ((((long)c * _height) + y) * _width);
                T* to = row + c;
                for (int x = 0; x < _width; x++)
                    to[x * _channels] = from[x];
            }
        }
    }
}
