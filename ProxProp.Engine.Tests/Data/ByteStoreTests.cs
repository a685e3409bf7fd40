using System.Numerics;
using ProxProp.Engine.Data;

namespace ProxProp.Engine.Tests.Data;

public sealed class ByteStoreTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(16)]
    [InlineData(255)]
    public void A_feature_is_its_byte_by_the_maximum_rounded_once(int maximum)
    {
        Divided<float>(maximum);
        Divided<double>(maximum);
    }

    [Fact]
    public void Rows_of_every_length_are_copied_whole_and_nothing_beyond_them()
    {
        for (int features = 0; features <= 41; features++)
        {
            byte[] bytes = [.. Enumerable.Range(0, 3 * features).Select(i => (byte)(i * 37))];
            var store = new ByteStore<float>(bytes, features, 255);
            for (int row = 0; row < 3; row++)
            {
                float[] found = new float[features + 9];
                Array.Fill(found, float.NaN);
                store.CopyRow(row, found);
                for (int i = 0; i < found.Length; i++)
                    Assert.Equal(i < features ? (float)bytes[(row * features) + i] / 255 : float.NaN, found[i]);
            }
        }
    }

    private static void Divided<T>(int maximum)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        byte[] bytes = [.. Enumerable.Range(0, maximum + 1).Select(i => (byte)i)];
        T[] found = new T[bytes.Length];
        new ByteStore<T>(bytes, bytes.Length, maximum).CopyRow(0, found);
        for (int i = 0; i < found.Length; i++)
            Assert.Equal(T.CreateTruncating(i) / T.CreateTruncating(maximum), found[i]);
    }
}
