using System.Reflection;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Theory;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Architecture;

/// <summary>
/// Every public constructor and static method refuses null by the name of the argument, unless the parameter is annotated as one that may be null.
/// Left out: records, which only hold what they are given, exceptions, what has two type parameters, and what takes spans or matrices, which reflection
/// cannot call.
/// </summary>
public sealed class NullArgumentTests : IDisposable
{
    private readonly Network<float> _network = new(Shape.Vector(3), [new Linear<float>(2), new Relu<float>(), new Linear<float>(2)], 4);
    private readonly ComputeContext _compute = new(1);
    private readonly Arena _arena = new();

    public void Dispose()
    {
        _network.Dispose();
        _compute.Dispose();
        _arena.Dispose();
    }

    [Fact]
    public void Null_is_refused_by_name()
    {
        var failures = new List<string>();
        int seen = 0;
        foreach (MethodBase method in typeof(Network<>).Assembly.GetExportedTypes().Where(IsTested).Select(Closed).SelectMany(Methods))
        {
            ParameterInfo[] parameters = method.GetParameters();
            if (parameters.Any(p => p.ParameterType.IsPointer || Type(p).IsByRefLike))
                continue;
            foreach (ParameterInfo parameter in parameters.Where(RefusesNull))
            {
                seen++;
                string? found = Call(method, [.. parameters.Select(p => p == parameter ? null : Sample(Type(p)))]);
                if (found != parameter.Name)
                    failures.Add($"{method.DeclaringType!.Name}.{method.Name}({string.Join(", ", parameters.Select(p => p.Name))}): null {parameter.Name} gives {found}");
            }
        }

        Assert.True(seen > 60, $"{seen} parameters are tried.");
        Assert.True(failures.Count == 0, string.Join("\n", failures));
    }

    [Fact]
    public void Other_missing_things_are_named()
    {
        ArgumentNullException missing = Assert.Throws<ArgumentNullException>(() => new Network<float>(Shape.Vector(3), [new Relu<float>(), null!], 4));
        Assert.Equal("layers", missing.ParamName);
        Assert.Contains("Layer 1 is null", missing.Message, StringComparison.Ordinal);
        using var evaluator = new Evaluator<float>(_network);
        Assert.Equal("data", Assert.Throws<ArgumentNullException>(() => evaluator.Evaluate(null!)).ParamName);
        using var step = new TrainingStep<float>(_network, new ExplicitStep<float>(), new Sgd<float>());
        using var trainer = new Trainer<float>(step, new TrainerOptions());
        Assert.Equal("train", Assert.Throws<ArgumentNullException>(() => trainer.Run(null!)).ParamName);
        Assert.Equal("train", Assert.Throws<ArgumentNullException>(() => trainer.Check(null!)).ParamName);
        foreach (double tau in (double[])[0, -1, double.NaN])
            Assert.Equal("tau", Assert.Throws<ArgumentOutOfRangeException>(() => DampedLeastSquares.Solve(new double[,] { { 1 } }, [1.0], tau)).ParamName);
    }

    private static bool IsTested(Type type) =>
        !type.IsSubclassOf(typeof(Exception)) && !type.IsSubclassOf(typeof(Delegate)) && (!type.IsAbstract || type.IsSealed)
        && type.GetGenericArguments().Length < 2
        && type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic) is null;

    private static Type Closed(Type type) => type.IsGenericTypeDefinition
        ? type.MakeGenericType([.. type.GetGenericArguments().Select(_ => typeof(float))])
        : type;

    private static IEnumerable<MethodBase> Methods(Type type) =>
    [
        .. type.GetConstructors(),
        .. type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly)
            .Where(m => !m.IsSpecialName && m.GetGenericArguments().Length < 2)
            .Select(m => m.IsGenericMethodDefinition ? m.MakeGenericMethod([.. m.GetGenericArguments().Select(_ => typeof(float))]) : m),
    ];

    private static Type Type(ParameterInfo parameter) =>
        parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType()! : parameter.ParameterType;

    private static bool RefusesNull(ParameterInfo parameter) =>
        !parameter.IsOut && !Type(parameter).IsValueType && new NullabilityInfoContext().Create(parameter).WriteState == NullabilityState.NotNull;

    // The name in an ArgumentNullException, or what came in its place.
    private static string? Call(MethodBase method, object?[] arguments)
    {
        try
        {
            object? made = method is ConstructorInfo constructor ? constructor.Invoke(arguments) : method.Invoke(null, arguments);
            (made as IDisposable)?.Dispose();
            return "no exception";
        }
        catch (TargetInvocationException e)
        {
            return e.InnerException is ArgumentNullException refused ? refused.ParamName : $"{e.InnerException!.GetType().Name}: {e.InnerException.Message}";
        }
    }

    // Something good enough to come as far as the argument that is null.
    private object? Sample(Type type) =>
        type == typeof(string) ? "x"
        : type == typeof(double) ? 0.5
        : type == typeof(int) ? 1
        : type == typeof(char) ? ','
        : type == typeof(Shape) ? Shape.Vector(3)
        : type == typeof(Network<float>) ? _network
        : type == typeof(ComputeContext) ? _compute
        : type == typeof(Arena) ? _arena
        : type == typeof(PlanContext) ? new PlanContext(_arena, _compute, 4)
        : type == typeof(Pass) ? new Pass(_compute, 1)
        : type == typeof(Layer<float>) || type == typeof(ParametricLayer<float>) || type == typeof(ProximalLayer<float>) ? _network.Layers[0]
        : type == typeof(Loss<float>) ? new CrossEntropyLoss<float>()
        : type == typeof(ProximalStep<float>) ? new ExplicitStep<float>()
        : type == typeof(Optimizer<float>) ? new Sgd<float>()
        : type == typeof(TrainingStep<float>) ? new TrainingStep<float>(_network, new ExplicitStep<float>(), new Sgd<float>())
        : type == typeof(PenaltyEnergy<float>) ? new PenaltyEnergy<float>(_network, null, 1, 1)
        : type == typeof(OnlineLinear<float>) ? new OnlineLinear<float>(2, 1, 1)
        : type == typeof(Dataset<float>) ? new Dataset<float>("x", 1, 1, 3, ["a"], new float[3], [0])
        : type == typeof(Stream) ? new MemoryStream()
        : type == typeof(IEnumerable<Layer<float>>) || type == typeof(IReadOnlyList<Layer<float>>) ? new Layer<float>[] { new Linear<float>(2) }
        : type == typeof(Func<int, bool>) ? new Func<int, bool>(row => row > 0)
        : type == typeof(SafetensorsReader) ? SafetensorsReader.Open("x", new byte[] { 2, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}' })
        : type == typeof(ConvolutionShape) ? new ConvolutionShape(1, 3, 3, 1, 2, 2, 1, 1, 0, 0, 1, 1)
        : type == typeof(float[]) ? new float[1]
        : type == typeof(byte[]) ? new byte[1]
        : type == typeof(int[]) ? new int[1]
        : type == typeof(IReadOnlyList<string>) ? new[] { "a" }
        : type == typeof(double[,]) ? new double[1, 1]
        : type.IsValueType ? Activator.CreateInstance(type)
        : null;
}
