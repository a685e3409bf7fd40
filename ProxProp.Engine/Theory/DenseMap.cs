using System.Numerics;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Theory;

/// <summary>The matrix A of θ ↦ φ(θ, a), written out.</summary>
public static class DenseMap
{
    /// <summary>Builds A column by column: column j is φ(e_j, a).</summary>
    /// <param name="layer">The layer, part of a network.</param>
    /// <param name="pass">The pass.</param>
    /// <param name="a">Input of the layer.</param>
    /// <returns>Batch·output elements rows, as many columns as parameters.</returns>
    public static double[,] Of<T>(ProximalLayer<T> layer, in Pass pass, ReadOnlySpan<T> a)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int rows = pass.Batch * layer.Output.Size;
        var map = new double[rows, layer.ParameterCount];
        var unit = new T[layer.ParameterCount];
        var column = new T[rows];
        for (int j = 0; j < unit.Length; j++)
        {
            unit[j] = T.One;
            layer.Apply(pass, a, unit, column);
            unit[j] = T.Zero;
            for (int i = 0; i < rows; i++)
                map[i, j] = double.CreateChecked(column[i]);
        }

        return map;
    }
}
