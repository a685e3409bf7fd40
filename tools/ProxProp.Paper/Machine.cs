using System.Runtime.InteropServices;
using ProxProp.Engine.Simd;

namespace ProxProp.Paper;

/// <summary>What the evaluation runs on, in words.</summary>
internal static class Machine
{
    /// <summary>The processor's own name, or its architecture where the system does not tell.</summary>
    public static string Processor { get; } = ReadProcessor();

    /// <summary>Width of a vector instruction.</summary>
    public static string Width => SimdSupport.Widest == SimdWidth.Scalar ? "scalar" : $"{(int)SimdSupport.Widest} bits";

    private static string ReadProcessor()
    {
        const string File = "/proc/cpuinfo", Key = "model name";
        string? name = null;
        if (System.IO.File.Exists(File))
            name = System.IO.File.ReadLines(File).FirstOrDefault(l => l.StartsWith(Key, StringComparison.Ordinal))?.Split(':', 2)[^1].Trim();
        name ??= Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        return string.IsNullOrEmpty(name) ? RuntimeInformation.ProcessArchitecture.ToString() : name;
    }
}
