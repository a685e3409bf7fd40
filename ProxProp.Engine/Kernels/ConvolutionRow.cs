using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>One row of a register tile: a fixed number of vectors, each with a place of its own in memory.</summary>
internal unsafe interface IVectorRow<TSelf, V, T>
    where TSelf : unmanaged, IVectorRow<TSelf, V, T>
    where V : unmanaged, ISimd<V, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    static abstract int Vectors { get; }

    static abstract TSelf Zero { get; }

    static abstract TSelf Load(T* p0, T* p1, T* p2, nint offset);

    static abstract void Store(TSelf row, T* p0, T* p1, T* p2, nint offset);

    /// <summary>sums ← a·b + sums.</summary>
    static abstract void MultiplyAddTo(ref TSelf sums, V a, TSelf b);

    static abstract TSelf Add(TSelf left, TSelf right);

    static abstract TSelf Add(TSelf row, V value);

    static abstract TSelf Relu(TSelf row);
}

/// <summary>One vector.</summary>
internal unsafe struct VectorRow1<V, T> : IVectorRow<VectorRow1<V, T>, V, T>
    where V : unmanaged, ISimd<V, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private V _v0;

    public static int Vectors => 1;

    public static VectorRow1<V, T> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { _v0 = V.Zero };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorRow1<V, T> Load(T* p0, T* p1, T* p2, nint offset) => new() { _v0 = V.Load(p0 + offset) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(VectorRow1<V, T> row, T* p0, T* p1, T* p2, nint offset) => V.Store(row._v0, p0 + offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref VectorRow1<V, T> sums, V a, VectorRow1<V, T> b) => V.MultiplyAddTo(ref sums._v0, a, b._v0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorRow1<V, T> Add(VectorRow1<V, T> left, VectorRow1<V, T> right) => new() { _v0 = left._v0 + right._v0 };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorRow1<V, T> Add(VectorRow1<V, T> row, V value) => new() { _v0 = row._v0 + value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorRow1<V, T> Relu(VectorRow1<V, T> row) => new() { _v0 = V.Max(V.Zero, row._v0) };
}

/// <summary>Two vectors.</summary>
internal unsafe struct VectorRow2<V, T> : IVectorRow<VectorRow2<V, T>, V, T>
    where V : unmanaged, ISimd<V, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private V _v0;
    private V _v1;

    public static int Vectors => 2;

    public static VectorRow2<V, T> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { _v0 = V.Zero, _v1 = V.Zero };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorRow2<V, T> Load(T* p0, T* p1, T* p2, nint offset) => new() { _v0 = V.Load(p0 + offset), _v1 = V.Load(p1 + offset) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(VectorRow2<V, T> row, T* p0, T* p1, T* p2, nint offset)
    {
        V.Store(row._v0, p0 + offset);
        V.Store(row._v1, p1 + offset);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref VectorRow2<V, T> sums, V a, VectorRow2<V, T> b)
    {
        V.MultiplyAddTo(ref sums._v0, a, b._v0);
        V.MultiplyAddTo(ref sums._v1, a, b._v1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorRow2<V, T> Add(VectorRow2<V, T> left, VectorRow2<V, T> right) => new() { _v0 = left._v0 + right._v0, _v1 = left._v1 + right._v1 };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorRow2<V, T> Add(VectorRow2<V, T> row, V value) => new() { _v0 = row._v0 + value, _v1 = row._v1 + value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorRow2<V, T> Relu(VectorRow2<V, T> row) => new() { _v0 = V.Max(V.Zero, row._v0), _v1 = V.Max(V.Zero, row._v1) };
}

/// <summary>Three vectors.</summary>
internal unsafe struct VectorRow3<V, T> : IVectorRow<VectorRow3<V, T>, V, T>
    where V : unmanaged, ISimd<V, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private V _v0;
    private V _v1;
    private V _v2;

    public static int Vectors => 3;

    public static VectorRow3<V, T> Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new() { _v0 = V.Zero, _v1 = V.Zero, _v2 = V.Zero };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorRow3<V, T> Load(T* p0, T* p1, T* p2, nint offset) =>
        new() { _v0 = V.Load(p0 + offset), _v1 = V.Load(p1 + offset), _v2 = V.Load(p2 + offset) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(VectorRow3<V, T> row, T* p0, T* p1, T* p2, nint offset)
    {
        V.Store(row._v0, p0 + offset);
        V.Store(row._v1, p1 + offset);
        V.Store(row._v2, p2 + offset);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MultiplyAddTo(ref VectorRow3<V, T> sums, V a, VectorRow3<V, T> b)
    {
        V.MultiplyAddTo(ref sums._v0, a, b._v0);
        V.MultiplyAddTo(ref sums._v1, a, b._v1);
        V.MultiplyAddTo(ref sums._v2, a, b._v2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorRow3<V, T> Add(VectorRow3<V, T> left, VectorRow3<V, T> right) => new() { _v0 = left._v0 + right._v0, _v1 = left._v1 + right._v1, _v2 = left._v2 + right._v2 };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorRow3<V, T> Add(VectorRow3<V, T> row, V value) =>
        new() { _v0 = row._v0 + value, _v1 = row._v1 + value, _v2 = row._v2 + value };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static VectorRow3<V, T> Relu(VectorRow3<V, T> row) =>
        new() { _v0 = V.Max(V.Zero, row._v0), _v1 = V.Max(V.Zero, row._v1), _v2 = V.Max(V.Zero, row._v2) };
}
