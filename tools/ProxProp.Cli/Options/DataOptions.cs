using ProxProp.Cli.Parsing;
using ProxProp.Engine.Data;

namespace ProxProp.Cli.Options;

/// <summary>The data set that is asked for.</summary>
/// <param name="Kind">digits, mnist, cifar10 or csv.</param>
/// <param name="Path">Its folder or file; null for the embedded digits.</param>
/// <param name="Label">The label column of a CSV file, or null for the last one.</param>
/// <param name="Header">Whether a CSV file's first line names the columns, or null to find out.</param>
/// <param name="Separator">The character between a CSV file's fields.</param>
internal sealed record DataRequest(string Kind, string? Path, string? Label, bool? Header = null, char Separator = ',')
{
    /// <summary>Classes of a CSV file, or null for those found in it.</summary>
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>Scaling of a CSV file, or null for its own range.</summary>
    public FeatureScaling? Scaling { get; init; }

    /// <summary>Names of a CSV file's features as a network takes them, or null if there are none.</summary>
    public IReadOnlyList<string>? Features { get; init; }

    /// <summary>The name of the label's column beside <see cref="Features"/>, or null.</summary>
    public string? LabelName { get; init; }

    /// <summary>The columns of <see cref="Features"/> in this file, the first being 0; null for all but the label's, in their order.</summary>
    public IReadOnlyList<int>? Columns { get; init; }

    /// <summary>The label's column beside <see cref="Columns"/>, the first being 0; null for none.</summary>
    public int? LabelColumn { get; init; }

    /// <summary>Whether rows without a label will do.</summary>
    public bool MayLackLabels { get; init; }

    /// <summary>Whether there is a column of labels, be it an empty one.</summary>
    public bool HasLabels => Columns is null ? Label != DataOptions.NoLabel : LabelColumn is not null;
}

/// <summary>
/// The options that name a data set: <c>--dataset</c>, <c>--data</c>, and of a CSV file <c>--label</c>, <c>--header</c>, <c>--separator</c>.
/// </summary>
internal sealed class DataOptions
{
    public const string Digits = "digits";
    public const string Mnist = "mnist";
    public const string Cifar10 = "cifar10";
    public const string Csv = "csv";

    /// <summary>What <c>--label</c> says of a file without labels.</summary>
    public const string NoLabel = "none";

    private const string Yes = "yes";
    private const string No = "no";
    private const string Tab = "tab";

    public Option<string?> Dataset { get; } = Parsed.Choice(
        "--dataset", "Data set. The digits are part of the program; the others are read from --data.", Digits, Mnist, Cifar10, Csv);

    public Option<string?> Data { get; } = Parsed.Text(
        "--data", "PATH", "Folder with the MNIST IDX files or the CIFAR-10 binary files, or the CSV file.");

    public Option<string?> Label { get; } = Parsed.Text(
        "--label", "COLUMN", "CSV only: the label's column, by its name in the header or its number from 1. Default: the last column.");

    public Option<string?> Header { get; } = Parsed.Choice(
        "--header",
        "CSV only: whether the first line names the columns. Default: found out; it does if none of its features is a number, or if its label is "
        + "text and the next line's a number.",
        Yes, No);

    public Option<string?> Separator { get; } = Parsed.Value(
        "--separator",
        "CHARACTER",
        "CSV only: what stands between fields, such as ';' or '|', or tab. Default: a comma.",
        text => text == Tab ? "\t" : text.Length == 1 && CsvOptions.CanSeparate(text[0]) ? text : null,
        "tab or one character that is not part of numbers, such as ';'");

    public void AddTo(Command command)
    {
        command.Add(Dataset);
        command.Add(Data);
        command.Add(Label);
        command.Add(Header);
        command.Add(Separator);
    }

    /// <summary>Reads the options.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="otherwise">The data set if none is named.</param>
    /// <param name="mayLackLabels">Whether the command has a use for data without labels.</param>
    /// <exception cref="UsageException">They contradict each other.</exception>
    public DataRequest Read(ParseResult parsed, string otherwise = Digits, bool mayLackLabels = false)
    {
        string? named = parsed.GetValue(Dataset);
        string kind = named ?? otherwise;
        string? path = parsed.GetValue(Data);
        string? label = parsed.GetValue(Label);
        if (kind == Digits && path is not null)
        {
            throw new UsageException(named is null
                ? "--data is given, but not what it is: add --dataset mnist, cifar10 or csv."
                : "The digits are part of the program: leave --data out, or name another --dataset.");
        }

        if (kind != Digits && path is null)
        {
            string what = kind == Csv ? "the CSV file"
                : kind == Mnist ? "the folder with the four IDX files"
                : "the folder with data_batch_1.bin and so on";
            throw new UsageException($"--dataset {kind} needs --data with {what}.");
        }

        if (label is not null && kind != Csv)
            throw new UsageException($"--label is for CSV files; {kind} has its labels in a fixed place.");
        if (label == NoLabel && !mayLackLabels)
            throw new UsageException("--label none is for predict: training needs labels; give their column, by its name or its number from 1.");
        string? header = parsed.GetValue(Header), separator = parsed.GetValue(Separator);
        if (kind != Csv && (header ?? separator) is not null)
            throw new UsageException($"{(header is null ? Separator.Name : Header.Name)} is for CSV files, not for {kind}.");
        return new DataRequest(kind, path, label, header is null ? null : header == Yes, separator?[0] ?? ',');
    }
}
