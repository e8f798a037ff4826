/* A libnvidia-ml of our own for tests: two GPUs whose counters, power and processes the test sets. Built without the C
   library (gcc -nostdlib), so that a compiler alone is enough. -DOLD leaves out what old drivers do not have. */
typedef unsigned long long u64;
typedef struct { unsigned pid; u64 at; unsigned sm, mem, enc, dec; } sample;

enum { SUCCESS = 0, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, DRIVER_NOT_LOADED = 9, GPU_IS_LOST = 15 };
#define GPUS 2
#define SAMPLES 8

struct device { u64 mj; unsigned mw; sample samples[SAMPLES]; unsigned count; };
static struct device devices[GPUS];
static int gpus = 1, failure, opened;
static unsigned mig;

/* The other side of the test. */
void fake_gpus(int count) { gpus = count; }
void fake_set(unsigned gpu, u64 mj, unsigned mw) { devices[gpu].mj = mj; devices[gpu].mw = mw; }
void fake_mig(unsigned on) { mig = on; }
void fake_fail(int code) { failure = code; }
int fake_opened(void) { return opened; }
void fake_clear(unsigned gpu) { devices[gpu].count = 0; }
void fake_load(unsigned gpu, unsigned pid, u64 at, unsigned sm, unsigned enc, unsigned dec) {
  struct device *device = &devices[gpu];
  if (device->count == SAMPLES) return;
  sample *slot = &device->samples[device->count];
  slot->pid = pid, slot->at = at, slot->sm = sm, slot->mem = 0, slot->enc = enc, slot->dec = dec;
  device->count += 1;
}

int nvmlInit_v2(void) { if (failure == DRIVER_NOT_LOADED) return failure; opened += 1; return SUCCESS; }
int nvmlShutdown(void) { opened -= 1; return SUCCESS; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = gpus; return failure; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) { *device = &devices[index]; return failure; }
int nvmlDeviceGetPowerUsage(void *device, unsigned *mw) { *mw = ((struct device *)device)->mw; return failure; }
int nvmlDeviceGetName(void *device, char *name, unsigned length) {
  static const char text[] = "Fake H1";
  (void)device;
  for (unsigned at = 0; at < sizeof text && at < length; at++) name[at] = text[at];
  return SUCCESS;
}
const char *nvmlErrorString(int code) {
  return code == GPU_IS_LOST ? "GPU is lost" : code == DRIVER_NOT_LOADED ? "Driver Not Loaded" : "Unknown Error";
}
#ifndef OLD
int nvmlDeviceGetUUID(void *device, char *uuid, unsigned length) {
  static const char text[] = "GPU-0";
  for (unsigned at = 0; at < sizeof text && at < length; at++) uuid[at] = text[at];
  uuid[4] += (struct device *)device - devices;
  return failure;
}
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *celsius) {
  (void)device;
  *celsius = sensor == 0 ? 41 : 0;
  return failure;
}
int nvmlDeviceGetMemoryInfo(void *device, u64 *memory) {
  (void)device;
  memory[0] = 16000000000, memory[1] = 13000000000, memory[2] = 3000000000;
  return failure;
}
int nvmlDeviceGetUtilizationRates(void *device, unsigned *rates) { (void)device; rates[0] = 7, rates[1] = 3; return failure; }
int nvmlDeviceGetEncoderUtilization(void *device, unsigned *percent, unsigned *us) { (void)device; *percent = 42, *us = 1; return failure; }
int nvmlDeviceGetDecoderUtilization(void *device, unsigned *percent, unsigned *us) { (void)device; *percent = 11, *us = 1; return failure; }
int nvmlDeviceGetEncoderStats(void *device, unsigned *sessions, unsigned *fps, unsigned *us) {
  (void)device;
  *sessions = 2, *fps = 60, *us = 1;
  return failure;
}
int nvmlDeviceGetMigMode(void *device, unsigned *now, unsigned *next) { (void)device; *now = *next = mig; return SUCCESS; }
int nvmlDeviceGetTotalEnergyConsumption(void *device, u64 *mj) { *mj = ((struct device *)device)->mj; return failure; }
int nvmlDeviceGetProcessUtilization(void *handle, sample *out, unsigned *count, u64 since) {
  struct device *device = handle;
  unsigned room = *count, found = 0;
  if (failure) return failure;
  for (unsigned at = 0; at < device->count; at++) {
    if (device->samples[at].at <= since) continue;
    if (out && found < room) out[found] = device->samples[at];
    found += 1;
  }
  *count = found;
  if (found == 0) return NOT_FOUND;
  return out && found <= room ? SUCCESS : INSUFFICIENT_SIZE;
}
#endif
