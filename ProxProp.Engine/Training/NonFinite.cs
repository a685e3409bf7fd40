using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Training;

/// <summary>Finds out where a loss that is not finite came from.</summary>
internal static class NonFinite
{
    /// <summary>One sentence that names the step and the first layer whose parameters or output, or direction, are not finite.</summary>
    /// <remarks>Runs layer by layer over what the failed forward pass left behind.</remarks>
    public static string Describe<T>(TrainingStep<T> trained, ReadOnlySpan<T> samples, int batch, long step, double loss)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Network<T> network = trained.Network;
        if (double.IsFinite(loss))
            return DescribeDirection(trained, step);
        string start = $"The loss became {loss} at step {step}: ";
        if (!Reductions.AllFinite(network.Compute, samples[..(batch * network.Input.Size)]))
            return start + "the input data of that batch are not finite.";
        (int first, batch) = trained.LastPart;
        samples = samples[(first * network.Input.Size)..];
        for (int i = 0; i < network.Layers.Count; i++)
        {
            Layer<T> layer = network.Layers[i];
            if (layer is ParametricLayer<T> parametric && !Reductions.AllFinite(network.Compute, parametric.Parameters))
                return start + $"the parameters of layer {i} ({layer}) are not finite after the update before. Try a smaller learning rate.";
            if (!Reductions.AllFinite(network.Compute, network.OutputOf(i, batch, samples)))
                return start + $"the output of layer {i} ({layer}) is not finite. Try a smaller learning rate.";
        }

        return start + "the loss itself overflowed on finite outputs. Try a smaller learning rate.";
    }

    /// <summary>One sentence that names the step and the first layer whose parameters or running statistics an update has left not finite.</summary>
    public static string DescribeUpdate<T>(Network<T> network, long step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int i = 0; i < network.Layers.Count; i++)
        {
            if (network.Layers[i] is ParametricLayer<T> parametric && !Reductions.AllFinite(network.Compute, parametric.Parameters))
                return $"The update of step {step} left the parameters of layer {i} ({parametric}) not finite. Try a smaller learning rate.";
        }

        return $"Step {step} left running statistics that are not finite. Try a smaller learning rate.";
    }

    private static string DescribeDirection<T>(TrainingStep<T> trained, long step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int layer = trained.NonFiniteDirection;
        return $"The direction of layer {layer} ({trained.Network.Layers[layer]}) is not finite at step {step}. Try smaller starting weights or scaled data.";
    }
}
