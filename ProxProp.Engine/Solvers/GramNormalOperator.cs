using System.Numerics;
using ProxProp.Engine.Kernels;

namespace ProxProp.Engine.Solvers;

/// <summary>q = AᵀA·p with the columns × columns matrix AᵀA formed: 2·columns²·units flops, whatever the batch.</summary>
/// <remarks>Vectors are units × columns, the bias being the last column (a <see cref="BlockLayout"/> without a separate bias).</remarks>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct GramNormalOperator<T> : INormalOperator<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ComputeContext _context;
    private readonly ReadOnlyMatrix<T> _gram;
    private readonly int _units;

    /// <summary>Wraps a formed matrix.</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="gram">AᵀA, both triangles.</param>
    /// <param name="units">Number of right-hand sides.</param>
    public GramNormalOperator(ComputeContext context, ReadOnlyMatrix<T> gram, int units)
    {
        _context = context;
        _gram = gram;
        _units = units;
    }

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<T> p, Span<T> q) => Gemm.Assign(
        _context, new ReadOnlyMatrix<T>(p, _units, _gram.Columns), _gram, new Matrix<T>(q, _units, _gram.Columns));
}
