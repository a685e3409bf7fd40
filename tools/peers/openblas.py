"""OpenBLAS through ctypes: the same operations, shapes and operands as the engine's benchmark."""
import ctypes
import time

import numpy

ROW_MAJOR, NO_TRANS, TRANS, LOWER, NON_UNIT, LEFT, RIGHT = 101, 111, 112, 122, 131, 141, 142
NAMES = ("libopenblas.so.0", "/usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0", "libopenblas.so", "libopenblas.dylib")


def load():
    for name in NAMES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.openblas_get_config.restype = library.openblas_get_corename.restype = ctypes.c_char_p
        return library
    raise SystemExit("OpenBLAS was not found (on Debian: apt install libopenblas0-pthread).")


class Case:
    """One operation on one shape; see KernelCase in ProxProp.Engine.Bench for what m, n and k mean."""

    def __init__(self, library, operation, m, n, k, kind, threads):
        library.openblas_set_num_threads(threads)
        random = numpy.random.default_rng(1)
        dtype, prefix = (numpy.float64, "d") if kind == "double" else (numpy.float32, "s")
        scalar = ctypes.c_double if kind == "double" else ctypes.c_float
        integer, pointer = ctypes.c_int, ctypes.c_void_p

        def uniform(rows, columns):
            return random.uniform(-0.5, 0.5, (rows, columns)).astype(dtype)

        def address(array):
            return pointer(array.ctypes.data)

        self.restore = None
        self.repeat_empty = None
        if operation.startswith("gemm"):
            ta, tb = (TRANS if letter == "t" else NO_TRANS for letter in operation[-2:])
            a, b, c = uniform(m, k), uniform(k, n), numpy.zeros((m, n), dtype)
            function = getattr(library, f"cblas_{prefix}gemm")
            arguments = [integer(ROW_MAJOR), integer(ta), integer(tb), integer(m), integer(n), integer(k), scalar(1), address(a),
                         integer(m if ta == TRANS else k), address(b), integer(k if tb == TRANS else n), scalar(0), address(c), integer(n)]
            empty = list(arguments)
            empty[3] = integer(0)
            self.repeat_empty = lambda: function(*empty)
        elif operation == "syrk":
            a, b, c = uniform(m, k), None, numpy.zeros((m, m), dtype)
            function = getattr(library, f"cblas_{prefix}syrk")
            arguments = [integer(ROW_MAJOR), integer(LOWER), integer(NO_TRANS), integer(m), integer(k), scalar(1), address(a), integer(k),
                         scalar(0), address(c), integer(m)]
        elif operation in ("trsm-left", "trsm-right"):
            a = uniform(n, n) + n * numpy.eye(n, dtype=dtype)
            left = operation == "trsm-left"
            b = uniform(n, m) if left else uniform(m, n)
            c = b.copy()
            rows, columns = c.shape
            function = getattr(library, f"cblas_{prefix}trsm")
            arguments = [integer(ROW_MAJOR), integer(LEFT if left else RIGHT), integer(LOWER), integer(NO_TRANS if left else TRANS),
                         integer(NON_UNIT), integer(rows), integer(columns), scalar(1), address(a), integer(n), address(c), integer(columns)]
            self.restore = lambda: numpy.copyto(c, b)
        elif operation == "potrf":
            b = uniform(n, n) + n * numpy.eye(n, dtype=dtype)
            a, c = b, b.copy()
            function = getattr(library, f"{prefix}potrf_")
            self.size, self.info = integer(n), integer(0)
            # LAPACK's upper triangle in column order is the lower one in row order.
            arguments = [ctypes.c_char_p(b"U"), ctypes.byref(self.size), address(c), ctypes.byref(self.size), ctypes.byref(self.info)]
            self.restore = lambda: numpy.copyto(c, b)
        else:
            raise ValueError(f"Unknown kernel '{operation}'.")
        self.arrays = (a, b, c)
        self.call = lambda: function(*arguments)

    def _empty_call(self):
        """Seconds of an empty call, the least of ten averages; 0 where none is subtracted."""
        if self.repeat_empty is None:
            return 0.0
        averages = []
        for _ in range(10):
            start = time.perf_counter()
            for _ in range(20):
                self.repeat_empty()
            averages.append((time.perf_counter() - start) / 20)
        return min(averages)

    def time(self, fill):
        """Seconds of one call, averaged over as many as fill the time; what an empty call costs from Python, before or after, is subtracted."""
        overhead = self._empty_call()
        if self.restore is not None:
            self.restore()
        self.call()
        total, calls, batch = 0.0, 0, 1
        while total < fill:
            repeat = batch
            if self.restore is not None:
                self.restore()
                repeat = 1
            start = time.perf_counter()
            for _ in range(repeat):
                self.call()
            seconds = time.perf_counter() - start
            total += seconds
            calls += repeat
            if seconds < fill / 8:
                batch *= 2
        return max(total / calls - min(overhead, self._empty_call()), 1e-9)
