using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Layers;

/// <summary>What a proximal layer promises: linear in θ, Apply and ApplyAdjoint adjoint to each other, Gram matrices those of A.</summary>
public sealed class AdjointTests
{
    private const int Batch = 4;

    public static TheoryData<string> Proximal => [.. LayerCases.Proximal];

    public static TheoryData<string> Gram => [.. LayerCases.Proximal.Where(n => n != "locally connected")];

    [Theory]
    [MemberData(nameof(Proximal))]
    public void Adjoint_identity(string name)
    {
        Adjoint<double>(name);
        Adjoint<float>(name);
    }

    [Theory]
    [MemberData(nameof(Proximal))]
    public void Linear_in_the_parameters(string name)
    {
        Linearity<double>(name);
        Linearity<float>(name);
    }

    [Theory]
    [MemberData(nameof(Proximal))]
    public void Apply_with_the_layers_own_parameters_is_forward(string name)
    {
        (Layer<double> layer, Shape input) = LayerCases.Make<double>(name);
        using var probe = new SingleLayer<double>(layer, input, Batch);
        double[] a = Values.Uniform<double>(probe.InputLength, 1);
        Assert.Equal(probe.Forward(a), probe.Apply(a, probe.Parametric.Parameters));
        double[] dz = Values.Uniform<double>(probe.OutputLength, 2);
        Assert.Equal(probe.ParameterGradient(a, dz), probe.ApplyAdjoint(a, dz));
    }

    [Theory]
    [MemberData(nameof(Gram))]
    public void Gram_matrices_are_those_of_the_map(string name)
    {
        GramMatrices<double>(name, 1);
        GramMatrices<float>(name, 2);
    }

    private static void Adjoint<T>(string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (Layer<T> layer, Shape input) = LayerCases.Make<T>(name);
        using var probe = new SingleLayer<T>(layer, input, Batch);
        T[] a = Values.Uniform<T>(probe.InputLength, 1), dz = Values.Uniform<T>(probe.OutputLength, 2);
        T[] theta = Values.Uniform<T>(probe.Parametric.ParameterCount, 3);
        T[] z = probe.Apply(a, theta), dtheta = probe.ApplyAdjoint(a, dz);
        double left = Dense.Dot<T>(z, dz), right = Dense.Dot<T>(theta, dtheta);
        double size = Math.Sqrt(Dense.Dot<T>(z, z) * Dense.Dot<T>(dz, dz));
        double terms = layer.Input.Size * Batch;
        Assert.True(size > 0);
        Assert.True(Math.Abs(left - right) < Tolerances.ResidualRatio * terms * Tolerances.Epsilon<T>() * size, $"{left} against {right}");
    }

    private static void Linearity<T>(string name)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (Layer<T> layer, Shape input) = LayerCases.Make<T>(name);
        using var probe = new SingleLayer<T>(layer, input, Batch);
        T[] a = Values.Uniform<T>(probe.InputLength, 1);
        T[] x = Values.Uniform<T>(probe.Parametric.ParameterCount, 3), y = Values.Uniform<T>(x.Length, 4);
        T two = T.CreateChecked(2), three = T.CreateChecked(3);
        T[] combined = probe.Apply(a, [.. x.Zip(y, (p, q) => (two * p) - (three * q))]);
        T[] expected = [.. probe.Apply(a, x).Zip(probe.Apply(a, y), (p, q) => (two * p) - (three * q))];
        Assert.True(Dense.WorstError<T>(combined, expected) < Tolerances.ResidualRatio * layer.Input.Size * Tolerances.Epsilon<T>());
        Assert.All(probe.Apply(a, new T[x.Length]), v => Assert.Equal(T.Zero, v));
    }

    private static void GramMatrices<T>(string name, int threads)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (Layer<T> layer, Shape input) = LayerCases.Make<T>(name);
        using var probe = new SingleLayer<T>(layer, input, Batch, threads);
        var gramLayer = (IGramLayer<T>)layer;
        T[] a = Values.Uniform<T>(probe.InputLength, 1);
        double[,] matrix = probe.UnitMatrix(a, gramLayer.RowsPerSample);
        double[,] expected = Dense.Product(Dense.Transpose(matrix), matrix);
        int columns = probe.Proximal.Layout.Columns;
        double tolerance = Tolerances.ResidualRatio * matrix.GetLength(0) * Tolerances.Epsilon<T>();

        T[] gram = Unwritten<T>(columns * columns);
        gramLayer.Gram(probe.Training, a, new Matrix<T>(gram, columns, columns));
        Assert.True(Dense.RelativeError(ToDense(gram, columns, columns), expected) < tolerance);

        T[] diagonal = Unwritten<T>(columns);
        gramLayer.GramDiagonal(probe.Training, a, diagonal);
        for (int i = 0; i < columns; i++)
            Assert.True(Math.Abs(double.CreateChecked(diagonal[i]) - expected[i, i]) <= tolerance * expected[i, i], $"diagonal element {i}");

        if (layer is IDualGramLayer<T> dualLayer)
        {
            int rows = matrix.GetLength(0);
            T[] dual = Unwritten<T>(rows * rows);
            dualLayer.DualGram(probe.Training, a, new Matrix<T>(dual, rows, rows));
            Assert.True(Dense.RelativeError(ToDense(dual, rows, rows), Dense.Product(matrix, Dense.Transpose(matrix))) < tolerance);
        }
    }

    private static T[] Unwritten<T>(int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => [.. Enumerable.Repeat(T.NaN, count)];

    private static double[,] ToDense<T>(T[] values, int rows, int columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var dense = new double[rows, columns];
        for (int i = 0; i < rows * columns; i++)
            dense[i / columns, i % columns] = double.CreateChecked(values[i]);
        return dense;
    }
}
