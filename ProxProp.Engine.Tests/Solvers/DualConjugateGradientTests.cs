using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Solvers;

/// <summary>Conjugate gradients in the dual space: the primal iterates, the same care for numbers out of range.</summary>
public sealed class DualConjugateGradientTests
{
    private const int Rows = 12, Columns = 30, Units = 5;

    [Fact]
    public void Its_iterates_are_the_primal_ones()
    {
        using var system = new DualCase<double>(0.5);
        for (int iterations = 0; iterations <= 8; iterations++)
        {
            SolveReport dual = system.Solve(iterations), primal = system.SolvePrimal(iterations);
            Assert.True(Dense.WorstError<double>(system.V, system.PrimalV) < Tolerances.SameIterates);
            Assert.Equal((primal.Status, primal.Iterations), (dual.Status, dual.Iterations));
            Assert.Equal(primal.RelativeResidual, dual.RelativeResidual, Tolerances.SameIterates);
            Assert.Equal(1, dual.RightHandSideNorm / primal.RightHandSideNorm, Tolerances.SameIterates);
        }
    }

    [Fact]
    public void Run_to_convergence_it_reports_the_true_residual()
    {
        using var exact = new DualCase<double>(0.01);
        SolveReport report = exact.Solve(200);
        Assert.Equal(SolveStatus.Solved, report.Status);
        Assert.InRange(report.RelativeResidual, 0, 1e-12);
        using var rough = new DualCase<float>(1e-6, graded: true);
        SolveReport rounded = rough.Solve(500);
        double residual = rough.Residual();
        Assert.Equal(SolveStatus.Solved, rounded.Status);
        Assert.InRange(rounded.RelativeResidual / residual, 0.2, 5);
    }

    [Fact]
    public void Without_the_residual_the_solution_has_the_same_bits()
    {
        using var system = new DualCase<float>(0.5f);
        foreach (int iterations in (int[])[1, 3, 7])
        {
            SolveReport measured = system.Solve(iterations);
            float[] expected = system.S;
            SolveReport report = system.Solve(iterations, measureResidual: false);
            Assert.Equal(expected, system.S);
            Assert.Equal(measured.Iterations, report.Iterations);
            Assert.Equal(measured.RightHandSideNorm, report.RightHandSideNorm);
            Assert.Equal(double.NaN, report.RelativeResidual);
        }
    }

    [Fact]
    public void A_zero_column_stays_zero_and_disturbs_no_other()
    {
        using var system = new DualCase<float>(0.5f);
        system.Solve(4);
        float[] before = system.S;
        for (int i = 0; i < Rows; i++)
            system.Delta[(i * Units) + 2] = 0;
        SolveReport report = system.Solve(4);
        Assert.Equal(SolveStatus.IterationLimit, report.Status);
        for (int i = 0; i < system.S.Length; i++)
            Assert.Equal(i % Units == 2 ? 0 : before[i], system.S[i]);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(100)]
    [InlineData(-40)]
    [InlineData(-90)]
    public void Float_solves_are_homogeneous_to_the_bit(int exponent) => Homogeneous<float>(exponent);

    [Theory]
    [InlineData(900)]
    [InlineData(-900)]
    public void Double_solves_are_homogeneous_to_the_bit(int exponent) => Homogeneous<double>(exponent);

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void A_column_that_is_not_finite_gives_zero_and_says_so(float bad)
    {
        using var system = new DualCase<float>(0.5f);
        system.Solve(5);
        float[] clean = system.S;
        system.Delta[Units + 3] = bad;
        SolveReport report = system.Solve(5);
        Assert.Equal(SolveStatus.Breakdown, report.Status);
        Assert.Equal(double.NaN, report.RelativeResidual);
        for (int i = 0; i < clean.Length; i++)
            Assert.Equal(i % Units == 3 ? 0 : clean[i], system.S[i]);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(1e38f)]
    [InlineData(1e25f)]
    public void A_matrix_that_overflows_never_gives_nan(float bad)
    {
        using var system = new DualCase<float>(0.5f);
        system.K.AsSpan().Fill(bad);
        foreach (int iterations in (int[])[1, 2, 3, 20])
        {
            SolveReport report = system.Solve(iterations);
            Assert.NotEqual(SolveStatus.Solved, report.Status);
            Assert.All(system.S, s => Assert.True(float.IsFinite(s)));
        }
    }

    [Fact]
    public void Its_measure_is_that_of_the_vectors_themselves()
    {
        using var system = new DualCase<double>(0.5);
        system.Solve(3);
        system.SolvePrimal(3);
        Assert.Equal(Dense.Dot<double>(system.PrimalV, system.G), system.Measured.InnerProduct, 1e-9);
        Assert.Equal(Dense.Dot<double>(system.PrimalV, system.PrimalV), system.Measured.DirectionSquared, 1e-9);
        Assert.Equal(Dense.Dot<double>(system.G, system.G), system.Measured.GradientSquared, 1e-9);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void In_panels_of_any_width_the_solution_has_the_same_bits_and_the_report_says_the_same(int panelColumns)
    {
        using var system = new DualCase<float>(0.5f);
        for (int i = 0; i < Rows; i++)
        {
            system.Delta[i * Units] *= 1e25f;
            system.Delta[(i * Units) + 2] = 0;
        }

        foreach (int iterations in (int[])[0, 1, 5, 100])
        {
            SolveReport whole = system.Solve(iterations);
            float[] expected = system.S;
            SolveReport parts = system.Solve(iterations, panelColumns: panelColumns);
            Assert.Equal(expected, system.S);
            Assert.Equal((whole.Solver, whole.Status, whole.Iterations), (parts.Solver, parts.Status, parts.Iterations));
            Assert.Equal(whole.RelativeResidual, parts.RelativeResidual, 1e-6 * (1 + whole.RelativeResidual));
            Assert.Equal(1, parts.RightHandSideNorm / whole.RightHandSideNorm, 1e-6);
        }
    }

    /// <summary>With fewer panels than workers each panel has all of them; with more each worker has panels of its own, in memory of its own.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(8, 1)]
    public void Panels_have_the_same_bits_on_any_worker(int workers, int panelColumns)
    {
        using var system = new DualCase<float>(0.5f, threads: workers);
        foreach (int iterations in (int[])[0, 1, 3])
        {
            SolveReport one = system.Solve(iterations, panelColumns: panelColumns);
            float[] expected = system.S;
            Assert.Equal(one, system.Solve(iterations, panelColumns: panelColumns, workers: workers));
            Assert.Equal(expected, system.S);
            Assert.Equal(one, system.Solve(iterations, panelColumns: panelColumns, workers: workers + 2));
            Assert.Equal(expected, system.S);
        }
    }

    [Fact]
    public void Right_hand_sides_that_are_too_short_are_refused()
    {
        using var system = new DualCase<float>(0.5f);
        system.Delta = new float[(Rows * Units) - 1];
        ArgumentException e = Assert.Throws<ArgumentException>(() => system.Solve(1));
        Assert.Contains($"{Rows} x {Units}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void In_panels_of_any_width_the_measure_is_the_same()
    {
        using var system = new DualCase<double>(0.5);
        system.Solve(3);
        DirectionMeasure whole = system.Measured;
        foreach (int panelColumns in (int[])[1, 2, 4])
        {
            system.Solve(3, panelColumns: panelColumns);
            Assert.Equal(whole.InnerProduct, system.Measured.InnerProduct, 1e-12);
            Assert.Equal(whole.DirectionSquared, system.Measured.DirectionSquared, 1e-12);
            Assert.Equal(whole.GradientSquared, system.Measured.GradientSquared, 1e-9);
        }
    }

    [Fact]
    public void A_panel_that_breaks_down_leaves_the_others_alone()
    {
        using var system = new DualCase<float>(0.5f);
        system.Solve(5, panelColumns: 2);
        float[] clean = system.S;
        system.Delta[Units + 3] = float.NaN;
        SolveReport report = system.Solve(5, panelColumns: 2);
        Assert.Equal(SolveStatus.Breakdown, report.Status);
        Assert.Equal(double.NaN, report.RelativeResidual);
        for (int i = 0; i < clean.Length; i++)
            Assert.Equal(i % Units == 3 ? 0 : clean[i], system.S[i]);
    }

    private static void Homogeneous<T>(int exponent)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var system = new DualCase<T>(0.5);
        foreach (int iterations in (int[])[1, 3, 6])
        {
            T[] delta = system.Delta;
            SolveReport plain = system.Solve(iterations);
            T[] expected = [.. system.S.Select(s => T.ScaleB(s, exponent))];
            system.Delta = [.. delta.Select(d => T.ScaleB(d, exponent))];
            SolveReport scaled = system.Solve(iterations);
            system.Delta = delta;
            Assert.Equal(expected, system.S);
            Assert.Equal((plain.Status, plain.Iterations), (scaled.Status, scaled.Iterations));
            Assert.Equal(plain.RelativeResidual, scaled.RelativeResidual, 1e-12);
            Assert.Equal(1, scaled.RightHandSideNorm / Math.ScaleB(plain.RightHandSideNorm, exponent), 1e-6);
        }
    }

    // (shift·I + AᵀA)V = Aᵀδ with few rows, for both forms. A has few bits, so that K and AᵀA are exact.
    private sealed class DualCase<T> : IDisposable
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ComputeContext _compute;
        private readonly double[,] _a = new double[Rows, Columns];
        private readonly double _shift;

        public DualCase(double shift, bool graded = false, int threads = 2)
        {
            _shift = shift;
            _compute = new ComputeContext(threads);
            double[] entries = [.. Values.Uniform<double>(Rows * Columns, 1).Select((v, i) => Math.ScaleB(Math.Round(v * 8) / 8, graded ? -i / Columns : 0))];
            Buffer.BlockCopy(entries, 0, _a, 0, sizeof(double) * entries.Length);
            K = [.. Dense.Product(_a, Dense.Transpose(_a)).Cast<double>().Select(T.CreateChecked)];
            Delta = Values.Uniform<T>(Rows * Units, 2);
        }

        public T[] K { get; }

        public T[] Delta { get; set; }

        public T[] S { get; private set; } = [];

        public DirectionMeasure Measured { get; private set; }

        /// <summary>Aᵀs, units × columns.</summary>
        public T[] V => Adjoint(S);

        /// <summary>Aᵀδ, units × columns.</summary>
        public T[] G => Adjoint(Delta);

        public T[] PrimalV { get; private set; } = [];

        public SolveReport Solve(int iterations, bool measureResidual = true, int panelColumns = Units, int workers = 1)
        {
            using var arena = new Arena();
            var solver = new DualConjugateGradient<T>(arena, Rows + 3, Units, workers, panelColumns);
            arena.Commit();
            K.CopyTo(solver.Gram(Rows).Data);
            SolveReport report = solver.Solve(_compute, Rows, T.CreateChecked(_shift), Delta, iterations, 0, measureResidual);
            S = solver.Solution(Rows).ToArray();
            Measured = solver.Measure(_compute, Rows, Delta);
            return report;
        }

        public SolveReport SolvePrimal(int iterations)
        {
            using var arena = new Arena();
            var layout = new BlockLayout(Units, Columns, false);
            var solver = new ConjugateGradient<T>(arena, layout, preconditioned: false);
            arena.Commit();
            T[] gram = [.. Dense.Product(Dense.Transpose(_a), _a).Cast<double>().Select(T.CreateChecked)];
            var normal = new GramNormalOperator<T>(_compute, new ReadOnlyMatrix<T>(gram, Columns, Columns), Units);
            PrimalV = new T[layout.Count];
            return solver.Solve(_compute, normal, T.CreateChecked(_shift), null, G, PrimalV, iterations);
        }

        /// <summary>‖g − Mv‖/‖g‖ in double.</summary>
        public double Residual()
        {
            double[,] at = Dense.Transpose(_a), m = Dense.Shifted(Dense.Product(at, _a), _shift);
            return Dense.RelativeError(Dense.Product(m, Dense.Product(at, AsMatrix(S))), Dense.Product(at, AsMatrix(Delta)));
        }

        public void Dispose() => _compute.Dispose();

        private T[] Adjoint(T[] x) => [.. Dense.Transpose(Dense.Product(Dense.Transpose(_a), AsMatrix(x))).Cast<double>().Select(T.CreateChecked)];

        private static double[,] AsMatrix(T[] x)
        {
            var m = new double[Rows, Units];
            for (int i = 0; i < x.Length; i++)
                m[i / Units, i % Units] = double.CreateChecked(x[i]);
            return m;
        }
    }
}
