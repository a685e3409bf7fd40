// Layout:    rows × columns matrices, row-major without gaps, and one coefficient for each column. A tile of columns with all its rows is one
//            item, so that a vector is read and written once where separate updates and inner products would pass over it several times.
// Registers: one vector of each matrix, the coefficient, two running sums in memory that stays in the first-level cache.
// Remainder: columns that fill no vector go through Scalar<T>, the same bits. Sums over a column are in the order of ColumnReductions:
//            blocks of 256 rows, ascending.
// Source:    the updates of conjugate gradients in the dual space (see DualConjugateGradient), fused.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>The vector updates between two products with K of a conjugate-gradient method in the dual space, column by column.</summary>
internal static unsafe class ColumnRecurrence
{
    private const int TileColumns = 512;
    private const int BlockRows = 256;

    /// <summary>π' = ρ + β∘π and κ' = Kρ + β∘κ (κ in place), with the column sums ⟨κ',κ'⟩ and ⟨κ',π'⟩.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="beta">β, one per column.</param>
    /// <param name="rho">ρ.</param>
    /// <param name="kRho">Kρ.</param>
    /// <param name="pi">π.</param>
    /// <param name="newPi">Where π' goes; may be exactly <paramref name="pi"/>.</param>
    /// <param name="kPi">κ, overwritten by κ'.</param>
    /// <param name="squares">⟨κ',κ'⟩, one per column.</param>
    /// <param name="dots">⟨κ',π'⟩, one per column.</param>
    public static void Turn<T>(
        ComputeContext context, ReadOnlySpan<T> beta, ReadOnlySpan<T> rho, ReadOnlySpan<T> kRho, ReadOnlySpan<T> pi, Span<T> newPi, Span<T> kPi,
        Span<T> squares, Span<T> dots)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Lengths.Check(kRho.Length, rho.Length, nameof(kRho), nameof(rho));
        Lengths.Check(pi.Length, rho.Length, nameof(pi), nameof(rho));
        Lengths.Check(newPi.Length, rho.Length, nameof(newPi), nameof(rho));
        Lengths.Check(kPi.Length, rho.Length, nameof(kPi), nameof(rho));
        Lengths.Check(squares.Length, beta.Length, nameof(squares), nameof(beta));
        Lengths.Check(dots.Length, beta.Length, nameof(dots), nameof(beta));
        int columns = beta.Length, rows = RowsOf(rho.Length, columns);
        fixed (T* pb = beta, pr = rho, pk = kRho, pp = pi, pn = newPi, pc = kPi, ps = squares, pd = dots)
        {
            var job = new TurnJob<T>(rows, columns, pb, pr, pk, pp, pn, pc, ps, pd);
            VectorJob.Run<T, TurnJob<T>>(context, Tiles(columns), rho.Length, ref job);
        }
    }

    /// <summary>s' = s + α∘π and ρ' = ρ − α∘κ − (α/τ)∘π, with the column sums ⟨ρ',ρ'⟩.</summary>
    /// <param name="context">Workers and width.</param>
    /// <param name="alpha">α, one per column.</param>
    /// <param name="shift">1/τ.</param>
    /// <param name="pi">π.</param>
    /// <param name="kPi">κ = Kπ.</param>
    /// <param name="rho">ρ.</param>
    /// <param name="newRho">Where ρ' goes; may be exactly <paramref name="rho"/>.</param>
    /// <param name="s">s, overwritten by s'.</param>
    /// <param name="fromZero">Whether s counts as zero, whatever it holds.</param>
    /// <param name="squares">⟨ρ',ρ'⟩, one per column.</param>
    public static void Advance<T>(
        ComputeContext context, ReadOnlySpan<T> alpha, T shift, ReadOnlySpan<T> pi, ReadOnlySpan<T> kPi, ReadOnlySpan<T> rho, Span<T> newRho,
        Span<T> s, bool fromZero, Span<T> squares)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Lengths.Check(pi.Length, rho.Length, nameof(pi), nameof(rho));
        Lengths.Check(kPi.Length, rho.Length, nameof(kPi), nameof(rho));
        Lengths.Check(newRho.Length, rho.Length, nameof(newRho), nameof(rho));
        Lengths.Check(s.Length, rho.Length, nameof(s), nameof(rho));
        Lengths.Check(squares.Length, alpha.Length, nameof(squares), nameof(alpha));
        int columns = alpha.Length, rows = RowsOf(rho.Length, columns);
        fixed (T* pa = alpha, pp = pi, pk = kPi, pr = rho, pn = newRho, ps = s, pq = squares)
        {
            var job = new AdvanceJob<T>(rows, columns, pa, shift, pp, pk, pr, pn, ps, fromZero, pq);
            VectorJob.Run<T, AdvanceJob<T>>(context, Tiles(columns), rho.Length, ref job);
        }
    }

    private static int Tiles(int columns) => (columns + TileColumns - 1) / TileColumns;

    private static int RowsOf(int length, int columns)
    {
        int rows = columns == 0 ? 0 : length / columns;
        Lengths.Check(length, rows * columns, "rho", "a whole number of rows");
        return rows;
    }

    private readonly struct TurnJob<T>(
        int rows, int columns, T* beta, T* rho, T* kRho, T* pi, T* newPi, T* kPi, T* squares, T* dots) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            nint first = (nint)item * TileColumns;
            int width = (int)Math.Min(TileColumns, columns - first);
            T* blockSquares = stackalloc T[2 * TileColumns];
            T* blockDots = blockSquares + TileColumns;
            new Span<T>(squares + first, width).Clear();
            new Span<T>(dots + first, width).Clear();
            for (int begin = 0; begin < rows; begin += BlockRows)
            {
                int end = Math.Min(rows, begin + BlockRows);
                new Span<T>(blockSquares, 2 * TileColumns).Clear();
                for (int i = begin; i < end; i++)
                {
                    nint row = ((nint)i * columns) + first;
                    var body = new TurnBody<T>(beta + first, rho + row, kRho + row, pi + row, newPi + row, kPi + row, blockSquares, blockDots);
                    VectorLoop.Range<TVector, T, TurnBody<T>>(0, width, body);
                }

                VectorLoop.Range<TVector, T, AddBody<T>>(0, width, new(blockSquares, squares + first));
                VectorLoop.Range<TVector, T, AddBody<T>>(0, width, new(blockDots, dots + first));
            }
        }
    }

    private readonly struct TurnBody<T>(T* beta, T* rho, T* kRho, T* pi, T* newPi, T* kPi, T* squares, T* dots) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            TVector b = TVector.Load(beta + i);
            TVector p = TVector.MultiplyAdd(b, TVector.Load(pi + i), TVector.Load(rho + i));
            TVector k = TVector.MultiplyAdd(b, TVector.Load(kPi + i), TVector.Load(kRho + i));
            TVector.Store(p, newPi + i);
            TVector.Store(k, kPi + i);
            TVector.Store(TVector.MultiplyAdd(k, k, TVector.Load(squares + i)), squares + i);
            TVector.Store(TVector.MultiplyAdd(k, p, TVector.Load(dots + i)), dots + i);
        }
    }

    private readonly struct AddBody<T>(T* x, T* y) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T> => TVector.Store(TVector.Load(y + i) + TVector.Load(x + i), y + i);
    }

    private readonly struct AdvanceJob<T>(
        int rows, int columns, T* alpha, T shift, T* pi, T* kPi, T* rho, T* newRho, T* s, bool fromZero, T* squares) : IVectorJob<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Execute<TVector>(int item)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            nint first = (nint)item * TileColumns;
            int width = (int)Math.Min(TileColumns, columns - first);
            T* block = stackalloc T[TileColumns];
            new Span<T>(squares + first, width).Clear();
            for (int begin = 0; begin < rows; begin += BlockRows)
            {
                int end = Math.Min(rows, begin + BlockRows);
                new Span<T>(block, TileColumns).Clear();
                for (int i = begin; i < end; i++)
                {
                    nint row = ((nint)i * columns) + first;
                    if (fromZero)
                        new Span<T>(s + row, width).Clear();
                    var body = new AdvanceBody<T>(alpha + first, shift, pi + row, kPi + row, rho + row, newRho + row, s + row, block);
                    VectorLoop.Range<TVector, T, AdvanceBody<T>>(0, width, body);
                }

                VectorLoop.Range<TVector, T, AddBody<T>>(0, width, new(block, squares + first));
            }
        }
    }

    private readonly struct AdvanceBody<T>(T* alpha, T shift, T* pi, T* kPi, T* rho, T* newRho, T* s, T* squares) : ILoopBody<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Step<TVector>(nint i)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            TVector a = TVector.Load(alpha + i);
            TVector p = TVector.Load(pi + i);
            TVector.Store(TVector.MultiplyAdd(a, p, TVector.Load(s + i)), s + i);
            TVector r = TVector.MultiplyAdd(-a, TVector.Load(kPi + i), TVector.Load(rho + i));
            r = TVector.MultiplyAdd(-a * TVector.Broadcast(shift), p, r);
            TVector.Store(r, newRho + i);
            TVector.Store(TVector.MultiplyAdd(r, r, TVector.Load(squares + i)), squares + i);
        }
    }
}
