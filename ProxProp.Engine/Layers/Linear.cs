using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Layers;

/// <summary>z = a·Wᵀ + b, with W outputs × inputs as in PyTorch. An image at the input is taken as the vector of its elements.</summary>
/// <remarks>
/// <para>A is the batch itself with a column of ones for the bias: one row per sample. With δ = dz:</para>
/// <para>dW = δᵀa, db = δᵀ1, da = δW; AᵀA = [aᵀa, aᵀ1; 1ᵀa, N]; AAᵀ = aaᵀ + 11ᵀ.</para>
/// </remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Linear<T> : ProximalLayer<T>, IDualGramLayer<T>, IAddsInPlace<T>, IFusesRelu
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>A layer with <paramref name="outputs"/> output units.</summary>
    /// <param name="outputs">Number of output units, 1 or more.</param>
    /// <param name="bias">Whether there is a bias.</param>
    public Linear(int outputs, bool bias = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputs);
        Outputs = outputs;
        HasBias = bias;
    }

    /// <summary>Number of output units.</summary>
    public int Outputs { get; }

    /// <summary>Whether there is a bias.</summary>
    public bool HasBias { get; }

    /// <inheritdoc/>
    public override BlockLayout Layout => new(Outputs, Input.Size, HasBias);

    /// <inheritdoc/>
    public override ProximalLayer<double>? InDouble() => new Linear<double>(Outputs, HasBias);

    /// <inheritdoc/>
    public int RowsPerSample => 1;

    /// <inheritdoc/>
    public bool FuseRelu { get; set; }

    /// <inheritdoc/>
    public override void Initialize(Generator generator, Span<T> theta) => InitializeUniform(generator, theta, Input.Size);

    /// <inheritdoc/>
    public override void Forward(in Pass pass, ReadOnlySpan<T> a, Span<T> z) => Multiply(pass, a, Parameters, z, FuseRelu);

    /// <inheritdoc/>
    public override void Apply(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> theta, Span<T> z) => Multiply(pass, a, theta, z, false);

    /// <inheritdoc/>
    public override void ApplyAdjoint(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> dz, Span<T> dtheta)
    {
        var delta = new ReadOnlyMatrix<T>(dz, pass.Batch, Outputs);
        Gemm.Assign(pass.Compute, delta.Transposed, Rows(pass, a), new Matrix<T>(dtheta, Outputs, Input.Size));
        if (HasBias)
            ColumnReductions.Sum(pass.Compute, delta, dtheta.Slice(Layout.WeightCount, Outputs));
    }

    /// <inheritdoc/>
    public override void Backward(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> z, ReadOnlySpan<T> dz, Span<T> da) => Gemm.Assign(
        pass.Compute,
        new ReadOnlyMatrix<T>(dz, pass.Batch, Outputs),
        new ReadOnlyMatrix<T>(Parameters, Outputs, Input.Size),
        new Matrix<T>(da, pass.Batch, Input.Size));

    /// <inheritdoc/>
    public void ExpectGram(ComputeContext products, int batch) => products.Expect<T>(Input.Size, Input.Size, batch);

    /// <inheritdoc/>
    public void ExpectDualGram(ComputeContext products, int batch) => products.Expect<T>(batch, batch, Input.Size);

    /// <inheritdoc/>
    public double GramFlops(int batch) => (double)batch * Input.Size * Input.Size;

    /// <inheritdoc/>
    public void Gram(in Pass pass, ReadOnlySpan<T> a, Matrix<T> gram)
    {
        ReadOnlyMatrix<T> rows = Rows(pass, a);
        int inputs = Input.Size;
        Syrk.Assign(pass.Compute, rows.Transposed, new Matrix<T>(gram.Data, inputs, inputs, gram.Stride));
        if (!HasBias)
            return;
        Span<T> border = gram.Data.Slice(inputs * gram.Stride, inputs);
        ColumnReductions.Sum(pass.Compute, rows, border);
        for (int i = 0; i < inputs; i++)
            gram[i, inputs] = border[i];
        gram[inputs, inputs] = T.CreateSaturating(pass.Batch);
    }

    /// <inheritdoc/>
    public void GramDiagonal(in Pass pass, ReadOnlySpan<T> a, Span<T> diagonal)
    {
        ReadOnlyMatrix<T> rows = Rows(pass, a);
        ColumnReductions.Dot(pass.Compute, rows, rows, diagonal[..Input.Size]);
        if (HasBias)
            diagonal[Input.Size] = T.CreateSaturating(pass.Batch);
    }

    /// <inheritdoc/>
    public void DualGram(in Pass pass, ReadOnlySpan<T> a, Matrix<T> gram)
    {
        Syrk.Assign(pass.Compute, Rows(pass, a), gram);
        if (HasBias)
            AddOnes(pass, gram);
    }

    int IAddsInPlace<T>.Scratch => HasBias ? Math.Max(Outputs, Input.Size) : 0;

    void IAddsInPlace<T>.AddAdjoint(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> dz, Span<T> dtheta, Span<T> scratch)
    {
        var delta = new ReadOnlyMatrix<T>(dz, pass.Batch, Outputs);
        Gemm.Accumulate(pass.Compute, delta.Transposed, Rows(pass, a), new Matrix<T>(dtheta, Outputs, Input.Size));
        if (!HasBias)
            return;
        Span<T> sums = scratch[..Outputs], bias = dtheta.Slice(Layout.WeightCount, Outputs);
        ColumnReductions.Sum(pass.Compute, delta, sums);
        Elementwise.Axpy<T>(pass.Compute, T.One, sums, bias);
    }

    void IAddsInPlace<T>.AddGram(in Pass pass, ReadOnlySpan<T> a, Matrix<T> gram, Span<T> scratch)
    {
        ReadOnlyMatrix<T> rows = Rows(pass, a);
        int inputs = Input.Size;
        Syrk.Accumulate(pass.Compute, rows.Transposed, new Matrix<T>(gram.Data, inputs, inputs, gram.Stride));
        if (!HasBias)
            return;
        Span<T> sums = scratch[..inputs];
        ColumnReductions.Sum(pass.Compute, rows, sums);
        for (int i = 0; i < inputs; i++)
            gram[i, inputs] = gram[inputs, i] += sums[i];
        gram[inputs, inputs] += T.CreateSaturating(pass.Batch);
    }

    /// <inheritdoc/>
    protected override Shape Build(in PlanContext plan, Shape input)
    {
        DeclareParameter("weight", Outputs, input.Size);
        if (HasBias)
            DeclareParameter("bias", Outputs);
        int batch = plan.MaxBatch;
        plan.Products?.Expect<T>(batch, Outputs, input.Size);
        plan.Products?.Expect<T>(Outputs, input.Size, batch, transposed: true);
        if (plan.LayerIndex > 0)
            plan.Products?.Expect<T>(batch, input.Size, Outputs);
        return Shape.Vector(Outputs);
    }

    private void Multiply(in Pass pass, ReadOnlySpan<T> a, ReadOnlySpan<T> theta, Span<T> z, bool relu) => Gemm.Assign(
        pass.Compute,
        Rows(pass, a),
        new ReadOnlyMatrix<T>(theta, Outputs, Input.Size).Transposed,
        new Matrix<T>(z, pass.Batch, Outputs),
        new Epilogue<T> { ColumnBias = HasBias ? theta.Slice(Layout.WeightCount, Outputs) : default, Relu = relu });

    // The column of ones adds 1 to every inner product of two rows.
    private static void AddOnes(in Pass pass, Matrix<T> gram)
    {
        Span<T> all = gram.Data[..(((gram.Rows - 1) * gram.Stride) + gram.Columns)];
        Elementwise.Map(pass.Compute, new AddConstantMap<T>(T.One), all, all);
    }

    private ReadOnlyMatrix<T> Rows(in Pass pass, ReadOnlySpan<T> a) => new(a, pass.Batch, Input.Size);
}
