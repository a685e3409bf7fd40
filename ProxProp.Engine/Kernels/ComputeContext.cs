using ProxProp.Engine.Parallel;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>What kernels run on: a worker team, a vector width, and the memory for packed panels. One per network; one caller at a time.</summary>
public sealed class ComputeContext : IDisposable
{
    /// <summary>Starts the workers.</summary>
    /// <param name="threads">Number of threads with the caller; 0 for one per processor. Results do not depend on it.</param>
    /// <param name="width">Vector width; null for the widest that is accelerated. Results do not depend on it.</param>
    public ComputeContext(int threads = 0, SimdWidth? width = null)
    {
        Team = new WorkerTeam(threads);
        Width = width ?? SimdSupport.Widest;
    }

    /// <summary>The workers.</summary>
    public WorkerTeam Team { get; }

    /// <summary>The vector width in force.</summary>
    public SimdWidth Width { get; }

    /// <summary>Ends the workers and frees the packing memory.</summary>
    public void Dispose() => Team.Dispose();
}
