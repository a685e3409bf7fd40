using System.Globalization;
using ProxProp.Engine.Data;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Optimizers;
using ProxProp.Engine.Proximal;
using ProxProp.Engine.Training;

namespace ProxProp.Engine.Bench.Proximal;

/// <summary>
/// The command <c>damping NAME [--data FOLDER] [--seeds N] [--batches A;B] [--parallel N]</c> with NAME <c>digits</c>, <c>digits-sgd</c>, <c>mnist</c>,
/// <c>cifar10</c> or <c>convnet</c>: what fixed, scale-free and Levenberg-Marquardt damping reach in the same number of epochs, over batch sizes
/// (all of the study's, or those named) and scales of the data, as tables of the mean and half the range over seeds. A loss beyond 10, where
/// guessing has 2.3, counts as divergence. Runs are of one thread each, N at a time.
/// </summary>
internal static class DampingReport
{
    public static int Run(string[] arguments)
    {
        string? Option(string name) => Array.IndexOf(arguments, name) is int at and >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
        int seeds = int.Parse(Option("--seeds") ?? "3", CultureInfo.InvariantCulture);
        string name = arguments.Length > 0 ? arguments[0] : "digits";
        Study study = Study.Named(name, Option("--data"));
        if (Option("--batches") is { } batches)
            study = study with { Settings = [.. study.Settings.Where(s => batches.Split(';').Contains(s.Batch.ToString(CultureInfo.InvariantCulture)))] };
        Console.WriteLine($"### {name}: {study.What}");
        var results = new Dictionary<(Rule, Setting), Outcome[]>();
        (Rule, Setting, int)[] runs =
            [.. from rule in study.Rules from setting in study.Settings from seed in Enumerable.Range(0, seeds) select (rule, setting, seed)];
        foreach ((Rule rule, Setting setting, _) in runs)
            results.TryAdd((rule, setting), new Outcome[seeds]);
        System.Threading.Tasks.Parallel.ForEach(
            runs,
            new ParallelOptions { MaxDegreeOfParallelism = int.Parse(Option("--parallel") ?? "2", CultureInfo.InvariantCulture) },
            run => results[(run.Item1, run.Item2)][run.Item3] = study.Train(run.Item1, run.Item2, (ulong)run.Item3));
        Write(study, results, "training loss of the last epoch", o => o.Loss, v => v.ToString("F3", CultureInfo.InvariantCulture));
        Write(study, results, "validation accuracy, %", o => 100 * o.Accuracy, v => v.ToString("F1", CultureInfo.InvariantCulture));
        return 0;
    }

    private static void Write(
        Study study, Dictionary<(Rule, Setting), Outcome[]> results, string what, Func<Outcome, double> value, Func<double, string> text)
    {
        Console.WriteLine();
        Console.WriteLine($"| {what} | {string.Join(" | ", study.Settings.Select(s => $"batch {s.Batch}, x{s.Scale}"))} |");
        Console.WriteLine($"|{string.Concat(Enumerable.Repeat(" --- |", study.Settings.Count + 1))}");
        foreach (Rule rule in study.Rules)
        {
            IEnumerable<string> cells = study.Settings.Select(setting =>
            {
                Outcome[] outcomes = results[(rule, setting)];
                double[] good = [.. outcomes.Where(o => o.Converged).Select(value)];
                if (good.Length == 0)
                    return "diverged";
                string mean = $"{text(good.Average())} ± {text((good.Max() - good.Min()) / 2)}";
                return good.Length == outcomes.Length ? mean : $"{mean} ({outcomes.Length - good.Length} of {outcomes.Length} diverged)";
            });
            Console.WriteLine($"| {rule.Name} | {string.Join(" | ", cells)} |");
        }
    }
}

/// <summary>A rule of damping.</summary>
internal sealed record Rule(string Name, Damping Damping)
{
    public static Rule Fixed(double tau) => new(string.Create(CultureInfo.InvariantCulture, $"fixed, tau_theta {tau}"), Damping.Fixed(tau));

    public static Rule ScaleFree(double lambda) =>
        new(string.Create(CultureInfo.InvariantCulture, $"scale-free, lambda {lambda}"), Damping.ScaleFree(lambda));

    public static Rule LevenbergMarquardt(double lambda) =>
        new(string.Create(CultureInfo.InvariantCulture, $"lm, first lambda {lambda}"), Damping.LevenbergMarquardt(lambda));
}

/// <summary>Batch size, and what the data (in 0 to 1) are multiplied by.</summary>
internal sealed record Setting(int Batch, double Scale);

/// <summary>What a run came to.</summary>
internal readonly record struct Outcome(double Loss, double Accuracy, bool Converged);

/// <summary>Data, network and settings to compare rules on.</summary>
internal sealed record Study(
    string What, Dataset<float> Data, int Validation, Func<Model<float>> Model, Func<Optimizer<float>> Optimizer, double Rate, int Epochs,
    IReadOnlyList<Rule> Rules, IReadOnlyList<Setting> Settings)
{
    public static Study Named(string name, string? folder)
    {
        Rule[] rules =
        [
            Rule.Fixed(0.0005), Rule.Fixed(0.005), Rule.Fixed(0.05), Rule.Fixed(0.5), Rule.Fixed(5),
            Rule.ScaleFree(0.1), Rule.ScaleFree(1), Rule.ScaleFree(10), Rule.LevenbergMarquardt(1), Rule.LevenbergMarquardt(10),
        ];
        Rule[] adamRules =
        [
            Rule.Fixed(0.0001), Rule.Fixed(0.01), Rule.Fixed(1), Rule.Fixed(100),
            Rule.ScaleFree(0.01), Rule.ScaleFree(0.1), Rule.ScaleFree(1), Rule.ScaleFree(10), Rule.LevenbergMarquardt(1),
        ];
        string Folder() => folder ?? throw new ArgumentException($"The study {name} needs --data FOLDER.", nameof(folder));
        return name switch
        {
            "digits" => new Study(
                "1,437 rows, 64-128-64-10, Nesterov 0.95, learning rate 1, 10 epochs", Digits.Load<float>(), 360,
                () => Models.Mlp<float>(64, [128, 64], 10), () => new Sgd<float>(MomentumKind.Nesterov, 0.95), 1, 10, rules,
                [.. from batch in (int[])[20, 100, 500] from scale in (double[])[0.1, 1, 10] select new Setting(batch, scale)]),
            "digits-sgd" => new Study(
                "1,437 rows, 64-128-64-10, SGD without momentum, learning rate 1, 10 epochs", Digits.Load<float>(), 360,
                () => Models.Mlp<float>(64, [128, 64], 10), () => new Sgd<float>(), 1, 10,
                [.. rules, Rule.Fixed(50), Rule.ScaleFree(0.01), Rule.LevenbergMarquardt(0.1)],
                [.. from batch in (int[])[20, 100, 500] from scale in (double[])[0.1, 1, 10] select new Setting(batch, scale)]),
            "mnist" => new Study(
                "4,000 rows, 784-128-64-10, Nesterov 0.95, learning rate 1, 3 epochs", Mnist.Load<float>(Folder()).Train.Take(5000), 1000,
                () => Models.Mlp<float>(784, [128, 64], 10), () => new Sgd<float>(MomentumKind.Nesterov, 0.95), 1, 3, rules,
                [.. from batch in (int[])[50, 500] from scale in (double[])[0.1, 1, 10] select new Setting(batch, scale)]),
            "cifar10" => new Study(
                "4,000 rows, 3072-128-64-10, Nesterov 0.95, learning rate 1, 3 epochs", Cifar10.Load<float>(Folder()).Train.Take(5000), 1000,
                () => Models.Mlp<float>(3072, [128, 64], 10), () => new Sgd<float>(MomentumKind.Nesterov, 0.95), 1, 3, rules,
                [new Setting(50, 1), new Setting(500, 1)]),
            "convnet" => new Study(
                "4,000 rows of CIFAR-10, the paper's ConvNet, Adam 0.001, 3 epochs", Cifar10.Load<float>(Folder()).Train.Take(5000), 1000,
                () => Models.ConvNet<float>(Shape.Image(3, 32, 32), 10), () => new Adam<float>(), 1e-3, 3, adamRules,
                [.. from batch in (int[])[50, 200, 500] from scale in (double[])[0.1, 1, 10] select new Setting(batch, scale)]),
            _ => throw new ArgumentException($"Unknown study '{name}': expected digits, digits-sgd, mnist, cifar10 or convnet.", nameof(name)),
        };
    }

    /// <summary>Trains once; starting weights, split and order by the seed.</summary>
    public Outcome Train(Rule rule, Setting setting, ulong seed)
    {
        DatasetSplit<float> split = Scaled(setting.Scale).Split(Validation, 0, seed);
        using var compute = new ComputeContext(1);
        Model<float> model = Model();
        using var network = new Network<float>(model.Input, model.Layers, setting.Batch, seed, compute);
        using var step = new TrainingStep<float>(network, new AutoStep<float>(rule.Damping), Optimizer()) { MeasureEvery = 0 };
        using var trainer = new Trainer<float>(step, new TrainerOptions { Epochs = Epochs, LearningRate = Rate, Seed = seed });
        TrainingResult result = trainer.Run(split.Train, split.Validation);
        EpochResult last = result.Epochs.Count == 0 ? default : result.Epochs[^1];
        return new Outcome(last.TrainLoss, last.ValidationAccuracy, result.Status == TrainingStatus.Completed && last.TrainLoss < 10);
    }

    private Dataset<float> Scaled(double scale)
    {
        var samples = new float[Data.Count * Data.Features];
        var labels = new int[Data.Count];
        Data.CopyRange(0, Data.Count, samples, labels);
        foreach (ref float x in samples.AsSpan())
            x *= (float)scale;
        return new Dataset<float>(Data.Name, Data.Channels, Data.Height, Data.Width, Data.ClassNames, samples, labels);
    }
}
