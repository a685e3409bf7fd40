using ProxProp.Engine.Data;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Tests.Data;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Training;

public sealed class OnlineCheckpointTests : IDisposable
{
    private const int Inputs = 9, Outputs = 2;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Learning_goes_on_to_the_bit(bool bias)
    {
        string file = _folder.File("online");
        using var whole = new OnlineLinear<float>(Inputs, Outputs, 10, bias);
        using var first = new OnlineLinear<float>(Inputs, Outputs, 10, bias);
        using var second = new OnlineLinear<float>(Inputs, Outputs, 10, bias);
        Learn(whole, 0, 30);
        Learn(first, 0, 13);
        OnlineCheckpoint.Save(first, file);
        Learn(second, 40, 5);
        OnlineCheckpoint.Load(second, file);
        Assert.Equal(13, second.Samples);
        Learn(second, 13, 17);
        Assert.Equal(30, second.Samples);
        Assert.Equal(whole.Parameters.ToArray(), second.Parameters.ToArray());
    }

    [Fact]
    public void Another_layer_is_refused_by_name_and_not_changed()
    {
        string file = _folder.File("online");
        using var saved = new OnlineLinear<float>(Inputs, Outputs, 10);
        Learn(saved, 0, 3);
        OnlineCheckpoint.Save(saved, file);
        Refused(new OnlineLinear<float>(Inputs, Outputs, 11), "tauTheta: 10");
        Refused(new OnlineLinear<float>(Inputs + 1, Outputs, 10), "inputs: 9");
        Refused(new OnlineLinear<float>(Inputs, Outputs + 1, 10), "outputs: 2");
        Refused(new OnlineLinear<float>(Inputs, Outputs, 10, bias: false), "bias: yes");
        Refused(new OnlineLinear<double>(Inputs, Outputs, 10), "number type: Single");
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^5] ^= 1;
        File.WriteAllBytes(file, bytes);
        Refused(new OnlineLinear<float>(Inputs, Outputs, 10), "checksum");

        void Refused<T>(OnlineLinear<T> online, string found)
            where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
        {
            using (online)
            {
                Assert.Contains(found, Assert.Throws<DataFormatException>(() => OnlineCheckpoint.Load(online, file)).Message, StringComparison.Ordinal);
                Assert.Equal(0, online.Samples);
                Assert.All(online.Parameters.ToArray(), p => Assert.Equal(T.Zero, p));
            }
        }
    }

    [Fact]
    public void Weights_alone_are_no_checkpoint()
    {
        string file = _folder.File("weights");
        new SafetensorsWriter().Save(file);
        using var online = new OnlineLinear<float>(Inputs, Outputs, 10);
        Assert.Contains("no checkpoint", Assert.Throws<DataFormatException>(() => OnlineCheckpoint.Load(online, file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_that_are_not_finite_are_neither_saved_nor_loaded()
    {
        string file = _folder.File("online");
        using var online = new OnlineLinear<float>(Inputs, Outputs, 10);
        Learn(online, 0, 3);
        online.Parameters[4] = float.NaN;
        Assert.Contains(
            "'checkpoint.online.parameters' has a number that is not finite",
            Assert.Throws<InvalidOperationException>(() => OnlineCheckpoint.Save(online, file)).Message,
            StringComparison.Ordinal);
        Assert.False(File.Exists(file));
        SafetensorsWriter writer = Checkpoint.Begin([
            new("number type", "Single"), new("inputs", "9"), new("outputs", "2"), new("bias", "yes"), new("tauTheta", "10"),
        ]);
        online.VisitState(new StateWriter(writer), "checkpoint.online");
        writer.SetChecksum(Checkpoint.ChecksumKey);
        writer.Save(file);
        using var other = new OnlineLinear<float>(Inputs, Outputs, 10);
        Assert.Contains(
            "tensor 'checkpoint.online.parameters': found a number that is not finite",
            Assert.Throws<DataFormatException>(() => OnlineCheckpoint.Load(other, file)).Message,
            StringComparison.Ordinal);
        Assert.Equal(0, other.Samples);
    }

    private static void Learn(OnlineLinear<float> online, int first, int count)
    {
        for (int i = first; i < first + count; i++)
            online.Learn([.. Enumerable.Range(0, Inputs).Select(j => MathF.Sin((i * Inputs) + j))], [MathF.Cos(i), 1]);
    }
}
