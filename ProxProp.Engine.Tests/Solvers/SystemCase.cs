using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Solvers;

/// <summary>One system (shift·I + AᵀA)V = G with a random A, its Gram matrix formed exactly, and its solution by elimination in double.</summary>
internal sealed class SystemCase<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Arena _arena = new();

    public SystemCase(int rows, int columns, int units, double shift, int seed = 1)
    {
        Layout = new BlockLayout(units, columns, false);
        Shift = shift;
        // Few bits, so that AᵀA is exact in float.
        double[] entries = [.. Values.Uniform<double>(rows * columns, seed).Select(v => Math.Round(v * 8) / 8)];
        var a = new double[rows, columns];
        Buffer.BlockCopy(entries, 0, a, 0, sizeof(double) * entries.Length);
        double[,] gram = Dense.Product(Dense.Transpose(a), a);
        Matrix = Dense.Shifted(gram, shift);
        Gram = [.. gram.Cast<double>().Select(T.CreateChecked)];
        G = Values.Uniform<T>(Layout.Count, seed + 1);
    }

    public ComputeContext Compute { get; } = new(2);

    public BlockLayout Layout { get; }

    public double Shift { get; }

    public double[,] Matrix { get; }

    public T[] Gram { get; }

    public T[] G { get; set; }

    public T[] V { get; private set; } = [];

    /// <summary>Conjugate gradients on the formed matrix.</summary>
    public SolveReport Solve(int iterations, IPreconditioner<T>? preconditioner = null, bool joint = false, double tolerance = 0, int unit = -1)
    {
        BlockLayout layout = unit >= 0 ? new BlockLayout(1, Layout.Columns, false) : Layout;
        T[] g = unit >= 0 ? G[(unit * Layout.Columns)..((unit + 1) * Layout.Columns)] : G;
        using var arena = new Arena();
        var solver = new ConjugateGradient<T>(arena, joint ? layout.Joint : layout, preconditioner is not null);
        arena.Commit();
        V = [.. Enumerable.Repeat(T.NaN, layout.Count)];
        var normal = new GramNormalOperator<T>(Compute, new ReadOnlyMatrix<T>(Gram, Layout.Columns, Layout.Columns), layout.Units);
        return solver.Solve(Compute, normal, T.CreateChecked(Shift), preconditioner, g, V, iterations, tolerance);
    }

    public JacobiPreconditioner<T> Jacobi()
    {
        var jacobi = new JacobiPreconditioner<T>(Compute, _arena, Layout);
        _arena.Commit();
        for (int i = 0; i < Layout.Columns; i++)
            jacobi.Diagonal[i] = Gram[(i * Layout.Columns) + i];
        jacobi.Prepare(T.CreateChecked(Shift));
        return jacobi;
    }

    /// <summary>‖V − M⁻¹G‖/‖M⁻¹G‖.</summary>
    public double Error() => Dense.RelativeError(AsColumns(V), Dense.Solve(Matrix, AsColumns(G)));

    /// <summary>‖G − MV‖/‖G‖ in double.</summary>
    public double Residual() => Dense.RelativeError(Dense.Product(Matrix, AsColumns(V)), AsColumns(G));

    public double[,] AsColumns(T[] x)
    {
        var columns = new double[Layout.Columns, Layout.Units];
        for (int i = 0; i < x.Length; i++)
            columns[i % Layout.Columns, i / Layout.Columns] = double.CreateChecked(x[i]);
        return columns;
    }

    public void Dispose()
    {
        Compute.Dispose();
        _arena.Dispose();
    }
}
