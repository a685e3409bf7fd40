// Layout:    matrices with rows × columns elements, row-major with any stride. A tile of columns with all its rows is one item, so that sums over
//            columns need no other item. Sums are taken over blocks of 256 rows in ascending order, the blocks in ascending order: in an order that
//            depends on the number of rows alone, whatever the tile.
// Registers: those of the pass; the lanes of a tile, one per column and sum, stay in the first-level cache.
// Remainder: columns that fill no vector go through Scalar<T>, the same bits.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>A pass over the rows of matrices that adds up something in each column.</summary>
internal unsafe interface IColumnPass<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>How many sums each column has.</summary>
    static abstract int Sums { get; }

    /// <summary>Where the totals of one sum go, one per column.</summary>
    T* Totals(int sum);

    /// <summary>Adds rows <paramref name="begin"/> … <paramref name="end"/> − 1 of <paramref name="width"/> columns to the lanes of the tile.</summary>
    /// <param name="begin">First row.</param>
    /// <param name="end">One behind the last row.</param>
    /// <param name="first">First column.</param>
    /// <param name="width">Number of columns.</param>
    /// <param name="lanes">A lane per column, sum after sum in steps of <see cref="ColumnTiles.MostColumns"/>.</param>
    void Take<TVector>(int begin, int end, nint first, int width, T* lanes)
        where TVector : unmanaged, ISimd<TVector, T>;
}

/// <summary>The one loop behind all sums over columns.</summary>
internal static unsafe class ColumnTiles
{
    /// <summary>Columns of the widest tile.</summary>
    public const int MostColumns = 512;

    private const int FewestColumns = 64;
    private const int TilesWanted = 8;
    private const int BlockRows = 256;

    /// <summary>Runs a pass over all columns.</summary>
    public static void Run<T, TPass>(ComputeContext context, int rows, int columns, TPass pass)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TPass : struct, IColumnPass<T>
    {
        int tile = Math.Clamp((columns / TilesWanted) + FewestColumns - 1, FewestColumns, MostColumns) / FewestColumns * FewestColumns;
        var job = new Job<T, TPass>(rows, columns, tile, pass);
        VectorJob.Run<T, Job<T, TPass>>(context, (columns + tile - 1) / tile, (long)rows * columns, ref job);
    }

    private readonly struct Job<T, TPass>(int rows, int columns, int tile, TPass pass) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TPass : struct, IColumnPass<T>
    {
        [SkipLocalsInit]
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            nint first = (nint)item * tile;
            int width = (int)Math.Min(tile, columns - first);
            T* lanes = stackalloc T[TPass.Sums * MostColumns];
            for (int sum = 0; sum < TPass.Sums; sum++)
                new Span<T>(pass.Totals(sum) + first, width).Clear();
            for (int begin = 0; begin < rows; begin += BlockRows)
            {
                for (int sum = 0; sum < TPass.Sums; sum++)
                    new Span<T>(lanes + (sum * MostColumns), width).Clear();
                pass.Take<TVector>(begin, Math.Min(rows, begin + BlockRows), first, width, lanes);
                for (int sum = 0; sum < TPass.Sums; sum++)
                    VectorLoop.Range<TVector, T, AddBody<T>>(0, width, new(lanes + (sum * MostColumns), pass.Totals(sum) + first));
            }
        }
    }

    private readonly struct AddBody<T>(T* x, T* y) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T> => TVector.Store(TVector.Load(y + i) + TVector.Load(x + i), y + i);
    }
}
