using BenchmarkDotNet.Running;
using ProxProp.Engine.Bench.Kernels;

if (args is ["kernels", .. string[] rest])
    return KernelReport.Run(rest);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;
