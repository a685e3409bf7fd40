using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Tests.Memory;

/// <summary>The arena's plan is what it allocates; slots are apart, aligned and zero; misuse is refused.</summary>
public sealed unsafe class ArenaTests
{
    [Fact]
    public void Slots_are_aligned_zero_and_apart()
    {
        using var arena = new Arena();
        var random = new Random(4);
        var slots = new List<Slot<float>>();
        for (int i = 0; i < 50; i++)
            slots.Add(arena.Reserve<float>($"slot {i}", random.Next(0, 40)));
        Slot<double> wide = arena.Reserve<double>("wide", 7);
        arena.Commit();
        for (int i = 0; i < slots.Count; i++)
        {
            Assert.All(slots[i].Span.ToArray(), v => Assert.Equal(0, v));
            fixed (float* p = slots[i].Span)
                Assert.Equal(0, (long)p % 64);
            slots[i].Span.Fill(i + 1);
        }

        wide.Span.Fill(-1);
        for (int i = 0; i < slots.Count; i++)
            Assert.All(slots[i].Span.ToArray(), v => Assert.Equal(i + 1, v));
    }

    [Fact]
    public void Scratch_scopes_share_the_memory_of_the_largest()
    {
        using var arena = new Arena();
        Slot<float> kept = arena.Reserve<float>("kept", 16);
        Slot<float> first, second, third;
        using (arena.Scratch())
        {
            first = arena.Reserve<float>("first", 16);
            second = arena.Reserve<float>("second", 32);
        }

        using (arena.Scratch())
            third = arena.Reserve<float>("third", 16);
        Slot<float> later = arena.Reserve<float>("later", 16);
        arena.Commit();
        Assert.Equal((192, 320), (arena.ScratchBytes, arena.TotalBytes));
        Assert.Equal([false, true, true, true, false], arena.Entries.Select(e => e.Scratch));
        Assert.True(first.Span.Overlaps(third.Span));
        Assert.False(first.Span.Overlaps(second.Span));
        Assert.False(kept.Span.Overlaps(third.Span) || later.Span.Overlaps(third.Span) || later.Span.Overlaps(kept.Span));
    }

    [Fact]
    public void Committing_allocates_the_plan_once_and_for_all()
    {
        const int Floats = 3_000_000;
        using var arena = new Arena();
        arena.Reserve<float>("large", Floats);
        long before = GC.GetAllocatedBytesForCurrentThread();
        arena.Commit();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(sizeof(float) * (long)Floats, arena.TotalBytes);
        Assert.InRange(allocated, arena.TotalBytes, arena.TotalBytes + 512);
    }

    [Fact]
    public void Misuse_is_refused()
    {
        var arena = new Arena();
        Slot<float> slot = arena.Reserve<float>("activations", 4);
        Assert.Contains("not been committed", Assert.Throws<InvalidOperationException>(() => slot.Span.Length).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => arena.Reserve<float>("negative", -1));
        string tooLarge = Assert.Throws<ArgumentException>(() => arena.Reserve<float>("output of layer 3", 1L << 31)).Message;
        Assert.Contains("output of layer 3", tooLarge, StringComparison.Ordinal);
        Assert.Contains("2147483648", tooLarge, StringComparison.Ordinal);
        arena.Commit();
        Assert.Throws<InvalidOperationException>(arena.Commit);
        Assert.Contains("late", Assert.Throws<InvalidOperationException>(() => arena.Reserve<float>("late", 1)).Message, StringComparison.Ordinal);
        Assert.Equal(0, default(Slot<float>).Span.Length);
        arena.Dispose();
        arena.Dispose();
        Assert.Throws<ObjectDisposedException>(() => slot.Span.Length);
        Assert.Throws<ObjectDisposedException>(arena.Commit);
    }

    [Fact]
    public void A_scratch_scope_within_another_is_part_of_it()
    {
        var arena = new Arena();
        Slot<byte> before, inner, after, other;
        using (arena.Scratch())
        {
            before = arena.Reserve<byte>("before", 64);
            using (arena.Scratch())
                inner = arena.Reserve<byte>("inner", 64);
            after = arena.Reserve<byte>("after", 64);
        }

        using (arena.Scratch())
            other = arena.Reserve<byte>("other", 192);
        arena.Commit();
        Assert.Equal((192, 192), (arena.TotalBytes, arena.ScratchBytes));
        before.Span.Fill(1);
        inner.Span.Fill(2);
        after.Span.Fill(3);
        Assert.Equal([.. Enumerable.Repeat<byte>(1, 64), .. Enumerable.Repeat<byte>(2, 64), .. Enumerable.Repeat<byte>(3, 64)], other.Span.ToArray());
        arena.Dispose();
    }

    [Fact]
    public void What_stands_by_is_told_apart()
    {
        using var arena = new Arena();
        arena.Label("a", BufferPurpose.Solver);
        arena.Reserve<byte>("kept", 64);
        using (arena.Scratch())
            arena.Reserve<byte>("large", 320);
        using (arena.Scratch())
        {
            arena.Reserve<byte>("small", 128);
            arena.Label("a", BufferPurpose.Standby);
            arena.Reserve<byte>("beyond the large one", 512);
        }

        Assert.Equal((64 + 640, 320), (arena.TotalBytes, arena.StandbyBytes));
        arena.Reserve<byte>("not shared", 64);
        Assert.Equal((128 + 640, 384), (arena.TotalBytes, arena.StandbyBytes));
    }

    [Fact]
    public void Alternatives_share_their_memory_within_a_scope()
    {
        using var arena = new Arena();
        Slot<byte> before, one, other, after;
        using (arena.Scratch())
        {
            before = arena.Reserve<byte>("before", 64);
            using (ScratchAlternatives either = arena.Either())
            {
                one = arena.Reserve<byte>("one", 128);
                either.Or();
                other = arena.Reserve<byte>("other", 320);
                either.Or();
                arena.Reserve<byte>("third", 64);
            }

            after = arena.Reserve<byte>("after", 64);
        }

        Slot<byte> kept, apart;
        using (ScratchAlternatives either = arena.Either())
        {
            kept = arena.Reserve<byte>("kept", 64);
            either.Or();
            apart = arena.Reserve<byte>("apart", 64);
        }

        Assert.Equal((128 + 448, 448), (arena.TotalBytes, arena.ScratchBytes));
        arena.Commit();
        before.Span.Fill(1);
        other.Span.Fill(2);
        after.Span.Fill(3);
        one.Span.Fill(4);
        kept.Span.Fill(5);
        apart.Span.Fill(6);
        Assert.Equal([.. Enumerable.Repeat<byte>(4, 128), .. Enumerable.Repeat<byte>(2, 192)], other.Span.ToArray());
        Assert.True(before.Span.IndexOfAnyExcept<byte>(1) < 0 && after.Span.IndexOfAnyExcept<byte>(3) < 0 && kept.Span.IndexOfAnyExcept<byte>(5) < 0);
    }

    [Fact]
    public void What_stands_by_can_be_called_up()
    {
        using var arena = new Arena();
        arena.Label("a", BufferPurpose.Standby);
        Slot<byte> small, large;
        using (arena.Scratch())
        {
            small = arena.Reserve<byte>("small", 128);
            large = arena.Reserve<byte>("large", 512);
        }

        Assert.Equal(640, arena.StandbyBytes);
        arena.Use(small);
        Assert.Equal(512, arena.StandbyBytes);
        arena.Use(large);
        arena.Use(small);
        arena.Use(default(Slot<byte>));
        Assert.Equal(0, arena.StandbyBytes);
    }

    [Fact]
    public void A_span_outlives_its_arena_safely()
    {
        var arena = new Arena();
        Slot<int> slot = arena.Reserve<int>("numbers", 1000);
        arena.Commit();
        Span<int> span = slot.Span;
        span.Fill(7);
        arena.Dispose();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var filler = new List<int[]>();
        for (int i = 0; i < 100; i++)
            filler.Add(GC.AllocateArray<int>(1000, pinned: true));
        Assert.Equal(-1, span.IndexOfAnyExcept(7));
        GC.KeepAlive(filler);
    }

    [Fact]
    public void Buffers_are_aligned_zero_and_refuse_use_after_disposal()
    {
        foreach (int length in (int[])[0, 1, 15, 1000])
        {
            var buffer = new AlignedBuffer<double>(length);
            Assert.Equal((length, 8L * length), (buffer.Length, buffer.Bytes));
            Assert.Equal(0, (long)buffer.Pointer % AlignedBuffer<double>.Alignment);
            Assert.Equal(-1, buffer.Span.IndexOfAnyExcept(0));
            buffer.Dispose();
            buffer.Dispose();
            Assert.Throws<ObjectDisposedException>(() => buffer.Span.Length);
            Assert.Throws<ObjectDisposedException>(() => (long)buffer.Pointer);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => new AlignedBuffer<byte>(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AlignedBuffer<byte>(1L << 31));
    }
}
