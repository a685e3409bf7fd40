using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Solvers;

/// <summary>(shift·I + AᵀA)V = Aᵀδ with few rows, for both forms. A has few bits, so that K and AᵀA are exact.</summary>
internal sealed class DualCase<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public const int Rows = 12, Units = 5;
    private const int Columns = 30;

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
