using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ProxProp.Engine.Kernels;

// A padded image with its channels innermost: [row][column mod dilation][column / dilation][channel]. From a pixel's place on, the taps of
// one kernel row are contiguous, (kx, channel), so an outer product of a pixel with its taps reads plain vectors.
// Remainder rule: squares of 128-bit registers are transposed; channels and columns left over are moved one by one.

/// <summary>Geometry of padded images with the channels innermost.</summary>
internal readonly unsafe struct ConvolutionPixels<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Vectors that begin at a tap and reach past the end of the image stay inside.
    private const int Slack = 64;
    private readonly int _channels, _height, _width, _paddingY, _paddingX, _dilationX, _phaseStep;

    public ConvolutionPixels(int channels, int height, int width, int paddingY, int paddingX, int dilationX)
    {
        // Only a kernel of one column fits into less: it has no taps that could be apart, and every pixel would get a phase of its own.
        if (dilationX >= width + (2 * paddingX))
            dilationX = 1;
        (_channels, _height, _width, _paddingY, _paddingX, _dilationX) = (channels, height, width, paddingY, paddingX, dilationX);
        _phaseStep = (width + (2 * paddingX) + dilationX - 1) / dilationX * channels;
        RowStep = dilationX * _phaseStep;
        ImageStep = (((height + (2 * paddingY)) * RowStep) + Slack + 15) / 16 * 16;
    }

    /// <summary>From one padded row to the next.</summary>
    public int RowStep { get; }

    /// <summary>From one image to the next.</summary>
    public int ImageStep { get; }

    /// <summary>Where the channels of a pixel are, its row and column counted from the border's corner.</summary>
    public int Place(int y, int x) => (y * RowStep) + (x % _dilationX * _phaseStep) + (x / _dilationX * _channels);

    /// <summary>Copies one image inside its border, which is left as it is.</summary>
    public void Pack(T* source, T* image)
    {
        int pixels = _height * _width;
        for (int y = 0; y < _height; y++)
        {
            T* from = source + ((long)y * _width);
            if (_dilationX == 1)
            {
                PackRow(from, pixels, image + Place(y + _paddingY, _paddingX));
                continue;
            }

            for (int x = 0; x < _width; x++)
                PackPixel(from + x, pixels, image + Place(y + _paddingY, x + _paddingX), 0);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackRow(T* from, int planeStep, T* to)
    {
        int block = Vector128<T>.Count;
        int wholeChannels = _channels / block * block;
        int wholeColumns = _width / block * block;
        for (int c = 0; c < wholeChannels; c += block)
        {
            for (int x = 0; x < wholeColumns; x += block)
                PanelPacking.TransposeBlock(from + ((nint)c * planeStep) + x, planeStep, to + ((nint)x * _channels) + c, _channels);
        }

        int x0 = 0;
        if (_channels > 1 && _channels < block)
        {
            // The lane too many of a pixel's vector lands on the next pixel of the row, which is written after it.
            T* row1 = from + planeStep;
            T* row2 = from + ((nint)Math.Min(2, _channels - 1) * planeStep);
            for (; x0 < _width - block; x0 += block)
                PanelPacking.TransposeRows(from + x0, row1 + x0, row2 + x0, row2 + x0, to + ((nint)x0 * _channels), _channels);
            wholeColumns = 0;
        }

        for (int x = x0; x < _width; x++)
            PackPixel(from + x, planeStep, to + ((nint)x * _channels), x < wholeColumns ? wholeChannels : 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PackPixel(T* from, int planeStep, T* to, int firstChannel)
    {
        for (int c = firstChannel; c < _channels; c++)
            to[c] = from[(nint)c * planeStep];
    }
}
