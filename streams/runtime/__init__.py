"""What any partition needs in a worker's hands: taking it, reading, steps, positions, trouble."""
