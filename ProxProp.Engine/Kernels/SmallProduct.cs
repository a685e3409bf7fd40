using System.Numerics;
using System.Runtime.CompilerServices;

namespace ProxProp.Engine.Kernels;

/// <summary>A product too little to share out, of one block of k: what a job needs to plan would take as long as a tile or two.</summary>
internal static unsafe class SmallProduct
{
    /// <summary>Computes it from operands of which every panel can be read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<T, TTile>(in Product<T> product, in PackJob<T, TTile> operands)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTile : struct, ITile<T>
    {
        int m = product.M, n = product.N;
        nint cRow = product.CRow;
        TileStore<T> store = new() { Update = product.Update, Bias = product.Bias, Relu = product.Relu };
        TileAhead<T> ahead = new(product.K, TTile.Rows, cRow) { Depth = product.K };
        for (int j = 0; j < n; j += TTile.Columns)
        {
            T* b = operands.Columns.At(j, TTile.Columns, out _, out nint bStep);
            T* c = product.C + j;
            int height;
            for (int i = 0; i < m; i += height, c += height * cRow)
            {
                height = ProductTile.RowsOf<T, TTile>(m - i, operands.Rows.IsPacked);
                ahead.BeginTile(c);
                ProductTile.Run(operands, n, height, i, j, b, bStep, c, cRow, store, ProductTile.NoDiagonal, &ahead);
            }

            if (store.Bias != null)
                store.Bias += TTile.Columns;
        }
    }
}
