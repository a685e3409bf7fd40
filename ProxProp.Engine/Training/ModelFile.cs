using System.Numerics;
using System.Text.Json;
using ProxProp.Engine.Data;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Training;

/// <summary>A model as it was described: shape of one sample, and the layers.</summary>
/// <param name="Input">Shape of one sample.</param>
/// <param name="Layers">New layers, not yet part of a network.</param>
/// <typeparam name="T">float or double.</typeparam>
public sealed record Model<T>(Shape Input, IReadOnlyList<Layer<T>> Layers)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;

/// <summary>A model file does not say what a model file says; the message names the place, what was found and what was expected.</summary>
public sealed class ModelFormatException : Exception
{
    /// <summary>With a message.</summary>
    public ModelFormatException(string message)
        : base(DataFormatException.OneLine(message))
    {
    }

    /// <summary>With a message and what lies behind it.</summary>
    public ModelFormatException(string message, Exception inner)
        : base(DataFormatException.OneLine(message), inner)
    {
    }
}

/// <summary>
/// Models as JSON: <c>{ "input": [3, 32, 32], "layers": [ { "type": "Conv2d", "filters": 16, "kernel": 5, "padding": 2 }, … ] }</c>.
/// </summary>
/// <remarks>
/// <para><c>input</c> is [features] or [channels, height, width]. Types and their members (those with a value may be left out):
/// Linear: outputs, bias true, explicit false; Conv2d: filters, kernel, stride 1, padding 0, dilation 1, bias true, explicit false;
/// ReLU; LeakyReLU: slope 0.01; Tanh; Sigmoid; GELU; MaxPool2d and AvgPool2d: kernel, stride = kernel, padding 0; Flatten;
/// Dropout: probability 0.5; BatchNorm: momentum 0.1, epsilon 1e-5. <c>kernel</c>, <c>stride</c>, <c>padding</c> and <c>dilation</c> of
/// Conv2d are a number or a pair [vertical, horizontal].</para>
/// <para>Unknown types and members are refused: a misspelt option must not train another network.</para>
/// </remarks>
public static class ModelFile
{
    private const int MaxBytes = 1 << 20;
    private const int MaxDepth = 8;
    private const int LongestMessage = 200;

    /// <summary>Reads a model from a file.</summary>
    /// <exception cref="ModelFormatException">The file is no model.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Model<T> Load<T>(string path)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(path);
        var info = new FileInfo(path);
        if (!info.Exists)
            throw new FileNotFoundException($"There is no model file '{path}'.", path);
        if (info.Length > MaxBytes)
            throw new ModelFormatException($"'{path}' has {info.Length} bytes; a model file has at most {MaxBytes}.");
        try
        {
            return Parse<T>(File.ReadAllBytes(path));
        }
        catch (ModelFormatException e)
        {
            throw new ModelFormatException($"'{path}': {e.Message}", e);
        }
    }

    /// <summary>Reads a model from UTF-8 JSON.</summary>
    /// <exception cref="ModelFormatException">The text is no model.</exception>
    public static Model<T> Parse<T>(ReadOnlyMemory<byte> json)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (json.Length > MaxBytes)
            throw new ModelFormatException($"A model file has at most {MaxBytes} bytes, but this has {json.Length}.");
        try
        {
            var root = new JsonMembers(JsonValue.Parse(json.Span.StartsWith("\uFEFF"u8) ? json[3..] : json, MaxDepth), "model");
            Shape input = ReadShape(root.Required("input"));
            var layers = new List<Layer<T>>();
            foreach (JsonValue layer in root.RequiredArray("layers"))
                layers.Add(ReadLayer<T>(layer, layers.Count));
            root.RefuseOthers();
            if (layers.Count == 0)
                throw new ModelFormatException("'layers' is empty; a model has at least one layer.");
            return new Model<T>(input, layers);
        }
        catch (JsonException e)
        {
            // What the platform says may quote the rest of the file.
            throw new ModelFormatException($"This is not JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}): {DataFormatException.Short(e.Message, LongestMessage)}", e);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw new ModelFormatException(e.Message.ReplaceLineEndings(" "), e);
        }
    }

    private static Shape ReadShape(JsonValue element)
    {
        if (element.Kind == JsonValueKind.Array && element.Items.Count is 1 or 3)
        {
            int[] sizes = new int[element.Items.Count];
            for (int i = 0; i < sizes.Length; i++)
                sizes[i] = JsonMembers.Int(element.Items[i], $"input[{i}]", 1);
            return sizes.Length == 1 ? Shape.Vector(sizes[0]) : Shape.Image(sizes[0], sizes[1], sizes[2]);
        }

        throw new ModelFormatException("'input' must be [features] or [channels, height, width].");
    }

    private static Layer<T> ReadLayer<T>(JsonValue element, int index)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var members = new JsonMembers(element, $"layers[{index}]");
        string type = members.RequiredString("type");
        Layer<T> layer = type switch
        {
            "Linear" => new Linear<T>(members.RequiredInt("outputs", 1), members.Bool("bias", true))
            {
                TrainExplicitly = members.Bool("explicit", false),
            },
            "Conv2d" => new Conv2d<T>(
                members.RequiredInt("filters", 1),
                members.Pair("kernel", null, 1),
                members.Pair("stride", 1, 1),
                members.Pair("padding", 0, 0),
                members.Pair("dilation", 1, 1),
                members.Bool("bias", true))
            {
                TrainExplicitly = members.Bool("explicit", false),
            },
            "ReLU" => new Relu<T>(),
            "LeakyReLU" => new LeakyRelu<T>(members.Number("slope", 0.01)),
            "Tanh" => new Tanh<T>(),
            "Sigmoid" => new Sigmoid<T>(),
            "GELU" => new Gelu<T>(),
            "MaxPool2d" => new MaxPool2d<T>(members.RequiredInt("kernel", 1), members.Int("stride", 0, 0), members.Int("padding", 0, 0)),
            "AvgPool2d" => new AvgPool2d<T>(members.RequiredInt("kernel", 1), members.Int("stride", 0, 0), members.Int("padding", 0, 0)),
            "Flatten" => new Flatten<T>(),
            "Dropout" => new Dropout<T>(members.Number("probability", 0.5)),
            "BatchNorm" => new BatchNorm<T>(members.Number("momentum", 0.1), members.Number("epsilon", 1e-5)),
            _ => throw new ModelFormatException(
                $"layers[{index}] has the unknown type '{JsonMembers.Short(type)}'; known are Linear, Conv2d, ReLU, LeakyReLU, Tanh, Sigmoid, GELU, MaxPool2d, AvgPool2d, Flatten, Dropout, BatchNorm."),
        };
        members.RefuseOthers();
        return layer;
    }
}
