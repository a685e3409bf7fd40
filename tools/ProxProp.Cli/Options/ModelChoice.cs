using System.Globalization;
using System.Numerics;
using System.Text;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.Options;

/// <summary>What <c>--model</c> names: <c>mlp:H1,H2,…</c>, <c>convnet</c> or a JSON file.</summary>
internal static class ModelChoice
{
    public const string Description =
        "Network: mlp:H1,H2,... (hidden widths; input and output are added), convnet (the paper's), or a JSON model file.";
    private const string MlpPrefix = "mlp:";
    private const string ConvNet = "convnet";

    /// <summary>The network for a data set when none is named.</summary>
    public static string DefaultFor(string dataset) => dataset == DataOptions.Cifar10 ? ConvNet : "mlp:128,64";

    /// <summary>The file that a name stands for; null if it is that of a network, or there is none.</summary>
    public static string? FileOf(string? name) => name is null or ConvNet || name.StartsWith(MlpPrefix, StringComparison.Ordinal) ? null : name;

    /// <summary>Makes the model for a data set.</summary>
    /// <exception cref="UsageException">The name says nothing.</exception>
    /// <exception cref="FailureException">The model does not fit the data.</exception>
    public static Model<T> Make<T>(string name, LoadedData<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (name.StartsWith(MlpPrefix, StringComparison.Ordinal))
            return Models.Mlp<T>(data.Rows.Features, Widths(name[MlpPrefix.Length..]), data.Rows.Classes);
        if (name == ConvNet)
        {
            return data.IsImages
                ? Models.ConvNet<T>(Shape.Image(data.Rows.Channels, data.Rows.Height, data.Rows.Width), data.Rows.Classes)
                : throw new FailureException(
                    $"convnet takes images, but {data.Name} has vectors: describe the network in a JSON file with \"input\": "
                    + "[channels, height, width].");
        }

        if (!File.Exists(name))
            throw new UsageException($"--model '{name}' is neither mlp:H1,H2,... nor convnet nor a JSON file that exists.");
        return CheckFits(ModelFile.Load<T>(name), $"The model file {name}", data);
    }

    /// <summary>The model that a saved file describes.</summary>
    public static Model<T> Parse<T>(string json, string origin, LoadedData<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        CheckFits(ModelFile.Parse<T>(Encoding.UTF8.GetBytes(json)), origin, data);

    private static Model<T> CheckFits<T>(Model<T> model, string origin, LoadedData<T> data)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (Misfit(model.Input, data.Rows.Features, data.IsImages ? (data.Rows.Channels, data.Rows.Height, data.Rows.Width) : null) is { } has)
            throw new FailureException($"{origin} takes samples of {model.Input}, but those of {data.Name} have {has}; change \"input\" or the data.");
        return model;
    }

    // What samples have instead of what a network takes; null if it is the same.
    private static string? Misfit(Shape input, int features, (int Channels, int Height, int Width)? image)
    {
        bool fits = input.IsImage && image is { } both ? (input.Channels, input.Height, input.Width) == both : input.Size == features;
        return fits ? null
            : image is { } i ? $"{features} elements (images of {i.Channels}x{i.Height}x{i.Width})"
            : $"{features} features";
    }

    private static int[] Widths(string text)
    {
        if (text.Length == 0)
            return [];
        string[] parts = text.Split(',');
        int[] widths = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out widths[i]) || widths[i] < 1)
            {
                throw new UsageException(
                    $"'{parts[i]}' in --model {MlpPrefix}{text} is no width: expected whole numbers of at least 1, as in mlp:128,64.");
            }
        }

        return widths;
    }
}
