using System.Numerics;
using System.Runtime.CompilerServices;
using ProxProp.Engine.Parallel;

namespace ProxProp.Engine.Kernels;

/// <summary>Substitution with one diagonal block of at most KC rows, tile by tile in the micro-kernel.</summary>
/// <remarks>
/// <para>Layout: unknowns and rows are taken in the order in which they are solved, the last one first where the solve runs backwards. The block is
/// packed in panels of MR rows that end with their diagonal tile; the right-hand sides go through a panel of two vectors, unknown p in its p-th group, and
/// every tile of solved unknowns is at once an operand of those below.</para>
/// <para>Sums: x_p = (b_p − s − Σ g_pq·x_q)·(1 / g_pp), where s sums the unknowns of all earlier groups of six from +0 and the second sum, subtracted term by term,
/// is over those of p's own group; q ascending in order of solution, one fused multiply-add each, and one rounded reciprocal for each row.</para>
/// <para>Registers: those of <see cref="Tile{TSimd, T, THeight}"/>; within the diagonal tile one row at a time.</para>
/// <para>Remainders: lanes without a right-hand side and rows beyond the block are zeros and are not copied back.</para>
/// <para>Source: F. Van Zee, T. Smith, Implementing high-performance complex matrix multiplication and the BLIS framework's level-3 operations, ACM TOMS 44
/// (2017), for the substitution inside the packed product.</para>
/// </remarks>
internal static unsafe class TriangularBlock
{
    /// <summary>Unknowns whose sums are finished together, on every width.</summary>
    public const int Group = 6;

    // Panels of right-hand sides of an item, if there are enough of them: what they share of the triangle is then in a cache nearby.
    private const int MostItemPanels = 4;

    // What is not read and written where it lies is copied to the panel a tile at a time, and back so many unknowns at a time, while the first-level cache
    // holds them.
    private const int UnknownsAtOnce = 48;
    private const long SerialFlops = 1_500_000;

    /// <summary>Largest block: its sums are then one block of k (see <see cref="Gemm"/>).</summary>
    public static int Size<T>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => GemmBlocking.DepthOf<T>();

    /// <summary>B ← op(L)⁻¹·B, or with unknowns in columns B ← B·op(L)⁻¹.</summary>
    public static void Solve<T>(ComputeContext context, ReadOnlyMatrix<T> l, bool reversed, Matrix<T> b, bool unknownsAreColumns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Memory.PinnedBytes packed = context.Workspace;
        fixed (T* pl = l.Data, pb = b.Data)
        {
            nint row = l.IsTransposed ? 1 : l.Stride, column = l.IsTransposed ? l.Stride : 1;
            Work<T> work = new()
            {
                Context = context,
                L = pl,
                LRow = reversed ? -column : row,
                LColumn = reversed ? -row : column,
                N = l.Rows,
                B = pb,
                Stride = b.Stride,
                RightSides = unknownsAreColumns ? b.Rows : b.Columns,
                UnknownsAreColumns = unknownsAreColumns,
                Reversed = reversed,
            };
            if (reversed)
                work.L += (l.Rows - 1) * (row + column);
            TileChoice.Run<Work<T>, T>(context.Width, ref work);
        }

        packed.Keep();
    }

    private struct Work<T> : ITileWork<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public ComputeContext Context;
        public T* L, B;
        public nint LRow, LColumn, Stride;
        public int N, RightSides;
        public bool UnknownsAreColumns, Reversed;

        public readonly void Run<TTile>()
            where TTile : struct, ITile<T>
        {
            bool serial = (long)N * N * RightSides < SerialFlops;
            PackJob<T, TTile> pack = new() { Work = this };
            int panels = (N + TTile.Rows - 1) / TTile.Rows;
            GemmDriver.Execute(Context, serial, panels, ref pack);
            int sides = (RightSides + TTile.Columns - 1) / TTile.Columns, workers = Context.Team.Workers;
            SolveJob<T, TTile> solve = new() { Work = this, Panels = Math.Clamp((sides + workers - 1) / workers, 1, MostItemPanels) };
            int items = (sides + solve.Panels - 1) / solve.Panels;
            GemmDriver.Execute(Context, serial, items, ref solve);
        }

        // Panel p holds p tiles and the diagonal one.
        public readonly T* Panel(int panel, int rows) => (T*)Context.SharedRowPanels(0) + ((nint)rows * rows * panel * (panel + 1) / 2);
    }

    private struct PackJob<T, TTile> : IParallelJob
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTile : struct, ITile<T>
    {
        public Work<T> Work;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute(int item, int worker)
        {
            int first = item * TTile.Rows;
            int lanes = Math.Min(TTile.Rows, Work.N - first);
            T* panel = Work.Panel(item, TTile.Rows);
            T* source = Work.L + (first * Work.LRow);
            if (Work.LRow == 1 || Work.LColumn == 1)
                PanelSet<T>.Create(source, Work.LRow, Work.LColumn, lanes, first, pack: true, null).PackPanel(0, TTile.Rows, panel);
            else
                PanelPacking.PackAnySteps(source, Work.LRow, Work.LColumn, lanes, TTile.Rows, first, panel);

            T* diagonal = panel + ((nint)first * TTile.Rows);
            new Span<T>(diagonal, TTile.Rows * TTile.Rows).Clear();
            for (int q = 0; q < lanes; q++)
            {
                for (int p = q; p < lanes; p++)
                {
                    T g = source[(p * Work.LRow) + ((first + q) * Work.LColumn)];
                    diagonal[(q * TTile.Rows) + p] = p == q ? T.One / g : p / Group == q / Group ? -g : g;
                }
            }
        }
    }

    private struct SolveJob<T, TTile> : IParallelJob
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TTile : struct, ITile<T>
    {
        public Work<T> Work;

        /// <summary>Panels of an item.</summary>
        public int Panels;

        [SkipLocalsInit]
        public readonly void Execute(int item, int worker)
        {
            T* x = (T*)Work.Context.WorkerScratch(worker);
            int columns = Panels * TTile.Columns, end = Math.Min((item + 1) * columns, Work.RightSides);
            for (int first = item * columns; first < end; first += TTile.Columns)
                SolvePanel(first, end, x);
        }

        [SkipLocalsInit]
        private readonly void SolvePanel(int first, int end, T* x)
        {
            T* sums = stackalloc T[TTile.Rows * TTile.Columns];
            int n = Work.N, count = Math.Min(TTile.Columns, end - first);
            T* b = Work.UnknownsAreColumns ? Work.B + (first * Work.Stride) : Work.B + first;
            nint bStride = Work.Reversed ? -Work.Stride : Work.Stride;
            int panels = (n + TTile.Rows - 1) / TTile.Rows;
            TileAhead<T> ahead = new(n, TTile.Rows, bStride);
            ahead.BeginFetch(Next(first + TTile.Columns, end), panels);

            // Whole tiles of whole panels are read and written where they lie.
            int direct = Work.UnknownsAreColumns || count < TTile.Columns ? 0 : n / TTile.Rows * TTile.Rows;
            if (count < TTile.Columns)
                new Span<T>(x, n * TTile.Columns).Clear();
            int written = direct;
            T* row = Work.Reversed ? b + ((n - 1) * Work.Stride) : b;
            for (int i = 0; i < n; i += TTile.Rows, row += TTile.Rows * bStride)
            {
                bool isDirect = i < direct;
                if (!isDirect)
                    Copy(b, x, i, Math.Min(TTile.Rows, n - i), count, toPanel: true);
                T* g = Work.Panel(i / TTile.Rows, TTile.Rows);
                T* at = x + ((nint)i * TTile.Columns);
                ahead.BeginTile(isDirect ? row : at);
                ahead.Depth = ahead.PartOf(i);
                TTile.Multiply(i, g, 1, TTile.Rows, x, TTile.Columns, sums, TTile.Columns, Update.Assign, &ahead);
                TTile.Substitute(g + ((nint)i * TTile.Rows), sums, at, isDirect ? row : at, isDirect ? bStride : TTile.Columns);
                int finished = Finished(i + TTile.Rows);
                if (finished < n && finished < written + UnknownsAtOnce)
                    continue;
                Copy(b, x, written, finished - written, count, toPanel: false);
                written = finished;
            }
        }

        // Of so many unknowns that are solved, those whose columns, if they are columns, fill lines.
        private readonly int Finished(int solved)
        {
            int line = Prefetch.LineBytes / sizeof(T);
            if (solved >= Work.N)
                return Work.N;
            return Work.Reversed ? Math.Max(0, Work.N - GemmBlocking.Whole(Work.N - solved, line)) : solved / line * line;
        }

        private readonly LinesAhead<T> Next(int first, int end)
        {
            int count = Math.Min(TTile.Columns, end - first);
            if (count <= 0)
                return default;
            return Work.UnknownsAreColumns
                ? new(Work.B + (first * Work.Stride), Work.Stride, count, Work.N)
                : new(Work.B + first, Work.Stride, Work.N, count);
        }

        // Right-hand sides of so many unknowns, in order of solution.
        private readonly void Copy(T* b, T* x, int first, int unknowns, int count, bool toPanel)
        {
            nint step = Work.Reversed ? -TTile.Columns : TTile.Columns;
            T* at = x + ((nint)(Work.Reversed ? first + unknowns - 1 : first) * TTile.Columns);
            b += (Work.Reversed ? Work.N - first - unknowns : first) * (Work.UnknownsAreColumns ? 1 : Work.Stride);
            if (!Work.UnknownsAreColumns)
            {
                for (; unknowns > 0; unknowns--, b += Work.Stride, at += step)
                {
                    T* from = toPanel ? b : at, to = toPanel ? at : b;
                    new ReadOnlySpan<T>(from, count).CopyTo(new Span<T>(to, count));
                }
            }
            else if (toPanel)
            {
                SmallTranspose.Run(b, Work.Stride, count, unknowns, at, step);
            }
            else
            {
                SmallTranspose.Run(at, step, unknowns, count, b, Work.Stride);
            }
        }
    }
}
