using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Solvers;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Layers;

/// <summary>One layer in a network of its own, with its maps as plain arrays.</summary>
internal sealed class SingleLayer<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ComputeContext _compute;
    private readonly Network<T> _network;

    public SingleLayer(Layer<T> layer, Shape input, int batch, int threads = 1)
    {
        _compute = new ComputeContext(threads);
        _network = new Network<T>(input, [layer], batch, seed: 7, compute: _compute);
        Layer = layer;
        Training = new Pass(_compute, batch, Training: true, Step: 3, Seed: 11);
    }

    public Layer<T> Layer { get; }

    public ComputeContext Compute => _compute;

    public ParametricLayer<T> Parametric => (ParametricLayer<T>)Layer;

    public ProximalLayer<T> Proximal => (ProximalLayer<T>)Layer;

    public Pass Training { get; }

    public int InputLength => Training.Batch * Layer.Input.Size;

    public int OutputLength => Training.Batch * Layer.Output.Size;

    public T[] Forward(ReadOnlySpan<T> a)
    {
        var z = new T[OutputLength];
        Layer.Forward(Training, a, z);
        return z;
    }

    public T[] Backward(ReadOnlySpan<T> a, ReadOnlySpan<T> z, ReadOnlySpan<T> dz)
    {
        var da = new T[InputLength];
        Layer.Backward(Training, a, z, dz, da);
        return da;
    }

    public T[] ParameterGradient(ReadOnlySpan<T> a, ReadOnlySpan<T> dz)
    {
        var dtheta = new T[Parametric.ParameterCount];
        Parametric.ParameterGradient(Training, a, dz, dtheta);
        return dtheta;
    }

    public T[] Apply(ReadOnlySpan<T> a, ReadOnlySpan<T> theta)
    {
        var z = new T[OutputLength];
        Proximal.Apply(Training, a, theta, z);
        return z;
    }

    public T[] ApplyAdjoint(ReadOnlySpan<T> a, ReadOnlySpan<T> dz)
    {
        var dtheta = new T[Parametric.ParameterCount];
        Proximal.ApplyAdjoint(Training, a, dz, dtheta);
        return dtheta;
    }

    /// <summary>A as every unit sees it: rows × columns, from unit vectors in the first unit's parameters.</summary>
    /// <param name="a">Input of the layer.</param>
    /// <param name="rowsPerSample">Output elements of one unit in one sample.</param>
    public double[,] UnitMatrix(ReadOnlySpan<T> a, int rowsPerSample)
    {
        BlockLayout layout = Proximal.Layout;
        var matrix = new double[Training.Batch * rowsPerSample, layout.Columns];
        var theta = new T[layout.Count];
        for (int j = 0; j < layout.Columns; j++)
        {
            int index = j < layout.WeightsPerUnit ? j : layout.WeightCount;
            theta[index] = T.One;
            T[] z = Apply(a, theta);
            theta[index] = T.Zero;
            for (int i = 0; i < matrix.GetLength(0); i++)
            {
                int sample = i / rowsPerSample, place = i % rowsPerSample;
                matrix[i, j] = double.CreateChecked(z[(sample * Layer.Output.Size) + place]);
            }
        }

        return matrix;
    }

    public void Dispose()
    {
        _network.Dispose();
        _compute.Dispose();
    }
}
