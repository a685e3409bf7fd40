using System.Runtime.InteropServices;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Training;

namespace ProxProp.Native;

/// <summary>The proxprop_trainer_… functions.</summary>
internal static unsafe class TrainerExports
{
    [UnmanagedCallersOnly(EntryPoint = "proxprop_trainer_options_init")]
    public static Status InitializeOptions(TrainerOptions* options)
    {
        try
        {
            Arguments.Output(options, nameof(options));
            *options = OpenTrainer.Defaults;
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "proxprop_trainer_create")]
    public static Status Create(nint network, TrainerOptions* options, nint* trainer)
    {
        try
        {
            Arguments.Output(trainer, nameof(trainer));
            *trainer = 0;
            TrainerOptions chosen = options == null ? OpenTrainer.Defaults : Arguments.Structure(options, nameof(options));
            using Lease<OpenNetwork> lease = Handles.Enter<OpenNetwork>(network, nameof(network));
            *trainer = Handles.Add(new OpenTrainer(lease.Value, chosen));
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "proxprop_trainer_close")]
    public static Status Close(nint trainer)
    {
        try
        {
            using Lease<OpenTrainer> lease = Handles.Enter<OpenTrainer>(trainer, nameof(trainer));
            Handles.Remove(trainer, lease.Value);
            lease.Value.Dispose();
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "proxprop_trainer_step_labels")]
    public static Status StepLabels(
        nint trainer, float* samples, nuint sampleElements, int* labels, nuint batch, double learningRate, StepOutcome* result)
    {
        try
        {
            return Step(
                trainer, samples, sampleElements, new Targets<float>(Arguments.Buffer(labels, batch, nameof(labels))), batch, learningRate, result);
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "proxprop_trainer_step_values")]
    public static Status StepValues(
        nint trainer, float* samples, nuint sampleElements, float* values, nuint valueElements, nuint batch, double learningRate, StepOutcome* result)
    {
        try
        {
            var targets = new Targets<float>((ReadOnlySpan<float>)Arguments.Buffer(values, valueElements, nameof(values)));
            return Step(trainer, samples, sampleElements, targets, batch, learningRate, result);
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "proxprop_trainer_layer_report")]
    public static Status Report(nint trainer, int layer, LayerOutcome* report)
    {
        try
        {
            using Lease<OpenTrainer> lease = Handles.Enter<OpenTrainer>(trainer, nameof(trainer));
            ref LayerOutcome target = ref Arguments.Structure(report, nameof(report));
            TrainingStep<float> step = lease.Value.Step;
            if (layer < 0 || layer >= step.Reports.Length)
                throw new ArgumentException($"'layer' is {layer}; expected 0 to {step.Reports.Length - 1}.");
            LayerReport found = step.Reports[layer];
            target.Parameters = step.Network.Layers[layer] is ParametricLayer<float> parametric ? parametric.ParameterCount : 0;
            target.Solver = (int)found.Solver;
            target.Status = (int)found.Status;
            target.Iterations = found.Iterations;
            target.TauTheta = found.TauTheta;
            target.Residual = found.RelativeResidual;
            target.Cosine = found.Cosine;
            target.NormRatio = found.NormRatio;
            return Status.Ok;
        }
        catch (Exception e)
        {
            return LastError.Set(e);
        }
    }

    private static Status Step(
        nint trainer, float* samples, nuint sampleElements, Targets<float> targets, nuint batch, double learningRate, StepOutcome* result)
    {
        ref StepOutcome target = ref Arguments.Structure(result, nameof(result));
        Span<float> given = Arguments.Buffer(samples, sampleElements, nameof(samples));
        using Lease<OpenTrainer> lease = Handles.Enter<OpenTrainer>(trainer, nameof(trainer));
        TrainingStep<float> step = lease.Value.Step;
        Network<float> network = step.Network;
        if (batch < 1 || batch > (nuint)network.MaxBatch)
            throw new ArgumentException($"'batch' is {batch}; expected 1 to {network.MaxBatch}.");
        if (sampleElements != batch * (nuint)network.Input.Size)
        {
            throw new ArgumentException(
                $"'samples' has {sampleElements} elements; expected {batch} x {network.Input.Size} = {batch * (nuint)network.Input.Size}.");
        }

        if (!(learningRate > 0) || !double.IsFinite(learningRate))
            throw new ArgumentException($"'learning_rate' is {learningRate}; expected a positive number.");
        StepResult done = step.Run(given, targets, (int)batch, learningRate);
        target.Correct = done.Correct;
        target.Loss = done.Loss;
        target.StepsDone = step.StepsDone;
        target.BufferBytes = step.BufferBytes;
        if (done.Updated)
            return Status.Ok;
        string found = NonFinite.Describe(step, given, (int)batch, step.StepsDone + 1, done.Loss);
        throw new StatusException(Status.NotFinite, $"{found} The parameters are unchanged.");
    }
}
