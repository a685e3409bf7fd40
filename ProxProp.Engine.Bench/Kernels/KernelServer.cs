using System.Globalization;
using System.Text.Json.Nodes;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Bench.Kernels;

/// <summary>
/// Times kernels on request, so that a caller can take turns with other libraries: one line in, one line of JSON out.
/// <c>open OP M N K float|double THREADS</c>, <c>time FILLSECONDS</c>, <c>peak float|double THREADS</c>, <c>quit</c>.
/// </summary>
internal static class KernelServer
{
    public static void Run(TextReader input, TextWriter output, SimdWidth? width)
    {
        ComputeContext? context = null;
        KernelCase? kernel = null;
        while (input.ReadLine() is { } line && line != "quit")
        {
            string[] words = line.Split(' ');
            JsonObject answer = [];
            switch (words[0])
            {
                case "open":
                    kernel?.Dispose();
                    context = WithThreads(context, int.Parse(words[6], CultureInfo.InvariantCulture), width);
                    int Number(int index) => int.Parse(words[index], CultureInfo.InvariantCulture);
                    kernel = KernelCase.Create(context, words[1], Number(2), Number(3), Number(4), words[5] == "double");
                    answer["flops"] = kernel.Flops;
                    answer["width"] = (int)context.Width;
                    break;
                case "time":
                    answer["seconds"] = kernel!.Time(double.Parse(words[1], CultureInfo.InvariantCulture));
                    break;
                case "peak":
                    context = WithThreads(context, int.Parse(words[2], CultureInfo.InvariantCulture), width);
                    answer["gflops"] = words[1] == "double" ? PeakFlops.Measure<double>(context, 3) : PeakFlops.Measure<float>(context, 3);
                    break;
                default:
                    answer["error"] = $"Unknown request '{line}'.";
                    break;
            }

            output.WriteLine(answer.ToJsonString());
            output.Flush();
        }

        kernel?.Dispose();
        context?.Dispose();
    }

    private static ComputeContext WithThreads(ComputeContext? context, int threads, SimdWidth? width)
    {
        if (context?.Team.Workers == threads)
            return context;
        context?.Dispose();
        return new ComputeContext(threads, width);
    }
}
