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
    private const long LeastSolverBytes = 1 << 10, MostSolverBytes = 1L << 40;

    private static readonly int[] s_packedRows = [ComputeContext.MostPackedRows, 504, 252, 120, ComputeContext.FewestPackedRows];

    /// <summary>The request with what keeps to its memory budget: the first of <see cref="Smaller"/> that does.</summary>
    /// <exception cref="FailureException">Nothing will do; the message names the smallest budget that would.</exception>
    public static TrainRequest Fit<T>(TrainRequest request, LoadedData<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (request.MemoryBudget is not { } budget)
            return request;
        long least = long.MaxValue;
        foreach (TrainRequest candidate in Smaller(request, TrainSession.Split(request, data, out _).Train.Count))
        {
            foreach (int rows in s_packedRows)
            {
                TrainRequest packed = candidate with { PackedRows = rows };
                if (BytesOf(packed, data, canBeRefused: candidate.MicroBatch > 0) is not { } bytes)
                    break;
                least = Math.Min(least, bytes);
                if (bytes <= budget)
                    return packed;
            }
        }

        string hint = request.Step == StepChoice.Auto || !request.Step.IsProximal ? "a smaller --batch or --model" : "--step auto, or a smaller --batch or --model";
        throw new FailureException(
            $"This training takes {least:N0} bytes, more than --memory-budget {budget:N0}: give it at least {least}, or take {hint} (see: proxprop plan).");
    }

    // From the least to the greatest change in what is computed. Each of them with ever smaller packing, which changes nothing but the time;
    // the whole batch; micro-batches, the same sums in another order; where the step is automatic, solvers of at most 2^k bytes (powers of two,
    // so that nearly the same budget makes the same choice), in the end conjugate gradients that form no matrix, which solve to a tolerance.
    private static IEnumerable<TrainRequest> Smaller(TrainRequest request, int rows)
    {
        yield return request;
        int batch = Math.Min(request.Batch, rows);
        for (int parts = 2, last = batch; last > 1; parts *= 2)
        {
            last = (batch + parts - 1) / parts;
            yield return request with { MicroBatch = last };
        }

        for (long bytes = MostSolverBytes; request.Step == StepChoice.Auto && bytes >= LeastSolverBytes; bytes /= 2)
            yield return request with { SolverBytes = bytes };
    }

    private static long? BytesOf<T>(TrainRequest request, LoadedData<T> data, bool canBeRefused)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        try
        {
            return Make(request, data).TotalBytes;
        }
        catch (NotSupportedException) when (canBeRefused)
        {
            return null; // something needs its batch as a whole
        }
    }

    /// <summary>Plans the run, or the first of two, and adds the second one's network and step, which are there all the time.</summary>
    public static MemoryPlan Make<T>(TrainRequest request, LoadedData<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        DatasetSplit<T> split = TrainSession.Split(request, data, out _);
        using ComputeContext compute = ComputeContext.ForPlan(request.Threads, request.PackedRows);
        using TrainRun<T> run = TrainSession.MakeRun(request, request.Step, data, split, compute);
        MemoryPlan plan = run.Plan(split);
        if (request.Compare)
        {
            using TrainRun<T> second = TrainSession.MakeRun(request, StepChoice.Gradient, data, split, compute);
            plan.Add("second run", "its network and step", second.Network.BufferBytes + second.Step.BufferBytes, BufferPurpose.Other);
        }

        plan.Add("data", $"samples and labels of {data.Name}", data.Bytes, BufferPurpose.Data);
        long views = split.Train.Bytes - data.Rows.Bytes;
        plan.Add("data", "drawn order of rows, with their labels", views > 0 ? sizeof(int) * 2L * data.Rows.Count : 0, BufferPurpose.Data);
        plan.Add("data", "order of an epoch", sizeof(int) * (long)split.Train.Count, BufferPurpose.Data);
        return plan;
    }
}
