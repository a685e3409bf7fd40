namespace ProxProp.Engine.Kernels;

/// <summary>A thread's claim to a <see cref="ComputeContext"/>, given up when it is disposed; default claims nothing.</summary>
internal readonly ref struct ContextClaim(ComputeContext? context)
{
    /// <summary>Gives up the claim.</summary>
    public void Dispose() => context?.GiveUp();
}
