namespace ProxProp.Mutation.Faults;

/// <summary>Faults in the training step, the learning rate and the data.</summary>
internal static class TrainingFaults
{
    private const string Step = "Training/TrainingStep.cs";

    public static IReadOnlyList<Fault> List { get; } =
    [
        new("batch normalisation is trained on parts of a batch", "Layers/BatchNorm.cs",
            "NeedsWholeBatch => true",
            "NeedsWholeBatch => MinTrainingBatch > 1",
            "MicroBatchTests"),
        new("a refused step leaves the running statistics of its batch", "Training/TrainingStep.cs",
            "            if (!updated)\n                _state.Restore();\n",
            "",
            "RefusedStepTests"),
        new("a context can be claimed twice", "Kernels/ComputeContext.cs",
            "Interlocked.CompareExchange(ref _owner, thread, 0) == 0 ?",
            "Interlocked.CompareExchange(ref _owner, thread, 0) >= 0 ?",
            "NetworkTests"),
        new("a direction that is not finite updates the weights", "Training/TrainingStep.cs",
            "double.IsFinite(value.Loss) && NonFiniteDirection < 0",
            "double.IsFinite(value.Loss)",
            "StepReportTests"),
        new("a gradient is taken for finite where its bound is not", "Training/LayerDirections.cs",
            "Math.Sqrt(Math.Max(input, pass.Batch)) < most",
            "Math.Sqrt(Math.Max(input, pass.Batch)) >= 0",
            "NonFiniteTests"),
        new("the derivative of the layer above is stale", Step,
            "                delta = other;\n",
            "",
            "NetworkGradientTests", "LiteralAlgorithmTests"),
        new("the last parametric layer is proximal too", "Training/LayerDirections.cs",
            "WhyGradient(parametric, i < frozen, i == last)",
            "WhyGradient(parametric, i < frozen, false)",
            "LiteralAlgorithmTests"),
        new("weights are moved before the derivative passes through them", Step,
            "                LayerReport report = _directions.Compute(pass, i, parametric, a, dz, _direction.Span);\n",
            """
                            LayerReport report = _directions.Compute(pass, i, parametric, a, dz, _direction.Span);
                            Kernels.Elementwise.Axpy(
                                pass.Compute, T.CreateSaturating(-0.01), _direction.Span.Slice(_directions.Offsets[i], parametric.ParameterCount), parametric.Parameters);

            """,
            "NetworkGradientTests", "LiteralAlgorithmTests"),
        new("the damping's ratio is turned upside down", "Training/DampingControl.cs",
            "double ratio = (loss - moved) / foreseen;",
            "double ratio = foreseen / (loss - moved);",
            "DampingControlTests"),
        new("a step schedule is one step early", "Optimizers/Schedule.cs",
            "Math.Pow(factor, step / every)",
            "Math.Pow(factor, (step + 1) / every)",
            "ScheduleTests"),
        new("a warm-up starts at zero", "Optimizers/Schedule.cs",
            "(step + 1.0) / steps",
            "(double)step / steps",
            "ScheduleTests"),
        new("a shuffle exchanges with any element", "Randomness/Generator.cs",
            "int j = NextInt(i + 1);",
            "int j = NextInt(items.Length);",
            "GeneratorTests"),
        new("labels are one sample off", "Data/Mnist.cs",
            "labels[i] = bytes[i];",
            "labels[i] = bytes[(i + 1) % bytes.Length];",
            "MnistTests"),
        new("a long tensor is read from its beginning again", "Data/SafetensorsReader.cs",
            "_dataStart + entry.Start + ((long)at * size)",
            "_dataStart + entry.Start",
            "SafetensorsTests"),
        new("a split keeps file order", "Data/BatchPlan.cs",
            "        _generator.Shuffle<int>(_order);\n",
            "",
            "BatchPlanTests"),
        new("micro-batches are not weighed", "Training/TrainingStep.cs",
            "        if (batch < whole)\n",
            "        if (batch > whole)\n",
            "MicroBatchTests"),
        new("bytes become numbers eight at a time, the last few left out", "Data/SampleStore.cs",
            "for (; i < bytes.Length; i++)",
            "for (; i < bytes.Length / 8 * 8; i++)",
            "ByteStoreTests"),
    ];
}
