/*
 * ProxProp: proximal backpropagation, as a C library (float).
 *
 * Errors. Every function that can fail answers with a proxprop_status; the text that goes with the last failure on the calling thread is
 * had from proxprop_last_error. Nothing is thrown across this boundary. After a failure the outputs of a function are not to be used, and
 * networks and trainers are as they were before, unless a function says otherwise.
 *
 * Handles. A network or trainer is a token, not an address. A token that is null, closed, or of the other kind is refused with
 * PROXPROP_INVALID_HANDLE; closed tokens do not come back. Every handle must be closed: trainers first, then their network.
 *
 * Memory. Buffers are the caller's. Their lengths are numbers of elements, not of bytes, and are checked; nothing is kept after a function
 * returns. A structure begins with its own size in bytes, which the caller sets (or has set by proxprop_trainer_options_init), so that
 * later versions can append members.
 *
 * Paths. A path ends in 0 and must be UTF-8; another is refused with PROXPROP_INVALID_ARGUMENT.
 *
 * Samples. Nothing is scaled here: samples must come as they were in training. The program trains on pixels from 0 to 1 (MNIST and CIFAR-10
 * byte / 255, the digits value / 16) and on columns of a CSV file as (x - minimum) / (maximum - minimum), or 0 where the two are equal, not
 * clipped. minimum and maximum, a number for each column but the label's, stand in the metadata "proxprop.data" of the file it saves (JSON).
 *
 * Threads. All functions may be called from any thread. A network and its trainers serve one call at a time: a second one on another
 * thread is refused with PROXPROP_BUSY, it does not wait. Different networks are independent of each other. The library starts threads - 1
 * threads for each network and ends them when it is closed. Results do not depend on the number of threads. Do not fork after the first
 * call, and do not unload the library.
 *
 * Signals. The first call sets SIGPIPE to ignored and catches SIGFPE, SIGSEGV and the first real-time signal, as the .NET runtime does.
 */
#ifndef PROXPROP_H
#define PROXPROP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What this header describes. A library of another number is another interface. */
#define PROXPROP_ABI_VERSION 1

typedef struct proxprop_network_token *proxprop_network;
typedef struct proxprop_trainer_token *proxprop_trainer;

typedef int32_t proxprop_status;
enum {
    PROXPROP_OK = 0,
    PROXPROP_INVALID_ARGUMENT = 1, /* a null pointer, a length that does not fit, a value out of range */
    PROXPROP_INVALID_HANDLE = 2,   /* null, closed, or of another kind */
    PROXPROP_BUSY = 3,             /* in use on another thread, or closed before its trainers */
    PROXPROP_FORMAT = 4,           /* a model or a file does not say what it should */
    PROXPROP_IO = 5,               /* a file cannot be read or written */
    PROXPROP_NOT_FINITE = 6,       /* the loss or a direction is not finite: the network is that before the step; or what was to be saved is not */
    PROXPROP_OUT_OF_MEMORY = 7,
    PROXPROP_INTERNAL = 8          /* a fault of the library */
};

/* How the layers but the last make their directions. */
enum { PROXPROP_STEP_GRADIENT = 0, PROXPROP_STEP_EXACT = 1, PROXPROP_STEP_AUTO = 2, PROXPROP_STEP_CG = 3, PROXPROP_STEP_PCG = 4 };

/* What uses the directions. */
enum {
    PROXPROP_OPTIMIZER_SGD = 0, PROXPROP_OPTIMIZER_MOMENTUM = 1, PROXPROP_OPTIMIZER_NESTEROV = 2,
    PROXPROP_OPTIMIZER_ADAM = 3, PROXPROP_OPTIMIZER_ADAMW = 4
};

/* Labels with softmax cross-entropy, or values with the mean squared error. */
enum { PROXPROP_LOSS_CROSS_ENTROPY = 0, PROXPROP_LOSS_MEAN_SQUARED_ERROR = 1 };

typedef struct proxprop_network_info {
    uint32_t size;         /* in: sizeof(proxprop_network_info) */
    int32_t layers;
    int32_t inputs;        /* elements of a sample */
    int32_t outputs;       /* elements of an output */
    int32_t max_batch;
    int32_t threads;
    int64_t parameters;
    int64_t buffer_bytes;  /* without training */
} proxprop_network_info;

typedef struct proxprop_trainer_options {
    uint32_t size;         /* set by proxprop_trainer_options_init */
    int32_t step;          /* PROXPROP_STEP_...; default exact */
    int32_t iterations;    /* of cg and pcg, at least 1; default 3 */
    int32_t optimizer;     /* PROXPROP_OPTIMIZER_...; default nesterov */
    int32_t loss;          /* PROXPROP_LOSS_...; default cross-entropy */
    int32_t measure_every; /* steps between measurements of cosine and norm_ratio; 0 for never; default 40 */
    double tau_theta;      /* of proximal steps, positive; default 0.05 */
    double momentum;       /* of momentum and nesterov; default 0.95 */
    double weight_decay;   /* 0 or more; default -1, the optimizer's own: 0.01 of adamw, 0 of the others */
} proxprop_trainer_options;

typedef struct proxprop_step_result {
    uint32_t size;         /* in: sizeof(proxprop_step_result) */
    int32_t correct;       /* samples classified correctly before the update; -1 without labels */
    double loss;           /* of the batch, before the update */
    int64_t steps_done;
    int64_t buffer_bytes;  /* of training, beside the network's */
} proxprop_step_result;

/* How a layer's direction v was made from its gradient g in the last step. */
typedef struct proxprop_layer_report {
    uint32_t size;         /* in: sizeof(proxprop_layer_report) */
    int32_t parameters;    /* 0: the layer has none, and the rest says nothing */
    int32_t solver;        /* 0 none (v = g), 1 primal Cholesky, 2 dual Cholesky, conjugate gradients: 3 matrix-free, 4 primal, 5 dual */
    int32_t status;        /* 0 solved, 1 all iterations done, 2 breakdown, 3 not positive definite, 4 ill-conditioned */
    int32_t iterations;
    int32_t reserved;
    double tau_theta;      /* in force, after adaptive damping; infinite for a plain gradient */
    double residual;       /* |g - Mv| / |g| where it is known, else NaN */
    double cosine;         /* of the angle between v and g where measured, else NaN */
    double norm_ratio;     /* |v| / |g| where measured, else NaN */
} proxprop_layer_report;

/* PROXPROP_ABI_VERSION of the library. */
int32_t proxprop_abi_version(void);

/* Version and vector width, such as "0.1.0 (256-bit)"; valid for ever. */
const char *proxprop_version(void);

/* Copies the text of the last failure on this thread, cut to size - 1 bytes and ended by 0, if size is not 0. Returns its whole length. */
size_t proxprop_last_error(char *buffer, size_t size);

/* Makes a network of a model in JSON (README, "A model file"). threads: 0 for one per processor. */
proxprop_status proxprop_network_create(
    const char *json, size_t json_bytes, int32_t max_batch, uint64_t seed, int32_t threads, proxprop_network *network);

/* Makes a network of a file that proxprop saved, with its weights. What the file says beside is kept for proxprop_network_save. */
proxprop_status proxprop_network_open(const char *path, int32_t max_batch, int32_t threads, proxprop_network *network);

proxprop_status proxprop_network_close(proxprop_network network);

proxprop_status proxprop_network_describe(proxprop_network network, proxprop_network_info *info);

/* Outputs (before softmax) of any number of samples, one after the other. */
proxprop_status proxprop_network_predict(
    proxprop_network network, const float *samples, size_t sample_elements, float *outputs, size_t output_elements);

/* Copies all parameters, layer by layer. */
proxprop_status proxprop_network_get_parameters(proxprop_network network, float *values, size_t count);
proxprop_status proxprop_network_set_parameters(proxprop_network network, const float *values, size_t count);

/* Saves model and weights as safetensors, with what an opened file said of its data: the whole file, or the old one stays.
 * A network whose numbers are not all finite is refused with PROXPROP_NOT_FINITE: nobody could open its file. */
proxprop_status proxprop_network_save(proxprop_network network, const char *path);

/* Loads weights of a network of the same shape. A file that does not fit changes nothing. */
proxprop_status proxprop_network_load(proxprop_network network, const char *path);

/* Fills in size and defaults. */
proxprop_status proxprop_trainer_options_init(proxprop_trainer_options *options);

/* Plans the training of a network; options may be null for the defaults. */
proxprop_status proxprop_trainer_create(
    proxprop_network network, const proxprop_trainer_options *options, proxprop_trainer *trainer);

proxprop_status proxprop_trainer_close(proxprop_trainer trainer);

/* One step on a batch of up to max_batch samples with a class index each. Allocates nothing after the first call. */
proxprop_status proxprop_trainer_step_labels(
    proxprop_trainer trainer, const float *samples, size_t sample_elements, const int32_t *labels, size_t batch,
    double learning_rate, proxprop_step_result *result);

/* One step on a batch of up to max_batch samples with an output to be met each. */
proxprop_status proxprop_trainer_step_values(
    proxprop_trainer trainer, const float *samples, size_t sample_elements, const float *values, size_t value_elements, size_t batch,
    double learning_rate, proxprop_step_result *result);

/* What the last step did in one layer, 0 to layers - 1. */
proxprop_status proxprop_trainer_layer_report(proxprop_trainer trainer, int32_t layer, proxprop_layer_report *report);

#ifdef __cplusplus
}
#endif

#endif
