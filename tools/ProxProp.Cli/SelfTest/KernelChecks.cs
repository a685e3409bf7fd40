using System.Numerics;
using ProxProp.Cli.Output;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Randomness;

namespace ProxProp.Cli.SelfTest;

/// <summary>
/// Kernels against loops that anyone can read. Operands are small whole numbers wherever the arithmetic stays exact with them, so that
/// not a bit may differ; the transcendental functions are compared with the platform's, in units of the last place.
/// </summary>
internal sealed class KernelChecks<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double MostUlps = 8;

    private readonly ComputeContext _compute;
    private readonly SelfTestReport _report;
    private readonly Generator _generator = new(1);

    public KernelChecks(ComputeContext compute, SelfTestReport report) => (_compute, _report) = (compute, report);

    public void Run()
    {
        foreach ((int m, int n, int k) in ((int, int, int)[])[(1, 1, 1), (7, 5, 3), (64, 64, 64), (61, 130, 67), (150, 33, 600)])
        {
            Product(m, n, k, false, false);
            Product(m, n, k, true, true);
        }

        Gram(45, 70);
        Gram(130, 20);
        Factor(5);
        Factor(77);
        Factor(150);
        Convolve(new ConvolutionShape(3, 9, 7, 4, 3, 3, 1, 1, 1, 1, 1, 1), batch: 3);
        Convolve(new ConvolutionShape(2, 17, 21, 9, 5, 3, 2, 2, 2, 1, 1, 1), batch: 2);
        Sums(1);
        Sums(1003);
        Sums(70_001);
        Function("tanh", Math.Tanh, x => Elementwise.Map<T, TanhMap<T>>(_compute, default, x, x));
        Function("sigmoid", x => 1 / (1 + Math.Exp(-x)), x => Elementwise.Map<T, SigmoidMap<T>>(_compute, default, x, x));
        Softmax(37, 10);
    }

    private void Product(int m, int n, int k, bool transposeA, bool transposeB)
    {
        T[] a = Whole(m * k), b = Whole(k * n), c = new T[m * n];
        Array.Fill(c, T.NaN);
        ReadOnlyMatrix<T> left = transposeA ? new ReadOnlyMatrix<T>(a, k, m).Transposed : new ReadOnlyMatrix<T>(a, m, k);
        ReadOnlyMatrix<T> right = transposeB ? new ReadOnlyMatrix<T>(b, n, k).Transposed : new ReadOnlyMatrix<T>(b, k, n);
        Gemm.Assign(_compute, left, right, new Matrix<T>(c, m, n));
        var expected = new T[m * n];
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
                expected[(i * n) + j] = Dot(left, i, right.Transposed, j);
        }

        Exact($"product {m}x{k} by {k}x{n}{(transposeA ? ", transposed views" : string.Empty)}", c, expected);
    }

    private void Gram(int rows, int columns)
    {
        T[] a = Whole(rows * columns), c = new T[rows * rows], expected = new T[rows * rows];
        var matrix = new ReadOnlyMatrix<T>(a, rows, columns);
        Syrk.Assign(_compute, matrix, new Matrix<T>(c, rows, rows));
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < rows; j++)
                expected[(i * rows) + j] = Dot(matrix, i, matrix, j);
        }

        Exact($"Gram matrix {rows}x{columns}", c, expected);
    }

    // A = L·Lᵀ with a whole L of small diagonal powers of two has L itself as its factor, and A·X = B the whole X, all without rounding.
    private void Factor(int n)
    {
        T[] l = new T[n * n], x = Whole(n * 3), a = new T[n * n], b = new T[n * 3];
        for (int i = 0; i < n; i++)
        {
            for (int j = Math.Max(0, i - 3); j < i; j++)
                l[(i * n) + j] = T.CreateTruncating(_generator.NextInt(3) - 1);
            l[(i * n) + i] = T.CreateTruncating(1 << _generator.NextInt(2));
        }

        var factor = new ReadOnlyMatrix<T>(l, n, n);
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
                a[(i * n) + j] = Dot(factor, i, factor, j);
        }

        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < 3; j++)
                b[(i * 3) + j] = Dot(new ReadOnlyMatrix<T>(a, n, n), i, new ReadOnlyMatrix<T>(x, n, 3).Transposed, j);
        }

        var matrix = new Matrix<T>(a, n, n);
        int failed = Cholesky.Factor(_compute, matrix);
        bool exact = failed == 0;
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
                exact &= a[(i * n) + j] == l[(i * n) + j];
        }

        _report.Add(Named($"Cholesky factor {n}x{n}"), exact, "to the bit");
        Cholesky.SolveLeft(_compute, matrix, new Matrix<T>(b, n, 3));
        Exact($"solution by the factor {n}x{n}", b, x);
    }

    private void Convolve(ConvolutionShape s, int batch)
    {
        int taps = s.WeightsPerFilter, pixels = s.OutputPixels, rows = batch * pixels;
        T[] x = Whole(batch * s.InputLength), w = Whole(s.WeightLength), bias = Whole(s.Filters), dz = Whole(batch * s.OutputLength);
        T[] scratch = new T[Convolution.ScratchLength(s, batch, _compute)];
        T[] z = new T[batch * s.OutputLength], dx = new T[x.Length], dw = new T[w.Length], db = new T[bias.Length];
        T[] expectedZ = new T[z.Length], expectedDx = new T[dx.Length], expectedDw = new T[dw.Length], expectedDb = new T[db.Length];
        T[] columns = new T[rows * taps];
        Convolution.Forward(_compute, s, batch, x, w, bias, z, false, scratch);
        Convolution.InputGradient(_compute, s, batch, w, dz, dx, scratch);
        Convolution.ParameterGradient<T>(_compute, s, batch, x, dz, dw, db, scratch);
        for (int image = 0; image < batch; image++)
        {
            for (int pixel = 0; pixel < pixels; pixel++)
            {
                for (int f = 0; f < s.Filters; f++)
                {
                    int at = (image * s.OutputLength) + (f * pixels) + pixel;
                    expectedZ[at] = bias[f];
                    expectedDb[f] += dz[at];
                    for (int tap = 0; tap < taps; tap++)
                    {
                        int from = InputIndex(s, image, pixel, tap);
                        if (from < 0)
                            continue;
                        columns[(((image * pixels) + pixel) * taps) + tap] = x[from];
                        expectedZ[at] += w[(f * taps) + tap] * x[from];
                        expectedDx[from] += w[(f * taps) + tap] * dz[at];
                        expectedDw[(f * taps) + tap] += dz[at] * x[from];
                    }
                }
            }
        }

        string shape = $"{s.Channels}x{s.Height}x{s.Width}, {s.Filters} filters {s.KernelHeight}x{s.KernelWidth}";
        Exact($"convolution {shape}", z, expectedZ);
        Exact("    its derivative in the input", dx, expectedDx);
        Exact("    its derivative in the weights", dw, expectedDw);
        Exact("    its derivative in the bias", db, expectedDb);
        T[] gram = new T[taps * taps], expectedGram = new T[taps * taps];
        Convolution.Gram(_compute, s, batch, x, false, new Matrix<T>(gram, taps, taps), scratch);
        var rowsOfTaps = new ReadOnlyMatrix<T>(columns, rows, taps).Transposed;
        for (int i = 0; i < taps; i++)
        {
            for (int j = 0; j < taps; j++)
                expectedGram[(i * taps) + j] = Dot(rowsOfTaps, i, rowsOfTaps, j);
        }

        Exact("    its Gram matrix", gram, expectedGram);
    }

    private static int InputIndex(in ConvolutionShape s, int image, int pixel, int tap)
    {
        int channel = tap / s.Taps, ky = tap % s.Taps / s.KernelWidth, kx = tap % s.KernelWidth;
        int y = (pixel / s.OutputWidth * s.StrideY) + (ky * s.DilationY) - s.PaddingY;
        int x = (pixel % s.OutputWidth * s.StrideX) + (kx * s.DilationX) - s.PaddingX;
        return y < 0 || y >= s.Height || x < 0 || x >= s.Width ? -1 : (image * s.InputLength) + (((channel * s.Height) + y) * s.Width) + x;
    }

    private void Sums(int length)
    {
        T[] x = Whole(length), y = Whole(length);
        long sum = 0, dot = 0;
        for (int i = 0; i < length; i++)
        {
            sum += long.CreateTruncating(x[i]);
            dot += long.CreateTruncating(x[i] * y[i]);
        }

        bool exact = Reductions.Sum<T>(_compute, x) == sum && Reductions.Dot<T>(_compute, x, y) == dot;
        _report.Add(Named($"sum and inner product of {length}"), exact, "to the bit");
    }

    private void Function(string name, Func<double, double> reference, Action<T[]> map)
    {
        const int Count = 4001;
        var x = new T[Count];
        for (int i = 0; i < Count; i++)
            x[i] = T.CreateTruncating((i - (Count / 2)) / 200.0);
        T[] found = [.. x];
        map(found);
        double worst = 0;
        for (int i = 0; i < Count; i++)
            worst = Math.Max(worst, Ulps(found[i], reference(double.CreateTruncating(x[i]))));
        _report.Add(Named(name), worst <= MostUlps, $"{worst:F2} units in the last place");
    }

    private void Softmax(int rows, int classes)
    {
        T[] logits = Whole(rows * classes), found = new T[rows * classes];
        SoftmaxCrossEntropy.Softmax(_compute, new ReadOnlyMatrix<T>(logits, rows, classes), new Matrix<T>(found, rows, classes));
        double worst = 0;
        for (int row = 0; row < rows; row++)
        {
            double sum = 0;
            for (int i = row * classes; i < (row + 1) * classes; i++)
                sum += Math.Exp(double.CreateTruncating(logits[i]));
            for (int i = row * classes; i < (row + 1) * classes; i++)
                worst = Math.Max(worst, Ulps(found[i], Math.Exp(double.CreateTruncating(logits[i])) / sum));
        }

        _report.Add(Named("softmax"), worst <= 2 * MostUlps, $"{worst:F2} units in the last place");
    }

    private T[] Whole(int count)
    {
        var values = new T[count];
        foreach (ref T value in values.AsSpan())
            value = T.CreateTruncating(_generator.NextInt(9) - 4);
        return values;
    }

    private void Exact(string name, T[] found, T[] expected) => _report.Add(Named(name), found.AsSpan().SequenceEqual(expected), "to the bit");

    private static string Named(string name) => $"{Texts.Precision<T>(),-6} {name}";

    private static T Dot(ReadOnlyMatrix<T> a, int row, ReadOnlyMatrix<T> b, int otherRow)
    {
        T sum = T.Zero;
        for (int k = 0; k < a.Columns; k++)
            sum += a[row, k] * b[otherRow, k];
        return sum;
    }

    private static double Ulps(T found, double expected)
    {
        if (expected == 0)
            return found == T.Zero ? 0 : double.PositiveInfinity;
        T near = T.CreateTruncating(Math.Abs(expected));
        double unit = double.CreateTruncating(T.BitIncrement(near) - near);
        return Math.Abs(double.CreateTruncating(found) - expected) / unit;
    }
}
