"""The core: pure, on recorded time, without I/O. Everything else depends on it, it depends on nothing."""
