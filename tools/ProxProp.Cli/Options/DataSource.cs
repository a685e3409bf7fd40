using System.Globalization;
using System.Numerics;
using ProxProp.Engine.Data;

namespace ProxProp.Cli.Options;

/// <summary>A data set in memory.</summary>
/// <param name="Request">What was asked for.</param>
/// <param name="Rows">All rows, or the training rows of a set that comes with a test part.</param>
/// <param name="OwnTest">The test part that the set comes with, or null.</param>
/// <typeparam name="T">float or double.</typeparam>
internal sealed record LoadedData<T>(DataRequest Request, Dataset<T> Rows, Dataset<T>? OwnTest)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>What the set is called in messages and saved files: its kind, or the CSV file's name.</summary>
    public string Name => Request.Kind == DataOptions.Csv ? Rows.Name : Request.Kind;

    /// <summary>Whether samples are images rather than plain vectors.</summary>
    public bool IsImages => Request.Kind != DataOptions.Csv;

    /// <summary>Bytes of all its rows.</summary>
    public long Bytes => Rows.Bytes + (OwnTest?.Bytes ?? 0);
}

/// <summary>Loads the data set that is asked for.</summary>
internal static class DataSource
{
    /// <summary>Loads it.</summary>
    /// <param name="request">What is asked for.</param>
    /// <exception cref="DataFormatException">A file is missing or damaged.</exception>
    public static LoadedData<T> Load<T>(DataRequest request)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        switch (request.Kind)
        {
            case DataOptions.Mnist:
                TrainTest<T> mnist = Mnist.Load<T>(request.Path!);
                return new LoadedData<T>(request, mnist.Train, mnist.Test);
            case DataOptions.Cifar10:
                TrainTest<T> cifar = Cifar10.Load<T>(request.Path!);
                return new LoadedData<T>(request, cifar.Train, cifar.Test);
            case DataOptions.Csv:
                request = CsvColumns.Find(request);
                return new LoadedData<T>(request, CsvDataset.Load<T>(request.Path!, CsvOptionsOf(request)), null);
            default:
                return new LoadedData<T>(request, Digits.Load<T>(), null);
        }
    }

    /// <summary>A CSV file without a given scaling, scaled by the range of its training rows alone; any other data as they are.</summary>
    public static LoadedData<T> ScaledByTraining<T>(LoadedData<T> data, Dataset<T> train)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (data.Request.Kind != DataOptions.Csv || data.Request.Scaling is not null)
            return data;
        var trained = new bool[data.Rows.Count];
        for (int i = 0; i < train.Count; i++)
            trained[train.SourceRow(i)] = true;
        FeatureScaling scaling = CsvDataset.MeasureScaling(data.Request.Path!, row => trained[row], CsvOptionsOf(data.Request));
        return Load<T>(data.Request with { Classes = data.Rows.ClassNames, Scaling = scaling });
    }

    /// <summary>Number of fields in the first line of the CSV file that is asked for.</summary>
    public static int CountColumns(DataRequest request) => CsvDataset.CountColumns(request.Path!, CsvOptionsOf(request with { Label = null }));

    /// <summary>How the CSV file that is asked for is read.</summary>
    public static CsvOptions CsvOptionsOf(DataRequest request)
    {
        CsvLabel label = request.Columns is null ? LabelColumn(request.Label) : request.LabelColumn is { } column ? CsvLabel.At(column) : CsvLabel.None;
        return request.Header == false && label.ColumnName is { } name
            ? throw new UsageException($"--label {name} is a name, but --header no says that columns have none; give the column's number from 1.")
            : new()
            {
                Label = label,
                Header = request.Columns is null ? request.Header : true,
                Columns = request.Columns,
                Separator = request.Separator,
                ClassNames = request.Classes,
                Scaling = request.Scaling,
                MayLackLabels = request.MayLackLabels,
            };
    }

    private static CsvLabel LabelColumn(string? label) => label switch
    {
        null => CsvLabel.Last,
        DataOptions.NoLabel => CsvLabel.None,
        _ when int.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out int column) => column >= 1
            ? CsvLabel.At(column - 1)
            : throw new UsageException("--label counts columns from 1."),
        _ => CsvLabel.Named(label),
    };
}
