using System.Globalization;
using System.Text;
using ProxProp.Engine.Data;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Tests.Generators;

namespace ProxProp.Engine.Tests.Data;

public sealed class CsvDatasetTests
{
    private static Dataset<double> Read(string text, CsvOptions? options = null)
    {
        using ByteSource source = ByteSource.Of("text", Encoding.UTF8.GetBytes(text));
        return CsvDataset.Read<double>(source, "text", options ?? new CsvOptions());
    }

    private static double[] Samples(Dataset<double> dataset)
    {
        double[] samples = new double[dataset.Count * dataset.Features];
        dataset.CopyRange(0, dataset.Count, samples, []);
        return samples;
    }

    [Fact]
    public void Columns_are_scaled_by_their_own_range()
    {
        Dataset<double> dataset = Read("a,b,c,label\n0,5,-1e308,1\n4,5,1e308,0\n1,5,0,1\n");
        Assert.Equal([0, 0, 0, 1, 0, 1, 0.25, 0, 0.5], Samples(dataset));
        Assert.Equal([1, 0, 1], dataset.Labels.ToArray());
        Assert.Equal(["0", "1"], dataset.ClassNames);
        Assert.Equal((1, 1, 3, 3), (dataset.Channels, dataset.Height, dataset.Width, dataset.Features));
    }

    [Fact]
    public void A_test_file_takes_the_training_files_scaling_and_classes()
    {
        Dataset<double> train = Read("0,cat\n10,dog\n");
        Dataset<double> test = Read("20,dog\n", new CsvOptions { Scaling = train.Scaling, ClassNames = train.ClassNames });
        Assert.Equal([2], Samples(test));
        Assert.Equal([1], test.Labels.ToArray());
    }

    [Fact]
    public void Chosen_columns_are_taken_in_their_order_and_others_left_alone()
    {
        CsvOptions options = new() { Label = CsvLabel.At(1), Columns = [3, 0], Scaling = FeatureScaling.Uniform(2, 0, 1) };
        Dataset<double> dataset = Read("a,kind,note,b\n1,x,text,2\n3,y,,4\n", options);
        Assert.Equal([2, 1, 4, 3], Samples(dataset));
        Assert.Equal((2, 2, 2), (dataset.Count, dataset.Features, dataset.Classes));
        Assert.Contains("found 4 columns; expected a feature in column 5", Assert.Throws<DataFormatException>(() => Read("a,b,c,d\n", options with { Columns = [4] })).Message);
        foreach (int column in new[] { -1, 0, 1 })
            Assert.Throws<ArgumentException>(() => Read("a,b,c,d\n", options with { Columns = [0, column] }));
    }

    [Fact]
    public void A_name_with_quotes_is_the_same_for_the_label_and_in_the_header() => Assert.Equal(
        ["x", "y"], Read("\"the \"\"kind\"\"\",a\nx,1\ny,2\n", new CsvOptions { Label = CsvLabel.Named("the \"kind\"") }).ClassNames);

    [Theory]
    [InlineData("?")]
    [InlineData("")]
    [InlineData("\"?\"")]
    public void A_first_label_that_is_missing_makes_no_header(string label)
    {
        Dataset<double> dataset = Read($"9,1,{label}\n1,9,1\n0,9,0\n", new CsvOptions { MayLackLabels = true });
        Assert.Equal([-1, 1, 0], dataset.Labels.ToArray());
        Assert.Equal(["0", "1"], dataset.ClassNames);
    }

    [Fact]
    public void The_header_is_read_on_its_own()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(["a", "b \"1\", é", "kind"], CsvDataset.ReadHeader(folder.Add("t.csv", "\n a ,\"b \"\"1\"\", é\",kind\n1,2,x\n"))!);
        Assert.Null(CsvDataset.ReadHeader(folder.Add("t.csv", "1,2,x\n")));
        Assert.Equal(["1", "2"], CsvDataset.ReadHeader(folder.Add("t.csv", "1;2\n"), new CsvOptions { Header = true, Separator = ';' })!);
    }

    [Fact]
    public void Whole_number_labels_are_classes_by_value_and_ascending()
    {
        Dataset<double> dataset = Read("1,10\n2,9\n3,-1\n4,9.0\n5,010\n");
        Assert.Equal(["-1", "9", "10"], dataset.ClassNames);
        Assert.Equal([2, 1, 0, 1, 2], dataset.Labels.ToArray());
    }

    [Fact]
    public void Text_labels_are_in_ordinal_order()
    {
        Dataset<double> dataset = Read("1,b\n2,10\n3,9\n4, B \n5,\"é, \"\"x\"\"\"\n", new CsvOptions { Header = false });
        Assert.Equal(["10", "9", "B", "b", "é, \"x\""], dataset.ClassNames);
        Assert.Equal([3, 0, 1, 2, 4], dataset.Labels.ToArray());
    }

    [Fact]
    public void The_label_may_be_any_column_or_none()
    {
        string text = "kind,x,y\n7,1,2\n8,3,4\n";
        CsvOptions raw = new() { Scaling = FeatureScaling.Uniform(2, 0, 1) };
        foreach (CsvLabel label in new[] { CsvLabel.At(0), CsvLabel.Named("kind") })
        {
            Dataset<double> dataset = Read(text, raw with { Label = label });
            Assert.Equal([1, 2, 3, 4], Samples(dataset));
            Assert.Equal([0, 1], dataset.Labels.ToArray());
        }

        Dataset<double> none = Read(text, new CsvOptions { Label = CsvLabel.None, Scaling = FeatureScaling.Uniform(3, 0, 1) });
        Assert.Equal([7, 1, 2, 8, 3, 4], Samples(none));
        Assert.Equal([-1, -1], none.Labels.ToArray());
        Assert.Equal(0, none.Classes);
    }

    [Theory]
    [InlineData("x,y\n1,0\n2,0\n", null, 2)]
    [InlineData("x,0\n1,0\n2,0\n", null, 2)]
    [InlineData("1,y\n1,0\n2,0\n", null, 2)]
    [InlineData("0,1,label\n\n1,2,0\n3,4,1\n", null, 2)]
    [InlineData("0,1,label\n1,2,0\n3,4,1\n", false, 3)]
    [InlineData("1,2,a\n3,4,b\n", null, 2)]
    [InlineData("1,2,a\n", null, 1)]
    [InlineData("1,0\n2,0\n", null, 2)]
    [InlineData("1,0\n2,0\n", true, 1)]
    public void A_header_is_a_first_line_without_numbers_or_with_a_name_above_numeric_labels(string text, bool? header, int rows) =>
        Assert.Equal(rows, Read(text, new CsvOptions { Header = header }).Count);

    [Fact]
    public void Numeric_names_of_columns_are_no_sample()
    {
        CsvOptions raw = new() { Scaling = FeatureScaling.Uniform(2, 0, 1) };
        Dataset<double> last = Read("0,1,label\n5,6,0\n7,8,1\n", raw);
        Assert.Equal([5, 6, 7, 8], Samples(last));
        Assert.Equal(["0", "1"], last.ClassNames);
        Dataset<double> first = Read("label;0;1\n0;5;6\n1;7;8\n", raw with { Label = CsvLabel.At(0), Separator = ';' });
        Assert.Equal([5, 6, 7, 8], Samples(first));
        // Without a label column, nothing tells such names from numbers.
        Assert.Equal(2, Read("0,1\n5,6\n", raw with { Label = CsvLabel.None }).Count);
    }

    [Theory]
    [InlineData("\uFEFF1,2,0\r\n3,4,1\r\n")]
    [InlineData("\n1,2,0\n\n3,4,1")]
    [InlineData(" 1 , \"2\" ,0\n3, 4.0,\" 1\"\n")]
    [InlineData("1e0,+2,0\n3.,.4e1,1\n")]
    public void Spelling_does_not_matter(string text)
    {
        Dataset<double> dataset = Read(text, new CsvOptions { Scaling = FeatureScaling.Uniform(2, 0, 1) });
        Assert.Equal([1, 2, 3, 4], Samples(dataset));
        Assert.Equal(2, dataset.Classes);
    }

    [Theory]
    [InlineData(';')]
    [InlineData('\t')]
    [InlineData(' ')]
    public void Other_separators(char separator)
    {
        CsvOptions options = new() { Separator = separator, Scaling = FeatureScaling.Uniform(2, 0, 1) };
        Assert.Equal([1.5, 2, 3, 4], Samples(Read($"1.5{separator}2{separator}0\n3{separator}4{separator}1\n", options)));
    }

    [Fact]
    public void Shape_and_compression()
    {
        using ByteSource source = ByteSource.Of("text", DataFiles.Gzip("1,2,3,4,0\n"u8.ToArray()));
        Dataset<float> dataset = CsvDataset.Read<float>(source, "text", new CsvOptions { Shape = (1, 2, 2) });
        Assert.Equal((1, 2, 2, 4), (dataset.Channels, dataset.Height, dataset.Width, dataset.Features));
    }

    /// <summary>Numbers in many spellings, against the framework's parser on the split text.</summary>
    [Fact]
    public void Numbers_are_what_the_framework_parses()
    {
        Generator generator = new(77);
        for (int round = 0; round < 200; round++)
        {
            int rows = 1 + generator.NextInt(20);
            int features = 1 + generator.NextInt(6);
            string[][] cells = [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, features).Select(_ => Spell(generator)).ToArray())];
            string text = string.Join('\n', cells.Select(row => string.Join(',', row) + ",0"));
            double[] expected = [.. cells.SelectMany(row => row).Select(cell => double.Parse(cell, CultureInfo.InvariantCulture))];
            Assert.Equal(expected, Samples(Read(text, new CsvOptions { Scaling = FeatureScaling.Uniform(features, 0, 1) })));
        }
    }

    private static string Spell(Generator generator)
    {
        double value = generator.NextNormal() * Math.Pow(10, generator.NextInt(30) - 15);
        return generator.NextInt(5) switch
        {
            0 => ((long)value).ToString(CultureInfo.InvariantCulture),
            1 => value.ToString("R", CultureInfo.InvariantCulture),
            2 => value.ToString("E5", CultureInfo.InvariantCulture),
            3 => value.ToString("F20", CultureInfo.InvariantCulture),
            _ => (generator.NextUInt64() >> generator.NextInt(64)).ToString(CultureInfo.InvariantCulture),
        };
    }
}
