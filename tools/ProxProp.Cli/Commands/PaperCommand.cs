using ProxProp.Cli.Options;
using ProxProp.Cli.Output;
using ProxProp.Cli.Parsing;
using ProxProp.Engine.Parallel;
using ProxProp.Paper;
using ProxProp.Paper.Curves;
using ProxProp.Paper.Experiments;
using ProxProp.Paper.Report;

namespace ProxProp.Cli.Commands;

/// <summary><c>proxprop paper</c>: the paper's evaluation again, and beyond it; ends with a report.</summary>
internal sealed class PaperCommand : Command
{
    private const int QuickEpochs = 5;

    private readonly Terminal _terminal;
    private readonly CancellationToken _cancel;
    private readonly Option<string?> _data = Parsed.Text("--data", "FOLDER", "Folder of CIFAR-10's binary version; not with --quick.");
    private readonly Option<bool> _quick = Parsed.Flag("--quick", "The embedded digits and small networks instead: the whole way in about a minute.");
    private readonly Option<string?> _only = Parsed.Text("--only", "PART", $"One part, or several with commas: {string.Join(", ", PaperExperiments.Names)}.");
    private readonly Option<int?> _epochs = Parsed.Count("--epochs", $"Epochs of every run. Default {PaperExperiments.PaperEpochs}, with --quick {QuickEpochs}.", 1);
    private readonly Option<int?> _seeds = Parsed.Count("--seeds", "Runs of every line, each with starting weights and an order of its own. Default 1, beyond the paper 3. Table 1 always takes one.", 1);
    private readonly Option<int?> _threads = Parsed.Count("--threads", "Threads of each run; 0 for one per processor. Results do not depend on it.", 0, WorkerTeam.MaxWorkers);
    private readonly Option<int?> _jobs = Parsed.Count("--jobs", "Runs at a time. Default 1.", 1);
    private readonly Option<string?> _output = Parsed.Text("--output", "FOLDER", "Where results and report go, and what is done already is found. Default proxprop-paper, with --quick proxprop-paper-quick.");

    private readonly Option<bool> _reportOnly = Parsed.Flag("--report-only", "Runs nothing; writes the report of what is in the folder, with its epochs and seeds unless they are given.");
    private readonly Option<string?> _note = Parsed.Text("--note", "TEXT", "Words on data or run for the report's head; a later report keeps them.");

    public PaperCommand(Terminal terminal, CancellationToken cancel)
        : base("paper", "Repeats the paper's evaluation on CIFAR-10, and more; writes one HTML report. A stopped run goes on where it was.")
    {
        _terminal = terminal;
        _cancel = cancel;
        foreach (Option option in (Option[])[_data, _quick, _only, _epochs, _seeds, _threads, _jobs, _output, _reportOnly, _note])
            Add(option);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        bool quick = parsed.GetValue(_quick), reportOnly = parsed.GetValue(_reportOnly);
        string? folder = parsed.GetValue(_data);
        if (quick && folder is not null)
            throw new UsageException("--quick takes the embedded digits; leave out --data.");
        if (!quick && folder is null)
            throw new UsageException("--data must name the folder of CIFAR-10's binary version (or take --quick).");
        if (reportOnly && (parsed.GetValue(_threads) is not null || parsed.GetValue(_jobs) is not null))
            throw new UsageException("--report-only runs nothing; leave out --threads and --jobs.");
        Experiment[] experiments = Experiments(parsed, quick);
        string output = parsed.GetValue(_output) ?? (quick ? "proxprop-paper-quick" : "proxprop-paper");
        if (reportOnly && !CurveStore.Exists(output))
            throw new FailureException($"--report-only needs the folder of an evaluation, but {output} is none; run it without --report-only first.");
        PaperData data = quick ? PaperData.Digits() : PaperData.Cifar10(folder!);
        var run = new PaperRun(data, new PaperRequest(experiments, output, parsed.GetValue(_threads) ?? 0, parsed.GetValue(_jobs) ?? 1), _terminal.Output);
        bool done = true;
        if (!reportOnly)
        {
            using var interrupt = new Interrupt(_cancel);
            done = run.Run(interrupt.Token);
        }

        bool asStored = reportOnly && parsed.GetValue(_epochs) is null && parsed.GetValue(_seeds) is null;
        Evaluation evaluation = Evaluation.Read(data, run.Store, asStored ? [] : experiments, Epochs(parsed, quick));
        var head = new ReportHead(ProductVersion.Text, CommandText(parsed), parsed.GetValue(_note), DateTimeOffset.Now);
        _terminal.Output.WriteLine($"{(done ? "" : "Stopped; the same command goes on. ")}The report: {PaperReport.Write(run.Store, evaluation, head)}");
        return done ? ExitCode.Done : ExitCode.Interrupted;
    }

    private Experiment[] Experiments(ParseResult parsed, bool quick)
    {
        string[] names = parsed.GetValue(_only)?.Split(',') ?? [.. PaperExperiments.Names];
        return [.. names.Distinct().Select(name => PaperExperiments.Make(name, Epochs(parsed, quick), parsed.GetValue(_seeds))
            ?? throw new UsageException($"--only must be one or more of {string.Join(", ", PaperExperiments.Names)}, but is '{name}'."))];
    }

    private int Epochs(ParseResult parsed, bool quick) => parsed.GetValue(_epochs) ?? (quick ? QuickEpochs : PaperExperiments.PaperEpochs);

    // As it could be typed, but for folders, of which others need the last name alone.
    private string CommandText(ParseResult parsed)
    {
        static string? Last(string? folder) => folder is null ? null : Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        (string Name, object? Value)[] words =
        [
            (_data.Name, Last(parsed.GetValue(_data))), (_only.Name, parsed.GetValue(_only)), (_epochs.Name, parsed.GetValue(_epochs)),
            (_seeds.Name, parsed.GetValue(_seeds)), (_threads.Name, parsed.GetValue(_threads)), (_jobs.Name, parsed.GetValue(_jobs)),
            (_output.Name, Last(parsed.GetValue(_output))),
        ];
        string flags = string.Concat(new[] { _quick, _reportOnly }.Where(parsed.GetValue).Select(f => " " + f.Name));
        return "proxprop paper" + flags + string.Concat(words.Where(w => w.Value is not null).Select(w => $" {w.Name} {w.Value}"));
    }
}
