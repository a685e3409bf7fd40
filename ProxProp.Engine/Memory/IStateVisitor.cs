namespace ProxProp.Engine.Memory;

/// <summary>
/// Walks over everything that training keeps from one step to the next. The same walk, in the same order, saves a checkpoint, checks one
/// and restores it: what is visited is by reference, and a restoring visitor writes to it.
/// </summary>
/// <remarks>Names are unique within a walk; which names are visited follows from the settings alone, never from values.</remarks>
public interface IStateVisitor
{
    /// <summary>A counter, 0 or more.</summary>
    void Visit(string name, ref long value);

    /// <summary>A number.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">The number.</param>
    /// <param name="positive">Whether a saved number that is not positive and finite is refused.</param>
    void Visit(string name, ref double value, bool positive = false);

    /// <summary>A vector of a length that the settings fix.</summary>
    void Visit<T>(string name, Slot<T> values)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>;
}

/// <summary>Something that keeps state from one training step to the next.</summary>
public interface IStateful
{
    /// <summary>Shows all of that state to <paramref name="visitor"/>.</summary>
    /// <param name="visitor">Saves or restores it.</param>
    /// <param name="prefix">What every name begins with.</param>
    void VisitState(IStateVisitor visitor, string prefix);
}

/// <summary>Visits of what has no reference to give.</summary>
internal static class StateVisits
{
    /// <summary>Visits a counter of 32 bits; a restored one is cut off at the largest.</summary>
    public static void Visit(this IStateVisitor visitor, string name, ref int value)
    {
        long wide = value;
        visitor.Visit(name, ref wide);
        value = (int)Math.Min(wide, int.MaxValue);
    }

    /// <summary>Visits a truth value.</summary>
    public static void Visit(this IStateVisitor visitor, string name, ref bool value)
    {
        long wide = value ? 1 : 0;
        visitor.Visit(name, ref wide);
        value = wide != 0;
    }
}
