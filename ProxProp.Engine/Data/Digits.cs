using System.Numerics;

namespace ProxProp.Engine.Data;

/// <summary>
/// 1,797 grey images of handwritten digits, 8x8 pixels, embedded in the engine. Pixels 0 … 16 become 0 … 1.
/// </summary>
/// <remarks>
/// E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998,
/// https://doi.org/10.24432/C50P49; licence CC BY 4.0. Stored as gzip-compressed CSV, the numbers unchanged.
/// </remarks>
public static class Digits
{
    private const string Resource = "digits.csv.gz";
    private static readonly string[] s_classNames = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

    /// <summary>Loads the images, rows in the file's order.</summary>
    public static Dataset<T> Load<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Stream stream = typeof(Digits).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The engine was built without its resource {Resource}.");
        using ByteSource source = ByteSource.Of(Resource, stream);
        CsvOptions options = new()
        {
            Header = false,
            ClassNames = s_classNames,
            Shape = (1, 8, 8),
            Scaling = FeatureScaling.Uniform(64, 0, 16),
        };
        return CsvDataset.Read<T>(source, "digits", options);
    }
}
