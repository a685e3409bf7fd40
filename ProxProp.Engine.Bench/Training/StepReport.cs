using System.Globalization;
using System.Text.Json.Nodes;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Bench.Training;

/// <summary>
/// The command <c>steps [--threads N;M] [--nets A;B] [--steps A;B] [--batch N] [--width N] [--breakdown] [--reports]</c>: medians of whole
/// training steps, all kinds and thread counts of a net taking turns, with their ratio to the first kind and their speed-up over the first
/// thread count; <c>--breakdown</c> adds the parts of a step, layer by layer, <c>--reports</c> what the reports of layers cost. With
/// <c>--serve</c> it answers requests line by line, so that a caller can take turns with other libraries:
/// <c>open NET STEP BATCH THREADS</c>, <c>time FILLSECONDS</c>, <c>quit</c>.
/// </summary>
internal static class StepReport
{
    private const int Rounds = 7;

    public static int Run(string[] arguments)
    {
        string? Option(string name) => Array.IndexOf(arguments, name) is int at and >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
        SimdWidth? width = Option("--width") is { } bits ? (SimdWidth)int.Parse(bits, CultureInfo.InvariantCulture) : null;
        if (arguments.Contains("--serve"))
        {
            Serve(Console.In, Console.Out, width);
            return 0;
        }

        int[] threads = [.. (Option("--threads") ?? "2").Split(';').Select(t => int.Parse(t, CultureInfo.InvariantCulture))];
        string[] nets = (Option("--nets") ?? "mlp;convnet;digits").Split(';');
        string[] steps = (Option("--steps") ?? "gradient;exact;cg3").Split(';');
        ComputeContext[] contexts = [.. threads.Select(t => new ComputeContext(t, width))];
        foreach (string net in nets)
        {
            int batch = int.Parse(Option("--batch") ?? (net == "digits" ? "32" : "500"), CultureInfo.InvariantCulture);
            StepCase[] cases = [.. contexts.SelectMany(c => steps.Select(s => new StepCase(c, net, s, batch)))];
            double[] medians = TakeTurns(cases);
            for (int i = 0; i < cases.Length; i++)
            {
                int team = i / steps.Length, kind = i % steps.Length;
                string solvers = string.Join(' ', cases[i].Reports.ToArray().Where(r => r.Shift > 0).Select(r => $"{r.Solver}:{r.Iterations}{(r.InDouble ? "d" : "")}"));
                string speedUp = team == 0 ? string.Empty : $"{medians[kind] / medians[i],6:F2}x of {threads[0]} thread(s) ";
                Console.WriteLine(
                    $"{net,-10} {steps[kind],-10} batch {batch,4} {threads[team]} threads {(int)contexts[team].Width} bits {medians[i] * 1e3,9:F3} ms "
                    + $"{medians[i] / medians[team * steps.Length],6:F2}x {steps[0]} {speedUp} {solvers}");
                if (arguments.Contains("--breakdown"))
                    cases[i].PrintBreakdown(net == "digits" ? 501 : 11, Console.Out);
                if (arguments.Contains("--reports"))
                    ReportCost.Print(cases[i], Console.Out);
                cases[i].Dispose();
            }
        }

        foreach (ComputeContext context in contexts)
            context.Dispose();
        return 0;
    }

    private static double[] TakeTurns(StepCase[] cases)
    {
        foreach (StepCase c in cases)
            c.Time(0.3);
        double[][] seconds = [.. cases.Select(_ => new double[Rounds])];
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < cases.Length; i++)
                seconds[i][round] = cases[i].Time(0.2);
        }

        return [.. seconds.Select(s => s.Order().ElementAt(Rounds / 2))];
    }

    private static void Serve(TextReader input, TextWriter output, SimdWidth? width)
    {
        ComputeContext? compute = null;
        StepCase? open = null;
        while (input.ReadLine() is { } line && line != "quit")
        {
            string[] words = line.Split(' ');
            JsonObject answer = [];
            if (words[0] == "open")
            {
                open?.Dispose();
                compute?.Dispose();
                compute = new ComputeContext(int.Parse(words[4], CultureInfo.InvariantCulture), width);
                open = new StepCase(compute, words[1], words[2], int.Parse(words[3], CultureInfo.InvariantCulture));
                answer["width"] = (int)compute.Width;
            }
            else if (words[0] == "time" && open is not null)
            {
                answer["seconds"] = open.Time(double.Parse(words[1], CultureInfo.InvariantCulture));
            }
            else
            {
                answer["error"] = $"Unknown request '{line}'.";
            }

            output.WriteLine(answer.ToJsonString());
            output.Flush();
        }

        open?.Dispose();
        compute?.Dispose();
    }
}
