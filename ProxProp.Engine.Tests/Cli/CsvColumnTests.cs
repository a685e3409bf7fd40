using System.Globalization;
using ProxProp.Cli.Files;
using ProxProp.Engine.Data;
using ProxProp.Engine.Tests.Data;

namespace ProxProp.Engine.Tests.Cli;

/// <summary>A network finds the columns of a CSV file by the names that it was trained on.</summary>
public sealed class CsvColumnTests : IDisposable
{
    private const string Trained = "width,height,kind";

    private readonly TemporaryFolder _folder = new();

    public CsvColumnTests()
    {
        Train(Write("t.csv", Trained));
    }

    private string Weights => _folder.File("w.safetensors");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("height,width,kind")]
    [InlineData("kind,height,width")]
    [InlineData("id,height,kind,\"width\",note")]
    public void Columns_are_found_by_name(string header)
    {
        string[] data = ["--data", Write("other.csv", header), "--weights", Weights, "--part", "all"];
        Assert.Equal(Predict(Write("same.csv", Trained)), CliRun.Done(["predict", .. data]));
        Assert.Contains("accuracy 100.0%", CliRun.Done(["evaluate", .. data]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("height,width")]
    [InlineData("id,width,height,note")]
    [InlineData("note,width,height", false)]
    public void A_file_without_the_label_is_predicted(string header, bool named = true)
    {
        string expected = string.Concat(Predict(Write("same.csv", Trained)).Split('\n').SkipLast(1).Select(l => l[..l.LastIndexOf(',')] + "\n"));
        string path = Write("other.csv", header);
        Assert.Equal(expected, Predict(path).ReplaceLineEndings("\n"));
        Assert.Contains(
            named ? $"{path}: found no column 'kind' with the labels; expected it, or the label's column by --label." : "found the label 'text';",
            CliRun.Fails(1, "evaluate", "--weights", Weights, "--data", path), StringComparison.Ordinal);
    }

    [Fact]
    public void The_only_column_left_is_the_label_where_one_is_needed()
    {
        string[] data = ["--data", Write("other.csv", "height,species,width"), "--weights", Weights, "--part", "all"];
        Assert.Contains("accuracy 100.0%", CliRun.Done(["evaluate", .. data]), StringComparison.Ordinal);
        Assert.StartsWith("row,class,probability\n", CliRun.Done(["predict", .. data]).ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Equal(Predict(Write("same.csv", Trained)), CliRun.Done(["predict", .. data, "--label", "species"]));
    }

    [Fact]
    public void A_label_that_is_there_twice_is_named()
    {
        string path = Write("other.csv", "kind,width,height,kind");
        foreach (string command in new[] { "predict", "evaluate" })
        {
            Assert.Equal(
                $"{path}: found the column 'kind' with the labels twice; expected it once, or the label's column by --label.",
                CliRun.Fails(1, command, "--weights", Weights, "--data", path));
        }

        Assert.Contains("accuracy 100.0%", CliRun.Done("evaluate", "--weights", Weights, "--data", path, "--label", "4"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\uFEFF\"the \"\"wide\"\" one\",  tall  ,\"kind, of\"", " \"kind, of\" ,tall,\"the \"\"wide\"\" one\"")]
    [InlineData("0,1,kind", "kind,1,0")]
    [InlineData(",1,2", "2,1,\"\"")]
    public void Names_may_be_quoted_numbers_or_empty(string header, string reordered)
    {
        Train(WithHeader("t.csv", Trained, header), "--header", "yes");
        string path = WithHeader("other.csv", "kind,height,width", reordered);
        Assert.Equal(Predict(WithHeader("same.csv", Trained, header)), Predict(path));
        string label = Description(Weights).LabelName!;
        if (!char.IsAsciiDigit(label[0]))
            Assert.Contains("accuracy 100.0%", CliRun.Done("evaluate", "--weights", Weights, "--data", path, "--part", "all", "--label", label), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("width,depth,kind", "no column 'height'")]
    [InlineData("depth,kind", "no column 'width'")]
    [InlineData("width,height,height,kind", "the column 'height' twice")]
    public void A_column_that_is_missing_is_named(string header, string found)
    {
        string path = Write("other.csv", header);
        string message = $"{path}: found {found}; expected the 2 columns that the network was trained on, by their names and in any order.";
        Assert.Equal(message, CliRun.Fails(1, "predict", "--weights", Weights, "--data", path));
        Assert.Equal(message, CliRun.Fails(1, "evaluate", "--weights", Weights, "--data", path));
        foreach (string command in new[] { "train", "plan", "verify" })
            Assert.Equal(message, CliRun.Fails(1, [command, "--dataset", "csv", "--data", path, "--init", Weights]));
    }

    [Fact]
    public void Without_a_header_or_names_columns_go_by_their_places()
    {
        string[] named = Predict(Write("same.csv", Trained)).Split('\n');
        string bare = _folder.Add("bare.csv", string.Concat(File.ReadLines(Write("t.csv", Trained)).Skip(1).Select(l => l + "\n")));
        Assert.Equal(named, Predict(bare).Split('\n'));
        Train(bare);
        Assert.Null(Description(Weights).Features);
        Predict(Write("other.csv", "a,b,kind"));
        Train(Write("twice.csv", "a,a,kind"));
        Assert.Null(Description(Weights).Features);
    }

    [Fact]
    public void A_label_that_is_asked_for_is_no_feature() => Assert.Contains(
        "found the column 'width' taken for the label;",
        CliRun.Fails(1, "evaluate", "--weights", Weights, "--data", Write("other.csv", "height,width"), "--label", "width"),
        StringComparison.Ordinal);

    [Fact]
    public void Training_goes_on_with_the_columns_in_another_order()
    {
        string again = _folder.File("again.safetensors"), same = _folder.File("same.safetensors");
        foreach ((string header, string save) in new[] { (Trained, same), ("note,kind,height,width", again) })
            CliRun.Done("train", "--dataset", "csv", "--data", Write("t.csv", header), "--init", Weights, "--epochs", "1", "--save", save);
        Assert.Equal(["width", "height"], Description(again).Features);
        Assert.Equal("kind", Description(again).LabelName);
        Assert.Equal(File.ReadAllBytes(same), File.ReadAllBytes(again));
    }

    [Theory]
    [InlineData("width,height,kind")]
    [InlineData("kind,width,height")]
    [InlineData("")]
    public void A_label_that_is_missing_stays_empty(string header)
    {
        string[] rows = ["9,1,wide", "1,9,?", "9,0,", "0,8,tall"];
        bool first = header.StartsWith("kind", StringComparison.Ordinal);
        string csv = _folder.Add("p.csv", header + "\n" + string.Join('\n', rows.Select(r => first ? $"{r[4..]},{r[..3]}" : r)) + "\n");
        string[][] lines = [.. Predict(csv).ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').Select(l => l.Split(','))];
        Assert.Equal(["row", "class", "probability", "label"], lines[0]);
        Assert.Equal(["wide", "tall", "wide", "tall"], lines[1..].Select(l => l[1]));
        Assert.Equal(["wide", "", "", "tall"], lines[1..].Select(l => l[3]));
        Assert.Contains("found the label '?'; expected one of the 2 known classes.", CliRun.Fails(1, "evaluate", "--weights", Weights, "--data", csv), StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_of_labels_may_be_empty()
    {
        string csv = _folder.Add("p.csv", "width,height,kind\n9,1,\n1,9,\n");
        Assert.Matches("^row,class,probability,label\n1,wide,[0-9.]+,\n2,tall,[0-9.]+,\n$", Predict(csv).ReplaceLineEndings("\n"));
    }

    [Theory]
    [InlineData(100, "labels     70 of 70 classes have one row to train on: labels are classes, numbers too; regression is not supported by this program\n")]
    [InlineData(35, null)]
    public void Labels_that_are_nearly_all_different_are_told(int classes, string? told)
    {
        string csv = _folder.Add("r.csv", "x,y\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $"{i},{i % classes}.5\n")));
        string output = CliRun.Done("train", "--dataset", "csv", "--data", csv, "--no-shuffle", "--epochs", "1", "--save", _folder.File("r"));
        Assert.Equal(told is not null, output.Contains("labels     ", StringComparison.Ordinal));
        Assert.Contains(told ?? "to test", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    private static SavedModel Description(string path)
    {
        using SafetensorsReader reader = SafetensorsReader.Open(path);
        return SavedModel.Read(reader)!;
    }

    private void Train(string csv, params string[] more) => CliRun.Done(
        ["train", "--dataset", "csv", "--data", csv, "--model", "mlp:8", "--epochs", "40", "--batch", "20", "--save", Weights, .. more]);

    private string Predict(string csv) => CliRun.Done("predict", "--weights", Weights, "--data", csv, "--part", "all");

    private string WithHeader(string name, string order, string header) =>
        _folder.Add(name, header + File.ReadAllText(Write("body.csv", order))[order.Length..]);

    // The kind is told by which of two columns is the larger; in columns of other names there is text, but for labels and features that are asked for.
    private string Write(string name, string header)
    {
        var lines = new List<string> { header };
        for (int i = 0; i < 100; i++)
        {
            string large = string.Create(CultureInfo.InvariantCulture, $"{8 + (i * 7 % 5)}"), small = string.Create(CultureInfo.InvariantCulture, $"{i * 37 % 4}");
            lines.Add(string.Join(',', header.Split(',').Select(column => column.Trim('"') switch
            {
                "width" => i % 2 == 0 ? large : small,
                "height" or "depth" => i % 2 == 0 ? small : large,
                "a" or "b" => small,
                "kind" or "species" => i % 2 == 0 ? "wide" : "tall",
                _ => "text",
            })));
        }

        return _folder.Add(name, string.Join('\n', lines) + "\n");
    }
}
