using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Theory;

/// <summary>
/// All that can be asked of a single layer, for layers of your own: <c>LayerCheck.Run(() =&gt; new MyLayer&lt;double&gt;(), Shape.Vector(5)).ThrowIfFailed()</c>
/// is a whole test.
/// </summary>
/// <remarks>
/// Every layer: the derivative with respect to the input, and with parameters to them, against central differences. Proximal layers: linear in θ,
/// A and its adjoint belong together, the forward pass is A·θ, conjugate-gradient steps descend. Layers with a Gram matrix: AᵀA and its diagonal are those of
/// A, exact steps descend. Use double; float leaves central differences three digits.
/// </remarks>
public static class LayerCheck
{
    /// <summary>Runs every check that applies.</summary>
    /// <param name="make">Makes the layer, not yet part of a network.</param>
    /// <param name="input">Shape of one input sample.</param>
    /// <param name="batch">Number of samples.</param>
    /// <param name="seed">Seed of the random data.</param>
    public static LayerCheckReport Run<T>(Func<Layer<T>> make, Shape input, int batch = 4, ulong seed = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(make);
        using var compute = new ComputeContext(1);
        using var network = new Network<T>(input, [make()], batch, seed, compute);
        var subject = new LayerSubject<T>(network, batch, seed);
        subject.CheckInputDerivative();
        if (subject.Layer is ParametricLayer<T>)
            subject.CheckParameterDerivative();
        if (subject.Layer is ProximalLayer<T> proximal)
        {
            subject.CheckLinearity(proximal);
            for (int iterations = 1; iterations <= 4; iterations++)
                subject.CheckDescent(proximal, new CgStep<T>(iterations, 1));
            if (proximal is IGramLayer<T> gram)
            {
                subject.CheckGram(proximal, gram);
                subject.CheckDescent(proximal, new ExactStep<T>(1));
                subject.CheckDescent(proximal, new CgStep<T>(3, 1, CgPreconditioner.Jacobi));
            }
        }

        return new LayerCheckReport(subject.Entries);
    }
}

/// <summary>What <see cref="LayerCheck"/> found.</summary>
/// <param name="Entries">One entry per check.</param>
public sealed record LayerCheckReport(IReadOnlyList<CertificateEntry> Entries)
{
    /// <summary>Whether every check passed.</summary>
    public bool Passed => Entries.All(e => e.Passed);

    /// <summary>Throws where a check failed.</summary>
    /// <exception cref="InvalidOperationException">A check failed; the message lists all that did.</exception>
    public void ThrowIfFailed()
    {
        if (!Passed)
            throw new InvalidOperationException(string.Join(Environment.NewLine, Entries.Where(e => !e.Passed)));
    }
}
