using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Layers;
using ProxProp.Engine.Memory;
using ProxProp.Engine.Solvers;

namespace ProxProp.Engine.Proximal;

/// <summary>Keeps the preconditioner of one layer up to date from step to step.</summary>
internal sealed class LayerPreconditioner<T> : IStateful
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly IGramLayer<T>? _layer;
    private readonly CgStep<T> _step;
    private readonly JacobiPreconditioner<T>? _jacobi;
    private readonly FactorPreconditioner<T>? _factor;
    private int _age;
    private bool _stale = true;

    private LayerPreconditioner(
        IGramLayer<T>? layer, CgStep<T> step, IPreconditioner<T> inner, JacobiPreconditioner<T>? jacobi, FactorPreconditioner<T>? factor)
    {
        _layer = layer;
        _step = step;
        Inner = inner;
        _jacobi = jacobi;
        _factor = factor;
    }

    public IPreconditioner<T> Inner { get; }

    public static LayerPreconditioner<T>? Create(ProximalLayer<T> layer, CgStep<T> step, in PlanContext plan)
    {
        if (step.CustomPreconditioner is { } custom)
            return new LayerPreconditioner<T>(null, step, custom(layer), null, null);
        switch (step.Preconditioner)
        {
            case CgPreconditioner.Jacobi:
                var jacobi = new JacobiPreconditioner<T>(plan.Compute, plan.Arena, layer.Layout);
                if (plan.Products is not null)
                    ((IGramLayer<T>)layer).ExpectGramDiagonal(plan.MaxBatch);
                return new LayerPreconditioner<T>((IGramLayer<T>)layer, step, jacobi, jacobi, null);
            case CgPreconditioner.EarlierFactor:
                var gram = (IGramLayer<T>)layer;
                if (plan.Products is { } products)
                {
                    gram.ExpectGram(products, plan.MaxBatch);
                    PrimalCholesky<T>.Expect(products, layer.Layout);
                }

                var factor = new FactorPreconditioner<T>(plan.Compute, plan.Arena, layer.Layout);
                return new LayerPreconditioner<T>(gram, step, factor, null, factor);
            default:
                return null;
        }
    }

    /// <summary>Makes the preconditioner ready for a solve with this shift.</summary>
    public void Prepare(in Pass pass, ReadOnlySpan<T> a, double shift)
    {
        if (_jacobi is not null)
        {
            _layer!.GramDiagonal(pass, a, _jacobi.Diagonal);
            _jacobi.Prepare(T.CreateSaturating(shift));
        }

        if (_factor is not null && (_stale || ++_age >= _step.RefreshEvery))
        {
            _layer!.Gram(pass, a, _factor.Gram);
            _factor.Factor(T.CreateSaturating(shift));
            _age = 0;
            _stale = false;
        }
    }

    /// <inheritdoc/>
    public void VisitState(IStateVisitor visitor, string prefix)
    {
        if (_factor is not null)
        {
            visitor.Visit($"{prefix}.age", ref _age);
            visitor.Visit($"{prefix}.stale", ref _stale);
        }

        (Inner as IStateful)?.VisitState(visitor, prefix);
    }

    /// <summary>Learns from the residual of the solve how good the preconditioner still is.</summary>
    public void Observe(double relativeResidual) => _stale = !(relativeResidual <= _step.StaleResidual);
}
