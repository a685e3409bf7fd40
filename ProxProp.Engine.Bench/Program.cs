using BenchmarkDotNet.Running;
using ProxProp.Engine.Bench.Training;

if (args is ["steps", .. string[] stepArguments])
    return StepReport.Run(stepArguments);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
