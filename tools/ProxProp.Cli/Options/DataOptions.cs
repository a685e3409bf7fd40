using ProxProp.Cli.Parsing;

namespace ProxProp.Cli.Options;

/// <summary>The data set that is asked for.</summary>
/// <param name="Kind">digits, mnist, cifar10 or csv.</param>
/// <param name="Path">Its folder or file; null for the embedded digits.</param>
/// <param name="Label">The label column of a CSV file, or null for the last one.</param>
internal sealed record DataRequest(string Kind, string? Path, string? Label);

/// <summary>The options that name a data set: <c>--dataset</c>, <c>--data</c>, <c>--label</c>.</summary>
internal sealed class DataOptions
{
    public const string Digits = "digits";
    public const string Mnist = "mnist";
    public const string Cifar10 = "cifar10";
    public const string Csv = "csv";

    public Option<string?> Dataset { get; } = Parsed.Choice(
        "--dataset", "Data set. The digits are part of the program; the others are read from --data.", Digits, Mnist, Cifar10, Csv);

    public Option<string?> Data { get; } = Parsed.Text(
        "--data", "PATH", "Folder with the MNIST IDX files or the CIFAR-10 binary files, or the CSV file.");

    public Option<string?> Label { get; } = Parsed.Text(
        "--label", "COLUMN", "CSV only: the label's column, by its name in the header or its number from 1. Default: the last column.");

    public void AddTo(Command command)
    {
        command.Add(Dataset);
        command.Add(Data);
        command.Add(Label);
    }

    /// <summary>Reads the options.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="otherwise">The data set if none is named.</param>
    /// <exception cref="UsageException">They contradict each other.</exception>
    public DataRequest Read(ParseResult parsed, string otherwise = Digits)
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
        return new DataRequest(kind, path, label);
    }
}
