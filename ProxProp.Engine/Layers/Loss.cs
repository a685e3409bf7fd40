using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Layers;

/// <summary>What a batch should have given: class labels, or values in the shape of the output.</summary>
/// <typeparam name="T">float or double.</typeparam>
public readonly ref struct Targets<T>
    where T : unmanaged
{
    /// <summary>One class label per sample.</summary>
    public Targets(ReadOnlySpan<int> labels) => Labels = labels;

    /// <summary>One row of values per sample.</summary>
    public Targets(ReadOnlySpan<T> values) => Values = values;

    /// <summary>Class labels; empty where the targets are values.</summary>
    public ReadOnlySpan<int> Labels { get; }

    /// <summary>Values; empty where the targets are labels.</summary>
    public ReadOnlySpan<T> Values { get; }

    /// <summary>Whether there is one label, or one row of values, for each sample of a batch.</summary>
    internal bool Fit(int batch) => Labels.Length == batch || (Values.Length > 0 && Values.Length % batch == 0);

    /// <summary>Those of some samples of a batch that they <see cref="Fit"/>.</summary>
    internal Targets<T> Slice(int first, int count, int batch)
    {
        if (Labels.Length == batch)
            return new Targets<T>(Labels.Slice(first, count));
        int row = Values.Length / batch;
        return new Targets<T>(Values.Slice(first * row, count * row));
    }

    /// <summary>Labels as targets.</summary>
    public static implicit operator Targets<T>(ReadOnlySpan<int> labels) => new(labels);
}

/// <summary>Loss and derivative of one batch.</summary>
/// <param name="Loss">Mean over the batch.</param>
/// <param name="Correct">Samples whose largest output is the label's; −1 where the targets are no labels.</param>
public readonly record struct LossValue(double Loss, int Correct);

/// <summary>L_y, the function at the end of a network.</summary>
/// <typeparam name="T">float or double.</typeparam>
public abstract class Loss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private int _maxBatch, _outputs;

    /// <summary>
    /// Size of the terms that the loss is a difference of: a loss near zero is still rounded to ε times this. 0, as here, where it is a sum of
    /// numbers of one sign.
    /// </summary>
    public virtual double TermSize => 0;

    /// <summary>
    /// Name and numbers that the loss depends on, as a checkpoint compares them: a loss of one's own that has numbers tells them here. The type's name,
    /// where nothing else is said.
    /// </summary>
    public virtual string Settings => GetType().Name.Split('`')[0];

    /// <summary>Whether the loss belongs to a training step or an evaluator.</summary>
    internal bool IsOwned { get; private set; }

    /// <summary>Reserves memory.</summary>
    public abstract void Plan(in PlanContext plan, Shape output);

    /// <summary>Makes the loss part of a training step or an evaluator.</summary>
    /// <exception cref="InvalidOperationException">It is part of another one.</exception>
    internal void Attach(in PlanContext plan, Shape output)
    {
        if (IsOwned)
            throw new InvalidOperationException($"This {GetType().Name.Split('`')[0]} belongs to a training step already; make one for each.");
        (IsOwned, _maxBatch, _outputs) = (true, plan.MaxBatch, output.Size);
        Plan(plan, output);
    }

    /// <summary>Refuses a network that the loss, which belongs to a training step or an evaluator, was not planned for.</summary>
    /// <exception cref="ArgumentException">The network has another number of outputs, or a larger largest batch.</exception>
    internal void CheckFits(int maxBatch, Shape output)
    {
        if (output.Size != _outputs || maxBatch > _maxBatch)
        {
            throw new ArgumentException(
                $"This {GetType().Name.Split('`')[0]} belongs to a network of {_outputs} outputs with batches of up to {_maxBatch} samples, " +
                $"but this network has {output.Size} outputs and batches of up to {maxBatch}; make another loss for it.");
        }
    }

    /// <summary>Refuses targets that <see cref="Evaluate"/> would refuse, before anything is computed. Accepts all, unless a loss knows better.</summary>
    /// <param name="targets">The targets.</param>
    /// <param name="batch">Number of samples.</param>
    /// <exception cref="ArgumentException">The targets are of the wrong kind or number, or a label is out of range.</exception>
    public virtual void Check(Targets<T> targets, int batch)
    {
    }

    /// <summary>The loss of a batch and, where <paramref name="dOutput"/> is not empty, its derivative with respect to the output.</summary>
    /// <exception cref="ArgumentException">The targets are of the wrong kind or number, or a label is out of range.</exception>
    public abstract LossValue Evaluate(in Pass pass, ReadOnlySpan<T> output, Targets<T> targets, Span<T> dOutput);
}

/// <summary>Softmax cross-entropy of logits, averaged over the batch: −1/N Σ log softmax(z_n)[y_n]; dz = (softmax(z) − onehot(y))/N.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class CrossEntropyLoss<T> : Loss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Slot<T> _rowLoss;
    private int _classes;

    /// <summary>1: the loss of a sample is the logarithm of a sum that is 1 at least.</summary>
    public override double TermSize => 1;

    /// <inheritdoc/>
    public override void Plan(in PlanContext plan, Shape output)
    {
        _classes = output.Size;
        _rowLoss = plan.Arena.Reserve<T>("loss per sample", plan.MaxBatch);
    }

    /// <inheritdoc/>
    public override void Check(Targets<T> targets, int batch)
    {
        if (targets.Labels.Length != batch)
        {
            throw new ArgumentException(
                $"Cross-entropy needs one label per sample: {batch} were expected, {targets.Labels.Length} were given.", nameof(targets));
        }

        foreach (int label in targets.Labels)
        {
            if ((uint)label >= (uint)_classes)
                throw new ArgumentException($"Label {label} is out of range: the network has {_classes} outputs (labels 0 to {_classes - 1}).", nameof(targets));
        }
    }

    /// <inheritdoc/>
    public override LossValue Evaluate(in Pass pass, ReadOnlySpan<T> output, Targets<T> targets, Span<T> dOutput)
    {
        Check(targets, pass.Batch);
        var logits = new ReadOnlyMatrix<T>(output, pass.Batch, _classes);
        Span<T> rowLoss = _rowLoss.Span[..pass.Batch];
        double loss = dOutput.IsEmpty
            ? SoftmaxCrossEntropy.Loss(pass.Compute, logits, targets.Labels, rowLoss)
            : SoftmaxCrossEntropy.Forward(pass.Compute, logits, targets.Labels, rowLoss, new Matrix<T>(dOutput, pass.Batch, _classes));
        return new LossValue(loss, SoftmaxCrossEntropy.CountCorrect(logits, targets.Labels));
    }
}

/// <summary>Mean squared error over all elements, as PyTorch's: 1/(N·K) Σ (z − y)²; dz = 2(z − y)/(N·K).</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class MeanSquaredErrorLoss<T> : Loss<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private Slot<T> _unused;
    private int _outputs;

    /// <inheritdoc/>
    public override void Plan(in PlanContext plan, Shape output)
    {
        _outputs = output.Size;
        _unused = plan.Arena.Reserve<T>("loss derivative where only the loss is wanted", (long)plan.MaxBatch * _outputs);
    }

    /// <inheritdoc/>
    public override void Check(Targets<T> targets, int batch)
    {
        if (targets.Values.Length != (long)batch * _outputs)
        {
            throw new ArgumentException(
                $"Mean squared error needs {batch} x {_outputs} target values, but got {targets.Values.Length}.", nameof(targets));
        }
    }

    /// <inheritdoc/>
    public override LossValue Evaluate(in Pass pass, ReadOnlySpan<T> output, Targets<T> targets, Span<T> dOutput)
    {
        Check(targets, pass.Batch);
        int expected = pass.Batch * _outputs;
        Span<T> derivative = dOutput.IsEmpty ? _unused.Span[..expected] : dOutput[..expected];
        return new LossValue(MeanSquaredError.Forward(pass.Compute, output[..expected], targets.Values, derivative), -1);
    }
}
