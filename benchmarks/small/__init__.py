"""The small common job, carried by the engine and by its peers. `job` says what it is."""
