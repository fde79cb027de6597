"""Every word of program.yaml: what it means, an example, and the JSON Schema of what stands after it."""
