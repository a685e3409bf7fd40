using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Parallel;

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

/// <summary>The outer loops around the micro-kernel.</summary>
/// <remarks>
/// Either operand is read where it lies unless packing pays (see <see cref="GemmBlocking"/>). A is packed block by block into memory that all workers
/// share; while one block is multiplied, whoever has nothing left to do packs the next. A worker that is alone packs each panel of A just before its
/// first tile instead, from lines that were fetched beside the tiles before. B is packed a few panels at a time by the worker that needs them, into its
/// own cache, while it multiplies those before. Source: F. Van Zee, R. van de Geijn, BLIS, ACM TOMS 41 (2015), except for what is packed and when.
/// </remarks>
internal static unsafe class GemmDriver
{
    private const long SerialFlops = 2_000_000;

    /// <summary>Whether a product is too little to share out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsSerial(int m, int n, int k) => 2L * m * n * k < SerialFlops;

    public static void Run<T>(ComputeContext context, in Product<T> product)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Memory.PinnedBytes packed = context.Workspace;
        fixed (Product<T>* address = &product)
        {
            var work = new Work<T> { Context = context, Product = address };
            TileChoice.Run<Work<T>, T>(context.Width, ref work);
        }

        packed.Keep();
    }

    /// <summary>The product with this tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run<T, TTile>(ComputeContext context, in Product<T> product)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTile : struct, ITile<T>
    {
        bool serial = IsSerial(product.M, product.N, product.K);
        int workers = serial ? 1 : context.Team.Workers;
        bool packsRows = GemmBlocking.PacksRows(product.M, product.N, TTile.Rows, TTile.Columns, sizeof(T), product.LowerOnly, product.ARow, workers);
        bool isOneBlock = product.K > 0 && product.K <= GemmBlocking.DepthOf<T>() && (!packsRows || product.M <= context.PackedRows);
        if (serial && isOneBlock && !product.LowerOnly)
        {
            PackJob<T, TTile> operands = default;
            bool sharesColumns = GemmBlocking.SharesColumns(product.M, product.N, TTile.Columns, workers: 1);
            PlanPacking(context, product, new(packsRows, rowsAlong: false, sharesColumns, workers), 0, 0, product.K, 0, product.M, ref operands);
            if (operands.Columns.IsReadable)
            {
                for (int item = 0; item < operands.Items; item++)
                    operands.Execute(item, 0);
                SmallProduct.Run(product, operands);
                return;
            }
        }

        RunBlocks<T, TTile>(context, product, workers, packsRows);
    }

    // Apart: what a job keeps is more than a small product needs.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void RunBlocks<T, TTile>(ComputeContext context, in Product<T> product, int workers, bool packsRows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTile : struct, ITile<T>
    {
        int depth = GemmBlocking.DepthOf<T>();
        int rowsAtOnce = packsRows ? GemmBlocking.RowsAtOnce(product.M, context.PackedRows, TTile.Rows) : product.M;
        int rowBlocks = (product.M + rowsAtOnce - 1) / rowsAtOnce;
        int blocks = rowBlocks * Math.Max(1, (product.K + depth - 1) / depth);
        PackingChoice choice = new(packsRows, rowsAlong: workers == 1, GemmBlocking.SharesColumns(product.M, product.N, TTile.Columns, workers), workers);
        Strand* strands = stackalloc Strand[workers];
        WorkShare* shares = stackalloc WorkShare[workers + 1];
        MultiplyJob<T, TTile> job = default;
        job.Context = context;
        job.Product = product;
        job.Strands = strands;
        job.Shares = shares;
        for (int block = 0; block <= blocks; block++)
        {
            // Loop 4 is over k, loop 3 over rows of C.
            job.Advance();
            if (block < blocks)
            {
                int k = block / rowBlocks * depth, row = block % rowBlocks * rowsAtOnce;
                int kc = Math.Min(depth, product.K - k), rows = Math.Min(rowsAtOnce, product.M - row);
                PlanPacking(context, product, choice, block % 2, k, kc, row, rows, ref job.Next);
                job.NextBlock = new(product, k, kc, row, rows, !packsRows, TTile.Rows, TTile.Columns, workers);
            }

            MultiplyJob<T, TTile>.Run(context, Math.Min(workers, job.Items), ref job);
        }
    }

    private static void PlanPacking<T, TTile>(
        ComputeContext context, in Product<T> product, in PackingChoice choice, int buffer, int k, int kc, int row, int rows, ref PackJob<T, TTile> job)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTile : struct, ITile<T>
    {
        T* a = product.A + (row * product.ARow) + (k * product.AColumn);
        T* b = product.B + (k * product.BRow);
        bool isAligned = ((nint)b | (product.BRow * sizeof(T))) % Prefetch.LineBytes == 0;
        bool packsColumns = GemmBlocking.PacksColumns(
            product.BColumn, isAligned, product.M, product.N, kc, TTile.Rows, TTile.Columns, sizeof(T), choice.Workers);
        T* packed = choice.Rows ? (T*)context.SharedRowPanels(choice.RowsAlong ? 0 : buffer) : null;
        job.Rows = PanelSet<T>.Create(a, product.ARow, product.AColumn, rows, kc, choice.Rows, packed);
        job.Rows.IsPackedAlong = choice.Rows && choice.RowsAlong;
        job.Columns = PanelSet<T>.Create(
            b, product.BColumn, product.BRow, product.N, kc, packsColumns,
            packsColumns && choice.SharesColumns ? (T*)context.SharedColumnPanels(buffer) : null);
    }

    /// <summary>Runs a job with the team, or here and now where it is too little to share out.</summary>
    public static void Execute<TJob>(ComputeContext context, bool serial, int items, ref TJob job)
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

    private struct Work<T> : ITileWork<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public ComputeContext Context;
        public Product<T>* Product;

        public readonly void Run<TTile>()
            where TTile : struct, ITile<T> => GemmDriver.Run<T, TTile>(Context, *Product);
    }
}
