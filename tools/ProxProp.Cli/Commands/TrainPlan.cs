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
    private const long LeastSolverBytes = 1 << 10;

    /// <summary>
    /// The request with solvers that keep to its memory budget: all of them if they do, else those of at most 2^k bytes for the largest k that
    /// will do, so that nearly the same budget makes the same choice.
    /// </summary>
    /// <exception cref="FailureException">Nothing will do; the message names the smallest budget that would.</exception>
    public static TrainRequest Fit<T>(TrainRequest request, LoadedData<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (request.MemoryBudget is not { } budget)
            return request;
        long needed = Make(request, data).TotalBytes;
        if (needed <= budget)
            return request;
        for (long bytes = 1L << 40; request.Step == StepChoice.Auto && bytes >= LeastSolverBytes; bytes /= 2)
        {
            TrainRequest smaller = request with { SolverBytes = bytes };
            needed = Math.Min(needed, Make(smaller, data).TotalBytes);
            if (needed <= budget)
                return smaller;
        }

        string hint = request.Step == StepChoice.Auto || !request.Step.IsProximal ? "a smaller --batch or --model" : "--step auto, or a smaller --batch or --model";
        throw new FailureException(
            $"This training takes {needed:N0} bytes, more than --memory-budget {budget:N0}: give it at least {needed}, or take {hint} (see: proxprop plan).");
    }

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
