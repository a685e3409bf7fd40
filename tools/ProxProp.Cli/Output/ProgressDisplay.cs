using System.Diagnostics;
using ProxProp.Engine.Training;

namespace ProxProp.Cli.Output;

/// <summary>Progress of one run: on a screen one line rewritten in place ten times a second, otherwise a plain line per epoch. Checkpoints that fail, and
/// that can be saved again, are told on standard error.</summary>
/// <remarks>A screen that is closed or a disk that fills up must not cost the training: nothing more is shown then.</remarks>
/// <param name="terminal">Where to write.</param>
/// <param name="name">What the line begins with.</param>
/// <param name="epochs">Epochs of the run.</param>
internal sealed class ProgressDisplay(Terminal terminal, string name, int epochs) : IProgress<TrainingProgress>
{
    private const double RefreshSeconds = 0.1;

    // The longest name with a short number, gradient; with it a line of common figures fits 80 columns.
    private const int NameWidth = 8;
    private const string Left = " left";

    private TrainingProgress _last;
    private EpochResult? _epoch;
    private long _shown;
    private double _lossSum;
    private double _correct;
    private int _steps;
    private bool _isLost;
    private bool _checkpointsFail;

    public void Report(TrainingProgress value)
    {
        if (value.Epoch != _last.Epoch)
            (_lossSum, _correct, _steps) = (0, 0, 0);
        TellOfCheckpoints(value);
        _last = value;
        _lossSum += value.Loss;
        _correct += value.Accuracy;
        _steps++;
        _epoch = value.EpochEnd ?? _epoch;
        bool isDue = terminal.Rewrites
            ? value.Step == value.TotalSteps || Stopwatch.GetElapsedTime(_shown).TotalSeconds >= RefreshSeconds
            : value.EpochEnd is not null;
        if (isDue)
            Show(isLast: false);
    }

    /// <summary>Leaves the last state on the screen and goes to a new line.</summary>
    public void Finish()
    {
        if (_last.Step > 0 && (terminal.Rewrites || _last.EpochEnd is null))
            Show(isLast: true);
    }

    // What fails in the last step the run's own message tells.
    private void TellOfCheckpoints(in TrainingProgress value)
    {
        bool fails = value.CheckpointFailure is not null;
        if (fails == _checkpointsFail || (fails && value.Step == value.TotalSteps))
            return;
        _checkpointsFail = fails;
        string what = fails ? $": {value.CheckpointFailure!.ReplaceLineEndings(" ")} Training goes on." : " is saved.";
        try
        {
            if (terminal.Rewrites && _shown > 0 && !_isLost)
                terminal.Output.WriteLine();
            terminal.Error.WriteLine($"proxprop: The checkpoint of step {value.CheckpointStep}{what}");
        }
        catch (IOException)
        {
            // Nobody is there to be told.
        }
    }

    private void Show(bool isLast)
    {
        if (_isLost)
            return;
        _shown = Stopwatch.GetTimestamp();
        try
        {
            if (terminal.Rewrites)
                Rewrite();
            else
                terminal.Output.WriteLine(Line());
            if (terminal.Rewrites && isLast)
                terminal.Output.WriteLine();
        }
        catch (IOException)
        {
            _isLost = true;
        }
    }

    private void Rewrite()
    {
        string line = Line();
        int room = terminal.Width - 1;
        if (line.Length > room && line.EndsWith(Left, StringComparison.Ordinal))
            line = line[..^Left.Length];
        terminal.Output.Write("\r" + (line.Length > room ? line[..room] : line.PadRight(room)));
        terminal.Output.Flush();
    }

    // Of the epoch so far; an epoch's end brings the exact means, which weigh a shorter last batch by its samples.
    private string Line()
    {
        double loss = _last.EpochEnd?.TrainLoss ?? (_lossSum / _steps);
        double accuracy = _last.EpochEnd?.TrainAccuracy ?? (_correct / _steps);
        string validation = _epoch is { } e && !double.IsNaN(e.ValidationAccuracy) ? $" val {Texts.Percent(e.ValidationAccuracy),6}" : string.Empty;
        string left = _last.Remaining > TimeSpan.Zero ? $"  {Texts.Clock(_last.Remaining)}{Left}" : string.Empty;
        return $"{name.PadRight(NameWidth)} epoch {_last.Epoch.ToString().PadLeft(epochs.ToString().Length)}/{epochs}"
            + $"  loss {Texts.Loss(loss),8}  acc {Texts.Percent(accuracy),6}{validation}  {Texts.Rate(_last.SamplesPerSecond),6}{left}";
    }
}
