using System.Text;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Training;

namespace ProxProp.Native;

/// <summary>A network that a handle stands for, with threads of its own.</summary>
internal sealed class OpenNetwork : NativeObject, IDisposable
{
    // The key under which the program keeps the model in the files that it saves.
    private const string ModelKey = "proxprop.model";

    private readonly ComputeContext _compute;

    private OpenNetwork(Model<float> model, int maxBatch, ulong seed, int threads)
    {
        _compute = new ComputeContext(threads);
        try
        {
            Network = new Network<float>(model.Input, model.Layers, maxBatch, seed, _compute);
        }
        catch
        {
            _compute.Dispose();
            throw;
        }
    }

    public override string Kind => "network";

    public Network<float> Network { get; }

    public int Threads => _compute.Team.Workers;

    public int OpenTrainers { get; set; }

    public static OpenNetwork Create(ReadOnlySpan<byte> json, int maxBatch, ulong seed, int threads) =>
        new(ModelFile.Parse<float>(json.ToArray()), maxBatch, seed, threads);

    public static OpenNetwork Open(string path, int maxBatch, int threads)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        if (!reader.Metadata.TryGetValue(ModelKey, out string? json))
            throw new StatusException(Status.Format, $"{path} does not describe its network; create it from JSON and load the weights.");
        var network = new OpenNetwork(ModelFile.Parse<float>(Encoding.UTF8.GetBytes(json)), maxBatch, 0, threads);
        try
        {
            Weights.Load(network.Network, reader, string.Empty, exact: true);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    public void Save(string path) =>
        Weights.Save(Network, path, [new(ModelKey, ModelWriter.ToJson(Network))]);

    public void Dispose()
    {
        Network.Dispose();
        _compute.Dispose();
    }
}
