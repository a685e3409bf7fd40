using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Theory;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Oracles;

/// <summary>
/// A <see cref="LayerCase"/> come to life: the production's direction solvers on one side, the same system written out densely in
/// double on the other.
/// </summary>
public sealed class LayerProbe<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Network<T> _network;
    private readonly ProximalLayer<T> _layer;
    private readonly Pass _pass;
    private readonly T[] _delta;
    private double[]? _solution;
    private double[]? _eigenvalues;

    /// <param name="c">The case.</param>
    /// <param name="input">Other data than the case's own.</param>
    public LayerProbe(LayerCase c, T[]? input = null)
    {
        Case = c;
        var random = new Random(c.Seed);
        _layer = (ProximalLayer<T>)c.Layer.Make<T>();
        _network = new Network<T>(c.Input, [_layer], c.Batch, 1, SharedCompute.OneThread);
        _pass = new Pass(_network.Compute, c.Batch);
        Input = input ?? BatchData.Make<T>(c.Data, c.DataScale, c.Batch, c.Input.Size, random);
        if (c.Delta == DeltaKind.Mirrored)
            Input.AsSpan(0, c.Batch / 2 * c.Input.Size).CopyTo(Input.AsSpan(c.Batch / 2 * c.Input.Size));
        A = DenseMap.Of(_layer, _pass, (ReadOnlySpan<T>)Input);
        AFrobenius = Vectors.Frobenius(A);
        int rows = A.GetLength(0);
        double[] delta = c.Delta switch
        {
            DeltaKind.Normal => BatchData.Normals(random, rows),
            DeltaKind.Sparse => [.. BatchData.Normals(random, rows).Select(d => random.Next(4) == 0 ? d : 0)],
            DeltaKind.Mirrored => Mirror(BatchData.Normals(random, rows), rows / c.Batch),
            DeltaKind.InRange => Vectors.Apply(A, BatchData.Normals(random, A.GetLength(1))),
            _ => new double[rows],
        };
        _delta = [.. delta.Select(d => T.CreateChecked(c.DeltaScale * d))];
        Delta = [.. _delta.Select(double.CreateChecked)];
        G = Vectors.ApplyTransposed(A, Delta);
    }

    /// <summary>The case, with τ_θ no larger than a Cholesky factor of I/τ_θ + AᵀA is promised for: κ·n·ε ≤ 0.03.</summary>
    public static LayerProbe<T> Definite(LayerCase c)
    {
        var probe = new LayerProbe<T>(c);
        double largest = 0.03 / (probe.Order * Tolerances.Epsilon<T>());
        if (probe.ConditionBound <= largest)
            return probe;
        probe.Dispose();
        return new LayerProbe<T>(c with { TauTheta = largest / (2 * probe.AFrobenius * probe.AFrobenius) });
    }

    public LayerCase Case { get; }

    public BlockLayout Layout => _layer.Layout;

    public T[] Input { get; }

    /// <summary>A, one column per parameter.</summary>
    public double[,] A { get; }

    public double AFrobenius { get; }

    public double[] Delta { get; }

    /// <summary>g = Aᵀδ.</summary>
    public double[] G { get; }

    public double TauTheta => Case.TauTheta;

    /// <summary>max(rows, columns) of A.</summary>
    public int Order => Math.Max(A.GetLength(0), A.GetLength(1));

    /// <summary>An upper bound of M's condition number, from the Frobenius norm.</summary>
    public double ConditionBound => 1 + (TauTheta * AFrobenius * AFrobenius);

    /// <summary>M⁻¹g by QR.</summary>
    public double[] Solution => _solution ??= DampedLeastSquares.Solve(A, Delta, TauTheta);

    /// <summary>Eigenvalues of M = I/τ_θ + AᵀA, ascending.</summary>
    /// <remarks>Rounding is taken out where it would bring them below 1/τ_θ.</remarks>
    public double[] Eigenvalues =>
        _eigenvalues ??= [.. SymmetricEigenvalues.Of(M(1 / TauTheta)).Select(e => Math.Max(e, 1 / TauTheta))];

    public double Condition => Eigenvalues[^1] / Eigenvalues[0];

    /// <summary>
    /// Bound on ‖v − M⁻¹g‖ for a backward stable solver in T. Primal: (M + ΔM)v = g + Δg with ‖ΔM‖ ≤ cnε‖M‖, ‖Δg‖ ≤ cnε‖A‖‖δ‖. Dual:
    /// (K + ΔK)s = δ, ‖ΔK‖ ≤ cnε‖K‖, s = τ_θ(δ − Av), and v − M⁻¹g = AᵀK⁻¹ΔK·s plus the rounding of Aᵀs.
    /// </summary>
    public double SolverError
    {
        get
        {
            double[] v = Solution;
            double s = TauTheta * Vectors.Norm(Vectors.Minus(Delta, Vectors.Apply(A, v)));
            double gain = Eigenvalues.Max(e => Math.Sqrt(Math.Max(0, e - (1 / TauTheta))) / e);
            double primal = (Condition * Vectors.Norm(v)) + (AFrobenius * Vectors.Norm(Delta) / Eigenvalues[0]);
            double dual = (Eigenvalues[^1] * gain * s) + (AFrobenius * s);
            return Tolerances.ResidualRatio * Order * Tolerances.Epsilon<T>() * (primal + dual);
        }
    }

    /// <summary>M·v.</summary>
    public double[] ApplyM(IReadOnlyList<double> v) =>
        [.. Vectors.ApplyTransposed(A, Vectors.Apply(A, v)).Zip(v, (q, p) => q + (p / TauTheta))];

    /// <summary>The dense matrix I·shift + AᵀA.</summary>
    public double[,] M(double shift)
    {
        int n = A.GetLength(1);
        var m = new double[n, n];
        for (int k = 0; k < A.GetLength(0); k++)
        {
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; A[k, i] != 0 && j < n; j++)
                    m[i, j] += A[k, i] * A[k, j];
            }
        }

        for (int i = 0; i < n; i++)
            m[i, i] += shift;
        return m;
    }

    /// <summary>The production's direction for a step.</summary>
    public double[] Direction(StepSpec step, double? tauTheta = null, double deltaFactor = 1) =>
        Direction(step.Make<T>(tauTheta ?? TauTheta), out _, deltaFactor);

    /// <inheritdoc cref="Direction(StepSpec, double?, double)"/>
    public double[] Direction(ProximalStep<T> step, out LayerReport report, double deltaFactor = 1)
    {
        using var arena = new Arena();
        IDirection<T> direction = step.Bind(_layer, new PlanContext(arena, _network.Compute, Case.Batch));
        arena.Commit();
        var v = new T[_layer.ParameterCount];
        Array.Fill(v, T.NaN);
        T factor = T.CreateChecked(deltaFactor);
        report = direction.Compute(_pass, Input, [.. _delta.Select(d => d * factor)], v);
        (direction as IDisposable)?.Dispose();
        return [.. v.Select(double.CreateChecked)];
    }

    /// <summary>The primal form by the production's Gram matrix and Cholesky factor, whatever the exact step would have chosen.</summary>
    /// <param name="g">Right-hand side; null for the layer's own Aᵀδ.</param>
    public double[] Primal(double[]? g = null)
    {
        using var arena = new Arena();
        var solver = new PrimalCholesky<T>(arena, Layout);
        arena.Commit();
        ((IGramLayer<T>)_layer).Gram(_pass, Input, solver.Gram);
        Assert.True(solver.Factor(_network.Compute, T.CreateSaturating(1 / TauTheta)), "The primal matrix is positive definite.");
        var v = new T[_layer.ParameterCount];
        if (g is null)
            _layer.ApplyAdjoint(_pass, Input, _delta, v);
        else
            v = [.. g.Select(T.CreateChecked)];
        solver.Solve(_network.Compute, v, v);
        return [.. v.Select(double.CreateChecked)];
    }

    /// <summary>The dual form; null where the layer has none.</summary>
    public double[]? Dual()
    {
        if (_layer is not IDualGramLayer<T> layer)
            return null;
        int rows = Case.Batch * layer.RowsPerSample;
        using var arena = new Arena();
        var solver = new DualCholesky<T>(arena, rows, Layout.Units);
        arena.Commit();
        layer.DualGram(_pass, Input, solver.Gram(rows));
        Assert.True(solver.Factor(_network.Compute, rows, T.CreateSaturating(1 / TauTheta)), "The dual matrix is positive definite.");
        var v = new T[_layer.ParameterCount];
        _layer.ApplyAdjoint(_pass, Input, solver.Solve(_network.Compute, rows, _delta), v);
        return [.. v.Select(double.CreateChecked)];
    }

    /// <summary>AᵀA of the first samples, as the production forms it.</summary>
    public double[,] Gram(int firstSample, int samples)
    {
        int n = Layout.Columns;
        var gram = new T[n * n];
        var input = Input.AsSpan(firstSample * Case.Input.Size, samples * Case.Input.Size);
        ((IGramLayer<T>)_layer).Gram(_pass with { Batch = samples }, input, new Matrix<T>(gram, n, n));
        var result = new double[n, n];
        for (int i = 0; i < n * n; i++)
            result[i / n, i % n] = double.CreateChecked(gram[i]);
        return result;
    }

    public void Dispose() => _network.Dispose();

    private static double[] Mirror(double[] delta, int rowsPerSample)
    {
        int half = delta.Length / rowsPerSample / 2 * rowsPerSample;
        for (int i = 0; i < half; i++)
            delta[half + i] = -delta[i];
        delta.AsSpan(2 * half).Clear();
        return delta;
    }
}
