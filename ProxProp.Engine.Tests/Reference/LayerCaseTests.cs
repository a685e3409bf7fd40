using System.Numerics;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Oracles;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Reference;

/// <summary>One proximal step against the reference numbers: every case, every solver, both precisions.</summary>
public sealed class LayerCaseTests
{
    private const string FileName = "layers.safetensors";
    private static readonly string[] Solvers = ["gradient", "exact", "cg1", "cg3", "cg5", "cg3_joint", "cg3_jacobi"];

    public static TheoryData<string, string> Cases()
    {
        using SafetensorsReader file = ReferenceFile.Open(FileName);
        var data = new TheoryData<string, string>();
        foreach (string[] parts in file.Entries.Select(e => e.Name.Split('/')))
        {
            if (parts.Length == 3 && parts[2] == "weight")
                data.Add(parts[0], parts[1]);
        }

        return data;
    }

    [Fact]
    public void The_file_has_all_its_cases()
    {
        Assert.Equal(52, Cases().Count);
        Assert.All(Cases(), c => Assert.Contains(c.Data.Item2, Solvers));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Double(string name, string solver) => Check<double>(name, solver, Tolerances.ReferenceStepDouble);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Float(string name, string solver) => Check<float>(name, solver, Tolerances.ReferenceStepFloat);

    private static void Check<T>(string name, string solver, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using SafetensorsReader file = ReferenceFile.Open(FileName);
        double tau = ReferenceFile.Read<double>(file, $"{name}/tau_theta")[0];
        // The stated float tolerance holds for tau_theta up to 1; the condition number, and with it the bound, grows in proportion.
        if (typeof(T) == typeof(float))
            tolerance *= Math.Max(1, tau);
        T[] input = ReferenceFile.Read<T>(file, $"{name}/input");
        T[] delta = ReferenceFile.Read<T>(file, $"{name}/delta");
        long[] shape = [.. file.Find($"{name}/input").Shape];
        int batch = (int)shape[0];
        (Shape sample, ProximalLayer<T> layer) = MakeLayer<T>(file, name, shape);

        using var compute = new ComputeContext(2);
        using var network = new Network<T>(sample, [layer], batch, compute: compute);
        ReferenceFile.ReadParameters<T>(file, $"{name}/").CopyTo(network.Parameters);
        double forward = ReferenceFile.RelativeError<T>(
            network.Forward(input, batch), ReferenceFile.Read<double>(file, $"{name}/output"));
        Assert.True(forward < tolerance, $"output is off by {forward:e2}, allowed {tolerance:e2}");

        using var arena = new Arena();
        IDirection<T> direction = MakeStep<T>(solver, tau).Bind(layer, new PlanContext(arena, compute, batch));
        arena.Commit();
        var v = new T[layer.ParameterCount];
        direction.Compute(new Pass(compute, batch), input, delta, v);
        double error = ReferenceFile.RelativeError<T>(v, ReferenceFile.ReadParameters<double>(file, $"{name}/{solver}/"));
        Assert.True(error < tolerance, $"{solver} is off by {error:e2}, allowed {tolerance:e2}");
    }

    private static (Shape Sample, ProximalLayer<T> Layer) MakeLayer<T>(SafetensorsReader file, string name, long[] shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int outputs = (int)file.Find($"{name}/bias").Count;
        if (shape.Length == 2)
            return (Shape.Vector((int)shape[1]), new Linear<T>(outputs));
        var geometry = new long[4];
        file.ReadIntegers($"{name}/kernel_padding_stride_dilation", geometry);
        return (
            Shape.Image((int)shape[1], (int)shape[2], (int)shape[3]),
            new Conv2d<T>(outputs, (int)geometry[0], (int)geometry[2], (int)geometry[1], (int)geometry[3]));
    }

    private static ProximalStep<T> MakeStep<T>(string solver, double tau)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => solver switch
        {
            "gradient" => new ExplicitStep<T>(),
            "exact" => new ExactStep<T>(tau),
            "cg3_joint" => new CgStep<T>(3, tau, joint: true),
            "cg3_jacobi" => new CgStep<T>(3, tau, CgPreconditioner.Jacobi),
            _ => new CgStep<T>(solver[2] - '0', tau),
        };
}
