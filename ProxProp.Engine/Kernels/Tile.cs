using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>Height of a tile: a constant to the compiler.</summary>
internal interface ITileHeight
{
    /// <summary>MR.</summary>
    static abstract int Rows { get; }
}

/// <summary>6 rows, for 16 registers.</summary>
internal readonly struct SixRows : ITileHeight
{
    public static int Rows => 6;
}

/// <summary>8 rows: a short tile, where 12 are too many.</summary>
internal readonly struct EightRows : ITileHeight
{
    public static int Rows => 8;
}

/// <summary>12 rows, for 32 registers.</summary>
internal readonly struct TwelveRows : ITileHeight
{
    public static int Rows => 12;
}

/// <summary>The micro-kernel: 6, 8 or 12 rows by two vectors.</summary>
/// <remarks>
/// <para>Layout: A in panels of MR rows, B in panels of two vectors, or either where it lies if its steps allow (see <see cref="ITile{T}"/>).</para>
/// <para>Registers: 6 rows have 12 sums, 2 vectors of B, 1 broadcast of A: 15 (256 bits with AVX2, 128 bits with SSE: 16 registers); 12 rows have
/// 24 sums: 27 (512 bits with AVX-512, 128 bits with NEON: 32 registers); 8 rows, the short tile beside 12, have 16, enough to wait for none. Sums of rows that a height has not are never born.</para>
/// <para>Remainders: the caller pads panels with zeros and keeps a part of the tile; the sums are the same.</para>
/// <para>The steps are written out, and no more of them than 64 multiply-adds in all: beyond that, or where a helper passes a sum on by
/// reference, the JIT gives up keeping sums in registers.</para>
/// <para>Source: F. Van Zee, R. van de Geijn, BLIS, ACM TOMS 41 (2015); the tile shape is that of its x86 kernels, turned for row-major C.</para>
/// </remarks>
internal readonly unsafe struct Tile<TSimd, T, THeight> : ITile<T>
    where TSimd : unmanaged, ISimd<TSimd, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where THeight : struct, ITileHeight
{
    public static int Rows => THeight.Rows;

    public static int Columns => 2 * TSimd.Count;

    // Of k, for what is fetched: as far ahead as a line takes to come from the second-level cache and a little farther.
    private const int StepsAhead = 16;

    private static bool IsTall => THeight.Rows == 12;

    public static int ShortRows => IsTall ? EightRows.Rows : Rows;

    // The left half of a tall tile is enough.
    private static bool IsNarrow(int columns) => IsTall && columns <= TSimd.Count;

    public static int PartRows(int rows, int columns) => rows <= ShortRows && !IsNarrow(columns) ? ShortRows : Rows;

    public static int PartColumns(int columns) => IsNarrow(columns) ? TSimd.Count : Columns;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(
        nint kc, T* a, nint aLane, nint aStep, T* b, nint bStep, T* c, nint cStride, Update update, TileAhead<T>* ahead)
    {
        TSimd l0 = TSimd.Zero, r0 = TSimd.Zero;
        TSimd l1 = TSimd.Zero, r1 = TSimd.Zero;
        TSimd l2 = TSimd.Zero, r2 = TSimd.Zero;
        TSimd l3 = TSimd.Zero, r3 = TSimd.Zero;
        TSimd l4 = TSimd.Zero, r4 = TSimd.Zero;
        TSimd l5 = TSimd.Zero, r5 = TSimd.Zero;
        TSimd l6 = TSimd.Zero, r6 = TSimd.Zero;
        TSimd l7 = TSimd.Zero, r7 = TSimd.Zero;
        TSimd l8 = TSimd.Zero, r8 = TSimd.Zero;
        TSimd l9 = TSimd.Zero, r9 = TSimd.Zero;
        TSimd l10 = TSimd.Zero, r10 = TSimd.Zero;
        TSimd l11 = TSimd.Zero, r11 = TSimd.Zero;
        TSimd left, right, x;
        if (aLane == 1)
        {
            // Packed panels, or columns of A that lie as they are wanted: lanes are immediate offsets, and what comes later can be asked for.
            while (kc > 0)
            {
                ahead->FetchPart(Rows, Columns);
                nint end = Math.Max(0, kc - ahead->Depth);
                for (; kc > end; kc--)
                {
                    FetchStep(a + (StepsAhead * aStep), b + (StepsAhead * bStep));
                    left = TSimd.Load(b);
                    right = TSimd.Load(b + TSimd.Count);
                    b += bStep;
                    x = TSimd.Broadcast(a[0]);
                    TSimd.MultiplyAddTo(ref l0, x, left);
                    TSimd.MultiplyAddTo(ref r0, x, right);
                    x = TSimd.Broadcast(a[1]);
                    TSimd.MultiplyAddTo(ref l1, x, left);
                    TSimd.MultiplyAddTo(ref r1, x, right);
                    x = TSimd.Broadcast(a[2]);
                    TSimd.MultiplyAddTo(ref l2, x, left);
                    TSimd.MultiplyAddTo(ref r2, x, right);
                    x = TSimd.Broadcast(a[3]);
                    TSimd.MultiplyAddTo(ref l3, x, left);
                    TSimd.MultiplyAddTo(ref r3, x, right);
                    x = TSimd.Broadcast(a[4]);
                    TSimd.MultiplyAddTo(ref l4, x, left);
                    TSimd.MultiplyAddTo(ref r4, x, right);
                    x = TSimd.Broadcast(a[5]);
                    TSimd.MultiplyAddTo(ref l5, x, left);
                    TSimd.MultiplyAddTo(ref r5, x, right);
                    if (Rows <= 6)
                    {
                        a += aStep;
                        continue;
                    }

                    x = TSimd.Broadcast(a[6]);
                    TSimd.MultiplyAddTo(ref l6, x, left);
                    TSimd.MultiplyAddTo(ref r6, x, right);
                    x = TSimd.Broadcast(a[7]);
                    TSimd.MultiplyAddTo(ref l7, x, left);
                    TSimd.MultiplyAddTo(ref r7, x, right);
                    if (Rows <= 8)
                    {
                        a += aStep;
                        continue;
                    }

                    x = TSimd.Broadcast(a[8]);
                    TSimd.MultiplyAddTo(ref l8, x, left);
                    TSimd.MultiplyAddTo(ref r8, x, right);
                    x = TSimd.Broadcast(a[9]);
                    TSimd.MultiplyAddTo(ref l9, x, left);
                    TSimd.MultiplyAddTo(ref r9, x, right);
                    x = TSimd.Broadcast(a[10]);
                    TSimd.MultiplyAddTo(ref l10, x, left);
                    TSimd.MultiplyAddTo(ref r10, x, right);
                    x = TSimd.Broadcast(a[11]);
                    TSimd.MultiplyAddTo(ref l11, x, left);
                    TSimd.MultiplyAddTo(ref r11, x, right);
                    a += aStep;
                }
            }
        }

        // Operands where they lie. Base pointers three rows apart: with one and two lanes as offsets every row is one addressing mode away. Twice the
        // lane is computed in each step: kept, it would take the register of another step.
        nint aBytes = aStep * sizeof(T);
        T* a3 = a + (3 * aLane);
        T* a6 = a3 + (3 * aLane);
        T* a9 = a6 + (3 * aLane);
        while (kc > 0)
        {
            ahead->FetchPart(Rows, Columns);
            nint end = Math.Max(0, kc - ahead->Depth);
            for (; kc > end; kc--)
            {
                left = TSimd.Load(b);
                right = TSimd.Load(b + TSimd.Count);
                b += bStep;
                x = TSimd.Broadcast(*a);
                TSimd.MultiplyAddTo(ref l0, x, left);
                TSimd.MultiplyAddTo(ref r0, x, right);
                x = TSimd.Broadcast(a[aLane]);
                TSimd.MultiplyAddTo(ref l1, x, left);
                TSimd.MultiplyAddTo(ref r1, x, right);
                x = TSimd.Broadcast(a[2 * aLane]);
                TSimd.MultiplyAddTo(ref l2, x, left);
                TSimd.MultiplyAddTo(ref r2, x, right);
                a = (T*)((byte*)a + aBytes);
                x = TSimd.Broadcast(*a3);
                TSimd.MultiplyAddTo(ref l3, x, left);
                TSimd.MultiplyAddTo(ref r3, x, right);
                x = TSimd.Broadcast(a3[aLane]);
                TSimd.MultiplyAddTo(ref l4, x, left);
                TSimd.MultiplyAddTo(ref r4, x, right);
                x = TSimd.Broadcast(a3[2 * aLane]);
                TSimd.MultiplyAddTo(ref l5, x, left);
                TSimd.MultiplyAddTo(ref r5, x, right);
                a3 = (T*)((byte*)a3 + aBytes);
                if (Rows <= 6)
                    continue;
                x = TSimd.Broadcast(*a6);
                TSimd.MultiplyAddTo(ref l6, x, left);
                TSimd.MultiplyAddTo(ref r6, x, right);
                x = TSimd.Broadcast(a6[aLane]);
                TSimd.MultiplyAddTo(ref l7, x, left);
                TSimd.MultiplyAddTo(ref r7, x, right);
                if (Rows <= 8)
                {
                    a6 = (T*)((byte*)a6 + aBytes);
                    continue;
                }

                x = TSimd.Broadcast(a6[2 * aLane]);
                TSimd.MultiplyAddTo(ref l8, x, left);
                TSimd.MultiplyAddTo(ref r8, x, right);
                a6 = (T*)((byte*)a6 + aBytes);
                x = TSimd.Broadcast(*a9);
                TSimd.MultiplyAddTo(ref l9, x, left);
                TSimd.MultiplyAddTo(ref r9, x, right);
                x = TSimd.Broadcast(a9[aLane]);
                TSimd.MultiplyAddTo(ref l10, x, left);
                TSimd.MultiplyAddTo(ref r10, x, right);
                x = TSimd.Broadcast(a9[2 * aLane]);
                TSimd.MultiplyAddTo(ref l11, x, left);
                TSimd.MultiplyAddTo(ref r11, x, right);
                a9 = (T*)((byte*)a9 + aBytes);
            }
        }

        Store(l0, r0, c, update);
        Store(l1, r1, c += cStride, update);
        Store(l2, r2, c += cStride, update);
        Store(l3, r3, c += cStride, update);
        Store(l4, r4, c += cStride, update);
        Store(l5, r5, c += cStride, update);
        if (Rows <= 6)
            return;
        Store(l6, r6, c += cStride, update);
        Store(l7, r7, c += cStride, update);
        if (Rows <= 8)
            return;
        Store(l8, r8, c += cStride, update);
        Store(l9, r9, c += cStride, update);
        Store(l10, r10, c += cStride, update);
        Store(l11, r11, c += cStride, update);
    }

    // Panels come from the second-level cache or farther away, columns of A from a page each: not every processor sees by itself what comes next.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FetchStep(T* a, T* b)
    {
        Prefetch.ToFirstLevel(a);
        Prefetch.ToFirstLevel(a + Rows - 1);
        Prefetch.ToFirstLevel(b);
        if (TSimd.Count * sizeof(T) >= Prefetch.LineBytes)
            Prefetch.ToFirstLevel(b + TSimd.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyShort(
        nint kc, T* a, nint aLane, nint aStep, T* b, nint bStep, T* c, nint cStride, Update update, TileAhead<T>* ahead)
    {
        if (IsTall)
            Tile<TSimd, T, EightRows>.Multiply(kc, a, aLane, aStep, b, bStep, c, cStride, update, ahead);
        else
            Multiply(kc, a, aLane, aStep, b, bStep, c, cStride, update, ahead);
    }

    public static void MultiplyPart(int rows, int columns, nint kc, T* a, nint aLane, nint aStep, T* b, nint bStep, T* sums, TileAhead<T>* ahead)
    {
        if (IsNarrow(columns))
        {
            ahead->FetchAll(Rows, Columns);
            NarrowTile<TSimd, T>.Multiply(kc, a, aLane, aStep, b, bStep, sums, Columns);
        }
        else if (rows <= ShortRows)
        {
            MultiplyShort(kc, a, aLane, aStep, b, bStep, sums, Columns, Update.Assign, ahead);
        }
        else
        {
            Multiply(kc, a, aLane, aStep, b, bStep, sums, Columns, Update.Assign, ahead);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TSimd left, TSimd right, T* c, Update update)
    {
        if (update != Update.Assign)
        {
            TSimd oldLeft = TSimd.Load(c), oldRight = TSimd.Load(c + TSimd.Count);
            left = update == Update.Add ? oldLeft + left : oldLeft - left;
            right = update == Update.Add ? oldRight + right : oldRight - right;
        }

        TSimd.Store(left, c);
        TSimd.Store(right, c + TSimd.Count);
    }

    public static void UpdatePart(T* sums, int rows, int columns, T* c, nint cStride, in TileStore<T> store) =>
        TileUpdate.Run<TSimd, T>(sums, Columns, rows, columns, c, cStride, store);

    public static void Substitute(T* diagonal, T* sums, T* x, T* b, nint bStride)
    {
        TileSubstitution.SolveGroup<TSimd, T>(diagonal, Rows, sums, x, b, bStride);
        if (!IsTall)
            return;
        TileSubstitution.AddGroup<TSimd, T>(diagonal + TriangularBlock.Group, Rows, x, sums + (TriangularBlock.Group * Columns));
        TileSubstitution.SolveGroup<TSimd, T>(
            diagonal + (TriangularBlock.Group * (Rows + 1)), Rows, sums + (TriangularBlock.Group * Columns), x + (TriangularBlock.Group * Columns),
            b + (TriangularBlock.Group * bStride), bStride);
    }
}
