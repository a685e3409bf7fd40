"""Dense linear algebra against OpenBLAS and its LAPACK."""
import openblas
import ours
import turns

FLOAT_CASES = [
    ("gemm-nt", 500, 4000, 3072), ("gemm-nt", 500, 1000, 4000), ("gemm-nt", 500, 4000, 1000), ("gemm-nt", 500, 10, 4000),
    ("gemm-nn", 500, 4000, 3072), ("gemm-nn", 500, 4000, 1000), ("gemm-nn", 500, 1000, 4000), ("gemm-nn", 500, 4000, 10),
    ("gemm-tn", 4000, 3072, 500), ("gemm-tn", 1000, 4000, 500), ("gemm-tn", 4000, 1000, 500), ("gemm-tn", 10, 4000, 500),
    ("gemm-nn", 2048, 2048, 2048), ("gemm-nn", 256, 256, 256), ("gemm-nn", 64, 64, 64), ("gemm-nt", 64, 64, 64), ("gemm-tn", 64, 64, 64),
    ("gemm-nn", 97, 101, 103), ("gemm-nt", 501, 131, 67), ("gemm-tn", 255, 257, 259), ("gemm-nt", 32, 64, 64), ("gemm-nt", 32, 10, 64),
    ("gemm-nn", 300, 300, 300), ("gemm-nn", 500, 300, 784), ("gemm-tn", 300, 784, 500), ("gemm-tn", 4000, 400, 500),
    ("syrk", 500, 0, 3072), ("syrk", 500, 0, 4000), ("syrk", 1000, 0, 1000), ("syrk", 2000, 0, 500), ("syrk", 4000, 0, 500),
    ("trsm-left", 4000, 500, 0), ("trsm-right", 4000, 500, 0), ("trsm-left", 4000, 2000, 0), ("trsm-right", 4000, 2000, 0),
    ("trsm-left", 4000, 4000, 0), ("trsm-right", 4000, 4000, 0),
    ("potrf", 0, 76, 0), ("potrf", 0, 200, 0), ("potrf", 0, 500, 0), ("potrf", 0, 1000, 0), ("potrf", 0, 2000, 0), ("potrf", 0, 4000, 0),
]
DOUBLE_CASES = [
    ("gemm-nt", 500, 4000, 1000), ("gemm-nn", 2048, 2048, 2048), ("gemm-tn", 1000, 4000, 500), ("gemm-nn", 256, 256, 256), ("gemm-nn", 64, 64, 64),
    ("gemm-nt", 500, 4000, 3072), ("gemm-nn", 500, 1000, 4000), ("gemm-tn", 4000, 3072, 500),
    ("syrk", 500, 0, 3072), ("syrk", 2000, 0, 500), ("trsm-left", 4000, 500, 0), ("trsm-right", 4000, 2000, 0),
    ("potrf", 0, 76, 0), ("potrf", 0, 500, 0), ("potrf", 0, 2000, 0),
]


def rows(options):
    library = openblas.load()
    server = ours.Server(options.width)
    print(f"Peer: {library.openblas_get_config().decode().strip()}")
    cases = [(case, "float") for case in FLOAT_CASES] + [(case, "double") for case in DOUBLE_CASES]
    for threads in options.threads:
        for (operation, m, n, k), kind in cases:
            name = f"{operation} " + "x".join(str(size) for size in (m, n, k) if size)
            if options.only in f"{name} {kind}":
                yield measure(options, library, server, name, (operation, m, n, k), kind, threads)
    server.close()


def measure(options, library, server, name, case, kind, threads):
    flops = server.open(*case, kind, threads)["flops"]
    peer = openblas.Case(library, *case, kind, threads)
    server.time(0.1)
    peer.time(0.02)
    # OpenBLAS's threads go on spinning after a call.
    return turns.products(options, server, peer, name, flops, kind, threads, pause=0.06 if threads > 1 else 0.0)
