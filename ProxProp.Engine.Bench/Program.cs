#if !NATIVE_AOT
using BenchmarkDotNet.Running;
#endif
using ProxProp.Engine.Bench.Kernels;
using ProxProp.Engine.Bench.Proximal;
using ProxProp.Engine.Bench.Training;

if (args is ["kernels", .. string[] kernelArguments])
    return KernelReport.Run(kernelArguments);
if (args is ["steps", .. string[] stepArguments])
    return StepReport.Run(stepArguments);
if (args is ["growth", .. string[] growthArguments])
    return GrowthReport.Run(growthArguments);
if (args is ["damping", .. string[] dampingArguments])
    return DampingReport.Run(dampingArguments);
#if NATIVE_AOT
Console.Error.WriteLine("This is the native program: it has kernels, steps, growth and damping. Benchmarks need dotnet run.");
return 2;
#else
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
#endif
