using System.Collections.Concurrent;
using System.Diagnostics;
using ProxProp.Mutation;

// Without a fault all tests must pass; each fault must turn at least one red. Exit code: 0 all were caught, 1 one was not, 2 nothing could be said.
const string Usage = "usage: ProxProp.Mutation [--only PART-OF-A-NAME] [--jobs N] [--timeout SECONDS] [--list]";
string? only = null;
bool list = false;
int jobs = Math.Clamp(Environment.ProcessorCount, 1, 4), seconds = 180;
for (int i = 0; i < args.Length; i++)
{
    string? value = i + 1 < args.Length ? args[i + 1] : null;
    switch (args[i])
    {
        case "--list":
            list = true;
            continue;
        case "--only" when value is not null:
            only = value;
            break;
        case "--jobs" when int.TryParse(value, out jobs) && jobs > 0:
        case "--timeout" when int.TryParse(value, out seconds) && seconds > 0:
            break;
        default:
            Console.Error.WriteLine($"'{args[i]}' is not understood.\n{Usage}");
            return 2;
    }

    i++;
}

Fault[] faults = [.. FaultList.All.Where(f => only is null || f.Name.Contains(only, StringComparison.OrdinalIgnoreCase))];
if (faults.Length == 0)
{
    Console.Error.WriteLine($"No fault is named like '{only}'; --list shows them all.");
    return 2;
}

if (list)
{
    foreach (Fault fault in faults)
        Console.WriteLine($"{fault.Name}   ({fault.File})");
    return 0;
}

try
{
    return Report.Print(RunAll());
}
catch (Exception e) when (e is InvalidOperationException or AggregateException)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}

Verdict[] RunAll()
{
    string root = Repository.FindRoot();
    var verdicts = new Verdict[faults.Length];
    var clock = Stopwatch.StartNew();
    int done = 0;
    const int Unchanged = -1;
    var queue = new ConcurrentQueue<int>(Enumerable.Range(Unchanged, faults.Length + 1));
    Task.WaitAll([.. Enumerable.Range(0, Math.Min(jobs, queue.Count)).Select(_ => Task.Factory.StartNew(Work, TaskCreationOptions.LongRunning))]);
    Console.Error.WriteLine($"All faults were tried in {clock.Elapsed.TotalSeconds:F0} s.");
    return verdicts;

    void Work()
    {
        using var bench = new Workbench(root, TimeSpan.FromSeconds(seconds));
        while (queue.TryDequeue(out int i))
        {
            if (i == Unchanged)
            {
                bench.CheckUnchanged(faults.SelectMany(f => f.Classes).Distinct());
                Console.Error.WriteLine($"Without a fault all tests pass ({clock.Elapsed.TotalSeconds:F0} s).");
                continue;
            }

            verdicts[i] = bench.Try(faults[i]);
            Console.Error.WriteLine(
                $"{Interlocked.Increment(ref done),3}/{faults.Length} {(verdicts[i].IsCaught ? "caught  " : "SURVIVED")} {faults[i].Name}");
        }
    }
}
