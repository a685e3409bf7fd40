namespace ProxProp.Paper.Report;

/// <summary>The numbers that the paper prints, all after 50 epochs on CIFAR-10.</summary>
internal static class PaperNumbers
{
    /// <summary>Test accuracy of Figure 2's networks, about.</summary>
    public const double Figure2BackProp = 0.54, Figure2ProxProp = 0.56;

    /// <summary>Best validation accuracy of Figure 3.</summary>
    public const double Figure3BackPropValidation = 0.717, Figure3ProxPropValidation = 0.729;

    /// <summary>Test accuracy of Figure 3's networks.</summary>
    public const double Figure3BackPropTest = 0.696, Figure3ProxPropTest = 0.707;

    private const double Diverged = double.NaN;

    /// <summary>Table 1: the loss for each learning rate, in the order of the experiment's rates; not a number where it diverged.</summary>
    public static readonly IReadOnlyDictionary<string, double[]> Table1 = new Dictionary<string, double[]>
    {
        ["BackProp"] = [Diverged, Diverged, Diverged, Diverged, Diverged, 0.524, 0.091, 0.637, 1.531],
        ["ProxProp cg1"] = [77.9, 0.079, 0.145, 0.667, 0.991, 1.481, 1.593, 1.881, 2.184],
        ["ProxProp cg3"] = [94.7, 0.644, 0.031, 2e-3, 0.012, 1.029, 1.334, 1.814, 2.175],
        ["ProxProp cg5"] = [66.5, 0.190, 0.027, 3e-4, 2e-3, 0.399, 1.049, 1.765, 2.175],
    };

    /// <summary>The paper's column that a line of ours stands beside: the published recurrence beside the conjugate gradients that it was called.</summary>
    public static double[] Table1For(string label) => Table1[label.Replace("published", "ProxProp", StringComparison.Ordinal)];
}
