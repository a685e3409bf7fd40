using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using ProxProp.Engine.Parallel;
using ProxProp.Engine.Simd;

namespace ProxProp.Engine.Kernels;

/// <summary>One product with all its views resolved to addresses and steps; memory stays pinned while it runs.</summary>
internal unsafe struct Product<T>
    where T : unmanaged
{
    public int M, N, K;
    public T* A;
    public nint ARow, AColumn;
    public T* B;
    public nint BRow, BColumn;
    public T* C;
    public nint CRow;
    public Update Update;
    public T* Bias;
    public bool Relu;

    /// <summary>Only tiles that touch the lower triangle are wanted.</summary>
    public bool LowerOnly;

    /// <summary>The lower triangle is copied to the upper one in the end.</summary>
    public bool Mirror;
}

/// <summary>The five loops around the micro-kernel.</summary>
internal static unsafe class GemmDriver
{
    private const long SerialFlops = 2_000_000;

    public static void Run<T>(ComputeContext context, in Product<T> product)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        switch (context.Width)
        {
            case SimdWidth.Bits512 when SimdSupport.IsCompiled(SimdWidth.Bits512):
                Run<T, Tile12x2<Simd512<T>, T>>(context, product);
                break;
            case SimdWidth.Bits256 when SimdSupport.IsCompiled(SimdWidth.Bits256):
                Run<T, Tile6x2<Simd256<T>, T>>(context, product);
                break;
            case SimdWidth.Bits128 when SimdSupport.IsCompiled(SimdWidth.Bits128) && AdvSimd.Arm64.IsSupported:
                Run<T, Tile12x2<Simd128<T>, T>>(context, product);
                break;
            case SimdWidth.Bits128 when SimdSupport.IsCompiled(SimdWidth.Bits128):
                Run<T, Tile6x2<Simd128<T>, T>>(context, product);
                break;
            case SimdWidth.Scalar when SimdSupport.IsCompiled(SimdWidth.Scalar):
                Run<T, Tile6x2<Scalar<T>, T>>(context, product);
                break;
            default:
                throw SimdSupport.NotCompiled(context.Width);
        }
    }

    private static void Run<T, TTile>(ComputeContext context, in Product<T> product)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTile : struct, ITile<T>
    {
        int depth = GemmBlocking.DepthOf<T>();
        bool serial = 2L * product.M * product.N * product.K < SerialFlops;
        bool packA = product.N > 4 * TTile.Columns;
        bool packB = product.BColumn != 1 || product.M > 4 * TTile.Rows;
        int rowsAtOnce = GemmBlocking.SharedRows / TTile.Rows * TTile.Rows;
        int columnsAtOnce = GemmBlocking.SharedColumns;
        if (!packA)
            rowsAtOnce = product.M;
        if (!packB)
            columnsAtOnce = product.N;

        // Loop 5: columns of C that share a packed block of B.
        for (int jc = 0; jc < product.N; jc += columnsAtOnce)
        {
            int nc = Math.Min(columnsAtOnce, product.N - jc);

            // Loop 4: k. C is written once for each block.
            for (int pc = 0; pc == 0 || pc < product.K; pc += depth)
            {
                int kc = Math.Min(depth, product.K - pc);

                // Loop 3: rows of C that share a packed block of A.
                for (int ic = 0; ic < product.M; ic += rowsAtOnce)
                {
                    int mc = Math.Min(rowsAtOnce, product.M - ic);
                    T* a = product.A + (ic * product.ARow) + (pc * product.AColumn);
                    T* b = product.B + (pc * product.BRow) + (jc * product.BColumn);
                    PackAndMultiply<T, TTile>(context, product, serial, packA, packB, ic, mc, jc, nc, pc, kc, a, b);
                }
            }
        }
    }

    private static void PackAndMultiply<T, TTile>(
        ComputeContext context, in Product<T> product, bool serial, bool packA, bool packB, int ic, int mc, int jc, int nc, int pc, int kc, T* a, T* b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTile : struct, ITile<T>
    {
        const int Group = 8;
        PanelSet<T> rows = PanelSet<T>.Create(a, product.ARow, product.AColumn, mc, TTile.Rows, kc, packA, (T*)context.SharedRowPanels);
        PanelSet<T> columns = PanelSet<T>.Create(b, product.BColumn, product.BRow, nc, TTile.Columns, kc, packB, (T*)context.SharedColumnPanels);
        PackJob<T, TTile> pack = default;
        pack.Rows = rows;
        pack.Columns = columns;
        pack.Kc = kc;
        pack.RowItems = (rows.Panels - rows.FirstPacked + Group - 1) / Group;
        int columnItems = ic > 0 ? 0 : (columns.Panels - columns.FirstPacked + Group - 1) / Group;
        Execute(context, serial, pack.RowItems + columnItems, ref pack);

        MultiplyJob<T, TTile> multiply = default;
        multiply.Rows = rows;
        multiply.Columns = columns;
        multiply.Kc = kc;
        multiply.M = mc;
        multiply.N = nc;
        multiply.FirstRow = ic;
        multiply.FirstColumn = jc;
        multiply.LowerOnly = product.LowerOnly;
        multiply.C = product.C + (ic * product.CRow) + jc;
        multiply.CRow = product.CRow;
        bool last = pc + kc == product.K;
        multiply.Store = new TileStore<T>
        {
            Update = pc > 0 && product.Update == Update.Assign ? Update.Add : product.Update,
            Bias = last && product.Bias != null ? product.Bias + jc : null,
            Relu = last && product.Relu,
        };
        multiply.Mirror = last && product.Mirror;
        (multiply.ItemRows, multiply.ItemColumns) = GemmBlocking.ItemOf(mc, nc, TTile.Rows, TTile.Columns);
        multiply.RowItems = (mc + multiply.ItemRows - 1) / multiply.ItemRows;
        int items = multiply.RowItems * ((nc + multiply.ItemColumns - 1) / multiply.ItemColumns);
        Execute(context, serial, items, ref multiply);
    }

    private static void Execute<TJob>(ComputeContext context, bool serial, int items, ref TJob job)
        where TJob : struct, IParallelJob
    {
        if (!serial)
        {
            context.Team.Run(items, ref job);
            return;
        }

        for (int item = 0; item < items; item++)
            job.Execute(item, 0);
    }
}

/// <summary>The panels of one operand: those before FirstPacked are read where they lie, the others from packed memory.</summary>
internal unsafe struct PanelSet<T>
    where T : unmanaged
{
    public T* Source;
    public nint LaneStep, KStep;
    public T* Packed;
    public int Lanes, Width, Panels, FirstPacked;
    public nint PackedSize;

    public static PanelSet<T> Create(T* source, nint laneStep, nint kStep, int lanes, int width, int kc, bool pack, T* packed) => new()
    {
        Source = source,
        LaneStep = laneStep,
        KStep = kStep,
        Packed = packed,
        Lanes = lanes,
        Width = width,
        Panels = (lanes + width - 1) / width,
        FirstPacked = pack ? 0 : lanes / width,
        PackedSize = PanelPacking.PanelDistance<T>(width, kc),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly T* Panel(int panel, int width, out nint laneStep, out nint kStep)
    {
        if (panel >= FirstPacked)
        {
            laneStep = 1;
            kStep = width;
            return Packed + ((panel - FirstPacked) * PackedSize);
        }

        laneStep = LaneStep;
        kStep = KStep;
        return Source + (panel * width * LaneStep);
    }
}

internal unsafe struct PackJob<T, TTile> : IParallelJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, ITile<T>
{
    private const int Group = 8;
    public PanelSet<T> Rows, Columns;
    public int Kc, RowItems;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Execute(int item, int worker)
    {
        if (item < RowItems)
            Pack(Rows, TTile.Rows, item);
        else
            Pack(Columns, TTile.Columns, item - RowItems);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Pack(in PanelSet<T> set, int width, int group)
    {
        int first = set.FirstPacked + (group * Group);
        int panels = Math.Min(Group, set.Panels - first);
        T* source = set.Source + (first * width * set.LaneStep);
        PanelPacking.Pack(
            source, set.LaneStep, set.KStep, set.Lanes - (first * width), panels, width, Kc, set.Packed + ((first - set.FirstPacked) * set.PackedSize));
    }
}

internal unsafe struct MultiplyJob<T, TTile> : IParallelJob
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TTile : struct, ITile<T>
{
    public PanelSet<T> Rows, Columns;
    public int Kc, M, N, FirstRow, FirstColumn, ItemRows, ItemColumns, RowItems;
    public bool LowerOnly, Mirror;
    public T* C;
    public nint CRow;
    public TileStore<T> Store;

    [SkipLocalsInit]
    public readonly void Execute(int item, int worker)
    {
        int i0 = item % RowItems * ItemRows;
        int j0 = item / RowItems * ItemColumns;
        int i1 = Math.Min(i0 + ItemRows, M);
        int j1 = Math.Min(j0 + ItemColumns, N);
        if (LowerOnly && FirstColumn + j0 > FirstRow + i1 - 1)
            return;
        T* sums = stackalloc T[TTile.Rows * TTile.Columns];
        TileStore<T> store = Store;
        int rowPanels = (i1 - i0 + TTile.Rows - 1) / TTile.Rows;

        // Loop 2: panels of B, each held in the first-level cache.
        for (int j = j0; j < j1; j += TTile.Columns)
        {
            T* b = Columns.Panel(j / TTile.Columns, TTile.Columns, out _, out nint bStep);
            store.Bias = Store.Bias == null ? null : Store.Bias + j;

            // A slice of the next panel of B is fetched along with each tile of this one.
            byte* next = (byte*)Columns.Panel((j / TTile.Columns) + 1, TTile.Columns, out _, out _);
            nint slice = j + TTile.Columns < j1 && bStep == TTile.Columns ? Kc * TTile.Columns * sizeof(T) / rowPanels : 0;

            // Loop 1: panels of A, streamed in the order in which they lie.
            for (int i = i0; i < i1; i += TTile.Rows)
            {
                if (LowerOnly && FirstColumn + j > FirstRow + i + TTile.Rows - 1)
                    continue;
                T* a = Rows.Panel(i / TTile.Rows, TTile.Rows, out nint aLane, out nint aStep);
                T* c = C + (i * CRow) + j;
                Prefetch.Rows(c, CRow, TTile.Rows);
                Prefetch.Range(next, slice);
                next += slice;
                bool crossesDiagonal = LowerOnly && FirstColumn + j + TTile.Columns - 1 > FirstRow + i;
                bool isFull = i + TTile.Rows <= M && j + TTile.Columns <= N && !crossesDiagonal;
                if (isFull && store.IsPlain)
                {
                    TTile.Multiply(Kc, a, aLane, aStep, b, bStep, c, CRow);
                    continue;
                }

                TTile.Multiply(Kc, a, aLane, aStep, b, bStep, sums, TTile.Columns);
                if (isFull)
                {
                    TTile.Update(sums, c, CRow, store);
                    continue;
                }

                int rows = Math.Min(TTile.Rows, M - i), columns = Math.Min(TTile.Columns, N - j);
                if (!crossesDiagonal)
                {
                    TTile.UpdatePart(sums, rows, columns, c, CRow, store);
                    continue;
                }

                for (int row = 0; row < rows; row++)
                {
                    int inTriangle = Math.Min(columns, FirstRow + i + row - FirstColumn - j + 1);
                    TTile.UpdatePart(sums + (row * TTile.Columns), 1, inTriangle, c + (row * CRow), CRow, store);
                }
            }
        }

        if (Mirror)
            CopyAcrossDiagonal(i0, i1, j0, j1);
    }

    private readonly void CopyAcrossDiagonal(int i0, int i1, int j0, int j1)
    {
        // C points to (FirstRow, FirstColumn) of the whole matrix, whose element (0, 0) is origin.
        T* origin = C - (FirstRow * CRow) - FirstColumn;
        (i0, i1, j0, j1) = (FirstRow + i0, FirstRow + i1, FirstColumn + j0, FirstColumn + j1);
        for (int i = i0; i < i1; i += 4)
        {
            int rows = Math.Min(4, i1 - i);
            int below = Math.Clamp(i, j0, j1);
            SmallTranspose.Run(origin + (i * CRow) + j0, CRow, rows, below - j0, origin + (j0 * CRow) + i, CRow);
            for (int row = i; row < i + rows; row++)
            {
                for (int j = below; j < Math.Min(j1, row); j++)
                    origin[(j * CRow) + row] = origin[(row * CRow) + j];
            }
        }
    }
}
