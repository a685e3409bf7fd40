using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Memory;

namespace ProxProp.Engine.Optimizers;

/// <summary>
/// Moves parameters along a direction v, be it a gradient or a proximal direction. Works on one flat buffer and knows nothing of layers.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
public abstract class Optimizer<T> : IStateful
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly List<(string Name, Slot<T> Slot)> _state = [];

    /// <summary>The name that the program and checkpoints use, <c>nesterov</c> for example.</summary>
    public abstract string Name { get; }

    /// <summary>Number of updates done; part of the state to be saved.</summary>
    public long Updates { get; set; }

    /// <summary>Name and numbers that an update depends on, as a checkpoint compares them.</summary>
    public virtual string Settings => Name;

    /// <summary>Names of the state vectors, each as long as the parameters.</summary>
    public IReadOnlyList<string> StateNames => _state.ConvertAll(s => s.Name);

    /// <summary>One state vector, to be saved and restored.</summary>
    /// <exception cref="ArgumentException">There is no such vector.</exception>
    public Span<T> State(string name)
    {
        foreach ((string known, Slot<T> slot) in _state)
        {
            if (known == name)
                return slot.Span;
        }

        throw new ArgumentException($"The optimizer {Name} has no state '{name}'; it has [{string.Join(", ", StateNames)}].", nameof(name));
    }

    /// <inheritdoc/>
    public virtual void VisitState(IStateVisitor visitor, string prefix)
    {
        ArgumentNullException.ThrowIfNull(visitor);
        long updates = Updates;
        visitor.Visit($"{prefix}.updates", ref updates);
        Updates = updates;
        foreach ((string name, Slot<T> slot) in _state)
            visitor.Visit($"{prefix}.{name}", slot);
    }

    /// <summary>Reserves the state for <paramref name="count"/> parameters.</summary>
    public abstract void Plan(Arena arena, int count);

    /// <summary>θ ← θ − step(v).</summary>
    /// <param name="context">What to compute on.</param>
    /// <param name="theta">Parameters, updated in place.</param>
    /// <param name="v">Direction; may not overlap <paramref name="theta"/>.</param>
    /// <param name="learningRate">Step size, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The learning rate is negative, infinite or NaN.</exception>
    public void Update(ComputeContext context, Span<T> theta, ReadOnlySpan<T> v, double learningRate)
    {
        CheckNonNegative(learningRate, nameof(learningRate));
        Updates++;
        Apply(context, theta, v, learningRate);
    }

    /// <summary>Does update number <see cref="Updates"/>, counted from 1.</summary>
    protected abstract void Apply(ComputeContext context, Span<T> theta, ReadOnlySpan<T> v, double learningRate);

    /// <summary>Reserves one state vector.</summary>
    protected Slot<T> ReserveState(Arena arena, string name, int count)
    {
        if (_state.Exists(s => s.Name == name))
            throw new InvalidOperationException($"This {Name} optimizer belongs to a training step already; make a new one.");
        Slot<T> slot = arena.Reserve<T>($"{Name} {name}", count);
        _state.Add((name, slot));
        return slot;
    }

    /// <summary>Checks that <paramref name="value"/> is in [0, 1).</summary>
    protected static double CheckFraction(double value, string name) => value is >= 0 and < 1
        ? value
        : throw new ArgumentOutOfRangeException(name, value, $"{name} must be at least 0 and below 1.");

    /// <summary>Checks that <paramref name="value"/> is finite and not negative.</summary>
    protected static double CheckNonNegative(double value, string name) => value >= 0 && double.IsFinite(value)
        ? value
        : throw new ArgumentOutOfRangeException(name, value, $"{name} must be finite and not negative.");
}
