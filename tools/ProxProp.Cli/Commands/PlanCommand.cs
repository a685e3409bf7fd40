using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Cli.Options;
using ProxProp.Cli.Output;
using ProxProp.Cli.Parsing;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.Commands;

/// <summary><c>proxprop plan</c>: the memory that <c>proxprop train</c> with the same options would take, without taking it.</summary>
internal sealed class PlanCommand : Command
{
    // What the code that only training runs takes once it is loaded and compiled; a native program has it in its file.
    private const long CodeOfTraining = 10_000_000;

    private readonly DataOptions _data = new();
    private readonly TrainOptions _options = new();
    private readonly ComputeOptions _compute = new();
    private readonly Option<bool> _json = Parsed.Flag("--json", "Writes one JSON object instead of tables.");
    private readonly Terminal _terminal;

    public PlanCommand(Terminal terminal)
        : base("plan", "Tells every buffer that proxprop train with the same options would take, in bytes, before anything is trained.")
    {
        _terminal = terminal;
        _data.AddTo(this);
        _options.AddTo(this);
        _compute.AddTo(this);
        Add(_json);
        SetAction(parsed =>
        {
            TrainRequest request = TrainRequest.Read(parsed, _options, _data, _compute);
            return _compute.IsDouble(parsed, request.Start) ? Run<double>(parsed, request) : Run<float>(parsed, request);
        });
    }

    private int Run<T>(ParseResult parsed, TrainRequest request)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        LoadedData<T> data = DataSource.Load<T>(request.Data);
        request = TrainPlan.Fit(request, data);
        MemoryPlan plan = TrainPlan.Make(request, data);
        long program = Environment.WorkingSet - data.Bytes + (RuntimeFeature.IsDynamicCodeCompiled ? CodeOfTraining : 0);
        var report = new PlanReport(plan, program, request);
        if (parsed.GetValue(_json))
            report.WriteJson(_terminal.Output);
        else
            report.WriteTables(_terminal.Output);
        return ExitCode.Done;
    }
}
