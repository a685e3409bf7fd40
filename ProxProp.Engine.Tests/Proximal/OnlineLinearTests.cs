using System.Numerics;
using FsCheck.Xunit;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Simd;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Proximal;

/// <summary>Learning sample by sample ends where one proximal step on all samples ends.</summary>
public sealed class OnlineLinearTests
{
    [Property(MaxTest = 200)]
    public void It_is_the_batch_step_double(int seed) => Check<double>(new Random(seed));

    [Property(MaxTest = 200)]
    public void It_is_the_batch_step_float(int seed) => Check<float>(new Random(seed));

    /// <summary>The less is known at first, the more the first samples weigh; the error must not grow with τ_θ, as two triangular solves' would.</summary>
    [Theory]
    [InlineData(1e6)]
    [InlineData(1e9)]
    public void A_large_step_size_learns_as_well_in_float_as_in_double(double tauTheta)
    {
        const int Inputs = 30, Samples = 200;
        var random = new Random(3);
        using var single = new OnlineLinear<float>(Inputs, 1, tauTheta);
        using var twice = new OnlineLinear<double>(Inputs, 1, tauTheta);
        for (int i = 0; i < Samples; i++)
        {
            float[] sample = Numbers<float>(random, Inputs, 1), target = [sample[0] - (2 * sample[1]) + ((float)random.NextDouble() / 10)];
            single.Learn(sample, target);
            twice.Learn([.. sample.Select(x => (double)x)], [target[0]]);
        }

        double distance = 0, size = 0;
        for (int i = 0; i < single.Parameters.Length; i++)
        {
            distance = Math.Max(distance, Math.Abs(single.Parameters[i] - twice.Parameters[i]));
            size = Math.Max(size, Math.Abs(twice.Parameters[i]));
        }

        // The condition of what all samples tell is below 10; ε each.
        Assert.True(distance < 10 * Samples * MachineEpsilon.Of<float>() * size, $"{distance} of {size}");
    }

    [Fact]
    public void It_allocates_nothing()
    {
        using var online = new OnlineLinear<float>(40, 3, 0.5);
        float[] sample = [.. Enumerable.Range(0, 40).Select(i => MathF.Sin(i))], target = [1, 0, 0], outputs = new float[3];
        SameBits.AllocatesNothing(() =>
        {
            online.Learn(sample, target);
            online.Predict(sample, outputs);
        });
        Assert.InRange(online.Samples, 11, 201);
    }

    [Fact]
    public void Width_and_threads_change_no_bit()
    {
        var results = new List<float[]>();
        foreach (SimdWidth width in Enum.GetValues<SimdWidth>())
        {
            using var compute = new ComputeContext(results.Count % 2 == 0 ? 1 : 3, width);
            using var online = new OnlineLinear<float>(37, 4, 10, bias: true, compute);
            var random = new Random(7);
            for (int i = 0; i < 60; i++)
                online.Learn(Numbers<float>(random, 37, 1), Numbers<float>(random, 4, 1));
            results.Add(online.Parameters.ToArray());
        }

        Assert.All(results, r => Assert.Equal(results[0], r));
    }

    // Both the residual of the normal equations and the production solver on the whole batch.
    private static void Check<T>(Random random)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int inputs = random.Next(1, 24), outputs = random.Next(1, 5), samples = random.Next(1, 80);
        bool bias = random.Next(3) != 0;
        double tauTheta = Math.Pow(10, (random.NextDouble() * 4) - 2), scale = Math.Pow(10, random.Next(-1, 2));
        var layout = new BlockLayout(outputs, inputs, bias);
        int n = layout.Columns;
        using var online = new OnlineLinear<T>(inputs, outputs, tauTheta, bias);
        T[] start = Numbers<T>(random, layout.Count, 1), rows = new T[samples * n], targets = Numbers<T>(random, samples * outputs, scale);
        start.CopyTo(online.Parameters);
        for (int i = 0; i < samples; i++)
        {
            T[] sample = Numbers<T>(random, inputs, scale);
            online.Learn(sample, targets.AsSpan(i * outputs, outputs));
            sample.CopyTo(rows, i * n);
            if (bias)
                rows[(i * n) + inputs] = T.One;
        }

        // M = I/τ + AᵀA and g = Aᵀ(Aθ₀ − Y), in double; the step must solve M·step = g.
        double shift = double.CreateChecked(T.CreateSaturating(1 / tauTheta));
        var m = new double[n, n];
        double norm = 0;
        for (int i = 0; i < n; i++)
        {
            double sum = 0;
            for (int j = 0; j < n; j++)
            {
                for (int r = 0; r < samples; r++)
                    m[i, j] += double.CreateChecked(rows[(r * n) + i]) * double.CreateChecked(rows[(r * n) + j]);
                m[i, j] += i == j ? shift : 0;
                sum += Math.Abs(m[i, j]);
            }

            norm = Math.Max(norm, sum);
        }

        for (int o = 0; o < outputs; o++)
        {
            double[] before = Row(layout, start, o), after = Row(layout, online.Parameters, o);
            double size = 0, residual = 0, right = 0;
            for (int i = 0; i < n; i++)
            {
                double sum = shift * (after[i] - before[i]), y = 0;
                for (int r = 0; r < samples; r++)
                {
                    double a = double.CreateChecked(rows[(r * n) + i]), error = -double.CreateChecked(targets[(r * outputs) + o]);
                    for (int j = 0; j < n; j++)
                        error += double.CreateChecked(rows[(r * n) + j]) * after[j];
                    sum += a * error;
                    y += Math.Abs(a * double.CreateChecked(targets[(r * outputs) + o]));
                }

                residual = Math.Max(residual, Math.Abs(sum));
                right = Math.Max(right, y);
                size = Math.Max(size, Math.Max(Math.Abs(after[i]), Math.Abs(before[i])));
            }

            // Every sample leaves a rounding error of its own.
            double ratio = residual / ((n + samples) * ((norm * size) + right) * Tolerances.Epsilon<T>());
            Assert.True(ratio < Tolerances.ResidualRatio, $"residual ratio {ratio} with {samples} samples of {inputs}, tauTheta {tauTheta}");
        }

        CheckAgainstBatch(online.Parameters, start, rows, targets, layout, shift, samples);
    }

    private static void CheckAgainstBatch<T>(
        ReadOnlySpan<T> learnt, T[] start, T[] rows, T[] targets, BlockLayout layout, double shift, int samples)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(float))
            return;
        using var compute = new ComputeContext(1);
        using var arena = new Arena();
        var solver = new PrimalCholesky<T>(arena, layout);
        arena.Commit();
        int n = layout.Columns;
        var a = new ReadOnlyMatrix<T>(rows, samples, n);
        Gemm.Assign(compute, a.Transposed, a, solver.Gram);
        T[] g = new T[layout.Count];
        for (int o = 0; o < layout.Units; o++)
        {
            double[] theta = Row(layout, start, o);
            for (int r = 0; r < samples; r++)
            {
                double error = -double.CreateChecked(targets[(r * layout.Units) + o]);
                for (int j = 0; j < n; j++)
                    error += double.CreateChecked(rows[(r * n) + j]) * theta[j];
                for (int j = 0; j < n; j++)
                {
                    int at = j == layout.WeightsPerUnit ? layout.WeightCount + o : (o * layout.WeightsPerUnit) + j;
                    g[at] += T.CreateChecked(double.CreateChecked(rows[(r * n) + j]) * error);
                }
            }
        }

        Assert.True(solver.Factor(compute, T.CreateChecked(shift)));
        solver.Solve(compute, g, g);
        double distance = 0, size = 0;
        for (int i = 0; i < g.Length; i++)
        {
            distance = Math.Max(distance, Math.Abs(double.CreateChecked(start[i] - g[i] - learnt[i])));
            size = Math.Max(size, Math.Abs(double.CreateChecked(start[i] - g[i])));
        }

        Assert.True(distance <= Tolerances.SameIterates * Math.Max(1, size), $"{distance} from the batch step");
    }

    private static double[] Row<T>(BlockLayout layout, ReadOnlySpan<T> theta, int o)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var row = new double[layout.Columns];
        for (int i = 0; i < layout.WeightsPerUnit; i++)
            row[i] = double.CreateChecked(theta[(o * layout.WeightsPerUnit) + i]);
        if (layout.HasBias)
            row[^1] = double.CreateChecked(theta[layout.WeightCount + o]);
        return row;
    }

    private static T[] Numbers<T>(Random random, int count, double scale)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        [.. Enumerable.Range(0, count).Select(_ => T.CreateChecked(scale * ((2 * random.NextDouble()) - 1)))];
}
