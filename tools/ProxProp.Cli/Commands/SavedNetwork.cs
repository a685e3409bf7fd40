using System.Numerics;
using ProxProp.Cli.Files;
using ProxProp.Cli.Options;
using ProxProp.Cli.Parsing;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.Commands;

/// <summary>The options that <c>evaluate</c> and <c>predict</c> share: weights, model, data, which rows.</summary>
internal sealed class SavedNetworkOptions
{
    private const string Train = "train";
    private const string Validation = "validation";
    private const string Test = "test";
    private const string All = "all";

    private readonly Option<string?> _weights = Parsed.Text("--weights", "FILE", "The saved weights (safetensors).", required: true);

    private readonly Option<string?> _model = Parsed.Text(
        "--model", "MODEL", ModelChoice.Description + " Default: the one described in the weights file.");

    private readonly Option<string?> _part = Parsed.Choice(
        "--part",
        "Which rows. Default: the rows kept for testing if this is the data set trained on or one with a test part, else all.",
        Train, Validation, Test, All);

    private readonly DataOptions _data = new();
    private readonly ComputeOptions _compute = new();

    public void AddTo(Command command)
    {
        command.Add(_weights);
        command.Add(_model);
        command.Add(_part);
        _data.AddTo(command);
        _compute.AddTo(command);
    }

    /// <summary>Whether to compute in double: as asked for, or as the weights are stored.</summary>
    public bool IsDouble(ParseResult parsed) => _compute.IsDouble(parsed, SavedModel.HeaderOf(parsed.GetValue(_weights)));

    /// <summary>The files that are read.</summary>
    public NamedFiles FilesRead(ParseResult parsed)
    {
        var files = new NamedFiles();
        files.Read(_weights.Name, parsed.GetValue(_weights));
        files.Read(_data.Data.Name, parsed.GetValue(_data.Data));
        files.Read(_model.Name, ModelChoice.FileOf(parsed.GetValue(_model)));
        return files;
    }

    /// <summary>Loads data and network.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="mayLackLabels">Whether a CSV file may have no label column, or rows without a label.</param>
    public SavedNetwork<T> Load<T>(ParseResult parsed, bool mayLackLabels)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string weights = parsed.GetValue(_weights)!;
        using SafetensorsReader reader = SafetensorsReader.Open(weights);
        SavedModel? saved = SavedModel.Read(reader);
        DataRequest request = _data.Read(parsed, saved?.Dataset ?? DataOptions.Digits, mayLackLabels: true);
        request = CsvColumns.Find((saved?.Describe(request) ?? request) with { MayLackLabels = mayLackLabels });
        if (request is { Kind: DataOptions.Csv, Columns: null, Label: null })
            request = request with { Label = DefaultLabel(request, saved, mayLackLabels) };
        LoadedData<T> data = DataSource.Load<T>(request);
        (Dataset<T> rows, string what) = Choose(parsed.GetValue(_part), data, saved);
        string? named = parsed.GetValue(_model);
        string? described = SavedModel.ModelOf(reader);
        if (named is null && described is null)
            throw new UsageException($"--model is needed: {weights} does not describe its network.");
        Model<T> model = named is null ? ModelChoice.Parse(described!, weights, data) : ModelChoice.Make(named, data);
        var compute = new ComputeContext(_compute.Threads(parsed));
        Network<T>? network = null;
        try
        {
            network = new Network<T>(model.Input, model.Layers, SavedNetwork<T>.Batch, compute: compute);
            Weights.Load(network, reader, string.Empty, exact: true);
        }
        catch
        {
            network?.Dispose();
            compute.Dispose();
            throw;
        }

        return new SavedNetwork<T>(compute, network, rows, what, saved?.Classes ?? data.Rows.ClassNames, request.HasLabels);
    }

    // A file with as many columns as the network has inputs has no labels.
    private static string? DefaultLabel(DataRequest request, SavedModel? saved, bool mayLackLabels) =>
        mayLackLabels && saved?.Scaling is { } scaling && DataSource.CountColumns(request) == scaling.Features ? DataOptions.NoLabel : saved?.Label;

    private static (Dataset<T> Rows, string What) Choose<T>(string? part, LoadedData<T> data, SavedModel? saved)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (data.OwnTest is not null && (part ?? Test) == Test)
            return (data.OwnTest, $"the test rows of {data.Name}");
        bool trainedOn = saved is not null && IsTrainedOn(data, saved);
        switch (part ?? (trainedOn && saved!.Split.Test > 0 ? Test : All))
        {
            case All:
                return (data.Rows, trainedOn ? $"all rows of {data.Name}, those trained on among them" : $"all rows of {data.Name}");
            case var _ when !trainedOn:
                throw new FailureException(
                    $"{data.Name} is not the data set that these weights were trained on, so it has no such part; use --part all.");
            case Test:
                return (saved!.Split.Apply(data).Test, $"the rows of {data.Name} kept for testing");
            case Validation:
                return (saved!.Split.Apply(data).Validation, $"the rows of {data.Name} kept for validation");
            default:
                return (saved!.Split.Apply(data).Train, $"the rows of {data.Name} trained on");
        }
    }

    // A name and a number of rows are soon the same: another day's measurements, in a file that is called as ever.
    private static bool IsTrainedOn<T>(LoadedData<T> data, SavedModel saved)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        saved.Dataset == data.Request.Kind && saved.Name == data.Name && saved.Rows == data.Rows.Count && !data.Rows.Labels.Contains(-1)
        && (saved.Checksum is null || saved.Checksum == DatasetFingerprint.InSinglePrecision(data.Rows));
}

/// <summary>A network with its weights, and the rows to use it on.</summary>
/// <param name="Compute">What it computes on.</param>
/// <param name="Network">The network.</param>
/// <param name="Rows">The rows.</param>
/// <param name="What">What the rows are, in words.</param>
/// <param name="Classes">The classes' names.</param>
/// <param name="HasLabels">Whether the data have labels, though some may be missing.</param>
/// <typeparam name="T">float or double.</typeparam>
internal sealed record SavedNetwork<T>(
    ComputeContext Compute, Network<T> Network, Dataset<T> Rows, string What, IReadOnlyList<string> Classes, bool HasLabels) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Rows that go through the network at a time.</summary>
    public const int Batch = 500;

    /// <summary>The name of a class; its number where it has none.</summary>
    public string ClassName(int index) => index < Classes.Count ? Classes[index] : index.ToString();

    /// <summary>Calls <paramref name="each"/> with the row, its label (-1 if it has none), the class predicted and its probability.</summary>
    public void Predict(Action<int, int, int, double> each)
    {
        var samples = new T[(long)Batch * Rows.Features];
        var labels = new int[Batch];
        int outputs = Network.Output.Size;
        for (int first = 0; first < Rows.Count; first += Batch)
        {
            int count = Math.Min(Batch, Rows.Count - first);
            Rows.CopyRange(first, count, samples, labels);
            ReadOnlySpan<T> logits = Network.Forward(samples, count);
            for (int i = 0; i < count; i++)
            {
                (int predicted, double probability) = Largest(logits.Slice(i * outputs, outputs));
                each(first + i, labels[i], predicted, probability);
            }
        }
    }

    public void Dispose()
    {
        Network.Dispose();
        Compute.Dispose();
    }

    // Softmax of the largest output: 1 / sum of exp(z - max).
    private static (int Index, double Probability) Largest(ReadOnlySpan<T> logits)
    {
        int largest = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[largest])
                largest = i;
        }

        double sum = 0;
        foreach (T z in logits)
            sum += Math.Exp(double.CreateChecked(z - logits[largest]));
        return (largest, 1 / sum);
    }
}
