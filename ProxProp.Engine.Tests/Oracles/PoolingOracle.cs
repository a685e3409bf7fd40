using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Tests.Oracles;

/// <summary>Pooling by its definition, in double, on an explicitly padded image.</summary>
public static class PoolingOracle
{
    /// <summary>The maximum of each window over the image padded with −∞, and its index in the plane: the first maximum, the last NaN.</summary>
    public static (double[] Y, int[] ArgMax) Max(in PoolingShape s, int batch, double[] x)
    {
        double[] y = new double[batch * s.Channels * s.OutputPlane];
        int[] argmax = new int[y.Length];
        for (int o = 0; o < y.Length; o++)
        {
            y[o] = double.NegativeInfinity;
            argmax[o] = -1;
            foreach (int i in Window(s, o))
            {
                double value = x[(o / s.OutputPlane * s.InputPlane) + i];
                if (argmax[o] < 0 || value > y[o] || double.IsNaN(value))
                    (y[o], argmax[o]) = (value, i);
            }
        }

        return (y, argmax);
    }

    /// <summary>The sum of each window divided by its full area.</summary>
    public static double[] Average(in PoolingShape s, int batch, double[] x)
    {
        double[] y = new double[batch * s.Channels * s.OutputPlane];
        for (int o = 0; o < y.Length; o++)
        {
            foreach (int i in Window(s, o))
                y[o] += x[(o / s.OutputPlane * s.InputPlane) + i] / (s.KernelHeight * s.KernelWidth);
        }

        return y;
    }

    /// <summary>Indices in the plane of the window of output o that lie inside the image, in scan order.</summary>
    public static IEnumerable<int> Window(PoolingShape s, int o)
    {
        int oy = o % s.OutputPlane / s.OutputWidth, ox = o % s.OutputWidth;
        for (int ky = 0; ky < s.KernelHeight; ky++)
        {
            for (int kx = 0; kx < s.KernelWidth; kx++)
            {
                int iy = (oy * s.StrideY) + ky - s.PaddingY, ix = (ox * s.StrideX) + kx - s.PaddingX;
                if (iy >= 0 && iy < s.Height && ix >= 0 && ix < s.Width)
                    yield return (iy * s.Width) + ix;
            }
        }
    }
}
