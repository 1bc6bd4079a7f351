// Vector loops that want run-time CPU dispatch. Each has a plain Swift twin in Tensors that tests it.
#pragma once
#include <stddef.h>
#include <stdint.h>
