using System.Globalization;
using System.Text.Json.Nodes;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Bench.Kernels;

/// <summary>The command <c>kernels [--json] [--serve] [--width N] [--only TEXT] [--threads N]</c>: medians of all kernels on the shapes that training meets.</summary>
internal static class KernelReport
{
    private static readonly (string Operation, int M, int N, int K)[] Shapes =
    [
        ("gemm-nt", 500, 4000, 3072), ("gemm-nt", 500, 1000, 4000), ("gemm-nt", 500, 4000, 1000), ("gemm-nt", 500, 10, 4000),
        ("gemm-nn", 500, 4000, 1000), ("gemm-nn", 500, 1000, 4000), ("gemm-nn", 500, 4000, 3072),
        ("gemm-tn", 4000, 3072, 500), ("gemm-tn", 1000, 4000, 500), ("gemm-tn", 10, 4000, 500),
        ("gemm-nn", 2048, 2048, 2048), ("gemm-nn", 256, 256, 256), ("gemm-nn", 64, 64, 64), ("gemm-nt", 64, 64, 64), ("gemm-nn", 97, 101, 103),
        ("gemm-nt", 32, 64, 64), ("gemm-nt", 32, 10, 64),
        ("syrk", 500, 0, 3072), ("syrk", 500, 0, 4000), ("syrk", 1000, 0, 1000), ("syrk", 2000, 0, 500),
        ("trsm-left", 4000, 500, 0), ("trsm-right", 4000, 500, 0), ("trsm-left", 4000, 2000, 0), ("trsm-left", 4000, 4000, 0),
        ("potrf", 0, 76, 0), ("potrf", 0, 200, 0), ("potrf", 0, 500, 0), ("potrf", 0, 1000, 0), ("potrf", 0, 2000, 0), ("potrf", 0, 4000, 0),
        ("conv-forward", 3, 16, 32), ("conv-forward", 16, 20, 16), ("conv-forward", 20, 20, 8),
        ("conv-input", 16, 20, 16), ("conv-input", 20, 20, 8),
        ("conv-parameter", 3, 16, 32), ("conv-parameter", 16, 20, 16), ("conv-parameter", 20, 20, 8),
        ("conv-gram", 3, 16, 32), ("conv-gram", 16, 20, 16), ("conv-gram", 20, 20, 8),
    ];

    public static int Run(string[] arguments)
    {
        string? Option(string name) => Array.IndexOf(arguments, name) is int at and >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
        SimdWidth? width = Option("--width") is { } bits ? (SimdWidth)int.Parse(bits, CultureInfo.InvariantCulture) : null;
        if (arguments.Contains("--serve"))
        {
            KernelServer.Run(Console.In, Console.Out, width);
            return 0;
        }

        bool json = arguments.Contains("--json");
        JsonArray rows = [];
        int[] teams = Option("--threads") is { } count ? [int.Parse(count, CultureInfo.InvariantCulture)] : [1, 2];
        foreach (int threads in teams)
        {
            using ComputeContext context = new(threads, width);
            foreach (bool isDouble in (bool[])[false, true])
                Measure(context, isDouble, Option("--only"), json, rows);
        }

        if (json)
            Console.WriteLine(rows.ToJsonString(new() { WriteIndented = true }));
        return 0;
    }

    private static void Measure(ComputeContext context, bool isDouble, string? only, bool json, JsonArray rows)
    {
        string type = isDouble ? "double" : "float";
        double peak = isDouble ? PeakFlops.Measure<double>(context) : PeakFlops.Measure<float>(context);
        if (!json)
            Console.WriteLine($"{type}, {context.Team.Workers} threads, {(int)context.Width} bits: peak {peak:F1} GFLOP/s");
        foreach ((string operation, int m, int n, int k) in Shapes)
        {
            string name = $"{operation} {m}x{n}x{k} {type}";
            if (only is not null && !name.Contains(only, StringComparison.Ordinal))
                continue;
            using KernelCase kernel = KernelCase.Create(context, operation, m, n, k, isDouble);
            kernel.Time(0.2);
            double[] seconds = new double[9];
            for (int i = 0; i < seconds.Length; i++)
                seconds[i] = kernel.Time(0.03);
            Array.Sort(seconds);
            double median = seconds[seconds.Length / 2];
            double gflops = kernel.Flops / median * 1e-9;
            if (!json)
            {
                double best = kernel.Flops / seconds[0] * 1e-9;
                Console.WriteLine($"{name,-32} {median * 1e3,10:F4} ms {gflops,8:F1} GFLOP/s {gflops / peak,6:P0} of peak (best {best / peak:P0})");
            }

            rows.Add((JsonNode)new JsonObject
            {
                ["operation"] = operation,
                ["m"] = m,
                ["n"] = n,
                ["k"] = k,
                ["type"] = type,
                ["threads"] = context.Team.Workers,
                ["width"] = (int)context.Width,
                ["milliseconds"] = median * 1e3,
                ["gflops"] = gflops,
                ["peakGflops"] = peak,
            });
        }
    }
}
