using System.Globalization;
using ProxProp.Engine.Data;

namespace ProxProp.Cli.Options;

/// <summary>Which column of a CSV file is which, where its header and the saved description of a network's data both name them.</summary>
internal static class CsvColumns
{
    private const int Twice = -1;

    /// <summary>The request with the names in its file's header, for a network that is trained on it; without any if some are the same.</summary>
    public static DataRequest Name(DataRequest request)
    {
        if (request.Kind != DataOptions.Csv || request.Features is not null || ReadHeader(request) is not { } names || Places(names).Count < names.Length)
            return request;
        int label = LabelIn(names, request.Label) ?? (names.Length - 1);
        var features = new List<string>(names);
        features.RemoveAt(label);
        return request with { Features = features, LabelName = names[label] };
    }

    /// <summary>The request with the columns of the features that a network takes, and the label's, found by their names; by place if the file has none.</summary>
    /// <exception cref="DataFormatException">A column is missing, or is there twice.</exception>
    public static DataRequest Find(DataRequest request)
    {
        if (request.Features is not { } features || request.Columns is not null)
            return request;
        if ((ReadHeader(request) ?? HeaderOfNumbers(request)) is not { } names)
            return request with { Features = null, LabelName = null };
        Dictionary<string, int> places = Places(names);
        int? label = LabelIn(names, request.Label);
        int[] columns = new int[features.Count];
        for (int i = 0; i < columns.Length; i++)
            columns[i] = Find(features[i], places, label, request);
        if (request.Label is null)
            label = FindLabel(names.Length, columns, places, request);
        return request with { Columns = columns, LabelColumn = label };
    }

    private static int Find(string feature, Dictionary<string, int> places, int? label, DataRequest request)
    {
        int column = places.GetValueOrDefault(feature, int.MaxValue);
        if (column != int.MaxValue && column != Twice && column != label)
            return column;
        string found = column == Twice ? $"the column '{feature}' twice" : column == label ? $"the column '{feature}' taken for the label" : $"no column '{feature}'";
        string expected = $"the {request.Features!.Count} columns that the network was trained on, by their names and in any order";
        throw new DataFormatException(request.Path!, string.Empty, found, expected);
    }

    // By its name; where labels are needed else the only column that is no feature, whatever it is called. Where they are not it may be anything, a number
    // of the row for example.
    private static int? FindLabel(int count, int[] columns, Dictionary<string, int> places, DataRequest request)
    {
        bool named = places.TryGetValue(request.LabelName ?? string.Empty, out int column);
        if (named && column != Twice)
            return column;
        if (!named && request.MayLackLabels)
            return null;
        for (int i = 0; i < count && count == columns.Length + 1; i++)
        {
            if (Array.IndexOf(columns, i) < 0)
                return i;
        }

        string found = named ? $"the column '{request.LabelName}' with the labels twice" : $"no column '{request.LabelName}' with the labels";
        throw new DataFormatException(request.Path!, string.Empty, found, named ? "it once, or the label's column by --label" : "it, or the label's column by --label");
    }

    // Names that are numbers look like data; a line that has all of them and the label's is a header for sure.
    private static string[]? HeaderOfNumbers(DataRequest request)
    {
        if (request.Header is not null || request.LabelName is not { } label || ReadHeader(request with { Header = true }) is not { } names)
            return null;
        Dictionary<string, int> places = Places(names);
        foreach (string feature in request.Features!)
        {
            if (!places.ContainsKey(feature))
                return null;
        }

        return places.ContainsKey(label) ? names : null;
    }

    private static string[]? ReadHeader(DataRequest request) => CsvDataset.ReadHeader(request.Path!, DataSource.CsvOptionsOf(request));

    private static Dictionary<string, int> Places(string[] names)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < names.Length; i++)
            places[names[i]] = places.ContainsKey(names[i]) ? Twice : i;
        return places;
    }

    // Null if none is named.
    private static int? LabelIn(string[] names, string? label) =>
        label is null or DataOptions.NoLabel ? null
        : int.TryParse(label, NumberStyles.None, CultureInfo.InvariantCulture, out int column) ? column - 1
        : Array.IndexOf(names, label);
}
