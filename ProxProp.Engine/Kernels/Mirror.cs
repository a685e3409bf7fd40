using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace ProxProp.Engine.Kernels;

/// <summary>Copies what is below a diagonal above it.</summary>
internal static unsafe class Mirror
{
    // More than any second-level cache holds: whoever reads it next reads it from afar anyway.
    private const long StreamedBytes = 8 << 20;

    /// <summary>Whether copies go to memory past the caches, so that there is nothing to fetch: to whole lines of a large matrix.</summary>
    /// <param name="n">Rows of the matrix.</param>
    /// <param name="row">Step between them.</param>
    public static bool IsStreamed<T>(int n, nint row)
        where T : unmanaged => LineTranspose.IsSupported && n * row * sizeof(T) >= StreamedBytes && row * sizeof(T) % Prefetch.LineBytes == 0;

    /// <summary>Copies rows i0 up to i1 of columns j0 up to j1, of which what lies above the diagonal does not count.</summary>
    /// <param name="c">The matrix.</param>
    /// <param name="row">Step between its rows.</param>
    /// <param name="i0">First row.</param>
    /// <param name="i1">The row after the last.</param>
    /// <param name="j0">First column.</param>
    /// <param name="j1">The column after the last.</param>
    /// <param name="stream">See <see cref="IsStreamed"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy<T>(T* c, nint row, int i0, int i1, int j0, int j1, bool stream)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int line = Prefetch.LineBytes / sizeof(T), rows;

        // As many rows at a time as end with a line above the diagonal.
        int before = (int)((nint)c / sizeof(T) % line);
        for (int i = Math.Max(i0, j0); i < i1; i += rows)
        {
            rows = Math.Min(line - ((i + before) % line), i1 - i);
            int below = Math.Clamp(i, j0, j1), done = 0;
            T* from = c + (i * row) + j0, to = c + (j0 * row) + i;

            // Each row above the diagonal is a line on another page: asked for beforehand they come all at once.
            for (int j = j0; !stream && j < j1; j++)
                Prefetch.ToFirstLevel(c + (j * row) + i + line);
            if (stream && rows == line)
            {
                done = (below - j0) / LineTranspose.Columns<T>() * LineTranspose.Columns<T>();
                LineTranspose.Run(from, row, done, to, row, stream: true);
            }

            SmallTranspose.Run(from + done, row, rows, below - j0 - done, to + (done * row), row);
            for (int r = i; r < i + rows; r++)
            {
                for (int j = below; j < Math.Min(j1, r); j++)
                    c[(j * row) + r] = c[(r * row) + j];
            }
        }

        // What goes past the caches is in order with nothing else.
        if (stream)
            Sse.StoreFence();
    }
}
