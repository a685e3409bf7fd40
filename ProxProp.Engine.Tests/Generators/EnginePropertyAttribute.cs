using System.Runtime.CompilerServices;
using FsCheck.Xunit;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>
/// A property over the engine's generators, the same cases on every run. A failure prints the shrunk case in words and a replay seed:
/// <c>PROXPROP_SEED="(123,456)"</c> starts every property from that seed; <c>PROXPROP_LONG=1</c> runs a hundred times the cases.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EnginePropertyAttribute : PropertyAttribute
{
    private const string DefaultSeed = "(20180501,17)";

    public EnginePropertyAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
    {
        Arbitrary = [typeof(EngineArbitraries)];
        Replay = Environment.GetEnvironmentVariable("PROXPROP_SEED") is { Length: > 0 } seed ? seed : DefaultSeed;
        QuietOnSuccess = true;
        Cases = 100;
        _ = (file, line);
    }

    /// <summary>Factor on the number of cases.</summary>
    public static int Factor { get; } = Environment.GetEnvironmentVariable("PROXPROP_LONG") == "1" ? 100 : 1;

    /// <summary>Number of cases of an ordinary run.</summary>
    public int Cases
    {
        get => MaxTest / Factor;
        set => MaxTest = value * Factor;
    }
}
