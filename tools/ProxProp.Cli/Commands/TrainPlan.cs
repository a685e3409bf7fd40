using System.Numerics;
using ProxProp.Cli.Options;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.Commands;

/// <summary>The memory plan of what <c>proxprop train</c> is asked to do.</summary>
internal static class TrainPlan
{
    /// <summary>Plans the run, or the first of two, and adds the second one's network and step, which are there all the time.</summary>
    public static MemoryPlan Make<T>(TrainRequest request, LoadedData<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        DatasetSplit<T> split = TrainSession.Split(request, data, out _);
        using ComputeContext compute = ComputeContext.ForPlan(request.Threads);
        using TrainRun<T> run = TrainSession.MakeRun(request, request.Step, data, split, compute);
        MemoryPlan plan = run.Plan(split);
        if (request.Compare)
        {
            using TrainRun<T> second = TrainSession.MakeRun(request, StepChoice.Gradient, data, split, compute);
            plan.Add("second run", "its network and step", second.Network.BufferBytes + second.Step.BufferBytes, BufferPurpose.Other);
        }

        plan.Add("data", $"samples and labels of {data.Name}", data.Rows.Bytes + (data.OwnTest?.Bytes ?? 0), BufferPurpose.Data);
        long views = split.Train.Bytes - data.Rows.Bytes;
        plan.Add("data", "drawn order of rows, with their labels", views > 0 ? sizeof(int) * 2L * data.Rows.Count : 0, BufferPurpose.Data);
        plan.Add("data", "order of an epoch", sizeof(int) * (long)split.Train.Count, BufferPurpose.Data);
        return plan;
    }
}
