using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Proximal;

namespace ProxProp.Engine.Training;

// Forward through the network and back: a direction for every layer, the last one first.
public sealed partial class TrainingStep<T>
{
    /// <summary>Forward and backward; running statistics move with the forward pass.</summary>
    private LossValue FindDirections(ReadOnlySpan<T> samples, Targets<T> targets, int batch)
    {
        if (batch < 1 || batch > MaxBatch)
            throw new ArgumentOutOfRangeException(nameof(batch), batch, $"A batch of 1 to {MaxBatch} samples was expected.");
        MicroBatches.CheckSize(_network, batch);
        if (_directions.InParts && !targets.Fit(batch))
        {
            throw new ArgumentException(
                $"One label or one row of values for each of {batch} samples was expected, but got {targets.Labels.Length} labels and {targets.Values.Length} values.", nameof(targets));
        }

        _loss.Check(targets, batch);
        if (!_directions.InParts)
            return Sweep(PassOf(batch), samples, targets, batch);
        _directions.Begin();
        LossValue value = SweepParts(samples, targets, batch);
        if (double.IsFinite(value.Loss) && _directions.Solve(PassOf(batch), _network, _direction.Span, _reports))
        {
            SweepParts(samples, targets, batch);
            _directions.Solve(PassOf(batch), _network, _direction.Span, _reports);
        }

        return value;
    }

    private LossValue SweepParts(ReadOnlySpan<T> samples, Targets<T> targets, int batch)
    {
        var sum = new LossValue(0, 0);
        for (int first = 0; first < batch && double.IsFinite(sum.Loss); first += _network.MaxBatch)
        {
            Pass part = PassOf(Math.Min(_network.MaxBatch, batch - first)) with { First = first };
            LossValue value = Sweep(part, MicroBatches.Rows(samples, part, _network.Input), targets.Slice(first, part.Batch, batch), batch);
            sum = MicroBatches.Add(sum, value, (double)part.Batch / batch);
        }

        return sum;
    }

    /// <summary>Forward and backward over a batch, or over a part of one of <paramref name="whole"/> samples.</summary>
    private LossValue Sweep(in Pass pass, ReadOnlySpan<T> samples, Targets<T> targets, int whole)
    {
        int batch = pass.Batch;
        LastPart = (pass.First, batch);
        ReadOnlySpan<T> output = _network.Forward(pass, samples, Observer);
        Span<T> delta = _delta.Span, other = _otherDelta.Span;
        LossValue value = _loss.Evaluate(pass, output, targets, delta[..output.Length]);
        Observer?.Done(StepPart.Loss, -1);
        if (!double.IsFinite(value.Loss))
            return value;
        if (batch < whole)
            Elementwise.Scale(pass.Compute, T.CreateTruncating((double)batch / whole), delta[..output.Length], delta[..output.Length]);

        for (int i = _network.Layers.Count - 1; i >= _directions.FirstLayer; i--)
        {
            Layer<T> layer = _network.Layers[i];
            ReadOnlySpan<T> a = _network.InputOf(i, batch, samples);
            Span<T> dz = delta[..(batch * layer.Output.Size)];
            if (layer is ParametricLayer<T> parametric)
            {
                LayerReport report = _directions.Compute(pass, i, parametric, a, dz, _direction.Span);
                if (!_directions.InParts)
                    _reports[i] = report;
                Observer?.Done(StepPart.Direction, i);
            }

            if (i == _directions.FirstLayer || layer.BufferUse == BufferUse.View || ReluBeforeMaximum.IsAt(_network, i))
                continue;
            Span<T> da = (layer.BackwardInPlace ? delta : other)[..(batch * layer.Input.Size)];
            ReadOnlySpan<T> z = _network.OutputOf(i, batch, samples);
            ReluBeforeMaximum.Backward(_network, i, pass, z, dz);
            layer.Backward(pass, a, z, dz, da);
            Observer?.Done(StepPart.Derivative, i);
            if (!layer.BackwardInPlace)
            {
                Span<T> swap = delta;
                delta = other;
                other = swap;
            }
        }

        return value;
    }
}
