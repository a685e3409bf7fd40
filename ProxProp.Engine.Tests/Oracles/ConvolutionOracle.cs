using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Tests.Oracles;

/// <summary>Convolution by its definition, in double, through an im2col matrix written out in full.</summary>
public static class ConvolutionOracle
{
    /// <summary>The im2col matrix: rows (image, output pixel), columns (channel, ky, kx) and, if asked for, a last column of ones.</summary>
    public static double[,] Im2Col(in ConvolutionShape s, int batch, double[] input, bool withBias)
    {
        var a = new double[batch * s.OutputPixels, s.WeightsPerFilter + (withBias ? 1 : 0)];
        for (int n = 0; n < batch; n++)
        {
            for (int oy = 0; oy < s.OutputHeight; oy++)
            {
                for (int ox = 0; ox < s.OutputWidth; ox++)
                {
                    int row = (((n * s.OutputHeight) + oy) * s.OutputWidth) + ox;
                    int column = 0;
                    for (int c = 0; c < s.Channels; c++)
                    {
                        for (int ky = 0; ky < s.KernelHeight; ky++)
                        {
                            for (int kx = 0; kx < s.KernelWidth; kx++)
                            {
                                int y = (oy * s.StrideY) - s.PaddingY + (ky * s.DilationY);
                                int x = (ox * s.StrideX) - s.PaddingX + (kx * s.DilationX);
                                if (y >= 0 && y < s.Height && x >= 0 && x < s.Width)
                                    a[row, column] = input[(((((n * s.Channels) + c) * s.Height) + y) * s.Width) + x];
                                column++;
                            }
                        }
                    }

                    if (withBias)
                        a[row, column] = 1;
                }
            }
        }

        return a;
    }

    /// <summary>output = A·wᵀ + bias, per filter.</summary>
    public static double[] Forward(in ConvolutionShape s, int batch, double[,] a, double[] weight, double[] bias)
    {
        var output = new double[batch * s.OutputLength];
        for (int row = 0; row < batch * s.OutputPixels; row++)
        {
            for (int f = 0; f < s.Filters; f++)
            {
                double sum = bias.Length == 0 ? 0 : bias[f];
                for (int k = 0; k < s.WeightsPerFilter; k++)
                    sum += a[row, k] * weight[(f * s.WeightsPerFilter) + k];
                output[OutputIndex(s, row, f)] = sum;
            }
        }

        return output;
    }

    /// <summary>dWeight = dOutputᵀ·A, with the bias in the column of ones if A has it: filters × columns of A.</summary>
    public static double[] ParameterGradient(in ConvolutionShape s, int batch, double[,] a, double[] dOutput)
    {
        int columns = a.GetLength(1);
        var gradient = new double[s.Filters * columns];
        for (int row = 0; row < batch * s.OutputPixels; row++)
        {
            for (int f = 0; f < s.Filters; f++)
            {
                double d = dOutput[OutputIndex(s, row, f)];
                for (int k = 0; k < columns; k++)
                    gradient[(f * columns) + k] += d * a[row, k];
            }
        }

        return gradient;
    }

    /// <summary>dOutput·w, scattered back through im2col.</summary>
    public static double[] InputGradient(in ConvolutionShape s, int batch, double[] weight, double[] dOutput)
    {
        var dInput = new double[batch * s.InputLength];
        for (int row = 0; row < batch * s.OutputPixels; row++)
        {
            int n = row / s.OutputPixels;
            int oy = row % s.OutputPixels / s.OutputWidth;
            int ox = row % s.OutputWidth;
            for (int k = 0; k < s.WeightsPerFilter; k++)
            {
                int y = (oy * s.StrideY) - s.PaddingY + (k % s.Taps / s.KernelWidth * s.DilationY);
                int x = (ox * s.StrideX) - s.PaddingX + (k % s.KernelWidth * s.DilationX);
                if (y < 0 || y >= s.Height || x < 0 || x >= s.Width)
                    continue;
                double sum = 0;
                for (int f = 0; f < s.Filters; f++)
                    sum += weight[(f * s.WeightsPerFilter) + k] * dOutput[OutputIndex(s, row, f)];
                dInput[(((((n * s.Channels) + (k / s.Taps)) * s.Height) + y) * s.Width) + x] += sum;
            }
        }

        return dInput;
    }

    /// <summary>AᵀA.</summary>
    public static double[] Gram(double[,] a)
    {
        int columns = a.GetLength(1);
        var gram = new double[columns * columns];
        for (int row = 0; row < a.GetLength(0); row++)
        {
            for (int i = 0; i < columns; i++)
            {
                double left = a[row, i];
                if (left == 0)
                    continue;
                for (int j = 0; j < columns; j++)
                    gram[(i * columns) + j] += left * a[row, j];
            }
        }

        return gram;
    }

    private static int OutputIndex(in ConvolutionShape s, int row, int f) =>
        (((row / s.OutputPixels * s.Filters) + f) * s.OutputPixels) + (row % s.OutputPixels);
}
