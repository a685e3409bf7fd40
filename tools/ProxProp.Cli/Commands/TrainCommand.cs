using ProxProp.Cli.Options;
using ProxProp.Cli.Output;
using ProxProp.Cli.Parsing;

namespace ProxProp.Cli.Commands;

/// <summary><c>proxprop train</c>.</summary>
internal sealed class TrainCommand : Command
{
    private const string About =
        "Trains a network and saves its weights. Without options: trains on the embedded digits by ProxProp and, beside it, by plain "
        + "backpropagation, and shows both. It stays this comparison until one of --step, --tau-theta, --damping, --lambda, --optimizer, --lr, "
        + "--momentum, --weight-decay, --init, --log, --checkpoint, --checkpoint-every, --checkpoint-minutes, --resume or another --dataset asks for one run.";

    public TrainCommand(Terminal terminal, CancellationToken cancel)
        : base("train", About)
    {
        var data = new DataOptions();
        var options = new TrainOptions();
        var compute = new ComputeOptions();
        data.AddTo(this);
        options.AddTo(this);
        compute.AddTo(this);
        SetAction(parsed =>
        {
            TrainRequest request = TrainRequest.Read(parsed, options, data, compute);
            return compute.IsDouble(parsed, request.Start)
                ? TrainSession.Run<double>(request, terminal, cancel)
                : TrainSession.Run<float>(request, terminal, cancel);
        });
    }
}
