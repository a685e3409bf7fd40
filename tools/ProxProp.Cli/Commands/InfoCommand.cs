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
        long elements = reader.Entries.Sum(e => e.Count);
        string size = Texts.Bytes(new FileInfo(path).Length);
        output.WriteLine($"{Texts.Count(reader.Entries.Count, "tensor")}, {Texts.Count(elements, "element")}, {size}");
        var table = new Table("tensor", "type", "shape", "elements");
        foreach (SafetensorsEntry entry in reader.Entries)
            table.Add(entry.Name, entry.Type.ToString().ToUpperInvariant(), entry.ShapeText, $"{entry.Count:N0}");
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
        var table = new Table("layer", "input", "output", "parameters");
        for (int i = 0; i < network.Layers.Count; i++)
        {
            Layer<T> layer = network.Layers[i];
            int parameters = layer is ParametricLayer<T> parametric ? parametric.ParameterCount : 0;
            table.Add($"{i} {layer.Kind}", layer.Input.ToString(), layer.Output.ToString(), parameters == 0 ? "-" : $"{parameters:N0}");
        }

        table.Add("all", network.Input.ToString(), network.Output.ToString(), $"{network.ParameterCount:N0}");
        table.Write(output);
        output.WriteLine();
        long bytes = network.ParameterCount * (long)System.Runtime.CompilerServices.Unsafe.SizeOf<T>();
        output.WriteLine($"memory: parameters {Texts.Bytes(bytes)}; network with {Texts.Count(batch, "sample")} {Texts.Bytes(network.BufferBytes)}");
        foreach (StepChoice step in new[] { StepChoice.Gradient, StepChoice.Auto })
        {
            using var training = new TrainingStep<T>(
                network, step.Make<T>(Damping.Fixed(1)), OptimizerChoice.Make<T>(OptimizerChoice.Nesterov, OptimizerChoice.DefaultMomentum));
            output.WriteLine($"        training by {step.Name} steps (nesterov) {Texts.Bytes(training.BufferBytes)} more");
            if (!step.IsProximal)
                continue;
            output.WriteLine();
            output.WriteLine($"what auto steps do with {Texts.Count(batch, "sample")}, flops and memory beyond the plain gradient's:");
            for (int i = 0; i < network.Layers.Count; i++)
            {
                if (training.Plans[i] is { } plan)
                    output.WriteLine($"{i} {network.Layers[i].Kind}: {PlanText.Of(plan)}");
            }
        }
    }
}
