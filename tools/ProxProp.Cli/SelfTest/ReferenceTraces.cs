using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.SelfTest;

/// <summary>
/// Training steps against the numbers of an independent implementation in a file of runs (see <see cref="ReferenceRun"/>), each with the
/// tensors init/…, losses, final/….
/// </summary>
internal static class ReferenceTraces
{
    /// <summary>Adds a check for each run and precision.</summary>
    /// <exception cref="DataFormatException">The file is not such a file.</exception>
    public static void Run(string path, int threads, SelfTestReport report)
    {
        using SafetensorsReader file = SafetensorsReader.Open(path);
        var runs = new List<string>();
        foreach (SafetensorsEntry entry in file.Entries)
        {
            if (entry.Name.EndsWith("/losses", StringComparison.Ordinal))
                runs.Add(entry.Name.Split('/')[0]);
        }

        if (runs.Count == 0)
            throw new FailureException($"{path} has no tensor RUN/losses; expected the reference traces.");
        using var compute = new ComputeContext(threads);
        foreach (string run in runs)
        {
            double[] expected = Read(file, run);
            ReferenceRun.Compare("trace", run, Train<double>(file, run, compute), Train<float>(file, run, compute), expected, report);
        }
    }

    private static double[] Read(SafetensorsReader file, string run)
    {
        var losses = new double[file.Find($"{run}/losses").Count];
        file.Read<double>($"{run}/losses", losses);
        return losses.Length == ReferenceRun.Steps
            ? losses
            : throw new FailureException($"The run '{run}' has {losses.Length} losses; expected {ReferenceRun.Steps}.");
    }

    private static double[] Train<T>(SafetensorsReader file, string run, ComputeContext compute)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        ReferenceRun.Train<T>(run, network => Weights.Load(network, file, $"{run}/init/", exact: false), compute);
}
