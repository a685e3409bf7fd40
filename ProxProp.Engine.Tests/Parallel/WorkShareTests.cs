using ProxProp.Engine.Parallel;

namespace ProxProp.Engine.Tests.Parallel;

public sealed class WorkShareTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 3)]
    [InlineData(7, 3)]
    [InlineData(9, 3)]
    [InlineData(int.MaxValue, 1024)]
    public void Shares_follow_each_other_cover_all_items_and_differ_by_one_at_most(int items, int workers)
    {
        Assert.Equal(0, WorkShare.Begin(items, 0, workers));
        Assert.Equal(items, WorkShare.Begin(items, workers, workers));
        for (int worker = 0; worker < workers; worker++)
        {
            int length = WorkShare.Begin(items, worker + 1, workers) - WorkShare.Begin(items, worker, workers);
            Assert.InRange(length, items / workers, (items / workers) + 1);
        }
    }

    [Fact]
    public void Its_worker_takes_from_the_first_item_on_and_others_from_the_last()
    {
        WorkShare share = default;
        Assert.Equal(-1, share.TakeFirst());
        Assert.Equal(-1, share.TakeLast());
        share.Set(5, 9);
        Assert.Equal(5, share.TakeFirst());
        Assert.Equal(8, share.TakeLast());
        Assert.Equal(6, share.TakeFirst());
        Assert.Equal(7, share.TakeLast());
        Assert.Equal(-1, share.TakeLast());
        Assert.Equal(-1, share.TakeFirst());
    }

    [Fact]
    public void Others_leave_what_is_spared_to_its_worker()
    {
        WorkShare[] shares = new WorkShare[3];
        WorkShare.Divide(6, shares);
        Assert.Equal([2, 3, 5, 1, -1], Enumerable.Range(0, 5).Select(_ => WorkShare.Take(shares, 1, spared: 1)));
        Assert.Equal([4, 0, -1], Enumerable.Range(0, 3).Select(_ => WorkShare.Take(shares, 1)));
    }

    [Fact]
    public void Taken_from_both_ends_at_once_every_item_is_taken_once()
    {
        WorkShare share = default;
        for (int repeat = 0; repeat < 200; repeat++)
        {
            const int Items = 500;
            share.Set(0, Items);
            int[] counts = new int[Items];
            System.Threading.Tasks.Parallel.Invoke([.. Enumerable.Range(0, 4).Select(thread => (Action)(() =>
            {
                for (int item; (item = thread % 2 == 0 ? share.TakeFirst() : share.TakeLast()) >= 0;)
                    Interlocked.Increment(ref counts[item]);
            }))]);
            Assert.All(counts, count => Assert.Equal(1, count));
        }
    }
}
