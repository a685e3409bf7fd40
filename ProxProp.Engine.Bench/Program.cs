using BenchmarkDotNet.Running;
using ProxProp.Engine.Bench.Kernels;
using ProxProp.Engine.Bench.Training;

if (args is ["kernels", .. string[] kernelArguments])
    return KernelReport.Run(kernelArguments);
if (args is ["steps", .. string[] stepArguments])
    return StepReport.Run(stepArguments);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
