using System.Runtime.InteropServices;

namespace ProxProp.Native;

/// <summary>proxprop_network_info.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetworkInfo
{
    public uint Size;
    public int Layers, Inputs, Outputs, MaxBatch, Threads;
    public long Parameters, BufferBytes;
}

/// <summary>proxprop_trainer_options.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TrainerOptions
{
    public uint Size;
    public StepKind Step;
    public int Iterations;
    public OptimizerKind Optimizer;
    public LossKind Loss;
    public int MeasureEvery;
    public double TauTheta, Momentum, WeightDecay;
}

/// <summary>proxprop_step_result.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct StepOutcome
{
    public uint Size;
    public int Correct;
    public double Loss;
    public long StepsDone, BufferBytes;
}

/// <summary>proxprop_layer_report.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LayerOutcome
{
    public uint Size;
    public int Parameters, Solver, Status, Iterations, Reserved;
    public double TauTheta, Residual, Cosine, NormRatio;
}

/// <summary>PROXPROP_STEP_….</summary>
internal enum StepKind
{
    Gradient = 0,
    Exact = 1,
    Auto = 2,
    Cg = 3,
    Pcg = 4,
}

/// <summary>PROXPROP_OPTIMIZER_….</summary>
internal enum OptimizerKind
{
    Sgd = 0,
    Momentum = 1,
    Nesterov = 2,
    Adam = 3,
    AdamW = 4,
}

/// <summary>PROXPROP_LOSS_….</summary>
internal enum LossKind
{
    CrossEntropy = 0,
    MeanSquaredError = 1,
}
