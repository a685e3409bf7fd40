using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ProxProp.Engine.Layers;

namespace ProxProp.Engine.Training;

/// <summary>Describes a model as the JSON that <see cref="ModelFile"/> reads; every member is written, defaults too.</summary>
public static class ModelWriter
{
    /// <summary>The description of a network's layers.</summary>
    /// <exception cref="NotSupportedException">A layer is of a kind that model files do not know, such as a user's own.</exception>
    public static string ToJson<T>(Network<T> network)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(network);
        return ToJson(new Model<T>(network.Input, network.Layers));
    }

    /// <summary>The description of a model.</summary>
    /// <exception cref="NotSupportedException">A layer is of a kind that model files do not know, such as a user's own.</exception>
    public static string ToJson<T>(Model<T> model)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(model);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartArray("input");
            json.WriteNumberValue(model.Input.Channels);
            if (model.Input.IsImage)
            {
                json.WriteNumberValue(model.Input.Height);
                json.WriteNumberValue(model.Input.Width);
            }

            json.WriteEndArray();
            json.WriteStartArray("layers");
            foreach (Layer<T> layer in model.Layers)
                WriteLayer(json, layer);

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>One layer, as a model file has it, or in words where it knows no such layer.</summary>
    internal static string Describe<T>(Layer<T> layer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var buffer = new ArrayBufferWriter<byte>();
        try
        {
            using var json = new Utf8JsonWriter(buffer);
            WriteLayer(json, layer);
        }
        catch (NotSupportedException)
        {
            return layer.ToString();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteLayer<T>(Utf8JsonWriter json, Layer<T> layer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        json.WriteStartObject();
        json.WriteString("type", layer.Kind);
        WriteMembers(json, layer);
        json.WriteEndObject();
    }

    private static void WriteMembers<T>(Utf8JsonWriter json, Layer<T> layer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        switch (layer)
        {
            case Linear<T> linear:
                json.WriteNumber("outputs", linear.Outputs);
                json.WriteBoolean("bias", linear.HasBias);
                json.WriteBoolean("explicit", linear.TrainExplicitly);
                break;
            case Conv2d<T> conv:
                json.WriteNumber("filters", conv.Filters);
                WritePair(json, "kernel", conv.Kernel);
                WritePair(json, "stride", conv.Stride);
                WritePair(json, "padding", conv.Padding);
                WritePair(json, "dilation", conv.Dilation);
                json.WriteBoolean("bias", conv.HasBias);
                json.WriteBoolean("explicit", conv.TrainExplicitly);
                break;
            case Pooling2d<T> pooling:
                json.WriteNumber("kernel", pooling.Kernel);
                json.WriteNumber("stride", pooling.Stride);
                json.WriteNumber("padding", pooling.Padding);
                break;
            case LeakyRelu<T> leaky:
                WriteFraction(json, "slope", leaky.Slope);
                break;
            case Dropout<T> dropout:
                WriteFraction(json, "probability", dropout.Probability);
                break;
            case BatchNorm<T> norm:
                WriteFraction(json, "momentum", norm.Momentum);
                WriteFraction(json, "epsilon", norm.Epsilon);
                break;
            case Relu<T> or Tanh<T> or Sigmoid<T> or Gelu<T> or Flatten<T>:
                break;
            default:
                throw new NotSupportedException($"A model file cannot describe a layer of kind {layer.Kind}.");
        }
    }

    private static void WritePair(Utf8JsonWriter json, string name, (int Y, int X) pair)
    {
        if (pair.Y == pair.X)
        {
            json.WriteNumber(name, pair.Y);
            return;
        }

        json.WriteStartArray(name);
        json.WriteNumberValue(pair.Y);
        json.WriteNumberValue(pair.X);
        json.WriteEndArray();
    }

    // By way of a string: the writer's own way would put a second formatter of numbers, to bytes, into native programs.
    private static void WriteFraction(Utf8JsonWriter json, string name, double value)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(value.ToString("R", CultureInfo.InvariantCulture), skipInputValidation: true);
    }
}
