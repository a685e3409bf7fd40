using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Layers;
using ProxProp.Engine.Tests.Oracles;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

/// <summary>
/// Gradients of whole networks against central differences: layers in every order that lets them share buffers, so that a buffer
/// overwritten too early shows.
/// </summary>
public sealed class NetworkGradientTests
{
    private const int Batch = 5;
    private const int Classes = 4;
    private const double Step = 1e-5;

    /// <summary>L linear, C convolution, N batch norm, M max pool, A average pool, F flatten, D dropout, and r, l, t, s, g the activations.</summary>
    public static TheoryData<string> Networks =>
    [
        "L", "LrL", "LtrL", "LrtL", "LrFDL", "LstL", "LtsL", "LgrL", "LrgL", "LggL", "LtDsL", "LDrL", "LDDL", "LlrL", "LrrL", "LttL", "LNrL", "LrNL",
        "LNL", "LtNsL", "NL", "NrL", "rL", "tL", "FrL", "FL", "DL", "sDL", "LrLt", "LtD", "Lr", "Ls", "LLL", "ULtL", "tUrL", "LUgU", "CrFL", "CFrL", "CrL",
        "CtrFL", "CrMFL", "CMrFL", "CMtFDL", "CNrMCrAFtL", "CNMrFL", "CFDrL", "MCsL", "FtLtL", "CAtCgFL", "CrMCrMFL", "NCrFNtL", "CrFLtDLrNL", "CMMFL",
        "CFtFrL", "FFL", "CtFtL", "MAFL", "CrMsFL", "CrMtCFL", "CrMFsL", "CrMDFL", "CrMrMFL", "CNrMNFL", "rMFL",
    ];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Gradient_is_the_slope_of_the_loss(string layers)
    {
        using var compute = new ComputeContext(1);
        bool images = layers.AsSpan().IndexOfAny("CMA") >= 0 || layers[0] == 'F';
        Shape input = images ? Shape.Image(2, 7, 6) : Shape.Vector(9);
        using var network = new Network<double>(input, Make(layers), Batch, seed: 3, compute: compute);
        int outputs = network.Output.Size;
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>());
        double[] samples = Values.Uniform<double>(Batch * input.Size, 8, 1.5);
        int[] labels = Values.Labels(Batch, Math.Min(Classes, outputs), 9);

        double Loss() => step.ComputeDirections(samples, new Targets<double>(labels), Batch).Loss;
        Loss();
        double[] gradient = step.Directions.ToArray();
        Assert.Equal(network.ParameterCount, gradient.Length);
        double[] expected = new double[gradient.Length];
        for (int i = 0; i < expected.Length; i++)
        {
            double value = network.Parameters[i];
            double At(double offset)
            {
                network.Parameters[i] = value + offset;
                double loss = Loss();
                network.Parameters[i] = value;
                return loss;
            }

            // Of fourth order: batch normalisation of a nearly constant feature is steep.
            expected[i] = ((8 * (At(Step) - At(-Step))) - At(2 * Step) + At(-2 * Step)) / (12 * Step);
        }

        double worst = Dense.WorstError<double>(gradient, expected);
        Assert.True(worst < 1e-8, $"{layers}: off by {worst:e2}");
        Assert.True(gradient.Length == 0 || gradient.Max(Math.Abs) > 1e-4, "The gradient is not trivially zero.");
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Directions_of_a_second_batch_do_not_depend_on_the_first(string layers)
    {
        using var compute = new ComputeContext(1);
        bool images = layers.AsSpan().IndexOfAny("CMA") >= 0 || layers[0] == 'F';
        Shape input = images ? Shape.Image(2, 7, 6) : Shape.Vector(9);
        using var network = new Network<double>(input, Make(layers), Batch, seed: 3, compute: compute);
        using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>());
        double[] samples = Values.Uniform<double>(Batch * input.Size, 8, 1.5);
        int[] labels = Values.Labels(Batch, Math.Min(Classes, network.Output.Size), 9);
        step.ComputeDirections(samples, new Targets<double>(labels), Batch);
        double[] first = step.Directions.ToArray();
        step.ComputeDirections(Values.Uniform<double>(3 * input.Size, 77, 1.5), new Targets<double>(labels.AsSpan(0, 3)), 3);
        Assert.True(first.Length == 0 || !first.AsSpan().SequenceEqual(step.Directions));
        step.ComputeDirections(samples, new Targets<double>(labels), Batch);
        Assert.Equal(first, step.Directions.ToArray());
    }

    [Fact]
    public void A_layers_input_is_left_as_the_caller_gave_it()
    {
        using var compute = new ComputeContext(1);
        double[] samples = Values.Uniform<double>(Batch * 9, 8);
        double[] before = [.. samples];
        foreach (string layers in (string[])["rL", "DrL", "tsL", "L"])
        {
            using var network = new Network<double>(Shape.Vector(9), Make(layers), Batch, compute: compute);
            using var step = new TrainingStep<double>(network, new ExplicitStep<double>(), new Sgd<double>());
            step.Run(samples, new Targets<double>(new int[Batch]), Batch, 0.1);
            Assert.Equal(before, samples);
        }
    }

    private static Layer<double>[] Make(string layers)
    {
        int last = layers.LastIndexOf('L');
        return [.. layers.Select((c, i) => (Layer<double>)(c switch
        {
            'L' => new Linear<double>(i == last ? Classes : 6),
            'C' => new Conv2d<double>(3, 3, padding: 1),
            'U' => new LocallyConnected<double>(2),
            'N' => new BatchNorm<double>(),
            'M' => new MaxPool2d<double>(2),
            'A' => new AvgPool2d<double>(2, 1),
            'F' => new Flatten<double>(),
            'D' => new Dropout<double>(0.3),
            'r' => new Relu<double>(),
            'l' => new LeakyRelu<double>(0.1),
            't' => new Tanh<double>(),
            's' => new Sigmoid<double>(),
            'g' => new Gelu<double>(),
            _ => throw new ArgumentException(layers, nameof(layers)),
        }))];
    }
}
