using ProxProp.Engine.Data;
using ProxProp.Engine.Randomness;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Tests.Data;

/// <summary>
/// Feeds generated inputs to a reader. Nothing but <see cref="DataFormatException"/> (of a model, <see cref="ModelFormatException"/>) may come out, its message a line; no input may make the
/// reader allocate more than a multiple of its size plus a constant; and every input must come to an end. Some thousands of inputs, or a
/// million with the environment variable PROXPROP_LONG=1. Input number i is a function of i: a failure names it.
/// </summary>
internal static class FuzzLoop
{
    private const ulong Seed = 20_240_229;

    /// <summary>No input takes a millisecond; one that takes this long is held to hang.</summary>
    private static readonly TimeSpan s_hang = TimeSpan.FromMinutes(1);

    public static int Count => Environment.GetEnvironmentVariable("PROXPROP_LONG") == "1" ? 1_000_000 : 4_000;

    /// <param name="make">Makes input number i from the generator of that number.</param>
    /// <param name="read">Reads it; the number is what the memory allocated is measured over.</param>
    /// <param name="check">Looks at the input and whether it was accepted; outside the measurement.</param>
    /// <param name="bytesPerByte">Allocated bytes allowed for each byte of input.</param>
    /// <param name="constant">Allocated bytes allowed on top.</param>
    public static void Run(Func<Generator, byte[]> make, Action<byte[]> read, Action<byte[], bool>? check, int bytesPerByte, int constant)
    {
        int at = -1;
        int accepted = 0;
        Exception? failure = null;
        Thread worker = new(() =>
        {
            try
            {
                for (int i = 0; i < Count; i++)
                {
                    Volatile.Write(ref at, i);
                    byte[] input = make(new Generator(Seed, (ulong)i));
                    bool ok = One(input, read, bytesPerByte, constant);
                    accepted += ok ? 1 : 0;
                    check?.Invoke(input, ok);
                }
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        worker.IsBackground = true;
        worker.Start();
        int last = -1;
        while (!worker.Join(s_hang))
        {
            int now = Volatile.Read(ref at);
            Assert.True(now != last, $"Input {now} hangs.");
            last = now;
        }

        Assert.True(failure is null, $"Input {at}: {failure}");
        Assert.True(accepted > Count / 100, $"Only {accepted} of {Count} inputs were accepted, so the damage done is too coarse to test much.");
        Assert.True(accepted < Count - (Count / 100), $"{accepted} of {Count} inputs were accepted, so hardly any is damaged.");
    }

    private static bool One(byte[] input, Action<byte[]> read, int bytesPerByte, int constant)
    {
        bool ok = true;
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            read(input);
        }
        catch (Exception e) when (e is DataFormatException or ModelFormatException)
        {
            ok = false;
            Assert.DoesNotContain(e.Message, char.IsControl);
            Assert.True(e.Message.Length is >= 20 and <= 2000, $"The message has {e.Message.Length} characters: {e.Message}");
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        long allowed = ((long)bytesPerByte * input.Length) + constant;
        Assert.True(allocated <= allowed, $"{input.Length} bytes made the reader allocate {allocated}; {allowed} are allowed.");
        return ok;
    }
}
