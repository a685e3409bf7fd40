using System.Numerics;
using System.Text;
using ProxProp.Cli.Files;
using ProxProp.Cli.Options;
using ProxProp.Cli.Output;
using ProxProp.Cli.Parsing;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.Commands;

/// <summary><c>proxprop info FILE</c>: what is in a safetensors or a JSON model file.</summary>
internal sealed class InfoCommand : Command
{
    public InfoCommand(Terminal terminal)
        : base("info", "Tells what is in a safetensors file or a JSON model file: layers, shapes, parameters, memory.")
    {
        var file = new Argument("FILE", "A safetensors file, or a model file whose name ends in .json.");
        Option<int?> batch = Parsed.Count("--batch", "Samples in a step, for the memory. Default: 100.", 1);
        Add(file);
        Add(batch);
        SetAction(parsed =>
        {
            string path = parsed.GetValue(file);
            int samples = parsed.GetValue(batch) ?? 100;
            if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
                WriteModel(terminal.Output, ModelFile.Load<float>(path), samples);
            else
                WriteWeights(terminal.Output, path, samples);
            return ExitCode.Done;
        });
    }

    private static void WriteWeights(TextWriter output, string path, int batch)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        long elements = 0;
        foreach (SafetensorsEntry entry in reader.Entries)
            elements += entry.Count;
        string size = Texts.Bytes(new FileInfo(path).Length);
        output.WriteLine($"{Texts.Count(reader.Entries.Count, "tensor")}, {Texts.Count(elements, "element")}, {size}");
        var table = new Table("tensor", "type", "shape", "elements");
        foreach (SafetensorsEntry entry in reader.Entries)
            table.Add(entry.Name, entry.TypeText, entry.ShapeText, $"{entry.Count:N0}");
        table.Write(output);
        if (SavedModel.ModelOf(reader) is not { } model)
            return;
        output.WriteLine();
        if (SavedModel.Read(reader) is { } saved)
        {
            output.WriteLine($"trained by {saved.Run}");
            output.WriteLine($"on {saved.Split.Train:N0} of {saved.Rows:N0} rows of {saved.Name}; number of classes: {saved.Classes.Count}");
            output.WriteLine();
        }

        ReadOnlyMemory<byte> json = Encoding.UTF8.GetBytes(model);
        if (SavedModel.IsDouble(reader))
            WriteModel(output, ModelFile.Parse<double>(json), batch);
        else
            WriteModel(output, ModelFile.Parse<float>(json), batch);
    }

    private static void WriteModel<T>(TextWriter output, Model<T> model, int batch)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var compute = new ComputeContext(1);
        using var network = new Network<T>(model.Input, model.Layers, batch, compute: compute);
        WriteLayers(output, network);
        long bytes = network.ParameterCount * (long)System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        output.WriteLine($"memory: parameters {Texts.Bytes(bytes)}; network with {Texts.Count(batch, "sample")} {Texts.Bytes(network.BufferBytes)}");
        foreach (StepChoice step in new[] { StepChoice.Gradient, StepChoice.Auto })
        {
            using var training = new TrainingStep<T>(
                network, step.Make<T>(Damping.Fixed(1)), OptimizerChoice.Make<T>(OptimizerChoice.Nesterov, OptimizerChoice.DefaultMomentum, 0));
            WriteStep(output, step, training.BufferBytes, batch, training.Plans, i => network.Layers[i].Kind);
        }
    }

    private static void WriteLayers<T>(TextWriter output, Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var table = new Table("layer", "input", "output", "parameters");
        for (int i = 0; i < network.Layers.Count; i++)
        {
            Layer<T> layer = network.Layers[i];
            AddLayer(table, $"{i} {layer.Kind}", layer.Input, layer.Output, layer is ParametricLayer<T> parametric ? parametric.ParameterCount : 0);
        }

        AddLayer(table, "all", network.Input, network.Output, network.ParameterCount);
        table.Write(output);
        output.WriteLine();
    }

    // What follows is the same for float and double; a native program holds it once.
    private static void AddLayer(Table table, string name, Shape input, Shape output, long parameters) =>
        table.Add(name, input.ToString(), output.ToString(), parameters == 0 ? "-" : $"{parameters:N0}");

    private static void WriteStep(TextWriter output, StepChoice step, long bytes, int batch, IReadOnlyList<LayerPlan?> plans, Func<int, string> kindOf)
    {
        output.WriteLine($"        training by {step.Name} steps (nesterov) {Texts.Bytes(bytes)} more");
        if (!step.IsProximal)
            return;
        output.WriteLine();
        output.WriteLine($"what auto steps do with {Texts.Count(batch, "sample")}, flops and memory beyond the plain gradient's:");
        for (int i = 0; i < plans.Count; i++)
        {
            if (plans[i] is { } plan)
                output.WriteLine($"{i} {kindOf(i)}: {PlanText.Of(plan)}");
        }
    }
}
