using System.Numerics;

namespace ProxProp.Engine.Kernels;

/// <summary>ε, the distance from 1 to the next number: 2⁻²³ for float, 2⁻⁵² for double.</summary>
internal static class MachineEpsilon
{
    public static double Of<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => typeof(T) == typeof(float) ? Math.ScaleB(1, -23) : Math.ScaleB(1, -52);
}
