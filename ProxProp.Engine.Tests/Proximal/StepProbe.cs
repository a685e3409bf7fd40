using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Layers;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Proximal;

/// <summary>Proximal directions of one layer, and the same from the whole matrix of its map by elimination in double.</summary>
internal sealed class StepProbe<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly SingleLayer<T> _probe;

    public StepProbe(Layer<T> layer, Shape input, int batch, double inputScale = 1, double deltaScale = 1)
    {
        _probe = new SingleLayer<T>(layer, input, batch);
        Input = Values.Uniform<T>(_probe.InputLength, 21, inputScale);
        Delta = Values.Uniform<T>(_probe.OutputLength, 22, deltaScale);
    }

    public T[] Input { get; }

    public T[] Delta { get; }

    public LayerReport Run(ProximalStep<T> step, out T[] v, int batch = 0, bool measure = false)
    {
        using var arena = new Arena();
        IDirection<T> direction = step.Bind(_probe.Proximal, new PlanContext(arena, _probe.Compute, _probe.Training.Batch));
        arena.Commit();
        v = [.. Enumerable.Repeat(T.NaN, _probe.Parametric.ParameterCount)];
        Pass pass = _probe.Training with { Batch = batch == 0 ? _probe.Training.Batch : batch, Measure = measure };
        LayerReport report = direction.Compute(
            pass, Input.AsSpan(0, pass.Batch * _probe.Layer.Input.Size), Delta.AsSpan(0, pass.Batch * _probe.Layer.Output.Size), v);
        (direction as IDisposable)?.Dispose();
        return report;
    }

    /// <summary>(I/τ_θ + AᵀA)⁻¹Aᵀδ with A over all parameters, from unit vectors.</summary>
    public T[] Expected(double tauTheta)
    {
        double[,] a = Matrix();
        var delta = new double[_probe.OutputLength, 1];
        for (int i = 0; i < Delta.Length; i++)
            delta[i, 0] = double.CreateChecked(Delta[i]);
        double[,] transposed = Dense.Transpose(a);
        // Of the two forms the one without a null space, whose shift rounding would swallow.
        double[,] v = a.GetLength(0) < a.GetLength(1)
            ? Dense.Product(transposed, Dense.Solve(Dense.Shifted(Dense.Product(a, transposed), 1 / tauTheta), delta))
            : Dense.Solve(Dense.Shifted(Dense.Product(transposed, a), 1 / tauTheta), Dense.Product(transposed, delta));
        return [.. v.Cast<double>().Select(T.CreateSaturating)];
    }

    /// <summary>The error in the norm that the step is made for, ‖x‖² = ‖x‖²/τ_θ + ‖Ax‖², relative to the solution's.</summary>
    public double EnergyError(T[] v, T[] expected, double tauTheta)
    {
        double[,] a = Matrix();
        double Energy(Func<int, double> x)
        {
            double energy = 0;
            for (int j = 0; j < v.Length; j++)
                energy += x(j) * x(j) / tauTheta;
            for (int i = 0; i < a.GetLength(0); i++)
            {
                double sum = 0;
                for (int j = 0; j < v.Length; j++)
                    sum += a[i, j] * x(j);
                energy += sum * sum;
            }

            return energy;
        }

        double error = Energy(j => double.CreateChecked(v[j]) - double.CreateChecked(expected[j]));
        return Math.Sqrt(error / Energy(j => double.CreateChecked(expected[j])));
    }

    /// <summary>‖g − (I/τ_θ + AᵀA)v‖/‖g‖ in double.</summary>
    public double Residual(T[] v, double tauTheta)
    {
        double[,] a = Matrix();
        int rows = a.GetLength(0), columns = a.GetLength(1);
        var g = new double[columns];
        var r = new double[columns];
        for (int i = 0; i < rows; i++)
        {
            double av = 0, delta = double.CreateChecked(Delta[i]);
            for (int j = 0; j < columns; j++)
                av += a[i, j] * double.CreateChecked(v[j]);
            for (int j = 0; j < columns; j++)
            {
                g[j] += a[i, j] * delta;
                r[j] += a[i, j] * (delta - av);
            }
        }

        for (int j = 0; j < columns; j++)
            r[j] -= double.CreateChecked(v[j]) / tauTheta;
        return Math.Sqrt(Dense.Dot<double>(r, r) / Dense.Dot<double>(g, g));
    }

    private double[,] Matrix()
    {
        int count = _probe.Parametric.ParameterCount;
        var a = new double[_probe.OutputLength, count];
        var theta = new T[count];
        for (int j = 0; j < count; j++)
        {
            theta[j] = T.One;
            T[] column = _probe.Apply(Input, theta);
            theta[j] = T.Zero;
            for (int i = 0; i < column.Length; i++)
                a[i, j] = double.CreateChecked(column[i]);
        }

        return a;
    }

    public T[] Gradient()
    {
        Run(new ExplicitStep<T>(), out T[] v);
        return v;
    }

    /// <summary>‖v − w‖/‖w‖.</summary>
    public static double Error(T[] v, T[] w)
    {
        double difference = v.Zip(w, (p, q) => double.CreateChecked(p) - double.CreateChecked(q)).Sum(d => d * d);
        return Math.Sqrt(difference / Dense.Dot<T>(w, w));
    }

    public void Dispose() => _probe.Dispose();
}
