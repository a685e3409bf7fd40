import ctypes, json, random, sys
from ctypes import byref, c_double, c_float, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

class StepResult(ctypes.Structure):
    _fields_ = [("size", c_uint32), ("correct", c_int32), ("loss", c_double), ("steps_done", c_int64), ("buffer_bytes", c_int64)]

library = ctypes.CDLL(sys.argv[1])

def call(name, *arguments):
    if getattr(library, "proxprop_" + name)(*arguments) != 0:
        text = ctypes.create_string_buffer(500)
        library.proxprop_last_error(text, c_size_t(500))
        raise RuntimeError(text.value.decode())

# Points in the plane; the class says whether their coordinates have the same sign.
points = [(random.Random(i).uniform(-1, 1), random.Random(-i - 1).uniform(-1, 1)) for i in range(500)]
samples = (c_float * 1000)(*[x for point in points for x in point])
labels = (c_int32 * 500)(*[int(x * y > 0) for x, y in points])

model = json.dumps({"input": [2], "layers": [{"type": "Linear", "outputs": 32}, {"type": "ReLU"}, {"type": "Linear", "outputs": 2}]}).encode()
network, trainer, result = c_void_p(), c_void_p(), StepResult(size=ctypes.sizeof(StepResult))
call("network_create", model, c_size_t(len(model)), 500, c_uint64(1), 0, byref(network))
call("trainer_create", network, None, byref(trainer))
for step in range(300):
    call("trainer_step_labels", trainer, samples, c_size_t(1000), labels, c_size_t(500), c_double(1), byref(result))
print(f"loss {result.loss:.4f}, {result.correct} of 500 right")
call("network_save", network, sys.argv[2].encode())
call("trainer_close", trainer)
call("network_close", network)
