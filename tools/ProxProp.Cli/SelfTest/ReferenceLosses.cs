using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.SelfTest;

/// <summary>
/// Training steps against losses by PyTorch in double precision that are part of the program, from starting values that a formula gives;
/// <c>tools/peers/selftest.py</c> has both and prints the table.
/// </summary>
internal static class ReferenceLosses
{
    private static readonly int[] s_steps = [1, 15, 30, 45];

    // The losses at those steps, before their updates.
    private static readonly (string Run, double[] Losses)[] s_runs =
    [
        ("mlp_gradient_sgd", [2.316807489054788, 2.1858551693803054, 1.8027257266971535, 0.8873079123176848]),
        ("mlp_gradient_nesterov", [2.316807489054788, 2.2570189067963615, 1.9688961337950033, 0.9382151391541573]),
        ("mlp_gradient_adam", [2.316807489054788, 2.2749567009458733, 2.206748522732554, 2.0883375078088164]),
        ("mlp_exact_nesterov", [2.316807489054788, 2.1801299695000496, 1.0972131889347922, 0.3065008534259374]),
        ("mlp_cg3_nesterov", [2.316807489054788, 2.1800799718095916, 1.1026756337089525, 0.30676703620885953]),
        ("mlp_exact_adam", [2.316807489054788, 2.2936684079439167, 2.264539952940704, 2.2270447248136276]),
        ("conv_gradient_adam", [2.291373265849262, 2.258770023009025, 2.1972499056450947, 2.09243495967791]),
        ("conv_exact_adam", [2.291373265849262, 2.2638284697584883, 2.2217055725692973, 2.1659827705278527]),
        ("conv_cg3_adam", [2.291373265849262, 2.261592813052072, 2.2114356698461672, 2.138734840686856]),
    ];

    /// <summary>Adds a check for each run and precision.</summary>
    public static void Run(int threads, SelfTestReport report)
    {
        using var compute = new ComputeContext(threads);
        foreach ((string run, double[] losses) in s_runs)
            ReferenceRun.Compare("losses", run, Train<double>(run, compute), Train<float>(run, compute), losses, report);
    }

    private static double[] Train<T>(string run, ComputeContext compute)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] all = ReferenceRun.Train<T>(run, Start, compute);
        return Array.ConvertAll(s_steps, step => all[step - 1]);
    }

    private static void Start<T>(Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        uint x = 1;
        foreach (ProximalLayer<T> layer in network.Layers.OfType<ProximalLayer<T>>())
        {
            double bound = 1 / Math.Sqrt(layer.Layout.WeightsPerUnit);
            foreach (ref T value in layer.Parameters)
            {
                x = unchecked((1664525 * x) + 1013904223);
                value = T.CreateSaturating(((2 * (x / 4294967296.0)) - 1) * bound);
            }
        }
    }
}
