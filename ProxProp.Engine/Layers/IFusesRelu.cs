namespace ProxProp.Engine.Layers;

/// <summary>A layer that can apply a following ReLU as it stores its output, which spares one pass over memory.</summary>
public interface IFusesRelu
{
    /// <summary>Whether Forward ends with x ≤ 0 ? 0 : x. Set by the network where the next layer is a ReLU.</summary>
    bool FuseRelu { get; set; }
}
