using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Solvers;
using ProxProp.Paper.Methods;

namespace ProxProp.Paper.Report;

/// <summary>What of the energy error is left after some iterations on one layer's problem.</summary>
/// <param name="Problem">The problem in words.</param>
/// <param name="TauTheta">τ_θ.</param>
/// <param name="Iterations">N.</param>
/// <param name="True">Left by N iterations of conjugate gradients.</param>
/// <param name="Published">Left by N iterations of the published recurrence.</param>
internal sealed record EnergyLeft(string Problem, double TauTheta, int Iterations, double True, double Published);

/// <summary>
/// Conjugate gradients and the published recurrence on single layers, in double: ⟨v − v*, M(v − v*)⟩/⟨v*, Mv*⟩ with M = I/τ_θ + AᵀA and the exact v*.
/// </summary>
internal static class RecurrenceStudy
{
    private const int RandomRows = 500, RandomColumns = 300, RandomUnits = 16;

    private static readonly int[] s_iterations = [1, 2, 3, 5, 10];
    private static readonly double[] s_tauThetas = [0.05, 1];

    /// <summary>On a layer with random inputs and on the first layer of a training, on its first rows.</summary>
    public static IReadOnlyList<EnergyLeft> Run(PaperData data, ComputeContext compute) =>
        [.. Random(compute), .. Pixels(data.Train, data.Batch, compute)];

    private static List<EnergyLeft> Random(ComputeContext compute)
    {
        var generator = new Generator(0);
        double[] a = [.. Enumerable.Range(0, RandomRows * RandomColumns).Select(_ => generator.NextNormal())];
        double[] delta = [.. Enumerable.Range(0, RandomRows * RandomUnits).Select(_ => generator.NextNormal())];
        return Measure($"{RandomRows} rows, {RandomColumns} columns, normal numbers (seed 0)", a, delta, RandomRows, RandomUnits, compute);
    }

    // The error of a softmax layer whose weights are zero: 1/classes for each class, less one for the right one, divided by the rows.
    private static List<EnergyLeft> Pixels(Dataset<float> train, int rows, ComputeContext compute)
    {
        int features = train.Features, classes = train.Classes;
        var samples = new float[rows * features];
        var labels = new int[rows];
        train.CopyRange(0, rows, samples, labels);
        var a = new double[rows * (features + 1)];
        var delta = new double[rows * classes];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < features; j++)
                a[(i * (features + 1)) + j] = samples[(i * features) + j];
            a[(i * (features + 1)) + features] = 1;
            for (int c = 0; c < classes; c++)
                delta[(i * classes) + c] = ((1.0 / classes) - (labels[i] == c ? 1 : 0)) / rows;
        }

        return Measure($"pixels to classes, the first {rows} training rows, {features + 1} columns", a, delta, rows, classes, compute);
    }

    private static List<EnergyLeft> Measure(string problem, double[] a, double[] delta, int rows, int units, ComputeContext compute)
    {
        int columns = a.Length / rows;
        var gram = new double[columns * columns];
        var g = new double[units * columns];
        var matrix = new ReadOnlyMatrix<double>(a, rows, columns);
        Syrk.Assign(compute, matrix.Transposed, new Matrix<double>(gram, columns, columns));
        Gemm.Assign(compute, new ReadOnlyMatrix<double>(delta, rows, units).Transposed, matrix, new Matrix<double>(g, units, columns));
        var rowsOfTable = new List<EnergyLeft>();
        foreach (double tauTheta in s_tauThetas)
        {
            var system = new LayerSystem(gram, g, units, 1 / tauTheta, compute);
            double[] exact = system.Exact();
            double all = system.Energy(exact);
            foreach (int n in s_iterations)
            {
                rowsOfTable.Add(new EnergyLeft(
                    problem, tauTheta, n, system.Energy(Less(system.ConjugateGradients(n), exact)) / all, system.Energy(Less(system.Published(n), exact)) / all));
            }
        }

        return rowsOfTable;
    }

    private static double[] Less(double[] v, double[] exact) => [.. v.Zip(exact, (x, y) => x - y)];

    /// <summary>(shift·I + G)V = B with units as rows.</summary>
    private sealed class LayerSystem(double[] gram, double[] g, int units, double shift, ComputeContext compute)
    {
        private readonly int _columns = g.Length / units;

        private BlockLayout Layout => new(units, _columns, false);

        public double[] Exact()
        {
            using var arena = new Arena();
            var solver = new PrimalCholesky<double>(arena, Layout);
            arena.Commit();
            gram.CopyTo(solver.Gram.Data);
            if (!solver.Factor(compute, shift))
                throw new InvalidOperationException("The layer's matrix has no Cholesky factor in double precision.");
            var v = new double[g.Length];
            solver.Solve(compute, g, v);
            return v;
        }

        public double[] ConjugateGradients(int iterations)
        {
            using var arena = new Arena();
            var solver = new ConjugateGradient<double>(arena, Layout, preconditioned: false);
            arena.Commit();
            var v = new double[g.Length];
            var normal = new GramNormalOperator<double>(compute, new ReadOnlyMatrix<double>(gram, _columns, _columns), units);
            solver.Solve(compute, normal, shift, null, g, v, iterations, 0);
            return v;
        }

        public double[] Published(int iterations)
        {
            using var arena = new Arena();
            var solver = new PublishedRecurrence<double>(arena, units, _columns, joint: false, weighted: false);
            arena.Commit();
            g.CopyTo(solver.RightHandSide(_columns));
            solver.Run(compute, new ReadOnlyMatrix<double>(gram, _columns, _columns), shift, iterations);
            return [.. solver.Solution(_columns)];
        }

        public double Energy(double[] v)
        {
            var mv = new double[v.Length];
            Gemm.Assign(
                compute, new ReadOnlyMatrix<double>(v, units, _columns), new ReadOnlyMatrix<double>(gram, _columns, _columns),
                new Matrix<double>(mv, units, _columns));
            return (shift * Reductions.SumOfSquares<double>(compute, v)) + Reductions.Dot<double>(compute, v, mv);
        }
    }
}
