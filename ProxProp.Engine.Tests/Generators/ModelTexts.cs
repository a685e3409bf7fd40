using System.Text;
using ProxProp.Engine.Randomness;

namespace ProxProp.Engine.Tests.Generators;

/// <summary>Model files as text: mostly sensible ones, with now and then a size that no memory holds.</summary>
internal static class ModelTexts
{
    private static readonly string[] s_plain = ["ReLU", "Tanh", "Sigmoid", "GELU", "Flatten", "LeakyReLU", "Dropout", "BatchNorm"];

    /// <summary>Pieces that JSON parsers and this one stumble over.</summary>
    public static byte[][] Tokens { get; } =
    [
        .. new[]
        {
            "{", "}", "[", "]", "\"", ",", ":", "null", "true", "false", "-1", "0", "1e2", "1.5", "2147483647", "2147483648", "1e999", "-0", "65536", "46341", "\n", "\t",
            "[[[[[[[[[[[[", "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":", "/*", "//", "\\ud800", "\\u0000", "\"type\":\"Linear\",", "\"outputs\":2147483647",
            "{\"type\":\"ReLU\"},", "{\"type\":\"Linear\",\"outputs\":2147483647},", "{\"type\":\"Conv2d\",\"filters\":9999999,\"kernel\":[2147483647,1]},", "\"kernel\":[1,2,3]",
            "\"input\":[65536,65536,65536],", "\"input\":[2147483647],", "\"padding\":2147483647,", "\"dilation\":2147483647,", "\"stride\":2147483647,", "\uFEFF", "\0", "é",
        }.Select(Encoding.UTF8.GetBytes),
    ];

    /// <summary>One model.</summary>
    public static byte[] Next(Generator generator)
    {
        bool image = generator.NextInt(2) == 0;
        string input = image ? $"[{Size(generator, 3)}, {Size(generator, 9)}, {Size(generator, 9)}]" : $"[{Size(generator, 20)}]";
        IEnumerable<string> layers = Enumerable.Range(0, 1 + generator.NextInt(5)).Select(_ => Layer(generator, image));
        string text = $"{{ \"input\": {input},{(generator.NextInt(4) == 0 ? "\n// a remark\n" : " ")}\"layers\": [{string.Join(", ", layers)}] }}";
        return Encoding.UTF8.GetBytes(text);
    }

    private static string Layer(Generator generator, bool image) => generator.NextInt(image ? 5 : 3) switch
    {
        0 => $"{{\"type\": \"Linear\", \"outputs\": {Size(generator, 12)}{Maybe(generator, "bias", "false")}{Maybe(generator, "explicit", "true")}}}",
        1 => $"{{\"type\": \"{s_plain[generator.NextInt(s_plain.Length)]}\"}}",
        2 => $"{{\"type\": \"Dropout\", \"probability\": 0.{generator.NextInt(100)}}}",
        3 => $"{{\"type\": \"Conv2d\", \"filters\": {Size(generator, 4)}, \"kernel\": {Pair(generator)}{Maybe(generator, "padding", Pair(generator))}{Maybe(generator, "stride", Pair(generator))}}}",
        _ => $"{{\"type\": \"{(generator.NextInt(2) == 0 ? "MaxPool2d" : "AvgPool2d")}\", \"kernel\": {Size(generator, 2)}}}",
    };

    private static string Maybe(Generator generator, string name, string value) => generator.NextInt(3) == 0 ? $", \"{name}\": {value}" : string.Empty;

    private static string Pair(Generator generator) => generator.NextInt(2) == 0 ? Size(generator, 3) : $"[{Size(generator, 3)}, {Size(generator, 3)}]";

    private static string Size(Generator generator, int most) => generator.NextInt(50) == 0 ? "2147483647" : (1 + generator.NextInt(most)).ToString();
}
