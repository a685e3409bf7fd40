namespace ProxProp.Engine.Training;

/// <summary>The parts of a training step.</summary>
internal enum StepPart
{
    /// <summary>A layer's output.</summary>
    Forward,

    /// <summary>The loss and its derivative.</summary>
    Loss,

    /// <summary>A layer's direction.</summary>
    Direction,

    /// <summary>The derivative with respect to a layer's input.</summary>
    Derivative,

    /// <summary>The optimizer's update of all parameters.</summary>
    Update,
}

/// <summary>Is told of each part of a step as it ends, for a breakdown of where the time goes.</summary>
internal interface IStepObserver
{
    /// <summary>One part has ended, and the next begins.</summary>
    /// <param name="part">What was done.</param>
    /// <param name="layer">For which layer; −1 for the network as a whole.</param>
    void Done(StepPart part, int layer);
}
