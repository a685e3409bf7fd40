using ProxProp.Cli;
using ProxProp.Cli.Output;

return CommandLine.Run(args, Terminal.OfProcess());
