using System.Numerics;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>Flops of the ways to a direction beyond the plain gradient's own, leading terms, from the shape of a layer alone.</summary>
internal readonly struct StepCosts
{
    private readonly BlockLayout _layout;
    private readonly int _rowsPerSample;
    private readonly Func<int, double>? _gramFlops;
    private readonly bool _hasDual;

    private StepCosts(BlockLayout layout, int rowsPerSample, Func<int, double>? gramFlops, bool hasDual)
    {
        _layout = layout;
        _rowsPerSample = rowsPerSample;
        _gramFlops = gramFlops;
        _hasDual = hasDual;
    }

    public static StepCosts Of<T>(IProximalLayer<T> layer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => layer is IGramLayer<T> gram
        ? new StepCosts(gram.Layout, gram.RowsPerSample, gram.GramFlops, layer is IDualGramLayer<T>)
        : new StepCosts(layer.Layout, 1, null, false);

    private double Units => _layout.Units;

    private double Columns => _layout.Columns;

    /// <summary>Form AᵀA, factor it, two triangular solves.</summary>
    public double Primal(int batch) => _gramFlops is null
        ? double.PositiveInfinity
        : _gramFlops(batch) + Solve(Columns);

    /// <summary>Form AAᵀ (half of it), factor it, two triangular solves; the product with Aᵀ that ends it stands for the gradient's.</summary>
    public double Dual(int batch) => _hasDual ? (Rows(batch) * Rows(batch) * Columns) + Solve(Rows(batch)) : double.PositiveInfinity;

    /// <summary>N iterations that apply A and Aᵀ.</summary>
    public double MatrixFree(int batch, int iterations) => 4 * Rows(batch) * Columns * Units * iterations;

    /// <summary>Form AᵀA, then N products with it.</summary>
    public double GramCg(int batch, int iterations) => _gramFlops is null
        ? double.PositiveInfinity
        : _gramFlops(batch) + (2 * Columns * Columns * Units * iterations);

    /// <summary>Form AAᵀ (half of it), then N products with it; its end is the gradient's.</summary>
    public double DualCg(int batch, int iterations) => _hasDual
        ? (Rows(batch) * Rows(batch) * Columns) + (2 * Rows(batch) * Rows(batch) * Units * iterations)
        : double.PositiveInfinity;

    /// <summary>What so many iterations cost in each form that the layer has, the cheapest first, in words.</summary>
    public string IterativeForms(int batch, int iterations)
    {
        List<Way> forms = [new(SolverKind.MatrixFreeCg, MatrixFree(batch, iterations), 0)];
        if (_gramFlops is not null)
            forms.Add(new(SolverKind.GramCg, GramCg(batch, iterations), 0));
        if (_hasDual)
            forms.Add(new(SolverKind.DualCg, DualCg(batch, iterations), 0));
        return Way.InWords(Way.ByFlops(forms));
    }

    /// <summary>Whether the rows × rows form of an exact step is the cheaper one.</summary>
    public bool PrefersDual(int batch) => Dual(batch) < Primal(batch);

    /// <summary>The largest batch up to <paramref name="maxBatch"/> for which the dual form is preferred: the memory it needs.</summary>
    public int LargestDualBatch(int maxBatch)
    {
        int low = 0, high = maxBatch;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (PrefersDual(middle))
                low = middle;
            else
                high = middle - 1;
        }

        return low;
    }

    /// <summary>The cheaper of the two exact forms.</summary>
    public double Exact(int batch) => Math.Min(Primal(batch), Dual(batch));

    /// <summary>Which of the two it is.</summary>
    public SolverKind ExactKind(int batch) => PrefersDual(batch) ? SolverKind.DualCholesky : SolverKind.PrimalCholesky;

    /// <summary>What the two forms cost, in words.</summary>
    public string ExactForms(int batch)
    {
        string primal = $"primal {LayerPlan.Short(Primal(batch))}", dual = $"dual {LayerPlan.Short(Dual(batch))}";
        return !_hasDual ? primal : PrefersDual(batch) ? $"{dual}, {primal}" : $"{primal}, {dual}";
    }

    private double Rows(int batch) => (double)batch * _rowsPerSample;

    private double Solve(double order) => (order * order * order / 3) + (2 * order * order * Units);
}
