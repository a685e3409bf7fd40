using ProxProp.Engine.Kernels;
using ProxProp.Engine.Simd;
using ProxProp.Engine.Tests.Generators;

namespace ProxProp.Engine.Tests.Kernels;

/// <summary>
/// Operands are read where they lie, whole tiles at a time: a tile at the edge must not reach beyond them, since what lies there need not be memory.
/// </summary>
public sealed unsafe class GemmReadsTests
{
    private static readonly int[] s_sizes = [1, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 18, 20, 24, 27, 28, 31, 32, 33, 48, 49, 65];

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void Tiles_of_twelve_and_eight_rows_stay_inside(bool transposedA, bool transposedB)
    {
        foreach (int n in (int[])[2049, 2081])
            Check<Tile<Scalar<float>, float, TwelveRows>>(13, n, 3, transposedA, transposedB, lowerOnly: false);
        EverySize<Tile<Scalar<float>, float, TwelveRows>>(transposedA, transposedB);
        EverySize<Tile<Simd128<float>, float, TwelveRows>>(transposedA, transposedB);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public void Tiles_of_six_rows_stay_inside(bool transposedA, bool transposedB)
    {
        EverySize<Tile<Scalar<float>, float, SixRows>>(transposedA, transposedB);
        EverySize<Tile<Simd128<float>, float, SixRows>>(transposedA, transposedB);
    }

    /// <summary>Packing too: operands that end, or begin, at a page that may not be read.</summary>
    [Theory]
    [MemberData(nameof(Contexts.WidthsAndTypes), MemberType = typeof(Contexts))]
    public void Nothing_beside_an_operand_is_read(SimdWidth width, bool isDouble)
    {
        Assert.SkipUnless(GuardedMemory.IsSupported, "No guards here.");
        if (isDouble)
            Guarded<double>(width);
        else
            Guarded<float>(width);
    }

    private static void Guarded<T>(SimdWidth width)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        using var compute = new ComputeContext(1, width);
        using GuardedMemory a = new(70 * 70 * sizeof(T)), b = new(70 * 70 * sizeof(T));
        foreach (int m in s_sizes)
        {
            foreach (int n in s_sizes)
            {
                foreach (int k in (int[])[1, 7, 18])
                {
                    T[] c = new T[m * n];
                    for (int kind = 0; kind < 8; kind++)
                    {
                        bool atEnd = kind < 4;
                        var left = new ReadOnlyMatrix<T>(new(Flush<T>(a, m * k, atEnd), m * k), kind % 2 == 0 ? m : k, kind % 2 == 0 ? k : m);
                        var right = new ReadOnlyMatrix<T>(new(Flush<T>(b, k * n, atEnd), k * n), kind / 2 % 2 == 0 ? k : n, kind / 2 % 2 == 0 ? n : k);
                        Gemm.Assign(compute, kind % 2 == 0 ? left : left.Transposed, kind / 2 % 2 == 0 ? right : right.Transposed, new Matrix<T>(c, m, n));
                        Assert.Equal(T.Zero, c[^1]);
                    }
                }
            }
        }
    }

    private static T* Flush<T>(GuardedMemory memory, int count, bool atEnd)
        where T : unmanaged => atEnd ? (T*)memory.Last - count : (T*)memory.First;

    private static void EverySize<TTile>(bool transposedA, bool transposedB)
        where TTile : struct, ITile<float>
    {
        foreach (int m in s_sizes)
        {
            foreach (int n in s_sizes)
            {
                foreach (int k in (int[])[1, 2, 17])
                    Check<TTile>(m, n, k, transposedA, transposedB, lowerOnly: false);
            }

            Check<TTile>(m, m, 9, transposedA, !transposedA, lowerOnly: true);
        }
    }

    private static void Check<TTile>(int m, int n, int k, bool transposedA, bool transposedB, bool lowerOnly)
        where TTile : struct, ITile<float>
    {
        using var compute = new ComputeContext(1);
        var a = new float[m * k];
        var b = new float[k * n];
        var c = new float[m * n];
        fixed (float* pa = a, pb = b, pc = c)
        {
            Watch<TTile>.A = new Memory(pa, a.Length);
            Watch<TTile>.B = new Memory(pb, b.Length);
            Watch<TTile>.Packed = new Memory((float*)compute.SharedRowPanels(0), compute.WorkspaceBytes / sizeof(float));
            Watch<TTile>.Shape = $"{m}x{n}x{k}, transposed {transposedA} {transposedB}, lower triangle only {lowerOnly}";
            Watch<TTile>.Tiles = 0;
            GemmDriver.Run<float, Watch<TTile>>(compute, new Product<float>
            {
                M = m,
                N = n,
                K = k,
                A = pa,
                ARow = transposedA ? 1 : k,
                AColumn = transposedA ? m : 1,
                B = pb,
                BRow = transposedB ? 1 : n,
                BColumn = transposedB ? k : 1,
                C = pc,
                CRow = n,
                LowerOnly = lowerOnly,
            });
            Assert.True(Watch<TTile>.Tiles > 0);
        }
    }

    // The tile, with an eye on the addresses that it is given. One test at a time uses a tile, on one thread.
    private struct Watch<TTile> : ITile<float>
        where TTile : struct, ITile<float>
    {
        public static Memory A { get; set; }

        public static Memory B { get; set; }

        public static Memory Packed { get; set; }

        public static string Shape { get; set; } = string.Empty;

        public static int Tiles { get; set; }

        public static int Rows => TTile.Rows;

        public static int Columns => TTile.Columns;

        public static int ShortRows => TTile.ShortRows;

        public static int PartRows(int rows, int columns) => TTile.PartRows(rows, columns);

        public static int PartColumns(int columns) => TTile.PartColumns(columns);

        public static void Multiply(
            nint kc, float* a, nint aLane, nint aStep, float* b, nint bStep, float* c, nint cStride, Update update, TileAhead<float>* ahead)
        {
            Look(Rows, Columns, kc, a, aLane, aStep, b, bStep);
            TTile.Multiply(kc, a, aLane, aStep, b, bStep, c, cStride, update, ahead);
        }

        public static void MultiplyShort(
            nint kc, float* a, nint aLane, nint aStep, float* b, nint bStep, float* c, nint cStride, Update update, TileAhead<float>* ahead)
        {
            Look(ShortRows, Columns, kc, a, aLane, aStep, b, bStep);
            TTile.MultiplyShort(kc, a, aLane, aStep, b, bStep, c, cStride, update, ahead);
        }

        public static void MultiplyPart(
            int rows, int columns, nint kc, float* a, nint aLane, nint aStep, float* b, nint bStep, float* sums, TileAhead<float>* ahead)
        {
            Look(PartRows(rows, columns), PartColumns(columns), kc, a, aLane, aStep, b, bStep);
            TTile.MultiplyPart(rows, columns, kc, a, aLane, aStep, b, bStep, sums, ahead);
        }

        public static void UpdatePart(float* sums, int rows, int columns, float* c, nint cStride, in TileStore<float> store) =>
            TTile.UpdatePart(sums, rows, columns, c, cStride, store);

        public static void Substitute(float* diagonal, float* sums, float* x, float* b, nint bStride) => TTile.Substitute(diagonal, sums, x, b, bStride);

        private static void Look(int rows, int columns, nint kc, float* a, nint aLane, nint aStep, float* b, nint bStep)
        {
            Tiles++;
            Inside("A", A, a, ((rows - 1) * aLane) + ((kc - 1) * aStep));
            Inside("B", B, b, ((kc - 1) * bStep) + columns - 1);
        }

        private static void Inside(string operand, Memory memory, float* first, nint last)
        {
            if (!memory.Holds(first, last) && !Packed.Holds(first, last))
                Assert.Fail($"{Shape}: a tile of {Rows} x {Columns} reads {operand} from element {first - memory.First} to {first + last - memory.First} of {memory.Length}.");
        }
    }

    private readonly struct Memory(float* first, long length)
    {
        public float* First { get; } = first;

        public long Length { get; } = length;

        public bool Holds(float* from, nint last) => from >= First && from + last < First + Length;
    }
}
