using System.Numerics;
using System.Numerics.Tensors;

namespace ProxProp.Engine.Solvers;

/// <summary>Where the elements of each block lie in a vector: in a row of their own with a bias far behind, or in a column of a matrix.</summary>
/// <param name="Units">Number of blocks.</param>
/// <param name="Length">Elements of one block without the bias.</param>
/// <param name="AreColumns">Whether blocks are the columns of a Length × Units matrix instead of the rows of a Units × Length one.</param>
/// <param name="HasBias">Whether each block has one more element, block after block behind all others.</param>
/// <param name="Stride">Distance between two rows of that matrix.</param>
internal readonly record struct BlockGeometry(int Units, int Length, bool AreColumns, bool HasBias, int Stride)
{
    /// <summary>The parameters of a layer.</summary>
    public static BlockGeometry Of(BlockLayout layout) => new(layout.Units, layout.WeightsPerUnit, false, layout.HasBias, layout.WeightsPerUnit);

    /// <summary>The columns of a rows × units matrix.</summary>
    public static BlockGeometry Columns(int rows, int units, int stride) => new(units, rows, true, false, stride);

    private int UnitStep => AreColumns ? 1 : Stride;

    private int ElementStep => AreColumns ? Stride : 1;

    /// <summary>Makes one block zero.</summary>
    public void Clear<T>(int u, Span<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < Length; i++)
            x[(u * UnitStep) + (i * ElementStep)] = T.Zero;
        if (HasBias)
            x[(Units * Length) + u] = T.Zero;
    }

    /// <summary>Multiplies one block by 2^<paramref name="exponent"/>.</summary>
    public void Scale<T>(int u, int exponent, Span<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < Length; i++)
        {
            ref T e = ref x[(u * UnitStep) + (i * ElementStep)];
            e = T.ScaleB(e, exponent);
        }

        if (HasBias)
            x[(Units * Length) + u] = T.ScaleB(x[(Units * Length) + u], exponent);
    }

    /// <summary>largest[u] = max |x| over block u; NaN where one element is.</summary>
    public void MaxMagnitudes<T>(ReadOnlySpan<T> x, Span<T> largest)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (HasBias)
            x.Slice(Units * Length, Units).CopyTo(largest);
        else
            largest.Clear();
        for (int i = 0; AreColumns && i < Length; i++)
            TensorPrimitives.MaxMagnitude(largest, x.Slice(i * Stride, Units), largest);
        for (int u = 0; u < Units; u++)
        {
            if (!AreColumns && Length > 0)
                largest[u] = T.MaxMagnitude(largest[u], TensorPrimitives.MaxMagnitude(x.Slice(u * Length, Length)));
            largest[u] = T.Abs(largest[u]);
        }
    }
}
