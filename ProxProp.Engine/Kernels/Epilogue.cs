namespace ProxProp.Engine.Kernels;

/// <summary>What a matrix product does to each element of C as it is stored for the last time: c ← relu(c + bias), either part optional.</summary>
/// <typeparam name="T">Element type.</typeparam>
public readonly ref struct Epilogue<T>
    where T : unmanaged
{
    /// <summary>One value per column of C, added to every row after the sum over k; empty for none.</summary>
    public ReadOnlySpan<T> ColumnBias { get; init; }

    /// <summary>Whether to apply x ≤ 0 ? 0 : x at the end, which lets NaN pass.</summary>
    public bool Relu { get; init; }
}
