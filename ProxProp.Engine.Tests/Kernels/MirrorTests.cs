using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>What is below a diagonal is copied above it, and nothing else is touched, wherever lines begin and whichever way they go.</summary>
public sealed unsafe class MirrorTests
{
    private const int Seed = 5, Cases = 400, Most = 83;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_part_of_the_lower_triangle_is_copied_and_nothing_else_is_written(bool stream)
    {
        Random random = new(Seed);
        for (int number = 0; number < Cases; number++)
        {
            Copies<float>(random, stream, number);
            Copies<double>(random, stream, number);
        }
    }

    [Fact]
    public void Only_large_matrices_of_whole_lines_go_past_the_caches()
    {
        Assert.Equal(LineTranspose.IsSupported, Mirror.IsStreamed<float>(4000, 4000));
        Assert.Equal(LineTranspose.IsSupported, Mirror.IsStreamed<double>(1024, 1024));
        Assert.False(Mirror.IsStreamed<float>(1024, 1024));
        Assert.False(Mirror.IsStreamed<float>(4000, 4001));
        Assert.False(Mirror.IsStreamed<double>(4000, 4004));
    }

    private static void Copies<T>(Random random, bool stream, int number)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int line = 64 / sizeof(T), n = random.Next(Most), offset = random.Next(line);
        int stride = ((n + line) / line * line) + (stream ? 0 : random.Next(line));
        int i0 = random.Next(n + 1), i1 = random.Next(i0, n + 1), j0 = random.Next(n + 1), j1 = random.Next(j0, n + 1);
        using AlignedBuffer<T> buffer = new(offset + (n * stride) + line);
        for (int at = 0; at < buffer.Length; at++)
            buffer.Span[at] = T.CreateChecked(at);
        Mirror.Copy(buffer.Pointer + offset, stride, i0, i1, j0, j1, stream && LineTranspose.IsSupported);
        for (int at = 0; at < buffer.Length; at++)
        {
            int row = at < offset ? n : (at - offset) / stride, column = at < offset ? n : (at - offset) % stride;
            bool isCopy = row < column && column < n && row >= j0 && row < j1 && column >= i0 && column < i1;
            int from = isCopy ? offset + (column * stride) + row : at;
            if (buffer.Span[at] != T.CreateChecked(from))
            {
                Assert.Fail(
                    $"Seed {Seed}, case {number}, {typeof(T).Name}: rows {i0} to {i1} of columns {j0} to {j1} of {n}, stride {stride}, offset {offset}: "
                    + $"({row}, {column}) is element {buffer.Span[at]}, expected {from}.");
            }
        }
    }
}
