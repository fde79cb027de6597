"""Several models together, each believed as far as it foretold earlier days."""
