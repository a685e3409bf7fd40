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
            var read = new ReadOnlyMatrix<float>(x, 200, 500);
            var write = new Matrix<float>(y, 200, 500);
            ColumnRecurrence.Turn(context, c, read, read, write, write, write, sums.AsSpan(0, 500), sums.AsSpan(500));
            ColumnRecurrence.Advance(context, c, 2, read, read, write, write, write, fromZero: true, sums.AsSpan(500));
        });
    }

    [Theory]
    [InlineData("kRho")]
    [InlineData("newPi")]
    [InlineData("dots")]
    [InlineData("beta")]
    public void A_turn_of_other_shapes_is_refused_by_name(string wrong)
    {
        using var context = new ComputeContext(1);
        float[] x = new float[6];
        Matrix<float> Of(string name) => name == wrong ? new(x, 3, 2) : new(x, 2, 3);
        Span<float> Per(string name) => x.AsSpan(0, name == wrong ? 4 : 3);
        string? named = Assert.Throws<ArgumentException>(() =>
            ColumnRecurrence.Turn<float>(context, Per("beta"), Of("rho"), Of("kRho"), Of("pi"), Of("newPi"), Of("kPi"), Per("squares"), Per("dots"))).ParamName;
        Assert.Equal(wrong, named);
    }

    [Theory]
    [InlineData("alpha")]
    [InlineData("pi")]
    [InlineData("s")]
    [InlineData("squares")]
    public void An_advance_of_other_shapes_is_refused_by_name(string wrong)
    {
        using var context = new ComputeContext(1);
        float[] x = new float[6];
        Matrix<float> Of(string name) => name == wrong ? new(x, 3, 2) : new(x, 2, 3);
        Span<float> Per(string name) => x.AsSpan(0, name == wrong ? 4 : 3);
        string? named = Assert.Throws<ArgumentException>(() =>
            ColumnRecurrence.Advance<float>(context, Per("alpha"), 1, Of("pi"), Of("kPi"), Of("rho"), Of("newRho"), Of("s"), false, Per("squares"))).ParamName;
        Assert.Equal(wrong, named);
    }

    [Fact]
    public void Columns_of_wider_matrices_are_as_good_as_their_own()
    {
        const int Rows = 300, Columns = 77, Stride = 101;
        float[] c = Arrays.Normal<float>(Columns, 1), wide = Arrays.Normal<float>(Rows * Stride, 2), own = new float[Rows * Columns];
        for (int i = 0; i < Rows; i++)
            wide.AsSpan((i * Stride) + 13, Columns).CopyTo(own.AsSpan(i * Columns));
        using var context = new ComputeContext(2);
        float[] expected = Run(new(own, Rows, Columns), Columns), found = Run(new ReadOnlyMatrix<float>(wide, Rows, Stride).Block(0, 13, Rows, Columns), Stride);
        Assert.Equal(expected, found);

        float[] Run(ReadOnlyMatrix<float> x, int stride)
        {
            float[] pi = new float[Rows * stride], rho = new float[Rows * stride], kPi = new float[Rows * stride], s = new float[Rows * stride];
            float[] sums = new float[3 * Columns];
            ColumnRecurrence.Turn(
                context, c, x, x, x, new(pi, Rows, Columns, stride), new(kPi, Rows, Columns, stride), sums.AsSpan(0, Columns), sums.AsSpan(Columns, Columns));
            ColumnRecurrence.Advance(
                context, c, 2, new ReadOnlyMatrix<float>(pi, Rows, Columns, stride), x, x, new(rho, Rows, Columns, stride), new(s, Rows, Columns, stride), false,
                sums.AsSpan(2 * Columns));
            return [.. Narrow(pi), .. Narrow(rho), .. Narrow(kPi), .. Narrow(s), .. sums];

            IEnumerable<float> Narrow(float[] all) => all.Where((_, at) => at % stride < Columns);
        }
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
            ColumnRecurrence.Turn(
                context, coefficient, Of(rho), Of(kRho), Of(pi), Of(newPi), Of(newKPi), sums.AsSpan(0, columns), sums.AsSpan(columns, columns));
            newKPi = [.. kPi];
            ColumnRecurrence.Turn(
                context, coefficient, Of(rho), Of(kRho), Of(ownPi), Of(ownPi), Of(newKPi), sums.AsSpan(0, columns), sums.AsSpan(columns, columns));
            Assert.Equal(newPi, ownPi);
            ColumnRecurrence.Advance(context, coefficient, shift, Of(pi), Of(kPi), Of(rho), Of(newRho), Of(added), fromZero: false, sums.AsSpan(2 * columns));
            T[] ownRho = [.. rho];
            ColumnRecurrence.Advance(
                context, coefficient, shift, Of(pi), Of(kPi), Of(ownRho), Of(ownRho), Of(fresh), fromZero: true, sums.AsSpan(2 * columns));
            Assert.Equal(newRho, ownRho);
            return [.. newPi, .. newKPi, .. newRho, .. added, .. fresh, .. sums];

            Matrix<T> Of(T[] x) => new(x, rows, columns);
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
