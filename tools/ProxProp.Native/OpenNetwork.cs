using System.Text;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Parallel;
using ProxProp.Engine.Training;

namespace ProxProp.Native;

/// <summary>A network that a handle stands for, with threads of its own.</summary>
internal sealed class OpenNetwork : NativeObject, IDisposable
{
    // The key under which the program keeps the model in the files that it saves.
    private const string ModelKey = "proxprop.model";

    // What the opened file says beside its model, such as classes and scaling: kept for the files saved.
    private readonly Dictionary<string, string> _metadata = [];
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

    public static OpenNetwork Create(ReadOnlySpan<byte> json, int maxBatch, ulong seed, int threads)
    {
        CheckSizes(maxBatch, threads);
        return new(ModelFile.Parse<float>(json.ToArray()), maxBatch, seed, threads);
    }

    public static OpenNetwork Open(string path, int maxBatch, int threads)
    {
        CheckSizes(maxBatch, threads);
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        if (!reader.Metadata.TryGetValue(ModelKey, out string? json))
            throw new StatusException(Status.Format, $"{path} does not describe its network; create it from JSON and load the weights.");
        var network = new OpenNetwork(ModelFile.Parse<float>(Encoding.UTF8.GetBytes(json)), maxBatch, 0, threads);
        try
        {
            Weights.Load(network.Network, reader, string.Empty, exact: true);
            foreach ((string key, string text) in reader.Metadata)
            {
                if (!Checkpoint.OwnsMetadata(key))
                    network._metadata[key] = text;
            }

            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <exception cref="StatusException">A number of the network is not finite, so that nobody could open the file.</exception>
    public void Save(string path)
    {
        if (Weights.FirstNotFinite(Network) is { } tensor)
            throw new StatusException(Status.NotFinite, $"{path} is not saved: tensor '{tensor}' has a number that is not finite; expected finite weights.");
        _metadata[ModelKey] = ModelWriter.ToJson(Network);
        Weights.Save(Network, path, _metadata);
    }

    public void Dispose()
    {
        Network.Dispose();
        _compute.Dispose();
    }

    private static void CheckSizes(int maxBatch, int threads)
    {
        if (maxBatch < 1)
            throw new ArgumentException($"'max_batch' is {maxBatch}; expected 1 or more.");
        if (threads < 0 || threads > WorkerTeam.MaxWorkers)
            throw new ArgumentException($"'threads' is {threads}; expected 0 to {WorkerTeam.MaxWorkers}.");
    }
}
