/* Tests of libproxprop through its C interface. Ends with "N passed, M failed". Argument: a folder to write to. */
#include "proxprop.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUTS 8
#define CLASSES 3
#define BATCH 30
#define STEPS 60

static const char MODEL[] =
    "{ \"input\": [8], \"layers\": [ { \"type\": \"Linear\", \"outputs\": 16 }, { \"type\": \"ReLU\" },"
    " { \"type\": \"Linear\", \"outputs\": 12 }, { \"type\": \"Tanh\" }, { \"type\": \"Linear\", \"outputs\": 3 } ] }";

static int passed, failed;
static const char *folder = ".";

#define CHECK(condition) check((condition) != 0, #condition, __LINE__)
#define SAYS(call, status, part) check_failure((call), (status), (part), #call, __LINE__)

static void check(int condition, const char *text, int line)
{
    if (condition) {
        passed++;
        return;
    }
    char error[512];
    proxprop_last_error(error, sizeof error);
    printf("test.c:%d: failed: %s (last error: %s)\n", line, text, error);
    failed++;
}

static void check_failure(proxprop_status found, proxprop_status expected, const char *part, const char *text, int line)
{
    char error[512];
    size_t length = proxprop_last_error(error, sizeof error);
    int right = found == expected && length == strlen(error) && strstr(error, part) != NULL;
    if (!right)
        printf("test.c:%d: %s gave %d, expected %d with \"%s\"\n", line, text, found, expected, part);
    check(right, text, line);
}

/* Three clusters, from a generator of our own. */
static void make_data(float *samples, int32_t *labels)
{
    uint32_t state = 12345;
    for (int i = 0; i < BATCH; i++) {
        labels[i] = i % CLASSES;
        for (int j = 0; j < INPUTS; j++) {
            state = state * 1664525u + 1013904223u;
            samples[i * INPUTS + j] = (float)(state >> 8) / 16777216.0f + (j % CLASSES == labels[i] ? 0.7f : 0.0f);
        }
    }
}

static proxprop_network make_network(int threads)
{
    proxprop_network network = NULL;
    CHECK(proxprop_network_create(MODEL, strlen(MODEL), BATCH, 7, threads, &network) == PROXPROP_OK);
    return network;
}

static proxprop_trainer make_trainer(proxprop_network network, int32_t step)
{
    proxprop_trainer_options options;
    proxprop_trainer trainer = NULL;
    CHECK(proxprop_trainer_options_init(&options) == PROXPROP_OK && options.size == sizeof options);
    options.step = step;
    options.measure_every = 1;
    CHECK(proxprop_trainer_create(network, &options, &trainer) == PROXPROP_OK);
    return trainer;
}

static double train(proxprop_trainer trainer, const float *samples, const int32_t *labels, double rate)
{
    proxprop_step_result result = { .size = sizeof result };
    for (int step = 0; step < STEPS; step++) {
        if (proxprop_trainer_step_labels(trainer, samples, BATCH * INPUTS, labels, BATCH, rate, &result) != PROXPROP_OK)
            return NAN;
    }
    return result.steps_done == STEPS ? result.loss : NAN;
}

static void test_version(void)
{
    CHECK(proxprop_abi_version() == PROXPROP_ABI_VERSION);
    CHECK(strchr(proxprop_version(), '(') != NULL && proxprop_version() == proxprop_version());
}

static void test_training(void)
{
    float samples[BATCH * INPUTS], outputs[BATCH * CLASSES], again[BATCH * CLASSES];
    int32_t labels[BATCH];
    make_data(samples, labels);
    proxprop_network_info info = { .size = sizeof info };
    proxprop_network network = make_network(2);
    CHECK(proxprop_network_describe(network, &info) == PROXPROP_OK);
    CHECK(info.layers == 5 && info.inputs == INPUTS && info.outputs == CLASSES && info.max_batch == BATCH && info.threads == 2);
    CHECK(info.parameters == 9 * 16 + 17 * 12 + 13 * 3 && info.buffer_bytes > info.parameters * 4);

    proxprop_trainer trainer = make_trainer(network, PROXPROP_STEP_EXACT);
    CHECK(train(trainer, samples, labels, 0.5) < 0.05);
    proxprop_layer_report report = { .size = sizeof report };
    CHECK(proxprop_trainer_layer_report(trainer, 2, &report) == PROXPROP_OK);
    CHECK(report.parameters == 17 * 12 && (report.solver == 1 || report.solver == 2) && report.status == 0);
    CHECK(report.cosine > 0 && report.cosine <= 1.0001 && report.norm_ratio <= report.tau_theta * 1.0001 && report.tau_theta == 0.05);
    CHECK(proxprop_trainer_layer_report(trainer, 1, &report) == PROXPROP_OK && report.parameters == 0);
    SAYS(proxprop_trainer_layer_report(trainer, 5, &report), PROXPROP_INVALID_ARGUMENT, "expected 0 to 4");

    CHECK(proxprop_network_predict(network, samples, BATCH * INPUTS, outputs, BATCH * CLASSES) == PROXPROP_OK);
    int right = 0;
    for (int i = 0; i < BATCH; i++) {
        const float *z = outputs + i * CLASSES;
        int best = z[1] > z[0] ? 1 : 0;
        right += (z[2] > z[best] ? 2 : best) == labels[i];
    }
    CHECK(right == BATCH);

    /* One thread and two give the same bits. */
    proxprop_network other = make_network(1);
    proxprop_trainer twin = make_trainer(other, PROXPROP_STEP_EXACT);
    train(twin, samples, labels, 0.5);
    CHECK(proxprop_network_predict(other, samples, BATCH * INPUTS, again, BATCH * CLASSES) == PROXPROP_OK);
    CHECK(memcmp(outputs, again, sizeof outputs) == 0);
    CHECK(proxprop_trainer_close(twin) == PROXPROP_OK && proxprop_network_close(other) == PROXPROP_OK);

    /* Every kind of step learns. */
    static const int32_t steps[] = { PROXPROP_STEP_GRADIENT, PROXPROP_STEP_AUTO, PROXPROP_STEP_CG, PROXPROP_STEP_PCG };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        other = make_network(1);
        twin = make_trainer(other, steps[i]);
        CHECK(train(twin, samples, labels, steps[i] == PROXPROP_STEP_GRADIENT ? 0.1 : 0.5) < 0.5);
        CHECK(proxprop_trainer_close(twin) == PROXPROP_OK && proxprop_network_close(other) == PROXPROP_OK);
    }

    CHECK(proxprop_trainer_close(trainer) == PROXPROP_OK && proxprop_network_close(network) == PROXPROP_OK);
}

static void test_values(void)
{
    float samples[BATCH * INPUTS], values[BATCH * CLASSES];
    int32_t labels[BATCH];
    make_data(samples, labels);
    for (int i = 0; i < BATCH * CLASSES; i++)
        values[i] = labels[i / CLASSES] == i % CLASSES ? 1.0f : 0.0f;
    proxprop_network network = make_network(1);
    proxprop_trainer_options options;
    proxprop_trainer trainer;
    proxprop_step_result first = { .size = sizeof first }, result = { .size = sizeof result };
    CHECK(proxprop_trainer_options_init(&options) == PROXPROP_OK);
    options.loss = PROXPROP_LOSS_MEAN_SQUARED_ERROR;
    options.optimizer = PROXPROP_OPTIMIZER_ADAM;
    options.tau_theta = 1;
    CHECK(proxprop_trainer_create(network, &options, &trainer) == PROXPROP_OK);
    CHECK(proxprop_trainer_step_values(trainer, samples, BATCH * INPUTS, values, BATCH * CLASSES, BATCH, 0.01, &first) == PROXPROP_OK);
    CHECK(first.correct == -1);
    for (int step = 0; step < STEPS; step++)
        proxprop_trainer_step_values(trainer, samples, BATCH * INPUTS, values, BATCH * CLASSES, BATCH, 0.01, &result);
    CHECK(result.loss < first.loss / 2);
    SAYS(proxprop_trainer_step_labels(trainer, samples, BATCH * INPUTS, labels, BATCH, 0.01, &result), PROXPROP_INVALID_ARGUMENT, "target values");
    samples[3] = NAN;
    SAYS(proxprop_trainer_step_values(trainer, samples, BATCH * INPUTS, values, BATCH * CLASSES, BATCH, 0.01, &result),
        PROXPROP_NOT_FINITE, "at step 62: the input data of that batch are not finite. The parameters are unchanged.");
    CHECK(result.steps_done == STEPS + 1);
    CHECK(proxprop_trainer_close(trainer) == PROXPROP_OK && proxprop_network_close(network) == PROXPROP_OK);
}

/* What a step makes of the parameters of a network. */
static void decay_once(int32_t optimizer, const double *weight_decay, float *parameters)
{
    float samples[BATCH * INPUTS];
    int32_t labels[BATCH];
    make_data(samples, labels);
    proxprop_network network = make_network(1);
    proxprop_trainer_options options;
    proxprop_trainer trainer = NULL;
    proxprop_step_result result = { .size = sizeof result };
    CHECK(proxprop_trainer_options_init(&options) == PROXPROP_OK && options.weight_decay == -1);
    options.optimizer = optimizer;
    if (weight_decay != NULL)
        options.weight_decay = *weight_decay;
    CHECK(proxprop_trainer_create(network, &options, &trainer) == PROXPROP_OK);
    CHECK(proxprop_trainer_step_labels(trainer, samples, BATCH * INPUTS, labels, BATCH, 0.1, &result) == PROXPROP_OK);
    CHECK(proxprop_network_get_parameters(network, parameters, 387) == PROXPROP_OK);
    CHECK(proxprop_trainer_close(trainer) == PROXPROP_OK && proxprop_network_close(network) == PROXPROP_OK);
}

/* AdamW without decay is Adam; unless it is told so, it decays. */
static void test_weight_decay(void)
{
    static const double none = 0, hundredth = 0.01;
    float adam[387], usual[387], without[387], with[387];
    decay_once(PROXPROP_OPTIMIZER_ADAM, NULL, adam);
    decay_once(PROXPROP_OPTIMIZER_ADAMW, NULL, usual);
    decay_once(PROXPROP_OPTIMIZER_ADAMW, &none, without);
    decay_once(PROXPROP_OPTIMIZER_ADAMW, &hundredth, with);
    CHECK(memcmp(adam, without, sizeof adam) == 0 && memcmp(usual, with, sizeof usual) == 0 && memcmp(adam, usual, sizeof adam) != 0);
}

/* Steps that are refused leave a network with batch normalisation as it was; one that overflows leaves what cannot be saved. */
static void test_refused_steps(void)
{
    static const char model[] =
        "{ \"input\": [8], \"layers\": [ { \"type\": \"Linear\", \"outputs\": 6 }, { \"type\": \"BatchNorm\" }, { \"type\": \"Tanh\" },"
        " { \"type\": \"Linear\", \"outputs\": 3 } ] }";
    char path[1024];
    snprintf(path, sizeof path, "%s/refused.safetensors", folder);
    float samples[BATCH * INPUTS], before[BATCH * CLASSES], after[BATCH * CLASSES];
    int32_t labels[BATCH];
    make_data(samples, labels);
    proxprop_network network = NULL, opened = NULL;
    CHECK(proxprop_network_create(model, strlen(model), BATCH, 7, 1, &network) == PROXPROP_OK);
    proxprop_trainer trainer = make_trainer(network, PROXPROP_STEP_EXACT);
    proxprop_step_result result = { .size = sizeof result };
    CHECK(proxprop_trainer_step_labels(trainer, samples, BATCH * INPUTS, labels, BATCH, 0.1, &result) == PROXPROP_OK);
    CHECK(proxprop_network_predict(network, samples, BATCH * INPUTS, before, BATCH * CLASSES) == PROXPROP_OK);
    int32_t label = labels[4];
    labels[4] = 3;
    SAYS(proxprop_trainer_step_labels(trainer, samples, BATCH * INPUTS, labels, BATCH, 0.1, &result), PROXPROP_INVALID_ARGUMENT, "Label 3");
    labels[4] = label;
    float sample = samples[3];
    samples[3] = NAN;
    SAYS(proxprop_trainer_step_labels(trainer, samples, BATCH * INPUTS, labels, BATCH, 0.1, &result), PROXPROP_NOT_FINITE, "input data");
    samples[3] = sample;
    CHECK(proxprop_network_predict(network, samples, BATCH * INPUTS, after, BATCH * CLASSES) == PROXPROP_OK);
    CHECK(memcmp(before, after, sizeof before) == 0);
    CHECK(proxprop_network_save(network, path) == PROXPROP_OK);
    CHECK(proxprop_network_open(path, BATCH, 1, &opened) == PROXPROP_OK);
    CHECK(proxprop_network_predict(opened, samples, BATCH * INPUTS, after, BATCH * CLASSES) == PROXPROP_OK);
    CHECK(memcmp(before, after, sizeof before) == 0);
    CHECK(proxprop_network_close(opened) == PROXPROP_OK);

    /* The variance of the batch overflows, the normalised values do not. */
    for (int i = 0; i < BATCH * INPUTS; i++)
        samples[i] *= 1e25f;
    CHECK(proxprop_trainer_step_labels(trainer, samples, BATCH * INPUTS, labels, BATCH, 1e-30, &result) == PROXPROP_OK);
    SAYS(proxprop_network_save(network, path), PROXPROP_NOT_FINITE, "refused.safetensors is not saved: tensor '1.running_var'");
    CHECK(proxprop_network_open(path, BATCH, 1, &opened) == PROXPROP_OK && proxprop_network_close(opened) == PROXPROP_OK);
    CHECK(proxprop_trainer_close(trainer) == PROXPROP_OK && proxprop_network_close(network) == PROXPROP_OK);

    /* The loss is finite, the derivative times the input is not. */
    static const char lines[] =
        "{ \"input\": [8], \"layers\": [ { \"type\": \"Linear\", \"outputs\": 4 }, { \"type\": \"Linear\", \"outputs\": 3 } ] }";
    float small[8 * 4 + 4 + 4 * 3 + 3], values[CLASSES] = { 1e15f, 1e15f, 1e15f };
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        small[i] = i < 36 ? 1e-26f : 0.5f;
    for (int i = 0; i < INPUTS; i++)
        samples[i] = 1e25f;
    CHECK(proxprop_network_create(lines, strlen(lines), 1, 7, 1, &network) == PROXPROP_OK);
    CHECK(proxprop_network_set_parameters(network, small, sizeof small / sizeof *small) == PROXPROP_OK);
    proxprop_trainer_options options;
    CHECK(proxprop_trainer_options_init(&options) == PROXPROP_OK);
    options.step = PROXPROP_STEP_GRADIENT;
    options.loss = PROXPROP_LOSS_MEAN_SQUARED_ERROR;
    CHECK(proxprop_trainer_create(network, &options, &trainer) == PROXPROP_OK);
    SAYS(proxprop_trainer_step_values(trainer, samples, INPUTS, values, CLASSES, 1, 1e-30, &result), PROXPROP_NOT_FINITE,
        "The direction of layer 0 (Linear 8 -> 4) is not finite at step 1.");
    CHECK(isfinite(result.loss));
    CHECK(proxprop_trainer_close(trainer) == PROXPROP_OK && proxprop_network_close(network) == PROXPROP_OK);
}

static void test_files(void)
{
    char path[1024], missing[1024], damaged[1024];
    snprintf(path, sizeof path, "%s/test.safetensors", folder);
    snprintf(missing, sizeof missing, "%s/none/test.safetensors", folder);
    snprintf(damaged, sizeof damaged, "%s/damaged.safetensors", folder);
    float before[387], after[387];
    proxprop_network network = make_network(1), opened = NULL;
    CHECK(proxprop_network_save(network, path) == PROXPROP_OK);
    CHECK(proxprop_network_open(path, 5, 1, &opened) == PROXPROP_OK);
    CHECK(proxprop_network_get_parameters(network, before, 387) == PROXPROP_OK);
    CHECK(proxprop_network_get_parameters(opened, after, 387) == PROXPROP_OK);
    CHECK(memcmp(before, after, sizeof before) == 0);
    memset(after, 0, sizeof after);
    CHECK(proxprop_network_set_parameters(opened, after, 387) == PROXPROP_OK);
    CHECK(proxprop_network_load(opened, path) == PROXPROP_OK);
    CHECK(proxprop_network_get_parameters(opened, after, 387) == PROXPROP_OK);
    CHECK(memcmp(before, after, sizeof before) == 0);

    after[17] = INFINITY;
    SAYS(proxprop_network_set_parameters(opened, after, 387), PROXPROP_INVALID_ARGUMENT, "values[17]");
    SAYS(proxprop_network_set_parameters(opened, after, 386), PROXPROP_INVALID_ARGUMENT, "387 parameters");
    SAYS(proxprop_network_save(network, missing), PROXPROP_IO, "");
    SAYS(proxprop_network_save(network, NULL), PROXPROP_INVALID_ARGUMENT, "'path' is null or empty");
    SAYS(proxprop_network_save(network, "caf\351.safetensors"), PROXPROP_INVALID_ARGUMENT, "'path' has bytes that are not UTF-8");
    SAYS(proxprop_network_load(network, missing), PROXPROP_IO, "no such file");
    SAYS(proxprop_network_load(network, folder), PROXPROP_IO, "a folder");
    FILE *file = fopen(damaged, "wb");
    CHECK(file != NULL && fwrite("\377\377\377\377\377\377\377\177{", 1, 9, file) == 9 && fclose(file) == 0);
    SAYS(proxprop_network_load(network, damaged), PROXPROP_FORMAT, "damaged.safetensors");
    proxprop_network none = network;
    SAYS(proxprop_network_open(damaged, 1, 1, &none), PROXPROP_FORMAT, "damaged.safetensors");
    CHECK(none == NULL);
    SAYS(proxprop_network_open(missing, 1, 1, &none), PROXPROP_IO, "no such file");
    SAYS(proxprop_network_open(folder, 1, 1, &none), PROXPROP_IO, "a folder");
    CHECK(proxprop_network_close(opened) == PROXPROP_OK && proxprop_network_close(network) == PROXPROP_OK);
}

static void test_arguments(void)
{
    float samples[BATCH * INPUTS], outputs[BATCH * CLASSES];
    int32_t labels[BATCH];
    make_data(samples, labels);
    proxprop_network network = NULL;
    SAYS(proxprop_network_create(MODEL, strlen(MODEL), 1, 0, 1, NULL), PROXPROP_INVALID_ARGUMENT, "'network' is null");
    SAYS(proxprop_network_create(NULL, 10, 1, 0, 1, &network), PROXPROP_INVALID_ARGUMENT, "'json' is null");
    SAYS(proxprop_network_create(MODEL, 10, 1, 0, 1, &network), PROXPROP_FORMAT, "");
    SAYS(proxprop_network_create(MODEL, SIZE_MAX, 1, 0, 1, &network), PROXPROP_INVALID_ARGUMENT, "at most");
    SAYS(proxprop_network_create(MODEL, strlen(MODEL), 0, 0, 1, &network), PROXPROP_INVALID_ARGUMENT, "'max_batch' is 0; expected 1 or more.");
    SAYS(proxprop_network_create(MODEL, strlen(MODEL), 1, 0, -1, &network), PROXPROP_INVALID_ARGUMENT, "'threads' is -1; expected 0 to 1024.");
    SAYS(proxprop_network_open("none", 1, 1025, &network), PROXPROP_INVALID_ARGUMENT, "'threads' is 1025; expected 0 to 1024.");
    static const char lineal[] = "{ \"input\": [4], \"layers\": [ { \"type\": \"Lineal\" } ] }";
    SAYS(proxprop_network_create(lineal, strlen(lineal), 1, 0, 1, &network), PROXPROP_FORMAT, "Lineal");
    CHECK(network == NULL);

    network = make_network(1);
    SAYS(proxprop_network_predict(network, samples, INPUTS + 1, outputs, BATCH * CLASSES), PROXPROP_INVALID_ARGUMENT, "no multiple");
    SAYS(proxprop_network_predict(network, samples, 2 * INPUTS, outputs, CLASSES), PROXPROP_INVALID_ARGUMENT, "room for 3");
    SAYS(proxprop_network_predict(network, NULL, INPUTS, outputs, CLASSES), PROXPROP_INVALID_ARGUMENT, "'samples' is null");
    proxprop_network_info info = { .size = 8 };
    SAYS(proxprop_network_describe(network, &info), PROXPROP_INVALID_ARGUMENT, "'info' has the size 8");

    proxprop_trainer_options options;
    proxprop_trainer trainer = NULL;
    CHECK(proxprop_trainer_options_init(&options) == PROXPROP_OK);
    options.step = 9;
    SAYS(proxprop_trainer_create(network, &options, &trainer), PROXPROP_INVALID_ARGUMENT, "options->step is 9");
    options.step = PROXPROP_STEP_EXACT;
    options.measure_every = -1;
    SAYS(proxprop_trainer_create(network, &options, &trainer), PROXPROP_INVALID_ARGUMENT, "options->measure_every is -1; expected 0 or more.");
    options.measure_every = 1;
    options.tau_theta = -1;
    SAYS(proxprop_trainer_create(network, &options, &trainer), PROXPROP_INVALID_ARGUMENT, "");
    options.tau_theta = 1;
    options.weight_decay = -0.5;
    SAYS(proxprop_trainer_create(network, &options, &trainer), PROXPROP_INVALID_ARGUMENT, "options->weight_decay is -0.5; expected 0 or more");
    CHECK(trainer == NULL);
    CHECK(proxprop_trainer_create(network, NULL, &trainer) == PROXPROP_OK);
    proxprop_step_result result = { .size = sizeof result };
    SAYS(proxprop_trainer_step_labels(trainer, samples, INPUTS, labels, 2, 1, &result), PROXPROP_INVALID_ARGUMENT, "expected 2 x 8 = 16");
    SAYS(proxprop_trainer_step_labels(trainer, samples, 31 * INPUTS, labels, 31, 1, &result), PROXPROP_INVALID_ARGUMENT, "expected 1 to 30");
    SAYS(proxprop_trainer_step_labels(trainer, samples, 0, labels, 0, 1, &result), PROXPROP_INVALID_ARGUMENT, "expected 1 to 30");
    SAYS(proxprop_trainer_step_labels(trainer, samples, INPUTS, labels, 1, NAN, &result), PROXPROP_INVALID_ARGUMENT, "learning_rate");
    SAYS(proxprop_trainer_step_labels(trainer, samples, INPUTS, NULL, 1, 1, &result), PROXPROP_INVALID_ARGUMENT, "'labels' is null");
    SAYS(proxprop_trainer_step_labels(trainer, samples, INPUTS, labels, 1, 1, NULL), PROXPROP_INVALID_ARGUMENT, "'result' is null");
    labels[0] = 3;
    SAYS(proxprop_trainer_step_labels(trainer, samples, INPUTS, labels, 1, 1, &result), PROXPROP_INVALID_ARGUMENT, "Label 3 is out of range");

    /* The text is cut, never overrun. */
    char small[8] = "xxxxxxx";
    size_t length = proxprop_last_error(small, 4);
    CHECK(length > 20 && memcmp(small, "Lab\0xxx", 7) == 0);
    CHECK(proxprop_last_error(NULL, 0) == length);
    CHECK(proxprop_trainer_close(trainer) == PROXPROP_OK && proxprop_network_close(network) == PROXPROP_OK);
}

static void test_handles(void)
{
    float value = 0;
    proxprop_network network = make_network(1), closed;
    proxprop_trainer trainer = make_trainer(network, PROXPROP_STEP_GRADIENT);
    SAYS(proxprop_network_close(NULL), PROXPROP_INVALID_HANDLE, "'network' is null");
    SAYS(proxprop_trainer_close(NULL), PROXPROP_INVALID_HANDLE, "'trainer' is null");
    SAYS(proxprop_network_close((proxprop_network)trainer), PROXPROP_INVALID_HANDLE, "is a trainer");
    SAYS(proxprop_trainer_close((proxprop_trainer)network), PROXPROP_INVALID_HANDLE, "is a network");
    SAYS(proxprop_network_close((proxprop_network)&value), PROXPROP_INVALID_HANDLE, "no open handle");
    SAYS(proxprop_network_close((proxprop_network)(intptr_t)-1), PROXPROP_INVALID_HANDLE, "no open handle");
    SAYS(proxprop_network_close(network), PROXPROP_BUSY, "1 open trainers");
    CHECK(proxprop_trainer_close(trainer) == PROXPROP_OK);
    SAYS(proxprop_trainer_close(trainer), PROXPROP_INVALID_HANDLE, "not closed before");
    closed = network;
    CHECK(proxprop_network_close(network) == PROXPROP_OK);
    network = make_network(1);
    CHECK(network != closed);
    SAYS(proxprop_network_close(closed), PROXPROP_INVALID_HANDLE, "not closed before");
    SAYS(proxprop_network_get_parameters(closed, &value, 1), PROXPROP_INVALID_HANDLE, "not closed before");
    SAYS(proxprop_trainer_create(closed, NULL, &trainer), PROXPROP_INVALID_HANDLE, "not closed before");
    CHECK(proxprop_network_close(network) == PROXPROP_OK);
}

typedef struct { proxprop_network shared; int own_failures, shared_busy, shared_done, shared_other; } worker;

static void *work(void *argument)
{
    worker *w = argument;
    float sample[INPUTS] = { 1, 2, 3, 4, 5, 6, 7, 8 }, output[CLASSES];
    proxprop_network own = NULL;
    w->own_failures += proxprop_network_create(MODEL, strlen(MODEL), 1, 7, 1, &own) != PROXPROP_OK;
    w->own_failures += proxprop_last_error(NULL, 0) != 0; /* what fails on other threads is not seen here */
    for (int i = 0; i < 300; i++) {
        w->own_failures += proxprop_network_predict(own, sample, INPUTS, output, CLASSES) != PROXPROP_OK;
        proxprop_status status = proxprop_network_predict(w->shared, sample, INPUTS, output, CLASSES);
        w->shared_done += status == PROXPROP_OK;
        w->shared_busy += status == PROXPROP_BUSY;
        w->shared_other += status != PROXPROP_OK && status != PROXPROP_BUSY;
    }
    w->own_failures += proxprop_network_close(own) != PROXPROP_OK;
    return NULL;
}

static void test_threads(void)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    worker workers[THREADS];
    proxprop_network shared = make_network(2);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){ .shared = shared };
        CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
    }
    int done = 0;
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(workers[i].own_failures == 0 && workers[i].shared_other == 0);
        CHECK(workers[i].shared_done + workers[i].shared_busy == 300);
        done += workers[i].shared_done;
    }
    CHECK(done > 0);
    CHECK(proxprop_network_close(shared) == PROXPROP_OK);
}

int main(int count, char **arguments)
{
    if (count > 1)
        folder = arguments[1];
    test_version();
    test_training();
    test_values();
    test_weight_decay();
    test_refused_steps();
    test_files();
    test_arguments();
    test_handles();
    test_threads();
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
