using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Training;
using static ProxProp.Engine.Theory.DoubleVectors;

namespace ProxProp.Engine.Theory;

/// <summary>One layer with random data, under the checks of <see cref="LayerCheck"/>.</summary>
internal sealed class LayerSubject<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Generator _generator;
    private readonly Pass _pass;
    private readonly T[] _a;
    private readonly T[] _dz;
    private readonly Network<T> _network;

    public LayerSubject(Network<T> network, int batch, ulong seed)
    {
        _network = network;
        Layer = network.Layers[0];
        _generator = new Generator(seed, stream: 7);
        _pass = new Pass(network.Compute, batch, Training: true, 0, seed);
        _a = Normals(batch * Layer.Input.Size);
        _dz = Normals(batch * Layer.Output.Size);
    }

    public Layer<T> Layer { get; }

    public List<CertificateEntry> Entries { get; } = [];

    private static double Epsilon => MachineEpsilon.Of<T>();

    private double Rounding => 30 * Math.Sqrt(_dz.Length + _a.Length) * Epsilon;

    public void CheckInputDerivative()
    {
        T[] z = Forward(_a);
        var da = new T[_a.Length];
        Fill(da);
        Layer.Backward(_pass, _a, z, _dz, da);
        Compare("the derivative with respect to the input, against central differences", _a, da);
    }

    public void CheckParameterDerivative()
    {
        var layer = (ParametricLayer<T>)Layer;
        Forward(_a);
        var dtheta = new T[layer.ParameterCount];
        Fill(dtheta);
        layer.ParameterGradient(_pass, _a, _dz, dtheta);
        Compare("the gradient, against central differences", null, dtheta);
    }

    public void CheckLinearity(ProximalLayer<T> layer)
    {
        T[] x = Normals(layer.ParameterCount), y = Normals(layer.ParameterCount);
        T s = T.CreateSaturating(0.7), t = T.CreateSaturating(-1.3);
        double[] ax = Apply(layer, x), ay = Apply(layer, y), sum = Apply(layer, [.. x.Zip(y, (p, q) => (s * p) + (t * q))]);
        double[] expected = [.. ax.Zip(ay, (p, q) => (double.CreateChecked(s) * p) + (double.CreateChecked(t) * q))];
        double size = Norm(ax) + Norm(ay) + double.Epsilon;
        AtMost("A(sx + ty) = s Ax + t Ay", Rounding, Norm(Minus(sum, expected)) / size);
        AtMost("the forward pass is A theta", Rounding, Norm(Minus(ToDouble(Forward(_a)), Apply(layer, layer.Parameters.ToArray()))) / size);
        double[] adjoint = Adjoint(layer, _dz), dz = ToDouble(_dz);
        double gap = Math.Abs(Dot(ax, dz) - Dot(ToDouble(x), adjoint));
        AtMost("A and its adjoint belong together: |<Ax,y> - <x,A'y>|", Rounding, gap / ((Norm(ax) * Norm(dz)) + double.Epsilon));
    }

    public void CheckGram(ProximalLayer<T> layer, IGramLayer<T> gramLayer)
    {
        int n = gramLayer.Layout.Columns, units = gramLayer.Layout.Units, weights = gramLayer.Layout.WeightsPerUnit;
        var gram = new T[n * n];
        var diagonal = new T[n];
        Fill(gram);
        Fill(diagonal);
        gramLayer.Gram(_pass, _a, new Matrix<T>(gram, n, n));
        gramLayer.GramDiagonal(_pass, _a, diagonal);
        double[,] a = DenseMap.Of<T>(layer, _pass, _a);
        double worst = 0, worstDiagonal = 0, size = double.Epsilon;
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                // Columns of the first unit: its weights, then its bias behind the weights of all units.
                int p = i < weights ? i : units * weights, q = j < weights ? j : units * weights;
                double sum = 0;
                for (int k = 0; k < a.GetLength(0); k++)
                    sum += a[k, p] * a[k, q];
                size = Math.Max(size, Math.Abs(sum));
                worst = Math.Max(worst, Math.Abs(sum - double.CreateChecked(gram[(i * n) + j])));
                if (i == j)
                    worstDiagonal = Math.Max(worstDiagonal, Math.Abs(sum - double.CreateChecked(diagonal[i])));
            }
        }

        AtMost("the Gram matrix is A'A", Rounding, worst / size);
        AtMost("the Gram diagonal is that of A'A", Rounding, worstDiagonal / size);
    }

    public void CheckDescent(ProximalLayer<T> layer, ProximalStep<T> step)
    {
        using var arena = new Arena();
        IDirection<T> direction = step.Bind(layer, new PlanContext(arena, _network.Compute, _pass.Batch));
        arena.Commit();
        var v = new T[layer.ParameterCount];
        Fill(v);
        direction.Compute(_pass, _a, _dz, v);
        // ⟨v,g⟩ = ⟨Av,dz⟩ by the forward map, so that a wrong adjoint cannot vouch for itself.
        double g = Norm(Adjoint(layer, _dz)), size = Norm(ToDouble(v));
        double slope = Dot(Apply(layer, v), ToDouble(_dz));
        double cosine = g == 0 ? 1 : size == 0 ? 0 : slope / (g * size);
        AtLeast($"step {step.Name} descends: cos(v, g)", 1e-6, cosine);
    }

    // ⟨dz, (f(x + hu) − f(x − hu))/2h⟩ = ⟨dx, u⟩. Several h: where one steps over a kink another does not.
    private void Compare(string claim, T[]? input, T[] derivative)
    {
        T[] u = Normals(derivative.Length);
        double expected = Dot(ToDouble(derivative), ToDouble(u));
        double size = (Norm(ToDouble(derivative)) * Norm(ToDouble(u))) + (Norm(ToDouble(_dz)) * 1e-3);
        double best = double.PositiveInfinity, root = Math.Cbrt(Epsilon);
        foreach (double h in (double[])[root, root / 10, root / 100])
        {
            double difference = Dot(ToDouble(_dz), Minus(Shifted(input, u, h), Shifted(input, u, -h))) / (2 * h);
            best = Math.Min(best, Math.Abs(difference - expected) / size);
        }

        AtMost(claim, 300 * root * root, best);
    }

    private double[] Shifted(T[]? input, T[] u, double h)
    {
        T step = T.CreateSaturating(h);
        if (input is not null)
            return ToDouble(Forward([.. input.Zip(u, (x, d) => x + (step * d))]));
        Span<T> theta = ((ParametricLayer<T>)Layer).Parameters;
        T[] saved = theta.ToArray();
        for (int i = 0; i < u.Length; i++)
            theta[i] += step * u[i];
        double[] z = ToDouble(Forward(_a));
        saved.CopyTo(theta);
        return z;
    }

    private T[] Forward(T[] a)
    {
        var z = new T[_dz.Length];
        Fill(z);
        Layer.Forward(_pass, a, z);
        return z;
    }

    private double[] Apply(ProximalLayer<T> layer, T[] theta)
    {
        var z = new T[_dz.Length];
        Fill(z);
        layer.Apply(_pass, _a, theta, z);
        return ToDouble(z);
    }

    private double[] Adjoint(ProximalLayer<T> layer, T[] dz)
    {
        var theta = new T[layer.ParameterCount];
        Fill(theta);
        layer.ApplyAdjoint(_pass, _a, dz, theta);
        return ToDouble(theta);
    }

    private T[] Normals(int count) => [.. Enumerable.Range(0, count).Select(_ => T.CreateChecked(_generator.NextNormal()))];

    private void AtMost(string claim, double bound, double measured) => Entries.Add(new CertificateEntry(0, Layer.ToString(), claim, false, bound, measured));

    private void AtLeast(string claim, double bound, double measured) => Entries.Add(new CertificateEntry(0, Layer.ToString(), claim, true, bound, measured));

    // Outputs begin as NaN: what a layer forgets to write shows.
    private static void Fill(T[] x) => Array.Fill(x, T.NaN);

    private static double[] ToDouble(T[] x) => DoubleVectors.ToDouble<T>(x);
}
