using ProxProp.Cli.Options;
using ProxProp.Cli.Output;
using ProxProp.Cli.Parsing;
using ProxProp.Paper;
using ProxProp.Paper.Experiments;

namespace ProxProp.Cli.Commands;

/// <summary><c>proxprop paper</c>: the paper's evaluation again, and beyond it; ends with a report.</summary>
internal sealed class PaperCommand : Command
{
    private const int Figure2Epochs = 50, Table1Epochs = 50, Figure3Epochs = 50;
    private const int QuickEpochs = 5;

    private readonly Terminal _terminal;
    private readonly CancellationToken _cancel;
    private readonly Option<string?> _data = Parsed.Text("--data", "FOLDER", "Folder of CIFAR-10's binary version; not with --quick.");
    private readonly Option<bool> _quick = Parsed.Flag("--quick", "The embedded digits and small networks instead: the whole way in about a minute.");
    private readonly Option<string?> _only = Parsed.Text("--only", "PART", $"One part, or several with commas: {string.Join(", ", PaperExperiments.Names)}.");
    private readonly Option<int?> _epochs = Parsed.Count("--epochs", $"Epochs of every run. Default {Figure3Epochs}, with --quick {QuickEpochs}.", 1);
    private readonly Option<int?> _seeds = Parsed.Count("--seeds", "Runs of every line, each with starting weights and an order of its own. Default 1, beyond the paper 3. Table 1 always takes one.", 1);
    private readonly Option<int?> _threads = Parsed.Count("--threads", "Threads of each run; 0 for one per processor. Results do not depend on it.", 0);
    private readonly Option<int?> _jobs = Parsed.Count("--jobs", "Runs at a time. Default 1.", 1);
    private readonly Option<string?> _output = Parsed.Text("--output", "FOLDER", "Where results and report go, and what is done already is found. Default proxprop-paper, with --quick proxprop-paper-quick.");

    public PaperCommand(Terminal terminal, CancellationToken cancel)
        : base("paper", "Repeats the paper's evaluation on CIFAR-10, and more; writes one HTML report. A stopped run goes on where it was.")
    {
        _terminal = terminal;
        _cancel = cancel;
        foreach (Option option in (Option[])[_data, _quick, _only, _epochs, _seeds, _threads, _jobs, _output])
            Add(option);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        bool quick = parsed.GetValue(_quick);
        string? folder = parsed.GetValue(_data);
        if (quick && folder is not null)
            throw new UsageException("--quick takes the embedded digits; leave out --data.");
        if (!quick && folder is null)
            throw new UsageException("--data must name the folder of CIFAR-10's binary version (or take --quick).");
        var request = new PaperRequest(
            Experiments(parsed, quick),
            parsed.GetValue(_output) ?? (quick ? "proxprop-paper-quick" : "proxprop-paper"),
            parsed.GetValue(_threads) ?? 0,
            parsed.GetValue(_jobs) ?? 1);
        PaperData data = quick ? PaperData.Digits() : PaperData.Cifar10(folder!);
        using var interrupt = new Interrupt(_cancel);
        bool done = new PaperRun(data, request, _terminal.Output).Run(interrupt.Token);
        return done ? ExitCode.Done : ExitCode.Interrupted;
    }

    private Experiment[] Experiments(ParseResult parsed, bool quick)
    {
        string[] names = parsed.GetValue(_only)?.Split(',') ?? [.. PaperExperiments.Names];
        int? epochs = parsed.GetValue(_epochs) ?? (quick ? QuickEpochs : null), seeds = parsed.GetValue(_seeds);
        return [.. names.Select(name => name switch
        {
            "fig2" => PaperExperiments.Figure2(epochs ?? Figure2Epochs, seeds ?? 1),
            "table1" => PaperExperiments.Table1(epochs ?? Table1Epochs),
            "fig3" => PaperExperiments.Figure3(epochs ?? Figure3Epochs, seeds ?? 1),
            "beyond" => PaperExperiments.Beyond(epochs ?? Figure3Epochs, seeds ?? 3),
            _ => throw new UsageException($"--only must be one or more of {string.Join(", ", PaperExperiments.Names)}, but is '{name}'."),
        })];
    }
}
