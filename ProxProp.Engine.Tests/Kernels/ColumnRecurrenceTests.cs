using System.Numerics;
using ProxProp.Engine.Kernels;
using ProxProp.Engine.Tests.Generators;
using ProxProp.Engine.Tests.Oracles;

namespace ProxProp.Engine.Tests.Kernels;

public sealed class ColumnRecurrenceTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 17)]
    [InlineData(257, 130)]
    [InlineData(300, 1025)]
    public void Turning_and_advancing_round_once_and_have_the_same_bits_everywhere(int rows, int columns)
    {
        Check<float>(rows, columns);
        Check<double>(rows, columns);
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        using var context = new ComputeContext(2);
        float[] c = Arrays.Normal<float>(500, 1), x = Arrays.Normal<float>(500 * 200, 2), y = [.. x], sums = new float[1000];
        SameBits.AllocatesNothing(() =>
        {
            ColumnRecurrence.Turn<float>(context, c, x, x, y, y, y, sums.AsSpan(0, 500), sums.AsSpan(500));
            ColumnRecurrence.Advance<float>(context, c, 2, x, x, y, y, y, fromZero: true, sums.AsSpan(500));
        });
    }

    [Fact]
    public void Wrong_lengths_are_refused_by_name()
    {
        using var context = new ComputeContext(1);
        float[] c = new float[3], x = new float[6], y = new float[5];
        Assert.Equal("kRho", Assert.Throws<ArgumentException>(() => ColumnRecurrence.Turn<float>(context, c, x, y, x, x, x, c, c)).ParamName);
        Assert.Equal("dots", Assert.Throws<ArgumentException>(() => ColumnRecurrence.Turn<float>(context, c, x, x, x, x, x, c, y)).ParamName);
        Assert.Equal("rho", Assert.Throws<ArgumentException>(() => ColumnRecurrence.Advance<float>(context, c, 1, y, y, y, y, y, false, c)).ParamName);
        Assert.Equal("s", Assert.Throws<ArgumentException>(() => ColumnRecurrence.Advance<float>(context, c, 1, x, x, x, x, y, false, c)).ParamName);
    }

    private static void Check<T>(int rows, int columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int n = rows * columns;
        T[] coefficient = Arrays.Normal<T>(columns, 1);
        T[] rho = Arrays.Normal<T>(n, 2), kRho = Arrays.Normal<T>(n, 3), pi = Arrays.Normal<T>(n, 4), kPi = Arrays.Normal<T>(n, 5), s = Arrays.Normal<T>(n, 6);
        T shift = T.CreateChecked(1.25);
        T[] found = SameBits.Everywhere<T>(context =>
        {
            T[] newPi = new T[n], ownPi = [.. pi], newKPi = [.. kPi], sums = new T[3 * columns], newRho = new T[n], added = [.. s], fresh = new T[n];
            fresh.AsSpan().Fill(T.NaN);
            ColumnRecurrence.Turn<T>(context, coefficient, rho, kRho, pi, newPi, newKPi, sums.AsSpan(0, columns), sums.AsSpan(columns, columns));
            newKPi = [.. kPi];
            ColumnRecurrence.Turn<T>(context, coefficient, rho, kRho, ownPi, ownPi, newKPi, sums.AsSpan(0, columns), sums.AsSpan(columns, columns));
            Assert.Equal(newPi, ownPi);
            ColumnRecurrence.Advance<T>(context, coefficient, shift, pi, kPi, rho, newRho, added, fromZero: false, sums.AsSpan(2 * columns));
            T[] ownRho = [.. rho];
            ColumnRecurrence.Advance<T>(context, coefficient, shift, pi, kPi, ownRho, ownRho, fresh, fromZero: true, sums.AsSpan(2 * columns));
            Assert.Equal(newRho, ownRho);
            return [.. newPi, .. newKPi, .. newRho, .. added, .. fresh, .. sums];
        });

        var squares = new double[columns];
        var dots = new double[columns];
        var magnitudes = new double[columns];
        var residuals = new double[columns];
        for (int i = 0; i < n; i++)
        {
            T c = coefficient[i % columns];
            T p = T.FusedMultiplyAdd(c, pi[i], rho[i]), k = T.FusedMultiplyAdd(c, kPi[i], kRho[i]);
            Assert.Equal(p, found[i]);
            Assert.Equal(k, found[n + i]);
            T r = T.FusedMultiplyAdd(-c, kPi[i], rho[i]);
            r = T.FusedMultiplyAdd(-c * shift, pi[i], r);
            residuals[i % columns] += double.CreateChecked(r) * double.CreateChecked(r);
            Assert.Equal(r, found[(2 * n) + i]);
            Assert.Equal(T.FusedMultiplyAdd(c, pi[i], s[i]), found[(3 * n) + i]);
            Assert.Equal(c * pi[i], found[(4 * n) + i]);
            squares[i % columns] += double.CreateChecked(k) * double.CreateChecked(k);
            dots[i % columns] += double.CreateChecked(k) * double.CreateChecked(p);
            magnitudes[i % columns] += Math.Abs(double.CreateChecked(k) * double.CreateChecked(p));
        }

        // A sum of n terms has an error of at most n·ε times the sum of their magnitudes.
        double bound = rows * Tolerances.Epsilon<T>();
        for (int j = 0; j < columns; j++)
        {
            Assert.Equal(squares[j], double.CreateChecked(found[(5 * n) + j]), bound * squares[j]);
            Assert.Equal(dots[j], double.CreateChecked(found[(5 * n) + columns + j]), bound * magnitudes[j]);
            Assert.Equal(residuals[j], double.CreateChecked(found[(5 * n) + (2 * columns) + j]), bound * residuals[j]);
        }
    }
}
