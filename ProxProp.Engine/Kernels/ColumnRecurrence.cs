// Layout:    rows × columns matrices, row-major with any stride, and one coefficient for each column. All of an update and its inner products
//            are one pass (see ColumnTiles), so that a vector is read and written once.
// Registers: one vector of each matrix, the coefficient, two running sums in memory that stays in the first-level cache.
// Remainder: Scalar<T>, the same bits.
// Source:    the updates of conjugate gradients in the dual space (see DualConjugateGradient), fused.
using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>The vector updates between two products with K of a conjugate-gradient method in the dual space, column by column.</summary>
internal static unsafe class ColumnRecurrence
{
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
    /// <exception cref="ArgumentException">A matrix has another shape than ρ, or a span not one element per column.</exception>
    public static void Turn<T>(
        ComputeContext context, ReadOnlySpan<T> beta, ReadOnlyMatrix<T> rho, ReadOnlyMatrix<T> kRho, ReadOnlyMatrix<T> pi, Matrix<T> newPi,
        Matrix<T> kPi, Span<T> squares, Span<T> dots)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(rho, kRho, nameof(kRho));
        Check(rho, pi, nameof(pi));
        Check<T>(rho, newPi, nameof(newPi));
        Check<T>(rho, kPi, nameof(kPi));
        Lengths.Check(beta.Length, rho.Columns, nameof(beta), nameof(rho));
        Lengths.Check(squares.Length, rho.Columns, nameof(squares), nameof(rho));
        Lengths.Check(dots.Length, rho.Columns, nameof(dots), nameof(rho));
        fixed (T* b = beta, r = rho.Data, k = kRho.Data, p = pi.Data, n = newPi.Data, q = kPi.Data, s = squares, d = dots)
        {
            var pass = new TurnPass<T>(b, new(r, rho.Stride), new(k, kRho.Stride), new(p, pi.Stride), new(n, newPi.Stride), new(q, kPi.Stride), s, d);
            ColumnTiles.Run<T, TurnPass<T>>(context, rho.Rows, rho.Columns, pass);
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
    /// <exception cref="ArgumentException">A matrix has another shape than ρ, or a span not one element per column.</exception>
    public static void Advance<T>(
        ComputeContext context, ReadOnlySpan<T> alpha, T shift, ReadOnlyMatrix<T> pi, ReadOnlyMatrix<T> kPi, ReadOnlyMatrix<T> rho, Matrix<T> newRho,
        Matrix<T> s, bool fromZero, Span<T> squares)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(rho, pi, nameof(pi));
        Check(rho, kPi, nameof(kPi));
        Check<T>(rho, newRho, nameof(newRho));
        Check<T>(rho, s, nameof(s));
        Lengths.Check(alpha.Length, rho.Columns, nameof(alpha), nameof(rho));
        Lengths.Check(squares.Length, rho.Columns, nameof(squares), nameof(rho));
        fixed (T* a = alpha, p = pi.Data, k = kPi.Data, r = rho.Data, n = newRho.Data, x = s.Data, q = squares)
        {
            var pass = new AdvancePass<T>(
                a, shift, new(p, pi.Stride), new(k, kPi.Stride), new(r, rho.Stride), new(n, newRho.Stride), new(x, s.Stride), fromZero, q);
            ColumnTiles.Run<T, AdvancePass<T>>(context, rho.Rows, rho.Columns, pass);
        }
    }

    private static void Check<T>(ReadOnlyMatrix<T> rho, ReadOnlyMatrix<T> x, string name)
        where T : unmanaged
    {
        Shapes.CheckNotTransposed(rho, nameof(rho));
        Shapes.CheckNotTransposed(x, name);
        if (x.Rows != rho.Rows || x.Columns != rho.Columns)
            throw new ArgumentException($"'{name}' is {x.Rows}x{x.Columns}, but 'rho' is {rho.Rows}x{rho.Columns}.", name);
    }

    private readonly struct TurnPass<T>(
        T* beta, RowAddress<T> rho, RowAddress<T> kRho, RowAddress<T> pi, RowAddress<T> newPi, RowAddress<T> kPi, T* squares, T* dots) : IColumnPass<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static int Sums => 2;

        public T* Totals(int sum) => sum == 0 ? squares : dots;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Take<TVector>(int begin, int end, nint first, int width, T* lanes)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            for (int i = begin; i < end; i++)
            {
                var body = new TurnBody<T>(
                    beta + first, rho.At(i, first), kRho.At(i, first), pi.At(i, first), newPi.At(i, first), kPi.At(i, first), lanes, lanes + ColumnTiles.MostColumns);
                VectorLoop.Range<TVector, T, TurnBody<T>>(0, width, body);
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

    private readonly struct AdvancePass<T>(
        T* alpha, T shift, RowAddress<T> pi, RowAddress<T> kPi, RowAddress<T> rho, RowAddress<T> newRho, RowAddress<T> s, bool fromZero, T* squares)
        : IColumnPass<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static int Sums => 1;

        public T* Totals(int sum) => squares;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Take<TVector>(int begin, int end, nint first, int width, T* lanes)
            where TVector : unmanaged, ISimd<TVector, T>
        {
            for (int i = begin; i < end; i++)
            {
                T* to = s.At(i, first);
                if (fromZero)
                    new Span<T>(to, width).Clear();
                var body = new AdvanceBody<T>(
                    alpha + first, shift, pi.At(i, first), kPi.At(i, first), rho.At(i, first), newRho.At(i, first), to, lanes);
                VectorLoop.Range<TVector, T, AdvanceBody<T>>(0, width, body);
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

    private readonly struct RowAddress<T>(T* data, nint stride)
        where T : unmanaged
    {
        private readonly T* _data = data;
        private readonly nint _stride = stride;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T* At(int row, nint column) => _data + (row * _stride) + column;
    }
}
